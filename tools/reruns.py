"""Reruns of the notebooks by papermill: checked before they start, gathered on one page.

From the command line:
    python -m tools.reruns course                          every notebook, quickly
    python -m tools.reruns run 01 -p EPOCHS 5 -p SEED 1    one notebook, with other parameters
    python -m tools.reruns sweep MATRIX.yaml               a grid of runs, see tools/matrix.py
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import itertools
import math
import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
from joblib import Parallel, delayed
from nbconvert import HTMLExporter
from PIL import Image

from helpers.environment import RUNS_FOLDER, SWEEPS_FOLDER
from helpers.files import explain
from helpers.parameters import RULES, check_values
from helpers.results import load_record
from tools import STOPPED, storage, sweeps
from tools.execution import (
    HEADING,
    NOTEBOOKS_FOLDER,
    PRESET_NAMES,
    Run,
    cells_of,
    course_notebooks,
    find_notebook,
    first_line,
    inspect_notebook,
    listing,
    preset_values,
    run_notebook,
    thread_variables,
    try_notebook,
)
from tools.matrix import read_matrix
from tools.outputs import drop_widgets, headline_figure, mark_tables
from tools.ray_runs import Needs, check_ray, run_on_ray
from tools.safe_html import clean_html
from tools.templates import LOADER, fill
from tools.whole_folders import replace_folder

AT_ONCE = 2  # notebooks of a course: one alone leaves half of two cores idle
THUMBNAIL_SIZE = (640, 480)  # pixels, at most
COURSE_PAGE = "course_page.html.j2"
NOTEBOOK_PAGE = "notebook_page.html.j2"  # nbconvert's own, mended


def run_course(notebooks: Sequence[Path], minutes: float | None = None) -> list[Run]:
    """Run notebooks quickly, two side by side; gather them on one page, and return the runs.

    Everything goes to a new folder in `RUNS_FOLDER`, and then replaces `latest` beside it, where
    `index.html` is the page. A failed notebook does not stop the others. Where somebody stops
    them, the page in the new folder shows those that ran, and `latest` stays.

    Raises:
        ValueError: there is no notebook, or a preset is wrong; nothing was run then.
        OSError: `latest` cannot be replaced; the new folder is complete then.
    """
    if not notebooks:
        raise ValueError(f"There is no notebook in {NOTEBOOKS_FOLDER.name}/: nothing to run.")
    values = [preset_values(notebook, "quick") for notebook in notebooks]
    folder = _new_folder()
    cores = os.cpu_count() or 1
    beside = min(AT_ONCE, cores, len(notebooks))
    options = {
        "progress": beside == 1 and sys.stderr.isatty(),
        "variables": thread_variables(cores // beside),
        "minutes": minutes,
    }
    todo = []
    # Neighbours draw the same pictures, and one would wait for the other: the halves take turns.
    half = math.ceil(len(notebooks) / 2)
    planned = enumerate(zip(notebooks, values, strict=True))
    for _, (notebook, parameters) in sorted(planned, key=lambda each: each[0] % half):
        print(f"{notebook.stem}: {listing(parameters)}", flush=True)
        todo.append(delayed(try_notebook)(notebook, folder / notebook.name, parameters, **options))
    runs: list[Run] = []
    try:
        for run in Parallel(beside, return_as="generator_unordered")(todo):
            runs.append(run)
            print(f"{run.notebook.stem}: {run.status}", flush=True)
            try:
                _write_html(run.output)
            except Exception as error:  # of nbconvert or a template: it costs this page alone
                print(f"{run.notebook.stem}: no page could be made of it: {first_line(str(error))}")
    finally:
        runs.sort(key=lambda run: notebooks.index(run.notebook))
        write_page(runs, folder)
    replace_folder(folder, RUNS_FOLDER / "latest")
    return runs


def write_page(runs: Sequence[Run], folder: Path) -> Path:
    """Write the page of a course run: a card a notebook, with its headline and its best figure."""
    page = fill(
        COURSE_PAGE,
        when=datetime.now(),
        runs=[_shown(run) for run in runs],
        failed=sum(run.problem is not None for run in runs),
        minutes=sum(run.seconds for run in runs) / 60,
    )
    path = folder / "index.html"
    path.write_text(page, encoding="utf-8")
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run notebooks; return 1 where one failed, 2 where the command was wrong, 130 on Ctrl-C."""
    options = _read_arguments(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    try:
        if options.minutes is not None and not 0 < options.minutes < math.inf:
            raise ValueError("--minutes is the time limit of a notebook: a number above 0.")
        return options.act(options)
    except (ValueError, OSError) as error:
        print(f"{explain(error)}." if isinstance(error, OSError) else error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        return 130


def _read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.reruns", description="Rerun notebooks.")
    limit = argparse.ArgumentParser(add_help=False)
    limit.add_argument("--minutes", type=float, metavar="N", help="time limit of a notebook")
    commands = parser.add_subparsers(dest="command", required=True)
    course = commands.add_parser(
        "course", help="run every notebook quickly and gather them on one page", parents=[limit]
    )
    course.set_defaults(act=_course)
    run = commands.add_parser("run", help="run one notebook", parents=[limit])
    run.add_argument("notebook", help="its number, such as 01, or its path")
    run.add_argument(
        "-p", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE")
    )
    run.add_argument("--preset", default="published", help=f"one of {', '.join(PRESET_NAMES)}")
    run.add_argument("--out", metavar="FILE", help="the executed notebook, .ipynb")
    run.set_defaults(act=_run)
    sweep = commands.add_parser(
        "sweep", help="run a matrix of notebooks, parameters and seeds", parents=[limit]
    )
    add = sweep.add_argument
    add("matrix", type=Path, help="a YAML file, see tools/matrix.py")
    add("--dry-run", action="store_true", help="only list what would run")
    add(
        "--out",
        metavar="FOLDER",
        help="by default runs/sweeps/<matrix>; a storage address such as s3://bucket/folder gets "
        "a copy of every notebook and record",
    )
    add("--on", choices=("here", "ray"), default="here", help="this machine, or a Ray cluster")
    add("--cpus", type=int, metavar="N", help="cores per run: by default all, or 1 on ray")
    add("--gpus", type=int, default=0, metavar="N", help="graphics processors per run, on ray")
    add("--memory", type=float, default=0.0, metavar="GB", help="memory per run, on ray")
    sweep.set_defaults(act=_sweep)
    return parser.parse_args(arguments)


def _course(options: argparse.Namespace) -> int:
    runs = run_course(course_notebooks(), minutes=options.minutes)
    print(f"Open {RUNS_FOLDER / 'latest' / 'index.html'}")
    return int(any(run.problem for run in runs))


def _run(options: argparse.Namespace) -> int:
    if options.out and storage.is_address(options.out):
        raise ValueError(
            f"--out is {options.out}: a single run writes to a file; a sweep copies to an address."
        )
    names = [name for name, _ in options.parameters]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"-p gives {twice[0]} twice; keep one.")
    notebook = find_notebook(options.notebook)
    given = {name: RULES[name].parse(v) if name in RULES else v for name, v in options.parameters}
    parameters = preset_values(notebook, options.preset) | given
    check_values(parameters, inspect_notebook(notebook))  # before a folder is made
    output = Path(options.out) if options.out else _new_folder() / notebook.name
    progress = sys.stderr.isatty()
    run = run_notebook(notebook, output, parameters, progress, minutes=options.minutes)
    print(f"{notebook.stem}: {run.status}")
    print("\n".join(str(path) for path in (run.output, run.record) if path))
    return int(run.problem is not None)


def _sweep(options: argparse.Namespace) -> int:
    address = options.out if options.out and storage.is_address(options.out) else None
    if address:
        storage.check_address(address)
    runner = _runner(options)
    default = SWEEPS_FOLDER / options.matrix.stem
    folder = default if address or not options.out else Path(options.out)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out is {folder}, a file: a sweep needs a folder.")
    tasks = sweeps.plan(read_matrix(options.matrix), folder)
    table = sweeps.dry_run_table(tasks, sweeps.last_seconds([SWEEPS_FOLDER, folder]))
    print(table if options.dry_run else table.splitlines()[-1], flush=True)
    if options.dry_run:
        return 0
    outcomes = sweeps.run_sweep(tasks, folder, address, runner)
    print(sweeps.outcome_table(outcomes))
    print(f"Records are in {folder}")
    lost = [outcome for outcome in outcomes if address and outcome.status.copied_to != address]
    if lost:
        print(f"{len(lost)} not copied to {address}; the same command tries again.")
    return int(bool(lost) or any(outcome.word == "failed" for outcome in outcomes))


def _runner(options: argparse.Namespace) -> sweeps.Runner:
    """Return what runs the tasks, where the command line wants it."""
    cpus, extras = options.cpus, (options.gpus, options.memory)
    if cpus == 0 or not all(0 <= value < math.inf for value in (cpus or 1, *extras)):
        raise ValueError("--cpus must be 1 or more, --gpus and --memory 0 or more.")
    if options.on == "ray":
        check_ray()
        return partial(run_on_ray, needs=Needs(cpus or 1, *extras, options.minutes))
    if any(extras):
        raise ValueError("--gpus and --memory are for --on ray; here, a run has the whole machine.")
    return partial(sweeps.run_here, cpus=cpus, minutes=options.minutes)


def _title(notebook: Path) -> str:
    texts = [cell.source for cell in cells_of(notebook) if cell.cell_type == "markdown"]
    title = HEADING.search("\n".join(texts))
    return title[1] if title else notebook.stem


def _new_folder() -> Path:
    """Make a folder that is named after the time."""
    RUNS_FOLDER.mkdir(parents=True, exist_ok=True)  # what is no folder ends here
    stamp = f"{datetime.now():%Y-%m-%d_%H-%M-%S}"
    for name in itertools.chain([stamp], (f"{stamp}_{number}" for number in itertools.count(2))):
        with contextlib.suppress(FileExistsError):
            (RUNS_FOLDER / name).mkdir()
            return RUNS_FOLDER / name


def _write_html(output: Path) -> None:
    """Write an executed notebook as a page, which runs no script of it and waits for no network."""
    if not cells_of(output):
        return
    exporter = HTMLExporter(extra_loaders=[LOADER], template_file=NOTEBOOK_PAGE, sanitize_html=True)
    exporter.register_filter("clean_html", clean_html)
    book = nbformat.read(output, as_version=4)
    drop_widgets(book)
    mark_tables(book)
    page, _ = exporter.from_notebook_node(book, {"metadata": {"name": output.stem}})
    output.with_suffix(".html").write_text(page, encoding="utf-8")


def _shown(run: Run) -> dict[str, Any]:
    """What the course's page says of a run."""
    headline = data = ""
    try:
        if run.record:
            record = load_record(run.record)
            headline, data = record["headline"], record["data"]
    except (ValueError, OSError) as error:
        data = str(error)
    kinds = {".html": "read it", ".ipynb": "notebook", ".json": "record"}
    files = {run.output.with_suffix(ending): name for ending, name in kinds.items()}
    return {
        "title": _title(run.notebook),
        "headline": "" if run.problem else headline,
        "status": run.status,
        "failed": run.problem is not None,
        "data": data,
        "picture": _picture(run.output),
        "links": {file.name: name for file, name in files.items() if file.exists()},
    }


def _picture(output: Path) -> dict[str, str] | None:
    """Return the figure for a notebook's card, small: kind, `data` in base64, and alt text."""
    if (figure := headline_figure(cells_of(output))) is None:
        return None
    kind, content, alt = figure
    if kind == "image/png":
        try:
            with Image.open(io.BytesIO(content)) as picture:
                picture.thumbnail(THUMBNAIL_SIZE)
                picture.save(buffer := io.BytesIO(), "PNG", optimize=True)
        except (OSError, ValueError, Image.DecompressionBombError):  # damaged
            return None
        content = buffer.getvalue()
    return {"kind": kind, "alt": alt, "data": base64.b64encode(content).decode()}


if __name__ == "__main__":
    sys.exit(main())
