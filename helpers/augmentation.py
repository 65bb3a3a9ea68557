"""Augmentation of whole batches: one affine warp, new backgrounds, new light.

All of it works on float32 images of shape (batch, height, width, 3) with values 0 to 255 and takes
its randomness from a seed, so that a run can be repeated.
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf
from scipy import ndimage


def affine_matrices(
    height: int,
    width: int,
    rotation: tf.Tensor,
    shift: tf.Tensor,
    shear: tf.Tensor,
    zoom: tf.Tensor,
    flip: tf.Tensor,
) -> tf.Tensor:
    """Compose rotation, shift, shear, zoom and flip into one matrix a picture.

    A matrix sends a position (x, y, 1) in the output to the position in the input that is read
    there. Order and signs are those of `apply_affine_transform` in Keras's `ImageDataGenerator`
    (rotation, shift, shear, zoom about the centre; the flip comes last).

    Args:
        height, width: size of the pictures, in pixels.
        rotation, shear: degrees, shape (batch,); these and the rest are float32.
        shift: pixels read further right and further down, shape (batch, 2) as (x, y).
        zoom: factors on x and y, shape (batch, 2); below 1 enlarges.
        flip: 1.0 mirrors left and right, else 0.0; shape (batch,).

    Returns:
        float32 matrices, shape (batch, 3, 3).
    """
    angle, slant = rotation * (math.pi / 180), shear * (math.pi / 180)
    turn = _matrices([[tf.cos(angle), -tf.sin(angle), 0], [tf.sin(angle), tf.cos(angle), 0]])
    move = _matrices([[1, 0, shift[:, 0]], [0, 1, shift[:, 1]]])
    slide = _matrices([[1, -tf.sin(slant), 0], [0, tf.cos(slant), 0]])
    scale = _matrices([[zoom[:, 0], 0, 0], [0, zoom[:, 1], 0]])
    mirror = _matrices([[1 - 2 * flip, 0, 0], [0, 1, 0]])
    to_centre, back = _about_the_centre(height, width)
    return back @ turn @ move @ slide @ scale @ mirror @ to_centre


def tilt_matrices(height: int, width: int, angle: tf.Tensor, axis: tf.Tensor) -> tf.Tensor:
    """Look at pictures that lean away from the camera: one homography a picture.

    The picture is a flat card that is turned about an axis through its centre, in its own plane,
    and looked at from two widths away. What leans back becomes shorter, and narrower at the far
    end, as the fingers of a hand that is not held parallel to the camera.

    Args:
        height, width: size of the pictures, in pixels.
        angle: degrees between card and camera plane, 0 to 50, float32, shape (batch,).
        axis: direction of the axis in the picture, in degrees, float32, shape (batch,).

    Returns:
        float32 matrices, shape (batch, 3, 3), up to a factor; those of `affine_matrices` may be
        multiplied on their right.

    Source: R. Hartley, A. Zisserman (2004), Multiple View Geometry in Computer Vision, chapter 8.
    """
    angle, axis = angle * (math.pi / 180), axis * (math.pi / 180)
    cosine, sine, along, across = tf.cos(angle), tf.sin(angle), tf.cos(axis), tf.sin(axis)
    mixed, distance = along * across * (1 - cosine), 2.0 * width
    # The rotation by Rodrigues' formula, then the division by the distance.
    rotated = [
        [cosine + along**2 * (1 - cosine), mixed, 0],
        [mixed, cosine + across**2 * (1 - cosine), 0],
    ]
    seen = _matrices(rotated, (-across * sine / distance, along * sine / distance, 1))
    to_centre, back = _about_the_centre(height, width)
    return back @ tf.linalg.inv(seen) @ to_centre


def _about_the_centre(height: int, width: int) -> list[tf.Tensor]:
    x, y = (width - 1) / 2, (height - 1) / 2
    return [_matrices([[1, 0, sign * x], [0, 1, sign * y]]) for sign in (-1, 1)]


def _matrices(rows: list[list], last: tuple = (0, 0, 1)) -> tf.Tensor:
    """Stack entries, numbers or tensors of shape (batch,), to matrices, shape (batch, 3, 3)."""
    entries = [tf.convert_to_tensor(entry, tf.float32) for row in (*rows, last) for entry in row]
    size = tf.reduce_max([tf.size(entry) for entry in entries])
    full = tf.stack([tf.broadcast_to(entry, [size]) for entry in entries], axis=-1)
    return tf.reshape(full, [-1, 3, 3])


def warp(images: tf.Tensor, matrices: tf.Tensor) -> tf.Tensor:
    """Read every picture once through its matrix: bilinear, the nearest edge pixel outside.

    Args:
        images: float32, shape (batch, height, width, channels); so is the result, in its range.
        matrices: from `affine_matrices` or `tilt_matrices`, shape (batch, 3, 3).
    """
    coefficients = tf.reshape(matrices / matrices[:, 2:, 2:], [-1, 9])[:, :8]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=coefficients,
        output_shape=images.shape[1:3],  # known while tracing, so that later steps know it too
        interpolation="BILINEAR",
        fill_mode="NEAREST",
        fill_value=0.0,
    )


class RandomLayer(keras.layers.Layer):
    """Changes float32 images of shape (batch, height, width, channels), 0 to 255, at random.

    It is called with the images and a seed, int32, shape (2,).
    """

    def __init__(self, **kwargs):
        super().__init__(**{"trainable": False, "dtype": "float32", **kwargs})


class RandomAffine(RandomLayer):
    """Random rotation, shift, shear, zoom and flip in one warp, ranges as in `ImageDataGenerator`.

    A tilt, which that has not, joins them; it alone is a perspective view and not an affine map.

    Args:
        rotation, shear: largest angle either way, in degrees.
        width_shift, height_shift: largest shift either way, as a fraction of the edge.
        zoom: zoom factors, drawn for each axis of each picture, lie in 1 - zoom to 1 + zoom, or
            between the two given; below 1 enlarges.
        horizontal_flip: mirror every second picture, left and right.
        keep_aspect: zoom both axes of a picture by one factor.
        tilt: largest angle by which a picture leans away from the camera, before all the rest,
            in any direction, in degrees; 50 at most, where the horizon comes close, and less where
            zoom and shifts carry a picture beyond it (ValueError).
    """

    def __init__(
        self,
        rotation: float = 0.0,
        width_shift: float = 0.0,
        height_shift: float = 0.0,
        shear: float = 0.0,
        zoom: float | tuple[float, float] = 0.0,
        horizontal_flip: bool = False,
        keep_aspect: bool = False,
        tilt: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not 0 <= tilt <= 50:
            raise ValueError(f"The tilt is {tilt} degrees; it may be 0 to 50.")
        self.rotation, self.shear, self.tilt = rotation, shear, tilt
        self.width_shift, self.height_shift = width_shift, height_shift
        self.zoom = (1 - zoom, 1 + zoom) if isinstance(zoom, (int, float)) else tuple(zoom)
        self.horizontal_flip, self.keep_aspect = horizontal_flip, keep_aspect
        # Beyond the horizon of the card, a picture would be read through the back of the camera.
        longest = (0.5 * (1 + math.sin(math.radians(shear)))) ** 0.5  # half a sheared diagonal
        corner = max(self.zoom) * longest + math.hypot(width_shift, height_shift)
        if tilt and corner * math.tan(math.radians(tilt)) >= 2:
            raise ValueError(
                f"With a tilt of {tilt} degrees, the corners of the picture reach beyond the "
                f"horizon at a zoom of {max(self.zoom):g} with this shear and shift: lower one."
            )

    def call(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Warp each picture by its own random matrix."""
        count, (height, width) = tf.shape(images)[0], images.shape[1:3]
        unit = tf.random.stateless_uniform([count, 6], seed, -1.0, 1.0)
        side = tf.constant([self.width_shift * width, self.height_shift * height])
        coin = tf.random.stateless_uniform([count], seed + 1)
        smallest, largest = self.zoom
        zoom = smallest + (largest - smallest) * (unit[:, 4:6] + 1) / 2
        matrices = affine_matrices(
            height,
            width,
            rotation=unit[:, 0] * self.rotation,
            shift=unit[:, 1:3] * side,
            shear=unit[:, 3] * self.shear,
            zoom=tf.repeat(zoom[:, :1], 2, axis=1) if self.keep_aspect else zoom,
            flip=tf.cast(coin < 0.5, tf.float32) * float(self.horizontal_flip),
        )
        if self.tilt:
            angle, axis = tf.unstack(tf.random.stateless_uniform([count, 2], seed + 2), axis=1)
            matrices = tilt_matrices(height, width, angle * self.tilt, axis * 360) @ matrices
        return warp(images, matrices)

    def get_config(self) -> dict:
        ranges = ("rotation", "width_shift", "height_shift", "shear", "zoom")
        names = (*ranges, "horizontal_flip", "keep_aspect", "tilt")
        return super().get_config() | {name: getattr(self, name) for name in names}


def add_masks(images: np.ndarray) -> np.ndarray:
    """Add a fourth channel that tells the hand from its near-white studio background.

    A pixel is background where it is both bright and grey: white, or the soft grey of a shadow.
    Highlights on pale skin look the same, so holes inside the outline are filled.

    Args:
        images: uint8, shape (n, height, width, 3).

    Returns:
        uint8, shape (n, height, width, 4); the last channel is 255 on the hand, 0 around it.
    """
    darkest = images.min(-1).astype(np.float32) / 255
    colour = images.max(-1).astype(np.float32) / 255 - darkest
    hands = np.clip(8 * (colour - 0.03) + 5 * (0.80 - darkest), 0, 1)
    for hand in hands:
        filled = ndimage.binary_fill_holes(hand > 0.5)
        hand[:] = ndimage.uniform_filter(np.maximum(hand, filled), 3)
    # Half of the soft edge is mixed with white; leaving it out avoids a bright rim.
    masks = np.clip(2 * hands - 1, 0, 1) * 255
    return np.concatenate([images, masks[..., None].astype(np.uint8)], axis=-1)


class RandomBackground(RandomLayer):
    """Put hands from a near-white background in front of drawn scenes, but a share of `keep`."""

    def __init__(self, keep: float = 0.25, **kwargs):
        super().__init__(**kwargs)
        self.keep = keep

    def call(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Replace most backgrounds; the fourth channel, from `add_masks`, is used up."""
        images, mask = images[..., :3], images[..., 3:] / 255
        count = tf.shape(images)[0]
        keeps = tf.random.stateless_uniform([count, 1, 1, 1], seed + 10) < self.keep
        scenes = draw_scenes(count, *images.shape[1:3], seed + 20)
        return tf.where(keeps, images, mask * images + (1 - mask) * scenes)

    def get_config(self) -> dict:
        return super().get_config() | {"keep": self.keep}


def draw_scenes(count: tf.Tensor, height: int, width: int, seed: tf.Tensor) -> tf.Tensor:
    """Draw backgrounds, from a plain wall to clutter: patches over patches, noise of all scales.

    Returns:
        float32, shape (count, height, width, 3), values 0 to 255, for a seed int32 of shape (2,).

    Source: photographs look like patches that cover each other (A. B. Lee, D. Mumford, J. Huang
        (2001), Occlusion models for natural images), and are about equally rough at each octave
        (D. J. Field (1987), Relations between the statistics of natural images and the response
        properties of cortical cells).
    """

    def noise(rows: int, columns: int, channels: int, offset: int) -> tf.Tensor:
        shape = [count, rows, columns, channels]
        grid = tf.random.stateless_uniform(shape, seed + offset, -1.0, 1.0)
        method = "bicubic" if max(rows, columns) < 16 else "bilinear"  # the cheaper one
        return tf.image.resize(grid, [height, width], method)

    patches = ((11, 11), (7, 7), (10, 2), (2, 10), (4, 4), (3, 3))  # the finest first
    colours = tf.random.stateless_uniform([len(patches) + 1, count, 1, 1, 3], seed, 10.0, 250.0)
    traits = tf.random.stateless_uniform([3, count, 1, 1, 1], seed + 1)
    colourful, clutter, rough = tf.unstack(traits)
    there = tf.random.stateless_uniform([len(patches), count, 1, 1, 1], seed + 2) < clutter - 0.2
    sharp = 4 + 60 * tf.random.stateless_uniform([len(patches), count, 1, 1, 1], seed + 3) ** 2
    # Most walls are pale or beige, few are red.
    grey = tf.reduce_mean(colours, -1, keepdims=True)
    colours = grey + colourful**1.5 * (colours - grey)
    seen, shares = tf.ones([count, height, width, 1]), []  # of each colour at each pixel
    for number, (rows, columns) in enumerate(patches):
        # A steep slope through smooth noise gives patches with soft or sharp borders.
        slope = (noise(rows, columns, 1, 10 + number) - 0.2) * sharp[number] + 0.5
        patch = tf.cast(there[number], tf.float32) * tf.clip_by_value(slope, 0.0, 1.0)
        shares.append(seen * patch)
        seen -= shares[-1]
    shares = tf.reshape(tf.concat([*shares, seen], -1), [count, height * width, len(patches) + 1])
    scene = shares @ tf.transpose(colours[:, :, 0, 0], [1, 0, 2])
    scene = tf.reshape(scene, [count, height, width, 3])
    tint = noise(2, 2, 3, 22) + noise(4, 4, 3, 24)
    grain = sum(noise(cells, cells, 1, 20 + cells) for cells in (8, 16, 32))
    grain += noise(max(height // 2, 1), max(width // 2, 1), 1, 20)
    return tf.clip_by_value(scene + (40 * rough * clutter + 6) * (tint + grain), 0.0, 255.0)


class RandomLight(RandomLayer):
    """Vary brightness, contrast, colour of the light, sharpness and noise of each picture."""

    def call(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Change the light of each picture."""
        count = tf.shape(images)[0]
        unit = tf.random.stateless_uniform([count, 1, 1, 6], seed + 30, -1.0, 1.0)
        images += (_smooth(images) - images) * tf.maximum(unit[..., :1], 0.0)
        contrast = tf.exp(0.3 * unit[..., 1:2])
        gain = contrast * tf.exp(0.1 * unit[..., 3:6])
        images = (images - 128) * gain + 128 + 30 * unit[..., 2:3]
        images += tf.random.stateless_uniform(tf.shape(images), seed + 31, -5.0, 5.0)
        return tf.clip_by_value(images, 0.0, 255.0)


def _smooth(images: tf.Tensor) -> tf.Tensor:
    """Average each pixel with its neighbours, weighed 1, 2, 1, by sums of neighbours."""
    images = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    for _ in range(2):
        images = images[:, 1:] + images[:, :-1]
        images = images[:, :, 1:] + images[:, :, :-1]
    return images / 16


class Chain:
    """Augmentation layers joined to one function of (images, seed), for `training_batches`."""

    def __init__(self, *steps: keras.layers.Layer):
        self.steps = steps

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        for number, step in enumerate(self.steps):
            images = step(images, seed + 100 * number)
        return images

    def get_config(self) -> dict:
        """Return what shapes the result: each step's class and configuration."""
        return {"steps": [[type(step).__name__, step.get_config()] for step in self.steps]}
