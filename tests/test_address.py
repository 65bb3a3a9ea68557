"""The course's address: how it is changed everywhere at once, and that all places agree on it."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.address import (
    change_address,
    find_addresses,
    main,
    parse_address,
    present_address,
)
from helpers.environment import PROJECT

BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({})"
COLAB = "https://colab.research.google.com/github/{}/blob/main/notebooks/{}"
OLD, NEW = "Ada-1/small.course", "grace_navy/cobol"
LESSONS = ("01_first.ipynb", "02_second.ipynb")
README = """\
# A course

{badges}

    git clone https://github.com/Ada-1/small.course.git course

[![Tests](https://github.com/Ada-1/small.course/actions/workflows/course.yml/badge.svg)](https://github.com/Ada-1/small.course/actions)
![A hand](https://raw.githubusercontent.com/Ada-1/small.course/main/hand.png), or
git@github.com:Ada-1/small.course.git. All of it: https://github.com/Ada-1/small.course.

{others}"""
# Links that look alike, and are not the course's.
OTHERS = """\
https://github.com/keras-team/keras, [Ada](https://github.com/Ada-1), Ada-1/small.course,
https://github.com/Ada-1/small.course-2 and https://github.com/Ada-1/small.course.js/issues,
https://github.com/Ada-1/small, https://example.org/Ada-1/small.course, repository: https://github.com/a/b
https://colab.research.google.com/github/keras-team/keras/blob/main/notebooks/09_not_here.ipynb
https://github.com/keras-team/keras/blob/main/notebooks/01_first.ipynb
"""
BAD = [
    "",
    "ada",
    "ada/",
    "/course",
    "ada/course/",
    "ada/course/tree/main",
    "ada /course",
    "ada/course\n",
    "-ada/course",
    "ada/..",
    "ada/.git",
    "ada/course.git.git",
    'ada/co"urse',
    "ada/größe",
    "a" * 40 + "/course",
    "ada/" + "c" * 101,
    "http://github.com/ada/course",
    "https://github.com/ada",
    "https://gitlab.com/ada/course",
    "https://github.com.evil.org/ada/course",
    "git@github.com:ada/course.git",
]


def write_notebook(path: Path, address: str) -> None:
    """Write a lesson with a badge, a set-up cell, stored outputs, and links to other places."""
    badge = BADGE.format(COLAB.format(address, path.name))
    set_up = f'import sys\n\nrepository = "https://github.com/{address}"\nprint("größer")'
    cells = [
        new_markdown_cell(f"# A lesson\n\n{badge}\n\n{OTHERS}"),
        new_code_cell(set_up, execution_count=1, outputs=[new_output("stream", text="größer\n")]),
        new_code_cell("plot()", outputs=[new_output("display_data", {"image/png": "iVBORw0KGgo="})]),
    ]
    path.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Return a small course whose address is `OLD`."""
    for name in LESSONS:
        write_notebook(tmp_path / "notebooks" / name, OLD)
    badges = "\n".join(BADGE.format(COLAB.format(OLD, name)) for name in LESSONS)
    (tmp_path / "README.md").write_text(README.format(badges=badges, others=OTHERS))
    (tmp_path / "CITATION.cff").write_text(f'repository-code: "https://github.com/{OLD}"\n')
    (tmp_path / "CONTRIBUTING.md").write_bytes(
        f"[Issues](https://github.com/{OLD}/issues)\r\n".encode() + "gr\xf6\xdfer".encode("latin-1")
    )
    (tmp_path / "pyproject.toml").write_text(
        f'[project.urls]\n# Here it stands.\nRepository = "https://github.com/{OLD}"\n'
        f'Issues = "https://github.com/{OLD}/issues"\nKeras = "https://github.com/keras-team/keras"\n'
    )
    return tmp_path


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("start", ["", "https://github.com/"])
@pytest.mark.parametrize("end", ["", ".git"])
@pytest.mark.parametrize(
    "address", ["ada/course", OLD, NEW, "a/b", "A-b-c/_.d-", "ada/.github", "a/git"]
)
def test_an_address_is_read(start, address, end):
    assert parse_address(f"{start}{address}{end}") == address


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_address_is_refused_and_changes_nothing(course, text, capsys):
    before = contents(course)
    assert main([text], course) == 2
    message = capsys.readouterr().err
    assert repr(text) in message and "give owner/name" in message
    assert contents(course) == before


def test_all_own_links_and_nothing_else_change(course):
    expected = {}
    for path, content in contents(course).items():
        content = content.replace(OTHERS.encode(), b"<others>")
        content = content.replace(OTHERS.replace("\n", r"\n").encode(), b"<others>")
        content = content.replace(OLD.encode(), NEW.encode())
        expected[path] = content

    changed = change_address(NEW, course)

    assert set(changed) == set(expected)
    for path, content in contents(course).items():
        for others in (OTHERS, OTHERS.replace("\n", r"\n"), json_text(OTHERS)):
            content = content.replace(others.encode(), b"<others>")
        assert content == expected[path], path.name
