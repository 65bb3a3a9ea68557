"""What a lesson claims of its settings, from trainings over several seeds."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from helpers.environment import PROJECT

CLAIMS_FOLDER = PROJECT / "benchmarks"


class Claims:
    """A table of what each change is worth; a notebook shows it by its name.

    Args:
        rows: by the change, by the judge: for each seed the accuracy with the change minus that
            without it, -1 to 1.
        setting: what was trained, and on which machine, in a sentence.
    """

    def __init__(
        self, rows: Mapping[str, Mapping[str, Sequence[float]]], setting: str = ""
    ) -> None:
        self.judges = list(dict.fromkeys(judge for values in rows.values() for judge in values))
        self.rows = {
            change: [_verdict(values[judge]) if judge in values else "–" for judge in self.judges]
            for change, values in rows.items()
        }
        self.setting = setting

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in ("", *self.judges))
        body = "".join(
            f'<tr><th scope="row" style="text-align: left">{html.escape(change)}</th>'
            + "".join(f"<td>{html.escape(text)}</td>" for text in texts)
            + "</tr>"
            for change, texts in self.rows.items()
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"{table}<p>{html.escape(self.setting)}</p>"

    def __repr__(self) -> str:
        lines = [["", *self.judges], *([change, *texts] for change, texts in self.rows.items())]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join([*table, self.setting])


def claims(name: str, folder: Path = CLAIMS_FOLDER) -> Claims:
    """Read what trainings over several seeds have shown.

    Args:
        name: the file's, without its ending, such as "lesson_01_changes".
        folder: where it lies.

    Raises:
        FileNotFoundError: there is no such file.
    """
    kept = json.loads((folder / f"{name}.json").read_text("utf-8"))
    whole = {judge: np.array(values) for judge, values in kept["whole"].items()}
    rows = {
        change: {judge: whole[judge] - np.array(values) for judge, values in judged.items()}
        for change, judged in kept["without"].items()
    }
    return Claims(rows, kept["setting"])


def _verdict(differences: Sequence[float]) -> str:
    """Say a mean difference, its range, and how many seeds agree with its sign."""
    differences = np.asarray(differences, float)
    mean, number = differences.mean(), len(differences)
    agree = int((np.sign(differences) == np.sign(mean)).sum())
    word = "open" if number < 3 or agree < number else f"{number} of {number} seeds"
    return f"{mean:+.3f} ({differences.min():+.3f} to {differences.max():+.3f}), {word}"
