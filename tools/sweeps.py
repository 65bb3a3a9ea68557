"""Sweeps: the runs of a matrix, each once, however often the sweep is stopped and started again.

A sweep has a folder. For each run it holds the executed notebook `<notebook>-<key>.ipynb`, the
record `<notebook>-<key>.json`, and, as soon as the run is over, `<notebook>-<key>.status`. A run
that passed is never run again; one that failed, or was broken off, is run again the next time. The
record of one that failed, if there is any, ends in `.json.failed`, so that nobody compares it.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import filelock
from tqdm import tqdm

from helpers.files import write_atomically
from helpers.messages import format_seconds
from tools import storage
from tools.execution import Run, thread_variables, try_notebook
from tools.matrix import SEED, Planned
from tools.run_keys import key_now, run_key

STATUS = ".status"
CHANGED = "the notebook, a helper or a package changed since the sweep began: start it again"


@dataclass(frozen=True, eq=False)
class Task:
    """A run of a sweep: its `run_key`, and where the executed notebook goes."""

    planned: Planned
    key: str
    output: Path

    @property
    def record(self) -> Path:
        """Where the run's record goes."""
        return self.output.with_suffix(".json")

    @property
    def status_file(self) -> Path:
        """Where it is written how the run ended."""
        return self.output.with_suffix(STATUS)

    @property
    def failed_record(self) -> Path:
        """Where the record of a run that failed goes, out of the way of comparisons."""
        return self.output.with_suffix(".json.failed")

    def is_current(self) -> bool:
        """Whether notebook, helpers and versions are still those of the key."""
        with contextlib.suppress(OSError, ValueError):  # gone, or half saved
            return key_now(self.planned.notebook, self.planned.parameters) == self.key
        return False

    def clear(self) -> None:
        """Take away what an earlier try, failed or broken off, has left."""
        for path in (self.status_file, self.record, self.failed_record, self.output):
            path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Status:
    """How a run ended, as its status file tells it."""

    passed: bool
    seconds: float
    problem: str | None  # which cell failed and why, in one line
    finished: str  # ISO 8601 in UTC
    lesson: str  # the notebook's name without its ending
    parameters: dict[str, Any]  # all values of the run
    has_record: bool
    copied_to: str | None = None  # the address to which notebook and record were copied


@dataclass(frozen=True)
class Outcome:
    """What became of a task, and how it ended."""

    task: Task
    word: str  # "passed", "failed" or "skipped"
    status: Status

    def __str__(self) -> str:
        took = format_seconds(self.status.seconds)
        if self.status.problem:
            return f"{self.task.planned.title}: failed after {took}: {self.status.problem}"
        return f"{self.task.planned.title}: done in {took}"


# Runs tasks and yields each with its run, in whatever order they end.
Runner = Callable[[Sequence[Task]], Iterable[tuple[Task, Run]]]


def plan(runs: Sequence[Planned], folder: Path) -> list[Task]:
    """Give each run of a matrix its place in the sweep's folder: a task for each key, in order."""
    tasks: dict[str, Task] = {}
    for planned in runs:
        key = run_key(planned.notebook, planned.parameters)
        tasks.setdefault(key, Task(planned, key, folder / f"{planned.notebook.stem}-{key}.ipynb"))
    return list(tasks.values())


def run_here(
    tasks: Sequence[Task], cpus: int | None = None, minutes: float | None = None
) -> Iterator[tuple[Task, Run]]:
    """Run tasks here, one after another: TensorFlow uses all cores, or `cpus`, for one."""
    for task in tasks:
        notebook, given = task.planned.notebook, task.planned.given
        task.clear()
        run = Run(notebook, task.output, None, 0.0, CHANGED)
        if task.is_current():
            threads = thread_variables(cpus)
            run = try_notebook(notebook, task.output, given, False, threads, minutes)
        yield task, run


def run_sweep(
    tasks: Sequence[Task], folder: Path, address: str | None = None, runner: Runner = run_here
) -> list[Outcome]:
    """Run what is not finished, tell each run in one line, and write down how it ended.

    Args:
        tasks: from `plan`.
        folder: the sweep's folder; it is made.
        address: one of papermill's storage addresses (s3://bucket/folder, gs://...), to which each
            executed notebook and record is copied as well; None for none.
        runner: runs the tasks, here or elsewhere.

    Raises:
        OSError: another sweep is at work in the folder, or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:  # the end of the process, even a sudden one, gives the folder free
        lock = filelock.FileLock(folder / ".lock").acquire(timeout=0)
    except filelock.Timeout:
        told = f"Another sweep is at work in {folder}: wait for its end, or stop it."
        raise OSError(told) from None
    with lock:
        outcomes = {}
        for task in tasks:
            status = read_status(task)
            if status and status.passed:
                outcomes[task] = Outcome(task, "skipped", _copied(task, status, address))
        waiting = [task for task in tasks if task not in outcomes]
        for outcome in _written(runner(waiting), len(waiting), address):
            outcomes[outcome.task] = outcome
    return [outcomes[task] for task in tasks]


def read_status(task: Task) -> Status | None:
    """Read how a run ended; None where it has not, or its notebook or record is gone."""
    status = _load_status(task.status_file)
    if status is None or not task.output.exists():
        return None
    return None if status.has_record and not task.record.exists() else status


def write_status(task: Task, status: Status) -> None:
    """Write down how a run ended, whole or not at all."""
    write_atomically(task.status_file, json.dumps(asdict(status), indent=1, default=str) + "\n")


def last_seconds(folders: Iterable[Path]) -> dict[str, float]:
    """Read how long runs took the last time they passed, in any version, by `same_run`."""
    paths = (path for folder in folders for path in folder.rglob(f"*{STATUS}"))
    found = (status for status in map(_load_status, paths) if status and status.passed)
    ordered = sorted(found, key=lambda status: status.finished)
    return {same_run(status.lesson, status.parameters): status.seconds for status in ordered}


def same_run(lesson: str, parameters: dict[str, Any]) -> str:
    """Return what runs of one notebook with the same parameters share, seed and versions aside."""
    values = {name: value for name, value in parameters.items() if name != SEED}
    return json.dumps([lesson, values], sort_keys=True, default=str)


def dry_run_table(tasks: Sequence[Task], seconds: dict[str, float]) -> str:
    """List what a sweep would do, how long it took last time (see `last_seconds`), and a sum."""
    lines, left, unknown = [], 0.0, 0
    for task in tasks:
        status = read_status(task)
        skipped = status is not None and status.passed
        took = seconds.get(same_run(task.planned.notebook.stem, dict(task.planned.parameters)))
        if not skipped:
            left, unknown = left + (took or 0), unknown + (took is None)
        last = "never run" if took is None else f"{format_seconds(took)} last time"
        lines.append(f"{'skip' if skipped else 'run':5} {last:>18}  {task.planned.title}")
    count = sum(line.startswith("run") for line in lines)
    known = f", {format_seconds(left)} as they took last time" if count > unknown else ""
    more = f" and {unknown} that never ran" if known and unknown else ""
    lines.append(f"{count} to run{known}{more}; {len(tasks) - count} finished before.")
    return "\n".join(lines)


def outcome_table(outcomes: Sequence[Outcome]) -> str:
    """List what a sweep did: a line a run, where one failed the reason, and a sum."""
    lines = []
    for outcome in outcomes:
        title, status = outcome.task.planned.title, outcome.status
        lines.append(f"{outcome.word:8} {format_seconds(status.seconds):>8}  {title}")
        if status.problem:
            output = outcome.task.output
            see = f"; see {output}" if output.exists() else ""
            lines.append(f"{'':19}{status.problem}{see}")
    words = Counter(outcome.word for outcome in outcomes)
    sums = [f"{words[word]} {word}" for word in ("passed", "failed", "skipped")]
    return "\n".join([*lines, f"{', '.join(sums)}."])


def _written(
    runs: Iterable[tuple[Task, Run]], total: int, address: str | None
) -> Iterator[Outcome]:
    """Write down and tell how each run ended, above a bar where there is a terminal."""
    began = time.monotonic()
    with tqdm(total=total, unit="run", file=sys.stdout, disable=None) as bar:
        for number, (task, run) in enumerate(runs, 1):
            status = _ended(task, run)
            write_status(task, status)  # first of all: a copy may take long, or be broken off
            status = _copied(task, status, address)
            outcome = Outcome(task, "passed" if status.passed else "failed", status)
            line = f"[{number}/{total}] {outcome}"
            if bar.disable and number < total:
                passed = time.monotonic() - began
                line += f"; about {format_seconds(passed / number * (total - number))} left"
            tqdm.write(line)
            sys.stdout.flush()
            bar.update()
            yield outcome


def _ended(task: Task, run: Run) -> Status:
    """Say how a run ended; the record of one that failed is put aside."""
    problem = run.problem or (None if task.is_current() else CHANGED)
    if problem and task.record.exists():
        task.record.replace(task.failed_record)
    return Status(
        passed=problem is None,
        seconds=round(run.seconds, 1),
        problem=problem,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        lesson=task.planned.notebook.stem,
        parameters=dict(task.planned.parameters),
        has_record=task.record.exists(),
    )


def _copied(task: Task, status: Status, address: str | None) -> Status:
    """Copy a run's files to an address, if any; what cannot be copied now is copied next time."""
    if not address or status.copied_to == address:
        return status
    try:
        storage.copy_files((p for p in (task.output, task.record) if p.exists()), address)
    except Exception as error:  # each store has its own
        tqdm.write(f"{task.output.name} could not be copied to {address}: {error}")
        return status
    status = replace(status, copied_to=address)
    write_status(task, status)
    return status


def _load_status(path: Path) -> Status | None:
    try:
        return Status(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
