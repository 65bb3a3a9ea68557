"""One run of one notebook by papermill: found, checked, executed, told."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tomllib

import nbformat
import pytest
from tiny import FAILING, QUICK, printed

from helpers.parameters import RULES
from tools import execution
from tools.execution import (
    PRESET_NAMES,
    PRESETS,
    cells_of,
    course_notebooks,
    default_parameters,
    find_notebook,
    preset_values,
    run_notebook,
    try_notebook,
)


def test_a_run_takes_its_parameters_and_leaves_notebook_and_record(tiny_notebook, tmp_path):
    show = "print(EPOCHS, DATA, LEARNING_RATE)"
    output = tmp_path / "new folder" / "out.ipynb"
    run = run_notebook(tiny_notebook(tmp_path, show), output, {"EPOCHS": 5, "LEARNING_RATE": 1})
    assert run.problem is None
    assert "5 auto 1\n" in printed(output)
    record = json.loads(run.record.read_text())
    assert run.record == output.with_suffix(".json")
    assert record["parameters"] == {"EPOCHS": 5}
    assert "COURSE_RECORD" not in os.environ


def test_braces_in_a_path_are_no_parameters(tiny_notebook, tmp_path):
    (tmp_path / "a{b}").mkdir()
    output = tmp_path / "{EPOCHS}.ipynb"
    run = run_notebook(tiny_notebook(tmp_path / "a{b}"), output, {"EPOCHS": 5})
    assert run.problem is None and output.exists() and run.record.exists()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"EPOCH": 5}, r"EPOCH is not a parameter \(did you mean EPOCHS\?\)"),
        ({"SEED": 5}, "SEED is not a parameter"),
        ({"EPOCHS": "true"}, "EPOCHS is 'true'"),
        ({"EPOCHS": 0}, "but must be 1 to 500"),
    ],
)
def test_wrong_parameters_are_refused_before_any_work(tiny_notebook, tmp_path, parameters, message):
    with pytest.raises(ValueError, match=message):
        run_notebook(tiny_notebook(tmp_path), tmp_path / "new" / "out.ipynb", parameters)
    assert not (tmp_path / "new").exists()


def test_nothing_that_exists_is_overwritten(tiny_notebook, tmp_path):
    notebook = tiny_notebook(tmp_path)
    before = notebook.read_bytes()
    with pytest.raises(FileExistsError, match="exists already"):
        run_notebook(notebook, notebook)
    (tmp_path / "mine.json").write_text("mine")
    with pytest.raises(FileExistsError, match=r"mine\.json exists already"):
        run_notebook(notebook, tmp_path / "mine.ipynb")
    with pytest.raises(ValueError, match=r"ends in \.ipynb"):
        run_notebook(notebook, tmp_path / "mine.txt")
    with pytest.raises(FileNotFoundError, match="There is no notebook"):
        run_notebook(tmp_path / "none.ipynb", tmp_path / "out.ipynb")
    assert notebook.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.json", "notebooks"]


def test_a_failed_cell_is_told_in_one_line_and_the_output_ends_there(tiny_notebook, tmp_path):
    notebook = tiny_notebook(tmp_path, "print('before')", FAILING, "print('after')")
    output = tmp_path / "out.ipynb"
    run = run_notebook(notebook, output)
    assert run.problem == (
        "cell 7 (Last part): ValueError: The pictures <are> missing; download them first."
    )
    assert "before" in printed(output)
    assert "after" not in printed(output)


def test_a_dead_kernel_is_told_too(tiny_notebook, tmp_path):
    run = run_notebook(tiny_notebook(tmp_path, "import os; os._exit(1)"), tmp_path / "out.ipynb")
    assert run.problem == "cell 6 (Last part): Kernel died (out of memory?)"


def test_plain_papermill_is_stopped_by_the_notebook_itself(tiny_notebook, tmp_path):
    import papermill

    with pytest.raises(papermill.PapermillExecutionError, match="EPOCH is not a parameter"):
        papermill.execute_notebook(
            str(tiny_notebook(tmp_path)),
            str(tmp_path / "out.ipynb"),
            {"EPOCH": 5},
            kernel_name="python3",
            progress_bar=False,
        )


def test_a_notebook_takes_the_shared_values_it_has(tiny_notebook, presets, tmp_path):
    assert preset_values(tiny_notebook(tmp_path), "quick") == {"DATA": "samples", "EPOCHS": 2}
    other = tiny_notebook(tmp_path, name="02_other")
    assert preset_values(other, "quick") == {"DATA": "samples"}


def test_the_presets_fit_the_notebooks():
    tables = tomllib.loads(PRESETS.read_text(encoding="utf-8"))
    for preset in PRESET_NAMES:
        for name, value in tables.pop(preset, {}).items():
            assert RULES[name].accepts(value)
    assert set(tables) <= {path.stem for path in course_notebooks()}
    assert all(set(table) <= set(PRESET_NAMES) for table in tables.values())


@pytest.mark.parametrize("notebook", course_notebooks(), ids=lambda path: path.stem)
def test_a_notebook_takes_every_preset_and_its_quick_run_is_offline(notebook):
    found = {preset: preset_values(notebook, preset) for preset in PRESET_NAMES}
    assert found["quick"].get("DATA", "samples") == "samples"


def test_notebooks_are_found_by_number_name_and_path(tiny_notebook, tmp_path):
    path = tiny_notebook(tmp_path)
    shutil.copy(path, path.with_name("00_first.ipynb"))
    for name in ("01", "1", "01_tiny", "01_tiny.ipynb", str(path)):
        assert find_notebook(name, path.parent) == path
    for name in ("07", "7", "", str(path.parent / "none.ipynb"), "pyproject.toml"):
        with pytest.raises(FileNotFoundError, match="names no notebook of the course"):
            find_notebook(name, path.parent)


def test_every_preset_fits_every_notebook_or_is_refused_by_name(tiny_notebook, presets, tmp_path):
    notebook = tiny_notebook(tmp_path)
    assert preset_values(notebook, "published") == {}
    presets.write_text(QUICK + '[full]\nDATA = "full"\n')
    assert preset_values(notebook, "full") == {"DATA": "full"}
    with pytest.raises(ValueError, match="choose quick, class, published or full"):
        preset_values(notebook, "fast")


@pytest.mark.parametrize("text", ["[quick", "quick = 5", '01_tiny = "x"', "[01_tiny]\nquick = 5"])
def test_damaged_presets_are_named(tiny_notebook, presets, tmp_path, text):
    presets.write_text(text)
    with pytest.raises(ValueError, match=r"^presets\.toml is damaged \(.+\); correct it, or"):
        preset_values(tiny_notebook(tmp_path), "quick")


def test_defaults_are_read_without_running(tiny_notebook, tmp_path):
    defaults = {"DATA": "auto", "EPOCHS": 25, "LEARNING_RATE": 0.001}
    assert default_parameters(tiny_notebook(tmp_path, "raise SystemExit")) == defaults


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"cells": 5, "metadata": {}}', "no JSON"])
def test_a_file_that_is_no_notebook_is_told_in_one_sentence(tmp_path, text):
    path = tmp_path / "01_broken.ipynb"
    path.write_text(text)
    with pytest.raises(
        ValueError, match=r"01_broken\.ipynb cannot be read as a notebook"
    ) as raised:
        default_parameters(path)
    assert "\n" not in str(raised.value)


def test_a_parameter_that_is_computed_is_told(tiny_notebook, tmp_path):
    path = tiny_notebook(tmp_path)
    path.write_text(path.read_text().replace("int = 25", "int = 5 * 5"))
    with pytest.raises(ValueError, match=r"EPOCHS is '5 \* 5'; it must be one plain value"):
        default_parameters(path)


def test_a_flood_of_output_is_cut_off_and_told(tiny_notebook, tmp_path, monkeypatch):
    flood = "for _ in range(20):\n    print('x' * 9999)\nprint('last')"
    notebook = tiny_notebook(tmp_path, flood, "print('after')")
    run = run_notebook(notebook, tmp_path / "out.ipynb")
    assert run.problem is None
    assert "rest of this cell's output is not stored" not in printed(run.output)
    monkeypatch.setattr(execution, "STORED", 50_000)
    run = run_notebook(notebook, tmp_path / "short.ipynb")
    assert run.problem is None
    stored = printed(run.output)
    assert "rest of this cell's output is not stored" in stored
    assert "last" not in stored and "after" in stored
    assert 50_000 < run.output.stat().st_size < 100_000


def test_output_that_arrives_too_slowly_is_the_runs_problem(tiny_notebook, tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "SLOWEST", 0)
    notebook = tiny_notebook(tmp_path, "for _ in range(3000):\n    print('x' * 10_000, flush=True)")
    run = try_notebook(notebook, tmp_path / "out.ipynb")
    assert "output" in run.problem and "\n" not in run.problem


def test_a_time_limit_ends_a_run_and_is_told(tiny_notebook, tmp_path):
    notebook = tiny_notebook(tmp_path, "import time; time.sleep(60)")
    run = run_notebook(notebook, tmp_path / "out.ipynb", minutes=0.08)
    assert run.problem == "cell 6 (Last part): stopped by the time limit of 0.08 minutes"
    assert run.seconds < 30
    assert run.record is not None


@pytest.mark.parametrize(
    "argv", [["/no/such/python", "-m", "x"], ["{python}", "-c", "exit(3)"]], ids=["missing", "dies"]
)
def test_a_kernel_that_never_started_is_named(tiny_notebook, tmp_path, monkeypatch, argv):
    argv = [each.format(python=sys.executable) for each in argv]
    kernel = tmp_path / "jupyter" / "kernels" / "broken"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Broken"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setattr(execution, "KERNEL", "broken")
    run = run_notebook(tiny_notebook(tmp_path), tmp_path / "out.ipynb")
    assert run.problem.startswith(f"the kernel 'broken' ({argv[0]}) did not start: ")
    assert "memory" not in run.problem and "\n" not in run.problem


def test_a_kernel_that_is_not_installed_is_named(tiny_notebook, tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "KERNEL", "none-of-this-name")
    run = run_notebook(tiny_notebook(tmp_path), tmp_path / "out.ipynb")
    assert run.problem.startswith("the kernel 'none-of-this-name' (not installed) did not start: ")


@pytest.mark.parametrize(
    "error", [RuntimeError("odd\nmore"), nbformat.ValidationError("odd"), KeyError("odd")]
)
def test_whatever_papermill_raises_is_the_runs_problem(tiny_notebook, tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("papermill.execute_notebook", fail)
    run = run_notebook(tiny_notebook(tmp_path), tmp_path / "out.ipynb")
    assert "odd" in run.problem and "more" not in run.problem


def test_a_run_that_cannot_begin_has_a_problem_and_no_record(tmp_path):
    run = try_notebook(tmp_path / "none.ipynb", tmp_path / "out.ipynb")
    assert run.problem.startswith("There is no notebook") and run.record is None


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"nbformat": 4, "nbformat_minor": 5}'])
def test_what_is_no_notebook_has_no_cells(text, tmp_path):
    (tmp_path / "half.ipynb").write_text(text, encoding="utf-8")
    assert cells_of(tmp_path / "half.ipynb") == []
