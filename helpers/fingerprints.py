"""What tells one state of the course's code from another: comments and docstrings do not count.

Runs, records and kept activations are the same where this is the same.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import itertools
import json
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from helpers import STARTED
from helpers.environment import PROJECT

PACKAGE = "helpers"
READ_BY = {"helpers.data.catalog": "data/catalog.toml"}  # settings that a module reads
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of what a Python source says, layout apart, or of a TOML file's values."""
    return _fingerprint(path.read_text(encoding="utf-8"), path.suffix)


@functools.cache  # every record asks for the same few files again
def _fingerprint(text: str, suffix: str) -> str:
    if suffix == ".toml":
        meaning = json.dumps(tomllib.loads(text), sort_keys=True, default=str)
    else:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        meaning = ast.unparse(tree)
    return hashlib.sha256(meaning.encode()).hexdigest()


def modules_used(names: Iterable[str], project: Path = PROJECT) -> dict[str, str]:
    """Return the course's modules that some modules need, themselves included.

    Args:
        names: dotted names, such as "helpers.data.pictures"; those outside `helpers` are ignored.
        project: the folder that holds `helpers`.

    Returns:
        The fingerprint of each module and package, by its dotted name, and of each file of settings
        that they read, by its path.
    """
    waiting, found = list(names), {}
    while waiting:
        for name in itertools.accumulate(waiting.pop().split("."), "{}.{}".format):
            path = _file_of(name, project)
            if path is None or name in found:
                continue
            found[name] = fingerprint(path)
            if settings := READ_BY.get(name):
                found[settings] = fingerprint(project / settings)
            waiting += imported_names(path.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


@functools.cache
def imported_names(source: str) -> tuple[str, ...]:
    """Return the dotted names that a Python source imports; text that is no Python imports none."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ()
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):  # the course imports nothing relatively
            names += (f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(names)


def version_of(modules: dict[str, str]) -> str:
    """Return eight hexadecimal digits for modules from `modules_used`."""
    return hashlib.sha256(json.dumps(modules).encode()).hexdigest()[:8]


def course_version() -> str:
    """Return `version_of` the modules that are loaded.

    A "+" follows where the file of one was edited since: what ran may be older than that.
    """
    loaded = [name for name in sys.modules if name.split(".")[0] == PACKAGE]
    files = filter(None, (_file_of(name, PROJECT) for name in loaded))
    edited = any(file.stat().st_mtime > STARTED.timestamp() for file in files)
    return version_of(modules_used(loaded)) + "+" * edited


def _file_of(name: str, project: Path) -> Path | None:
    """Return the file of a module or package of `helpers`, None where there is none."""
    if name.split(".")[0] != PACKAGE:
        return None
    base = project.joinpath(*name.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)
