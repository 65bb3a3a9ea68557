"""Lesson 1: the walkthrough's way against the course's way, side by side in one run.

    python -m benchmarks.lesson_01 --steps  # two minutes: a step, the input pipeline alone
    python -m benchmarks.lesson_01 --train  # half an hour: time to a steady test accuracy
    python -m benchmarks.lesson_01 --seeds  # twenty minutes: the published network, three seeds

The walkthrough's way is ImageDataGenerator, which decodes, resizes and warps every picture of every
epoch with SciPy, and its network in float32. The course's way decodes once, warps whole batches
with TensorFlow, and trains in the precision that `prepare` chooses. Needs a quiet machine; prints a
table and writes it to benchmarks/lesson_01.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from helpers.environment import CACHE_FOLDER, PROJECT, prepare

LINE = prepare(seed=0)

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow.keras.preprocessing.image import ImageDataGenerator  # noqa: E402

from benchmarks.shared import RANGES, augmenting_generator, run_cells  # noqa: E402
from helpers import augmentation  # noqa: E402
from helpers.callbacks import EpochSeconds, ProgressLine  # noqa: E402
from helpers.data import pictures  # noqa: E402
from helpers.data.download import find_data  # noqa: E402
from helpers.files import write_atomically  # noqa: E402

OUTPUT = Path(__file__).with_suffix(".json")
NOTEBOOK = PROJECT / "notebooks" / "01_simple_cnn_rock_paper_scissors.ipynb"
POLICY = keras.config.dtype_policy().name
IMAGE_SIZE, BATCH_SIZE, STEPS = 150, 126, 20
GOAL, IN_A_ROW = 0.95, 5
# Multiplications of one training picture: convolutions 1 to 4 and the dense layers, forward, then
# twice backward (to the weights and to the input; the first convolution has no input to train).
FORWARD = [148**2 * 1_728, 72**2 * 36_864, 34**2 * 73_728, 15**2 * 147_456, 3_211_264 + 1_536]
OPERATIONS_A_PICTURE = 2 * (3 * sum(FORWARD) - FORWARD[0])


def walkthrough_generators(located) -> tuple[Iterable, Iterable]:
    """Return the walkthrough's generators of training and test batches."""
    options = {
        "target_size": (IMAGE_SIZE, IMAGE_SIZE),
        "class_mode": "categorical",
        "batch_size": BATCH_SIZE,
    }
    training = augmenting_generator(rescale=1 / 255)
    training = training.flow_from_directory(located.split_folder("train"), seed=0, **options)
    test = ImageDataGenerator(rescale=1 / 255)
    return training, test.flow_from_directory(located.split_folder("test"), **options)


def published_network() -> keras.Model:
    """Build the published network by the lesson's own cell."""
    lesson = {"keras": keras, "layers": keras.layers, "IMAGE_SIZE": IMAGE_SIZE, "classes": range(3)}
    run_cells(NOTEBOOK, ["network"], lesson)
    return lesson["network"]


def walkthrough_model() -> keras.Model:
    """Build the walkthrough's network in float32; its generator does the scaling."""
    keras.config.set_dtype_policy("float32")
    keras.utils.set_random_seed(0)
    without_scaling = published_network().layers[1:]
    model = keras.Sequential([keras.Input((IMAGE_SIZE, IMAGE_SIZE, 3)), *without_scaling])
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    keras.config.set_dtype_policy(POLICY)
    return model


def course_model(seed: int = 0) -> keras.Model:
    """Build the same network with the scaling inside, in the machine's fastest precision."""
    keras.utils.set_random_seed(seed)
    model = published_network()
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def load(located, split: str, size: int) -> pictures.Pictures:
    """Load a split at an edge length, from the cache after the first time."""
    folder = located.split_folder(split)
    classes = located.dataset.classes
    listing = pictures.list_pictures(folder, classes)
    return pictures.load_listed(listing, classes, size, folder.name, CACHE_FOLDER)


def seconds_each(action: Callable[[], object], repeats: int) -> float:
    """Return the mean seconds of an action, after one that does not count."""
    action()
    start = time.perf_counter()
    for _ in range(repeats):
        action()
    return (time.perf_counter() - start) / repeats


def matmul_peak(dtype: str, size: int = 4096) -> float:
    """Measure the machine's best matrix multiplication, in operations a second."""
    left = tf.cast(tf.random.normal([size, size]), dtype)
    multiply = tf.function(lambda: tf.reduce_sum(left @ left))
    return 2 * size**3 / min(seconds_each(lambda: multiply().numpy(), 1) for _ in range(6))


def measure_steps(located) -> dict:
    """Measure an epoch, a batch of input alone, and the share of the machine's peak."""
    generator, _ = walkthrough_generators(located)
    training = load(located, "train", IMAGE_SIZE)
    layer = augmentation.RandomAffine(horizontal_flip=True, **RANGES)
    batches = pictures.training_batches(training, BATCH_SIZE, 0, layer)
    endless = iter(batches)
    old_input = seconds_each(lambda: next(generator), 10)
    new_input = seconds_each(lambda: next(endless), 40)

    def epoch(model: keras.Model, data: Iterable) -> Callable:
        return lambda: model.fit(data, steps_per_epoch=STEPS, verbose=0, shuffle=False)

    old_epoch = seconds_each(epoch(walkthrough_model(), generator), 2)
    new_epoch = seconds_each(epoch(course_model(), batches), 3)
    rate = OPERATIONS_A_PICTURE * BATCH_SIZE * STEPS / new_epoch
    peak = matmul_peak(keras.config.dtype_policy().compute_dtype)
    return {
        "walkthrough: seconds an epoch of 20 steps": old_epoch,
        "course: seconds an epoch of 20 steps": new_epoch,
        "epoch: times faster": old_epoch / new_epoch,
        "walkthrough: seconds of input a batch": old_input,
        "course: seconds of input a batch": new_input,
        "input alone: times faster": old_input / new_input,
        "course: 1e9 operations a second": rate / 1e9,
        "matrix multiplication peak: 1e9 operations a second": peak / 1e9,
        "share of the peak": rate / peak,
    }


def measure_training(located) -> dict:
    """Measure the time to five epochs in a row of 0.95 test accuracy or more, both ways."""
    generator, test_generator = walkthrough_generators(located)
    clock = EpochSeconds()
    old = walkthrough_model().fit(
        generator,
        validation_data=test_generator,
        epochs=25,
        steps_per_epoch=STEPS,
        callbacks=[clock],
        verbose=0,
    )
    new = fit_recipe(located, seed=0)
    old_seconds, new_seconds = steady_seconds(old.history), steady_seconds(new)
    allowed = old_seconds or old.history["seconds"][-1]
    return {
        "walkthrough: seconds to the steady accuracy": old_seconds,
        "walkthrough: seconds of all 25 epochs": old.history["seconds"][-1],
        "walkthrough: test accuracies": old.history["val_accuracy"],
        "better recipe: seconds to the steady accuracy": new_seconds,
        "better recipe: test accuracies": new["val_accuracy"],
        "to a steady accuracy: times faster": allowed / new_seconds if new_seconds else None,
    }


def fit_recipe(located, seed: int) -> dict:
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
        watched = pictures.plain_batches(load(located, "test", size), 64)
        network.fit = partial(network.fit, validation_data=watched)
        known, name = lesson["with_closed_hands"](load(located, "train", size)), f"{size} pixels"
        stage = lesson["train"](network, known, lesson["augment"], lesson[epochs], name)
        passed = seen["seconds"][-1] if before else 0
        seen["seconds"] += [passed + seconds for seconds in stage["seconds"]]
        seen["val_accuracy"] += stage["val_accuracy"]
    return seen


def fit_published(located, seed: int) -> dict:
    """Train the published network the course's way, watched on the test pictures."""
    layer = augmentation.RandomAffine(horizontal_flip=True, **RANGES)
    batches = pictures.training_batches(load(located, "train", IMAGE_SIZE), BATCH_SIZE, seed, layer)
    test = load(located, "test", IMAGE_SIZE)
    return (
        course_model(seed)
        .fit(
            batches,
            epochs=25,
            steps_per_epoch=STEPS,
            validation_data=pictures.plain_batches(test, 64),
            callbacks=[ProgressLine(f"published, {seed}")],
            shuffle=False,
            verbose=0,
        )
        .history
    )


def steady_seconds(history: dict) -> float | None:
    """Return the seconds after which five epochs in a row were at the goal, None if never."""
    reached = np.array(history["val_accuracy"]) >= GOAL
    for end in range(IN_A_ROW, len(reached) + 1):
        if reached[end - IN_A_ROW : end].all():
            return history["seconds"][end - 1]
    return None


def measure_seeds(located) -> dict:
    """Train the published network with three seeds; the test set is watched, and chooses nothing.

    The better network's three seeds are `benchmarks.lesson_01_changes`.
    """
    rows = []
    for seed in range(3):
        history = fit_published(located, seed)
        last_ten = history["val_accuracy"][-10:]
        rows.append(
            {
                "network": "published",
                "seed": seed,
                "test accuracy at the end": last_ten[-1],
                "mean of the last ten epochs": float(np.mean(last_ten)),
                "lowest of the last ten epochs": min(last_ten),
                "minutes": history["seconds"][-1] / 60,
                "seconds to the steady accuracy": steady_seconds(history),
            }
        )
        print(rows[-1], flush=True)
    return {"seeds": rows}


def main() -> None:
    """Measure what was asked for, print it and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", action="store_true", help="time a step and the input alone")
    parser.add_argument("--train", action="store_true", help="time both trainings")
    parser.add_argument("--seeds", action="store_true", help="published network, three seeds")
    options = parser.parse_args()
    measures = {"steps": measure_steps, "train": measure_training, "seeds": measure_seeds}
    wanted = [measure for name, measure in measures.items() if getattr(options, name)]
    if not wanted:
        parser.error("nothing to measure; choose --steps, --train or --seeds")
    located = find_data("rock_paper_scissors")
    results = {"machine": LINE, "data": located.line}
    if OUTPUT.exists():
        results = json.loads(OUTPUT.read_text()) | results
    print(LINE, located.line, sep="\n")
    for measure in wanted:
        results |= measure(located)
        write_atomically(OUTPUT, json.dumps(results, indent=1) + "\n")
    for name, value in itertools.islice(results.items(), 2, None):
        print(f"{name:55}", np.round(value, 3) if isinstance(value, float) else value)


if __name__ == "__main__":
    main()
