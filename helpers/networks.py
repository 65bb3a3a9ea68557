"""The networks the lessons train from scratch, and the heads they put on pretrained ones.

Scaling is the first layer of a whole network: it takes pixels from 0 to 255.
"""

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


def small_cnn(image_size: int, classes: int, dropout: float = 0.2) -> keras.Model:
    """Build a small network without a big dense layer: 540,131 parameters for 3 classes.

    Five convolutions of 32, 64, 128, 128 and 256 maps, each with batch normalisation. The maps are
    halved five times, so that the last convolution sees nearly all of a picture of 160 pixels. At
    the end the strongest value of each map is kept, wherever it stands: the number of weights does
    not depend on the picture's size, and a small hand counts as much as a large one.

    Args:
        image_size: edge of the square input, in pixels; 32 at least.
        classes: number of classes.
        dropout: share of these strongest values dropped while training.

    Returns:
        A model from float pixels (batch, image_size, image_size, 3), 0 to 255, to float32
        probabilities (batch, classes).
    """
    model = keras.Sequential(name="small_cnn")
    model.add(keras.Input((image_size, image_size, 3), name="pixels"))
    model.add(layers.Rescaling(1 / 127.5, offset=-1, name="scale"))
    for number, maps in enumerate((32, 64, 128, 128, 256), start=1):
        if number > 1:
            model.add(layers.MaxPooling2D(name=f"pool{number - 1}"))
        kernel, stride = (5, 2) if number == 1 else (3, 1)
        model.add(
            layers.Conv2D(
                maps, kernel, stride, padding="same", use_bias=False, name=f"conv{number}"
            )
        )
        # The usual momentum of 0.99 follows too slowly for trainings of a few thousand batches.
        model.add(layers.BatchNormalization(momentum=0.9, name=f"norm{number}"))
        model.add(layers.ReLU(name=f"relu{number}"))
    model.add(layers.GlobalMaxPooling2D(name="strongest"))
    model.add(layers.Dropout(dropout, name="dropout"))
    model.add(layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"))
    return model


def published_garment_cnn(image_size: int, classes: int) -> keras.Model:
    """Build the walkthrough's network for Fashion-MNIST: 18,963,978 parameters at 150x150.

    Args:
        image_size: edge of the square input, in pixels; 15 at least.
        classes: number of classes.

    Returns:
        A model from float pixels (batch, image_size, image_size, 3), 0 to 255, to float32
        probabilities (batch, classes).
    """
    model = keras.Sequential(name="published_garment_cnn")
    model.add(keras.Input((image_size, image_size, 3), name="pixels"))
    model.add(layers.Rescaling(1 / 255, name="scale"))
    for number, maps in enumerate((32, 32, 64), start=1):
        model.add(layers.Conv2D(maps, 2, activation="relu", name=f"conv{number}"))
        model.add(layers.MaxPooling2D(name=f"pool{number}"))
    for layer in flat_head(model.output_shape[1:], classes, 1024, dropout=0.2).layers:
        model.add(layer)
    return model


def garment_cnn(image_size: int, classes: int, dropout: float = 0.3) -> keras.Model:
    """Build a small network for small pictures: 289,642 parameters for 10 classes.

    Three pairs of convolutions of 32, 64 and 128 maps, each with batch normalisation; the maps
    are halved after each of the first two pairs, and averaged at the end.

    Args:
        image_size: edge of the square input, in pixels; 8 at least.
        classes: number of classes.
        dropout: share of the averages dropped while training.

    Returns:
        A model from float pixels (batch, image_size, image_size, 3), 0 to 255, to float32
        probabilities (batch, classes).
    """
    model = keras.Sequential(name="garment_cnn")
    model.add(keras.Input((image_size, image_size, 3), name="pixels"))
    model.add(layers.Rescaling(1 / 127.5, offset=-1, name="scale"))
    for number, maps in enumerate((32, 32, 64, 64, 128, 128), start=1):
        if number in (3, 5):
            model.add(layers.MaxPooling2D(name=f"pool{number // 2}"))
        model.add(layers.Conv2D(maps, 3, padding="same", use_bias=False, name=f"conv{number}"))
        model.add(layers.BatchNormalization(momentum=0.9, name=f"norm{number}"))
        model.add(layers.ReLU(name=f"relu{number}"))
    for layer in pooled_head(model.output_shape[1:], classes, dropout).layers:
        model.add(layer)
    return model


def flat_head(
    features: tuple[int, ...], classes: int, units: int, dropout: float = 0.4
) -> keras.Model:
    """Build the walkthroughs' head: every position of every map into one wide dense layer.

    Args:
        features: shape of the maps it takes, (height, width, maps).
        classes: number of classes.
        units: width of the dense layer.
        dropout: share of its outputs dropped while training.

    Returns:
        A model from maps (batch, *features) to float32 probabilities (batch, classes).
    """
    return keras.Sequential(
        [
            keras.Input(features, name="maps"),
            layers.Flatten(name="flatten"),
            layers.Dense(units, activation="relu", name="dense"),
            layers.Dropout(dropout, name="dropout"),
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name="flat_head",
    )


def pooled_head(features: tuple[int, ...], classes: int, dropout: float = 0.2) -> keras.Model:
    """Build a small head: the average of each map, and one dense layer of as many inputs.

    Args:
        features: shape of the maps it takes, (height, width, maps).
        classes: number of classes.
        dropout: share of the averages dropped while training.

    Returns:
        A model from maps (batch, *features) to float32 probabilities (batch, classes).
    """
    return keras.Sequential(
        [
            keras.Input(features, name="maps"),
            layers.GlobalAveragePooling2D(name="average"),
            layers.Dropout(dropout, name="dropout"),
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name="pooled_head",
    )


def sigmoid_head(features: tuple[int, ...], units: int, dropout: float = 0.5) -> keras.Model:
    """Build the walkthroughs' head for two classes: a flat head that ends in one number.

    Args:
        features: shape of the maps it takes, (height, width, maps).
        units: width of the dense layer.
        dropout: share of its outputs dropped while training.

    Returns:
        A model from maps (batch, *features) to the float32 probability of the second class
        (batch, 1). Train it with the loss "binary_crossentropy".
    """
    return keras.Sequential(
        [
            keras.Input(features, name="maps"),
            layers.Flatten(name="flatten"),
            layers.Dense(units, activation="relu", name="dense"),
            layers.Dropout(dropout, name="dropout"),
            layers.Dense(1, activation="sigmoid", dtype="float32", name="probability"),
        ],
        name="sigmoid_head",
    )
