"""Memory: the most that a lesson's kernel holds while papermill runs it, and in which cells.

    python -m benchmarks.memory 05            # a lesson as it stands
    python -m benchmarks.memory 04 --drawn    # on 25,000 drawn photos in place of 4,000 real ones
    python -m benchmarks.memory 04 --drawn -p EPOCHS 5

"Resident" is what the kernel holds in memory; "own" leaves out the parts of files among it, which
the system takes back when it needs them. Looked at every half second, on Linux. Drawn photos are
500 different ones under 25,000 names, because memory does not depend on what they show. Prints a
table and writes it to benchmarks/memory.json.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import psutil

from helpers.data.catalog import dataset
from helpers.environment import MIRROR_VARIABLE, mirror_folder
from helpers.files import write_atomically
from helpers.parameters import RULES
from helpers.results import load_record
from helpers.samples import draw_picture
from tools.execution import cells_of, find_notebook, listing, preset_values, run_notebook

OUTPUT = Path(__file__).with_suffix(".json")
GIB = 2**30
SECONDS = 0.5  # between two looks
DIFFERENT = 250  # drawn photos of each class; the others are the same under other names
SHOWN = 8  # cells in the printed table


class Look(NamedTuple):
    """What the kernel held at one moment, in bytes."""

    time: float
    resident: int
    own: int


@contextmanager
def watching() -> Iterator[list[Look]]:
    """Look at the children of this process until the block ends."""
    looks, over = [], threading.Event()

    def watch() -> None:
        while not over.wait(SECONDS):
            held = [_held(child) for child in psutil.Process().children(recursive=True)]
            looks.append(Look(time.time(), *map(sum, zip((0, 0), *held, strict=True))))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield looks
    finally:
        over.set()
        thread.join()


def _held(process: psutil.Process) -> tuple[int, int]:
    try:
        memory = process.memory_info()
    except psutil.NoSuchProcess:
        return 0, 0
    return memory.rss, memory.rss - memory.shared


def by_cell(notebook: Path, looks: list[Look]) -> dict[str, Look]:
    """Return the highest look of each cell of an executed notebook, by the cell's name."""
    highest = {}
    for cell in cells_of(notebook):
        times = cell.metadata.get("papermill", {})
        if times.get("end_time"):
            start, end = (
                datetime.fromisoformat(times[name]).timestamp()
                for name in ("start_time", "end_time")
            )
            within = [look for look in looks if start <= look.time <= end]
            if within:
                highest[cell.id] = max(within, key=lambda look: look.resident)
    return highest


def draw_photos(folder: Path) -> None:
    """Fill a mirror folder with drawn photos under the names of all 25,000 cats and dogs."""
    whole = dataset("cats_and_dogs").whole
    (split,) = whole.splits
    for label, name in enumerate(whole.class_folders):
        place = folder / whole.name / split.folder / name
        place.mkdir(parents=True)
        for number in range(split.pictures // len(whole.classes)):
            file = place / f"{number}.jpg"
            if number < DIFFERENT:
                draw_picture("cats_and_dogs", label, number).convert("RGB").save(file)
            else:
                os.link(place / f"{number % DIFFERENT}.jpg", file)
    mirror = mirror_folder()
    if mirror and (mirror / "weights").is_dir():
        (folder / "weights").symlink_to(mirror / "weights")


def measure(notebook: Path, drawn: bool, parameters: dict) -> dict:
    """Run a lesson, print its largest cells, and return what its kernel held at most."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {}
        if drawn:
            draw_photos(Path(folder) / "mirror")
            variables[MIRROR_VARIABLE] = str(Path(folder) / "mirror")
        output = Path(folder) / notebook.name
        with watching() as looks:
            run = run_notebook(notebook, output, parameters, variables=variables)
        if run.problem:
            raise SystemExit(f"{notebook.stem} failed: {run.problem}")
        cells, record = by_cell(output, looks), load_record(run.record)
    largest = sorted(cells, key=lambda name: -cells[name].resident)[:SHOWN]
    print(f"\n{'cell':28} {'GiB resident':>12} {'own':>6}")
    for name in largest:
        print(f"{name:28} {cells[name].resident / GIB:12.2f} {cells[name].own / GIB:6.2f}")
    return {
        "data": "drawn photos in place of 25,000 real ones" if drawn else record["data"],
        "parameters": listing(parameters),
        "precision": record["machine"]["precision"],
        "minutes": run.seconds / 60,
        "GiB resident at most": max(look.resident for look in looks) / GIB,
        "GiB own at most": max(look.own for look in looks) / GIB,
        "largest cells": largest,
    }


def main() -> None:
    """Measure a lesson, print it and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lesson", help="its number, such as 05")
    parser.add_argument("--drawn", action="store_true", help="lesson 4 on 25,000 drawn photos")
    parser.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    options = parser.parse_args()
    notebook = find_notebook(options.lesson)
    parameters = preset_values(notebook, "published")
    parameters |= {name: RULES[name].parse(v) if name in RULES else v for name, v in options.p}
    results = json.loads(OUTPUT.read_text()) if OUTPUT.exists() else {}
    name = f"lesson {int(notebook.stem[:2])}{', drawn' if options.drawn else ''}"
    results[name] = measure(notebook, options.drawn, parameters)
    print(name, results[name])
    write_atomically(OUTPUT, json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
