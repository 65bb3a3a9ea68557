"""What the tests share: the project on the path, a quiet environment, a small notebook to run."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from tiny import CHECK, COUNT, FIGURE, KERNELSPEC, PARAMETERS, QUICK, RECORD

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ["PYTHONPATH"] = str(PROJECT)  # where the kernels of small notebooks find the helpers
# Processes side by side share the cores: with more threads than cores each waits for the other.
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if WORKERS > 1:
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, str(max(1, (os.cpu_count() or 1) // WORKERS)))

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "pip install -r requirements-browser.txt"
FIREFOXES = ("firefox", "firefox-esr")
CHROMIUM = [  # also as root, and with no word to anybody outside
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Half of the notebooks, which take longest, come first in each of two processes' shares."""
    long = [item for item in items if item.path.name == "test_notebooks_run.py"]
    short = [item for item in items if item.path.name != "test_notebooks_run.py"]
    middle = max(0, len(items) // 2 - len(long[::2]))
    items[:] = [*long[::2], *short[:middle], *long[1::2], *short[middle:]]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests know nothing of the caller's mirror and records."""
    for name in ("COURSE_MIRROR", "COURSE_RECORD"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def own_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What tests answer is nobody's progress."""
    if progress := sys.modules.get("helpers.progress"):
        monkeypatch.setattr(progress, "FOLDER", tmp_path / "progress")
        monkeypatch.setattr(progress, "_here", [])
        monkeypatch.setattr(progress, "_faults", [])


@pytest.fixture(autouse=True)
def quick_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `fit` starts as one with the course's progress line, twice as fast."""
    keras = sys.modules.get("keras")
    if keras is None:
        return
    from helpers.callbacks import create_variables

    fit = keras.Model.fit

    def start(network, *arguments, **options):
        create_variables(network)
        return fit(network, *arguments, **options)

    monkeypatch.setattr(keras.Model, "fit", start)


@pytest.fixture(scope="session")
def tiny_notebook() -> Callable[..., Path]:
    """Return a function that writes a small notebook of the course's kind.

    It takes the folder, code for further cells under the heading "Last part", and a name.
    """

    def write(folder: Path, *codes: str, name: str = "01_tiny") -> Path:
        cells = [
            new_markdown_cell("# A tiny lesson"),
            new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
            *map(new_code_cell, (CHECK, COUNT, FIGURE, RECORD)),
        ]
        if codes:
            cells += [new_markdown_cell("## Last part"), *map(new_code_cell, codes)]
        path = folder / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC}), path)
        return path

    return write


@pytest.fixture
def presets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of presets, in its place one for the small notebook."""
    path = tmp_path / "presets.toml"
    path.write_text(QUICK, encoding="utf-8")
    monkeypatch.setattr("tools.execution.PRESETS", path)
    return path


@pytest.fixture(scope="session")
def playwright() -> Iterator:
    """What drives browsers; skipped where it is missing."""
    if importlib.util.find_spec("playwright") is None:
        pytest.skip(f"Playwright is missing: {INSTALL}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def launch(playwright) -> Callable:
    """Return what starts the system's Chromium, without a window; skipped where it is missing.

    It takes further switches of Chromium's.
    """
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        pytest.skip("Chromium is missing: install your system's package chromium")

    def start(*switches: str):
        arguments = [*CHROMIUM, *switches]
        return playwright.chromium.launch(executable_path=chromium, args=arguments)

    return start


@pytest.fixture(scope="session")
def launch_firefox(playwright) -> Callable:
    """Return what starts the system's Firefox, without a window; skipped where it is missing.

    It takes Firefox's preferences.
    """
    from playwright.sync_api import Error

    firefox = next(filter(None, map(shutil.which, FIREFOXES)), None)
    if firefox is None:
        pytest.skip("Firefox is missing: install your system's package firefox or firefox-esr")

    def start(preferences: dict[str, bool]):
        started = playwright.firefox.launch(
            channel="moz-firefox",  # by WebDriver BiDi: the system's own, without a driver
            executable_path=firefox,
            firefox_user_prefs=preferences,
        )
        try:
            started.new_context().close()
        except Error as error:
            version = started.version
            started.close()
            if "unknown command" not in str(error):
                raise
            pytest.skip(f"This Playwright asks more than Firefox {version} knows: {INSTALL}")
        return started

    return start


@pytest.fixture(scope="session")
def browser(launch) -> Iterator:
    """Chromium by Playwright."""
    started = launch()
    yield started
    started.close()
