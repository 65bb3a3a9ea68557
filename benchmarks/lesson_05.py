"""Lesson 5: the whole network in every step against its frozen blocks run once, in one run.

    python -m benchmarks.lesson_05               # an hour and a half: approaches 2 and 3, both ways
    python -m benchmarks.lesson_05 --epochs 2    # 20 minutes: approach 2 by the walkthrough's way
                                                 # for two epochs, multiplied
    python -m benchmarks.lesson_05 --seeds       # the better recipe, three seeds

The walkthrough's way: ImageDataGenerator decodes and augments each photo of each epoch, and the
whole network runs over it, in float32. The course's way: what stays frozen, the whole base for
approach 2 and the blocks below block 5 for approach 3, runs once over a few augmented views of each
photo, in the precision that `prepare` chooses, and the rest trains on what was kept; the time of
the views counts for approach 2. Same network, same training, same photos, and the validation photos
after each epoch. Of approach 3 one epoch is timed, after a first step that does not count. The
views are computed anew, in a folder of their own. Needs a quiet machine; prints a table and writes
it to benchmarks/lesson_05.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from helpers.environment import CACHE_FOLDER, PROJECT, prepare

LINE = prepare(seed=0)

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow.keras.preprocessing.image import ImageDataGenerator  # noqa: E402

from benchmarks.shared import RANGES, augmenting_generator, run_cells  # noqa: E402
from helpers import activations, augmentation, evaluation, networks, transfer  # noqa: E402
from helpers.callbacks import EpochSeconds  # noqa: E402
from helpers.data.download import Located, find_data  # noqa: E402
from helpers.data.pictures import Pictures, list_pictures  # noqa: E402
from helpers.data.splits import load_parts, picture_number  # noqa: E402
from helpers.files import write_atomically  # noqa: E402
from helpers.pretrained import backbones  # noqa: E402
from helpers.training import compile_with_decay, train  # noqa: E402

OUTPUT = Path(__file__).with_suffix(".json")
NOTEBOOK = PROJECT / "notebooks" / "05_three_approaches_cats_dogs.ipynb"
POLICY = keras.config.dtype_policy().name
IMAGE_SIZE, BATCH_SIZE, VIEWS, SEED = 150, 40, 6, 0
SHARES, PHOTOS_PER_CLASS = (0.5, 0.25, 0.25), 2000
EPOCHS, STEPS = 30, 50
OWN_RANGES = {**RANGES, "shear": 2}
CUTS = {"VGG16": "block4_pool", "EfficientNetLite0": "block5c_add"}


class Parts(NamedTuple):
    """The photos that train and those that are watched; the test photos stay closed here."""

    training: Pictures
    validation: Pictures


def load(located: Located) -> Parts:
    """Load the notebook's parts, from the cache after the first time."""
    return Parts(*load_parts(located, SHARES, IMAGE_SIZE, PHOTOS_PER_CLASS, CACHE_FOLDER)[:2])


def copy_parts(located: Located, parts: Parts, folder: Path) -> None:
    """Copy the files of both parts into folders as the walkthrough's generators want them."""
    wanted = {name: part for part, pictures in parts._asdict().items() for name in pictures.names}
    for split in located.splits:
        files = list_pictures(located.split_folder(split), located.dataset.class_folders)
        for file, label in files:
            own = located.dataset.classes[label]
            number = picture_number(file.name)
            part = wanted.get(f"{own}/{number}")
            if part:
                target = folder / part / own / f"{number}{file.suffix}"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)


def generators(folder: Path) -> tuple[Iterable, Iterable]:
    """Return the walkthrough's training and validation batches: (pixels 0 to 255, 0 or 1)."""
    options = {"target_size": (IMAGE_SIZE, IMAGE_SIZE), "class_mode": "binary", "seed": SEED}
    training = augmenting_generator(OWN_RANGES)
    training = training.flow_from_directory(folder / "training", batch_size=BATCH_SIZE, **options)
    watched = ImageDataGenerator().flow_from_directory(
        folder / "validation", batch_size=20, shuffle=False, **options
    )
    return training, watched


def build(found: backbones.Found) -> tuple[keras.Model, keras.Model, keras.Model]:
    """Return the base below the cut, the base above it, and a new head; the base is frozen."""
    keras.utils.set_random_seed(SEED)
    pretrained = backbones.build_backbone(found, IMAGE_SIZE)
    base = backbones.with_plain_scaling(pretrained, 1 / 255)
    below, above = transfer.split(base, CUTS[found.name])
    transfer.freeze(base)
    return below, above, networks.sigmoid_head(base.output_shape[1:], 256, dropout=0.0)


def compiled(model: keras.Model, rate: float) -> keras.Model:
    """Compile as the walkthrough does."""
    adam = keras.optimizers.Adam(rate)
    model.compile(adam, "binary_crossentropy", metrics=["accuracy"])
    return model


def fit(model: keras.Model, batches: Iterable, watched: Iterable, epochs: int, steps: int) -> dict:
    """Train and return the history, with the seconds since the start."""
    options = {"shuffle": False} if isinstance(batches, tf.data.Dataset) else {}
    done = model.fit(
        batches, epochs=epochs, steps_per_epoch=steps, validation_data=watched,
        callbacks=[EpochSeconds()], verbose=0, **options,
    )  # fmt: skip
    return done.history


def fine_tune(
    model: keras.Model, first: str, batches: Iterable, watched: Iterable, steps: int
) -> float:
    """Thaw what lies above the cut, and return the seconds of an epoch with its validation."""
    transfer.unfreeze_from(model, first)
    compiled(model, 1e-6)
    fit(model, batches, watched, 1, 1)  # the first step and the first watching trace their graphs
    return fit(model, batches, watched, 1, steps)["seconds"][-1]


def walkthrough(located: Located, found: backbones.Found, epochs: int, steps: int) -> dict:
    """Approach 2 for some epochs and approach 3 for one, the whole network in every step."""
    keras.config.set_dtype_policy("float32")
    with tempfile.TemporaryDirectory(dir=CACHE_FOLDER) as folder:
        copy_parts(located, load(located), Path(folder))
        batches, watched = generators(Path(folder))
        below, above, head = build(found)
        model = compiled(transfer.join(transfer.join(below, above), head), 2e-4)
        history = fit(model, batches, watched, epochs, steps)
        fine = fine_tune(model, above.layers[1].name, batches, watched, 2 * steps)
    keras.config.set_dtype_policy(POLICY)
    return {
        "epochs measured": epochs,
        "seconds measured": history["seconds"][-1],
        f"seconds of {EPOCHS} epochs": history["seconds"][-1] / epochs * EPOCHS,
        "validation accuracy": history["val_accuracy"],
        "seconds of an epoch of fine-tuning": fine,
    }


def course(located: Located, found: backbones.Found, epochs: int, steps: int) -> dict:
    """Each approach cut where its own training stops, its views computed anew."""
    with tempfile.TemporaryDirectory(dir=CACHE_FOLDER) as folder:
        start = time.perf_counter()
        below, above, head = build(found)
        views, kept = course_views(located, transfer.join(below, above), Path(folder))
        batches = activations.activation_batches(views, BATCH_SIZE, SEED)
        watched = activations.plain_activations(kept)
        history = fit(compiled(head, 2e-4), batches, watched, epochs, steps)
        seconds = time.perf_counter() - start
        lower_views, lower_kept = course_views(located, below, Path(folder))
        batches = activations.activation_batches(lower_views, BATCH_SIZE, SEED)
        watched = activations.plain_activations(lower_kept)
        model = transfer.join(above, head)
        fine = fine_tune(model, model.layers[1].name, batches, watched, 2 * steps)
    return {
        "epochs measured": epochs,
        "seconds measured": seconds,
        "of these, of the views and the validation photos": views.seconds + kept.seconds,
        "validation accuracy": history["val_accuracy"],
        "seconds of the views below the cut, for fine-tuning": lower_views.seconds,
        "seconds of an epoch of fine-tuning": fine,
    }


def course_views(located: Located, lower: keras.Model, folder: Path) -> tuple:
    """Run a frozen part over the views of the training photos, and over the validation photos."""
    parts, layer = load(located), augmentation.RandomAffine(horizontal_flip=True, **OWN_RANGES)
    options = {"folder": folder, "progress": False}
    views = activations.compute_activations(lower, parts.training, VIEWS, layer, SEED, **options)
    return views, activations.compute_activations(lower, parts.validation, **options)


def measure_ways(located: Located, found: backbones.Found, options: argparse.Namespace) -> dict:
    """Train both approaches both ways."""
    new = course(located, found, options.course_epochs, options.steps)
    print("course:", new, flush=True)
    old = walkthrough(located, found, options.epochs, options.steps)
    print("walkthrough:", old, flush=True)
    fine = "seconds of an epoch of fine-tuning"
    results = {
        "batch size": BATCH_SIZE,
        "steps an epoch": options.steps,
        "views": VIEWS,
        "course": new,
        "walkthrough": old,
        "fine-tuning, an epoch: times faster": old[fine] / new[fine],
    }
    if options.course_epochs == EPOCHS:
        whole = old[f"seconds of {EPOCHS} epochs"] / new["seconds measured"]
        results[f"frozen base, {EPOCHS} epochs: times faster"] = whole
    print_ways(results)
    return results


def print_ways(results: dict) -> None:
    """Print both ways side by side, and say what was multiplied."""
    old, new = results["walkthrough"], results["course"]
    fine, whole = "seconds of an epoch of fine-tuning", f"seconds of {EPOCHS} epochs"
    rows = [(fine, old[fine], new[fine], results["fine-tuning, an epoch: times faster"])]
    ratio = results.get(f"frozen base, {EPOCHS} epochs: times faster")
    if ratio:
        row = (f"{whole}, frozen base, views included", old[whole], new["seconds measured"], ratio)
        rows.insert(0, row)
    print(f"\n{'':52} {'walkthrough':>11} {'course':>9} {'times faster':>12}")
    for what, one, other, times in rows:
        print(f"{what:52} {one:11.1f} {other:9.1f} {times:12.1f}")
    for name, way in (("walkthrough", old), ("course", new)):
        accuracies, epochs = way["validation accuracy"], way["epochs measured"]
        print(f"{name}: validation accuracy {accuracies[-1]:.3f} after {epochs} epochs")
    if old["epochs measured"] < EPOCHS:
        print(
            f"The walkthrough's way was measured for {old['epochs measured']} of {EPOCHS} epochs "
            "and multiplied: every epoch costs the same."
        )


def fit_recipe(located: Located, found: backbones.Found, seed: int) -> dict:
    """Train the better recipe by the notebook's own cells."""
    modules = (activations, augmentation, backbones, evaluation, networks)
    lesson = {module.__name__.split(".")[-1]: module for module in modules}
    names = ("cut_points", "freeze", "join", "split", "unfreeze_from")
    lesson |= {name: getattr(transfer, name) for name in names}
    lesson |= {"keras": keras, "np": np, "compile_with_decay": compile_with_decay, "train": train}
    lesson |= {"load_parts": load_parts, "CACHE_FOLDER": CACHE_FOLDER}
    lesson |= {"located": located, "classes": located.dataset.classes, "found": found}
    run_cells(NOTEBOOK, ["parameters"], lesson)
    lesson |= {"SEED": seed}
    lesson["pretrained"] = backbones.build_backbone(found, lesson["IMAGE_SIZE"])
    start = time.perf_counter()
    first = ("load", "cut", "published-range", "fit-to-rest", "recipe-augment", "recipe-views")
    run_cells(NOTEBOOK, [*first, "head-first", "fine-tune"], lesson)
    minutes = (time.perf_counter() - start) / 60
    scores = {
        part: evaluation.score(
            lesson["recipe"], activations.plain_activations(lesson[kept]), lesson["classes"]
        )
        for part, kept in {"validation": "recipe_watched", "test": "recipe_asked"}.items()
    }
    print(f"seed {seed}:", *[f"{part} {each}" for part, each in scores.items()], flush=True)
    return {
        "seed": seed,
        "validation accuracy": scores["validation"].accuracy,
        "test accuracy": scores["test"].accuracy,
        "test interval": scores["test"].interval,
        "test photos": len(scores["test"]),
        "minutes, views included": minutes,
    }


def measure_seeds(located: Located, found: backbones.Found) -> dict:
    """Train the better recipe with three seeds; the interval is that of one such accuracy."""
    rows = [fit_recipe(located, found, seed) for seed in range(3)]
    mean = float(np.mean([row["test accuracy"] for row in rows]))
    photos = rows[0]["test photos"]
    interval = evaluation.accuracy_interval(round(mean * photos), photos)
    print(f"mean test accuracy {mean:.4f}, 95 % interval {interval[0]:.3f} to {interval[1]:.3f}")
    return {"seeds": rows, "mean test accuracy": mean, "interval": interval}


def main() -> None:
    """Measure what was asked for, print it and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", action="store_true", help="the better recipe instead")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="by the walkthrough's way")
    parser.add_argument("--course-epochs", type=int, default=EPOCHS, help="by the course's way")
    parser.add_argument("--steps", type=int, default=STEPS, help="an epoch; fine-tuning twice that")
    parser.add_argument("--data", default="auto", help="auto, full or samples")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the figures are kept")
    options = parser.parse_args()
    located = find_data("cats_and_dogs", options.data)
    found = backbones.find_backbone("auto", preferred="VGG16")
    print(LINE, located.line, found.line, sep="\n")
    output = options.output
    results = json.loads(output.read_text()) if output.exists() else {}
    results |= {"machine": LINE, "data": located.line, "network": found.line}
    if options.seeds:
        results["recipe"] = measure_seeds(located, found)
    else:
        results["ways"] = measure_ways(located, found, options)
    write_atomically(output, json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
