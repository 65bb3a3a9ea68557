"""Lesson 1: what each change of the better network is worth, over seeds.

    python -m benchmarks.lesson_01_changes [--only CHANGE ...] [--seeds N ...]

The network is trained by the lesson's own cells, on small pictures, once whole ("nothing" taken
back) and once without each change, always for as many steps. Whole films are held out and judge:
on white, and in front of real photographs; so do photos of real hands. A training that is on record
in benchmarks/changes/ is not done again.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from helpers.environment import CACHE_FOLDER, PROJECT, prepare, processor

LINE = prepare(seed=0, precision="float32")

import keras  # noqa: E402

from helpers import evaluation, samples  # noqa: E402
from helpers.backgrounds import in_photographs  # noqa: E402
from helpers.data import pictures  # noqa: E402
from helpers.data.download import find_data  # noqa: E402
from helpers.files import write_atomically  # noqa: E402
from tools.execution import cells_of  # noqa: E402

samples.draw_closed_hands = cache(samples.draw_closed_hands)  # for every change the same
OUTPUT = Path(__file__).with_name("changes")
NOTEBOOK = PROJECT / "notebooks" / "01_simple_cnn_rock_paper_scissors.ipynb"
CELLS = ["imports", "parameters", "recipe-network", "recipe-compile", "recipe-augment"]
CELLS += ["lack", "choose-train"]
EPOCHS, SIZE, DRAWN = 10, 64, 150
# What stands in the lesson, and what stands in its place without the change.
PLAIN_STEP = "Conv2D(32, 3, padding='same', use_bias=False), layers.MaxPooling2D()"
WITHOUT = {
    "nothing": {},
    "strides": {'Conv2D(32, 5, strides=2, padding="same", use_bias=False)': PLAIN_STEP},
    "GlobalMaxPooling2D": {"GlobalMaxPooling2D()": "Flatten()"},
    "BatchNormalization": {
        "BatchNormalization(momentum=0.9)": "Identity()",
        "use_bias=False": "use_bias=True",
    },
    "CosineDecay": {"shrinking_rate(steps), weight_decay": "0.001, weight_decay"},
    "averaged weights": {"use_ema=True": "use_ema=False"},
    "new scenes": {"keep=0.3": "keep=1.0"},
    "light": {"scenes, augmentation.RandomLight()": "scenes"},
    "angles": {"rotation=ROTATION": "rotation=40"},
    "drawn hands": {"if not hands:\n        return known": "if hands:\n        return known"},
}


def lesson_without(change: str, given: dict) -> dict:
    """Run the lesson's cells that define its better network, without one change."""
    sources = {cell.id: cell.source for cell in cells_of(NOTEBOOK)}
    replaced = WITHOUT[change]
    assert all(any(old in sources[name] for name in CELLS) for old in replaced), replaced
    lesson: dict = {}
    for name in CELLS:
        source = sources[name]
        for old, new in replaced.items():
            source = source.replace(old, new)
        exec(source, lesson)
        if name == "parameters":
            lesson |= given
    return lesson


def measure(change: str, seed: int) -> dict:
    """Train once without a change, and judge."""
    located = find_data("rock_paper_scissors", "full")
    given = {"hands": True, "classes": located.dataset.classes, "small_size": SIZE}
    lesson = lesson_without(change, settings_of(seed) | given)
    keras.utils.set_random_seed(seed)
    everything = pictures.load_split(located, "train", SIZE, 0, CACHE_FOLDER)
    known, held_out = pictures.hold_out_groups(everything, seed)
    steps = (len(known) + len(located.dataset.classes) * DRAWN) // 32
    known = lesson["with_closed_hands"](known)
    network = lesson["build_network"](SIZE)
    start, cpu_start = time.perf_counter(), time.process_time()
    lesson["train"](network, known, lesson["augment"], EPOCHS, change, steps)
    times = {"seconds": time.perf_counter() - start}
    times["processor seconds"] = time.process_time() - cpu_start
    real = pictures.load_split(find_data("hands_green", "full"), "test", SIZE, 0, CACHE_FOLDER)
    behind = replace(held_out, images=in_photographs(held_out.images, seed))
    judges = {"held-out films": held_out, "in photographs": behind, "real hands": real}
    found = {name: evaluation.evaluate(network, asked).accuracy for name, asked in judges.items()}
    return {f"{change}: {name}": value for name, value in (found | times).items()}


def main() -> None:
    """Train what is not on record yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=WITHOUT, default=list(WITHOUT))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options = parser.parse_args()
    print(LINE)
    for seed in options.seeds:
        file = OUTPUT / f"01-{EPOCHS}-epochs-seed{seed}.json"
        for change in options.only:
            record = read(file, settings_of(seed))
            if any(name.startswith(f"{change}: ") for name in record["figures"]):
                continue
            measured = measure(change, seed)
            record = read(file, settings_of(seed))  # another process may have added to it
            record["figures"] |= measured
            record["finished"] = datetime.now(UTC).isoformat()
            file.parent.mkdir(exist_ok=True)
            write_atomically(file, json.dumps(record, indent=1) + "\n")
            print(seed, change, measured, flush=True)


def settings_of(seed: int) -> dict:
    """Name a training's settings as the lesson does."""
    settings = {"SMALL_EPOCHS": 0, "RECIPE_EPOCHS": EPOCHS, "RECIPE_SIZE": SIZE}
    return settings | {"DRAWN": DRAWN, "SEED": seed}


def read(file: Path, settings: dict) -> dict:
    """Read a seed's record, or begin it; refuse one of other settings."""
    machine = {"cpu_count": os.cpu_count(), **processor(), "precision": "float32"}
    begun = {"parameters": settings, "machine": machine, "figures": {}}
    record = json.loads(file.read_text("utf-8")) if file.exists() else begun
    if record["parameters"] != settings:
        raise SystemExit(f"{file.name} has other settings: {record['parameters']}; move it away.")
    return record


if __name__ == "__main__":
    main()
