"""The run whose outputs are stored in a lesson, read back as a record.

A lesson is committed with the outputs of one run, at the parameters that it states. Its own record
stays on the machine where it ran; what the page shows holds the same figures, rounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpers.results import SCHEMA, TABLE_HEAD, format_figure
from tools.execution import cells_of, default_parameters

MACHINE = re.compile(
    r"TensorFlow (\S+), Keras (\S+), (.+?)(?: with (\d+) cores)?, precision (\w+)$", re.MULTILINE
)
DATA = re.compile(r"^Data: .+$", re.MULTILINE)
BACKBONE = re.compile(r"^Backbone: .+$", re.MULTILINE)
RECORDED = re.compile(r"^Recorded: \S+?-(\d{8}T\d{6}Z)-\w+\.json$", re.MULTILINE)
NUMBER = r"(-?[\d,]+(?:\.\d+)?(?:e-\d+)?|nan|inf)"
FIGURE = re.compile(rf"{NUMBER}(?: \({NUMBER} to {NUMBER}\))?")


def stored_record(notebook: Path) -> dict[str, Any] | None:
    """Read the run that is stored in a lesson.

    Args:
        notebook: an executed notebook of the course.

    Returns:
        A record, see docs/records.md, without `started`, `figures` and `histories`: these are not
        on the page. Of its figures there are as many digits as the page shows. None where no
        whole run is stored.
    """
    text = "\n".join(_outputs(notebook))
    machine, data, recorded = (each.search(text) for each in (MACHINE, DATA, RECORDED))
    if not (machine and data and recorded):
        return None
    tensorflow, keras, device, cores, precision = machine.groups()
    finished = datetime.strptime(recorded[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    backbones = BACKBONE.findall(text)[-1:]  # the last one is the one that was trained on
    return {
        "schema": SCHEMA,
        "lesson": notebook.stem,
        "finished": finished.isoformat(),
        "versions": {"python": None, "tensorflow": tensorflow, "keras": keras, "numpy": None},
        "machine": {
            "system": None,
            "cpu_count": int(cores) if cores else None,
            "device": device,
            "precision": precision,
        },
        "parameters": default_parameters(notebook),
        "data": " ".join([data[0], *backbones]),
        "figures": {},
        "published": list(_lines(text)),
        "histories": {},
    }


def _outputs(notebook: Path) -> Iterator[str]:
    """Yield what each cell shows, as plain text."""
    for cell in cells_of(notebook):
        for output in cell.get("outputs", []):
            yield output.get("text") or output.get("data", {}).get("text/plain", "")


def _lines(text: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of the table published | measured, which is the last on the page."""
    rows = [[entry.strip() for entry in line.split(" | ")] for line in text.splitlines()]
    heads = [number for number, row in enumerate(rows) if tuple(row) == TABLE_HEAD]
    for row in rows[heads[-1] + 1 :] if heads else ():
        if len(row) != len(TABLE_HEAD):
            return
        what, published, measured = row
        known = None if published == format_figure(None) else published
        yield {"what": what, "published": known, "measured": _figure(measured)}


def _figure(text: str) -> dict[str, Any] | None:
    match = FIGURE.fullmatch(text)
    if match is None:
        return None
    value, low, high = (end and float(end.replace(",", "")) for end in match.groups())
    return {"value": value, "low": low, "high": high, "n": None}
