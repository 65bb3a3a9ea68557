"""Execute a notebook in place, as it is to be committed.

    python -m tools.publishing notebooks/01_simple_cnn_rock_paper_scissors.ipynb [--pace class]
    python -m tools.publishing notebooks/NAME.ipynb --run runs/DATE/NAME.ipynb

Runs it with the parameters it states. Pictures out of a data set are not the course's to pass on,
so cells tagged `data-pictures` are stored with what they show of drawn pictures, in a quick run
beforehand; with `--drawn`, for a lesson whose pictures the course draws anyway, with their own
pictures. The file is replaced only after every cell has run. The run's record is then in
`runs/published/`, where `tools.replication` finds it, and the networks that it saved beside it.
With `--run` it stores what a run of `tools.reruns` left, which has kept every cell on the way. A
run of its own that could not be stored stays in `runs/publishing/` until the next.
"""

from __future__ import annotations

import argparse
import base64
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbformat.v4 import new_output
from PIL import Image

from helpers.environment import PUBLISHED_FOLDER, RUNS_FOLDER
from helpers.files import explain, write_atomically
from helpers.pace import PACE_VARIABLE, PACES
from helpers.results import models_beside
from tools.execution import (
    cells_of,
    default_parameters,
    find_notebook,
    first_line,
    preset_values,
    run_notebook,
)
from tools.outputs import (
    DATA_PICTURES,
    DRAWN,
    FIGURES,
    STAND_INS,
    drop_widgets,
    read_notebook,
)
from tools.whole_folders import replace_folder

WORK_FOLDER = RUNS_FOLDER / "publishing"  # a notebook's own folder in it lasts until it is stored
FREE = ("PACE", "DATA", "PRECISION")  # "auto" in a notebook: a run may say which it was


def publish(
    notebook: Path, pace: str = "published", run: Path | None = None, drawn: bool = False
) -> None:
    """Execute a notebook and replace it by the executed one; keep its record in `PUBLISHED_FOLDER`.

    `pace` is what its PACE "auto" means. Where a cell or the kernel fails, or the file is missing
    or edited meanwhile (OSError), the notebook is left as it is. So it is where `run`, an executed
    notebook to store in its place, is no complete run of it (ValueError). `drawn` tells that all of
    its pictures are drawn, and may stay. A run that cannot be stored is kept in `WORK_FOLDER`.
    """
    before = notebook.read_text(encoding="utf-8")
    book = nbformat.reads(before, as_version=4)
    stated = default_parameters(notebook)
    if run:  # refused before the quick run
        take_outputs(book, read_notebook(run), stated)
    pictures = quick_pictures(notebook) if "DATA" in stated and not drawn else {}
    executed = run or execute(notebook, pace)
    try:
        if not run:
            take_outputs(book, nbformat.read(executed, as_version=4), stated)
        pictures = pictures_of(book.cells) if drawn else pictures
        strip(book)
        add_pictures(book, pictures, DRAWN if drawn else STAND_INS)
        if notebook.read_text(encoding="utf-8") != before:
            raise OSError("it was edited meanwhile")
        keep_record(executed, PUBLISHED_FOLDER / f"{notebook.stem}.json")
        write_atomically(notebook, nbformat.writes(book, indent=1) + "\n")
    except BaseException:  # Ctrl-C, too
        print(f"The run is kept. If the code is still the same, this stores it: --run {executed}")
        raise
    if not run:
        shutil.rmtree(executed.parent, ignore_errors=True)


def execute(notebook: Path, pace: str) -> Path:
    """Run a notebook in its own folder in `WORK_FOLDER`; OSError where a cell fails."""
    folder = WORK_FOLDER / notebook.stem
    shutil.rmtree(folder, ignore_errors=True)
    run = folder / notebook.name  # the page tells its record's name
    done = run_notebook(notebook, run, variables={PACE_VARIABLE: pace})
    if done.problem:
        if done.record:  # nobody shall count it
            done.record.unlink()
        raise OSError(f"{done.problem}; see {run}")
    return run


def quick_pictures(notebook: Path) -> dict[str, list[nbformat.NotebookNode]]:
    """Return drawn stand-ins from a quick run, as `pictures_of`; OSError where that fails."""
    with TemporaryDirectory() as folder:
        output = Path(folder) / notebook.name
        quick = run_notebook(notebook, output, preset_values(notebook, "quick"))
        if quick.problem:
            raise OSError(f"its quick run, for drawn stand-ins, failed: {quick.problem}")
        return pictures_of(cells_of(output))


def keep_record(run: Path, kept: Path) -> None:
    """Copy the record of an executed notebook, if any, and the networks beside it."""
    if (record := run.with_suffix(".json")).exists():
        if (models := models_beside(record)).exists():
            replace_folder(models, models_beside(kept))
        else:  # those of an earlier run do not belong to this record
            shutil.rmtree(models_beside(kept), ignore_errors=True)
        write_atomically(kept, record.read_text("utf-8"))


def take_outputs(
    book: nbformat.NotebookNode, executed: nbformat.NotebookNode, stated: dict[str, Any]
) -> None:
    """Take over what the cells of an executed notebook show; a ValueError where it differs.

    `stated` are the parameters of the notebook, by name; those of the run may differ in FREE ones.
    """
    own = [cell for cell in book.cells if cell.cell_type == "code"]
    injected = "injected-parameters"  # papermill's tag of the cell that it adds
    run = [
        cell
        for cell in executed.cells
        if cell.cell_type == "code" and injected not in cell.metadata.get("tags", [])
    ]
    if [cell.source for cell in run] != [cell.source for cell in own]:
        raise ValueError("the run has other code than the notebook; run it again.")
    given = executed.metadata.get("papermill", {}).get("parameters", {})
    other = [name for name, value in given.items() if name not in FREE and value != stated[name]]
    if other:
        raise ValueError(f"the run had another {other[0]} than the notebook; run it without.")
    failed = any(each.output_type == "error" for cell in run for each in cell.outputs)
    if failed or any(cell.execution_count is None for cell in run):
        raise ValueError("the run did not come to its end; run it again.")
    for number, (cell, done) in enumerate(zip(own, run, strict=True), 1):
        cell.outputs, cell.execution_count = done.outputs, number
    CoalesceStreamsPreprocessor().preprocess(book, {})


def strip(book: nbformat.NotebookNode) -> None:
    """Take out what is not to be committed: data-set pictures, widget states, other metadata."""
    book.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in book.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "code" and DATA_PICTURES in tags:
            cell.outputs, cell.execution_count = [], None
    drop_widgets(book)


def pictures_of(cells: Sequence[nbformat.NotebookNode]) -> dict[str, list[nbformat.NotebookNode]]:
    """Return the outputs with pictures of each cell that shows those of a data set, by its id."""
    return {
        cell.id: [each for each in cell.outputs if FIGURES.keys() & each.get("data", ())]
        for cell in cells
        if DATA_PICTURES in cell.metadata.get("tags", [])
    }


def add_pictures(
    book: nbformat.NotebookNode, pictures: dict[str, list[nbformat.NotebookNode]], caption: str
) -> None:
    """Store drawn pictures, from `pictures_of`, in their cells, below a caption."""
    for cell in book.cells:
        if found := pictures.get(cell.id):
            for each in found:
                if "image/png" in each.data:
                    each.data["image/png"] = smaller(each.data["image/png"])
            cell.outputs = [new_output("stream", name="stdout", text=caption), *found]


def smaller(png: str) -> str:
    """Return a PNG in base64 with 256 colours: drawn noise would make a notebook too large."""
    with Image.open(io.BytesIO(base64.b64decode(png))) as image:
        image.convert("RGB").quantize(256).save(buffer := io.BytesIO(), "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish the notebooks named on the command line; return 1 where one fails."""
    parser = argparse.ArgumentParser(description="Execute notebooks in place, to be committed.")
    parser.add_argument("notebooks", nargs="+", help="each its number, such as 01, or its path")
    parser.add_argument("--pace", choices=PACES, default="published")
    parser.add_argument("--drawn", action="store_true", help="its pictures are drawn: keep them")
    parser.add_argument("--run", type=Path, help="store this executed notebook, of one lesson")
    options = parser.parse_args(arguments)
    if options.run and len(options.notebooks) > 1:
        parser.error("--run stores one notebook; name one.")
    if options.run and not options.run.is_file():
        parser.error(f"--run is {options.run}, which is no file; name an executed notebook.")
    try:
        notebooks = [find_notebook(name) for name in options.notebooks]
    except FileNotFoundError as error:
        parser.error(str(error))
    for notebook in notebooks:
        try:
            publish(notebook, options.pace, options.run, options.drawn)
        except Exception as error:  # of the file, the kernel, or between them
            why = explain(error) if isinstance(error, OSError) else str(error)
            why = first_line(why or type(error).__name__)
            print(f"{notebook.name} was not stored, and stays as it is: {why}")
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
