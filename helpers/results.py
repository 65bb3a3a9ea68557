"""A record of each run, as a JSON file, and the table of published against measured figures.

docs/records.md describes what a record holds. A figure is a plain number, or a `Measured` with its
interval and the number of pictures behind it. Figures that are no numbers (a loss that ran away)
are stored as "nan", "inf" or "-inf", so that `float(figure["value"])` works on every record.
"""

from __future__ import annotations

import html
import importlib.metadata
import json
import math
import os
import platform
import re
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from helpers import STARTED
from helpers.environment import RUNS_FOLDER
from helpers.files import write_atomically
from helpers.fingerprints import course_version

# Of the records, see docs/records.md; records from before it have none and are read as 0.
SCHEMA = 1
RECORD_VARIABLE = "COURSE_RECORD"
LESSON_NAME = re.compile(r"\w[\w.-]*")
TABLE_HEAD = ("", "published", "measured here")


class Measured(NamedTuple):
    """A measured figure.

    Attributes:
        value: the figure.
        low: lower end of its interval, None where there is none.
        high: upper end of its interval, None where there is none.
        n: number of pictures or runs it rests on, None where that says nothing.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None


class Row(NamedTuple):
    """One line of the table published | measured.

    Attributes:
        what: name of the figure.
        published: what the walkthrough publishes, a number or words; None where it gives nothing.
        measured: what this run measured; None where it measured nothing.
    """

    what: str
    published: float | str | None
    measured: float | Measured | None


class PublishedTable:
    """The table published | measured here, as HTML and as text; a notebook shows it by its name."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = [
            (row.what, format_figure(row.published), format_figure(_figure(row.measured)))
            for row in (Row(*row) for row in rows)
        ]

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col">{name}</th>' for name in ("", "published", "measured here")
        )
        body = "".join(
            f'<tr><th scope="row" style="text-align: left">{html.escape(what)}</th>'
            f"<td>{html.escape(published)}</td><td>{html.escape(measured)}</td></tr>"
            for what, published, measured in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __repr__(self) -> str:
        lines = [TABLE_HEAD, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(3)]
        return "\n".join(
            " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )


def published_table(rows: Iterable[Row]) -> PublishedTable:
    """Set published and measured figures side by side.

    Args:
        rows: the table's lines; plain tuples in the order of `Row` will do.

    Returns:
        A table that notebooks display.
    """
    return PublishedTable(rows)


def record(
    lesson: str,
    parameters: Mapping[str, Any],
    data: str,
    figures: Mapping[str, float | Measured],
    published: Sequence[Row] = (),
    histories: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
) -> Path:
    """Write the record of a run.

    It goes to the file named by the environment variable `COURSE_RECORD` (a rerun keeps its record
    beside its notebook), else to a new file in `runs/records`.

    Args:
        lesson: the notebook's name without its ending.
        parameters: the notebook's parameters by name.
        data: the line that says which pictures the run used, and why.
        figures: measured figures by name.
        published: lines of the table published | measured.
        histories: the course of each training by its name, as `training.train` returns it: lists
            with one number an epoch, such as `accuracy`, `val_accuracy` and `seconds`.

    Returns:
        The file written, whole or not at all.

    Raises:
        ValueError: `lesson` cannot name a file.
        OSError: the file cannot be written.
    """
    if not LESSON_NAME.fullmatch(lesson):
        raise ValueError(
            f"A lesson's name is made of letters, digits, '_', '-' and '.'; {lesson!r} is not: "
            "use the notebook's file name without its ending."
        )
    finished = datetime.now(UTC)
    content = {
        "schema": SCHEMA,
        "lesson": lesson,
        "started": STARTED.isoformat(timespec="milliseconds"),
        "finished": finished.isoformat(timespec="milliseconds"),
        "versions": {**versions(), "course": course_version()},
        "machine": _machine(),
        "parameters": dict(parameters),
        "data": data,
        "figures": {name: _figure(value) for name, value in figures.items()},
        "published": [
            {**row._asdict(), "measured": _figure(row.measured)}
            for row in (Row(*row) for row in published)
        ],
        "histories": histories or {},
    }
    name = f"{lesson}-{finished:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}.json"
    target = Path(os.environ.get(RECORD_VARIABLE) or RUNS_FOLDER / "records" / name)
    write_atomically(target, json.dumps(_plain(content), indent=1, allow_nan=False) + "\n")
    return target


def load_record(path: Path) -> dict[str, Any]:
    """Read one record.

    Args:
        path: a file that `record` wrote.

    Returns:
        Its content; a record from before there was a schema gets the entries it lacks.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no record, or one of a later schema.
    """
    try:
        content = {"schema": 0, "histories": {}} | json.loads(Path(path).read_text("utf-8"))
    except (ValueError, TypeError):  # no JSON, or no mapping
        content = {}
    if not {"lesson", "finished", "figures", "published"} <= content.keys():
        raise ValueError(f"{path} is no record of a run; move it elsewhere, or delete it.")
    if content["schema"] not in range(SCHEMA + 1):
        raise ValueError(
            f"{path} has the schema {content['schema']}, this course reads up to {SCHEMA}: "
            "use the course it was written by, or a newer one."
        )
    return content


def versions() -> dict[str, str | None]:
    """Return the versions a run depends on: Python, TensorFlow, Keras and NumPy, by their names."""
    return {name: _version(name) for name in ("python", "tensorflow", "keras", "numpy")}


def format_figure(value: Any) -> str:
    """Write a figure for people.

    Args:
        value: a number, words, None, or a figure as a record holds it.

    Returns:
        Such as "3,473,475" or "0.9489 (0.9213 to 0.9671)".
    """
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        shown = format_figure(value["value"])
        if value["low"] is None or value["high"] is None:
            return shown
        return f"{shown} ({format_figure(value['low'])} to {format_figure(value['high'])})"
    value = _plain(value)
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    if 0 < abs(value) < 0.001:
        return f"{value:.2g}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"


def _figure(value: Any) -> dict[str, Any] | None:
    if value is None or isinstance(value, Mapping):  # a mapping comes out of a record
        return value
    measured = value if isinstance(value, Measured) else Measured(value)
    return measured._asdict()


def _plain(value: Any) -> Any:
    """Turn NumPy scalars, paths and the like into what JSON can hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def _version(name: str) -> str | None:
    if name == "python":
        return platform.python_version()
    if name in sys.modules:
        return sys.modules[name].__version__
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _machine() -> dict[str, Any]:
    """Describe the machine; Keras and TensorFlow are asked only where they are loaded already."""
    tensorflow, keras = sys.modules.get("tensorflow"), sys.modules.get("keras")
    devices = tensorflow.config.list_physical_devices("GPU") if tensorflow else []
    details = [tensorflow.config.experimental.get_device_details(device) for device in devices]
    return {
        "system": platform.system(),
        "cpu_count": os.cpu_count(),
        "device": ", ".join(d.get("device_name", "GPU") for d in details) or "CPU",
        "precision": keras.config.dtype_policy().name if keras else None,
    }
