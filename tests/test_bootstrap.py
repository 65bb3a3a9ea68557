"""The script that makes the environment; here it installs nothing, or a package made here."""

from __future__ import annotations

import ast
import errno
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bootstrap

SCRIPT = Path(bootstrap.__file__)


@pytest.fixture(scope="module")
def made_by_two(tmp_path_factory) -> tuple[Path, list[str]]:
    """The folder that two processes made at once from an empty list, and what they said."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "requirements.lock").write_text("# nothing\n")
    code = (
        f"import bootstrap; bootstrap.PROJECT = {str(folder)!r}; raise SystemExit(bootstrap.main())"
    )
    variables = os.environ | {"PYTHONPATH": str(SCRIPT.parent)}
    both = [
        subprocess.Popen([sys.executable, "-c", code], env=variables, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    said = sorted((process.communicate()[0].decode() for process in both), key=len)
    assert [process.returncode for process in both] == [0, 0]
    return folder / ".venv", said


@pytest.fixture
def project(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(bootstrap, "PROJECT", str(tmp_path))
    for name in ("requirements.lock", "requirements.txt", "requirements-colab.txt"):
        (tmp_path / name).write_text("# nothing\n")
    return tmp_path


def copy(made: Path, folder: Path | str) -> None:
    without = shutil.ignore_patterns(bootstrap.STATE)
    shutil.copytree(made, folder, symlinks=True, dirs_exist_ok=True, ignore=without)


def environment(name: str = "course") -> bootstrap.Environment:
    return bootstrap.Environment(*bootstrap.ENVIRONMENTS[name])


@pytest.fixture
def calls(made_by_two, monkeypatch) -> list[str]:
    """The modules that visible commands ran: "venv", which copies a folder here, and "pip"."""
    run, modules = subprocess.call, []

    def call(command, **options):
        if "stdout" not in options:
            modules.append(command[command.index("-m") + 1])
            if modules[-1] == "venv":
                copy(made_by_two[0], command[-1])
                return 0
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
    monkeypatch.setattr(bootstrap.Environment, "make_folder", lambda self: None)
    monkeypatch.setattr(bootstrap.Environment, "python", sys.executable)
    (project / ".venv").mkdir()
    environment().write_state("an older lock")
    (project / "requirements.lock").write_text("./no-such-package.whl\n")
    assert bootstrap.main() == 1
    assert environment().state() == [bootstrap.CHANGING]
    assert "Installing the packages of requirements.lock failed" in capsys.readouterr().err


def test_an_environment_of_somebody_elses_is_never_deleted(project, calls, capsys):
    (project / ".venv").mkdir()
    (project / ".venv" / "mine.txt").touch()
    assert bootstrap.main() == 1
    assert "was not made by this course" in capsys.readouterr().err
    assert calls == []
    assert (project / ".venv" / "mine.txt").exists()


WHEEL = {
    "tiny/__init__.py": "",
    "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
    "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "tiny-1.0.dist-info/RECORD": "tiny/__init__.py,,\n",
}


@pytest.fixture
def tiny(project, made_by_two, monkeypatch) -> Path:
    """A project whose one package comes out of a folder; returns where it is installed."""
    with zipfile.ZipFile(project / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in WHEEL.items():
            wheel.writestr(name, text)
    (project / "requirements.lock").write_text("# what it needs\ntiny==1.0  # that is all\n")
    copy(made_by_two[0], project / ".venv")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    settings = project / "pip.conf"
    settings.write_text(f"[global]\nfind-links = {project}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setenv("PIP_FIND_LINKS", str(project))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (pip,) = (project / ".venv").rglob("site-packages/pip")
    return pip.with_name("tiny")


def test_settings_of_pip_lead_to_packages_but_not_elsewhere(tiny, tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text("")  # PIP_FIND_LINKS says it, too
    elsewhere = tmp_path / "elsewhere"
    for name in ("TARGET", "PREFIX", "ROOT", "PYTHON", "REPORT", "SRC"):
        monkeypatch.setenv(f"PIP_{name}", str(elsewhere))
    for name in ("USER", "DRY_RUN", "NO_DEPS", "IGNORE_INSTALLED", "QUIET", "ISOLATED"):
        monkeypatch.setenv(f"PIP_{name}", "1")
    assert bootstrap.main() == 0
    assert tiny.is_dir()
    assert not elsewhere.exists()


@pytest.mark.parametrize("section", ["global", "install"])
def test_a_pip_conf_leads_to_packages_but_not_elsewhere(tiny, project, monkeypatch, section):
    monkeypatch.delenv("PIP_FIND_LINKS")  # pip.conf says it, too
    lines = f"target = {project}/elsewhere\ndry-run = true\nuser = true\n"
    with (project / "pip.conf").open("a") as settings:
        settings.write(lines if section == "global" else f"[install]\n{lines}")
    assert bootstrap.main() == 0
    assert tiny.is_dir()


def test_packages_on_the_callers_path_are_no_part_of_the_environment(
    tiny, project, tmp_path, monkeypatch
):
    with zipfile.ZipFile(project / "tiny-1.0-py3-none-any.whl") as wheel:
        wheel.extractall(tmp_path / "mine")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "mine"))
    assert bootstrap.main() == 0
    assert tiny.is_dir()


def test_another_pythons_home_stops_neither_making_nor_pip(tiny, project, monkeypatch):
    shutil.rmtree(project / ".venv")
    monkeypatch.delenv("PIP_FIND_LINKS")  # pip.conf says it, too
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    assert bootstrap.main() == 0
    assert tiny.is_dir()


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_starts_python_whatever_home_another_one_has(project):
    (project / "bootstrap.py").write_text("print('started')")
    makefile = SCRIPT.with_name("Makefile")
    command = [
        "make",
        "--no-print-directory",
        "-f",
        makefile,
        "environment",
        f"PYTHON={sys.executable}",
    ]
    variables = os.environ | {"PYTHONHOME": "/nowhere"}
    said = subprocess.check_output(command, cwd=project, env=variables, text=True)
    assert said == "started\n"


@pytest.mark.parametrize("what", ["tiny", "tiny-1.0.dist-info"])
def test_a_package_that_was_deleted_comes_back(tiny, calls, what):
    assert bootstrap.main() == 0
    shutil.rmtree(tiny.with_name(what))
    calls.clear()
    assert bootstrap.main() == 0
    assert (tiny / "__init__.py").exists() and tiny.with_name("tiny-1.0.dist-info").is_dir()
    assert set(calls) == {"pip"}
    calls.clear()
    assert bootstrap.main() == 0
    assert calls == []


def test_success_without_a_package_is_not_taken_as_complete(tiny, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda command, **options: 0)
    assert bootstrap.main() == 1
    assert "pip reports success, but .venv has no whole tiny;" in capsys.readouterr().err
    assert environment().state() == []


def test_packages_of_other_systems_are_not_missed(tiny, project):
    with (project / "requirements.lock").open("a") as lock:
        lock.write("other==2.0 ; sys_platform == 'an other' \\\n    --hash=sha256:0123\n")
    assert environment().inventory() == {"absent": ["tiny"], "damaged": [], "there": []}


def test_two_at_once_make_one_environment(made_by_two):
    waited, worked = made_by_two[1]
    assert waited == "Another process is making .venv; waiting for it.\n"
    assert "Making .venv" in worked and "is complete" in worked


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_in_the_folders_place_is_told(project, calls, capsys, kind):
    place = project / ".venv"
    place.touch() if kind == "file" else place.symlink_to("nowhere")
    assert bootstrap.main() == 1
    assert ".venv must be a folder, but it is a file, or a link" in capsys.readouterr().err
    assert calls == [] and not place.is_dir()


def test_an_environment_whose_python_is_gone_is_made_afresh_behind_its_link(
    tiny, project, calls, monkeypatch
):
    assert bootstrap.main() == 0
    shutil.move(project / ".venv", project / "large disk")
    (project / ".venv").symlink_to("large disk")
    for python in (project / "large disk" / "bin").glob("python*"):
        python.unlink()
        python.symlink_to("/nowhere/python3")
    monkeypatch.setattr(bootstrap.sys, "executable", environment().python)
    assert bootstrap.main() == 0
    assert (project / ".venv").is_symlink() and tiny.is_dir() and environment().works()


@pytest.mark.parametrize("name", ["requirements.lock", ".venv.lock", "course-packages.txt"])
def test_a_folder_that_is_not_whole_or_not_ones_own_is_told(
    tiny, project, monkeypatch, capsys, name
):
    assert bootstrap.main() == 0
    (project / "requirements.lock").write_text("tiny\n")

    def refuse(path, *mode):
        if Path(path).name == name and (mode or name == "requirements.lock"):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return Path(path).open(*mode)

    monkeypatch.setattr(bootstrap, "open", refuse, raising=False)
    assert bootstrap.main() == 1
    said = capsys.readouterr().err
    assert f"{name}: Read-only file system. The course's folder must be whole, and yours" in said
    assert said.count("\n") == 1


def test_a_complete_environment_needs_no_writing(tiny, project):
    assert bootstrap.main() == 0
    (project / ".venv.lock").unlink()
    assert bootstrap.main() == 0
    assert not (project / ".venv.lock").exists()


@pytest.mark.parametrize("state", [b"", b"\0\xff", b"unfinished"])
def test_an_empty_folder_and_a_broken_state_are_mended(project, calls, state):
    (project / ".venv").mkdir()
    if state:
        assert bootstrap.main() == 0
        (project / ".venv" / bootstrap.STATE).write_bytes(state)
    assert bootstrap.main() == 0
    assert environment().complete()


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
    assert [path.name for path in project.glob(".venv*")] == [".venv.lock"]


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
        for child in ast.iter_child_nodes(node):
            old = isinstance(node, ast.Call) and isinstance(child, ast.Starred)  # f(*arguments)
            assert old or not isinstance(child, new), f"line {child.lineno} needs a newer Python"
        if isinstance(node, ast.FunctionDef):
            annotations = [node.returns, *(argument.annotation for argument in node.args.args)]
            assert annotations == [None] * len(annotations)
