"""Lesson 2: the frozen base run for every batch against its features kept, over several seeds.

    python -m benchmarks.lesson_02           # an hour: the calm averaged head, three ways, 3 seeds
    python -m benchmarks.lesson_02 --seeds   # an hour: the fine-tuning recipe, 3 seeds

Three ways to train the same head on the same base, in one precision, for as many epochs:
- walkthrough: ImageDataGenerator augments each picture of each epoch, the base runs over it;
- fresh: the same with the course's batches, one warp per batch of pictures decoded once;
- kept: the base runs once over a few copies of each picture, the head learns from their features.
The test films are watched after each epoch and choose nothing. Copies are computed anew, in a
folder of their own, and their time counts. Networks, schedule and recipe are those of the notebook.
The time to equal accuracy is that of the first epoch whose test accuracy reaches what the fresh way
has over its last ten epochs, less 0.01. Needs a quiet machine; prints a table and writes it to
benchmarks/lesson_02.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from helpers.environment import CACHE_FOLDER, PROJECT, prepare

LINE = prepare(seed=0, precision="float32")

import keras  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.shared import RANGES, augmenting_generator, run_cells  # noqa: E402
from helpers import activations, augmentation, evaluation  # noqa: E402
from helpers.backgrounds import in_photographs  # noqa: E402
from helpers.callbacks import EpochSeconds, ProgressLine  # noqa: E402
from helpers.data import pictures  # noqa: E402
from helpers.data.download import find_data  # noqa: E402
from helpers.files import write_atomically  # noqa: E402
from helpers.pretrained import weights  # noqa: E402
from helpers.pretrained.efficientnet_lite import build_efficientnet_lite0  # noqa: E402
from helpers.samples import draw_closed_hands  # noqa: E402

OUTPUT = Path(__file__).with_suffix(".json")
NOTEBOOK = PROJECT / "notebooks" / "02_inception_transfer_rock_paper_scissors.ipynb"
SEEDS, CLOSE = range(3), 0.01
NETWORK_CELLS = ["parameters", "build-base", "cut", "heads", "compile-calm"]
RECIPE_CELLS = ["recipe-augment", "for-recipe", "recipe-network", "fit-stage", "head-first"]


def lesson_cells(located, found, seed: int) -> dict[str, Any]:
    """Return what the notebook's own cells make: its parameters, networks and functions."""
    lesson = {
        "keras": keras, "layers": keras.layers, "np": np, "replace": replace, "found": found,
        "activations": activations, "augmentation": augmentation, "pictures": pictures,
        "build_efficientnet_lite0": build_efficientnet_lite0, "ProgressLine": ProgressLine,
        "draw_closed_hands": draw_closed_hands, "classes": located.dataset.classes, "hands": True,
    }  # fmt: skip
    run_cells(NOTEBOOK, NETWORK_CELLS, lesson)
    return lesson | {"SEED": seed}


def load(located, split: str, size: int) -> pictures.Pictures:
    """Load a split, from the cache after the first time."""
    return pictures.load_split(located, split, size, cache=CACHE_FOLDER)


def generator(located, lesson: dict) -> Iterable:
    """Return the walkthrough's batches, as (pixels 0 to 255, integer labels)."""
    size = lesson["IMAGE_SIZE"]
    options = {"target_size": (size, size), "class_mode": "sparse", "seed": lesson["SEED"]}
    return augmenting_generator().flow_from_directory(
        located.split_folder("train"), batch_size=lesson["BATCH_SIZE"], **options
    )


def calm_head(lesson: dict, epochs: int) -> tuple[keras.Model, Callable]:
    """Return the lesson's averaged head, new, and a function that trains a network calmly."""
    keras.utils.set_random_seed(lesson["SEED"])
    head = lesson["build_averaged_head"](lesson["frozen"].output_shape[1:])
    steps = lesson["STEPS_PER_EPOCH"]

    def fit(network: keras.Model, batches, watched) -> dict[str, list[float]]:
        lesson["compile_calm"](network, epochs * steps, 100 * lesson["LEARNING_RATE"])
        return network.fit(
            batches,
            epochs=epochs,
            steps_per_epoch=steps,
            validation_data=watched,
            callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=True), EpochSeconds()],
            shuffle=False,
            verbose=0,
        ).history

    return head, fit


def measure_way(located, lesson: dict, way: str, epochs: int) -> dict[str, Any]:
    """Train the head one way, and time all that the way needs."""
    size, frozen = lesson["IMAGE_SIZE"], lesson["frozen"]
    training, test = load(located, "train", size), load(located, "test", size)
    layer = augmentation.RandomAffine(horizontal_flip=True, **RANGES)
    head, fit = calm_head(lesson, epochs)
    start, before = time.perf_counter(), 0.0
    if way == "kept":
        with tempfile.TemporaryDirectory(dir=CACHE_FOLDER) as folder:
            options = {"folder": Path(folder), "progress": False}
            copies = activations.compute_activations(
                frozen, training, lesson["COPIES"], layer, lesson["SEED"], **options
            )
            plain = activations.compute_activations(frozen, test, **options)
            before = time.perf_counter() - start
            batches = activations.activation_batches(copies, lesson["BATCH_SIZE"], lesson["SEED"])
            history = fit(head, batches, activations.plain_activations(plain))
    else:
        batches = (
            generator(located, lesson)
            if way == "walkthrough"
            else pictures.training_batches(training, lesson["BATCH_SIZE"], lesson["SEED"], layer)
        )
        network = keras.Model(frozen.input, head(frozen.output))
        history = fit(network, batches, pictures.plain_batches(test, 64))
    return {
        "seconds": time.perf_counter() - start,
        "seconds by epoch": [before + each for each in history["seconds"]],
        "test": history["val_accuracy"],
        "test, mean of the last ten epochs": float(np.mean(history["val_accuracy"][-10:])),
    }


def seconds_to(goal: float, way: dict[str, Any]) -> float:
    """Return when a way first reached an accuracy; NaN where it never did."""
    reached = np.flatnonzero(np.array(way["test"]) >= goal)
    return way["seconds by epoch"][reached[0]] if len(reached) else float("nan")


def measure_ways(located, found, epochs: int) -> dict[str, Any]:
    """Train all ways with each seed; summarise by medians and ranges over the seeds."""
    rows = []
    for seed in SEEDS:
        lesson = lesson_cells(located, found, seed)
        ways = {
            name: measure_way(located, lesson, name, epochs or lesson["EPOCHS"])
            for name in ("kept", "fresh", "walkthrough")
        }
        goal = ways["fresh"]["test, mean of the last ten epochs"] - CLOSE
        to_goal = {name: seconds_to(goal, way) for name, way in ways.items()}
        rows.append({"seed": seed, "ways": ways, "goal": goal, "seconds to the goal": to_goal})
        print(seed, f"goal {goal:.3f}", to_goal, flush=True)
    summary = {}
    for name in ("fresh", "walkthrough"):
        times = [r["seconds to the goal"][name] / r["seconds to the goal"]["kept"] for r in rows]
        summary[f"times faster to the goal than {name}"] = spread(times)
    last = "test, mean of the last ten epochs"
    lost = [row["ways"]["fresh"][last] - row["ways"]["kept"][last] for row in rows]
    summary["accuracy lost by kept copies"] = spread(lost)
    print(summary, flush=True)
    return {"seeds": rows, **summary}


def spread(values: list[float]) -> dict[str, float]:
    """Return median and range."""
    return {"median": float(np.median(values)), "low": min(values), "high": max(values)}


def fit_recipe(located, found, seed: int) -> dict[str, Any]:
    """Fine-tune by the notebook's own cells, and judge the network once."""
    lesson = lesson_cells(located, found, seed)
    size = lesson["IMAGE_SIZE"]
    lesson["training"] = load(located, "train", size)
    run_cells(NOTEBOOK, RECIPE_CELLS, lesson)
    start = time.perf_counter()
    upper, network, features = lesson["head_first"](lesson["everything"])
    lesson["fine_tune"](upper, features, lesson["RECIPE_EPOCHS"])
    minutes = (time.perf_counter() - start) / 60
    test = load(located, "test", size)
    judges = {"films": test, "photographs": replace(test, images=in_photographs(test.images, seed))}
    scores = {name: evaluation.evaluate(network, asked).accuracy for name, asked in judges.items()}
    return {"seed": seed, **scores, "minutes, features included": minutes}


def measure_seeds(located, found) -> dict[str, Any]:
    """Fine-tune with each seed."""
    rows = []
    for seed in SEEDS:
        rows.append(fit_recipe(located, found, seed))
        print(rows[-1], flush=True)
    return {"seeds": rows, "films": spread([row["films"] for row in rows])}


def main() -> None:
    """Measure what was asked for, print it and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", action="store_true", help="the fine-tuning recipe instead")
    parser.add_argument("--epochs", type=int, default=0, help="of the ways; 0 for the lesson's")
    options = parser.parse_args()
    located = find_data("rock_paper_scissors")
    found = weights.find_weights("auto", preferred="InceptionV3")
    print(LINE, located.line, found.line, sep="\n")
    results = json.loads(OUTPUT.read_text()) if OUTPUT.exists() else {}
    results |= {"machine": LINE, "data": located.line, "network": found.line}
    if options.seeds:
        results["recipe"] = measure_seeds(located, found)
    else:
        results["ways"] = measure_ways(located, found, options.epochs)
    write_atomically(OUTPUT, json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
