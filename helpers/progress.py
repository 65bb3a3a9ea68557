"""What a learner has answered: kept line by line, shown as a table, written to a file to hand in.

Each kernel adds lines to a file of its own, so two never write the same one, and a line that was
broken off costs itself alone. Nothing is ever taken out.
"""

from __future__ import annotations

import base64
import contextlib
import html
import json
import re
import sys
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from helpers.environment import RUNS_FOLDER
from helpers.files import explain, write_atomically
from helpers.messages import OneSentence
from helpers.results import Table

FOLDER = RUNS_FOLDER / "progress"
KIND = "course progress"  # what a file to hand in says that it is
QUIZ = "quiz"  # "01.quiz.2" is question 2 of lesson 1; "01.weights" is one of its exercises
RIGHT, WRONG, SOLUTION = "right", "wrong", "solution"
_OWN_FILE = f"{uuid.uuid4().hex}.jsonl"
_here: list[dict[str, str]] = []  # what was answered in this kernel, kept on disk or not
_faults: list[str] = []


class ProgressError(OneSentence):
    """A name that is none, or a file that no learner's report is."""


class Answers(NamedTuple):
    """What became of one exercise.

    Attributes:
        right: whether it has been answered correctly.
        tries: answers checked until then, the right one included.
        solution: whether its solution was shown before.
        last: when it was last attempted, ISO 8601 in UTC; "" if never.
    """

    title: str
    right: bool = False
    tries: int = 0
    solution: bool = False
    last: str = ""


def note(exercise: str, what: str) -> None:
    """Keep that an exercise was attempted: `RIGHT`, `WRONG` or `SOLUTION`. Raises nothing.

    A full disk spoils no lesson. The key is such as "01.weights", "" for one of no lesson.
    """
    if not exercise:
        return
    entry = {"exercise": exercise, "what": what, "when": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    _here.append(entry)
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        with (FOLDER / _OWN_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
    except OSError as error:
        _faults[:] = [explain(error)]


def answers_of(titles: Mapping[str, str]) -> dict[str, Answers]:
    """Return what became of each exercise, by its key like `titles`, from all kernels' lines."""
    entries = list(_here)
    for path in FOLDER.glob("*.jsonl"):
        if path.name != _OWN_FILE:
            with contextlib.suppress(OSError):
                lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
                entries += filter(None, map(_entry, lines))
    found = {key: Answers(title) for key, title in titles.items()}
    for entry in sorted(entries, key=lambda entry: entry["when"]):
        known = found.get(entry["exercise"])
        if known is None or known.right:  # of an exercise that is no more, or settled
            continue
        found[entry["exercise"]] = known._replace(
            right=entry["what"] == RIGHT,
            tries=known.tries + (entry["what"] != SOLUTION),
            solution=known.solution or entry["what"] == SOLUTION,
            last=entry["when"],
        )
    return found


def _entry(line: str) -> dict[str, str] | None:
    """Read a line; None where it was broken off, or is something else."""
    try:
        entry = json.loads(line)
        sound = all(isinstance(entry[name], str) for name in ("exercise", "what", "when"))
    except (ValueError, TypeError, KeyError):
        return None
    return entry if sound else None


def merged(first: Mapping[str, Answers], second: Mapping[str, Answers]) -> dict[str, Answers]:
    """Join what two files of one learner say: of each exercise, the better.

    Colab's machines forget: a learner hands in a file a session.
    """
    both = {**second, **first}
    for key in first.keys() & second.keys():
        both[key] = max(first[key], second[key], key=lambda each: (each.right, each.tries))
    return both


def counted(answers: Mapping[str, Answers]) -> dict[str, tuple[list[Answers], list[Answers]]]:
    """Return the exercises and the quiz questions of each lesson, by its number, such as "01"."""
    lessons: dict[str, tuple[list[Answers], list[Answers]]] = {}
    for key, each in sorted(answers.items()):
        lesson, _, name = key.partition(".")
        lessons.setdefault(lesson, ([], []))[name.startswith(f"{QUIZ}.")].append(each)
    return lessons


def share(those: list[Answers]) -> str:
    """Write how many are right, such as "2 of 5"; a dash where there are none."""
    return f"{sum(each.right for each in those)} of {len(those)}" if those else "–"


class Report(Table):
    """A learner's progress: `answers` by key, and the file to hand in; None without a name."""

    between = "  "
    name_style = ""

    def __init__(
        self, answers: Mapping[str, Answers], lines: Sequence[str], file: Path | None = None
    ) -> None:
        self.answers, self.file = answers, file
        rows = [
            (
                f"{int(lesson)}",
                share(exercises),
                share(quiz),
                str(sum(each.tries for each in (*exercises, *quiz))),
                max(each.last for each in (*exercises, *quiz))[:10] or "–",
            )
            for lesson, (exercises, quiz) in counted(answers).items()
        ]
        super().__init__(("Lesson", "Exercises", "Exit quiz", "Tries", "Last"), rows, lines)

    def _repr_html_(self) -> str:
        if self.file is None:
            return super()._repr_html_()
        content = base64.b64encode(self.file.read_bytes()).decode()
        return (
            f'{super()._repr_html_()}<p><a download="{html.escape(self.file.name)}" '
            f'href="data:application/json;base64,{content}">Download the file</a></p>'
        )


def report(titles: Mapping[str, str], name: str = "") -> Report:
    """Show a learner's progress, and with a name, write it to a file to hand in.

    Args:
        titles: each exercise's, by its key.
        name: the learner's, as the teacher is to read it; "" for the table alone.

    Raises:
        ProgressError: the name is none.
        OSError: the file cannot be written; what was answered stays kept.
    """
    answers = answers_of(titles)
    faults = tuple(f"Not all of it is on the disk: {fault}." for fault in _faults)
    if name == "":
        return Report(answers, (*faults, 'exercises.report("Your Name") writes a file to hand in.'))
    name = _checked(name)
    plain = re.sub(r"\W+", "-", name.casefold()).strip("-")
    file = FOLDER / f"{plain}.json"
    if file.is_file():
        with contextlib.suppress(ProgressError):  # something else of this name gives way
            answers = merged(read_report(file)[1], answers)
    content = {
        "kind": KIND,
        "name": name,
        "written": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "answers": {key: each._asdict() for key, each in answers.items()},
    }
    write_atomically(file, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    if "google.colab" in sys.modules:
        from google.colab import files

        files.download(str(file))
    return Report(answers, (*faults, f"To hand in: {file}"), file)


def _checked(name: Any) -> str:
    """Return a name with single spaces, or raise."""
    text = " ".join(name.split()) if isinstance(name, str) else ""
    if not re.search(r"[^\W_]", text) or len(text) > 80 or not text.isprintable():
        raise ProgressError(
            f"{str(name)[:40]!r} is not a name; give yours in quotation marks, 80 letters at most."
        )
    return text


def read_report(path: Path) -> tuple[str, dict[str, Answers]]:
    """Read a file that a learner handed in: the name, and what became of each exercise by its key.

    Raises:
        ProgressError: it is no such file; the message says what is wrong with it.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProgressError(f"{path.name}: {explain(error)}.") from None
    except (ValueError, RecursionError):
        raise ProgressError(f"{path.name} is incomplete, or not JSON; ask for it again.") from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise ProgressError(
            f"{path.name} is another file; exercises.report(name) writes the right one."
        )
    try:
        name = _checked(content["name"])
        answers = {
            str(key): Answers(**{field: each[field] for field in Answers._fields})
            for key, each in content["answers"].items()
        }
        for key, each in answers.items():
            if not re.fullmatch(r"\d\d\.[\w.]+", key) or not _is_sound(each):
                raise ValueError
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ProgressError(
            f"{path.name} was changed by hand, or damaged; ask for it again."
        ) from None
    return name, answers


def _is_sound(each: Answers) -> bool:
    """Whether each field holds what it is to hold; True is no number."""
    kinds = [type(value) for value in each]
    if kinds != [str, bool, int, bool, str]:
        return False
    return 0 <= each.tries < 10**6 and (each.title + each.last).isprintable()
