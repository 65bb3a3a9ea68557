"""Runs on a Ray cluster: of two nodes on this machine, one of them lost in the middle."""

from __future__ import annotations

import importlib.util
import re
import threading
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tiny import lines, wait_for

from tools import ray_runs, sweeps
from tools.matrix import read_matrix
from tools.ray_runs import Needs, run_on_ray
from tools.reruns import main

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="Ray is not installed; python -m pip install -r requirements-ray.txt",
)
# Each run notes when it starts and when it ends; in between it waits for a file.
DIARY = """\
import os
from pathlib import Path
from time import sleep

diary, gate = Path({diary!r}), Path({gate!r})
with diary.open("a") as file:
    file.write(f"start {{EPOCHS}} {{os.environ['OMP_NUM_THREADS']}}\\n")
while not gate.exists():
    sleep(0.05)
with diary.open("a") as file:
    file.write(f"end {{EPOCHS}}\\n")
if EPOCHS == 4:
    raise ValueError("Four.")"""


def without_times(record: Path) -> str:
    return re.sub(r'"(started|finished)": "[^"]+"', "", record.read_text())


@pytest.fixture
def cluster():
    """A cluster of two nodes, one run each; this process is connected to it."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    cluster.wait_for_nodes()
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@needs_ray
def test_when_a_node_is_lost_every_run_ends_once_and_as_it_would_have_here(
    cluster, tiny_notebook, tmp_path
):
    diary, gate = tmp_path / "diary.txt", tmp_path / "gate"
    notebook = tiny_notebook(tmp_path, DIARY.format(diary=str(diary), gate=str(gate)))
    matrix = notebook.with_name("grid.yaml")
    matrix.write_text("notebooks: {01_tiny.ipynb: {EPOCHS: [1, 2, 3, 4]}}\n")
    there, here = (
        sweeps.plan(read_matrix(matrix), tmp_path / folder) for folder in ("there", "here")
    )
    found: list[sweeps.Outcome] = []
    runner = partial(run_on_ray, needs=Needs(cpus=1))
    sweep = threading.Thread(
        target=lambda: found.extend(sweeps.run_sweep(there, tmp_path / "there", None, runner))
    )
    sweep.start()
    wait_for(lambda: len(lines(diary, "start")) == 2)  # one on each node
    cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)
    time.sleep(2)  # the lost node's kernel sees that it is alone, and goes
    gate.touch()
    sweep.join(120)

    assert [outcome.word for outcome in found] == ["passed", "passed", "passed", "failed"]
    assert found[3].status.problem == "cell 7 (Last part): ValueError: Four."
    assert Counter(lines(diary, "end")) == Counter(f"end {epochs}" for epochs in (1, 2, 3, 4))
    assert len(lines(diary, "start")) == 5  # one was lost with its node
    assert {line.split()[2] for line in lines(diary, "start")} == {"1"}  # thread a CPU

    sweeps.run_sweep(here, tmp_path / "here", None, partial(sweeps.run_here, cpus=1))
    assert all(task.output.exists() for task in there)
    for one, other in zip(there[:3], here[:3], strict=True):
        assert without_times(one.record) == without_times(other.record)
    again = sweeps.run_sweep(there[:3], tmp_path / "there", None, runner)
    assert {outcome.word for outcome in again} == {"skipped"}


@needs_ray
def test_a_run_that_cannot_begin_there_is_a_failed_run(monkeypatch, tiny_notebook, tmp_path):
    """Ray is not started for it: the error is one that Ray would raise."""
    import ray

    (task,) = sweeps.plan(_planned(tiny_notebook(tmp_path)), tmp_path)

    class Remote:
        def options(self, **_):
            return self

        def remote(self, *_):
            return "reference"

    def lost(_):
        raise ray.exceptions.WorkerCrashedError()

    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(ray, "nodes", lambda: [{"Alive": True, "Resources": {"CPU": 1.0}}])
    monkeypatch.setattr(ray, "remote", lambda _: Remote())
    monkeypatch.setattr(ray, "wait", lambda waiting, num_returns: (waiting[:1], waiting[1:]))
    monkeypatch.setattr(ray, "get", lost)
    ((_, run),) = run_on_ray([task], Needs())
    assert run.problem.startswith("Ray: ")
    assert run.record is None


def test_a_machine_in_another_state_does_not_start_the_run(tiny_notebook, tmp_path, monkeypatch):
    (task,) = sweeps.plan(_planned(tiny_notebook(tmp_path)), tmp_path)
    monkeypatch.chdir(tmp_path)  # run_there changes the folder
    _, *parcel = ray_runs._parcel(task, Needs())
    _, problem, files = ray_runs.run_there(task, *parcel)
    assert problem is None and set(files) == {".ipynb", ".json"}
    _, problem, files = ray_runs.run_there(replace(task, key="0" * 12), *parcel)
    assert "another state" in problem and not files


def _planned(notebook: Path) -> list:
    matrix = notebook.with_name("one.yaml")
    matrix.write_text(f"notebooks: {notebook.name}\n")
    return read_matrix(matrix)


def test_a_cluster_without_a_machine_that_fits_is_told(capsys):
    class Ray:
        @staticmethod
        def nodes():
            return [{"Alive": True, "Resources": {"CPU": 2.0, "memory": 8e9}}]

    ray_runs._tell_if_nothing_fits(Ray, Needs(cpus=2, memory=4))
    assert capsys.readouterr().out == ""
    ray_runs._tell_if_nothing_fits(Ray, Needs(cpus=2, gpus=1))
    assert "No machine of the cluster has 2 CPUs, 1 GPUs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "installed", "message"),
    [
        (["--on", "ray"], False, "pip install -r requirements-ray.txt"),
        (["--on", "ray", "--cpus", "0"], True, "--cpus must be 1 or more"),
        (["--gpus", "1"], True, "--gpus and --memory are for --on ray"),
    ],
)
def test_a_wrong_command_is_one_sentence(
    monkeypatch, tiny_notebook, tmp_path, capsys, options, installed, message
):
    matrix = tiny_notebook(tmp_path).with_name("one.yaml")
    matrix.write_text("notebooks: 01_tiny.ipynb\n")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: installed or None)
    assert main(["sweep", str(matrix), "--out", str(tmp_path / "out"), *options]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()
