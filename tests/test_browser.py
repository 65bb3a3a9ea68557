"""JupyterLab in a real browser, as a learner uses it: run a lesson, see it, upload a photo.

Needs Chromium and requirements-browser.txt, and is skipped where one is missing. Pictures of what
the browser showed are left in `runs/browser/`.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import nbformat
import papermill
import pytest

from helpers.environment import PROJECT, RUNS_FOLDER
from helpers.results import RECORD_VARIABLE
from helpers.samples import draw_picture
from tools.execution import KERNEL, course_notebooks, find_notebook, quick_preset

SECONDS = 1000  # for all cells of a quick run, with other work on the machine
WINDOW = {"width": 1280, "height": 900}
SETTINGS = {  # no question about news; all cells on the page, not only those in view
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
OUTPUT_ERROR = "[data-mime-type='application/vnd.jupyter.error']"
FIGURE = ".jp-OutputArea img"  # JupyterLab shows no alt text


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The lessons, in a folder that has the course beside them, as on Colab."""
    folder = tmp_path_factory.mktemp("lessons")
    (folder / "course").symlink_to(PROJECT)
    for lesson in course_notebooks():
        (folder / lesson.name).write_bytes(lesson.read_bytes())
    return folder


@pytest.fixture(scope="module")
def lab(browser, folder, tmp_path_factory) -> Iterator[str]:
    """The address of a JupyterLab, which knows none of this user's settings."""
    own = tmp_path_factory.mktemp("jupyter")
    for name, settings in SETTINGS.items():
        path = own / "SETTINGS" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    variables = {f"JUPYTER_{name}_DIR": str(own / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    variables |= {f"JUPYTERLAB_{name}_DIR": str(own / name) for name in ("SETTINGS", "WORKSPACES")}
    variables[RECORD_VARIABLE] = str(own / "record.json")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--IdentityProvider.token=", f"--port={port}", "--port-retries=0", str(folder)]
    address, log = f"http://127.0.0.1:{port}", own / "server.log"
    with log.open("w") as said:
        server = subprocess.Popen(command, env=os.environ | variables, stdout=said, stderr=said)
    try:
        wait_for(address, server, log)
        yield address
    finally:
        server.terminate()  # it ends its kernels, too
        server.wait(60)


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        try:
            urlopen(f"{address}/api", timeout=5).close()
            return
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.5)
    raise AssertionError(f"JupyterLab does not answer:\n{log.read_text()}")


@pytest.fixture
def opened(lab, browser) -> Iterator[Callable]:
    """Return a function that opens a notebook in JupyterLab and returns the browser's page."""
    context = browser.new_context(viewport=WINDOW)

    def open_notebook(name: str):
        page = context.new_page()
        page.goto(f"{lab}/lab/tree/{name}?reset", timeout=120_000)
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=120_000)
        return page

    yield open_notebook
    context.close()


def picture(page, name: str) -> None:
    folder = RUNS_FOLDER / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")


@pytest.mark.parametrize("lesson", course_notebooks(), ids=lambda path: path.stem)
def test_a_lesson_opens_with_its_stored_figures(lesson, opened):
    outputs = [
        output
        for cell in nbformat.read(lesson, as_version=4).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    page = opened(lesson.name)
    page.wait_for_function(
        "([what, count]) => document.querySelectorAll(what).length == count",
        arg=[FIGURE, len(outputs)],
    )
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=120_000)
    if outputs:
        page.locator(FIGURE).first.scroll_into_view_if_needed()
    picture(page, lesson.stem)


def test_a_learner_runs_lesson_1_and_classifies_a_photo(opened, folder):
    lesson = find_notebook("01")
    quick = folder / "quick.ipynb"
    papermill.execute_notebook(
        str(lesson), str(quick), quick_preset(lesson), kernel_name=KERNEL, prepare_only=True
    )
    book = nbformat.read(quick, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(book, quick)

    page = opened(quick.name)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    end = page.locator(f"{OUTPUT_ERROR}, .jp-OutputArea-output:has-text('Recorded:')")
    end.first.wait_for(timeout=SECONDS * 1000)
    errors = page.locator(OUTPUT_ERROR).all_inner_texts()
    assert errors == []
    shown = page.locator(".jp-OutputArea").all_inner_texts()
    assert any("epoch 3/3 | training accuracy" in text for text in shown)
    figures = page.locator(FIGURE).count()
    assert figures >= 8

    photo = folder / "my hand.png"
    draw_picture("rock_paper_scissors", 1, seed=5).save(photo)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose photos").click()
    chooser.value.set_files(photo)
    answer = page.get_by_text(re.compile(r"my hand\.png: (paper|rock|scissors), \d+\.\d %"))
    answer.wait_for(timeout=60_000)
    assert page.locator(FIGURE).count() == figures + 1
    answer.scroll_into_view_if_needed()
    picture(page, "01_own_photo")
