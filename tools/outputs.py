"""What is kept of a notebook's outputs; needs nbformat alone, so that the site can use it."""

from __future__ import annotations

import nbformat

DATA_PICTURES = "data-pictures"
STAND_INS = "Drawn stand-ins for the pictures of the data set: run the cell to see those.\n"
WIDGET = "application/vnd.jupyter.widget-view+json"


def drop_widgets(book: nbformat.NotebookNode) -> None:
    """Take out progress bars and other widgets: on a page that nobody runs they stand still."""
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if WIDGET not in each.get("data", {})]
