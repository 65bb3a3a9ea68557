"""Lesson 2: fresh copies through the frozen base against the features of kept copies.

    python -m benchmarks.lesson_02    # half an hour or more: three seeds

Each way trains the same head (the averaged one, calm) by the notebook's own cells, on the same
frozen base, for as many epochs, in float32. Fresh: the base runs over every augmented batch of the
course's. Kept: it runs once over some copies of each picture and over the test films, and these
seconds count; every number of copies is tried. The goal is what fresh copies reach on the test
films in the mean of their last ten epochs, less 0.01. The test films choose nothing. A seed on
record is not trained again. Needs a quiet machine; writes benchmarks/lesson_02.json.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from helpers.environment import PROJECT, prepare

LINE = prepare(seed=0, precision="float32")

import numpy as np  # noqa: E402

from benchmarks.shared import History, measure_seeds, run_cells, temporary_folder, trained  # noqa: E402
from helpers import activations  # noqa: E402
from helpers.data.download import find_data  # noqa: E402
from helpers.pretrained import weights  # noqa: E402

OUTPUT = Path(__file__).with_suffix(".json")
NOTEBOOK = PROJECT / "notebooks" / "02_inception_transfer_rock_paper_scissors.ipynb"
FRESH, LAST = "fresh copies", 10
NUMBERS = (1, 2, 3, 6)  # of kept copies
SETTINGS = {
    "goal": -0.01,
    "watched": "test accuracy, less that of fresh copies in their last ten epochs,",
}
CELLS = ["augment", "build-base", "cut", "heads", "compile-calm", "fit-head"]


def lesson(located, found, seed: int) -> dict[str, Any]:
    """Return the notebook's names where its heads can be trained."""
    names: dict = {}
    run_cells(NOTEBOOK, ["parameters", "imports"], names)
    names |= {"SEED": seed, "located": located, "found": found}
    names["classes"] = located.dataset.classes
    run_cells(NOTEBOOK, ["load", *CELLS], names)
    return names


def train_all(located, found, seed: int) -> dict[str, History]:
    """Train all ways with a seed; accuracies are less the mean of the last ten fresh epochs."""
    names = lesson(located, found, seed) | {"FRESH": "yes"}
    run_cells(NOTEBOOK, ["fresh"], names)
    ways = {FRESH: trained(names["fresh"])}
    with temporary_folder() as folder:
        compute = partial(activations.compute_activations, folder=Path(folder), progress=False)
        plain = compute(names["frozen"], names["test"])
        before = plain.seconds
        for number in NUMBERS:  # each adds to the copies that are there
            augment = names["published_ranges"]
            copies = compute(names["frozen"], names["training"], number, augment, seed)
            before += copies.seconds
            way = f"kept copies: {number}"
            history = names["fit_head"]((copies, plain), "calm", "averaged head", way)
            ways[way] = trained(history, before)
    mean = np.mean(ways[FRESH]["accuracy"][-LAST:])
    return {
        name: {**way, "accuracy": [float(each - mean) for each in way["accuracy"]]}
        for name, way in ways.items()
    }


def main() -> None:
    """Train what is not on record."""
    located = find_data("rock_paper_scissors", "full")
    found = weights.find_weights("auto", preferred="InceptionV3")
    print(LINE, located.line, found.line, sep="\n")
    measure_seeds(OUTPUT, "frozen base", SETTINGS, partial(train_all, located, found), base=FRESH)


if __name__ == "__main__":
    main()
