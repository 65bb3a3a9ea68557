"""A record of each run, as a JSON file; tables, such as that of published | measured figures.

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
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

import fastjsonschema

from helpers import STARTED
from helpers.environment import RUNS_FOLDER, processor
from helpers.files import try_to_write, work_in, write_atomically
from helpers.fingerprints import course_version

# Of the records, see docs/records.md; records from before it have none and are read as 0.
SCHEMA = 1
EMPTY: dict[str, Any] = {"schema": 0, "data": "", "headline": ""} | {  # entries that came later
    name: {} for name in ("parameters", "versions", "machine", "histories")
}
RECORD_VARIABLE = "COURSE_RECORD"
LESSON_NAME = re.compile(r"\w[\w.-]*")
MODELS = "models"  # names, or ends the name of, a folder in which a lesson keeps its networks
DECIDES = "recipe_test"  # the figure that tells which of several saved networks is the best
LEFT = ' style="text-align: left"'


class Measured(NamedTuple):
    """A measured figure.

    Attributes:
        low, high: the ends of its interval, None where there is none.
        n: number of pictures or runs it rests on, None where that says nothing.
        right: what was classified correctly, as `intervals.Told` writes it; None where unknown.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    right: str | None = None


class SavedModel(NamedTuple):
    """A network that a run saved, None for none, and a line on which was chosen, and why."""

    path: Path | None
    line: str


class Row(NamedTuple):
    """A figure's name, what the walkthrough publishes of it, what was measured; None for none."""

    what: str
    published: float | str | None
    measured: float | Measured | None


class Table:
    """A table with lines below it, as HTML and as text; a notebook shows it by its name.

    Attributes:
        head: the columns' names.
        rows: the cells of each row, its name first.
        lines: what is said below.
    """

    between = " | "  # columns, in text
    name_style, style = LEFT, ""  # in HTML, of the rows' names and of all other cells

    def __init__(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], lines: Sequence[str] = ()
    ) -> None:
        self.head, self.rows, self.lines = head, rows, lines

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col"{self.style}>{html.escape(name)}</th>' for name in self.head
        )
        body = "".join(
            f'<tr><th scope="row"{self.name_style}>{html.escape(name)}</th>'
            + "".join(f"<td{self.style}>{html.escape(text)}</td>" for text in texts)
            + "</tr>"
            for name, *texts in self.rows
        )
        below = "".join(f"<p>{html.escape(line)}</p>" for line in self.lines)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}"

    def __repr__(self) -> str:
        table = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = (self.between.join(map(str.ljust, row, widths)).rstrip() for row in table)
        return "\n".join([*lines, *self.lines]).rstrip()


def published_table(rows: Iterable[Row]) -> Table:
    """Set published and measured figures side by side; plain tuples like `Row` will do."""
    cells = [
        (row.what, format_figure(row.published), format_figure(_figure(row.measured)))
        for row in starmap(Row, rows)
    ]
    return Table(("", "published", "measured here"), cells)


def record(
    lesson: str,
    parameters: Mapping[str, Any],
    data: str,
    figures: Mapping[str, float | Measured],
    published: Sequence[Row] = (),
    histories: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    headline: str = "",
) -> Path:
    """Write the record of a run to the file that `COURSE_RECORD` names, else to `runs/records`.

    A rerun sets that environment variable, so that its record is kept beside its notebook.

    Args:
        lesson: the notebook's name without its ending.
        parameters: the notebook's, by name.
        data: the line that says which pictures the run used, and why.
        figures: by name.
        published: lines of the table published | measured, as for `published_table`.
        histories: the course of each training by its name, as Keras's `fit` returns it: lists
            with one number an epoch, such as `accuracy`, `val_accuracy` and `seconds`.
        headline: what the run shows, in one sentence with its one number; "" for none.

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
        "started": _started(),
        "finished": finished.isoformat(timespec="milliseconds"),
        "versions": {**versions(), "course": course_version()},
        "machine": _machine(),
        "parameters": dict(parameters),
        "data": data,
        "figures": {name: _figure(value) for name, value in figures.items()},
        "published": [
            row._asdict() | {"measured": _figure(row.measured)} for row in starmap(Row, published)
        ],
        "histories": histories or {},
        "headline": headline,
    }
    name = f"{lesson}-{finished:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}.json"
    target = Path(os.environ.get(RECORD_VARIABLE) or RUNS_FOLDER / "records" / name)
    target = _usable(target.parent) / target.name
    write_atomically(target, json.dumps(_plain(content), indent=1, allow_nan=False) + "\n")
    return target


def models_folder() -> Path:
    """Return the folder for the networks that this run saves, and make it.

    A network belongs to its run and replaces nobody else's: a rerun keeps it beside its record, a
    notebook run by hand in a folder of `runs/models` named after the time of its start.
    """
    record_file = os.environ.get(RECORD_VARIABLE)
    return _usable(models_beside(Path(record_file)) if record_file else _models_by_hand(_started()))


def _usable(folder: Path) -> Path:
    """Make a folder and return it; if it cannot be written to, a temporary one, said in a line."""
    usable, fault = work_in(folder, try_to_write)
    if fault:
        print(f"{fault}: what this run saves is in {usable}.")
    return usable


def find_model(lesson: str, name: str, data: str) -> SavedModel:
    """Find the best network that the runs of a lesson saved, going by their records.

    Args:
        lesson: the notebook's name without its ending.
        name: the file's name.
        data: the line that says which pictures are used now; runs on others do not count.

    Returns:
        The network with the highest figure `recipe_test`, of equal ones the newest.
    """
    runs = {}
    for path in RUNS_FOLDER.rglob("*.json"):
        try:
            run = load_record(path)
            value = float(run["figures"][DECIDES]["value"])
            by_hand = _models_by_hand(str(run["started"]))
        except (OSError, ValueError, KeyError, TypeError):  # no record, or not of this figure
            continue
        files = [folder / name for folder in (models_beside(path), by_hand)]
        file = next(filter(Path.is_file, files), None)
        same = run["lesson"] == lesson and _pictures(run["data"]) == _pictures(data)
        if same and file and not math.isnan(value):
            entry = datetime.fromisoformat(run["finished"]), value
            runs[file] = max(entry, runs.get(file, entry))  # a later run in the same kernel
    if not runs:
        return SavedModel(None, f"There is no network of {lesson} that saw the same pictures yet.")
    file = max(runs, key=lambda file: runs[file][::-1])
    finished, value = runs[file]
    line = f"{name}: from the run of {finished:%Y-%m-%d %H:%M} UTC, {DECIDES} {value:.3f}"
    if len(runs) > 1:
        line += f", the best of {len(runs)} on the same pictures, so a little flattered"
    return SavedModel(file, f"{line}.")


def models_beside(record_file: Path) -> Path:
    """Return the folder for the networks of the run that a record is of; it may be missing."""
    return record_file.with_name(f"{record_file.stem}-{MODELS}")


def is_for_models(folder: Path) -> bool:
    """Whether a folder is, by its name, one of those that `models_folder` makes."""
    return folder.name == MODELS or folder.name.endswith(f"-{MODELS}")


def _models_by_hand(started: str) -> Path:
    return RUNS_FOLDER / MODELS / re.sub(r"[:.+]", "-", started)


def _started() -> str:
    return STARTED.isoformat(timespec="milliseconds")


def _pictures(data: str) -> str:
    """Return what a data line says of the pictures, without where they come from, and why."""
    return re.split(r" from the |, because ", data)[0]


def load_record(path: Path) -> dict[str, Any]:
    """Read a file that `record` wrote; one from before there was an entry gets an empty one.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: the file is no record, an entry is not as record.schema.json wants it, or the
            record is of a later schema.
    """
    try:
        text = Path(path).read_text("utf-8")
        content = EMPTY | json.loads(text, parse_constant=lambda name: str(float(name)))
        json.dumps(content, ensure_ascii=False).encode()  # half characters cannot be shown
        later = type(content["schema"]) is int and content["schema"] > SCHEMA
        if not later:
            _check()(content, name_prefix="record")
    except (ValueError, TypeError, RecursionError) as error:  # no JSON, no mapping, or no record
        raise ValueError(
            f"{path} is not a record of a run{_fault(error)}; move it elsewhere, or delete it."
        ) from None
    if later:
        raise ValueError(
            f"{path} has the schema {_short(content['schema'])}, this course reads up to {SCHEMA}: "
            "use the course that wrote it, or a newer one."
        )
    return content


def versions() -> dict[str, str | None]:
    """Return the versions a run depends on: Python, TensorFlow, Keras and NumPy, by their names."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in ("tensorflow", "keras", "numpy"):
        try:
            loaded = sys.modules.get(name)
            found[name] = loaded.__version__ if loaded else importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def format_figure(value: Any) -> str:
    """Write a figure for people, such as "3,473,475" or "0.9489 (0.9213 to 0.9671)".

    Args:
        value: a number, words, None, or a figure as a record holds it.
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


@lru_cache
def _check() -> Callable[[Any], Any]:
    """Compile the schema of records."""
    schema = json.loads(Path(__file__).with_name("record.schema.json").read_text("utf-8"))
    return fastjsonschema.compile(schema, formats={"date-time": _is_time})


def _is_time(value: str) -> bool:
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return False
    return time.tzinfo is not None and 1900 < time.year < 9000


def _fault(error: Exception) -> str:
    """Say what in a record is not as the schema wants it; "" if that cannot be told."""
    if not isinstance(error, fastjsonschema.JsonSchemaValueException):
        return ""
    if error.rule == "required":
        return f" ({error.message})"
    return f" ({error.name} is {_short(error.value)})"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _figure(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    figure = (value if isinstance(value, Measured) else Measured(value))._asdict()
    if not figure["right"]:
        del figure["right"]
    return figure


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


def _machine() -> dict[str, Any]:
    """Describe the machine; Keras and TensorFlow are asked only where they are loaded already."""
    tensorflow, keras = sys.modules.get("tensorflow"), sys.modules.get("keras")
    devices = tensorflow.config.list_physical_devices("GPU") if tensorflow else []
    details = [tensorflow.config.experimental.get_device_details(device) for device in devices]
    return {
        "system": platform.system(),
        "cpu_count": os.cpu_count(),
        **processor(),
        "device": ", ".join(d.get("device_name", "GPU") for d in details) or "CPU",
        "precision": keras.config.dtype_policy().name if keras else None,
    }
