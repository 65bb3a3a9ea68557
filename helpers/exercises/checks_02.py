"""How lesson 2 examines networks: each function says what is wrong, "" if nothing is."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers

from helpers.exercises.kinds import shown, tried
from helpers.exercises.trainings import (
    ON_A_BASE,
    Training,
    lent_base,
    network_of,
    no_probabilities,
    not_frozen,
    training_hands,
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


def unfrozen(function: Callable) -> str:
    """Train what a function unfroze for a few steps, and look at what moved."""
    network = tried(function, _small_network(), FIRST)
    if not isinstance(network, keras.Model):
        return f"Your function gives {shown(network)}, where the network is expected."
    images, labels = training_hands(32)
    network.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    before = [layer.get_weights() for layer in network.layers]
    network.fit(images[::8] / 255.0, labels[::8], batch_size=15, verbose=0)
    moved = [
        any((new != old).any() for new, old in zip(layer.get_weights(), weights, strict=True))
        for layer, weights in zip(network.layers, before, strict=True)
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


PASSES = 15


def head_from_empty(function: Callable) -> str:
    """Train a network's head, and say what is wrong with it, judged by new hands."""
    if isinstance(function, keras.Model):
        return "Give the check the function `build` itself; it calls it with a base."
    with lent_base() as (base, _):
        network = network_of(lambda: function(base), advice=ON_A_BASE)
        if problem := not_frozen(network, base) or no_probabilities(network):
            return problem
        training = Training("A base and a new head")
        training.fit(network, *training_hands(), PASSES)
        own = set(network.layers) - set(base.layers)
        return training.judge_by_hands(
            network,
            "The base scales its pixels itself: leave out your `Rescaling`."
            if any(isinstance(layer, layers.Rescaling) for layer in own)
            else "Is the learning rate about 0.01? Is the head small: averages and one dense "
            "layer?",
        )
