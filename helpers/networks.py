"""The networks the lessons train from scratch. Scaling is their first layer: they take 0 to 255."""

from __future__ import annotations

import keras
from keras import layers


def published_cnn(image_size: int, classes: int, dropout: float = 0.5) -> keras.Model:
    """Build the walkthrough's network: four convolutions, 3,473,475 parameters at 150x150.

    Args:
        image_size: edge of the square input, in pixels; 46 at least.
        classes: number of classes.
        dropout: share of the flattened features dropped while training.

    Returns:
        A model from float pixels (batch, image_size, image_size, 3), 0 to 255, to float32
        probabilities (batch, classes).
    """
    return keras.Sequential(
        [
            keras.Input((image_size, image_size, 3), name="pixels"),
            layers.Rescaling(1 / 255, name="scale"),
            layers.Conv2D(64, 3, activation="relu", name="conv1"),
            layers.MaxPooling2D(name="pool1"),
            layers.Conv2D(64, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(name="pool2"),
            layers.Conv2D(128, 3, activation="relu", name="conv3"),
            layers.MaxPooling2D(name="pool3"),
            layers.Conv2D(128, 3, activation="relu", name="conv4"),
            layers.MaxPooling2D(name="pool4"),
            layers.Flatten(name="flatten"),
            layers.Dropout(dropout, name="dropout"),
            layers.Dense(512, activation="relu", name="dense"),
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name="published_cnn",
    )


def small_cnn(image_size: int, classes: int, widths: tuple[int, ...] = (32, 64, 96, 128, 192), dropout=0.3) -> keras.Model:
    inputs = keras.Input((image_size, image_size, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(inputs)
    for number, width in enumerate(widths, 1):
        x = layers.Conv2D(width, 5 if number == 1 else 3, strides=2 if number == 1 else 1, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        if 1 < number < len(widths):
            x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    out = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, out, name="small_cnn")


def small_cnn2(image_size: int, classes: int, widths=(32, 64, 128, 128, 256), dropout=0.3) -> keras.Model:
    inputs = keras.Input((image_size, image_size, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(inputs)
    for number, width in enumerate(widths, 1):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        if number < len(widths):
            x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    out = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, out, name="small_cnn")
