"""A matrix of runs: a small YAML file that names notebooks and values, read, checked, expanded.

    preset: published               # quick, class, published or full; published if left out
    seeds: [0, 1, 2]                # SEED, for every notebook that has it
    parameters: {DATA: full}        # for every notebook that has them
    notebooks:                      # by number, name or path; or a list of them; or: all
      01:
        LEARNING_RATE: [0.001, 0.0003]
      02:
        EPOCHS: [10, 25]

A list is several values, and a notebook runs once for each combination of its values. What a
notebook's own block says counts for more than `parameters` and `seeds`, these for more than the
preset. Runs come in the order of their seeds: every setting once before any is repeated, so that
a sweep that has to be broken off has something to compare.
"""

from __future__ import annotations

import difflib
import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helpers.parameters import RULES, check_values
from tools.execution import (
    course_notebooks,
    default_parameters,
    find_notebook,
    listing,
    preset_values,
)

MOST = 10_000  # runs of a notebook
ENTRIES = ("preset", "seeds", "parameters", "notebooks")
SEED = "SEED"


@dataclass(frozen=True)
class Planned:
    """A run that a matrix asks for."""

    notebook: Path
    given: dict[str, Any]  # the values to set: those of the preset and those of the matrix
    parameters: dict[str, Any]  # all of the notebook's values
    varied: tuple[str, ...]  # names of those values of which the matrix has several

    @property
    def title(self) -> str:
        """The notebook and what tells the run from the others of its matrix."""
        values = {name: self.parameters[name] for name in self.varied}
        return f"{self.notebook.stem}: {listing(values)}" if values else self.notebook.stem


def read_matrix(path: Path) -> list[Planned]:
    """Read a matrix, check all of it, and list its runs, each once, in the order of their seeds.

    A file or notebook that is missing is a FileNotFoundError; what is no YAML, asks for nothing, or
    names a preset, a parameter or a value that is not allowed, is a ValueError.
    """
    matrix = _read_yaml(path)
    blocks = _notebook_blocks(path, matrix.get("notebooks"))
    shared = _block(matrix.get("parameters"), "parameters")
    if "seeds" in matrix:
        if SEED in shared:
            raise ValueError(f"{path} gives seeds twice, as seeds and as {SEED}; keep one of them.")
        shared[SEED] = matrix["seeds"]
    defaults = {notebook: default_parameters(notebook) for notebook in blocks}
    everywhere = list(dict.fromkeys(itertools.chain(*defaults.values())))
    check_values({name: None for name in shared if name not in everywhere}, everywhere)
    runs = []
    for notebook, known in defaults.items():
        values = {name: value for name, value in shared.items() if name in known}
        base = preset_values(notebook, matrix.get("preset", "published"))
        runs += _expand(notebook, known, base, values | blocks[notebook])
    return sorted(runs, key=lambda run: run.parameters.get(SEED, 0))


def _read_yaml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"There is no matrix {path}.")
    try:
        matrix = yaml.load(path.read_text(encoding="utf-8"), Loader=_Strict)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        told = " ".join(str(error).split())
        raise ValueError(f"{path} cannot be read as YAML: {told}.") from error
    if not isinstance(matrix, dict) or not matrix:
        raise ValueError(f"{path} asks for nothing: it needs the entry notebooks.")
    for name in matrix:
        if name not in ENTRIES:
            close = difflib.get_close_matches(str(name), ENTRIES, n=1)
            meant = f" (did you mean {close[0]}?)" if close else ""
            known = ", ".join(ENTRIES)
            raise ValueError(f"{path}: {name!r} is not an entry{meant}; there are {known}.")
    return matrix


class _Strict(yaml.BaseLoader):
    """YAML with each name once in its block. All values are text, which the rules read as -p is."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                problem = f"{name} stands there twice; put its values into one list"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


def _notebook_blocks(path: Path, notebooks: Any) -> dict[Path, dict[str, Any]]:
    """Return each notebook with its own block of values."""
    if notebooks == "all":
        notebooks = [notebook.stem for notebook in course_notebooks()]
    if notebooks and isinstance(notebooks, str):
        notebooks = [notebooks]
    if not isinstance(notebooks, (dict, list)) or not notebooks:
        raise ValueError(f"{path} asks for nothing: notebooks must be all, or name at least one.")
    blocks = {}
    for name in notebooks:
        if not isinstance(name, str):
            raise ValueError(
                f"{path}: {name!r} is not a notebook's number, name or path; to give values, write "
                "notebooks as a block, such as 01: {EPOCHS: 5}."
            )
        beside = path.parent / name
        is_path = beside.suffix == ".ipynb" and beside.is_file()
        notebook = find_notebook(str(beside) if is_path else name)
        if notebook in blocks:
            raise ValueError(f"{path} names {notebook.stem} twice; put its values into one block.")
        block = notebooks[name] if isinstance(notebooks, dict) else None
        blocks[notebook] = _block(block, notebook.stem)
    return blocks


def _block(block: Any, where: str) -> dict[str, Any]:
    if block in (None, ""):
        return {}
    if not isinstance(block, dict):
        raise ValueError(
            f"{where}: {block!r} is not a block of names and values, such as EPOCHS: 5."
        )
    return dict(block)


def _expand(notebook: Path, known: dict, base: dict, values: dict) -> list[Planned]:
    """Return a run for each combination of a notebook's values, checked."""
    lists = {name: _values(name, value) for name, value in values.items()}
    try:
        for name, several in lists.items():
            for value in several:
                check_values({name: value}, known)
    except ValueError as error:
        raise ValueError(f"{notebook.stem}: {error}") from error
    count = math.prod(map(len, lists.values()))
    if count > MOST:
        raise ValueError(f"{notebook.stem}: the values make {count:,} runs, more than {MOST:,}.")
    varied = tuple(name for name, several in lists.items() if len(several) > 1)
    combinations = itertools.product(*lists.values())
    given = [base | dict(zip(lists, each, strict=True)) for each in combinations]
    return [Planned(notebook, each, known | each, varied) for each in given]


def _values(name: str, value: Any) -> list[Any]:
    """Return a parameter's values, each once."""
    several = value if isinstance(value, list) else [value]
    if not several:
        raise ValueError(f"{name} is an empty list: nothing to run; give it at least one value.")
    read = [RULES[name].parse(v) if name in RULES and isinstance(v, str) else v for v in several]
    return [each for place, each in enumerate(read) if each not in read[:place]]
