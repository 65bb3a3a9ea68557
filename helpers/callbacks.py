"""Callbacks for `fit`: one line of progress, a quick start, and the time in the history."""

from __future__ import annotations

import time

import keras
import numpy as np
from IPython.display import DisplayHandle

from helpers.messages import format_seconds

NUMBERED = "sparse_categorical_crossentropy"  # its labels are the classes' numbers
LIKE_ANSWERS = ("categorical_crossentropy", "binary_crossentropy")  # labels of the answers' shape


def loss_of(network: keras.Model) -> str:
    """Return the name of the loss that a network is compiled with."""
    loss = network.loss
    return str(getattr(loss, "name", getattr(loss, "__name__", loss)))


def create_variables(network: keras.Model) -> None:
    """Create the variables of optimizer and metrics before the first step of a training.

    Left to itself, the first step creates them, and TensorFlow then traces it a second time, which
    makes the start of `fit` longer. What is learnt stays the same. A network of several outputs, or
    of a loss whose labels have a shape that is not known here, gets the optimizer's variables only;
    one without a shape, none.
    """
    if not network.built:
        return
    network.optimizer.build(network.trainable_variables)
    loss = loss_of(network)
    if loss not in (NUMBERED, *LIKE_ANSWERS) or not isinstance(network.output_shape, tuple):
        return
    answers = np.zeros((1, *network.output_shape[1:]), dtype=np.float32)
    labels = np.zeros(1, dtype=np.int32) if loss == NUMBERED else answers
    network.compute_metrics(None, labels, answers)
    network.reset_metrics()


class EpochSeconds(keras.callbacks.Callback):
    """Add the seconds since training began to the history, under `seconds`."""

    def on_train_begin(self, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        logs["seconds"] = time.perf_counter() - self.start


class ProgressLine(EpochSeconds):
    """Keep one line on the page up to date: epoch, accuracies, time passed and time left.

    Pass it to `fit` with `verbose=0`. The history gets `seconds`, too, and the training a quick
    start, see `create_variables`. `name` stands at the head of the line. If the network was
    compiled without the metric `accuracy`, the line shows the losses.
    """

    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.handle, self.count = DisplayHandle(), ""
        self.handle.display({"text/plain": f"{self.name}: starting"}, raw=True)
        create_variables(self.model)

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        done, total, passed = epoch + 1, self.params["epochs"], logs["seconds"]
        watched = "accuracy" if "accuracy" in logs else "loss"
        named = {"training": watched, "validation": f"val_{watched}"}
        known = [f"{of} {watched} {logs[key]:.3f}" for of, key in named.items() if key in logs]
        self.last = " | ".join([*known, f"{format_seconds(passed)} passed"])
        left = "" if done == total else f", {format_seconds(passed / done * (total - done))} left"
        self.count = f"epoch {done}/{total}"
        self._show(f"{self.count} | {self.last}{left}")

    def on_train_end(self, logs=None):
        if self.model.stop_training and self.count:
            self._show(f"{self.count}, stopped here | {self.last}")

    def _show(self, text: str) -> None:
        self.handle.update({"text/plain": f"{self.name}: {text}"}, raw=True)
