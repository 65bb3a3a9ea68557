"""What the benchmarks share: walkthroughs' augmentation, a notebook's cells, equal accuracy."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
from tensorflow.keras.preprocessing.image import ImageDataGenerator

from helpers.environment import CACHE_FOLDER, processor
from helpers.files import write_atomically
from tools.execution import cells_of

# The ranges of all walkthroughs, by the names of `augmentation.RandomAffine`.
RANGES = {"rotation": 40, "width_shift": 0.2, "height_shift": 0.2, "shear": 0.2, "zoom": 0.2}
WALKTHROUGH = "walkthrough"  # the way that the others are compared with
ROUNDING = 1e-6  # accuracies are float32: 0.89 is a little less there
History = Mapping[str, list[float]]


def augmenting_generator(ranges: dict = RANGES) -> ImageDataGenerator:
    """Return the walkthroughs' generator: it augments one picture after the other, by SciPy."""
    options = {f"{name}_range": value for name, value in ranges.items()}
    return ImageDataGenerator(horizontal_flip=True, **options)


def run_cells(notebook: Path, names: Sequence[str], namespace: dict) -> None:
    """Run some of a notebook's cells, so that a benchmark measures what the lesson does."""
    sources = {cell.id: cell.source for cell in cells_of(notebook)}
    for name in names:
        exec(sources[name], namespace)


def temporary_folder() -> tempfile.TemporaryDirectory:
    """Make a folder where features are kept, beside the course's own."""
    CACHE_FOLDER.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=CACHE_FOLDER)


def machine() -> str:
    """Name the processor, its instructions, the cores and the precision."""
    parts = [*processor().values(), f"{os.cpu_count()} cores", keras.config.dtype_policy().name]
    return ", ".join(filter(None, parts))


def epochs_to(goal: float, accuracies: Sequence[float], in_a_row: int = 1) -> int | None:
    """Count the epochs until the last `in_a_row` ones are all at the goal; None where never."""
    for end in range(in_a_row, len(accuracies) + 1):
        if min(accuracies[end - in_a_row : end]) >= goal - ROUNDING:
            return end
    return None


class StopAtGoal(keras.callbacks.Callback):
    """End a training once its validation accuracy has been at the goal for some epochs in a row."""

    def __init__(self, goal: float, in_a_row: int = 1) -> None:
        super().__init__()
        self.goal, self.in_a_row, self.seen = goal, in_a_row, []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(logs["val_accuracy"])
        if epochs_to(self.goal, self.seen, self.in_a_row):
            self.model.stop_training = True


def trained(history: History, before: float = 0.0) -> dict[str, list[float]]:
    """Take from a history what counts here; `before` are seconds spent before the training."""
    seconds = [before + each for each in history["seconds"]]
    return {"accuracy": list(history["val_accuracy"]), "seconds": seconds}


def measure_seeds(
    output: Path,
    name: str,
    settings: dict,
    train_all: Callable[[int], Mapping[str, History]],
    seeds: Sequence[int] = (0, 1, 2),
    base: str = WALKTHROUGH,
) -> dict:
    """Train all ways with each seed, one after the other on the same machine.

    A seed that is on record is not trained again, so that seeds may come from several sessions.

    Args:
        output: the benchmark's .json, which is kept up to date.
        name: of the comparison in it.
        settings: `goal`, `in_a_row` and what else decides; a record of others is begun anew.
        train_all: from a seed to each way's `accuracy` and `seconds`, both by epoch.
        seeds: those to train.
        base: the way that the others are compared with.

    Returns:
        The comparison as it is written: settings, seeds, and the summary by `summarise`.
    """
    record = json.loads(output.read_text()) if output.exists() else {}
    found = record.get(name, {})
    if found.get("settings") != settings:
        found = {"settings": settings, "seeds": {}}
    for seed in seeds:
        if str(seed) not in found["seeds"]:
            ways = {way: dict(history) for way, history in train_all(seed).items()}
            found["seeds"][str(seed)] = {"machine": machine(), "ways": ways}
        found["summary"] = summarise(found, base)
        write_atomically(output, json.dumps(record | {name: found}, indent=1) + "\n")
        print(name, f"seed {seed}", found["summary"], sep="\n", flush=True)
    return found


def summarise(found: dict, base: str = WALKTHROUGH) -> dict[str, dict]:
    """Summarise each way over the seeds: seconds to the goal, and against those of one way.

    Where that way, `base`, never reached the goal, all its seconds count, so that the ratio is too
    small rather than too large. A way without the goal has no ratio for that seed.
    """
    goal, in_a_row = found["settings"]["goal"], found["settings"].get("in_a_row", 1)
    seconds: dict[str, dict[str, float]] = {}
    spent: dict[str, dict[str, float]] = {}
    for seed, row in found["seeds"].items():
        for way, history in row["ways"].items():
            spent.setdefault(way, {})[seed] = history["seconds"][-1]
            seconds.setdefault(way, {})
            if end := epochs_to(goal, history["accuracy"], in_a_row):
                seconds[way][seed] = history["seconds"][end - 1]
    against = spent[base] | seconds[base]
    return {
        way: {
            "reached": f"{len(those)} of {len(found['seeds'])}",
            "seconds": spread(those.values()),
            "times faster": spread(against[seed] / each for seed, each in those.items()),
        }
        for way, those in seconds.items()
    }


def spread(values) -> dict[str, float] | None:
    """Return median and range; None where there is nothing."""
    values = list(values)
    if not values:
        return None
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}
