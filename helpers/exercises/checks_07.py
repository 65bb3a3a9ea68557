"""How lesson 7 examines class weights and a whole classifier: what is wrong, "" if nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from keras import layers
from PIL import Image

from helpers.exercises.kinds import shown, tried
from helpers.exercises.trainings import (
    ON_A_BASE,
    Exam,
    Training,
    accuracy,
    drawn,
    lent_base,
    network_of,
    new_hands,
    without_base,
)
from helpers.samples.hands import GESTURES

# Made-up features of two classes that overlap, one of them rare.
MANY, RARE, NUMBERS, APART = 150, 10, 8, 1.0  # APART: of the two means, in each number
PASSES = 20
FOUND = 0.6  # recall of the rare class that weights must reach; without them it is below 0.3


def _features(many: int, rare: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = np.repeat([0, 1], [many, rare]).astype(np.int32)
    values = random.normal(size=(len(labels), NUMBERS)).astype(np.float32)
    values[:, :3] += APART * labels[:, None]
    return values, labels


def _recalls(weights: Mapping[int, float]) -> tuple[float, float]:
    """Train a head with these weights; return the recall of each class on new features."""
    keras.utils.set_random_seed(0)
    head = keras.Sequential([keras.Input((NUMBERS,)), layers.Dense(2, activation="softmax")])
    head.compile(
        keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    training = Training("With your weights")
    training.fit(head, *_features(MANY, RARE, 0), PASSES, class_weight=dict(weights))
    values, labels = _features(500, 500, 1)
    frequent, rare = (accuracy(head, values[labels == label], label) for label in (0, 1))
    training.say(f"recall of the frequent class {frequent:.2f}, of the rare one {rare:.2f}")
    return frequent, rare


def weights_for_the_rare(answer: Callable) -> str:
    labels = _features(MANY, RARE, 0)[1]
    weights = tried(answer, labels.copy())
    try:
        weights = {int(label): float(weight) for label, weight in weights.items()}
    except (AttributeError, TypeError, ValueError):
        weights = {}
    if sorted(weights) != [0, 1] or not all(0 < one < np.inf for one in weights.values()):
        return (
            f"Your function gives {shown(answer(labels.copy()))}; `fit` wants a dictionary with a "
            "number above 0 for each label, such as `{0: 1.0, 1: 1.0}`."
        )
    if weights[1] < weights[0]:
        return "The frequent class weighs more here; it must be the other way round."
    turned = tried(answer, 1 - labels)
    if turned[0] < turned[1]:
        return (
            f"With {RARE} pictures of class 0 and {MANY} of class 1, class 1 still weighs more: "
            "compute the weights from `labels`."
        )
    frequent, rare = _recalls(weights)
    if rare < FOUND:
        return (
            f"The head finds {rare:.0%} of the rare class, and {frequent:.0%} of the frequent one: "
            "the rare one still weighs too little."
        )
    if frequent < FOUND:
        return (
            f"The head finds {rare:.0%} of the rare class, but only {frequent:.0%} of the frequent "
            "one: the rare one weighs too much now."
        )
    return ""


# A classifier from a folder.

EACH, ASKED, BEATEN = 20, 12, 0.7


def learns_from_a_folder(answer: Callable) -> str:
    hands, training = drawn("rock_paper_scissors", EACH), Training("From an empty cell")
    with lent_base() as (base, changed), TemporaryDirectory() as place:
        for gesture in GESTURES:
            Path(place, gesture).mkdir()
        for number, (image, label) in enumerate(zip(*hands, strict=True)):
            Image.fromarray(image).save(Path(place, GESTURES[label], f"{number}.png"))
        network = network_of(lambda: answer(place, base), compiled=False, advice=ON_A_BASE)
        if problem := without_base(network, base) or changed():
            return problem
        return training.judge(
            network,
            Exam("hands", hands, new_hands(ASKED), BEATEN),
            "Has the head been trained, for enough epochs, and on pixels from 0 to 255? The base "
            "scales them itself.",
        )
