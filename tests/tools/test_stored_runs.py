"""The run that is stored in a lesson, read back from its page."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from helpers.results import Measured, published_table
from tools.execution import course_notebooks, default_parameters
from tools.stored_runs import stored_record

PREPARED = "TensorFlow 2.21.0, Keras 3.15.1, CPU with 2 cores, precision mixed_bfloat16\n"
DATA = "Data: rock_paper_scissors, 2,892 real pictures from the mirror folder.\n"
OTHER = "Data: hands_green, 300 real pictures from the mirror folder.\n"
SEER = "Backbone: EfficientNetLite0 with ImageNet weights from its package.\n"
BACKBONE = "Backbone: VGG16 with ImageNet weights from the mirror folder.\n"
RECORDED = "Recorded: 01_tiny-20261126T022647Z-f81a50.json\n"
KERNEL = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
ROWS = [
    ("parameters", 3473475, 3473475),
    ("test accuracy", 0.9489, Measured(0.95431, 0.928, 0.9713, 372)),
    ("seconds an epoch", "141 to 145", 14.62),
    ("a small one", None, 0.00012),
    ("not measured", 0.8, None),
    ("ran away", None, float("nan")),
]


@pytest.fixture
def write(tmp_path):
    """Return a function that writes an executed notebook that shows some texts and a table."""

    def write(*texts: str, table: bool = True) -> Path:
        cells = [new_code_cell("EPOCHS: int = 25", metadata={"tags": ["parameters"]})]
        shown = [new_output("stream", name="stdout", text=text) for text in texts]
        if table:
            plain = {"text/plain": repr(published_table(ROWS)), "text/html": "<table></table>"}
            shown.insert(-1, new_output("execute_result", plain))
        cells += [new_code_cell("1", outputs=[output]) for output in shown]
        path = tmp_path / "01_tiny.ipynb"
        nbformat.write(new_notebook(cells=cells, metadata=KERNEL), path)
        return path

    return write


def test_a_stored_run_becomes_a_record(write):
    record = stored_record(write(PREPARED, DATA, SEER, BACKBONE, OTHER, RECORDED))
    assert record["lesson"] == "01_tiny"
    assert record["finished"] == "2026-11-26T02:26:47+00:00"
    assert record["parameters"] == {"EPOCHS": 25}
    assert record["data"] == f"{DATA}{BACKBONE}".replace("\n", " ").strip()
    assert record["versions"]["keras"] == "3.15.1" and record["versions"]["python"] is None
    machine = {"system": None, "cpu_count": 2, "device": "CPU", "precision": "mixed_bfloat16"}
    assert record["machine"] == machine
    measured = {line["what"]: line["measured"] for line in record["published"]}
    assert list(measured) == [what for what, _, _ in ROWS]
    accuracy = {"value": 0.9543, "low": 0.928, "high": 0.9713, "n": None}
    assert measured["test accuracy"] == accuracy
    assert measured["parameters"]["value"] == 3473475
    assert measured["seconds an epoch"]["value"] == 14.6
    assert measured["a small one"]["value"] == 0.00012
    assert measured["not measured"] is None
    assert str(measured["ran away"]["value"]) == "nan"
    published = {line["what"]: line["published"] for line in record["published"]}
    assert published["seconds an epoch"] == "141 to 145" and published["a small one"] is None


@pytest.mark.parametrize(
    "texts", [(DATA, RECORDED), (PREPARED, RECORDED), (PREPARED, DATA), ("nothing",)]
)
def test_a_notebook_without_a_whole_run_has_none(write, texts):
    assert stored_record(write(*texts)) is None


def test_a_page_without_the_table_has_no_figures(write):
    assert stored_record(write(PREPARED, DATA, RECORDED, table=False))["published"] == []


@pytest.mark.parametrize("notebook", course_notebooks()[:5], ids=lambda path: path.stem)
def test_each_lesson_stores_a_run_of_real_pictures(notebook):
    record = stored_record(notebook)
    assert "real pictures" in record["data"]
    assert record["parameters"] == default_parameters(notebook)
    assert any(line["measured"] for line in record["published"])
