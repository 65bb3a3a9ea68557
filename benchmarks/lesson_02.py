"""Lesson 2: the frozen network run for every batch against its activations kept, in one run.

    python -m benchmarks.lesson_02           # half an hour: both heads, 25 epochs, both ways
    python -m benchmarks.lesson_02 --seeds   # half an hour: the fine-tuning recipe, three seeds

The walkthrough's way: ImageDataGenerator augments each picture of each epoch, the frozen network
runs over it, and the head learns from the answer. The course's way: the frozen network runs once
over a few augmented views of each picture, and the head learns from what was kept. Same network,
precision, head and number of epochs; the test set is watched after each epoch and chooses nothing.
The views are computed anew, in a folder of their own. Needs a quiet machine; prints a table and
writes it to benchmarks/lesson_02.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from helpers.environment import CACHE_FOLDER, PROJECT, prepare

LINE = prepare(seed=0, precision="float32")

import keras  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.shared import RANGES, augmenting_generator, run_cells  # noqa: E402
from helpers import activations, augmentation, evaluation, networks, transfer  # noqa: E402
from helpers.callbacks import EpochSeconds  # noqa: E402
from helpers.data import pictures  # noqa: E402
from helpers.data.download import find_data  # noqa: E402
from helpers.files import write_atomically  # noqa: E402
from helpers.pretrained import backbones  # noqa: E402
from helpers.training import compile_with_decay, train  # noqa: E402

OUTPUT = Path(__file__).with_suffix(".json")
NOTEBOOK = PROJECT / "notebooks" / "02_inception_transfer_rock_paper_scissors.ipynb"
IMAGE_SIZE, BATCH_SIZE, STEPS, EPOCHS, VIEWS = 150, 126, 20, 25, 8
CUTS = {"InceptionV3": "mixed7", "EfficientNetLite0": "block5c_add"}
HEADS = {
    "published head": (lambda shape: networks.flat_head(shape, 3, 1024), 1e-4),
    "pooled head": (lambda shape: networks.pooled_head(shape, 3), 1e-3),
}


def load(located, split: str) -> pictures.Pictures:
    """Load a split, from the cache after the first time."""
    return pictures.load_split(located, split, IMAGE_SIZE, cache=CACHE_FOLDER)


def generator(located) -> Iterable:
    """Return the walkthrough's batches, as (pixels 0 to 255, integer labels)."""
    options = {"target_size": (IMAGE_SIZE, IMAGE_SIZE), "class_mode": "sparse", "seed": 0}
    folder = located.split_folder("train")
    return augmenting_generator().flow_from_directory(folder, batch_size=BATCH_SIZE, **options)


def compiled(model: keras.Model, rate: float) -> keras.Model:
    """Compile as the walkthrough does."""
    rmsprop = keras.optimizers.RMSprop(rate)
    model.compile(rmsprop, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def walkthrough(located, found, head_name: str, epochs: int) -> dict:
    """Train end to end with the lower part frozen, and time it."""
    build, rate = HEADS[head_name]
    keras.utils.set_random_seed(0)
    lower, _ = transfer.split(backbones.build_backbone(found, IMAGE_SIZE), CUTS[found.name])
    transfer.freeze(lower)
    model = compiled(transfer.join(lower, build(lower.output_shape[1:])), rate)
    start = time.perf_counter()
    history = model.fit(
        generator(located),
        validation_data=pictures.plain_batches(load(located, "test")),
        epochs=epochs,
        steps_per_epoch=STEPS,
        callbacks=[EpochSeconds()],
        verbose=0,
    )
    return {"seconds": time.perf_counter() - start, "test": history.history["val_accuracy"]}


def course(located, found, head_name: str, epochs: int) -> dict:
    """Compute the activations anew, train the head on them, and time both together."""
    build, rate = HEADS[head_name]
    keras.utils.set_random_seed(0)
    lower, _ = transfer.split(backbones.build_backbone(found, IMAGE_SIZE), CUTS[found.name])
    layer = augmentation.RandomAffine(horizontal_flip=True, **RANGES)
    training, test = load(located, "train"), load(located, "test")
    with tempfile.TemporaryDirectory(dir=CACHE_FOLDER) as folder:
        start = time.perf_counter()
        options = {"folder": Path(folder), "progress": False}
        views = activations.compute_activations(lower, training, VIEWS, layer, **options)
        plain = activations.compute_activations(lower, test, **options)
        head = compiled(build(lower.output_shape[1:]), rate)
        batches = activations.activation_batches(views, BATCH_SIZE, 0)
        watched = activations.plain_activations(plain)
        history = train(head, batches, epochs, STEPS, watched, head_name)
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "seconds of the views": views.seconds} | {
        "test": history["val_accuracy"]
    }


def measure_ways(located, found, epochs: int) -> dict:
    """Train both heads both ways."""
    results = {"epochs": epochs, "views": VIEWS}
    for head_name in HEADS:
        new = course(located, found, head_name, epochs)
        old = walkthrough(located, found, head_name, epochs)
        results[head_name] = {
            "walkthrough": old,
            "course": new,
            "times faster": old["seconds"] / new["seconds"],
            "walkthrough: mean test accuracy of the last ten epochs": np.mean(old["test"][-10:]),
            "course: mean test accuracy of the last ten epochs": np.mean(new["test"][-10:]),
        }
        print(head_name, results[head_name], flush=True)
    return results


def fit_recipe(located, found, seed: int) -> dict:
    """Fine-tune by the notebook's own cells, watched on the test pictures."""
    modules = (activations, augmentation, backbones, evaluation, networks, pictures)
    lesson = {module.__name__.split(".")[-1]: module for module in modules}
    names = ("cut_points", "freeze", "join", "output_of", "split", "unfreeze_from")
    lesson |= {name: getattr(transfer, name) for name in names}
    lesson |= {"keras": keras, "replace": replace, "compile_with_decay": compile_with_decay}
    lesson |= {"train": train, "classes": located.dataset.classes, "found": found}
    run_cells(NOTEBOOK, ["parameters"], lesson)
    lesson |= {"SEED": seed, "training": load(located, "train")}
    lesson["backbone"] = backbones.build_backbone(found, IMAGE_SIZE)
    recipe_cells = ("stages", "cut", "recipe-augment", "recipe-split", "fit-stage", "head-first")
    run_cells(NOTEBOOK, [*recipe_cells, "fine-tune"], lesson)
    start = time.perf_counter()
    below, model, views = lesson["head_first"](lesson["training"])
    plain = activations.compute_activations(below, load(located, "test"))
    watched = activations.plain_activations(plain)
    history = lesson["fine_tune"](model, views, lesson["RECIPE_EPOCHS"], watched)
    last_ten = history["val_accuracy"][-10:]
    return {
        "seed": seed,
        "test accuracy at the end": last_ten[-1],
        "lowest of the last ten epochs": min(last_ten),
        "epochs": len(history["val_accuracy"]),
        "minutes, views included": (time.perf_counter() - start) / 60,
    }


def measure_seeds(located, found) -> dict:
    """Fine-tune with three seeds."""
    rows = []
    for seed in range(3):
        rows.append(fit_recipe(located, found, seed))
        print(rows[-1], flush=True)
    mean = np.mean([row["test accuracy at the end"] for row in rows])
    return {"seeds": rows, "mean test accuracy": float(mean)}


def main() -> None:
    """Measure what was asked for, print it and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", action="store_true", help="the fine-tuning recipe instead")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of the two ways")
    options = parser.parse_args()
    located = find_data("rock_paper_scissors")
    found = backbones.find_backbone("auto", preferred="InceptionV3")
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
