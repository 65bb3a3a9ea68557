"""How lesson 2 examines networks: each function says what is wrong, "" if nothing is."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from helpers.exercises.kinds import shown, tried
from helpers.exercises.trainings import (
    Training,
    accuracy,
    network_of,
    new_hands,
    not_frozen,
    training_hands,
    truncated_base,
    without_softmax,
)

FIRST = 4  # of the layers that may learn; the one below is a convolution, so that it would show


def _small_network() -> keras.Model:
    """Return a network, frozen layer by layer, with batch normalisation below and above."""
    pixels = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, strides=2)(pixels)
    x = layers.BatchNormalization(momentum=0.5)(x)
    x = layers.Conv2D(8, 3, strides=2)(x)
    x = layers.Conv2D(8, 3)(x)
    x = layers.BatchNormalization(momentum=0.5)(x)
    x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D()(x)
    network = keras.Model(pixels, layers.Dense(3, activation="softmax")(x))
    for layer in network.layers:
        layer.trainable = False
    return network


def _values(network: keras.Model) -> list[list[np.ndarray]]:
    return [[weight.numpy() for weight in layer.weights] for layer in network.layers]


def unfrozen(function: Callable) -> str:
    """Train what a function unfroze for a few steps, and look at what moved."""
    network, problem = tried(function, _small_network(), FIRST)
    if problem:
        return problem
    if not isinstance(network, keras.Model):
        return f"Your function gives {shown(network)}, where the network is expected."
    images, labels = training_hands(shrink=2)
    network.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    before = _values(network)
    network.fit(images[::8] / 255.0, labels[::8], batch_size=15, verbose=0)
    moved = [
        any((new != old).any() for new, old in zip(*pair, strict=True))
        for pair in zip(_values(network), before, strict=True)
    ]
    return _what_moved(network, moved)


def _what_moved(network: keras.Model, moved: list[bool]) -> str:
    """Return what is wrong, by layer, with what a training moved."""
    kinds = [isinstance(layer, layers.BatchNormalization) for layer in network.layers]
    for number, (layer, norm, has) in enumerate(zip(network.layers, kinds, moved, strict=True)):
        name = f"Layer {number}, {type(layer).__name__},"
        if has and not norm and number < FIRST:
            return f"{name} is below number {FIRST}, and its weights moved in training."
        if not has and not norm and number >= FIRST and layer.weights:
            whole = "" if network.trainable else " The network as a whole is frozen, too."
            return f"{name} did not move in training; from number {FIRST} on they learn.{whole}"
    both = sum(has for has, norm in zip(moved, kinds, strict=True) if norm)
    if both:
        return (
            f"{both} of {sum(kinds)} batch normalisation layers moved in training, which would "
            "spoil averages of a million photographs. Set `trainable = False` on each of them."
        )
    return ""


CUT = "block5c_add"
MINUTE, PASSES, BEATEN = 60, 15, 0.9
ENOUGH = 0.97  # a training accuracy after which new hands are asked


def head_from_empty(function: Callable) -> str:
    base = truncated_base(CUT)
    if isinstance(function, keras.Model):
        return "Give the check the function `build` itself; it calls it with a base."
    outcome, problem = tried(function, base)
    if problem:
        return problem
    if not isinstance(outcome, keras.Model):
        return f"Your function gives {shown(outcome)}, where a Keras network is expected."
    network, problem = network_of(outcome, 64, True, pooling="GlobalAveragePooling2D")
    problem = problem or not_frozen(network, base) or without_softmax(network)
    return problem or _trained(base, network)


def _trained(base: keras.Model, network: keras.Model) -> str:
    """Train a network's head, and return what is wrong with it, judged by new hands."""
    hands, labels = training_hands()
    training = Training("A base and a new head", MINUTE, ENOUGH)
    training.fit(network, hands, labels, PASSES)
    new = accuracy(network, *new_hands())
    training.say(f"of the new hands {new:.3f} are right")
    if new > BEATEN:
        return ""
    own = [layer for layer in network.layers if all(layer is not each for each in base.layers)]
    scaled = any(isinstance(layer, layers.Rescaling) for layer in own)
    return f"It reads {new:.3f} of the 120 new hands correctly. " + (
        "The base scales its pixels itself: leave out your `Rescaling`."
        if scaled
        else "Is the learning rate about 0.01? Is the head small: averages and one dense layer?"
    )
