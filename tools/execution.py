"""Run one notebook by papermill: found, its values checked, executed, its outcome told.

`tools.reruns` is the command line; `tools.sweeps` runs many.
"""

from __future__ import annotations

import ast
import os
import re
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill
from traitlets.config import Config

from helpers.environment import PROJECT
from helpers.parameters import check_values
from helpers.results import RECORD_VARIABLE

NOTEBOOKS_FOLDER = PROJECT / "notebooks"
PRESETS = NOTEBOOKS_FOLDER / "presets.toml"
PRESET_NAMES = ("quick", "class", "published", "full")
KERNEL = "python3"
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
# Keys for the kernel's sockets where the kernel supports them; without, it prints a warning.
KERNEL_CONFIG = Config(KernelManager={"transport_encryption": "auto"})


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

    @property
    def status(self) -> str:
        """How it went and how long it took, in one line."""
        minutes = f"{self.seconds / 60:.1f} minutes"
        return f"failed after {minutes}: {self.problem}" if self.problem else f"done in {minutes}"


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
    number = name.zfill(2)  # 1 is 01
    found = [
        path for path in notebooks if name in (path.stem, path.name) or path.stem[:2] == number
    ]
    if not found and Path(name).suffix == ".ipynb" and Path(name).is_file():
        found = [Path(name)]
    if len(found) != 1:
        raise FileNotFoundError(
            f"{name!r} names no notebook of the course: give a path, or the number or name of "
            f"one of {', '.join(path.stem for path in notebooks)}."
        )
    return found[0]


def default_parameters(notebook: Path) -> dict[str, Any]:
    """Read a notebook's parameters, without running it.

    Args:
        notebook: path of the notebook.

    Returns:
        The values of its parameters cell by name, in their order.

    Raises:
        ValueError: the file is no notebook, or a value is more than a literal.
    """
    return {name: _literal(notebook, entry) for name, entry in inspect_notebook(notebook).items()}


def inspect_notebook(notebook: Path) -> dict[str, Any]:
    """Read a notebook's parameters as papermill does.

    Args:
        notebook: path of the notebook.

    Returns:
        Papermill's entry for each parameter, by name.

    Raises:
        ValueError: the file is no notebook.
    """
    try:
        return papermill.inspect_notebook(str(notebook))
    except (nbformat.ValidationError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise ValueError(
            f"{notebook} cannot be read as a notebook ({type(error).__name__}: "
            f"{_first_line(str(error))}); is the file whole?"
        ) from error


def _literal(notebook: Path, entry: Mapping[str, Any]) -> Any:
    try:
        return ast.literal_eval(entry["default"])
    except (ValueError, SyntaxError) as error:
        raise ValueError(
            f"{notebook.name}: the parameter {entry['name']} is {entry['default']!r}; "
            'it must be one plain value, such as 5 or "auto".'
        ) from error


def preset_values(notebook: Path, preset: str, presets: Path = PRESETS) -> dict[str, Any]:
    """Read the parameters that a preset sets in a notebook.

    Args:
        notebook: path of the notebook.
        preset: one of `PRESET_NAMES`.
        presets: a TOML file with a table `<preset>` for all notebooks, of which each takes the
            parameters it has, and a table `<notebook>.<preset>` for each, which counts for more.

    Returns:
        Parameter values by name.

    Raises:
        ValueError: there is no such preset, or it has an unknown name or a value out of range.
    """
    if preset not in PRESET_NAMES:
        allowed = f"{', '.join(PRESET_NAMES[:-1])} or {PRESET_NAMES[-1]}"
        raise ValueError(f"There is no preset {preset!r}: choose {allowed}.")
    tables = tomllib.loads(presets.read_text(encoding="utf-8"))
    known = inspect_notebook(notebook)
    shared = {name: value for name, value in tables.get(preset, {}).items() if name in known}
    values = shared | tables.get(notebook.stem, {}).get(preset, {})
    check_values(values, known)
    return values


def quick_preset(notebook: Path, presets: Path = PRESETS) -> dict[str, Any]:
    """Read the parameters that run a notebook quickly and offline, see `preset_values`."""
    return preset_values(notebook, "quick", presets)


def thread_variables(cpus: int | None) -> dict[str, str]:
    """Return the environment variables that keep TensorFlow and NumPy to some cores.

    Args:
        cpus: how many threads; None for as many as there are cores.
    """
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    return dict.fromkeys(names, str(cpus)) if cpus else {}


def listing(parameters: Mapping[str, Any]) -> str:
    """Write parameter values in one line."""
    return ", ".join(f"{name}={value!r}" for name, value in parameters.items()) or "as it stands"


def cells_of(notebook: Path) -> list[nbformat.NotebookNode]:
    """Read a notebook's cells; none where there is no such file."""
    return nbformat.read(notebook, as_version=4).cells if notebook.exists() else []


def run_notebook(
    notebook: Path,
    output: Path,
    parameters: Mapping[str, Any] | None = None,
    progress: bool = True,
    variables: Mapping[str, str] | None = None,
) -> Run:
    """Run a notebook by papermill, in the `python3` kernel, nobody attending.

    Names and values are checked before anything starts. The kernel works in the current folder and
    the run's record lands beside the output, as `<output stem>.json`.

    Args:
        notebook: the notebook to run.
        output: where the executed notebook goes; its folder is made.
        parameters: values by name for some or all of the notebook's parameters.
        progress: show a bar that counts cells.
        variables: environment variables for the kernel.

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
    check_values(parameters, inspect_notebook(notebook))
    output.parent.mkdir(parents=True, exist_ok=True)
    began, problem = time.monotonic(), None
    with _environment({**(variables or {}), RECORD_VARIABLE: str(record.resolve())}):
        try:
            papermill.execute_notebook(
                str(notebook),
                str(output),
                parameters,
                kernel_name=KERNEL,
                config=KERNEL_CONFIG,
                progress_bar=progress,
            )
        except papermill.PapermillExecutionError as error:
            problem = f"{_failed_cell(output)}: {error.ename}: {_first_line(error.evalue)}"
        except RuntimeError as error:  # the kernel died, or never answered
            problem = f"{_failed_cell(output)}: {_first_line(str(error))} (out of memory?)"
    seconds = time.monotonic() - began
    return Run(notebook, output, record if record.exists() else None, seconds, problem)


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
    for cell in cells_of(output):
        if cell.cell_type == "markdown":
            heading = next(iter(re.findall(HEADING, cell.source)), heading)
        elif cell.cell_type == "code":
            number += 1
            if cell.metadata.get("papermill", {}).get("start_time"):
                place = f"cell {number} ({heading or _first_line(cell.source)})"
    return place


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "no message")
    return line if len(line) <= 300 else f"{line[:300]}…"
