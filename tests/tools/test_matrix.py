"""A matrix of runs: read, checked, expanded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tools.matrix import read_matrix

GRID = """\
preset: quick
notebooks:
  01_tiny.ipynb:
    LEARNING_RATE: [0.1, 1e-2]
    EPOCHS: [3, 5]
"""


@pytest.fixture
def read(tiny_notebook, presets, tmp_path) -> Callable:
    """Return a function that reads a matrix lying beside a tiny notebook, its presets apart."""
    notebook = tiny_notebook(tmp_path)

    def read(text: str) -> list:
        (notebook.parent / "matrix.yaml").write_text(text)
        return read_matrix(notebook.parent / "matrix.yaml")

    return read


def test_lists_expand_to_a_grid_on_top_of_the_preset(read):
    runs = read(GRID)
    assert [run.given for run in runs] == [
        {"DATA": "samples", "EPOCHS": epochs, "LEARNING_RATE": rate}
        for rate in (0.1, 0.01)
        for epochs in (3, 5)
    ]
    assert runs[0].parameters == {"DATA": "samples", "EPOCHS": 3, "LEARNING_RATE": 0.1}
    assert runs[0].title == "01_tiny: LEARNING_RATE=0.1, EPOCHS=3"


def test_what_is_given_counts_for_more_than_what_is_shared_and_that_for_more_than_the_preset(read):
    shared = "parameters: {DATA: full, EPOCHS: 4}\n"
    (run,) = read("preset: quick\n" + shared + "notebooks: {01_tiny.ipynb: {EPOCHS: 9}}\n")
    assert run.given == {"DATA": "full", "EPOCHS": 9}
    assert run.title == "01_tiny"


def test_without_a_preset_the_notebook_runs_as_it_stands(read):
    (run,) = read("notebooks: 01_tiny.ipynb\n")
    assert run.given == {}
    assert run.parameters == {"DATA": "auto", "EPOCHS": 25, "LEARNING_RATE": 0.001}


def test_seeds_come_last_to_vary_and_only_where_a_notebook_has_one(read, tmp_path):
    book = tmp_path / "notebooks" / "01_tiny.ipynb"
    seeded = book.with_name("02_seeded.ipynb")
    seeded.write_text(book.read_text().replace("EPOCHS: int", "SEED: int = 0\\nEPOCHS: int", 1))
    matrix = "seeds: [0, 1, 1]\nnotebooks: {02_seeded.ipynb: {EPOCHS: [3, 5]}, 01_tiny.ipynb: }\n"
    found = [
        (run.notebook.stem[:2], run.given.get("SEED"), run.given.get("EPOCHS"))
        for run in read(matrix)
    ]
    assert found == [("02", 0, 3), ("02", 0, 5), ("01", None, None), ("02", 1, 3), ("02", 1, 5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "asks for nothing: it needs the entry notebooks"),
        ("preset: quick\n", "notebooks must be all, or name at least one"),
        ("notebooks: []\n", "notebooks must be all, or name at least one"),
        ("notebooks: yes\n", "'yes' names no notebook of the course"),
        ("- 01_tiny.ipynb\n", "it needs the entry notebooks"),
        ("notebooks: [\n", "cannot be read as YAML: .*line 2"),
        ("notebook: 01_tiny.ipynb\n", r"'notebook' is not an entry \(did you mean notebooks\?\)"),
        ("notebooks: 77\n", "'77' names no notebook of the course"),
        ("notebooks: 9\n", "'9' names no notebook of the course"),
        ("preset: fast\nnotebooks: 01_tiny.ipynb\n", "choose quick, class, published or full"),
        ("notebooks: {01_tiny.ipynb: {EPOCH: 5}}\n", r"EPOCH is not .*did you mean EPOCHS"),
        ("notebooks: {01_tiny.ipynb: {EPOCHS: [5, 0]}}\n", "01_tiny: .*0 .*but must be 1 to 500"),
        ("notebooks: {01_tiny.ipynb: {EPOCHS: [5, many]}}\n", "'many' .*but must be 1 to 500"),
        ("notebooks: {01_tiny.ipynb: {EPOCHS: []}}\n", "EPOCHS is an empty list"),
        ("notebooks: {01_tiny.ipynb: 5}\n", "'5' is not a block of names and values"),
        ("parameters: 5\nnotebooks: 01_tiny.ipynb\n", "parameters: '5' is not a block"),
        ("seeds: [1]\nnotebooks: 01_tiny.ipynb\n", "SEED is not a parameter"),
        ("parameters: {EPOCH: 5}\nnotebooks: 01_tiny.ipynb\n", "EPOCH is not a parameter"),
        ("notebooks: [[1]]\n", r"\['1'\] is not a notebook's number, name or path"),
        ("notebooks: [{01_tiny.ipynb: {EPOCHS: 5}}]\n", "write notebooks as a block"),
        ("notebooks: [01_tiny.ipynb, 01_tiny.ipynb]\n", "names 01_tiny twice"),
        ("notebooks: {01_tiny.ipynb: {3: 4}}\n", "3 is not a parameter"),
        (
            "seeds: [1]\nparameters: {SEED: 2}\nnotebooks: 01_tiny.ipynb\n",
            "gives seeds twice, as seeds and as SEED",
        ),
        ("notebooks: {01_tiny.ipynb: {EPOCHS: 5, EPOCHS: 6}}\n", "EPOCHS stands there twice"),
    ],
)
def test_a_wrong_matrix_is_refused_with_what_is_allowed(read, text, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read(text)


def test_a_missing_matrix_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no matrix .*none\.yaml"):
        read_matrix(tmp_path / "none.yaml")


def test_all_means_every_notebook_of_the_course(tmp_path):
    path = tmp_path / "matrix.yaml"
    path.write_text("preset: quick\nseeds: [3]\nnotebooks: all\n")
    runs = read_matrix(path)
    assert [run.notebook.stem[:2] for run in runs][:2] == ["00", "01"]
    assert runs[0].given["SEED"] == 3


def test_an_alias_repeats_a_block(read):
    (run,) = read("parameters: &five {EPOCHS: 5}\nnotebooks: {01_tiny.ipynb: *five}\n")
    assert run.given == {"EPOCHS": 5}


TOO_MUCH = {
    "circle": ("notebooks: &x [*x]\n", "cannot be read"),
    "deep flow": ("notebooks: " + "[" * 5000 + "]" * 5000, "cannot be read"),
    "large grid": (
        f"notebooks: {{01_tiny.ipynb: {{EPOCHS: {list(range(1, 500))}, "
        f"LEARNING_RATE: {[n / 1000 for n in range(1, 999)]}}}}}\n",
        "498,002 runs",
    ),
}


@pytest.mark.parametrize(("text", "message"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_matrix_that_asks_for_too_much_is_refused_at_once(read, text, message):
    with pytest.raises(ValueError, match=message) as told:
        read(text)
    assert "\n" not in str(told.value) and len(str(told.value)) < 400


@pytest.mark.parametrize("number", ["010", "1_0", "+10", "'10'"])
def test_numbers_are_decimal(read, number):
    (run,) = read(f"notebooks: {{01_tiny.ipynb: {{EPOCHS: {number}}}}}\n")
    assert run.given == {"EPOCHS": 10}


@pytest.mark.parametrize("word", ["yes", "2024", "1:30", "2024-01-01"])
def test_a_word_stays_what_was_written(read, word, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"DATA is '{word}'"):
        read(f"notebooks: {{01_tiny.ipynb: {{DATA: {word}}}}}\n")
