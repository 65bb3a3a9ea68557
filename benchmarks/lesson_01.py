"""Lesson 1: the walkthrough's way against the course's way, side by side in one run.

    python -m benchmarks.lesson_01 --steps          # two minutes: a step, the input pipeline alone
    python -m benchmarks.lesson_01 --steps --train  # half an hour: time to a steady test accuracy

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
from dataclasses import replace
from pathlib import Path

from helpers.environment import CACHE_FOLDER, prepare

LINE = prepare(seed=0)

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow.keras.preprocessing.image import ImageDataGenerator  # noqa: E402

from helpers import augmentation, networks, pictures  # noqa: E402
from helpers.download import find_data  # noqa: E402
from helpers.training import compile_with_decay  # noqa: E402

OUTPUT = Path(__file__).with_suffix(".json")
POLICY = keras.config.dtype_policy().name
IMAGE_SIZE, BATCH_SIZE, STEPS = 150, 126, 20
RANGES = {"rotation": 40, "width_shift": 0.2, "height_shift": 0.2, "shear": 0.2, "zoom": 0.2}
GOAL, IN_A_ROW = 0.95, 5
# Multiplications of one training picture: convolutions 1 to 4 and the dense layers, forward, then
# twice backward (to the weights and to the input; the first convolution has no input to train).
FORWARD = [148**2 * 1_728, 72**2 * 36_864, 34**2 * 73_728, 15**2 * 147_456, 3_211_264 + 1_536]
OPERATIONS_A_PICTURE = 2 * (3 * sum(FORWARD) - FORWARD[0])


class SteadyAccuracy(keras.callbacks.Callback):
    """Stop at the goal: test accuracy of 0.95 or more in five epochs in a row."""

    def on_train_begin(self, logs=None):
        self.start, self.accuracies, self.seconds = time.perf_counter(), [], None

    def on_epoch_end(self, epoch, logs=None):
        self.accuracies.append(logs["val_accuracy"])
        passed = time.perf_counter() - self.start
        print(f"  epoch {epoch + 1}: {self.accuracies[-1]:.4f} after {passed:.0f} s", flush=True)
        if len(self.accuracies) >= IN_A_ROW and min(self.accuracies[-IN_A_ROW:]) >= GOAL:
            self.seconds, self.model.stop_training = passed, True


def walkthrough_generators(located) -> tuple[Iterable, Iterable]:
    """Return the walkthrough's generators of training and test batches."""
    options = {
        "target_size": (IMAGE_SIZE, IMAGE_SIZE),
        "class_mode": "categorical",
        "batch_size": BATCH_SIZE,
    }
    training = ImageDataGenerator(
        rescale=1 / 255,
        rotation_range=RANGES["rotation"],
        width_shift_range=RANGES["width_shift"],
        height_shift_range=RANGES["height_shift"],
        shear_range=RANGES["shear"],
        zoom_range=RANGES["zoom"],
        horizontal_flip=True,
        fill_mode="nearest",
    ).flow_from_directory(located.split_folder("train"), seed=0, **options)
    test = ImageDataGenerator(rescale=1 / 255)
    return training, test.flow_from_directory(located.split_folder("test"), **options)


def walkthrough_model() -> keras.Model:
    """Build the walkthrough's network in float32; its generator does the scaling."""
    keras.config.set_dtype_policy("float32")
    keras.utils.set_random_seed(0)
    without_scaling = networks.published_cnn(IMAGE_SIZE, 3).layers[1:]
    model = keras.Sequential([keras.Input((IMAGE_SIZE, IMAGE_SIZE, 3)), *without_scaling])
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    keras.config.set_dtype_policy(POLICY)
    return model


def course_model() -> keras.Model:
    """Build the same network with the scaling inside, in the machine's fastest precision."""
    keras.utils.set_random_seed(0)
    model = networks.published_cnn(IMAGE_SIZE, 3)
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def load(located, split: str, size: int) -> pictures.Pictures:
    """Load a split at an edge length, from the cache after the first time."""
    folder = located.split_folder(split)
    return pictures.load_pictures(folder, located.dataset.classes, size, cache=CACHE_FOLDER)


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
    """Measure the time to five epochs in a row of 0.95 test accuracy or more."""
    generator, test_generator = walkthrough_generators(located)
    old, new = SteadyAccuracy(), SteadyAccuracy()
    print("the walkthrough")
    start = time.perf_counter()
    walkthrough_model().fit(
        generator,
        validation_data=test_generator,
        epochs=25,
        steps_per_epoch=STEPS,
        callbacks=[old],
        verbose=0,
    )
    old_seconds = old.seconds or time.perf_counter() - start
    print("the better recipe")
    fit_recipe(located, new)
    return {
        "walkthrough: reached the steady accuracy": old.seconds is not None,
        "walkthrough: seconds (or of all 25 epochs)": old_seconds,
        "walkthrough: test accuracies": old.accuracies,
        "better recipe: seconds to the steady accuracy": new.seconds,
        "better recipe: test accuracies": new.accuracies,
        "to a steady accuracy: times faster": old_seconds / new.seconds if new.seconds else None,
    }


def fit_recipe(located, callback: SteadyAccuracy, epochs: int = 60, size: int = 128) -> None:
    """Train lesson 1's better recipe; keep its settings equal to the notebook's."""
    keras.utils.set_random_seed(0)
    training = load(located, "train", size)
    augment = augmentation.Chain(
        augmentation.RandomAffine(
            rotation=90,
            width_shift=0.1,
            height_shift=0.1,
            shear=10,
            zoom=(0.8, 1.8),
            horizontal_flip=True,
            keep_aspect=True,
        ),
        augmentation.RandomBackground(keep=0.3),
        augmentation.RandomLight(),
    )
    hands = replace(training, images=augmentation.add_masks(training.images))
    steps = -(-len(hands) // 32)
    model = networks.small_cnn(size, 3)
    compile_with_decay(model, epochs * steps)
    model.fit(
        pictures.training_batches(hands, 32, 0, augment),
        validation_data=pictures.plain_batches(load(located, "test", size)),
        epochs=epochs,
        steps_per_epoch=steps,
        callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=True), callback],
        shuffle=False,
        verbose=0,
    )


def main() -> None:
    """Measure what was asked for, print it and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", action="store_true", help="time a step and the input alone")
    parser.add_argument("--train", action="store_true", help="time both trainings")
    options = parser.parse_args()
    if not (options.steps or options.train):
        parser.error("nothing to measure; choose --steps, --train or both")
    located = find_data("rock_paper_scissors")
    results = {"machine": LINE, "data": located.line}
    print(LINE, located.line, sep="\n")
    for wanted, measure in ((options.steps, measure_steps), (options.train, measure_training)):
        if wanted:
            results |= measure(located)
            OUTPUT.write_text(json.dumps(results, indent=1) + "\n")
    for name, value in itertools.islice(results.items(), 2, None):
        print(f"{name:55}", np.round(value, 3) if isinstance(value, float) else value)


if __name__ == "__main__":
    main()
