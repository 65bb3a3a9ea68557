"""Real photographs as backgrounds: a test that no scene drawn by the course flatters."""

from __future__ import annotations

import numpy as np
import skimage.data
from PIL import Image
from sklearn.datasets import load_sample_images

from helpers.augmentation import add_masks

# Bundled with scikit-image; scikit-learn bundles two more.
PHOTOGRAPHS = ("astronaut", "brick", "chelsea", "coffee", "grass", "gravel", "rocket")


def photographs() -> list[np.ndarray]:
    """Return the nine real photographs that scikit-image and scikit-learn bring along.

    Each is uint8, shape (height, width, 3), 300 pixels or more along each edge.
    """
    loaded = [getattr(skimage.data, name)() for name in PHOTOGRAPHS]
    colour = [np.dstack([image] * 3) if image.ndim == 2 else image for image in loaded]
    return [*colour, *load_sample_images().images]


def in_photographs(images: np.ndarray, seed: int) -> np.ndarray:
    """Put hands from a near-white background in front of random parts of real photographs.

    `images` and the result are uint8, shape (n, size, size, 3); `seed` fixes photographs and parts.
    """
    random, known, size = np.random.default_rng(seed), photographs(), images.shape[1]
    changed = np.empty_like(images)
    for number, hand in enumerate(add_masks(images)):
        photo = known[random.integers(len(known))]
        edge = int(random.uniform(0.4, 1) * min(photo.shape[:2]))
        left = random.integers(photo.shape[1] - edge + 1)
        top = random.integers(photo.shape[0] - edge + 1)
        part = Image.fromarray(photo).crop((left, top, left + edge, top + edge))
        behind = np.asarray(part.resize((size, size), Image.Resampling.BILINEAR), np.float32)
        share = hand[..., 3:] / 255
        changed[number] = share * hand[..., :3] + (1 - share) * behind
    return changed
