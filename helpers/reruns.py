"""Reruns of the notebooks by papermill: checked before they start, gathered on one page.

From the command line:
    python -m helpers.reruns course                          every notebook, quickly
    python -m helpers.reruns run 01 -p EPOCHS 5 -p SEED 1    one notebook, with other parameters
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import shutil
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import nbformat
import papermill
from nbconvert import HTMLExporter
from PIL import Image
from traitlets.config import Config

from helpers.environment import PROJECT, RUNS_FOLDER
from helpers.parameters import RULES, check_values
from helpers.publishing import drop_widgets
from helpers.results import RECORD_VARIABLE, format_figure, load_record

NOTEBOOKS_FOLDER = PROJECT / "notebooks"
PRESETS = NOTEBOOKS_FOLDER / "presets.toml"
KERNEL = "python3"
TITLE = re.compile(r"^# +(.+?)\s*$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
HEADLINES = 6  # figures on a notebook's card
THUMBNAIL_SIZE = (640, 480)  # pixels, at most
# Keys for the kernel's sockets where the kernel supports them; without, it prints a warning.
KERNEL_CONFIG = Config(KernelManager={"transport_encryption": "auto"})
# The pages' templates: the course's page, and nbconvert's own page of a notebook, mended.
LOADER = jinja2.FileSystemLoader(Path(__file__).parent)
COURSE_PAGE = "course_page.html.j2"
NOTEBOOK_PAGE = "notebook_page.html.j2"


@dataclass(frozen=True)
class Run:
    """One run of one notebook.

    Attributes:
        notebook: the notebook that was run.
        output: the executed notebook, as far as it came.
        record: the run's record, None where the notebook left none.
        seconds: time it took.
        problem: which cell failed and why, in one line; None where all went well.
    """

    notebook: Path
    output: Path
    record: Path | None
    seconds: float
    problem: str | None


def course_notebooks(folder: Path = NOTEBOOKS_FOLDER) -> list[Path]:
    """List the course's notebooks in their order.

    Args:
        folder: where they are.

    Returns:
        Paths of all notebooks whose name begins with a two-digit number.
    """
    return sorted(folder.glob("[0-9][0-9]_*.ipynb"))


def find_notebook(name: str, folder: Path = NOTEBOOKS_FOLDER) -> Path:
    """Find a notebook by its number, its name or its path.

    Args:
        name: "01", "01_simple_cnn_rock_paper_scissors" or a path.
        folder: where the course's notebooks are.

    Returns:
        The notebook's path.

    Raises:
        FileNotFoundError: no notebook, or more than one, goes by that name.
    """
    notebooks = course_notebooks(folder)
    found = [path for path in notebooks if name in (path.stem, path.name, path.stem[:2])]
    if not found and Path(name).suffix == ".ipynb" and Path(name).is_file():
        found = [Path(name)]
    if len(found) != 1:
        raise FileNotFoundError(
            f"{name!r} names no notebook of the course: give a path, or one of "
            f"{', '.join(path.stem for path in notebooks)}."
        )
    return found[0]


def quick_preset(notebook: Path, presets: Path = PRESETS) -> dict[str, Any]:
    """Read the parameters that run a notebook quickly and offline.

    Args:
        notebook: path of the notebook.
        presets: a TOML file with a table `quick` for all notebooks, of which each takes the
            parameters it has, and a table `<notebook>.quick` for each, which counts for more.

    Returns:
        Parameter values by name.

    Raises:
        ValueError: the preset has an unknown name or a value out of range.
    """
    tables = tomllib.loads(presets.read_text(encoding="utf-8"))
    known = papermill.inspect_notebook(str(notebook))
    shared = {name: value for name, value in tables.get("quick", {}).items() if name in known}
    values = shared | tables.get(notebook.stem, {}).get("quick", {})
    check_values(values, known)
    return values


def run_notebook(notebook: Path, output: Path, parameters: Mapping[str, Any] | None = None) -> Run:
    """Run a notebook by papermill, in the `python3` kernel, nobody attending.

    Names and values are checked before anything starts. The kernel works in the current folder and
    the run's record lands beside the output, as `<output stem>.json`.

    Args:
        notebook: the notebook to run.
        output: where the executed notebook goes; its folder is made.
        parameters: values by name for some or all of the notebook's parameters.

    Returns:
        The run. A cell that failed is told in `problem`, and the output ends there.

    Raises:
        FileNotFoundError: there is no such notebook.
        FileExistsError: the output or its record exists already.
        ValueError: a parameter is unknown or its value is not allowed, or the output's name does
            not end in `.ipynb`.
    """
    notebook, output, parameters = Path(notebook), Path(output), dict(parameters or {})
    record = output.with_suffix(".json")
    _check_files(notebook, output, record)
    check_values(parameters, papermill.inspect_notebook(str(notebook)))
    output.parent.mkdir(parents=True, exist_ok=True)
    began, problem = time.monotonic(), None
    with _environment({RECORD_VARIABLE: str(record.resolve())}):
        try:
            papermill.execute_notebook(
                str(notebook), str(output), parameters, kernel_name=KERNEL, config=KERNEL_CONFIG
            )
        except papermill.PapermillExecutionError as error:
            problem = f"{_failed_cell(output)}: {error.ename}: {_first_line(error.evalue)}"
        except RuntimeError as error:  # the kernel died, or never answered
            problem = f"{_failed_cell(output)}: {_first_line(str(error))} (out of memory?)"
    seconds = time.monotonic() - began
    return Run(notebook, output, record if record.exists() else None, seconds, problem)


def run_course(
    notebooks: Sequence[Path], presets: Path = PRESETS, runs_folder: Path = RUNS_FOLDER
) -> list[Run]:
    """Run notebooks quickly, one after the other, and gather them on one page.

    Everything goes to a new folder named after the time, and then replaces `latest` beside it,
    where `index.html` is the page. A failed notebook does not stop the others.

    Args:
        notebooks: the notebooks to run.
        presets: see `quick_preset`.
        runs_folder: holds the folders of all runs.

    Returns:
        The runs, in the notebooks' order.

    Raises:
        ValueError: there is no notebook, or a preset is wrong; nothing was run then.
        OSError: `latest` cannot be replaced; the new folder is complete then.
    """
    if not notebooks:
        raise ValueError(f"There is no notebook in {NOTEBOOKS_FOLDER.name}/: nothing to run.")
    values = [quick_preset(notebook, presets) for notebook in notebooks]
    folder = _new_folder(runs_folder)
    runs = []
    for notebook, parameters in zip(notebooks, values, strict=True):
        print(f"{notebook.stem}: {_listing(parameters)}", flush=True)
        run = run_notebook(notebook, folder / notebook.name, parameters)
        if run.output.exists():
            _write_html(run.output)
        print(f"{notebook.stem}: {_status(run)}", flush=True)
        runs.append(run)
    write_page(runs, folder)
    _replace_folder(folder, runs_folder / "latest")
    return runs


def write_page(runs: Sequence[Run], folder: Path) -> Path:
    """Write the page of a course run: a card a notebook, and the table published | measured.

    Args:
        runs: the runs; their outputs lie in `folder`.
        folder: where `index.html` goes.

    Returns:
        The page's path.
    """
    template = jinja2.Environment(loader=LOADER, autoescape=True).get_template(COURSE_PAGE)
    page = template.render(
        when=datetime.now(),
        runs=[_shown(run) for run in runs],
        failed=sum(run.problem is not None for run in runs),
        minutes=sum(run.seconds for run in runs) / 60,
    )
    path = folder / "index.html"
    path.write_text(page, encoding="utf-8")
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run notebooks from the command line.

    Args:
        arguments: the command line without the program's name; None for the real one.

    Returns:
        0 where all went well, 1 where a notebook failed, 2 where the command was wrong, 130 where
        it was interrupted.
    """
    options = _read_arguments(arguments)
    try:
        return _course() if options.command == "course" else _run(options)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped; what was finished is in runs/.", file=sys.stderr)
        return 130


def _read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.reruns", description="Rerun notebooks."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("course", help="run every notebook quickly and gather them on one page")
    run = commands.add_parser("run", help="run one notebook")
    run.add_argument("notebook", help="its number, such as 01, or its path")
    run.add_argument(
        "-p", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE")
    )
    run.add_argument("--out", type=Path, metavar="FILE", help="the executed notebook, .ipynb")
    return parser.parse_args(arguments)


def _course() -> int:
    runs = run_course(course_notebooks())
    print(f"Open {RUNS_FOLDER / 'latest' / 'index.html'}")
    return int(any(run.problem for run in runs))


def _run(options: argparse.Namespace) -> int:
    notebook = find_notebook(options.notebook)
    parameters = {
        name: RULES[name].parse(text) if name in RULES else text
        for name, text in options.parameters
    }
    check_values(parameters, papermill.inspect_notebook(str(notebook)))  # before a folder is made
    run = run_notebook(
        notebook, options.out or _new_folder(RUNS_FOLDER) / notebook.name, parameters
    )
    print(f"{notebook.stem}: {_status(run)}")
    print("\n".join(str(path) for path in (run.output, run.record) if path))
    return int(run.problem is not None)


def _check_files(notebook: Path, output: Path, record: Path) -> None:
    if not notebook.is_file():
        raise FileNotFoundError(f"There is no notebook {notebook}.")
    if output.suffix != ".ipynb":
        raise ValueError(f"The output is {output}; it must be a file whose name ends in .ipynb.")
    for path in (output, record):
        if path.exists():
            raise FileExistsError(f"{path} exists already; choose another output, or delete it.")


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while: papermill's kernel inherits this process's."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _failed_cell(output: Path) -> str:
    """Name the cell at which an executed notebook stopped, by its number and its heading."""
    number, heading, place = 0, "", "before its first cell"
    for cell in _cells(output):
        if cell.cell_type == "markdown":
            heading = next(iter(re.findall(HEADING, cell.source)), heading)
        elif cell.cell_type == "code":
            number += 1
            if cell.metadata.get("papermill", {}).get("start_time"):
                place = f"cell {number} ({heading or _first_line(cell.source)})"
    return place


def _cells(notebook: Path) -> list[nbformat.NotebookNode]:
    return nbformat.read(notebook, as_version=4).cells if notebook.exists() else []


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "no message")
    return line if len(line) <= 300 else f"{line[:300]}…"


def _title(notebook: Path) -> str:
    sources = (cell.source for cell in _cells(notebook) if cell.cell_type == "markdown")
    titles = (title for source in sources for title in re.findall(TITLE, source))
    return next(titles, notebook.stem)


def _status(run: Run) -> str:
    minutes = f"{run.seconds / 60:.1f} minutes"
    return f"failed after {minutes} in {run.problem}" if run.problem else f"done in {minutes}"


def _listing(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in parameters.items()) or "as it stands"


def _new_folder(runs_folder: Path) -> Path:
    runs_folder.mkdir(parents=True, exist_ok=True)
    stamp, number = f"{datetime.now():%Y-%m-%d_%H-%M-%S}", 1
    while True:
        folder = runs_folder / (stamp if number == 1 else f"{stamp}_{number}")
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1


def _replace_folder(source: Path, target: Path) -> None:
    """Copy a folder to the place of another, which stays whole until the copy is complete."""
    new, old = (target.with_name(f".{target.name}-{source.name}-{end}") for end in ("new", "old"))
    shutil.copytree(source, new)
    try:
        if target.exists():
            target.rename(old)
        new.rename(target)
    except OSError as error:
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(new, ignore_errors=True)
        raise OSError(
            f"{target} is in use and stays as it was; the new page is in {source}."
        ) from error
    shutil.rmtree(old, ignore_errors=True)


def _write_html(output: Path) -> Path:
    """Write an executed notebook as a page that waits for nothing from the network."""
    exporter = HTMLExporter(extra_loaders=[LOADER], template_file=NOTEBOOK_PAGE)
    book = nbformat.read(output, as_version=4)
    drop_widgets(book)
    page, _ = exporter.from_notebook_node(book, {"metadata": {"name": output.stem}})
    path = output.with_suffix(".html")
    path.write_text(page, encoding="utf-8")
    return path


def _shown(run: Run) -> dict[str, Any]:
    """What the course's page says of a run."""
    record = load_record(run.record) if run.record else {"data": "", "figures": {}, "published": []}
    figures = [
        (name.replace("_", " "), format_figure(figure))
        for name, figure in record["figures"].items()
    ]
    files = ((".html", "read it"), (".ipynb", "notebook"), (".json", "record"))
    links = {run.output.stem + ending: name for ending, name in files}
    return {
        "title": _title(run.notebook),
        "status": _status(run),
        "failed": run.problem is not None,
        "data": record["data"],
        "figures": figures[:HEADLINES],
        "picture": _thumbnail(run.output),
        "links": {
            file: name for file, name in links.items() if run.output.with_name(file).exists()
        },
        "rows": [
            (row["what"], format_figure(row["published"]), format_figure(row["measured"]))
            for row in record["published"]
        ],
    }


def _thumbnail(output: Path) -> dict[str, str] | None:
    """The notebook's first figure, small: a PNG in base64 and its alt text."""
    for shown in (shown for cell in _cells(output) for shown in cell.get("outputs", [])):
        if png := shown.get("data", {}).get("image/png"):
            return {"png": _shrunk(png), "alt": shown.metadata.get("image/png", {}).get("alt", "")}
    return None


def _shrunk(png: str) -> str:
    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        picture.thumbnail(THUMBNAIL_SIZE)
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


if __name__ == "__main__":
    sys.exit(main())
