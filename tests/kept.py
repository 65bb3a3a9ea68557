"""What the tests of kept features share: pictures of two kinds, and their first augmented copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import tensorflow as tf

from helpers import activations
from helpers.data.pictures import Pictures


def two_kinds(size: int) -> Pictures:
    """20 pictures of two kinds, reddish and bluish."""
    random = np.random.default_rng(0)
    labels = np.arange(20, dtype=np.int32) % 2
    images = random.integers(0, 160, (20, size, size, 3), np.uint8)
    images[labels == 0, ..., 0] += 90
    images[labels == 1, ..., 2] += 90
    return Pictures(images, labels, tuple(map(str, range(20))), ("red", "blue"))


def first_copy(part: Pictures, augment: Callable, seed: int) -> Pictures:
    """Return the very copy that is run to the cut, the first one, as pictures."""
    assert len(part) <= activations.BLOCK
    of_copy = np.random.SeedSequence([seed, 0, 0]).generate_state(2) >> 1
    images = augment(part.images.astype(np.float32), tf.constant(of_copy, tf.int32)).numpy()
    assert np.abs(images - part.images).mean() > 10
    return replace(part, images=images)
