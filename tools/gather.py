"""Thirty learners' progress on one page, from the files that they handed in.

    python -m tools.gather FOLDER

reads every .json file in the folder and below, as `exercises.report("Your Name")` writes it, and
writes FOLDER/class.html: who has done what, and which exercises were hard. Files of the same name
are joined. A file that is none is named in one sentence and left out. The files are what learners
say of themselves: anybody can change one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from helpers.files import explain, write_atomically
from helpers.progress import QUIZ, Answers, ProgressError, counted, merged, read_report, share
from tools.templates import fill

PAGE = "class.html"
TEMPLATE = "class_page.html.j2"
FEW = 0.5  # of those who tried; an exercise that fewer solve is marked as hard


class Learner(NamedTuple):
    """A learner's row."""

    name: str
    answers: Mapping[str, Answers]  # by the exercise's key
    files: int  # that say so


class Asked(NamedTuple):
    """How a class did at one exercise."""

    where: str  # such as "1, quiz"
    title: str
    right: int  # learners who have it right
    tried: int  # who have tried it, or looked at the solution
    tries: float  # answers of those who have it right, on average; 0.0 where nobody has
    solution: int  # who looked at the solution first

    @property
    def hard(self) -> bool:
        """Whether fewer than half of those who tried it have it right."""
        return self.tried > 0 and self.right < FEW * self.tried


def gather(folder: Path) -> tuple[list[Learner], list[str]]:
    """Read the .json files of a folder and of those below.

    Returns:
        (the learners by name, what is wrong with each file that was left out).
    """
    found: dict[str, Learner] = {}
    problems = []
    for path in sorted(folder.rglob("*.json")):
        try:
            name, answers = read_report(path)
        except ProgressError as error:
            problems.append(str(error))
            continue
        known = found.get(name.casefold(), Learner(name, {}, 0))
        joined = merged(known.answers, answers)
        found[name.casefold()] = Learner(known.name, joined, known.files + 1)
    return [found[name] for name in sorted(found)], problems


def by_exercise(learners: Sequence[Learner]) -> list[Asked]:
    """Say of each exercise that anybody tried how the class did, as the lessons ask, quiz last."""
    titles = {key: each.title for one in learners for key, each in one.answers.items()}
    asked = []
    for key in sorted(titles, key=lambda key: (key.partition(".")[0], f".{QUIZ}." in key)):
        those = [one.answers[key] for one in learners if key in one.answers]
        right = [each for each in those if each.right]
        tried = sum(each.right or each.tries > 0 or each.solution for each in those)
        tries = sum(each.tries for each in right) / len(right) if right else 0.0
        lesson, _, name = key.partition(".")
        where = f"{int(lesson)}, quiz" if name.startswith(f"{QUIZ}.") else f"{int(lesson)}"
        if tried:
            looked = sum(each.solution for each in those)
            asked.append(Asked(where, titles[key], len(right), tried, tries, looked))
    return asked


def write_page(learners: Sequence[Learner], problems: Sequence[str], file: Path) -> None:
    """Write the page of a class, of what `gather` returns; OSError if it cannot be written."""
    lessons = sorted({key.partition(".")[0] for one in learners for key in one.answers})
    rows = []
    for one in learners:
        done = counted(one.answers)
        cells = [[share(those) for those in done.get(lesson, ([], []))] for lesson in lessons]
        days = (each.last[:10] for each in one.answers.values() if each.last)
        rows.append((one, cells, max(days, default="–")))
    page = fill(
        TEMPLATE,
        rows=rows,
        lessons=[int(lesson) for lesson in lessons],
        asked=by_exercise(learners),
        problems=problems,
        when=datetime.now(),
    )
    write_atomically(file, page)


def main(arguments: Sequence[str] | None = None) -> int:
    """Gather from the command line; return 2 where no page was written."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.gather", description="Learners' progress on one page."
    )
    parser.add_argument("folder", type=Path, help="holds what learners handed in, .json files")
    folder = parser.parse_args(arguments).folder
    if not folder.is_dir():
        print(f"{folder} is not a folder.", file=sys.stderr)
        return 2
    learners, problems = gather(folder)
    for problem in problems:
        print(f"left out: {problem}", file=sys.stderr)
    if not learners:
        print(f"{folder} holds no file that a learner handed in.", file=sys.stderr)
        return 2
    try:
        write_page(learners, problems, folder / PAGE)
    except OSError as error:
        print(f"The page was not written: {explain(error)}.", file=sys.stderr)
        return 2
    print(f"{len(learners)} learners: open {folder / PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
