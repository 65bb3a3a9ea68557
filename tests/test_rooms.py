"""The three rooms: notebooks show Keras, helpers serve them, tools run them."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from helpers.environment import PROJECT
from helpers.fingerprints import imported_names
from tools.execution import cells_of, course_notebooks
from tools.run_keys import code_of, helpers_used

HELPERS = sorted((PROJECT / "helpers").rglob("*.py"))
TOOLS = sorted((PROJECT / "tools").rglob("*.py"))
TESTS = sorted((PROJECT / "tests").rglob("test_*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def tools_among(names) -> list[str]:
    return [name for name in names if name.split(".")[0] == "tools"]


@pytest.mark.parametrize("helper", HELPERS, ids=dotted)
def test_no_helper_imports_a_tool(helper):
    assert not tools_among(imported_names(helper.read_text(encoding="utf-8")))


@pytest.mark.parametrize("notebook", course_notebooks(), ids=lambda path: path.stem)
def test_no_notebook_imports_a_tool(notebook):
    for cell in cells_of(notebook):
        if cell.cell_type == "code":
            python = TransformerManager().transform_cell(cell.source)
            assert not tools_among(imported_names(python)), cell.source


def test_every_helper_is_used_by_a_notebook_or_by_another_helper():
    used = {name for notebook in course_notebooks() for name in helpers_used(code_of(notebook))}
    assert {dotted(helper) for helper in HELPERS} <= used


def test_the_tests_of_a_module_lie_where_the_module_does():
    modules = {dotted(path): path for path in (*HELPERS, *TOOLS)}
    for test in TESTS:
        room, *folders = test.relative_to(PROJECT / "tests").parent.parts or ("",)
        if room in ("helpers", "tools"):
            name = ".".join([room, *folders, test.stem.removeprefix("test_")])
            package = ".".join([room, *folders])
            assert name in modules or package.endswith(test.stem.removeprefix("test_")), test
