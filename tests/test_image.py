"""The container image of docs/many-machines.md: what goes into it, and how it is built."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from helpers.environment import PROJECT

PAGE = (PROJECT / "docs" / "many-machines.md").read_text(encoding="utf-8")
(IMAGE,) = re.findall(r"```dockerfile\n(.+?)```", PAGE, re.DOTALL)
(JOB,) = re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)
STAYS_AT_HOME = (
    ".git/HEAD",
    ".venv/bin/python",
    ".venv-site/bin/python",
    ".venv.lock",
    "data/rps.zip",
    "data/activations/lesson.npy",
    "runs/sweeps/rates/01.ipynb",
    "site/index.html",
    ".site-build/index.md",
    "helpers/data/__pycache__/pictures.pyc",
    "notebooks/.ipynb_checkpoints/01.ipynb",
    "notebooks/.01_lesson.ipynb.0a1b2c.partial",
    ".pytest_cache/README.md",
)


def left_out(paths: Sequence[str], folder: Path) -> set[str]:
    """Return the paths that stay out of the image: git has Docker's patterns, but for a first /."""
    rules = (PROJECT / ".dockerignore").read_text(encoding="utf-8")
    subprocess.run(["git", "init", "-q", folder], check=True)
    anchored = re.sub(r"^(!?)/?(?=[\w.*])", r"\1/", rules, flags=re.MULTILINE)
    (folder / ".gitignore").write_text(anchored, encoding="utf-8")
    command = ["git", "-C", folder, "-c", "core.excludesFile=", "check-ignore", "--no-index"]
    command += ["--stdin", "-z"]
    done = subprocess.run(command, input="\0".join(paths), capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr  # 1: it names none
    return set(filter(None, done.stdout.split("\0")))


@pytest.fixture(scope="module")
def committed() -> list[str]:
    if shutil.which("git") is None or not (PROJECT / ".git").exists():
        pytest.skip("the list of files comes from git, which is missing")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True)
    return listed.stdout.decode().strip("\0").split("\0")


def test_all_that_is_committed_goes_into_the_image_and_nothing_else(committed, tmp_path):
    assert "data/catalog.toml" in committed and "tools/course_page.html.j2" in committed
    assert left_out([*committed, *STAYS_AT_HOME], tmp_path) == set(STAYS_AT_HOME)


def test_a_copy_as_in_the_image_plans_a_sweep(committed, tmp_path):
    image = tmp_path / "image"
    for path in {*committed} - left_out(committed, tmp_path / "rules"):
        (image / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / path, image / path)
    command = [sys.executable, "-m", "tools.reruns", "sweep", "replicate.yaml", "--dry-run"]
    done = subprocess.run(command, cwd=image, env={}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "01" in done.stdout


def test_the_image_has_a_fixed_base_and_does_not_run_as_root():
    lines = IMAGE.replace("\\\n", " ").splitlines()
    assert re.fullmatch(r"FROM python:3\.1[123]-[a-z]+", lines[0])
    assert lines[-1] == "USER course" and "WORKDIR /course" in lines
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY")]
    assert ["--chown=course", "."] in copied
    for name in [name for names in copied for name in names if not name.startswith(("-", "."))]:
        assert (PROJECT / name).is_file(), name
    (uid,) = re.findall(r"--uid (\d+)", IMAGE)
    spec = yaml.safe_load(JOB)["spec"]["rayClusterSpec"]
    for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        assert group["template"]["spec"]["securityContext"]["runAsUser"] == int(uid)


def test_the_lock_is_installed_alone_for_its_hashes_are_asked_of_every_package():
    for path in (PROJECT / "docs").glob("*.md"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "requirements.lock" in line and "install" in line:
                assert line.split("requirements.lock", 1)[1].strip(" `.") == "", line
