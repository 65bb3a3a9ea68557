"""A small notebook that tests run (see `tiny_notebook` in conftest.py): its cells, its traces."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import nbformat

FAILING = "raise ValueError('The pictures <are> missing; download them first.\\nMore.')"
QUICK = '[quick]\nDATA = "samples"\nSEED = 0\n["01_tiny".quick]\nEPOCHS = 2\n'
KERNELSPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}
PARAMETERS = """\
DATA: str = "auto"  # which pictures: auto, full or samples
EPOCHS: int = 25  # passes over the training pictures: 1 to 500
LEARNING_RATE: float = 0.001  # step size: 0.000001 to 1"""
CHECK = """\
from helpers.parameters import check_parameters

check_parameters(globals())"""
COUNT = """\
# NBVAL_CHECK_OUTPUT
print(3 * 3)"""
FIGURE = """\
from IPython.display import display
from PIL import Image
from io import BytesIO

Image.new("RGB", (900, 600), "teal").save(png := BytesIO(), "PNG")
alt = "A <teal> plane."
display(
    {"image/png": png.getvalue(), "text/plain": alt},
    raw=True,
    metadata={"image/png": {"alt": alt}},
)"""
RECORD = """\
from helpers.results import Measured, record

record(
    "01_tiny",
    {"EPOCHS": EPOCHS},
    f"Drawn pictures, {DATA}.",
    {"test accuracy": Measured(0.5, 0.4, 0.6, 96)},
    [("test accuracy", 0.9489, Measured(0.5, 0.4, 0.6, 96)), ("parameters", 3473475, 3473475)],
);"""


def printed(output: Path) -> str:
    """Return what a notebook that ran has printed."""
    cells = nbformat.read(output, as_version=4).cells
    streams = [o for cell in cells for o in cell.get("outputs", []) if o.output_type == "stream"]
    return "".join(stream.text for stream in streams)


def lines(diary: Path, word: str) -> list[str]:
    """Return the lines that begin with a word in the diary that runs keep."""
    text = diary.read_text() if diary.exists() else ""
    return [line for line in text.splitlines() if line.startswith(word)]


def wait_for(condition: Callable[[], bool], seconds: float = 90) -> None:
    """Wait until a condition holds, but not for ever."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
