"""Rounded shapes seen from straight above: their height, slope, light and shade.

The drawn hands and faces are put together from tapered capsules and ellipsoids. Both have a
height above the picture plane that can be written down exactly, so one pass of array arithmetic
replaces a ray tracer, and a picture takes milliseconds.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageFilter
from scipy import ndimage

FLOOR = -1e6  # the height where there is nothing

# Rows and columns of the picture, and how much of each pixel in them a shape takes, 0..1.
Patch = tuple[tuple[slice, slice], np.ndarray]


class Surface:
    """A height field made of rounded shapes that melt into each other, `side` pixels wide and high.

    Coordinates are pixels: x to the right, y down, z towards the eye. Edges are smooth without
    drawing larger first: how much of a pixel a shape covers follows from the distance of its
    middle to the shape's outline.

    Attributes:
        height: float32, shape (side, side), pixels; `FLOOR` where there is nothing.
        normal: float32, shape (3, side, side): x, y and z; its length means nothing.
        cover: float32, shape (side, side), 0..1: how much of each pixel is covered.
    """

    def __init__(self, side: int) -> None:
        """Start with nothing."""
        self.height = np.full((side, side), FLOOR, np.float32)
        self.normal = np.zeros((3, side, side), np.float32)
        self.cover = np.zeros((side, side), np.float32)

    def add_capsule(
        self, start: ArrayLike, end: ArrayLike, radii: tuple[float, float], blend: float
    ) -> Patch:
        """Add the hull of a sphere that rolls from `start` to `end`; return where it is seen.

        Seen along z, the height over a pixel is the largest over t in [0, 1] of
        `z(t) + sqrt(r(t)**2 - distance(t)**2)`, a concave function whose maximum has a closed form.

        Args:
            start, end: centres of the sphere, (x, y, z).
            radii: of the sphere, at both ends, in pixels.
            blend: how softly the capsule melts into what is there, in pixels of height.
        """
        start, end = np.asarray(start, np.float64), np.asarray(end, np.float64)
        low = np.minimum(start[:2] - radii[0], end[:2] - radii[1]) - 1
        high = np.maximum(start[:2] + radii[0], end[:2] + radii[1]) + 1
        window, x, y = window_of(low, high, len(self.height))
        x0, y0, z0 = (float(v) for v in start)
        dx, dy, dz = (float(v) for v in end - start)
        dr = radii[1] - radii[0]
        px, py = x - x0, y - y0
        # r(t)**2 - distance(t)**2 = q0 + q1 t - k t**2
        k = max(dx * dx + dy * dy - dr * dr, 1e-3)
        q0 = radii[0] ** 2 - (px * px + py * py)
        q1 = 2 * (radii[0] * dr + dx * px + dy * py)
        middle = q1 / (2 * k)
        peak = np.maximum(q0 + middle * q1 / 2, 0)
        t = np.clip(middle + dz * np.sqrt(peak / (k * (k + dz * dz))), 0, 1)
        squared = q0 + t * (q1 - k * t)
        rise = np.sqrt(np.maximum(squared, 0))
        radius = radii[0] + dr * t
        normal = np.stack([px - dx * t, py - dy * t, rise]) / radius
        inside = squared / (2 * radius)  # near the outline, the distance to it
        return self._merge(window, z0 + dz * t + rise, normal, inside, blend)

    def add_ellipsoid(
        self, centre: ArrayLike, radii: ArrayLike, blend: float, turn: float = 0.0
    ) -> Patch:
        """Add an ellipsoid, see `add_capsule`; `radii` are half its width, height and depth.

        It is turned in the picture plane, by `turn` degrees clockwise as seen.
        """
        middle = np.asarray(centre, np.float64)
        width, depth, rise = (float(radius) for radius in radii)
        reach = max(width, depth) + 1
        window, x, y = window_of(middle[:2] - reach, middle[:2] + reach, len(self.height))
        cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        px, py = x - float(middle[0]), y - float(middle[1])
        u = (px * cosine + py * sine) / width
        v = (py * cosine - px * sine) / depth
        squared = 1 - u * u - v * v
        w = np.sqrt(np.maximum(squared, 0))
        across, down = u / width, v / depth  # the slope of the ellipsoid's equation
        normal = np.stack([across * cosine - down * sine, across * sine + down * cosine, w / rise])
        normal /= length_of(normal)
        inside = squared * (min(width, depth) / 2)
        return self._merge(window, float(middle[2]) + rise * w, normal, inside, blend)

    def soften(self, cells: int) -> None:
        """Smooth the seams of what is there over so many pixels, leaving its outline as it is."""
        weight = _averaged(self.cover, cells) + 1e-3
        present = self.height > FLOOR
        level = _averaged(np.where(present, self.height, 0) * self.cover, cells) / weight
        flat = self.normal[2] * self.cover  # towards the outline the slope stays
        self.height = np.where(present, self.height + (level - self.height) * flat, FLOOR)
        for part in self.normal:
            part += (_averaged(part * self.cover, cells) / weight - part) * flat

    def openness(self, light: np.ndarray, reach: float) -> np.ndarray:
        """Return how much light comes past what stands higher nearby, in folds of `reach` pixels.

        Args:
            light: direction to the lamp, (x, y, z), length 1.

        Returns:
            float32, shape (side, side): about 0.35 (deep in a fold) to 1 (in the open).
        """
        low, high = self.height[self.height > FLOOR].min(), self.height.max()
        level = np.clip((self.height - low) / (high - low), 0, 1)
        span = float(high - low) / (30 * reach)
        near, wide = blurred(level, reach), blurred(level, 3 * reach)
        right, down = (int(v) for v in -light[:2] * 3 * reach)
        moved = ndimage.shift(near, (down, right), order=0)
        cast = np.clip((moved - level - 0.05) * 2 * span, 0, 0.3)
        folds = np.clip((near - level) * 5 * span, 0, 0.3)
        folds += np.clip((wide - level) * 2 * span, 0, 0.2)
        return (1 - folds) * (1 - cast)

    def _merge(self, window, height, normal, inside, blend) -> Patch:
        """Keep the higher surface, rounding the seam (polynomial smooth maximum)."""
        cover = np.clip(inside + 0.5, 0, 1)
        old, old_cover = self.height[window], self.cover[window]
        share = np.clip(0.5 + (height - old) * (0.5 / blend), 0, 1)
        share = np.maximum(share, 1 - old_cover) * cover  # what lies behind fills an edge's rest
        mixed = old + (height - old) * share + blend * share * (1 - share)
        self.height[window] = np.where((cover > 0) & (old == FLOOR), height, mixed)
        old_normal = self.normal[:, *window]
        old_normal += (normal - old_normal) * share
        np.maximum(old_cover, cover, out=old_cover)
        return window, share


def window_of(low: np.ndarray, high: np.ndarray, side: int):
    """Return the part of a picture between two corners (x, y) as slices, and its pixels' x and y.

    `side` is the width and height of the picture in pixels; what lies outside is left out.
    """
    left, top = (int(v) for v in np.clip(low, 0, side))
    right, bottom = (int(v) for v in np.clip(high + 1, 0, side))
    x = np.arange(left, right, dtype=np.float32)[None, :]
    y = np.arange(top, bottom, dtype=np.float32)[:, None]
    return (slice(top, bottom), slice(left, right)), x, y


def length_of(vectors: np.ndarray) -> np.ndarray:
    """Return the lengths, never quite 0, of an array of vectors (x, y and z first)."""
    return np.sqrt(vectors[0] ** 2 + vectors[1] ** 2 + vectors[2] ** 2) + 1e-6


def picture_of(colours: np.ndarray) -> Image.Image:
    """Turn red, green and blue planes, float in 0..1, shape (3, rows, columns), into a picture."""
    planes = (np.clip(colours, 0, 1) * 255 + 0.5).astype(np.uint8)
    return Image.merge("RGB", [Image.fromarray(plane) for plane in planes])


def _averaged(values: np.ndarray, cells: int) -> np.ndarray:
    """Return running averages over about twice `cells` pixels."""
    rows, columns = values.shape
    small = Image.fromarray(values.astype(np.float32)).reduce(cells)
    return np.asarray(small.resize((columns, rows), Image.Resampling.BICUBIC))


def blurred(values: np.ndarray, radius: float) -> np.ndarray:
    """Blur values in 0..1, shape (rows, columns), by a standard deviation of `radius` pixels.

    Returns:
        float32, the same shape, 0..1 in steps of 1/255 (interpolated where the blur is wide).
    """
    rows, columns = values.shape
    shrink = max(1, int(radius / 2))  # a wide blur leaves nothing that a small picture cannot hold
    image = Image.fromarray((values * 255).astype(np.uint8)).reduce(shrink)
    image = image.filter(ImageFilter.GaussianBlur(radius / shrink))
    small = Image.fromarray(np.asarray(image, np.float32) / 255)
    return np.asarray(small.resize((columns, rows), Image.Resampling.BILINEAR))


def cloud(generator: np.random.Generator, side: int, cells: int) -> np.ndarray:
    """Return smooth random patches, as of skin or cloth: float32, shape (side, side), about -1..1.

    There are `cells` random values along a side; the more, the finer the patches.
    """
    coarse = generator.uniform(-1, 1, (cells, cells)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))
