"""The example sweep, and the records that came out of it."""

from __future__ import annotations

import pytest

from helpers.comparison import EXAMPLES_FOLDER, gather
from helpers.environment import PROJECT
from helpers.results import load_record
from tools.execution import run_notebook
from tools.matrix import read_matrix

MATRIX = PROJECT / "examples" / "digits.yaml"


def test_there_is_a_record_for_each_run_of_the_example_sweep():
    planned = [dict(run.parameters) for run in read_matrix(MATRIX)]
    recorded = [load_record(path)["parameters"] for path in EXAMPLES_FOLDER.glob("*.json")]
    assert len(planned) == 20
    assert sorted(map(repr, map(sorted, map(dict.items, planned)))) == sorted(
        repr(sorted(each.items())) for each in recorded
    )


def test_a_run_of_the_example_gives_what_its_record_says(tmp_path):
    planned = read_matrix(MATRIX)[1]
    run = run_notebook(planned.notebook, tmp_path / "out.ipynb", planned.given, progress=False)
    assert run.problem is None
    measured = load_record(run.record)["figures"]["test_accuracy"]["value"]
    runs = gather(EXAMPLES_FOLDER)
    same = (runs["setting"] == "HIDDEN=32, LEARNING_RATE=0.01") & (runs["parameters.SEED"] == 0)
    (recorded,) = runs.loc[same, "figures.test_accuracy"]
    assert measured == pytest.approx(recorded, abs=0.02)  # processors differ in the last digits
