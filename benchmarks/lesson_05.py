"""Lesson 5: the whole network in every step against its frozen part run once, in one run.

    python -m benchmarks.lesson_05               # approaches 2 and 3, both ways: hours
    python -m benchmarks.lesson_05 --epochs 2    # the walkthrough's approach 2 for two epochs only
    python -m benchmarks.lesson_05 --seeds       # the better recipe, three seeds

Both ways train the network that the notebook's own cells build, on the same photos, in the same
precision. The walkthrough's way: ImageDataGenerator decodes and augments each photo of each epoch,
and the whole network runs over it. The course's way: what lies below the cut runs once over a few
augmented copies of each photo, and the rest trains on what was kept; the time of the copies counts
for approach 2. Of approach 3 one epoch is timed, after a first one that does not count. The copies
are computed anew, in a folder of their own. Needs a quiet machine; prints a table and writes it to
benchmarks/lesson_05.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from helpers.environment import CACHE_FOLDER, PROJECT, prepare

LINE = prepare(seed=0)

import keras  # noqa: E402
import numpy as np  # noqa: E402
from tensorflow.keras.preprocessing.image import ImageDataGenerator  # noqa: E402

from benchmarks.shared import RANGES, augmenting_generator, run_cells  # noqa: E402
from helpers import activations, evaluation  # noqa: E402
from helpers.callbacks import EpochSeconds  # noqa: E402
from helpers.data.download import Located, find_data  # noqa: E402
from helpers.data.pictures import Pictures, list_pictures  # noqa: E402
from helpers.data.splits import picture_number  # noqa: E402
from helpers.files import write_atomically  # noqa: E402
from helpers.pretrained import weights  # noqa: E402

OUTPUT = Path(__file__).with_suffix(".json")
NOTEBOOK = PROJECT / "notebooks" / "05_three_approaches_cats_dogs.ipynb"
SEED, EPOCHS = 0, 30
OWN_RANGES = {**RANGES, "shear": 2}


def lesson(located: Located, found: weights.Found, folder: Path, seed: int = SEED) -> dict:
    """Return the notebook's names where its network is built and its photos are loaded.

    Features are kept in the given folder.
    """
    names: dict = {}
    run_cells(NOTEBOOK, ["parameters", "imports"], names)
    compute = partial(activations.compute_activations, folder=folder, progress=False)
    others = {
        name: getattr(activations, name) for name in ("activation_batches", "plain_activations")
    }
    names |= {"activations": SimpleNamespace(compute_activations=compute, **others)}
    names |= {"located": located, "classes": located.dataset.classes, "found": found, "SEED": seed}
    run_cells(NOTEBOOK, ["load", "base", "last-layer"], names)
    return names


def copy_parts(located: Located, parts: dict[str, Pictures], folder: Path) -> None:
    """Copy the files of the parts into folders as the walkthrough's generators want them."""
    wanted = {name: part for part, pictures in parts.items() for name in pictures.names}
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


def generators(folder: Path, size: int, batch_size: int) -> tuple[Iterable, Iterable]:
    """Return the walkthrough's training and validation batches: (pixels 0 to 255, 0 or 1)."""
    options = {"target_size": (size, size), "class_mode": "binary", "seed": SEED}
    training = augmenting_generator(OWN_RANGES)
    training = training.flow_from_directory(folder / "training", batch_size=batch_size, **options)
    watched = ImageDataGenerator().flow_from_directory(
        folder / "validation", batch_size=20, shuffle=False, **options
    )
    return training, watched


def walkthrough(located: Located, found: weights.Found, epochs: int) -> dict:
    """Approach 2 for some epochs and approach 3 for one, the whole network in every step."""
    with tempfile.TemporaryDirectory(dir=CACHE_FOLDER) as folder:
        names = lesson(located, found, Path(folder))
        run_cells(NOTEBOOK, ["frozen"], names)
        parts = {name: names[name] for name in ("training", "validation")}
        copy_parts(located, parts, Path(folder))
        batches, watched = generators(Path(folder), names["IMAGE_SIZE"], names["BATCH_SIZE"])
        network, steps = names["network"], -(-len(names["training"]) // names["BATCH_SIZE"])
        options = {"validation_data": watched, "verbose": 0}

        def fit(rate: float, epochs: int, passes: int) -> dict:
            network.compile(keras.optimizers.Adam(rate), names["loss"], metrics=["accuracy"])
            done = network.fit(
                batches, epochs=epochs, steps_per_epoch=passes * steps, callbacks=[EpochSeconds()],
                **options,
            )  # fmt: skip
            return done.history

        history = fit(2e-4, epochs, 1)
        run_cells(NOTEBOOK, ["unfreeze"], names)
        seconds = fit(1e-6, 2, 2)["seconds"]
    return {
        "epochs measured": epochs,
        "seconds measured": history["seconds"][-1],
        f"seconds of {EPOCHS} epochs": history["seconds"][-1] / epochs * EPOCHS,
        "validation accuracy": history["val_accuracy"],
        "seconds of each epoch": history["seconds"],
        FINE: seconds[1] - seconds[0],
    }


def course(located: Located, found: weights.Found, epochs: int) -> dict:
    """Approach 2 for some epochs and approach 3 for one, by the notebook's own cells."""
    with tempfile.TemporaryDirectory(dir=CACHE_FOLDER) as folder:
        names = lesson(located, found, Path(folder)) | {"EPOCHS": epochs}
        run_cells(NOTEBOOK, ["augment", "copies", "frozen", "frozen-fit", "unfreeze"], names)
        kept = names["copies"].seconds + names["watched"].seconds
        history = names["frozen_fit"]
        seconds = names["fit_upper"](keras.optimizers.Adam(1e-6), 2, 2, "Fine-tuning")["seconds"]
    return {
        "epochs measured": epochs,
        "copies": names["COPIES"],
        "seconds measured": kept + history["seconds"][-1],
        "of these, of the copies and the validation photos": kept,
        "validation accuracy": history["val_accuracy"],
        "seconds of each epoch": [kept + each for each in history["seconds"]],
        FINE: seconds[1] - seconds[0],
    }


FINE = "seconds of an epoch of fine-tuning"


def measure_ways(located: Located, found: weights.Found, options: argparse.Namespace) -> dict:
    """Train both approaches both ways."""
    new = course(located, found, options.course_epochs)
    print("course:", new, flush=True)
    old = walkthrough(located, found, options.epochs)
    print("walkthrough:", old, flush=True)
    results = {
        "course": new,
        "walkthrough": old,
        "fine-tuning, an epoch: times faster": old[FINE] / new[FINE],
    }
    if options.course_epochs == EPOCHS:
        whole = old[f"seconds of {EPOCHS} epochs"] / new["seconds measured"]
        results[f"frozen base, {EPOCHS} epochs: times faster"] = whole
    print_ways(results)
    return results


def print_ways(results: dict) -> None:
    """Print both ways side by side, and say what was multiplied."""
    old, new = results["walkthrough"], results["course"]
    whole = f"seconds of {EPOCHS} epochs"
    rows = [(FINE, old[FINE], new[FINE], results["fine-tuning, an epoch: times faster"])]
    ratio = results.get(f"frozen base, {EPOCHS} epochs: times faster")
    if ratio:
        row = (f"{whole}, frozen base, copies included", old[whole], new["seconds measured"], ratio)
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


def fit_recipe(located: Located, found: weights.Found, seed: int) -> dict:
    """Train the better recipe by the notebook's own cells."""
    names = lesson(located, found, CACHE_FOLDER / "activations", seed)
    start = time.perf_counter()
    cells = ("recipe-augment", "recipe-copies", "recipe-network", "recipe-fit")
    run_cells(NOTEBOOK, [*cells, "head-first", "fine-tune"], names)
    minutes = (time.perf_counter() - start) / 60
    compute, plain = activations.compute_activations, activations.plain_activations
    kept = {
        "validation": names["recipe_watched"],
        "test": compute(names["recipe_below"], names["recipe_test"]),
    }
    scores = {
        part: evaluation.score(names["recipe_upper"], plain(each), names["classes"])
        for part, each in kept.items()
    }
    print(f"seed {seed}:", *[f"{part} {each}" for part, each in scores.items()], flush=True)
    return {
        "seed": seed,
        "validation accuracy": scores["validation"].accuracy,
        "test accuracy": scores["test"].accuracy,
        "test interval": scores["test"].interval,
        "test photos": len(scores["test"]),
        "minutes, copies included": minutes,
    }


def measure_seeds(located: Located, found: weights.Found) -> dict:
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
    parser.add_argument("--data", default="auto", help="auto, full or samples")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the figures are kept")
    options = parser.parse_args()
    located = find_data("cats_and_dogs", options.data)
    found = weights.find_weights("auto", preferred="VGG16")
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
