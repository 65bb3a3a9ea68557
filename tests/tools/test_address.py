"""The course's address: how it is changed everywhere at once, and that all places agree on it."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.environment import PROJECT
from tools.address import change_address, main, own_links, parse_address, present_address

BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({})"
COLAB = "https://colab.research.google.com/github/{}/blob/main/notebooks/{}"
OLD, NEW = "Ada-1/small.course", "grace_navy/cobol"
LESSONS = ("01_first.ipynb", "02_second.ipynb")
README = """\
# A course

{badges}

    git clone https://github.com/{address}.git course

[![Tests](https://github.com/{address}/actions/workflows/course.yml/badge.svg)](https://github.com/{address}/actions)
![A hand](https://raw.githubusercontent.com/{address}/main/hand.png), or
git@github.com:{address}.git. All of it: https://github.com/{address}.

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
    "_ada/course",
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
        new_markdown_cell(f"# A lesson\n\n{badge}\n\n{OTHERS}", id="title"),
        new_code_cell(set_up, id="set-up", outputs=[new_output("stream", text="größer\n")]),
        new_code_cell("1", id="one", outputs=[new_output("display_data", {"text/plain": "1"})]),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)


def write_course(folder: Path, address: str) -> Path:
    """Write a small course that has this address everywhere."""
    for name in LESSONS:
        write_notebook(folder / "notebooks" / name, address)
    badges = "\n".join(BADGE.format(COLAB.format(address, name)) for name in LESSONS)
    readme = README.format(address=address, badges=badges, others=OTHERS)
    (folder / "README.md").write_text(readme, encoding="utf-8")
    (folder / "CITATION.cff").write_text(f'repository-code: "https://github.com/{address}"\n')
    issues = f"[Issues](https://github.com/{address}/issues)\r\nund größer".encode("latin-1")
    (folder / "CONTRIBUTING.md").write_bytes(issues)
    (folder / "pyproject.toml").write_text(
        f'[project.urls]\n# Here it stands.\nRepository = "https://github.com/{address}"\n'
        f'Issues = "https://github.com/{address}/issues"\n'
        'Keras = "https://github.com/keras-team/keras"\n'
    )
    return folder


def addresses(project: Path = PROJECT) -> dict[Path, set[str]]:
    return {path: {link["address"] for link in links} for path, links in own_links(project).items()}


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Return a small course whose address is `OLD`."""
    return write_course(tmp_path / "course", OLD)


def contents(folder: Path) -> dict[Path, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in files}


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


def test_a_file_that_cannot_be_written_is_named(course, monkeypatch, capsys):
    def full(path, content):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main([NEW], course) == 1
    told = f"{LESSONS[0]} could not be used (Permission denied); correct that and run the same "
    assert capsys.readouterr().err == f"{told}command again.\n"


def test_two_addresses_are_refused(course):
    with pytest.raises(SystemExit) as stopped:
        main(["ada", "course"], course)
    assert stopped.value.code == 2


def test_without_an_argument_the_address_is_printed(course, capsys):
    before = contents(course)
    assert main([], course) == 0
    assert capsys.readouterr().out == f"https://github.com/{OLD}\n"
    assert contents(course) == before


def test_all_own_links_and_nothing_else_change(course, tmp_path, capsys):
    assert main([f"https://github.com/{NEW}.git"], course) == 0
    assert contents(course) == contents(write_course(tmp_path / "expected", NEW))
    assert len(capsys.readouterr().out.splitlines()) == len(contents(course)) + 1
    for name in LESSONS:
        nbformat.validate(nbformat.read(course / "notebooks" / name, as_version=4))


def test_the_second_time_nothing_changes(course):
    assert len(change_address(NEW, course)) == len(contents(course))
    after = contents(course)
    assert change_address(NEW, course) == []
    assert contents(course) == after


def test_a_notebook_from_a_fork_is_found_and_set_right(course):
    before = contents(course)
    stranger = course / "notebooks" / LESSONS[0]
    write_notebook(stranger, "some/fork")
    assert addresses(course)[stranger] == {"some/fork"}
    assert change_address(OLD, course) == [stranger]
    assert contents(course) == before


def test_work_that_stopped_halfway_is_finished(course, tmp_path):
    """The machine stops after any number of files; the same command then does the rest."""
    expected = contents(write_course(tmp_path / "expected", NEW))
    names = list(change_address(NEW, course))
    for count in range(len(names)):
        halfway = write_course(tmp_path / str(count), OLD)
        for path in names[:count]:
            name = path.relative_to(course)
            (halfway / name).write_bytes(expected[name])
        change_address(NEW, halfway)
        assert contents(halfway) == expected


@pytest.mark.parametrize(
    "settings",
    [
        "",
        "[project.urls",
        "project.urls = 3",
        "project.urls.Repository = 3",
        'project.urls.Repository = "ada/course"',
        'project.urls.Repository = "https://github.com/ada"',
        'project.urls.Repository = "https://example.org/ada/course"',
    ],
)
def test_a_project_without_an_address_is_refused(course, settings, capsys):
    (course / "pyproject.toml").write_text(settings)
    before = contents(course)
    assert main([NEW], course) == 2
    assert "under [project.urls]" in capsys.readouterr().err
    assert contents(course) == before


# From here on: the course itself.

NOTEBOOKS = sorted(PROJECT.glob("notebooks/*.ipynb"))
NAMES = [path.name for path in NOTEBOOKS]
SET_RIGHT = "to set it right, run: make address REPO={}"


def test_all_places_have_the_address_of_pyproject():
    present, found = present_address(), addresses()
    expected = [*NOTEBOOKS, *(PROJECT / name for name in ("README.md", "CITATION.cff"))]
    for path in {*expected, *found}:
        assert found.get(path) == {present}, f"{path.name}; {SET_RIGHT.format(present)}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_a_badge_of_its_own_and_a_set_up_cell_with_the_address(path):
    cells = nbformat.read(path, as_version=4).cells
    assert BADGE.format(COLAB.format(present_address(), path.name)) in cells[0].source
    set_up = next(cell.source for cell in cells if cell.cell_type == "code")
    assert f'\nrepository = "https://github.com/{present_address()}"\n' in set_up


def test_the_readme_has_a_badge_for_each_notebook():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert BADGE.format(COLAB.format(present_address(), name)) in readme, name
    linked = re.findall(r"colab\.research\.google\.com/github/[^)\s]+/notebooks/([^)\s]+)", readme)
    assert set(linked) == set(NAMES)


def test_the_course_changes_its_address_and_gets_it_back(tmp_path):
    paths = list(own_links())
    copies = [tmp_path / path.relative_to(PROJECT) for path in paths]
    for path, copy in zip(paths, copies, strict=True):
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(path, copy)
    before, present = contents(tmp_path), present_address()

    assert set(change_address(NEW, tmp_path)) == set(copies)
    for copy in copies:
        text = copy.read_text(encoding="utf-8")
        assert not mentions(text, present), f"{copy.name} mentions {present} outside a link"
    change_address(present, tmp_path)
    assert contents(tmp_path) == before


def test_no_other_file_has_the_address():
    """Such a link would stay behind when the address changes."""
    folders = (
        *("*", ".ci/*", ".github/*/*", "helpers/*", "helpers/**/*.py", "tools/*"),
        *("tests/**/*.py", "benchmarks/*", "data/*.*", "docs/*", "examples/*"),
    )
    others = {p for folder in folders for p in PROJECT.glob(folder) if p.is_file()}
    for path in others - set(own_links()):
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not mentions(text, present_address()), path


def mentions(text: str, address: str) -> bool:
    return re.search(rf"git\w+(\.com)?[/:]{re.escape(address)}(?![\w-])", text) is not None


def test_the_citation_and_the_licence_agree_with_pyproject():
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["title"] == settings["description"]
    assert citation["version"] == settings["version"]
    assert citation["license"] == settings["license"] == "MIT"
    assert citation["repository-code"] == settings["urls"]["Repository"]
    assert (PROJECT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")
