"""Small networks that are trained in seconds or not at all, and the drawn hands that they read."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from keras import layers
from PIL import Image

from helpers.photos import to_square_array
from helpers.samples import draw_picture

SIZE = 64  # of the networks' pictures
CLASSES = ("paper", "rock", "scissors")


def small_network() -> keras.Model:
    """The kind of lesson 1's better network."""

    def block(filters: int) -> list[layers.Layer]:
        convolution = layers.Conv2D(filters, 3, padding="same", use_bias=False)
        normal = layers.BatchNormalization(momentum=0.5)
        return [layers.MaxPooling2D(), convolution, normal, layers.ReLU()]

    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(16, 5, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.5),
            layers.ReLU(),
            *block(24),
            *block(32),
            layers.GlobalMaxPooling2D(),
            layers.Dropout(0.2),
            layers.Dense(3, activation="softmax"),
        ]
    )


def colour_network(scale: float) -> keras.Model:
    """Read red, green and blue as the three classes; the larger the scale, the surer it is."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.GlobalAveragePooling2D(),
            layers.Rescaling(scale),
            layers.Softmax(),
        ]
    )


def hands(number: int, seed: int) -> list[Image.Image]:
    return [draw_picture("rock_paper_scissors", n % 3, seed + n) for n in range(number)]


def as_input(pictures: list[Image.Image]) -> np.ndarray:
    return np.stack([to_square_array(each, SIZE) for each in pictures]).astype(np.float32)


def train_and_save(network: keras.Model, folder: Path) -> Path:
    """Train a network on drawn hands; return its file, named after their data set."""
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(as_input(hands(48, 0)), np.arange(48) % 3, epochs=6, batch_size=16, verbose=0)
    path = folder / "rock_paper_scissors.keras"
    network.save(path)
    return path
