"""Lesson 1: what each change of the better network is worth, over seeds.

    python -m benchmarks.lesson_01_changes          # eight changes, three seeds
    python -m benchmarks.lesson_01_changes --all-films --only nothing \\
        --small-epochs 20 --epochs 11 --size 96 --drawn 400  # the lesson's own training

The network is trained by the lesson's own cells, once whole and once without each change. Whole
films are held out and judge: on white, and in front of real photographs; so do the test films and
photos of real hands. The whole network also takes two looks. With --all-films nothing is held out,
as in the lesson's last training. A training that is on record in benchmarks/changes/ is not done
again.
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

from benchmarks.shared import run_cells  # noqa: E402
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
    "CosineDecay": {"AdamW(\n        rate,": "AdamW(\n        0.001,"},
    "SwapEMAWeights": {
        "use_ema=True": "use_ema=False",
        "keras.callbacks.SwapEMAWeights(swap_on_epoch=True), ": "",
    },
    "new scenes": {"keep=0.3": "keep=1.0"},
    "light": {"scenes, augmentation.RandomLight()": "scenes"},
    "drawn hands": {"if not hands:\n        return known": "if hands:\n        return known"},
}


def lesson_without(change: str, settings: dict) -> dict:
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
            lesson |= settings
    return lesson


def measure(change: str, seed: int, options: argparse.Namespace) -> dict:
    """Train once without a change, on small pictures first if so asked, and judge."""
    located, weights, seconds, cpu = find_data("rock_paper_scissors", "full"), None, 0.0, 0.0
    small_size = options.size * 2 // 3
    settings = {"hands": True, "classes": located.dataset.classes, "small_size": small_size}
    lesson = lesson_without(change, settings_of(seed, options) | settings)
    keras.utils.set_random_seed(seed)
    stages = [(small_size, options.small_epochs), (options.size, options.epochs)]
    for size, epochs in stages[options.small_epochs == 0 :]:
        known = pictures.load_split(located, "train", size, 0, CACHE_FOLDER)
        if not options.all_films:
            known, _ = pictures.hold_out_groups(known, seed)
        network = lesson["build_network"](size)
        if weights:
            network.set_weights(weights)
        start, cpu_start = time.perf_counter(), time.process_time()
        lesson["train"](
            network, lesson["with_closed_hands"](known), lesson["augment"], epochs, change
        )
        seconds += time.perf_counter() - start
        cpu += time.process_time() - cpu_start
        weights = network.get_weights()
    looks = {change: network}
    if change == "nothing":
        lesson["model"] = network
        run_cells(NOTEBOOK, ["looks"], lesson)
        looks["two looks"] = lesson["two_looks"]
    accuracies = {
        f"{name}: {judge}": evaluation.evaluate(look, asked).accuracy
        for judge, asked in judges(options.size, seed, options.all_films).items()
        for name, look in looks.items()
    }
    times = {"seconds": seconds, "processor seconds": cpu}
    return accuracies | {f"{change}: {name}": value for name, value in times.items()}


@cache
def judges(size: int, seed: int, all_films: bool) -> dict[str, pictures.Pictures]:
    """Load the pictures that judge, of one size."""
    located = find_data("rock_paper_scissors", "full")
    real = pictures.load_split(find_data("hands_green", "full"), "test", size, 0, CACHE_FOLDER)
    test = pictures.load_split(located, "test", size, 0, CACHE_FOLDER)
    asked = {"test films": test, "real hands": real}
    if not all_films:
        everything = pictures.load_split(located, "train", size, 0, CACHE_FOLDER)
        _, held_out = pictures.hold_out_groups(everything, seed)
        behind = replace(held_out, images=in_photographs(held_out.images, seed))
        asked |= {"held-out films": held_out, "in photographs": behind}
    return asked


def main() -> None:
    """Train what is not on record yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=WITHOUT, default=list(WITHOUT))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--small-epochs", type=int, default=0, help="on two thirds of the size")
    parser.add_argument("--drawn", type=int, default=150)
    parser.add_argument("--all-films", action="store_true", help="hold none out")
    options = parser.parse_args()
    print(LINE)
    for seed in options.seeds:
        settings = settings_of(seed, options)
        films = "-all-films" if options.all_films else ""
        small = f"{options.small_epochs}-and-" if options.small_epochs else ""
        file = OUTPUT / f"01-{small}{options.epochs}-epochs{films}-seed{seed}.json"
        for change in options.only:
            record = read(file, settings)
            if any(name.startswith(f"{change}: ") for name in record["figures"]):
                continue
            measured = measure(change, seed, options)
            record = read(file, settings)  # another process may have added to it
            record["figures"] |= measured
            record["finished"] = datetime.now(UTC).isoformat()
            file.parent.mkdir(exist_ok=True)
            write_atomically(file, json.dumps(record, indent=1) + "\n")
            print(seed, change, measured, flush=True)


def settings_of(seed: int, options: argparse.Namespace) -> dict:
    """Name a training's settings as the lesson does."""
    settings = {"SMALL_EPOCHS": options.small_epochs, "RECIPE_EPOCHS": options.epochs}
    return settings | {"RECIPE_SIZE": options.size, "DRAWN": options.drawn, "SEED": seed}


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
