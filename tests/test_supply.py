"""What others supply is pinned: actions by commit, packages by hash; how CI starts the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from helpers.environment import PROJECT

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
LOCK = (PROJECT / "requirements.lock").read_text(encoding="utf-8")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_each_action_is_pinned_by_commit_beside_its_version(workflow):
    used = re.findall(r"uses: (.+)", workflow.read_text(encoding="utf-8"))
    assert used
    assert [action for action in used if not PINNED.fullmatch(action)] == []


def test_one_action_has_one_commit_and_a_bot_renews_it():
    used = {use for path in WORKFLOWS for use in re.findall(r"uses: (.+)", path.read_text("utf-8"))}
    assert len({use.split("@")[0] for use in used}) == len(used)
    bot = yaml.safe_load((PROJECT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    assert {each["package-ecosystem"] for each in bot["updates"]} == {"github-actions", "pip"}


def locked() -> dict[str, str]:
    """The entry of each package: its version, marker and hashes."""
    entries = re.findall(r"^[a-z0-9].+", LOCK.replace("\\\n", " "), re.MULTILINE)
    return {canonicalize_name(re.split(r"[=\[ ]", entry)[0]): entry for entry in entries}


def test_each_locked_package_has_its_hashes_and_none_an_address():
    entries = locked()
    assert len(entries) > 100
    assert [name for name, entry in entries.items() if "--hash=sha256:" not in entry] == []
    assert re.search(r"://|^-|index-url", LOCK.partition("absl-py")[2], re.MULTILINE) is None


def test_the_lock_fits_the_ranges():
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    entries = locked()
    for wanted in (Requirement(line) for line in lines if line and not line.startswith("#")):
        version = re.search(r"==([^ ;]+)", entries[canonicalize_name(wanted.name)])[1]
        assert wanted.specifier.contains(version), f"{wanted} is not {version}: renew the lock"


@pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="make is missing")
@pytest.mark.parametrize("ends", [0, 1, 5])
def test_ci_gives_the_readmes_command_and_fails_where_no_test_ran(tmp_path, ends):
    (tmp_path / ".ci").mkdir()
    shutil.copy(PROJECT / ".ci" / "run", tmp_path / ".ci")
    shutil.copy(PROJECT / "Makefile", tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        f'#!/bin/sh\necho "$@" >> "{tmp_path}/said"\ncase "$*" in *pytest*) exit {ends};; esac\n'
    )
    python.chmod(0o755)
    variables = os.environ | {"PYTHON": str(python)}
    done = subprocess.run([tmp_path / ".ci" / "run"], env=variables, capture_output=True)
    assert (done.returncode == 0) == (ends == 0)
    said = (tmp_path / "said").read_text().splitlines()
    assert said[0] == "bootstrap.py site"
    assert "-m ruff check ." in said
    assert said[-1] == "-m pytest -n 2 --dist worksteal"
