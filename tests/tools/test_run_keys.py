"""The key of a run: what changes it, and what does not."""

from __future__ import annotations

import nbformat
import pytest

from helpers.fingerprints import version_of
from helpers.results import load_record
from tools import run_keys
from tools.execution import run_notebook
from tools.run_keys import helpers_used, run_key

VALUES = {"EPOCHS": 5, "DATA": "samples"}


@pytest.fixture
def notebook(tiny_notebook, tmp_path):
    return tiny_notebook(tmp_path)


def edit(notebook, change) -> None:
    book = nbformat.read(notebook, as_version=4)
    change(book)
    nbformat.write(book, notebook)


def test_texts_and_outputs_and_the_order_of_values_leave_the_key_alone(notebook):
    before = run_key(notebook, VALUES)
    edit(notebook, lambda book: book.cells[0].update(source="# Other words"))
    edit(
        notebook,
        lambda book: book.cells[2].update(outputs=[nbformat.v4.new_output("stream", text="9\n")]),
    )
    assert run_key(notebook, dict(reversed(VALUES.items()))) == before
    assert len(before) == 12


def test_code_and_values_and_versions_change_the_key(notebook, monkeypatch):
    keys = {run_key(notebook, VALUES), run_key(notebook, VALUES | {"EPOCHS": 6})}
    edit(notebook, lambda book: book.cells[3].update(source="print(4 * 4)"))
    keys.add(run_key(notebook, VALUES))
    monkeypatch.setattr(run_keys, "versions", lambda: {"tensorflow": "2.20.0"})
    keys.add(run_key(notebook, VALUES))
    assert len(keys) == 4


def test_cells_with_magics_are_read_and_sub_folders_are_in_the_key():
    used = helpers_used(("%matplotlib inline\nfrom helpers.data import pictures", "!ls"))
    assert {"helpers.data", "helpers.data.pictures", "data/catalog.toml"} <= used.keys()
    assert not any(name.startswith("tools") for name in used)


def test_a_key_and_a_record_agree_on_what_the_same_code_is(notebook, tmp_path):
    """So a change of a tool, such as the site, makes neither another."""
    run = run_notebook(notebook, tmp_path / "out.ipynb", progress=False)
    recorded = load_record(run.record)["versions"]["course"]
    assert recorded == version_of(helpers_used(run_keys.code_of(notebook)))
