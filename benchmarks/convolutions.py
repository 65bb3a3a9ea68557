"""Two implementations of TensorFlow's convolutions, side by side: oneDNN's and its own.

    python -m benchmarks.convolutions

oneDNN is what the course switches on, see `environment.prepare`; TensorFlow by itself does so only
on processors with AVX512. The setting is read when TensorFlow starts, so each way has a process of
its own, and they take turns. Prints a table and writes it to benchmarks/convolutions.json.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from benchmarks.timing import in_own_process, seconds_each
from helpers.files import write_atomically

OUTPUT = Path(__file__).with_suffix(".json")
SWITCH = "TF_ENABLE_ONEDNN_OPTS"
WAYS = {"own": "0", "oneDNN": "1"}
ROUNDS, STEPS = 3, 3


def measure() -> dict[str, float]:
    """Return seconds of a step of the published networks, with the switch as it is set."""
    from helpers.environment import prepare, processor

    machine = prepare(0, "float32").splitlines()[0]
    import keras
    import numpy as np

    from benchmarks.shared import run_cells
    from tools.execution import find_notebook

    lesson = {"keras": keras, "layers": keras.layers, "IMAGE_SIZE": 150, "classes": range(10)}
    run_cells(find_notebook("01"), ["network"], lesson)
    run_cells(find_notebook("03"), ["published-network"], lesson)
    networks_and_batches = {
        "lesson 1, a step of 126 pictures": (lesson["network"], 126),
        "lesson 3, a step of 100 pictures": (lesson["build_published"](150), 100),
    }
    random, seconds = np.random.default_rng(0), {}
    for name, (network, number) in networks_and_batches.items():
        images = random.integers(0, 256, (number, 150, 150, 3)).astype(np.float32)
        labels = np.arange(number) % 3
        network.compile(keras.optimizers.RMSprop(1e-4), "sparse_categorical_crossentropy")
        seconds[name] = seconds_each(
            lambda n=network, x=images, y=labels: n.train_on_batch(x, y), STEPS
        )
    vgg16 = keras.applications.VGG16(include_top=False, weights=None, input_shape=(150, 150, 3))
    photos = random.integers(0, 256, (16, 150, 150, 3)).astype(np.float32)
    name = "lessons 4 and 5, VGG16 over 16 photos"
    seconds[name] = seconds_each(lambda: vgg16.predict_on_batch(photos), STEPS)
    return {"machine": f"{processor()['processor']}, {machine}", **seconds}


def main() -> None:
    """Let the ways take turns, and write the medians of the rounds."""
    found: dict[str, list[dict]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way, value in WAYS.items():
            found[way].append(in_own_process(measure, **{SWITCH: value}))
    table = {"machine": found["own"][0].pop("machine"), "rounds": ROUNDS}
    for name in found["own"][0]:
        table[name] = {way: statistics.median(each[name] for each in found[way]) for way in WAYS}
        print(f"{name:40}", *(f"{way} {seconds:.3f} s" for way, seconds in table[name].items()))
    write_atomically(OUTPUT, json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
