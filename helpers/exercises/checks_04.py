"""How lesson 4 checks networks on a pretrained base: what is wrong, "" if nothing is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import cache

import keras
import numpy as np
from IPython.display import DisplayHandle
from keras import layers

from helpers.exercises.kinds import shown, tried
from helpers.exercises.trainings import (
    SIZE,
    Training,
    accuracy,
    drawn,
    loss_of,
    new_hands,
    training_hands,
    truncated_base,
)
from helpers.messages import format_seconds

LAST = "block4c_add"  # of EfficientNet-Lite0: deep enough for drawings, and fast
LEARNT_FROM, ASKED = 80, 48  # drawn faces
SECONDS, PASSES = 40, 6
BEATEN_PETS, BEATEN_HANDS = 0.8, 0.9


class Recorder(layers.Layer):
    """Hands its input on and remembers its largest value, where that is a number."""

    largest = 0.0

    def call(self, inputs):
        with contextlib.suppress(NotImplementedError, TypeError, ValueError):  # symbols have none
            self.largest = float(np.max(np.asarray(inputs)))
        return inputs


@cache
def pretrained_base() -> tuple[keras.Model, Recorder]:
    """Return the base that learners get, and what remembers the pixels it was given.

    The base goes from pictures (batch, 64, 64, 3), 0 to 255, to feature maps (batch, 4, 4, 80).
    """
    pixels, recorder = keras.Input((SIZE, SIZE, 3)), Recorder()
    maps = truncated_base(LAST)(recorder(pixels))
    return keras.Model(pixels, maps, name="base"), recorder


def _network_on(outcome: object, compiled: bool) -> str:
    """Return what is wrong with the form of a network for pictures of 64x64."""
    if not isinstance(outcome, keras.Model):
        return f"Your function gives {shown(outcome)}, where a Keras network is expected."
    taken = outcome.input_shape[1:]
    if taken != (SIZE, SIZE, 3):
        return (
            f"Your network takes the shape {taken}; the pictures have ({SIZE}, {SIZE}, 3). Does it "
            "begin with the base?"
        )
    if compiled and not outcome.compiled:
        return "The network is not compiled: call `network.compile(...)` before you return it."
    if len(outcome.output_shape) != 2:
        return (
            f"Your network ends in feature maps of the shape {outcome.output_shape[1:]}. Put "
            "`GlobalAveragePooling2D` before the last `Dense`, to make a list of numbers of them."
        )
    return ""


def repaired_base(answer: Callable) -> str:
    base, recorder = pretrained_base()
    base.trainable = True
    network, problem = tried(answer, base)
    problem = problem or _network_on(network, compiled=True)
    if problem:
        return problem
    units = network.output_shape[1]
    if units > 2:
        return f"The last layer gives {units} numbers; two classes need one, or two with softmax."
    faces, labels = drawn("cats_and_dogs", 2, (LEARNT_FROM + ASKED) // 2)
    recorder.largest = 0.0
    answers = np.asarray(network(faces[:4].astype("float32")))
    if units == 2 and "sparse" not in loss_of(network):
        return "Two numbers and labels 0 and 1 need `sparse_categorical_crossentropy`."
    faults = _faults(network, base, recorder, answers)
    if faults:
        more = len(faults) - 1
        return faults[0] + (f" {('One more is', 'Two more are')[more - 1]} left." if more else "")
    training = Training("A base that is put to use", SECONDS)
    training.fit(network, faces[:LEARNT_FROM].astype("float32"), labels[:LEARNT_FROM], PASSES)
    said = network.predict(faces[LEARNT_FROM:].astype("float32"), verbose=0)
    named = said.argmax(axis=1) if units == 2 else said[:, 0] > 0.5
    right = float((named == labels[LEARNT_FROM:]).mean())
    training.say(f"of {ASKED} new faces {right:.3f} are right")
    if right > BEATEN_PETS:
        return ""
    return (
        f"It classifies {right:.3f} of {ASKED} new faces correctly; it should be more than "
        f"{BEATEN_PETS}. Is the rate about 0.01, and does the loss fit the last layer?"
    )


def _faults(
    network: keras.Model, base: keras.Model, recorder: Recorder, answers: np.ndarray
) -> list[str]:
    found = []
    if 0 < recorder.largest <= 2:
        found.append(
            f"The scale: the base got values up to {recorder.largest:.2g}, but it takes pixels up "
            "to 255 and scales them itself. If you divide as well, it sees darkness."
        )
    own = {id(weight) for weight in base.weights}
    if any(id(weight) in own for weight in network.trainable_weights):
        found.append(
            "The base: its weights are trainable, under a head that knows nothing yet and at the "
            "high rate of a new head. It loses what it has learnt. Freeze it before you compile."
        )
    if answers.shape[1] == 1 and (answers == 1).all():
        found.append(
            "The end: softmax makes numbers that add up to 1, so a single one is always 1. Use a "
            "sigmoid for one number, a softmax for two."
        )
    return found


def learned_on_base(answer: Callable) -> str:
    base, _ = pretrained_base()
    base.trainable = False
    before = [weight.numpy().copy() for weight in base.weights]
    hands, labels = training_hands()
    handle, start = DisplayHandle(), time.perf_counter()
    handle.display({"text/plain": "From an empty cell: your function trains"}, raw=True)
    network, problem = tried(answer, base, hands.astype("float32"), labels.copy())
    changed = any(
        (weight.numpy() != old).any() for weight, old in zip(base.weights, before, strict=True)
    )
    base.set_weights(before)
    problem = problem or _network_on(network, compiled=False)
    if problem:
        return problem
    if network.output_shape[1] != 3:
        return f"Your network gives {network.output_shape[1]} numbers; three classes need three."
    if changed:
        return (
            "The weights of the base have changed. Freeze it (`base.trainable = False`) before you "
            "compile, or train a head on `base.predict(images)`."
        )
    images, truth = new_hands()
    new = accuracy(network, images.astype("float32"), truth)
    passed = format_seconds(time.perf_counter() - start)
    handle.update(
        {"text/plain": f"From an empty cell: of the new hands {new:.3f} are right | {passed}"},
        raw=True,
    )
    if new > BEATEN_HANDS:
        return ""
    known = accuracy(network, hands.astype("float32"), labels)
    found = (
        f"It reads {new:.3f} of the 120 new hands correctly, {known:.3f} of those it learnt from. "
    )
    return found + (
        "It has not learnt enough yet: try more epochs, or a rate about 0.01."
        if known < BEATEN_HANDS
        else "It memorises: give the dense layer fewer numbers, or stop earlier."
    )
