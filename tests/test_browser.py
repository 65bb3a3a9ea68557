"""JupyterLab in a real browser, as a learner uses it: run a lesson, upload a photo, play by camera.

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
import numpy as np
import papermill
import pytest
from browsers import camera_of, keep_picture, write_film
from PIL import Image

from helpers.environment import PROJECT
from helpers.results import RECORD_VARIABLE
from helpers.samples import draw_picture
from tools.execution import KERNEL, course_notebooks, find_notebook, preset_values

SECONDS = 1000  # for all cells of a quick run, with other work on the machine
WINDOW = {"width": 1280, "height": 900}
SETTINGS = {  # no question about news; all cells on the page, not only those in view
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
OUTPUT_ERROR = "[data-mime-type='application/vnd.jupyter.error']"
IDLE = "Python 3 (ipykernel) | Idle"
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
    yield lambda name: open_notebook(context, lab, name)
    context.close()


def open_notebook(context, lab: str, name: str):
    page = context.new_page()
    page.goto(f"{lab}/lab/tree/{name}?reset", timeout=120_000)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=120_000)
    return page


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
    page.get_by_text(IDLE).wait_for(timeout=120_000)
    if outputs:
        page.locator(FIGURE).first.scroll_into_view_if_needed()
    keep_picture(page, lesson.stem)


def quick_copy(lesson: Path, copy: Path) -> nbformat.NotebookNode:
    """Return a lesson with the parameters of a quick run, and without outputs."""
    papermill.execute_notebook(
        str(lesson),
        str(copy),
        preset_values(lesson, "quick"),
        kernel_name=KERNEL,
        prepare_only=True,
    )
    book = nbformat.read(copy, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return book


def run_all(page) -> None:
    page.get_by_text(IDLE).wait_for(timeout=120_000)  # before, the menu would do nothing
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def wait_for_the_end(page) -> None:
    end = page.locator(f"{OUTPUT_ERROR}, .jp-OutputArea-output:has-text('Recorded:')")
    end.first.wait_for(timeout=SECONDS * 1000)
    assert page.locator(OUTPUT_ERROR).all_inner_texts() == []


def test_a_learner_runs_lesson_1_and_classifies_a_photo(opened, folder):
    quick = folder / "quick.ipynb"
    nbformat.write(quick_copy(find_notebook("01"), quick), quick)
    page = opened(quick.name)
    run_all(page)
    wait_for_the_end(page)
    shown = page.locator(".jp-OutputArea").all_inner_texts()
    epochs = preset_values(find_notebook("01"), "quick")["RECIPE_EPOCHS"]
    assert any(f"epoch {epochs}/{epochs} | training accuracy" in text for text in shown)
    figures = page.locator(FIGURE).count()
    assert figures >= 8

    photo = folder / "my hand.png"
    draw_picture("rock_paper_scissors", 1, seed=5).save(photo)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose photos").last.click()  # the better network
    chooser.value.set_files(photo)
    answer = page.get_by_text(re.compile(r"my hand\.png: (paper|rock|scissors), \d+\.\d %"))
    answer.wait_for(timeout=60_000)
    assert page.locator(FIGURE).count() == figures + 1
    answer.scroll_into_view_if_needed()
    keep_picture(page, "01_own_photo")


# Lesson 0, with a camera made of drawn hands ---------------------------------------------------

GESTURES = ("paper", "rock", "scissors")
CHECKED = """\
import json

checked = {{
    "record": game.record(),
    "again": network.predict(game.frames, verbose=0).tolist(),
    "seals": [webcam.seal_of(one["move"], one["salt"]) for one in game.record()["rounds"]],
    "confusion": game.scores.confusion.tolist(),
}}
_ = Path({file!r}).write_text(json.dumps(checked))
print("Checked.")"""


@pytest.fixture
def filmed(lab, launch, tmp_path) -> Iterator[Callable]:
    """As `opened`, in a browser whose camera shows drawn hands, each for 2 seconds."""
    hands = [draw_picture("rock_paper_scissors", label, 3) for label in range(len(GESTURES))]
    film = tmp_path / "hands.y4m"
    write_film(film, [hand for hand in hands for _ in range(4)], height=480, rate=2)
    started = launch(*camera_of(film))
    context = started.new_context(viewport=WINDOW)
    yield lambda name: open_notebook(context, lab, name)
    started.close()


def run_cell_with(page, text: str) -> None:
    """Run the cell whose code has this text."""
    page.locator(".jp-CodeCell", has_text=text).first.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")


def play_round(panel) -> None:
    """Press until the network is sure, then say that it was right."""
    for _ in range(5):
        panel.locator("button[name=play]").click()
        said = panel.locator(".wc-say", has_text=re.compile("I read|then press Play"))
        said.wait_for(timeout=60_000)
        if "I read" in said.inner_text():
            break
    read = re.search(r"I read (\w+)", said.inner_text())[1]
    panel.locator(f"button[name=showed-{read}]").click()
    panel.locator(f"button[name=showed-{read}][aria-pressed=true]").wait_for()


def test_a_learner_plays_lesson_0_by_camera_and_teaches_it(filmed, folder, tmp_path):
    quick, checked = folder / "quick_0.ipynb", tmp_path / "checked.json"
    book = quick_copy(find_notebook("00"), quick)
    (album,) = [cell for cell in book.cells if "webcam.Album(" in cell.source]
    own = f"webcam.Album(ALBUM, GESTURES, Path({str(tmp_path)!r}))"
    album.source = album.source.replace("webcam.Album(ALBUM, GESTURES)", own)
    book.cells.append(nbformat.v4.new_code_cell(CHECKED.format(file=str(checked))))
    nbformat.write(book, quick)

    start = time.perf_counter()
    page = filmed(quick.name)
    run_all(page)
    panel = page.locator(".wc-game").first
    panel.locator("button[name=camera]").click(timeout=SECONDS * 1000)
    panel.locator(".wc-best").wait_for(timeout=SECONDS * 1000)
    seconds = time.perf_counter() - start
    processor = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    print(f"From opening to the first prediction: {seconds:.0f} s, {processor and processor[1]}.")
    wait_for_the_end(page)

    for number in range(5):
        play_round(panel)
        if number == 1:
            panel.scroll_into_view_if_needed()
            keep_picture(page, "00_game")
    assert " game" in panel.locator(".wc-say").inner_text()
    panel.locator("button[name=stop]").click()
    assert panel.locator("video").count() == 0
    run_cell_with(page, "checked.json")
    page.get_by_text("Checked.", exact=True).wait_for(timeout=60_000)
    said = json.loads(checked.read_text())
    rounds = said["record"]["rounds"]
    assert len(rounds) == 5
    assert np.allclose(said["again"], [one["probabilities"] for one in rounds], atol=1e-4)
    assert [one["read"] for one in rounds] == [GESTURES[np.argmax(p)] for p in said["again"]]
    assert said["seals"] == [one["seal"] for one in rounds]
    assert np.trace(said["confusion"]) == 5

    taking = page.locator(".wc-album")
    taking.locator("button[name=camera]").click()
    for gesture in GESTURES:
        taking.locator(f"button[name=take-{gesture}]:enabled").click(timeout=60_000)
    taking.get_by_text("All there.").wait_for(timeout=120_000)
    keep_picture(page, "00_album")
    taking.locator("button[name=stop]").click()
    files = sorted((tmp_path / "hands" / "rock").iterdir())
    assert len(files) == 30 and files[-1].name == "take05-030.jpg"
    assert {Image.open(file).size for file in files} == {(480, 480)}
    run_cell_with(page, "find_data(")
    page.get_by_text("Data: the folder hands, 90 pictures").wait_for(timeout=60_000)
