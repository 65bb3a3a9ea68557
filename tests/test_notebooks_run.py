"""Every notebook runs quickly, and its marked cells print what they printed when it was published.

nbval cannot pass parameters: papermill sets those of the quick preset, in a copy inside the project
that keeps the published outputs, and nbval runs the copy. The trainings are cut short: what marked
cells print does not depend on them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest

from helpers.claims import list_claims
from helpers.environment import RUNS_FOLDER
from helpers.results import RECORD_VARIABLE
from tools.execution import KERNEL, course_notebooks, inspect_notebook, preset_values
from tools.outputs import DATA_PICTURES

MARK = "# NBVAL_CHECK_OUTPUT"
CELL_SECONDS = 600
BRIEFLY = {  # instead of what the quick preset says
    "EPOCHS": 1,
    "STEPS_PER_EPOCH": 2,
    "CHOICE_EPOCHS": 1,
    "HEAD_EPOCHS": 1,
    "FINE_EPOCHS": 1,
    "SMALL_EPOCHS": 1,
    "RECIPE_EPOCHS": 1,
    "FEW_STEPS": 4,
    "SCRATCH_STEPS": 4,
    "FRESH": "yes",
}
# A brief run has no real hands, not always lesson 1's network, and features from an earlier run.
UNRECORDED = ("real hands", "lesson ", "copies_kept_minutes")
NUMBER = re.compile(r"\d+")


def prepare(notebook: Path, copy: Path, parameters: dict) -> Path:
    """Write a copy with other parameters and the published outputs, drawn stand-ins aside."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    papermill.execute_notebook(
        str(notebook), str(copy), parameters, kernel_name=KERNEL, prepare_only=True
    )
    book = nbformat.read(copy, as_version=4)
    for cell in book.cells:
        if DATA_PICTURES in cell.metadata.get("tags", []):  # nbval: a cell not run has none
            cell.outputs = []
    nbformat.write(book, copy)
    return copy


def compared_cells(notebook: Path) -> int:
    """Count the cells that nbval compares: it passes over those without an execution count."""
    cells = nbformat.read(notebook, as_version=4).cells
    return sum(
        MARK in cell.source and cell.execution_count is not None
        for cell in cells
        if cell.cell_type == "code"
    )


def validate(notebook: Path) -> subprocess.CompletedProcess:
    """Run a notebook by nbval, comparing its marked cells."""
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env"]
    command += [f"--nbval-cell-timeout={CELL_SECONDS}", "-p", "no:cacheprovider", str(notebook)]
    variables = {RECORD_VARIABLE: str(notebook.with_suffix(".json"))}
    return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)


def claimed_figures(lesson: str) -> set[str]:
    """Name the figures that a lesson's claims read from the records of its own runs.

    Numbers in the names are left out: a brief run has smaller pictures, and fewer.
    """
    return {
        NUMBER.sub("", side)
        for claim in list_claims(lesson=lesson)
        if claim["records"].startswith(f"records/{lesson}-")
        for side in (claim["first"], claim["second"])
        if isinstance(side, str)
    }


@pytest.mark.parametrize("notebook", course_notebooks(), ids=lambda path: path.stem)
def test_a_notebook_runs_and_prints_what_was_published(notebook):
    brief = {name: BRIEFLY[name] for name in inspect_notebook(notebook) if name in BRIEFLY}
    parameters = preset_values(notebook, "quick") | brief
    copy = prepare(notebook, RUNS_FOLDER / "nbval" / notebook.name, parameters)
    assert compared_cells(copy) > 0
    done = validate(copy)
    assert done.returncode == 0, f"nbval on {copy.name}:\n{(done.stdout + done.stderr)[-4000:]}"
    if not (claimed := claimed_figures(notebook.name[:2])):
        return
    recorded = json.loads(copy.with_suffix(".json").read_text("utf-8"))["figures"]
    missing = claimed - {NUMBER.sub("", name) for name in recorded}
    assert not {name for name in missing if not any(part in name for part in UNRECORDED)}


@pytest.fixture
def published(tiny_notebook, tmp_path):
    """Return a function that writes the tiny notebook with what its marked cell once printed."""

    def write(stored: str) -> Path:
        path = tiny_notebook(tmp_path)
        book = nbformat.read(path, as_version=4)
        (marked,) = [cell for cell in book.cells if MARK in cell.source]
        marked.execution_count = 1
        marked.outputs = [nbformat.v4.new_output("stream", text=stored)]
        nbformat.write(book, path)
        return prepare(path, tmp_path / "copy" / path.name, {"EPOCHS": 2})

    return write


def test_a_right_stored_output_passes_and_the_parameters_arrive(published):
    copy = published("9\n")
    assert compared_cells(copy) == 1
    done = validate(copy)
    assert done.returncode == 0, done.stdout
    assert '"EPOCHS": 2' in copy.with_suffix(".json").read_text()


def test_a_wrong_stored_output_fails(published):
    done = validate(published("10\n"))
    assert done.returncode == 1
    assert "1 failed" in done.stdout


def test_a_cell_without_an_execution_count_is_not_counted_as_compared(tiny_notebook, tmp_path):
    assert compared_cells(tiny_notebook(tmp_path)) == 0
