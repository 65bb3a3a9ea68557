"""Reruns by papermill, from a small notebook to the course's page."""

from __future__ import annotations

import io
import json
import os
import re
import tomllib
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nbformat
import pytest

from helpers import reruns
from helpers.parameters import RULES
from helpers.reruns import (
    PRESETS,
    course_notebooks,
    find_notebook,
    main,
    quick_preset,
    run_course,
    run_notebook,
)

FAILING = "raise ValueError('The pictures <are> missing; download them first.\\nMore.')"


QUICK = '[quick]\nDATA = "samples"\nSEED = 0\n["01_tiny".quick]\nEPOCHS = 2\n'


@pytest.fixture
def presets(tmp_path: Path) -> Path:
    path = tmp_path / "presets.toml"
    path.write_text(QUICK, encoding="utf-8")
    return path


@dataclass
class Course:
    """A course that ran: a good notebook, a failing one, an older page before."""

    status: int
    said: str
    runs_folder: Path

    @property
    def latest(self) -> Path:
        return self.runs_folder / "latest"


@pytest.fixture(scope="module")
def course(tmp_path_factory, tiny_notebook) -> Course:
    folder = tmp_path_factory.mktemp("course")
    (folder / "presets.toml").write_text(QUICK, encoding="utf-8")
    notebooks = [tiny_notebook(folder), tiny_notebook(folder, FAILING, name="02_bad")]
    latest = folder / "runs" / "latest"
    latest.mkdir(parents=True)
    (latest / "old.html").write_text("old")
    run = partial(run_course, presets=folder / "presets.toml", runs_folder=folder / "runs")
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.setattr(reruns, "course_notebooks", lambda: notebooks)
        patch.setattr(reruns, "run_course", run)
        status = main(["course"])
    return Course(status, said.getvalue(), folder / "runs")


def printed(output: Path) -> str:
    cells = nbformat.read(output, as_version=4).cells
    streams = [o for cell in cells for o in cell.get("outputs", []) if o.output_type == "stream"]
    return "".join(stream.text for stream in streams)


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


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"EPOCH": 5}, r"EPOCH is no parameter \(did you mean EPOCHS\?\)"),
        ({"SEED": 5}, "SEED is no parameter"),
        ({"EPOCHS": "true"}, "EPOCHS is 'true'"),
        ({"EPOCHS": 0}, "allowed is 1 to 500"),
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

    with pytest.raises(papermill.PapermillExecutionError, match="EPOCH is no parameter"):
        papermill.execute_notebook(
            str(tiny_notebook(tmp_path)),
            str(tmp_path / "out.ipynb"),
            {"EPOCH": 5},
            kernel_name="python3",
            progress_bar=False,
        )


def test_the_course_leaves_one_page(course):
    page = (course.latest / "index.html").read_text(encoding="utf-8")
    assert "1 of\n2 notebooks ran through" in page
    assert "done in 0." in page
    assert page.count('class="card failed"') == 1
    assert "The pictures &lt;are&gt; missing" in page
    assert "Drawn pictures, samples." in page
    assert "<td>0.9489</td><td>0.5000 (0.4000 to 0.6000)</td>" in page
    assert 'alt="A &lt;teal&gt; plane."' in page
    assert "//" not in re.sub(r'base64,[^"]+', "", page)  # nothing comes from elsewhere
    links = set(re.findall(r'href="([^"]+)"', page))
    assert len(links) == 6
    assert all((course.latest / link).is_file() for link in links)


def test_a_notebooks_page_waits_for_no_network_and_keeps_alt_text(course):
    page = (course.latest / "01_tiny.html").read_text(encoding="utf-8")
    assert 'alt="A &lt;teal&gt; plane."' in page
    assert re.findall(r"<script(?! async)[^>]* src=[^>]*>", page) == []
    assert re.findall(r"<link[^>]* href=[^>]*>", page) == []
    assert re.findall(r"""(?:import\(|@import |url\()["']?http""", page) == []


def test_the_page_replaces_the_one_before_and_the_run_is_kept(course):
    assert not (course.latest / "old.html").exists()
    (kept,) = [path for path in course.runs_folder.iterdir() if path != course.latest]
    assert {path.name for path in kept.iterdir()} == {path.name for path in course.latest.iterdir()}


def test_a_failed_notebook_makes_the_course_fail_and_stops_no_other(course):
    assert course.status == 1
    assert "01_tiny: done in 0." in course.said
    assert "02_bad: failed after 0." in course.said
    assert "cell 7 (Last part): ValueError: The pictures <are> missing" in course.said


def test_a_page_in_use_stays_and_the_new_one_is_named(tmp_path, monkeypatch):
    source, latest = tmp_path / "new", tmp_path / "latest"
    for folder in (source, latest):
        folder.mkdir()
        (folder / "index.html").write_text(folder.name)
    rename = Path.rename

    def locked(self, target):
        if target == latest and self.name.endswith("-new"):
            raise PermissionError("in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", locked)
    with pytest.raises(OSError, match="is in use and stays as it was"):
        reruns._replace_folder(source, latest)
    assert (latest / "index.html").read_text() == "latest"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "new"]


def test_a_wrong_preset_stops_the_course_before_any_work(tiny_notebook, tmp_path, presets):
    presets.write_text('["01_tiny".quick]\nEPOCH = 2\n')
    with pytest.raises(ValueError, match="EPOCH is no parameter"):
        run_course([tiny_notebook(tmp_path)], presets, tmp_path / "runs")
    with pytest.raises(ValueError, match="no notebook"):
        run_course([], presets, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_notebook_takes_the_shared_values_it_has(tiny_notebook, presets, tmp_path):
    assert quick_preset(tiny_notebook(tmp_path), presets) == {"DATA": "samples", "EPOCHS": 2}
    assert quick_preset(tiny_notebook(tmp_path, name="02_other"), presets) == {"DATA": "samples"}


def test_the_presets_fit_the_notebooks():
    tables = tomllib.loads(PRESETS.read_text(encoding="utf-8"))
    for name, value in tables.pop("quick").items():
        assert RULES[name].accepts(value)
    assert set(tables) <= {path.stem for path in course_notebooks()}


@pytest.mark.parametrize("notebook", course_notebooks(), ids=lambda path: path.stem)
def test_a_notebooks_quick_run_is_offline(notebook):
    assert quick_preset(notebook).get("DATA", "samples") == "samples"


def test_notebooks_are_found_by_number_name_and_path(tiny_notebook, tmp_path):
    path = tiny_notebook(tmp_path)
    for name in ("01", "01_tiny", "01_tiny.ipynb", str(path)):
        assert find_notebook(name, path.parent) == path
    for name in ("07", "1", str(path.parent / "none.ipynb"), "pyproject.toml"):
        with pytest.raises(FileNotFoundError, match="names no notebook of the course"):
            find_notebook(name, path.parent)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(reruns, "RUNS_FOLDER", tmp_path / "runs")
    return tmp_path / "runs"


def test_the_command_line_reads_values_by_the_rules(tiny_notebook, elsewhere, capsys, tmp_path):
    notebook = tiny_notebook(tmp_path, "print(repr(EPOCHS), repr(LEARNING_RATE), repr(DATA))")
    options = ["-p", "EPOCHS", "5", "-p", "LEARNING_RATE", "1e-4", "-p", "DATA", "full"]
    assert main(["run", str(notebook), *options]) == 0
    (output,) = elsewhere.glob("*/*.ipynb")
    assert "5 0.0001 'full'" in printed(output)
    assert str(output) in capsys.readouterr().out


def test_a_wrong_command_is_one_sentence_and_leaves_nothing(
    tiny_notebook, elsewhere, capsys, tmp_path
):
    assert main(["run", str(tiny_notebook(tmp_path)), "-p", "EPOCHS", "true"]) == 2
    assert capsys.readouterr().err == ("Parameters: EPOCHS is 'true' (str), allowed is 1 to 500.\n")
    assert not elsewhere.exists()


def test_a_failed_run_ends_with_an_error(tiny_notebook, tmp_path, elsewhere, capsys):
    assert main(["run", str(tiny_notebook(tmp_path, FAILING))]) == 1
    assert "failed after 0." in capsys.readouterr().out
