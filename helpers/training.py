"""Training with one live line of progress, and a history that tells accuracy, loss and time."""

from __future__ import annotations

import math
import time

import keras
from IPython.display import DisplayHandle

from helpers.pictures import Pictures


class ProgressLine(keras.callbacks.Callback):
    """Keep one line on the page up to date: epoch, accuracies, time passed and time left."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def on_train_begin(self, logs=None):
        self.start, self.handle = time.perf_counter(), DisplayHandle()
        self.handle.display({"text/plain": f"{self.name}: starting"}, raw=True)

    def on_epoch_end(self, epoch, logs=None):
        done, total = epoch + 1, self.params["epochs"]
        passed = time.perf_counter() - self.start
        parts = [f"epoch {done}/{total}", f"training accuracy {logs['accuracy']:.3f}"]
        if "val_accuracy" in logs:
            parts.append(f"validation accuracy {logs['val_accuracy']:.3f}")
        left = "" if done == total else f", {_minutes(passed / done * (total - done))} left"
        parts.append(f"{_minutes(passed)} passed{left}")
        self.handle.update({"text/plain": f"{self.name}: {' | '.join(parts)}"}, raw=True)


class EpochSeconds(keras.callbacks.Callback):
    """Add the seconds since training began to the history, under `seconds`."""

    def on_train_begin(self, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        logs["seconds"] = time.perf_counter() - self.start


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
