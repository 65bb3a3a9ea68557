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
CHROMIUM = [  # also as root, and with no word to anybody outside
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FAILING = "raise ValueError('The pictures <are> missing; download them first.\\nMore.')"
QUICK = '[quick]\nDATA = "samples"\nSEED = 0\n["01_tiny".quick]\nEPOCHS = 2\n'
KERNELSPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}
PARAMETERS = """\
DATA: str = "auto"  # which pictures: auto, full or samples
EPOCHS: int = 25  # passes over the training pictures: 1 to 500
LEARNING_RATE: float = 0.001  # step size: 0.000001 to 1"""
CHECK = """\
from helpers.parameters import check_parameters

check_parameters(globals())"""
COUNT = """\
# NBVAL_CHECK_OUTPUT
print(3 * 3)"""
FIGURE = """\
from IPython.display import display
from PIL import Image
from io import BytesIO

Image.new("RGB", (900, 600), "teal").save(png := BytesIO(), "PNG")
alt = "A <teal> plane."
display(
    {"image/png": png.getvalue(), "text/plain": alt},
    raw=True,
    metadata={"image/png": {"alt": alt}},
)"""
RECORD = """\
from helpers.results import Measured, record

record(
    "01_tiny",
    {"EPOCHS": EPOCHS},
    f"Drawn pictures, {DATA}.",
    {"test accuracy": Measured(0.5, 0.4, 0.6, 96)},
    [("test accuracy", 0.9489, Measured(0.5, 0.4, 0.6, 96)), ("parameters", 3473475, 3473475)],
);"""


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
def presets(tmp_path: Path) -> Path:
    """A file of presets for the small notebook."""
    path = tmp_path / "presets.toml"
    path.write_text(QUICK, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable]:
    """Return what starts the system's Chromium, without a window; skipped where one is missing.

    It takes further switches of Chromium's.
    """
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("Playwright is missing: pip install -r requirements-browser.txt")
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        pytest.skip("Chromium is missing: install your system's package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:

        def start(*switches: str):
            arguments = [*CHROMIUM, *switches]
            return playwright.chromium.launch(executable_path=chromium, args=arguments)

        yield start


@pytest.fixture(scope="session")
def browser(launch) -> Iterator:
    """Chromium by Playwright."""
    started = launch()
    yield started
    started.close()
