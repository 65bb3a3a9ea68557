"""What is kept of a notebook's outputs, and which of them are tables."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.outputs import TABLE, mark_tables, read_notebook


@pytest.mark.parametrize(
    ("text", "is_table"),
    [
        ("          accuracy  minutes\nfirst     0.95      1.5\n", True),
        ("one       accuracy 0.95\nanother   accuracy 0.97\n", True),
        ("One  gap.\nNo gap.\n", False),
        ("  two lines\n  that are set in\n", False),
        ("", False),
    ],
)
def test_two_lines_in_columns_are_a_table(text, is_table):
    cell = new_code_cell(
        "show()", metadata={"tags": ["own"]}, outputs=[new_output("stream", text=text)]
    )
    mark_tables(new_notebook(cells=[cell]))
    assert cell.metadata["tags"] == (["own", TABLE] if is_table else ["own"])


EMPTY_CELL = '{"cell_type": "code", "id": "a", "metadata": {}}'
ONE_CELL = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [%s]}'


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": [', ONE_CELL % EMPTY_CELL])
def test_a_notebook_that_is_not_whole_is_named(tmp_path, text):
    path = tmp_path / "01_hands.ipynb"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"^01_hands\.ipynb is damaged"):
        read_notebook(path)
