"""Runs on many machines: the tasks of a sweep handed to a Ray cluster, each to one machine.

A machine takes a run when the CPUs, GPUs and memory that the run asks for are free. The executed
notebook and the record come back to the machine where the sweep was started, so the machines need
no folder in common but the course's own: helpers and environment at the same place, on each.
Ray is an extra: see requirements-ray.txt, and docs/many-machines.md for SLURM and Kubernetes.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.environment import MIRROR_VARIABLE, PROJECT
from helpers.files import write_atomically
from tools.execution import Run, run_notebook, thread_variables
from tools.run_keys import key_now
from tools.sweeps import Task

RETRIES = 3  # of a run whose machine was lost
GIGABYTE = 10**9
OTHER_COURSE = (
    "the machine it came to has the course or its packages in another state than here: bring all "
    "machines to the same, then start the sweep again"
)


@dataclass(frozen=True)
class Needs:
    """What a run asks of a machine."""

    cpus: int = 1  # cores; TensorFlow keeps to as many threads
    gpus: int = 0
    memory: float = 0.0  # gigabytes; 0 for whatever there is
    minutes: float | None = None  # time limit of the run


def check_ray() -> None:
    """Refuse to go on where Ray is missing (ValueError)."""
    if importlib.util.find_spec("ray") is None:
        raise ValueError(
            "Ray is not installed; install it with: "
            ".venv/bin/python -m pip install -r requirements-ray.txt"
        )


def run_on_ray(tasks: Sequence[Task], needs: Needs) -> Iterator[tuple[Task, Run]]:
    """Run tasks on a Ray cluster; yield each with its run, as they end.

    The cluster is the one that the environment variable RAY_ADDRESS names, else one that runs on
    this machine, else one that is started for the sweep, of this machine alone. A run whose machine
    is lost starts again on another, three times at most.
    """
    import ray

    with _connected(ray):
        _tell_if_nothing_fits(ray, needs)
        remote = ray.remote(run_there).options(
            num_cpus=needs.cpus,
            num_gpus=needs.gpus,
            memory=int(needs.memory * GIGABYTE) or None,
            max_retries=RETRIES,
        )
        waiting = {remote.remote(*_parcel(task, needs)): task for task in tasks}
        while waiting:
            (ended, *_), _ = ray.wait(list(waiting), num_returns=1)
            task = waiting.pop(ended)
            try:
                returned = ray.get(ended)
            except ray.exceptions.RayError as error:  # lost too often, or it never began
                returned = 0.0, f"Ray: {_last_line(str(error))}", {}
            yield task, _unpacked(task, *returned)


def run_there(
    task: Task, source: str, needs: Needs, folder: str, variables: Mapping[str, str]
) -> tuple[float, str | None, dict[str, str]]:
    """Run a task on a machine of the cluster, in a temporary folder.

    Where the run would have another key there than here, it does not start.

    Args:
        task, needs: the run, and its time limit.
        source: the notebook, as its file's text.
        folder: the working folder, where this machine has it; else it is the course's.
        variables: environment variables for the kernel.

    Returns:
        (seconds, problem of the run if any, texts of the files that it left by their endings).
    """
    os.chdir(folder if Path(folder).is_dir() else PROJECT)
    with tempfile.TemporaryDirectory() as place:
        notebook = Path(place, "source", task.output.name)
        output = Path(place, task.output.name)
        write_atomically(notebook, source)
        if key_now(notebook, task.planned.parameters) != task.key:  # a worker outlives changes
            return 0.0, OTHER_COURSE, {}
        run = run_notebook(notebook, output, task.planned.given, False, variables, needs.minutes)
        files = [path for path in (output, run.record) if path and path.exists()]
        return run.seconds, run.problem, {each.suffix: each.read_text("utf-8") for each in files}


@contextlib.contextmanager
def _connected(ray: Any) -> Iterator[None]:
    """Connect to a cluster, unless this process is connected; leave it again."""
    if ray.is_initialized():
        yield
        return
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    except (RuntimeError, ConnectionError) as error:
        raise OSError(f"Ray cannot be reached or started: {_last_line(str(error))}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _tell_if_nothing_fits(ray: Any, needs: Needs) -> None:
    """Say so where runs will wait for a machine that the cluster does not have (yet)."""
    wanted = {"CPU": needs.cpus, "GPU": needs.gpus, "memory": needs.memory * GIGABYTE}
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(all(node.get(name, 0) >= much for name, much in wanted.items()) for node in nodes):
        print(
            f"No machine of the cluster has {needs.cpus} CPUs, {needs.gpus} GPUs and "
            f"{needs.memory} GB of memory: the runs wait until one joins. Ctrl-C stops them."
        )


def _parcel(task: Task, needs: Needs) -> tuple:
    """Return what `run_there` takes."""
    paths = [str(PROJECT), os.environ.get("PYTHONPATH", "")]
    variables = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), **thread_variables(needs.cpus)}
    if MIRROR_VARIABLE in os.environ:
        variables[MIRROR_VARIABLE] = os.environ[MIRROR_VARIABLE]
    source = task.planned.notebook.read_text(encoding="utf-8")
    return task, source, needs, str(Path.cwd()), variables


def _unpacked(task: Task, seconds: float, problem: str | None, files: Mapping[str, str]) -> Run:
    """Write what came back; the run counts only when its status is written after that."""
    task.clear()
    for ending, text in files.items():
        write_atomically(task.output.with_suffix(ending), text)
    record = task.record if task.record.exists() else None
    return Run(task.planned.notebook, task.output, record, seconds, problem)


def _last_line(text: str) -> str:
    """Return what an error says in its last line, where Ray puts the cause."""
    return (text.strip().splitlines() or ["no message"])[-1].strip()
