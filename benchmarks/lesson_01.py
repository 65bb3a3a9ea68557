"""Lesson 1: the walkthrough's way against the course's way, side by side in one run.

    python -m benchmarks.lesson_01 --steps  # some minutes: a step, the input pipeline alone
    python -m benchmarks.lesson_01 --train  # hours: time to a steady test accuracy, three seeds

The walkthrough's way is ImageDataGenerator, which decodes, resizes and warps every picture of every
epoch with SciPy. The course's way decodes once and warps whole batches with TensorFlow; it trains
the published network, and the lesson's better one by the notebook's own cells. All train in
float32. The networks are tested on the test films after each epoch, which chooses nothing;
accuracy is steady once it has been at the goal in five epochs in a row. A seed on record is not
trained again. Needs a quiet machine; writes benchmarks/lesson_01.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from helpers.environment import CACHE_FOLDER, PROJECT, prepare

LINE = prepare(seed=0, precision="float32")

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow.keras.preprocessing.image import ImageDataGenerator  # noqa: E402

from benchmarks.shared import (  # noqa: E402
    RANGES,
    WALKTHROUGH,
    StopAtGoal,
    augmenting_generator,
    machine,
    measure_seeds,
    run_cells,
    trained,
)
from benchmarks.timing import seconds_each  # noqa: E402
from helpers import augmentation  # noqa: E402
from helpers.callbacks import EpochSeconds  # noqa: E402
from helpers.data import pictures  # noqa: E402
from helpers.data.download import find_data  # noqa: E402
from helpers.files import write_atomically  # noqa: E402

OUTPUT = Path(__file__).with_suffix(".json")
NOTEBOOK = PROJECT / "notebooks" / "01_simple_cnn_rock_paper_scissors.ipynb"
IMAGE_SIZE, BATCH_SIZE, STEPS, EPOCHS = 150, 126, 20, 25
SETTINGS = {"goal": 0.95, "in_a_row": 5, "watched": "test accuracy"}
# Multiplications of one training picture: convolutions 1 to 4 and the dense layers, forward, then
# twice backward (to the weights and to the input; the first convolution has no input to train).
FORWARD = [148**2 * 1_728, 72**2 * 36_864, 34**2 * 73_728, 15**2 * 147_456, 3_211_264 + 1_536]
OPERATIONS_A_PICTURE = 2 * (3 * sum(FORWARD) - FORWARD[0])


def generators(located, seed: int) -> tuple[Iterable, Iterable]:
    """Return the walkthrough's training and test batches, 0 to 255; the network scales them."""
    options = {"target_size": (IMAGE_SIZE, IMAGE_SIZE), "class_mode": "sparse"}
    options |= {"batch_size": BATCH_SIZE}
    training, test = located.split_folder("train"), located.split_folder("test")
    return (
        augmenting_generator().flow_from_directory(training, seed=seed, **options),
        ImageDataGenerator().flow_from_directory(test, shuffle=False, **options),
    )


def load(located, split: str, size: int) -> pictures.Pictures:
    """Load a split at an edge length, from the cache after the first time."""
    return pictures.load_split(located, split, size, cache=CACHE_FOLDER)


def batches(located, seed: int) -> tf.data.Dataset:
    """Return the course's training batches."""
    layer = augmentation.RandomAffine(horizontal_flip=True, **RANGES)
    return pictures.training_batches(load(located, "train", IMAGE_SIZE), BATCH_SIZE, seed, layer)


def published_network(seed: int) -> keras.Model:
    """Build the published network by the lesson's own cell, and compile it."""
    keras.utils.set_random_seed(seed)
    lesson = {"keras": keras, "layers": keras.layers, "IMAGE_SIZE": IMAGE_SIZE, "classes": range(3)}
    run_cells(NOTEBOOK, ["network"], lesson)
    model = lesson["network"]
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def matmul_peak(size: int = 4096) -> float:
    """Measure the machine's best matrix multiplication, in operations per second."""
    left = tf.random.normal([size, size])
    multiply = tf.function(lambda: tf.reduce_sum(left @ left))
    return 2 * size**3 / min(seconds_each(lambda: multiply().numpy(), 1) for _ in range(6))


def measure_steps(located) -> dict:
    """Measure an epoch, a batch of input alone, and the share of the machine's peak."""
    generator, _ = generators(located, 0)
    own = batches(located, 0)
    endless = iter(own)
    old_input = seconds_each(lambda: next(generator), 10)
    new_input = seconds_each(lambda: next(endless), 40)

    def epoch(data: Iterable) -> Callable:
        model = published_network(0)
        return lambda: model.fit(data, steps_per_epoch=STEPS, verbose=0, shuffle=False)

    old_epoch, new_epoch = (seconds_each(epoch(data), 2) for data in (generator, own))
    rate = OPERATIONS_A_PICTURE * BATCH_SIZE * STEPS / new_epoch
    peak = matmul_peak()
    return {
        "machine": machine(),
        "seconds per epoch of 20 steps": {WALKTHROUGH: old_epoch, "course": new_epoch},
        "seconds of input per batch": {WALKTHROUGH: old_input, "course": new_input},
        "course: billion operations per second": rate / 1e9,
        "matrix multiplication: billion operations per second": peak / 1e9,
    }


def train_all(located, seed: int) -> dict[str, dict]:
    """Train three ways with a seed, each until its accuracy is steady."""
    stop = partial(StopAtGoal, SETTINGS["goal"], SETTINGS["in_a_row"])

    def fit(data: Iterable, watched: Iterable) -> dict:
        options = {"epochs": EPOCHS, "steps_per_epoch": STEPS, "validation_data": watched}
        options |= {"callbacks": [EpochSeconds(), stop()], "shuffle": False, "verbose": 0}
        return trained(published_network(seed).fit(data, **options).history)

    test = pictures.plain_batches(load(located, "test", IMAGE_SIZE), 64)
    return {
        WALKTHROUGH: fit(*generators(located, seed)),
        "course, published network": fit(batches(located, seed), test),
        "course, better network": trained(fit_recipe(located, seed, stop())),
    }


def fit_recipe(located, seed: int, stop: StopAtGoal) -> dict:
    """Train lesson 1's better network by the notebook's own cells, watched on the test pictures."""
    lesson: dict = {}
    run_cells(NOTEBOOK, ["imports", "parameters"], lesson)
    lesson |= {"SEED": seed, "located": located, "classes": located.dataset.classes, "hands": True}
    lesson |= {"load": lambda located, split, size, limit=0: load(located, split, size)}
    cells = ["recipe-data", "recipe-network", "recipe-compile", "recipe-augment", "lack"]
    run_cells(NOTEBOOK, [*cells, "choose-train"], lesson)
    keras.utils.set_random_seed(seed)
    network, seen = None, {"val_accuracy": [], "seconds": []}
    for size, epochs in (("small_size", "SMALL_EPOCHS"), ("RECIPE_SIZE", "RECIPE_EPOCHS")):
        size, before = lesson[size], network
        network = lesson["build_network"](size)
        if before:
            network.set_weights(before.get_weights())
        network.fit = partial(
            watched_fit, network.fit, pictures.plain_batches(load(located, "test", size), 64), stop
        )
        known, name = lesson["with_closed_hands"](load(located, "train", size)), f"{size} pixels"
        stage = lesson["train"](network, known, lesson["augment"], lesson[epochs], name)
        passed = seen["seconds"][-1] if before else 0
        seen["seconds"] += [passed + seconds for seconds in stage["seconds"]]
        seen["val_accuracy"] += stage["val_accuracy"]
        if network.stop_training:
            break
    return seen


def watched_fit(fit: Callable, watched: Iterable, stop: StopAtGoal, data: Iterable, **options):
    """Call a network's `fit` as the lesson does, with its average watched after every epoch."""
    averaged = keras.callbacks.SwapEMAWeights()
    callbacks = [averaged, *options.pop("callbacks"), stop]
    return fit(data, validation_data=watched, callbacks=callbacks, **options)


def main() -> None:
    """Measure what was asked for, print it and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", action="store_true", help="time a step and the input alone")
    parser.add_argument("--train", action="store_true", help="time to a steady accuracy")
    options = parser.parse_args()
    if not (options.steps or options.train):
        parser.error("nothing to measure; choose --steps or --train")
    located = find_data("rock_paper_scissors", "full")
    print(LINE, located.line, sep="\n")
    if options.steps:
        results = json.loads(OUTPUT.read_text()) if OUTPUT.exists() else {}
        results["steps"] = measure_steps(located)
        write_atomically(OUTPUT, json.dumps(results, indent=1) + "\n")
        print(json.dumps(results["steps"], indent=1))
    if options.train:
        measure_seeds(OUTPUT, "training", SETTINGS, partial(train_all, located))


if __name__ == "__main__":
    main()
