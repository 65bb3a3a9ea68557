"""The key of a run: the same for two runs that must give the same, another for any others.

It is made of the notebook's code cells, all its parameters, the versions of Python, TensorFlow,
Keras and NumPy, and the code of those helpers that the notebook uses, with the settings that they
read. Texts, comments, stored outputs, tools and helpers that it does not use leave it as it is.
What a folder holds that a parameter names is no part of it.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from helpers.fingerprints import imported_names, modules_used
from helpers.results import versions
from tools.execution import cells_of

LENGTH = 12  # hexadecimal digits


def run_key(notebook: Path, parameters: Mapping[str, Any]) -> str:
    """Return the key, twelve hexadecimal digits, of a notebook's run with all of its values."""
    code = code_of(notebook)
    content = [code, dict(parameters), versions(), helpers_used(code)]
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def key_now(notebook: Path, parameters: Mapping[str, Any]) -> str:
    """Return `run_key` of the helpers as they are now: they may have been edited meanwhile."""
    helpers_used.cache_clear()
    return run_key(notebook, parameters)


def code_of(notebook: Path) -> tuple[str, ...]:
    """Return the sources of a notebook's code cells."""
    return tuple(cell.source for cell in cells_of(notebook) if cell.cell_type == "code")


@functools.cache
def helpers_used(code: tuple[str, ...]) -> dict[str, str]:
    """Return the fingerprints of the helpers that code, IPython's magics allowed, imports."""
    python = (TransformerManager().transform_cell(source) for source in code)
    return modules_used(name for source in python for name in imported_names(source))
