"""Sweeps: each run once, however often a sweep is stopped and started again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import filelock
import pytest
from tiny import lines, wait_for

from helpers.environment import PROJECT
from helpers.results import load_record
from tools import reruns, sweeps
from tools.reruns import main

# Each run writes a line to a file when it starts and when it ends; at EPOCHS 3 and rate 0.01, the
# second of four, it waits until a file is there.
DIARY = """\
from pathlib import Path
from time import sleep

diary, gate = Path({diary!r}), Path({gate!r})
with diary.open("a") as file:
    file.write(f"start {{EPOCHS}} {{LEARNING_RATE}}\\n")
while (EPOCHS, LEARNING_RATE) == (3, 0.01) and not gate.exists():
    sleep(0.05)
with diary.open("a") as file:
    file.write(f"end {{EPOCHS}} {{LEARNING_RATE}}\\n")"""
GRID = """\
notebooks:
  01_tiny.ipynb:
    EPOCHS: [3, 5]
    LEARNING_RATE: [0.1, 0.01]
"""
FAIL_AT_5 = "if EPOCHS == 5:\n    raise ValueError('Too many.')"


@pytest.fixture
def diary(tmp_path) -> Path:
    return tmp_path / "diary.txt"


@pytest.fixture
def matrix(tiny_notebook, tmp_path, diary, monkeypatch) -> Path:
    """A grid of 2 x 2 over a notebook that keeps a diary; its gate is open."""
    monkeypatch.setattr(reruns, "SWEEPS_FOLDER", tmp_path / "sweeps")
    (tmp_path / "gate").touch()
    code = DIARY.format(diary=str(diary), gate=str(tmp_path / "gate"))
    path = tiny_notebook(tmp_path, code).with_name("grid.yaml")
    path.write_text(GRID)
    return path


def test_a_sweep_killed_in_its_second_run_goes_on_there_and_loses_nothing(
    matrix, diary, tmp_path, capsys
):
    (tmp_path / "gate").unlink()
    out = ["--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "tools.reruns", "sweep", str(matrix), *out]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: len(lines(diary, "start")) == 2)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert lines(diary, "end") == ["end 3 0.1"]
    (first,) = (tmp_path / "out").glob("*.status")
    record = first.with_suffix(".json").read_bytes()
    time.sleep(2)  # the kernel sees within a second that it is alone, and goes
    (tmp_path / "gate").touch()

    assert main(["sweep", str(matrix), *out]) == 0
    assert "3 passed, 0 failed, 1 skipped." in capsys.readouterr().out
    ended = Counter(lines(diary, "end"))
    assert ended == Counter(f"end {epochs} {rate}" for epochs in (3, 5) for rate in (0.1, 0.01))
    assert Counter(lines(diary, "start"))["start 3 0.01"] == 2  # broken off, and whole
    assert first.with_suffix(".json").read_bytes() == record
    assert len(list((tmp_path / "out").glob("*.json"))) == 4

    assert main(["sweep", str(matrix), *out]) == 0
    assert "0 passed, 0 failed, 4 skipped." in capsys.readouterr().out
    assert len(lines(diary, "end")) == 4


def test_a_failed_run_keeps_its_notebook_stops_no_other_and_is_tried_again(
    tiny_notebook, tmp_path, capsys
):
    matrix = tiny_notebook(tmp_path, FAIL_AT_5, name="01_tiny").with_name("grid.yaml")
    matrix.write_text("notebooks: {01_tiny.ipynb: {EPOCHS: [5, 3]}}\n")
    command = ["sweep", str(matrix), "--out", str(tmp_path / "out")]
    assert main(command) == 1
    said = capsys.readouterr().out
    assert "[1/2] 01_tiny: EPOCHS=5: failed after " in said
    assert " s left\n[2/2] 01_tiny: EPOCHS=3: done in " in said
    assert "cell 7 (Last part): ValueError: Too many.; see " in said
    assert "1 passed, 1 failed, 0 skipped." in said
    assert len(list((tmp_path / "out").glob("*.ipynb"))) == 2
    assert [load_record(path)["parameters"] for path in (tmp_path / "out").glob("*.json")] == [
        {"EPOCHS": 3}
    ]
    assert len(list((tmp_path / "out").glob("*.json.failed"))) == 1
    assert main(command) == 1
    assert "0 passed, 1 failed, 1 skipped." in capsys.readouterr().out


def test_a_notebook_that_changes_meanwhile_does_not_count_as_run(matrix, diary, tmp_path, capsys):
    """The first changes while it runs, so the second's is not the one of its key any more."""
    notebook = matrix.with_name("01_tiny.ipynb")
    matrix.write_text("notebooks: {01_tiny.ipynb: {EPOCHS: [3, 5]}}\n")
    tasks = sweeps.plan(reruns.read_matrix(matrix), tmp_path / "out")

    def change(tasks):
        for task, run in sweeps.run_here(tasks):
            notebook.write_text(notebook.read_text().replace("3 * 3", "9 * 1"))
            yield task, run

    outcomes = sweeps.run_sweep(tasks, tmp_path / "out", None, change)
    assert [outcome.word for outcome in outcomes] == ["failed", "failed"]
    assert {outcome.status.problem for outcome in outcomes} == {sweeps.CHANGED}
    assert len(lines(diary, "end")) == 1
    assert not list((tmp_path / "out").glob("*.json"))


def test_a_dry_run_lists_what_would_run_and_how_long_it_took(matrix, diary, tmp_path, capsys):
    command = ["sweep", str(matrix), "--dry-run"]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert said.count("run            never run  01_tiny: EPOCHS=") == 4
    assert "4 to run; 0 finished before." in said
    assert not diary.exists()
    assert not (tmp_path / "sweeps").exists()

    tasks = sweeps.plan(reruns.read_matrix(matrix), tmp_path / "sweeps" / "grid")
    for place, task in enumerate(tasks[:2]):
        write_passed(task, 90.0)
        if place:  # of an older version of the course
            task.status_file.rename(task.status_file.with_name("01_tiny-older.status"))
    assert main(command) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "skip      90 s last time  01_tiny: EPOCHS=3, LEARNING_RATE=0.1"
    assert said[1] == "run       90 s last time  01_tiny: EPOCHS=3, LEARNING_RATE=0.01"
    assert said[4] == (
        "3 to run, 90 s as they took last time and 2 that never ran; 1 finished before."
    )


def write_passed(task: sweeps.Task, seconds: float) -> None:
    status = sweeps.Status(
        True, seconds, None, "2026-01-01T00:00:00+00:00", "01_tiny",
        dict(task.planned.parameters), False,
    )  # fmt: skip
    sweeps.write_status(task, status)
    task.output.touch()


def test_the_time_a_run_took_holds_for_other_seeds():
    assert sweeps.same_run("01", {"SEED": 0, "A": 1}) == sweeps.same_run("01", {"SEED": 3, "A": 1})
    assert sweeps.same_run("01", {"SEED": 0, "A": 1}) != sweeps.same_run("01", {"SEED": 0, "A": 2})


def test_a_run_whose_files_are_gone_runs_again(matrix, tmp_path):
    tasks = sweeps.plan(reruns.read_matrix(matrix), tmp_path)
    write_passed(tasks[0], 1.0)
    assert sweeps.read_status(tasks[0]).passed
    content = json.loads(tasks[0].status_file.read_text()) | {"has_record": True}
    tasks[0].status_file.write_text(json.dumps(content))
    assert sweeps.read_status(tasks[0]) is None
    tasks[0].status_file.write_text("{")
    assert sweeps.read_status(tasks[0]) is None


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("notebooks: {01_tiny.ipynb: {EPOCHS: 0}}\n", [], "but must be 1 to 500"),
        (GRID, ["--out", "ftp://bucket"], "papermill writes to s3://"),
        (GRID, ["--out", str(PROJECT / "README.md")], "a file: a sweep needs a folder"),
    ],
)
def test_a_wrong_sweep_is_one_sentence_and_leaves_nothing(
    matrix, diary, tmp_path, capsys, text, options, message
):
    matrix.write_text(text)
    assert main(["sweep", str(matrix), *options]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not diary.exists()
    assert not (tmp_path / "sweeps").exists()


def test_two_sweeps_do_not_share_a_folder(matrix, diary, tmp_path, capsys):
    folder = tmp_path / "sweeps" / "grid"
    folder.mkdir(parents=True)
    with filelock.FileLock(folder / ".lock"):
        assert main(["sweep", str(matrix)]) == 2
    assert "Another sweep is at work in" in capsys.readouterr().err
    assert not diary.exists()


def test_outputs_are_copied_to_an_address_and_what_could_not_be_is_copied_later(
    matrix, diary, memory, capsys
):
    memory.broken = True
    matrix.write_text("notebooks: 01_tiny.ipynb\n")
    command = ["sweep", str(matrix), "--out", "memory://bucket"]
    assert main(command) == 1
    said = capsys.readouterr().out
    assert "could not be copied to memory://bucket: no route" in said
    assert "1 not copied to memory://bucket; the same command tries again." in said
    memory.broken = False
    assert main(command) == 0
    assert len(lines(diary, "end")) == 1
    assert sorted(name.rpartition(".")[2] for name in memory.files) == ["ipynb", "json"]
    memory.files.clear()
    assert main(command) == 0
    assert memory.files == {}


def test_a_sweep_stopped_while_it_copies_does_not_lose_the_run(
    matrix, diary, memory, monkeypatch, capsys
):
    matrix.write_text("notebooks: 01_tiny.ipynb\n")
    command = ["sweep", str(matrix), "--out", "memory://bucket"]

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(memory, "write", stop)
    assert main(command) == 130
    assert main(["sweep", str(matrix)]) == 0
    assert "0 passed, 0 failed, 1 skipped." in capsys.readouterr().out
    assert len(lines(diary, "end")) == 1
