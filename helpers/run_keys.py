"""The key of a run: the same for two runs that must give the same, another for any others.

It is made of the notebook's code cells, all its parameters, the versions of Python, TensorFlow,
Keras and NumPy, and the code of those helpers that the notebook uses. Texts, stored outputs and
helpers that it does not use leave it as it is. What a folder holds that a parameter names is no
part of it.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from helpers.execution import cells_of
from helpers.results import versions

HELPERS_FOLDER = Path(__file__).parent
LENGTH = 12  # hexadecimal digits


def run_key(notebook: Path, parameters: Mapping[str, Any]) -> str:
    """Return the key of a run.

    Args:
        notebook: the notebook to run.
        parameters: all of its values by name.

    Returns:
        Twelve hexadecimal digits.
    """
    code = code_of(notebook)
    content = [code, dict(parameters), versions(), helpers_used(code)]
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def code_of(notebook: Path) -> tuple[str, ...]:
    """Return the sources of a notebook's code cells."""
    return tuple(cell.source for cell in cells_of(notebook) if cell.cell_type == "code")


@functools.cache
def helpers_used(code: tuple[str, ...], folder: Path = HELPERS_FOLDER) -> dict[str, str]:
    """Return the helpers that code imports, directly or through others.

    Args:
        code: Python sources; IPython's magics are allowed.
        folder: where the helpers are.

    Returns:
        The sha256 of each module's file, by the module's name.
    """
    python = (TransformerManager().transform_cell(source) for source in code)
    waiting = [name for source in python for name in _imported_helpers(source)]
    found: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        path = folder / f"{name}.py"
        if name in found or not path.is_file():
            continue
        source = path.read_bytes()
        found[name] = hashlib.sha256(source).hexdigest()
        waiting += _imported_helpers(source.decode())
    return dict(sorted(found.items()))


def _imported_helpers(source: str) -> Iterator[str]:
    """Yield the names of imported modules of `helpers`; a cell that is no Python imports none."""
    try:
        nodes: Iterable[ast.AST] = ast.walk(ast.parse(source))
    except SyntaxError:
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, _, module = name.partition(".")
            if package == "helpers":
                yield module.partition(".")[0]
