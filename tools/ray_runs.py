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


@dataclass(frozen=True)
class Returned:
    """What comes back from a machine: the files as text, and how the run went."""

    notebook: str | None
    record: str | None
    seconds: float
    problem: str | None


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
                problem = f"Ray: {_last_line(str(error))}"
                returned = Returned(None, None, 0.0, problem)
            yield task, _unpacked(task, returned)


def run_there(
    source: str,
    name: str,
    given: Mapping[str, Any],
    parameters: Mapping[str, Any],
    key: str,
    folder: str,
    variables: Mapping[str, str],
    minutes: float | None = None,
) -> Returned:
    """Run a notebook, given as text, on a machine of the cluster, in a temporary folder.

    Where the run would have another key there than here, it does not start. `folder` is the working
    folder, where this machine has it, else the course's. For the rest see `execution.run_notebook`.
    """
    os.chdir(folder if Path(folder).is_dir() else PROJECT)
    with tempfile.TemporaryDirectory() as place:
        notebook, output = Path(place, "source", name), Path(place, name)
        write_atomically(notebook, source)
        if key_now(notebook, parameters) != key:  # a worker outlives a change of its course
            return Returned(None, None, 0.0, OTHER_COURSE)
        run = run_notebook(notebook, output, given, False, variables, minutes)
        return Returned(
            output.read_text(encoding="utf-8") if output.exists() else None,
            run.record.read_text(encoding="utf-8") if run.record else None,
            run.seconds,
            run.problem,
        )


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
    planned = task.planned
    paths = [str(PROJECT), os.environ.get("PYTHONPATH", "")]
    variables = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), **thread_variables(needs.cpus)}
    if MIRROR_VARIABLE in os.environ:
        variables[MIRROR_VARIABLE] = os.environ[MIRROR_VARIABLE]
    source = planned.notebook.read_text(encoding="utf-8")
    head = source, task.output.name, planned.given, planned.parameters, task.key
    return *head, str(Path.cwd()), variables, needs.minutes


def _unpacked(task: Task, returned: Returned) -> Run:
    """Write what came back; the run counts only when its status is written after that."""
    task.clear()
    for path, text in ((task.record, returned.record), (task.output, returned.notebook)):
        if text is not None:
            write_atomically(path, text)
    record = task.record if task.record.exists() else None
    return Run(task.planned.notebook, task.output, record, returned.seconds, returned.problem)


def _last_line(text: str) -> str:
    """Return what an error says in its last line, where Ray puts the cause."""
    return (text.strip().splitlines() or ["no message"])[-1].strip()
