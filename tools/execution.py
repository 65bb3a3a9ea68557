"""Run one notebook by papermill: found, its values checked, executed, its outcome told.

`tools.reruns` is the command line; `tools.sweeps` runs many.
"""

from __future__ import annotations

import ast
import logging
import math
import os
import re
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from traitlets.config import Config

from helpers.environment import PROJECT
from helpers.parameters import check_values
from helpers.results import RECORD_VARIABLE
from tools.outputs import DAMAGED

NOTEBOOKS_FOLDER = PROJECT / "notebooks"
PRESETS = NOTEBOOKS_FOLDER / "presets.toml"
PRESET_NAMES = ("quick", "class", "published", "full")
KERNEL = "python3"
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
# Keys for the kernel's sockets where the kernel supports them; without, it prints a warning.
KERNEL_CONFIG = Config(KernelManager={"transport_encryption": "auto"})
STORED = 5_000_000  # characters of printed text stored of a cell, 100 more counted for each message
CUT = "\n[The rest of this cell's output is not stored: it is too long.]\n"
SLOWEST = 300  # seconds to wait for the output of a cell that has run
ENGINE = "course"
QUIET = logging.Logger("run", logging.CRITICAL)  # what goes wrong is told once, in the run's status


class _Client(PapermillNotebookClient):
    """Papermill's, with a bound on the text it stores of a cell, and a time limit in all."""

    def __init__(self, nb_man: Any, end: float, **options: Any) -> None:
        left = {"timeout_func": lambda _: max(end - time.monotonic(), 0.001)}
        super().__init__(nb_man, **options, **(left if end < math.inf else {}))
        self.cell, self.length = "", 0

    def execute(self, **options: Any) -> Any:
        try:
            return super().execute(**options)
        except BaseException as error:
            self._kill_kernel()
            if _was_interrupted(error):  # cleaning up may have raised something else
                logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # of those tasks
                raise KeyboardInterrupt from None
            raise

    def papermill_execute_cells(self) -> None:
        try:
            super().papermill_execute_cells()
        except BaseException:  # interrupted, or out of time: a kernel asked to go would answer back
            self._kill_kernel()
            self.shutdown_kernel = "immediate"
            raise

    def _kill_kernel(self) -> None:
        """End the kernel at once; the client would interrupt it first, which it tells on stderr."""
        if process := getattr(getattr(self.km, "provisioner", None), "process", None):
            process.kill()

    def clear_output(self, *message: Any) -> None:
        self.length = 0
        super().clear_output(*message)

    def output(self, outs: list, msg: dict, display_id: str | None, cell_index: int) -> Any:
        if msg["msg_type"] == "stream":
            if self.cell != (cell := msg["parent_header"]["msg_id"]):
                self.cell, self.length = cell, 0
            text, before = msg["content"]["text"], self.length
            self.length += len(text) + 100
            if before > STORED:
                return None
            if self.length > STORED:
                msg["content"]["text"] = text[: STORED - before] + CUT
        return super().output(outs, msg, display_id, cell_index)


def _was_interrupted(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


class _Engine(Engine):
    """Papermill's own engine, but with the course's client."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, end: float = math.inf, **_: Any
    ) -> None:
        waits = {"startup_timeout": 60, "iopub_timeout": SLOWEST}
        more = {"kernel_name": kernel_name, "config": KERNEL_CONFIG, "log": QUIET}
        _Client(nb_man, end, **waits, **more).execute()


papermill_engines.register(ENGINE, _Engine)


@dataclass(frozen=True)
class Run:
    """One run of one notebook."""

    notebook: Path
    output: Path  # the executed notebook, as far as it came
    record: Path | None  # None where the notebook left none
    seconds: float
    problem: str | None  # which cell failed and why, in one line

    @property
    def status(self) -> str:
        """How it went and how long it took, in one line."""
        minutes = f"{self.seconds / 60:.1f} minutes"
        return f"failed after {minutes}: {self.problem}" if self.problem else f"done in {minutes}"


def course_notebooks(folder: Path = NOTEBOOKS_FOLDER) -> list[Path]:
    """List the course's notebooks, whose names begin with a two-digit number, in their order."""
    return sorted(folder.glob("[0-9][0-9]_*.ipynb"))


def find_notebook(name: str, folder: Path = NOTEBOOKS_FOLDER) -> Path:
    """Find the one notebook of a number, a name or a path, or raise a FileNotFoundError."""
    notebooks = course_notebooks(folder)
    number = name and name.zfill(2)  # 1 is 01
    found = [path for path in notebooks if {path.stem, path.name, path.stem[:2]} & {name, number}]
    if not found and Path(name).suffix == ".ipynb" and Path(name).is_file():
        found = [Path(name)]
    if len(found) != 1:
        raise FileNotFoundError(
            f"{name!r} names no notebook of the course: give a path, or the number or name of "
            f"one of {', '.join(path.stem for path in notebooks)}."
        )
    return found[0]


def default_parameters(notebook: Path) -> dict[str, Any]:
    """Read the values of a notebook's parameters cell by name, without running it.

    A file that is no notebook, or a value that is more than a literal, is a ValueError.
    """
    values = {}
    for name, entry in inspect_notebook(notebook).items():
        try:
            values[name] = ast.literal_eval(entry["default"])
        except (ValueError, SyntaxError) as error:
            raise ValueError(
                f"{notebook.name}: the parameter {name} is {entry['default']!r}; "
                'it must be one plain value, such as 5 or "auto".'
            ) from error
    return values


def inspect_notebook(notebook: Path) -> dict[str, Any]:
    """Read papermill's entry for each parameter, by name; ValueError if it is no notebook."""
    try:
        return papermill.inspect_notebook(_literal(notebook))
    except DAMAGED as error:
        raise ValueError(
            f"{notebook} cannot be read as a notebook ({type(error).__name__}: "
            f"{first_line(str(error))}); is the file whole?"
        ) from error


def preset_values(notebook: Path, preset: str) -> dict[str, Any]:
    """Read the parameters that a preset, one of `PRESET_NAMES`, sets in a notebook.

    `PRESETS` has a table `<preset>` for all notebooks, of which each takes the parameters it has,
    and a table `<notebook>.<preset>` for each, which counts for more. No such preset, a damaged
    file, an unknown name or a value out of range is a ValueError.
    """
    if preset not in PRESET_NAMES:
        allowed = f"{', '.join(PRESET_NAMES[:-1])} or {PRESET_NAMES[-1]}"
        raise ValueError(f"There is no preset {preset!r}: choose {allowed}.")
    known = inspect_notebook(notebook)
    try:
        tables = tomllib.loads(PRESETS.read_text(encoding="utf-8"))
        shared = {name: value for name, value in tables.get(preset, {}).items() if name in known}
        values = shared | tables.get(notebook.stem, {}).get(preset, {})
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"{PRESETS.name} is damaged ({error}); correct it, or restore it by git."
        ) from error
    check_values(values, known)
    return values


def thread_variables(cpus: int | None) -> dict[str, str]:
    """Return the environment variables that keep TensorFlow and NumPy to so many cores, if any."""
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    return dict.fromkeys(names, str(cpus)) if cpus else {}


def listing(parameters: Mapping[str, Any]) -> str:
    """Write parameter values in one line."""
    return ", ".join(f"{name}={value!r}" for name, value in parameters.items()) or "as it stands"


def cells_of(notebook: Path) -> list[nbformat.NotebookNode]:
    """Read a notebook's cells; none where there is no such file, or no whole notebook in it."""
    try:
        return nbformat.read(notebook, as_version=4).cells
    except (OSError, *DAMAGED):
        return []


def run_notebook(
    notebook: Path,
    output: Path,
    parameters: Mapping[str, Any] | None = None,
    progress: bool = True,
    variables: Mapping[str, str] | None = None,
    minutes: float | None = None,
) -> Run:
    """Run a notebook by papermill, in the `python3` kernel, nobody attending.

    The kernel works in the current folder. The run's record lands beside the output, whose folder
    is made, as `<output stem>.json`. Whatever stops the run is told in its `problem`, and the
    output ends there.

    Args:
        notebook, output: the notebook to run, and where the executed one goes.
        parameters: values by name for some or all of the notebook's parameters.
        progress: show a bar that counts cells.
        variables: environment variables for the kernel.
        minutes: time limit of the run, above 0; None for none.

    Raises, before anything starts:
        FileNotFoundError: there is no such notebook.
        FileExistsError: the output or its record exists already.
        ValueError: a parameter is unknown or not allowed, or the output is no `.ipynb`.
    """
    parameters, record = dict(parameters or {}), output.with_suffix(".json")
    if not notebook.is_file():
        raise FileNotFoundError(f"There is no notebook {notebook}.")
    if output.suffix != ".ipynb":
        raise ValueError(f"The output is {output}; it must be a file whose name ends in .ipynb.")
    for path in (output, record):
        if path.exists():
            raise FileExistsError(f"{path} exists already; choose another output, or delete it.")
    check_values(parameters, inspect_notebook(notebook))
    output.parent.mkdir(parents=True, exist_ok=True)
    began, problem = time.monotonic(), None
    end = began + 60 * minutes if minutes else math.inf
    # Papermill's kernel inherits this process's environment.
    with patch.dict(os.environ, {**(variables or {}), RECORD_VARIABLE: str(record.resolve())}):
        try:
            papermill.execute_notebook(
                _literal(notebook),
                _literal(output),
                parameters,
                engine_name=ENGINE,
                kernel_name=KERNEL,
                progress_bar=progress,
                end=end,
            )
        except Exception as error:  # of a cell, the kernel, the file, or between them
            late = f"stopped by the time limit of {minutes:g} minutes" if end < math.inf else ""
            problem = _problem(error, output, late if time.monotonic() >= end else "")
    seconds = time.monotonic() - began
    return Run(notebook, output, record if record.exists() else None, seconds, problem)


def try_notebook(notebook: Path, output: Path, *options: Any, **more: Any) -> Run:
    """Run a notebook as `run_notebook` does; where it cannot even begin, that is its problem."""
    try:
        return run_notebook(notebook, output, *options, **more)
    except (OSError, ValueError) as error:
        return Run(notebook, output, None, 0.0, first_line(str(error)))


def _problem(error: Exception, output: Path, late: str) -> str:
    """Say in one line what stopped a run; `late` where that was the time limit."""
    place = _failed_cell(output)
    said = first_line(str(error) or type(error).__name__)
    if isinstance(error, papermill.PapermillExecutionError):
        said = f"{error.ename}: {first_line(error.evalue)}"
    elif late:
        said = late
    elif not place and output.exists():  # papermill writes it just before it starts the kernel
        return f"the kernel {KERNEL!r} ({_kernel_program()}) did not start: {said}"
    elif isinstance(error, CellTimeoutError):
        said = f"its output did not all arrive within {SLOWEST} seconds"
    elif isinstance(error, DeadKernelError):
        said += " (out of memory?)"
    return f"{place or 'before its first cell'}: {said}"


def _literal(path: Path) -> str:
    """Write a path for papermill, which would fill in parameters between braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _kernel_program() -> str:
    try:
        return KernelSpecManager().get_kernel_spec(KERNEL).argv[0]
    except (NoSuchKernel, IndexError):
        return "not installed"


def _failed_cell(output: Path) -> str:
    """Name the cell at which a notebook stopped, by its number and its heading; "" before any."""
    number, heading, place = 0, "", ""
    for cell in cells_of(output):
        if cell.cell_type == "markdown":
            heading = next(iter(re.findall(HEADING, cell.source)), heading)
        elif cell.cell_type == "code":
            number += 1
            if cell.metadata.get("papermill", {}).get("start_time"):
                place = f"cell {number} ({heading or first_line(cell.source)})"
    return place


def first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "no message")
    return line if len(line) <= 300 else f"{line[:300]}…"
