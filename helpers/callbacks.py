"""Callbacks for `fit`: one line of progress, and the time in the history."""

from __future__ import annotations

import time

import keras
from IPython.display import DisplayHandle

from helpers.messages import format_seconds


class EpochSeconds(keras.callbacks.Callback):
    """Add the seconds since training began to the history, under `seconds`."""

    def on_train_begin(self, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        logs["seconds"] = time.perf_counter() - self.start


class ProgressLine(EpochSeconds):
    """Keep one line on the page up to date: epoch, accuracies, time passed and time left.

    Pass it to `fit` with `verbose=0`. The history gets `seconds`, too.

    Args:
        name: stands at the head of the line.
    """

    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.handle = DisplayHandle()
        self.handle.display({"text/plain": f"{self.name}: starting"}, raw=True)

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        done, total, passed = epoch + 1, self.params["epochs"], logs["seconds"]
        parts = [f"epoch {done}/{total}", f"training accuracy {logs['accuracy']:.3f}"]
        if "val_accuracy" in logs:
            parts.append(f"validation accuracy {logs['val_accuracy']:.3f}")
        left = "" if done == total else f", {format_seconds(passed / done * (total - done))} left"
        parts.append(f"{format_seconds(passed)} passed{left}")
        self.handle.update({"text/plain": f"{self.name}: {' | '.join(parts)}"}, raw=True)
