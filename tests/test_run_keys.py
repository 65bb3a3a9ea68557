"""The key of a run: what changes it, and what does not."""

from __future__ import annotations

import nbformat
import pytest

from helpers import run_keys
from helpers.run_keys import helpers_used, run_key

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


def test_only_helpers_that_the_notebook_uses_change_the_key(tmp_path):
    sources = {
        "first": "from helpers.second import thing",
        "second": "def late():\n    from helpers import third",
        "third": "import helpers.first",
        "apart": "x = 1",
    }
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    code = ("%matplotlib inline\nfrom helpers.first import x", "import helpers.none, json")
    before = helpers_used(code, tmp_path)
    assert list(before) == ["first", "second", "third"]
    (tmp_path / "apart.py").write_text("x = 2")
    (tmp_path / "third.py").write_text("x = 2")
    helpers_used.cache_clear()
    after = helpers_used(code, tmp_path)
    assert [name for name in after if after[name] != before[name]] == ["third"]
