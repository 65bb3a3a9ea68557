"""What exercises about networks share: drawn hands, and a training that ends in time."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import keras
import numpy as np
from IPython.display import DisplayHandle

from helpers import samples
from helpers.exercises.kinds import shown, tried
from helpers.messages import format_seconds

SIZE = 64  # pixels of an edge
LEARNT_FROM, ASKED = 60, 40  # drawn hands a gesture
OTHER_PEOPLE = 10_000  # seeds from here on belong to the hands that are asked about
BATCH = 16  # small, for many steps in a short time
CATEGORICAL = (
    "The loss: `categorical_crossentropy` wants three numbers for each label; the labels here are "
    "0, 1, 2, so take `sparse_categorical_crossentropy`."
)
LEARNT = 0.995  # a training accuracy that leaves nothing to learn


@cache
def _drawn(each: int, first: int) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(3 * each, dtype=np.int32) % 3
    hands = (
        samples.draw_picture("rock_paper_scissors", int(label), first + number)
        for number, label in enumerate(labels)
    )
    return samples.to_array(hands, len(labels), SIZE), labels


def training_hands(shrink: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return drawn hands in front of white, each also mirrored, as left hands.

    Args:
        shrink: by which the edges are divided.

    Returns:
        (uint8 pictures, shape (360, 64 / shrink, 64 / shrink, 3), 0 to 255; int32 labels, 0 to 2).
    """
    images, labels = _drawn(LEARNT_FROM, 0)
    size = SIZE // shrink
    small = images.reshape(-1, size, shrink, size, shrink, 3).mean((2, 4)).astype(np.uint8)
    return np.concatenate([small, small[:, :, ::-1]]), np.concatenate([labels, labels])


def new_hands() -> tuple[np.ndarray, np.ndarray]:
    """Return hands of other people: 120 pictures of 64x64, as `training_hands` has them."""
    return _drawn(ASKED, OTHER_PEOPLE)


def network_of(answer: Any, size: int, compiled: bool) -> tuple[keras.Model | None, str]:
    """Return a learner's network for pictures in colour and three classes.

    Args:
        answer: a network, or a function that returns one.
        size: edge of its pictures, in pixels.
        compiled: it is to be trained.

    Returns:
        (the network, or None; "" or what is wrong with it).
    """
    network, problem = (answer, "") if isinstance(answer, keras.Model) else tried(answer)
    if problem:
        return None, problem
    if not isinstance(network, keras.Model):
        return None, f"Your function gives {shown(network)}, where a Keras network is expected."
    try:
        taken, given = network.input_shape[1:], network.output_shape[1:]
    except (AttributeError, ValueError):
        return (
            None,
            f"Begin with `keras.Input(({size}, {size}, 3))`; without it nothing has a size.",
        )
    if taken != (size, size, 3):
        return None, f"Your network takes the shape {taken}; the pictures have ({size}, {size}, 3)."
    if compiled and not network.compiled:
        return None, "The network is not compiled: `network.compile(...)` before you return it."
    if len(given) != 1:
        return network, (
            f"Your network ends in feature maps of the shape {given}. Make them a list of numbers, "
            "by `GlobalMaxPooling2D`, before the last `Dense`."
        )
    if given != (3,):
        return (
            network,
            f"The last layer gives {given[0]:,} numbers; three classes need three units.",
        )
    if compiled and loss_of(network) == "categorical_crossentropy":
        return network, CATEGORICAL
    return network, ""


def loss_of(network: keras.Model) -> str:
    """Return the name of the loss that a network is compiled with."""
    loss = network.loss
    return (
        loss if isinstance(loss, str) else str(getattr(loss, "name", getattr(loss, "__name__", "")))
    )


class Training(keras.callbacks.Callback):
    """A learner's training: one line on the page, an end after some seconds or once all is learnt.

    Args:
        name: stands at the head of the line.
        seconds: after which it stops, in the middle of an epoch.
    """

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__()
        self.name, self.seconds = name, seconds

    def fit(
        self, network: keras.Model, images, labels, epochs: int, callbacks=(), **options: Any
    ) -> dict[str, list[float]]:
        """Train the network, with further options of Keras's `fit`, and return the history."""
        self.start, self.handle = time.perf_counter(), DisplayHandle()
        self.handle.display({"text/plain": f"{self.name}: starting"}, raw=True)
        history = network.fit(
            images,
            labels,
            batch_size=BATCH,
            epochs=epochs,
            callbacks=[self, *callbacks],
            verbose=0,
            **options,
        )
        return history.history

    def say(self, text: str) -> None:
        """Put a text into the line."""
        passed = format_seconds(time.perf_counter() - self.start)
        self.handle.update({"text/plain": f"{self.name}: {text} | {passed}"}, raw=True)

    def on_train_batch_end(self, batch, logs=None):
        if time.perf_counter() - self.start > self.seconds:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        self.say(f"epoch {epoch + 1}, loss {logs['loss']:.3g}")
        if logs.get("accuracy", 0) > LEARNT:
            self.model.stop_training = True


def accuracy(network: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of pictures whose likeliest class is the right one, 0 to 1."""
    return float((network.predict(images, verbose=0).argmax(axis=1) == labels).mean())
