"""How lesson 4 checks networks on a pretrained base: what is wrong, "" if nothing is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from helpers.exercises.trainings import (
    ON_A_BASE,
    OTHERS,
    SIZE,
    Exam,
    Training,
    drawn,
    first_of,
    lent_base,
    network_of,
    no_probabilities,
    not_frozen,
    training_hands,
)

LEARNT_FROM, ASKED = 40, 24  # drawn faces of a class
SECONDS, PASSES = 40, 6
BEATEN = 0.8


class Recorder(layers.Layer):
    """Hands its input on and remembers its largest value, where that is a number."""

    largest = 0.0

    def call(self, inputs):
        with contextlib.suppress(NotImplementedError, TypeError, ValueError):  # symbols have none
            self.largest = float(np.max(np.asarray(inputs)))
        return inputs


def repaired_base(answer: Callable) -> str:
    with lent_base() as (bare, _):
        pixels, recorder = keras.Input((SIZE, SIZE, 3)), Recorder()
        base = keras.Model(pixels, bare(recorder(pixels)), name="base")
        network = network_of(lambda: answer(base), classes=2, advice=ON_A_BASE)
        faces = drawn("cats_and_dogs", LEARNT_FROM)
        network(faces[0][:4])  # for the recorder
        scale = 0 < recorder.largest <= 2 and (
            f"The scale: the base got values up to {recorder.largest:.2g}, but it takes pixels up "
            "to 255 and scales them itself. If you divide as well, it sees darkness."
        )
        faults = scale, not_frozen(network, base), no_probabilities(network)
        if problem := first_of(faults):
            return problem
        training = Training("A base that is put to use", SECONDS)
        training.fit(network, *faces, PASSES)
        exam = Exam("faces", faces, drawn("cats_and_dogs", ASKED, OTHERS), BEATEN)
        advice = "Is the rate about 0.01, and does the loss fit the last layer?"
        return training.judge(network, exam, advice)


def learned_on_base(answer: Callable) -> str:
    (images, labels), training = training_hands(), Training("From an empty cell")
    with lent_base() as (base, changed):
        network = network_of(
            lambda: answer(base, images.astype("float32"), labels),
            compiled=False,
            advice=ON_A_BASE,
        )
        return changed() or training.judge_by_hands(
            network,
            "It has not learnt enough yet: try more epochs, or a rate about 0.01.",
            "It memorises: give the dense layer fewer numbers, or stop earlier.",
        )
