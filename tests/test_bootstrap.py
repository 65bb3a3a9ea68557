"""The script that makes the environment; its installations here are of empty lists of packages."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap

SCRIPT = Path(bootstrap.__file__)


@pytest.fixture
def project(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(bootstrap, "PROJECT", str(tmp_path))
    for name in ("requirements.lock", "requirements.txt", "requirements-colab.txt"):
        (tmp_path / name).write_text("# nothing\n")
    return tmp_path


def environment(name: str = "course") -> bootstrap.Environment:
    return bootstrap.Environment(*bootstrap.ENVIRONMENTS[name])


@pytest.fixture
def calls(monkeypatch) -> list[str]:
    """The modules that visible commands ran: "venv" and "pip"."""
    run, modules = subprocess.call, []

    def call(command, **options):
        if not options:
            modules.append(command[command.index("-m") + 1])
        return run(command, **options)

    monkeypatch.setattr(bootstrap.subprocess, "call", call)
    return modules


def test_the_environment_is_made_once_and_updated_when_the_lock_changes(project, calls):
    assert bootstrap.main() == 0
    assert calls == ["venv", "pip"]
    assert bootstrap._succeeds([environment().python, "-c", "import pip"])
    calls.clear()

    assert bootstrap.main() == 0
    assert calls == []

    (project / "requirements.lock").write_text("# nothing else\n")
    assert bootstrap.main() == 0
    assert calls == ["pip"]
    calls.clear()

    environment().write_state(bootstrap.UNFINISHED)
    (project / ".venv" / "half.txt").touch()
    assert bootstrap.main() == 0
    assert calls == ["venv", "pip"]
    assert not (project / ".venv" / "half.txt").exists()


def test_another_environment_has_a_folder_of_its_own_and_follows_the_lists_in_its_list(
    project, calls
):
    assert bootstrap.main("colab") == 0
    assert bootstrap.main("colab") == 0
    assert calls == ["venv", "pip"]
    assert (project / ".venv-colab").is_dir() and not (project / ".venv").exists()
    (project / "requirements.txt").write_text("# nothing else\n")
    assert bootstrap.main("colab") == 0
    assert calls == ["venv", "pip", "pip"]


def test_a_mistyped_environment_is_told(project, capsys):
    assert bootstrap.main("sight") == 1
    assert "no environment sight; choose one of colab, course, site." in capsys.readouterr().err


@pytest.mark.parametrize("name", bootstrap.ENVIRONMENTS)
def test_the_lists_are_there_and_include_what_they_are_said_to(name):
    first, *included = map(Path, environment(name).lists)
    named = re.findall(r"^-r (\S+)", first.read_text(encoding="utf-8"), re.MULTILINE)
    assert named == [path.name for path in included]


def test_a_failed_installation_is_not_taken_as_complete(project, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.Environment, "make_folder", lambda self, state: None)
    monkeypatch.setattr(bootstrap.Environment, "python", sys.executable)
    (project / ".venv").mkdir()
    environment().write_state("an older lock")
    (project / "requirements.lock").write_text("./no-such-package.whl\n")
    assert bootstrap.main() == 1
    assert environment().state() == bootstrap.UNFINISHED
    assert "Installing the packages of requirements.lock failed" in capsys.readouterr().err


def test_an_environment_of_somebody_elses_is_never_deleted(project, calls, capsys):
    (project / ".venv").mkdir()
    (project / ".venv" / "mine.txt").touch()
    assert bootstrap.main() == 1
    assert "was not made by this course" in capsys.readouterr().err
    assert calls == []
    assert (project / ".venv" / "mine.txt").exists()


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        ((3, 9), "needs Python 3.11, 3.12 or 3.13, and this is 3.9;"),
        ((3, 14), "needs Python 3.11, 3.12 or 3.13, and this is 3.14;"),
        ((3, 12), "python3-venv"),
    ],
)
def test_a_wrong_python_is_told_before_anything_is_made(
    project, calls, monkeypatch, capsys, version, sentence
):
    monkeypatch.setattr(bootstrap, "_succeeds", lambda command: False)
    monkeypatch.setattr(bootstrap.sys, "version_info", (*version, 0))
    assert bootstrap.main() == 1
    assert sentence in capsys.readouterr().err
    assert calls == []
    assert not list(project.glob(".venv*"))


@pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
def test_a_fitting_python_on_the_path_takes_over_from_a_wrong_one(tmp_path, monkeypatch):
    wrong, broken, right = (tmp_path / name for name in ("wrong", "python3.12", "python3.13"))
    wrong.write_text("#!/bin/sh\nexit 1\n")
    broken.write_text("#!/bin/sh\necho 'not installed' >&2\nexit 127\n")
    right.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    for script in (wrong, broken, right):
        script.chmod(0o755)
    monkeypatch.setattr(bootstrap.sys, "executable", str(wrong))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bootstrap._find_python() == ["python3.13"]


def test_the_script_keeps_to_what_old_pythons_can_read():
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    new = (ast.JoinedStr, ast.AnnAssign, ast.Starred, ast.NamedExpr, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            continue  # f(*arguments) is old
        starred = [child for child in ast.iter_child_nodes(node) if isinstance(child, new)]
        assert not starred, f"line {node.lineno} needs a newer Python"
        if isinstance(node, ast.FunctionDef):
            annotations = [node.returns, *(argument.annotation for argument in node.args.args)]
            assert annotations == [None] * len(annotations)
