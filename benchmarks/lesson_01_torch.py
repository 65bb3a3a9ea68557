"""A training step of lesson 1's published network in Keras on TensorFlow, and in PyTorch.

    .venv/bin/python -m pip install -r requirements-torch.txt
    python -m benchmarks.lesson_01_torch

An outside mark: the same layers, batch of 126 pictures of 150 pixels, optimizer and precision
(float32), on the same threads. Each library has a process of its own, and they take turns. PyTorch
runs eagerly, in both memory layouts. Only the step is timed, not the input. Needs a quiet machine;
prints a table and writes it to benchmarks/lesson_01_torch.json.
"""

from __future__ import annotations

import json
import os
import statistics
from importlib.metadata import version
from pathlib import Path

from benchmarks.timing import in_own_process, seconds_each
from helpers.environment import processor
from helpers.files import write_atomically

OUTPUT = Path(__file__).with_suffix(".json")
BATCH, SIZE, CLASSES = 126, 150, 3
ROUNDS, STEPS = 3, 5


def measure_keras() -> dict:
    """Return seconds per step of the lesson's own network, compiled as in the lesson."""
    from helpers.environment import prepare

    prepare(0, "float32")
    import keras
    import numpy as np

    from benchmarks.shared import run_cells
    from tools.execution import find_notebook

    lesson = {"keras": keras, "layers": keras.layers, "IMAGE_SIZE": SIZE, "classes": range(CLASSES)}
    run_cells(find_notebook("01"), ["network"], lesson)
    network = lesson["network"]
    network.compile(keras.optimizers.RMSprop(1e-3), "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).integers(0, 256, (BATCH, SIZE, SIZE, 3)).astype(np.float32)
    labels = np.arange(BATCH) % CLASSES
    return {
        "version": f"Keras {keras.__version__}, TensorFlow {version('tensorflow')}",
        "parameters": network.count_params(),
        "Keras": seconds_each(lambda: network.train_on_batch(images, labels), STEPS),
    }


def measure_torch() -> dict:
    """Return seconds per step of the same layers in PyTorch, in both memory layouts."""
    import torch
    from torch import nn

    def convolution(before: int, filters: int) -> list[nn.Module]:
        return [nn.Conv2d(before, filters, 3), nn.ReLU(), nn.MaxPool2d(2)]

    found: dict = {"version": f"PyTorch {torch.__version__}"}
    for name, layout in {
        "PyTorch, channels first": torch.contiguous_format,
        "PyTorch, channels last": torch.channels_last,
    }.items():
        torch.manual_seed(0)
        layers = [*convolution(3, 64), *convolution(64, 64), *convolution(64, 128)]
        layers += [*convolution(128, 128), nn.Flatten(), nn.Dropout(0.5), nn.Linear(6272, 512)]
        network = nn.Sequential(*layers, nn.ReLU(), nn.Linear(512, CLASSES))
        network = network.to(memory_format=layout)
        images = torch.randint(0, 256, (BATCH, 3, SIZE, SIZE)).float() / 255
        images = images.to(memory_format=layout)
        labels = torch.arange(BATCH) % CLASSES
        optimizer = torch.optim.RMSprop(network.parameters(), 1e-3, alpha=0.9, eps=1e-7)

        def step(network=network, optimizer=optimizer, images=images, labels=labels) -> None:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images), labels).backward()
            optimizer.step()

        found[name] = seconds_each(step, STEPS)
        found["parameters"] = sum(weights.numel() for weights in network.parameters())
    return found


def main() -> None:
    """Let the libraries take turns; write medians, ranges and versions."""
    rounds: list[dict] = []
    for _ in range(ROUNDS):
        told: dict = {}
        for measure in (measure_keras, measure_torch):
            one = in_own_process(measure)
            told.setdefault("versions", []).append(one.pop("version"))
            told.setdefault("parameters", set()).add(one.pop("parameters"))
            told |= one
        assert len(told["parameters"]) == 1, "the two networks differ"
        rounds.append(told)
    table: dict = {"machine": ", ".join(processor().values()), "cores": os.cpu_count()}
    table |= {"versions": rounds[0]["versions"], "batch": BATCH, "rounds": ROUNDS}
    print(table["machine"], *table["versions"], sep=", ")
    for name in [name for name in rounds[0] if name not in ("versions", "parameters")]:
        seconds = [each[name] for each in rounds]
        table[name] = {"median": statistics.median(seconds), "range": [min(seconds), max(seconds)]}
        low, high = table[name]["range"]
        print(f"{name:26} {table[name]['median']:6.2f} s per step ({low:.2f} to {high:.2f})")
    write_atomically(OUTPUT, json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
