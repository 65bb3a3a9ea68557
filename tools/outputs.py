"""A notebook is read, and what of its outputs is kept; needs nbformat alone, as the site has it."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path

import nbformat

# What reading a notebook raises where the file is none, or not whole.
DAMAGED = (nbformat.ValidationError, ValueError, TypeError, AttributeError, KeyError)
HEADLINE_FIGURE = "headline-figure"  # the tag of a cell whose last figure stands for the lesson
PNG = b"\x89PNG\r\n\x1a\n"  # how such a file begins
FIGURES = {"image/svg+xml": ".svg", "image/png": ".png"}  # what outputs show; the better one first
DATA_PICTURES = "data-pictures"
STAND_INS = (
    "Drawn stand-ins, from a quick run: labels and numbers are that run's. "
    "Run the cell to see yours.\n"
)
DRAWN = "Drawn pictures: the course's own. Run the cell to see yours.\n"
CAPTIONS = (STAND_INS, DRAWN)  # of drawn pictures where those of a data set would stand
TABLE = "printed-table"  # the tag of a cell that prints one, whose lines must not be broken
COLUMNS = re.compile(r"\S {2,}\S")  # in a line that has two of them or more
WIDGET = "application/vnd.jupyter.widget-view+json"


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """Read a notebook; a ValueError names the file where it is none, or not whole."""
    try:
        nbformat.validate(book := nbformat.read(path, as_version=4))
    except DAMAGED:
        raise ValueError(f"{path.name} is damaged; restore it, for example by git.") from None
    return book


def drop_widgets(book: nbformat.NotebookNode) -> None:
    """Take out progress bars and other widgets: on a page that nobody runs they stand still."""
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if WIDGET not in each.get("data", {})]


def mark_tables(book: nbformat.NotebookNode) -> None:
    """Tag the cells that print a table: two lines or more in columns. Pages let them scroll."""
    for cell in book.cells:
        texts = [output.get("text", "") for output in cell.get("outputs", [])]
        if any(sum(map(bool, map(COLUMNS.search, text.splitlines()))) > 1 for text in texts):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), TABLE]


def headline_figure(cells: Sequence[nbformat.NotebookNode]) -> tuple[str, bytes, str] | None:
    """Return the last figure of the cell tagged for it, else the first PNG: an SVG is a diagram."""
    tagged = [cell for cell in cells if HEADLINE_FIGURE in cell.metadata.get("tags", [])]
    outputs = (output for cell in tagged or cells for output in cell.get("outputs", []))
    figures = list(filter(None, map(figure_in, outputs)))
    if tagged:
        return figures[-1] if figures else None
    return next((figure for figure in figures if figure[0] == "image/png"), None)


def figure_in(output: nbformat.NotebookNode) -> tuple[str, bytes, str] | None:
    """Return the kind, the file and the alt text of the figure that an output shows, if any."""
    data = output.get("data", {})
    kind = next((kind for kind in FIGURES if kind in data), None)
    if kind is None:
        return None
    try:
        content = base64.b64decode(data[kind]) if kind == "image/png" else data[kind].encode()
    except ValueError:  # damaged
        return None
    if kind == "image/png" and not content.startswith(PNG):
        return None
    return kind, content, " ".join(output.metadata.get(kind, {}).get("alt", "").split())
