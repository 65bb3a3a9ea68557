"""The section of RESULTS.md on speed, from what the benchmarks wrote (benchmarks/lesson_*.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from helpers.messages import format_seconds

HEAD = ("lesson", "training", "way", "seeds at the goal", "time to the goal", "times faster")
TITLE = """\
## Time to equal accuracy

Each training of a lesson is done in several ways, one after the other on one machine, in the same
precision and with the same seeds. We give the time to the goal: the median over the seeds that
reached it, with the shortest and the longest in brackets. The seconds of kept copies count; for
fine-tuning, they are there already. Loading pictures before a training does not count. How many
times faster a way is was computed seed by seed, against the way whose number is 1.0; if that never
reached the goal, all its seconds count. A seed with which a way missed the goal has no such number.

"""


def speed_lines(folder: Path) -> tuple[list[tuple[str, ...]], list[str]]:
    """Return the table's lines, and a sentence a training on its goal and machines.

    Args:
        folder: where the benchmarks' files are; those without such trainings are passed over.

    Raises:
        ValueError: a file is damaged.
    """
    lines, told = [], []
    for path in sorted(folder.glob("lesson_*.json")):
        lesson = path.stem.removeprefix("lesson_").lstrip("0")
        try:
            for name, training in json.loads(path.read_text(encoding="utf-8")).items():
                if isinstance(training, Mapping) and training.get("summary"):
                    lines += _ways(lesson, name, training["summary"])
                    told.append(f"- Lesson {lesson}, {name}. {_goal(training)}.")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path.name} is damaged ({error}); restore it, for example by git."
            ) from error
    return lines, told


def _ways(lesson: str, name: str, summary: Mapping[str, Mapping]) -> list[tuple[str, ...]]:
    """Return a training's lines, one a way."""
    lines = []
    for way, found in summary.items():
        seconds = _span(found["seconds"], format_seconds)
        faster = _span(found["times faster"], "{:.1f}".format)
        lines.append((lesson, name, way, found["reached"], seconds, faster))
    return lines


def _goal(training: Mapping[str, Mapping]) -> str:
    """Say what a training's goal is, and on which machines it was done."""
    settings = training["settings"]
    machines = dict.fromkeys(row["machine"] for row in training["seeds"].values())
    rows = settings.get("in_a_row", 1)
    often = f", in {rows} epochs in a row" if rows > 1 else ""
    return f"Goal: {settings['watched']} {settings['goal']:g}{often}. {'; '.join(machines)}"


def _span(values: Mapping[str, float] | None, write) -> str:
    if values is None:
        return "–"
    median, low, high = (write(values[name]) for name in ("median", "low", "high"))
    return median if low == high else f"{median} ({low} to {high})"
