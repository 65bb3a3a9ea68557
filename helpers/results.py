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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

from helpers import STARTED
from helpers.environment import RUNS_FOLDER, processor
from helpers.files import write_atomically
from helpers.fingerprints import course_version

# Of the records, see docs/records.md; records from before it have none and are read as 0.
SCHEMA = 1
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
    write_atomically(target, json.dumps(_plain(content), indent=1, allow_nan=False) + "\n")
    return target


def models_folder() -> Path:
    """Return the folder for the networks that this run saves, and make it.

    A network belongs to its run and replaces nobody else's: a rerun keeps it beside its record, a
    notebook run by hand in a folder of `runs/models` named after the time of its start.
    """
    record_file = os.environ.get(RECORD_VARIABLE)
    folder = models_beside(Path(record_file)) if record_file else _models_by_hand(_started())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


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
        ValueError: the file is no record, an entry is not what docs/records.md says, or the record
            is of a later schema.
    """
    try:
        content = EMPTY | json.loads(Path(path).read_text("utf-8"))
        json.dumps(content, ensure_ascii=False).encode()  # half characters cannot be shown
    except (ValueError, TypeError, RecursionError):  # no JSON, or no mapping
        content = EMPTY
    known = content["schema"] in range(SCHEMA + 1)
    fault = next(_faults(content, SHAPE), None) if known else None
    if fault or not content.keys() >= REQUIRED:
        why = f" ({fault})" if fault else ""
        raise ValueError(f"{path} is not a record of a run{why}; move it elsewhere, or delete it.")
    if not known:
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


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    whole = type(value) is int and abs(value) < 2**63
    return whole or isinstance(value, float) or value in ("nan", "inf", "-inf")


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, str)) or _is_number(value)


def _is_seed(value: Any) -> bool:
    return value is None or (type(value) is int and 0 <= value < 2**63)


def _is_figure(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return value is None
    ends = [value.get(name, ()) for name in ("low", "high", "n")]
    known = _is_number(value.get("value")) and _is_text(value.get("right") or "")
    return known and all(each is None or _is_number(each) for each in ends)


def _is_time(value: Any) -> bool:
    try:
        time = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return False
    return time.tzinfo is not None and 1900 < time.year < 9000


# What load_record insists on: of each entry, or of all in a list or under any name (ANY), the test.
ANY = ""
SHAPE: dict[str, Any] = {
    "lesson": lambda value: _is_text(value) and LESSON_NAME.fullmatch(value) is not None,
    "started": lambda value: value is None or _is_time(value),
    "finished": _is_time,
    "data": _is_text,
    "headline": _is_text,
    "parameters": {"SEED": _is_seed, ANY: _is_plain},
    "versions": {ANY: _is_plain},
    "machine": {ANY: _is_plain},
    "figures": {ANY: _is_figure},
    "published": [{"what": _is_text, "published": _is_plain, "measured": _is_figure}],
    "histories": {ANY: {ANY: [_is_number]}},
}
REQUIRED = {"lesson", "finished", "figures", "published"}
EMPTY: dict[str, Any] = {"schema": 0, "data": "", "headline": ""} | {
    name: {} for name in ("parameters", "versions", "machine", "histories")
}


def _faults(value: Any, shape: Any, place: str = "") -> Iterator[str]:
    """Say which entries do not have the shape, each by its place; more entries do not matter."""
    kind = list if isinstance(shape, list) else Mapping
    if not (shape(value) if callable(shape) else isinstance(value, kind)):
        yield f"{place} is {_short(value)}"
    elif isinstance(shape, list):
        for number, each in enumerate(value):
            yield from _faults(each, shape[0], f"{place}[{number}]")
    elif isinstance(shape, dict):
        missing = shape.keys() - value.keys() - {ANY, "SEED"} if place else ()
        yield from (f"{place} has no {name}" for name in sorted(missing))
        for name, each in value.items():
            if test := shape.get(name, shape.get(ANY)):
                yield from _faults(each, test, f"{place}.{name}" if place else name)


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
