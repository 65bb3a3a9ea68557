"""Reruns by papermill, from a small notebook to the course's page."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image
from tiny import FAILING, QUICK, printed

from helpers import results
from helpers.environment import PROJECT
from tools import reruns
from tools.execution import Run
from tools.outputs import HEADLINE_FIGURE
from tools.reruns import main, run_course


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
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.setattr(reruns, "course_notebooks", lambda: notebooks)
        patch.setattr(reruns, "RUNS_FOLDER", folder / "runs")
        patch.setattr("tools.execution.PRESETS", folder / "presets.toml")
        status = main(["course"])
    return Course(status, said.getvalue(), folder / "runs")


def test_the_course_leaves_one_page(course):
    page = (course.latest / "index.html").read_text(encoding="utf-8")
    assert "1 of\n2 notebooks ran through" in page
    assert "done in 0." in page
    assert page.count('class="card failed"') == 1
    assert "The pictures &lt;are&gt; missing" in page
    assert "Drawn pictures, samples." in page
    assert "0.9489" not in page and "test accuracy" not in page  # behind the links
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


def test_a_notebooks_page_fits_a_phone_and_its_diagrams_keep_alt_text(browser, tmp_path):
    wide = {"image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="9"/>'}
    alt = {"image/svg+xml": {"alt": "A <wide> line."}}
    diagram = new_output("display_data", wide, metadata=alt)
    table = new_output("stream", text=f"{'name':60}  accuracy\n{'first':60}  0.95\n")
    cells = [new_code_cell(f"draw({'x' * 90})", outputs=[diagram])]
    cells.append(new_code_cell("rows()", outputs=[table]))
    nbformat.write(new_notebook(cells=cells), tmp_path / "wide.ipynb")
    reruns._write_html(tmp_path / "wide.ipynb")
    page = browser.new_page(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    page.goto((tmp_path / "wide.html").as_uri())
    picture = page.locator("img")
    assert picture.get_attribute("alt") == "A <wide> line."
    assert picture.bounding_box()["width"] < 390
    printed = page.locator("pre", has_text="accuracy")
    assert printed.inner_text().splitlines()[0].endswith("  accuracy")
    assert printed.bounding_box()["height"] < 50  # two lines, none broken
    for each in (printed, page.locator(".jp-InputArea-editor").first):
        wide, seen, scrolls = each.evaluate(
            "it => [it.scrollWidth, it.clientWidth, getComputedStyle(it).overflowX]"
        )
        assert wide > seen and seen < 390 and scrolls == "auto"
    page.close()


def test_the_page_replaces_the_one_before_and_the_run_is_kept(course):
    assert not (course.latest / "old.html").exists()
    (kept,) = [path for path in course.runs_folder.iterdir() if path != course.latest]
    assert {path.name for path in kept.iterdir()} == {path.name for path in course.latest.iterdir()}


def test_a_failed_notebook_makes_the_course_fail_and_stops_no_other(course):
    assert course.status == 1
    assert "01_tiny: done in 0." in course.said
    assert "02_bad: failed after 0." in course.said
    assert "cell 7 (Last part): ValueError: The pictures <are> missing" in course.said


def test_a_wrong_preset_stops_the_course_before_any_work(
    tiny_notebook, elsewhere, tmp_path, presets
):
    presets.write_text('["01_tiny".quick]\nEPOCH = 2\n')
    with pytest.raises(ValueError, match="EPOCH is not a parameter"):
        run_course([tiny_notebook(tmp_path)])
    with pytest.raises(ValueError, match="no notebook"):
        run_course([])
    assert not elsewhere.exists()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(reruns, "RUNS_FOLDER", tmp_path / "runs")
    return tmp_path / "runs"


def test_the_command_line_reads_values_by_the_rules(tiny_notebook, elsewhere, capsys, tmp_path):
    notebook = tiny_notebook(tmp_path, "print(repr(EPOCHS), repr(LEARNING_RATE), repr(DATA))")
    options = ["-p", "EPOCHS", "5.0", "-p", "LEARNING_RATE", "1e-4", "-p", "DATA", "full"]
    assert main(["run", str(notebook), *options]) == 0
    (output,) = elsewhere.glob("*/*.ipynb")
    assert "5 0.0001 'full'" in printed(output)
    assert str(output) in capsys.readouterr().out


def test_a_wrong_command_is_one_sentence_and_leaves_nothing(
    tiny_notebook, elsewhere, capsys, tmp_path
):
    assert main(["run", str(tiny_notebook(tmp_path)), "-p", "EPOCHS", "true"]) == 2
    said = "Parameters: EPOCHS is 'true' (str), but must be 1 to 500.\n"
    assert capsys.readouterr().err == said
    assert (
        main(["run", str(tiny_notebook(tmp_path)), "-p", "PHOTO", "b.png", "-p", "EPOCHS", ""]) == 2
    )
    said = capsys.readouterr().err
    assert "PHOTO is not a parameter" in said and "EPOCHS is ''" in said
    assert not elsewhere.exists()


def test_a_parameter_that_is_given_twice_is_refused(tiny_notebook, elsewhere, capsys, tmp_path):
    twice = ["-p", "EPOCHS", "5", "-p", "DATA", "full", "-p", "EPOCHS", "50"]
    assert main(["run", str(tiny_notebook(tmp_path)), *twice]) == 2
    assert capsys.readouterr().err == "-p gives EPOCHS twice; keep one.\n"
    assert not elsewhere.exists()


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("nowhere")])
def test_a_folder_of_runs_that_is_none_is_one_sentence(
    tiny_notebook, elsewhere, capsys, tmp_path, monkeypatch, make
):
    make(elsewhere)
    monkeypatch.setattr(reruns.itertools, "count", lambda start: range(start, 9))  # no hang
    assert main(["run", str(tiny_notebook(tmp_path))]) == 2
    said = capsys.readouterr().err
    assert said == "runs could not be used (File exists).\n"
    assert main(["run", str(tiny_notebook(tmp_path)), "--out", f"{elsewhere}/x.ipynb"]) == 2
    assert capsys.readouterr().err == said


def test_a_single_run_writes_to_no_address(tiny_notebook, elsewhere, capsys, tmp_path):
    assert main(["run", str(tiny_notebook(tmp_path)), "--out", "s3://bucket/x.ipynb"]) == 2
    assert "a single run writes to a file" in capsys.readouterr().err
    assert not elsewhere.exists()


def test_a_failed_run_ends_with_an_error(tiny_notebook, tmp_path, elsewhere, capsys):
    assert main(["run", str(tiny_notebook(tmp_path, FAILING))]) == 1
    assert "failed after 0." in capsys.readouterr().out


COMMANDS = ("course", "sweep", "run")
# Ends its first run, and in the second waits for ever.
WAITING = """\
import os
from pathlib import Path
from time import sleep

if EPOCHS == 7:
    Path({started!r}).write_text(str(os.getpid()))
    sleep(600)"""
DRIVER = """\
import signal, sys
from pathlib import Path
from tools import execution, reruns

signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
folder = Path({folder!r})
reruns.RUNS_FOLDER = reruns.SWEEPS_FOLDER = folder / "runs"
reruns.course_notebooks = lambda: sorted(folder.glob("notebooks/*.ipynb"))
execution.PRESETS = folder / "presets.toml"
sys.exit(reruns.main(sys.argv[1:]))"""


@pytest.mark.parametrize(
    ("command", "stop"),
    [
        *((command, lambda process: os.killpg(process.pid, signal.SIGINT)) for command in COMMANDS),
        ("course", lambda process: process.terminate()),
    ],
    ids=[*COMMANDS, "course terminated"],
)
def test_ctrl_c_is_one_sentence_and_what_was_finished_is_kept(
    tiny_notebook, tmp_path, command, stop
):
    started = tmp_path / "started"
    first = tiny_notebook(tmp_path)
    second = tiny_notebook(tmp_path, WAITING.format(started=str(started)), name="02_waits")
    (tmp_path / "presets.toml").write_text('["02_waits".quick]\nEPOCHS = 7\n')
    matrix = second.with_name("grid.yaml")
    matrix.write_text("notebooks: {01_tiny.ipynb: , 02_waits.ipynb: {EPOCHS: 7}}\n")
    options = {"sweep": [str(matrix)], "run": [str(second), "-p", "EPOCHS", "7"]}.get(command, [])
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER.format(folder=str(tmp_path)), command, *options],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    awaited = {"course": "01_tiny.html", "sweep": "01_tiny*.json"}.get(command, "")

    def waits():
        finished = not awaited or any((tmp_path / "runs").rglob(awaited))
        return started.exists() and started.read_text() and finished

    try:
        deadline = time.monotonic() + 120
        while not waits() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        stop(process)  # Ctrl-C of a terminal goes to all processes, SIGTERM to one
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    errors = errors.removeprefix("[IPKernelApp] ERROR | KeyboardInterrupt caught in kernel.\n")
    assert (process.returncode, errors) == (130, "\nStopped; what was finished is kept.\n")
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(started.read_text())).wait(30)  # no kernel is left behind
    (kept,) = [path for path in (tmp_path / "runs").iterdir() if path.is_dir()]
    done = {"run": []}.get(command, [first.stem])
    assert [
        path.name.partition("-")[0].removesuffix(".json") for path in kept.glob("01*.json")
    ] == done
    if command == "course":
        page = (kept / "index.html").read_text(encoding="utf-8")
        assert "01_tiny.html" in page and "1 of\n1 notebooks" in page


def test_ctrl_c_while_the_packages_load_is_one_sentence_too():
    code = "import tools\nraise KeyboardInterrupt"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (130, "\nStopped; what was finished is kept.\n")


def test_a_notebook_that_breaks_papermill_stops_no_other(
    tiny_notebook, tmp_path, elsewhere, presets, capsys
):
    broken = tiny_notebook(tmp_path, name="02_gone")
    read = reruns.preset_values

    def then_gone(notebook, preset):
        values = read(notebook, preset)
        if notebook == broken:
            notebook.unlink()
        return values

    def no_page(_):
        raise KeyError("of a template")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reruns, "preset_values", then_gone)
        patch.setattr(reruns, "_write_html", no_page)
        runs = run_course([broken, tiny_notebook(tmp_path)])
    assert runs[0].problem.startswith("There is no notebook")
    assert runs[1].problem is None
    assert "01_tiny: no page could be made of it: 'of a template'" in capsys.readouterr().out
    assert "1 of\n2 notebooks" in (elsewhere / "latest" / "index.html").read_text(encoding="utf-8")


def test_a_time_limit_is_read_and_passed_on(
    tiny_notebook, elsewhere, capsys, tmp_path, monkeypatch
):
    limits = []

    def run(notebook, output, parameters, progress, minutes):
        limits.append(minutes)
        return Run(notebook, output, None, 1.0, None)

    monkeypatch.setattr(reruns, "run_notebook", run)
    notebook = str(tiny_notebook(tmp_path))
    assert main(["run", notebook, "--minutes", "0.08"]) == 0
    for wrong in ("0", "-1", "nan", "inf"):
        assert main(["run", notebook, "--minutes", wrong]) == 2
        assert "a number above 0" in capsys.readouterr().err
    assert limits == [0.08]


def card_of(folder: Path, notebook: Path, problem: str | None = None, **record) -> str:
    """Return the page of one run; its output is the notebook as it is, its record as given."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_RECORD", str(notebook.with_suffix(".json")))
        results.record("01_tiny", {}, "Drawn pictures.", {"test_raw_name": 0.5}, **record)
    run = Run(notebook, notebook, notebook.with_suffix(".json"), 60.0, problem)
    return reruns.write_page([run], folder).read_text(encoding="utf-8")


def picture_cell(colour: str, kind: str = "image/png", tags: tuple[str, ...] = ()):
    Image.new("RGB", (90, 60), colour).save(png := io.BytesIO(), "PNG")
    content = base64.b64encode(png.getvalue()).decode()
    data = {kind: content if kind == "image/png" else f"<svg><desc>{colour}</desc></svg>"}
    output = new_output("display_data", data, metadata={kind: {"alt": f"A {colour} plane."}})
    return new_code_cell("1", outputs=[output], metadata={"tags": list(tags)})


def test_a_card_has_one_sentence_and_the_tagged_cells_last_figure(tmp_path):
    tag = (HEADLINE_FIGURE,)
    cells = [picture_cell("teal"), picture_cell("red", tags=tag), picture_cell("blue")]
    cells[1].outputs.insert(0, picture_cell("pink").outputs[0])
    path = tmp_path / "01_tiny.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    headline = "3 of 4 hands <are> right."
    page = card_of(tmp_path, path, headline=headline)
    assert '<p class="headline">3 of 4 hands &lt;are&gt; right.</p>' in page
    assert re.findall('alt="(.*?)"', page) == ["A red plane."]
    assert "test_raw_name" not in page and "test raw name" not in page
    page = card_of(tmp_path, path, problem="cell 7: <b>late</b>", headline=headline)
    assert "hands" not in page and "failed after 1.0 minutes: cell 7: &lt;b&gt;late" in page


@pytest.mark.parametrize("text", ["AAAA", "A"])  # no picture; no base64
def test_a_card_without_a_tag_shows_the_first_figure_but_no_diagram(tmp_path, text):
    path = tmp_path / "01_tiny.ipynb"
    diagram = picture_cell("green", "image/svg+xml")
    damaged = picture_cell("black")
    damaged.outputs[0].data["image/png"] = text
    cells = [diagram, damaged, picture_cell("teal"), picture_cell("blue")]
    nbformat.write(new_notebook(cells=cells), path)
    page = card_of(tmp_path, path)
    assert re.findall('alt="(.*?)"', page) == ["A teal plane."]
    assert 'class="headline"' not in page and "Drawn pictures." in page
    diagram.metadata["tags"] = [HEADLINE_FIGURE]
    nbformat.write(new_notebook(cells=cells), path)
    assert 'src="data:image/svg+xml;base64,' in card_of(tmp_path, path)


def test_a_record_that_cannot_be_read_costs_its_line_and_not_the_page(tmp_path):
    path = tmp_path / "01_tiny.ipynb"
    nbformat.write(new_notebook(cells=[picture_cell("teal")]), path)
    card_of(tmp_path, path)
    path.with_suffix(".json").write_text('{"lesson": <script>}')
    run = Run(path, path, path.with_suffix(".json"), 60.0, None)
    page = reruns.write_page([run], tmp_path).read_text(encoding="utf-8")
    assert "01_tiny.json is not a record of a run" in page and "<script>" not in page
