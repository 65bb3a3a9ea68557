"""Lesson 5: the whole network in every step against its frozen part run once, to equal accuracy.

    python -m benchmarks.lesson_05    # approaches 2 and 3, three seeds: hours

All ways train the network that the notebook's own cells build, on the same photos, in the same
precision. The walkthrough's way: ImageDataGenerator decodes and augments each photo of each epoch,
and the whole network runs over it. The course's way: what lies below the cut runs once over one,
three or six augmented copies of each photo, and the rest trains on what was kept; the time of the
copies counts. For the frozen base there is a third way, the lesson's first approach: the base runs
once over the photos as they are. Each training ends once its validation accuracy has reached the
goal. Fine-tuning begins after the lesson's 30 epochs on six copies, which are there already and
cost nothing more; its goal is a little above the validation accuracy of the 30th epoch, which
nobody chose. What is on record, by approach and seed, is not trained again. Needs a quiet machine;
writes benchmarks/lesson_05.json.
"""

from __future__ import annotations

import itertools
import math
import shutil
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache, partial
from pathlib import Path
from types import SimpleNamespace

from helpers.environment import PROJECT, prepare

LINE = prepare(seed=0, precision="float32")

import keras  # noqa: E402
from tensorflow.keras.preprocessing.image import ImageDataGenerator  # noqa: E402

from benchmarks.shared import (  # noqa: E402
    RANGES,
    WALKTHROUGH,
    StopAtGoal,
    augmenting_generator,
    measure_seeds,
    run_cells,
    temporary_folder,
    trained,
)
from helpers import activations  # noqa: E402
from helpers.callbacks import EpochSeconds  # noqa: E402
from helpers.data.download import Located, find_data  # noqa: E402
from helpers.data.pictures import Pictures, list_pictures  # noqa: E402
from helpers.data.splits import picture_number  # noqa: E402
from helpers.pretrained import weights  # noqa: E402

OUTPUT = Path(__file__).with_suffix(".json")
NOTEBOOK = PROJECT / "notebooks" / "05_three_approaches_cats_dogs.ipynb"
OWN_RANGES = {**RANGES, "shear": 2}
NUMBERS = (1, 3, 6)  # of kept copies; the last is the lesson's
PLAIN = "not augmented (approach 1)"
FROZEN = {"goal": 0.89, "watched": "validation accuracy", "rate": 2e-4, "most epochs": 30}
FINE = {
    "goal": 0.005,
    "watched": "validation accuracy, less that of 30 epochs of the frozen base,",
    "rate": 1e-6,
    "most epochs": 10,
}


def lesson(located: Located, found: weights.Found, folder: Path, seed: int) -> dict:
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


def generators(folder: Path, names: dict) -> tuple[Iterator, Iterable]:
    """Return the walkthrough's training and validation batches: (pixels 0 to 255, 0 or 1).

    Those for training do not end: Keras 3 would stop after one pass, where an epoch has two.
    """
    size = names["IMAGE_SIZE"]
    options = {"target_size": (size, size), "class_mode": "binary", "seed": names["SEED"]}
    training = augmenting_generator(OWN_RANGES).flow_from_directory(
        folder / "training", batch_size=names["BATCH_SIZE"], **options
    )
    held_out = ImageDataGenerator().flow_from_directory(
        folder / "validation", batch_size=20, shuffle=False, **options
    )
    return (next(training) for _ in itertools.count()), held_out


def named(number: int) -> str:
    """Name the way of so many kept copies."""
    return f"kept copies: {number}"


class Trainings:
    """Both approaches, each trained in all its ways with one seed."""

    def __init__(self, located: Located, found: weights.Found, seed: int) -> None:
        self._temporary = temporary_folder()
        self.folder, self.seed = Path(self._temporary.name), seed
        self.names = lesson(located, found, self.folder, seed)
        self.names["test"] = self.names["validation"]  # nobody asks the test photos here
        run_cells(NOTEBOOK, ["augment", "frozen"], self.names)
        copy_parts(
            located, {each: self.names[each] for each in ("training", "validation")}, self.folder
        )
        self.whole = self.names["network"]
        self.untrained = self.whole.get_weights()
        self.copies, self.spent, spent = {}, {}, 0.0
        for number in NUMBERS:  # each adds to the copies that are there
            self.names["COPIES"] = number
            run_cells(NOTEBOOK, ["copies"], self.names)
            spent += self.names["copies"].seconds + self.names["validation_maps"].seconds
            self.copies[number], self.spent[number] = self.names["copies"], spent

    @cached_property
    def lesson_frozen(self) -> dict:
        """The lesson's 30 epochs of the frozen base, where fine-tuning goes on."""
        return self._on_copies(NUMBERS[-1], math.inf) | {"weights": self.whole.get_weights()}

    def _on_copies(self, number: int, goal: float) -> dict:
        """Train the frozen base on so many copies, from the untrained weights."""
        self.names["copies"] = self.copies[number]
        self.whole.set_weights(self.untrained)
        return self._course(FROZEN, 1, goal, self.spent[number])

    def _plain(self) -> dict:
        """Train the lesson's first approach, by its own cells."""
        run_cells(NOTEBOOK, ["features", "extractor", "extraction-fit"], self.names)
        return trained(self.names["extraction"], self.names["extraction_seconds"])

    def frozen_base(self) -> dict[str, dict]:
        """Train all ways; those with the frozen base begin with the same weights."""
        ways = {named(number): self._on_copies(number, FROZEN["goal"]) for number in NUMBERS}
        self.whole.set_weights(self.untrained)
        walkthrough = self._walkthrough(FROZEN, 1, FROZEN["goal"])
        return ways | {PLAIN: self._plain(), WALKTHROUGH: walkthrough}

    def fine_tuning(self) -> dict[str, dict]:
        """Train both ways from the weights of the lesson's frozen base; accuracies are gains."""
        before, begun, ways = self.lesson_frozen["accuracy"][-1], self.lesson_frozen["weights"], {}
        run_cells(NOTEBOOK, ["unfreeze"], self.names)
        self.names["copies"] = self.copies[NUMBERS[-1]]
        for name, way in (
            (named(NUMBERS[-1]), self._course),
            (WALKTHROUGH, self._walkthrough),
        ):
            self.whole.set_weights(begun)
            history = way(FINE, 2, before + FINE["goal"])
            ways[name] = history | {"accuracy": [each - before for each in history["accuracy"]]}
        return ways

    def _course(self, settings: dict, passes: int, goal: float, before: float = 0.0) -> dict:
        names = self.names
        data = activations.activation_batches(names["copies"], names["BATCH_SIZE"], self.seed)
        held_out = activations.plain_activations(names["validation_maps"])
        return self._fit(names["upper"], data, held_out, settings, passes, goal, before)

    def _walkthrough(self, settings: dict, passes: int, goal: float) -> dict:
        data = generators(self.folder, self.names)
        return self._fit(self.whole, *data, settings, passes, goal)

    def _fit(self, network, data, held_out, settings, passes, goal, before=0.0) -> dict:
        rate = keras.optimizers.Adam(settings["rate"])
        network.compile(rate, self.names["loss"], metrics=["accuracy"])
        history = network.fit(
            data,
            validation_data=held_out,
            epochs=settings["most epochs"],
            steps_per_epoch=passes * -(-len(self.names["training"]) // self.names["BATCH_SIZE"]),
            callbacks=[EpochSeconds(), StopAtGoal(goal)],
            shuffle=False,
            verbose=0,
        ).history
        return trained(history, before)


def main() -> None:
    """Train what is not on record, and write the comparison of both approaches."""
    located = find_data("cats_and_dogs", "full")
    found = weights.find_weights("auto", preferred="VGG16")
    print(LINE, located.line, found.line, sep="\n")
    trainings = lru_cache(1)(partial(Trainings, located, found))
    approaches = {
        "frozen base": (FROZEN, lambda seed: trainings(seed).frozen_base()),
        "fine-tuning": (FINE, lambda seed: trainings(seed).fine_tuning()),
    }
    for seed in range(3):
        for approach, (settings, train) in approaches.items():
            measure_seeds(OUTPUT, approach, settings, train, [seed])


if __name__ == "__main__":
    main()
