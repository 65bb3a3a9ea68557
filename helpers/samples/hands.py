"""Drawn hands that show rock, paper or scissors, in the manner of the rendered data set.

A hand is a small skeleton: bones of a grown-up's usual lengths, in millimetres, turned at the
joints, wrapped in tapered capsules and lit from one side. It is seen from the back, the forearm
coming in from below.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image
from scipy import ndimage

from helpers.samples.surfaces import Surface, blurred, cloud, length_of, picture_of, window_of

SIDE = 300  # pixels of the finished picture
GESTURES = ("paper", "rock", "scissors")
SPREAD = (0.35, 1.3)  # how far the fingers are spread, as in the rendered data set

# Index, middle, ring and little finger, in millimetres from the wrist: x to the little finger,
# y to the fingertips, z out of the back of the hand.
KNUCKLES = np.array([(-25, 88, 0), (-6, 93, 3), (13, 88, 1), (30, 78, -4)], float)
ROOTS = np.array([(-14, 14, 0), (-4, 14, 2), (5, 13, 1), (12, 11, -2)], float)
BONES = np.array([(43, 25, 19), (47, 29, 20), (43, 27, 20), (34, 20, 17)], float)
RADII = np.array(
    [(10.6, 9.2, 8.3, 7.0), (10.8, 9.4, 8.5, 7.2), (10.2, 8.8, 7.9, 6.8), (9.2, 7.7, 6.9, 5.9)]
)
THUMB_ROOT = np.array([-17, 19, -9], float)
THUMB_BONES = (46.0, 34.0, 25.0)
THUMB_RADII = (14.0, 11.5, 10.3, 8.0)
# Directions of the thumb's three bones.
THUMBS = {
    "out": ((-0.74, 0.62, -0.10), (-0.84, 0.53, 0.05), (-0.80, 0.60, 0.0)),
    "along": ((-0.58, 0.76, -0.30), (-0.28, 0.95, -0.15), (-0.02, 0.99, -0.10)),
    "close": ((-0.38, 0.86, -0.34), (-0.06, 0.97, -0.24), (0.10, 0.98, -0.16)),
    "folded": ((-0.42, 0.72, -0.55), (0.10, 0.80, -0.60), (0.75, 0.55, -0.35)),
}

# From very light to very dark, red, green and blue in 0..255.
SKIN_TONES = np.array([
    (250, 222, 205), (240, 200, 175), (226, 176, 144), (205, 152, 115),
    (176, 122, 86), (142, 94, 66), (108, 70, 52), (78, 52, 42),
], float)  # fmt: skip
VARNISHES = ((190, 30, 50), (205, 110, 205), (110, 80, 190), (235, 190, 50), (60, 130, 140))


@dataclass(frozen=True)
class Person:
    """Whose hand it is, and the light it is seen in; colours are red, green and blue, 0..1.

    Attributes:
        thickness, length: of the fingers, about 1.
        size: pixels of the finished picture per millimetre.
        nail_length: how far the nails stand out beyond the fingertips, in millimetres.
        light: direction to the lamp, (x, y, z), length 1; y points down, z to the eye.
        wall, shadow: brightness of the wall behind, darkness of the shadow on it, 0..1.
    """

    skin: np.ndarray
    thickness: float
    length: float
    size: float
    nail: np.ndarray
    nail_length: float
    light: np.ndarray
    wall: float
    shadow: float


def draw_person(generator: np.random.Generator, tone: float) -> Person:
    """Make up somebody's hand; `tone` is how dark the skin is, 0 (very light) to 1."""
    places = np.linspace(0, 1, len(SKIN_TONES))
    skin = np.array([np.interp(tone, places, values) for values in SKIN_TONES.T]) / 255
    skin *= generator.uniform(0.96, 1.04, 3)
    varnished = generator.random() < 0.3
    nail = skin * 0.75 + np.array([0.25, 0.2, 0.2])
    if varnished:
        nail = np.array(VARNISHES[generator.integers(len(VARNISHES))]) / 255
    light = np.array([generator.choice([-1, 1]) * generator.uniform(0.35, 0.8), -0.5, 0.75])
    return Person(
        skin=np.clip(skin, 0, 1),
        thickness=generator.uniform(0.86, 1.02) if varnished else generator.uniform(0.9, 1.14),
        length=generator.uniform(0.94, 1.08),
        size=generator.uniform(0.8, 1.2),
        nail=nail,
        nail_length=generator.uniform(1.5, 5) if varnished else 0.0,
        light=light / np.linalg.norm(light),
        wall=generator.uniform(0.97, 1.0),
        shadow=max(0.0, generator.uniform(-0.1, 0.28)),
    )


def draw_hand(
    gesture: str,
    person: Person,
    generator: np.random.Generator,
    phase: float = 0.0,
    openness: tuple[float, float] = SPREAD,
) -> Image.Image:
    """Draw one hand that shows a gesture, an RGB picture of 300x300 pixels.

    Args:
        generator: source of the pose; the same state gives the same pose.
        phase: where the hand is in its small movement about the pose, 0..1, going round.
        openness: between which values the fingers are spread: 0 makes those of a flat
            hand parallel, less lets their tips touch; below `SPREAD` the thumb lies close, too.
    """
    hand = _Pose(gesture, generator, phase, openness).skeleton(person)
    colours = _coloured(hand, person, generator)
    shadow = blurred(hand.surface.cover, 14)
    shadow = ndimage.shift(shadow, (18, int(-50 * person.light[0])), order=0)
    wall = person.wall * (1 - person.shadow * shadow)
    return picture_of(wall + (colours - wall) * hand.surface.cover)


class _Pose:
    """Angles of every joint, in degrees, and where the hand is in the picture."""

    def __init__(self, gesture: str, generator, phase: float, openness: tuple) -> None:
        def vary(middle, reach, wobble):
            """Draw values about `middle`, the same for all frames, plus a small movement."""
            middle = np.asarray(middle, float)
            base = middle + reach * generator.uniform(-1, 1, middle.shape)
            turn = generator.uniform(0, 1, middle.shape)
            return base + wobble * np.sin(2 * np.pi * (phase + turn))

        spread, curl, thumbs = self._gesture(gesture, generator.uniform(*openness))
        self.closed = gesture == "rock"
        self.spread = vary(spread, 1.5, 1.5)
        self.curl = vary(curl, 4.0, 4.0)
        kinds = generator.choice(len(thumbs), 2)
        first, second = (np.array(THUMBS[thumbs[k]]) for k in kinds)
        share = 0.15 + vary(0.0, 0.15, 0.05)
        self.thumb = first + (second - first) * share + vary(np.zeros((3, 3)), 0.04, 0.03)
        self.pitch, self.yaw = vary(14 if self.closed else 4, 8, 4), vary(0, 20, 6)
        self.tilt, self.arm = vary(0, 11, 5), vary(0, 9, 2)
        self.zoom = float(vary(1, 0.06, 0.02))  # a NumPy number would make arrays of it float64
        self.shift = vary(np.zeros(2), 10, 4)

    @staticmethod
    def _gesture(gesture: str, openness: float):
        """Return spread (4,), curl (4, 3) and the possible thumbs."""
        straight, closed = (6, 9, 5), (72, 92, 55)
        if gesture == "paper":
            spread = np.array([-11, -3, 5, 15]) * openness
            thumbs = ("out", "along") if openness >= SPREAD[0] else ("along", "close")
            return spread, [straight] * 4, thumbs
        if gesture == "rock":
            return np.array([-4, -1, 2, 5]), [closed] * 4, ("folded", "folded", "along", "out")
        spread = np.array([-11, 9, 6, 8]) * (0.6 + 0.6 * openness)
        return spread, [straight] * 2 + [closed] * 2, ("out", "along", "folded")

    def skeleton(self, person: Person) -> _Skeleton:
        """Turn the angles into places on the picture."""
        scale = person.size * self.zoom
        wrist = np.array([SIDE * 0.53, 105 + 130 * scale - 30 * self.closed, 0])
        wrist[:2] += self.shift
        hand = _Skeleton(wrist, scale, _rotation(self.pitch, self.yaw, self.tilt))
        self._add_arm(hand)
        self._add_palm(hand)
        for finger in range(4):
            self._add_bones(hand, finger, person, slice(0, 1))
        hand.surface.soften(max(2, round(4.5 * scale)))
        for finger in range(4):
            self._add_bones(hand, finger, person, slice(1, 3))
        self._add_thumb(hand, person)
        return hand

    def _add_arm(self, hand: _Skeleton) -> None:
        hand.add((-9, 42, -6), (-9, -12, -6), (16, 16), 12)
        hand.add((9, 42, -6), (9, -12, -6), (16, 16), 12)
        sideways = np.sin(np.radians(self.arm)) * 260
        for offset in (-9.0, 9.0):  # two bones make the forearm flat
            start = hand.place((offset, -10, -6))
            elbow = start + np.array([offset * 0.9 + sideways, 260, -10]) * hand.scale
            radii = (16.5 * hand.scale, 34 * hand.scale)
            hand.surface.add_capsule(start, elbow, radii, 12 * hand.scale)

    @staticmethod
    def _add_palm(hand: _Skeleton) -> None:
        for root, knuckle in zip(ROOTS, KNUCKLES, strict=True):
            hand.add(root - (0, 0, 7), knuckle - (0, 4, 4), (13.5, 11.5), 10)
        for left, right in pairwise(KNUCKLES):  # the webs
            hand.add(left - (0, 3, 6), right - (0, 3, 6), (10.5, 10.5), 8)
        hand.add((13, 8, -8), (28, 64, -8), (12, 13), 10)  # the edge below the little finger
        hand.add((-6, 22, -11), (-17, 66, -9), (14, 12.5), 10)  # the edge below the index finger

    def _add_bones(self, hand: _Skeleton, finger: int, person: Person, bones: slice) -> None:
        """Add some of a finger's three bones, and their joints."""
        radii = RADII[finger] * person.thickness
        spread = np.radians(self.spread[finger])
        bends = np.radians(np.cumsum(self.curl[finger]))[:, None]
        forward = np.array([np.sin(spread), np.cos(spread), 0])
        along = np.cos(bends) * forward - np.sin(bends) * (0, 0, 1)
        out = np.sin(bends) * forward + np.cos(bends) * (0, 0, 1)
        lengths = BONES[finger, :, None] * person.length
        ends = KNUCKLES[finger] - (0, 0, 4) + np.cumsum(along * lengths, axis=0)
        starts = ends - along * lengths
        for bone in range(3)[bones]:
            hand.add(starts[bone], ends[bone], radii[bone : bone + 2], (7, 2, 2)[bone])
            reach, depth = ((8, 0.0), (6.5, 0.5), (6.5, 0.35))[bone]
            hand.add_joint(starts[bone] + out[bone] * radii[bone], along[bone], reach, depth)
            if bone == 2:
                across = np.array([np.cos(spread), -np.sin(spread), 0])
                hand.add_nail(person, ends[2], (along[2], across, out[2]), radii[3])

    def _add_thumb(self, hand: _Skeleton, person: Person) -> None:
        radii = np.array(THUMB_RADII) * (0.4 + 0.6 * person.thickness)
        point = THUMB_ROOT
        for bone, length in enumerate(THUMB_BONES):
            along = self.thumb[bone] / np.linalg.norm(self.thumb[bone])
            end = point + along * length * person.length
            hand.add(point, end, radii[bone : bone + 2], (10, 4, 2)[bone])
            if bone == 0:  # the web between thumb and index finger
                hand.add(point + along * 28, KNUCKLES[0] * 0.62 - (0, 0, 8), (9, 9), 9)
            point = end
        across = np.cross(along, (-0.45, 0, 0.9))
        across /= np.linalg.norm(across)
        out = np.cross(across, along)
        hand.add_joint(point - along * length + out * radii[2], along, 7.5, 0.4)
        hand.add_nail(person, point, (along, across, out), radii[3])


class _Skeleton:
    """A posed hand in the picture's pixels: x right, y down, z to the eye.

    Its methods take places and directions in the hand's millimetres.
    """

    def __init__(self, wrist: np.ndarray, scale: float, turn: np.ndarray) -> None:
        self.wrist, self.scale, self.turn = wrist, scale, turn
        self.surface = Surface(SIDE)
        self.joints: list = []  # (place, axis along the finger, reach, depth of its creases)
        self.nails: list = []  # (place, axes along, across and out, half length, half width)

    def direction(self, vector) -> np.ndarray:
        """Turn a direction into the picture's axes."""
        return (self.turn @ np.asarray(vector, float)) * (1, -1, 1)

    def place(self, point) -> np.ndarray:
        """Turn a place into pixels."""
        return self.wrist + self.scale * self.direction(point)

    def add(self, start, end, radii, blend: float) -> None:
        """Add flesh between two places."""
        first, last = (float(radius) * self.scale for radius in radii)
        ends = self.place(start), self.place(end)
        self.surface.add_capsule(*ends, (first, last), blend * self.scale)

    def add_joint(self, point, along, reach: float, depth: float) -> None:
        """Add redder, creased skin around a place."""
        self.joints.append((self.place(point), self.direction(along), reach * self.scale, depth))

    def add_nail(self, person: Person, tip, axes, radius: float) -> None:
        """Add a nail at the end of a finger; `axes` point along, across and out of it."""
        along, _, out = axes
        more = person.nail_length
        if more:
            base, end = tip + out * radius * 0.3, tip + along * (radius * 0.6 + more)
            self.add(base, end, (radius * 0.7, radius * 0.42), 1.5)
            more += radius * 0.3
        centre = tip + along * (radius * 0.25 + more * 0.5) + out * radius * 0.8
        axes = [self.direction(axis) for axis in axes]
        half = (radius * 0.85 + more * 0.5) * self.scale, radius * 0.76 * self.scale
        self.nails.append((self.place(centre), axes, *half))


def _rotation(pitch: float, yaw: float, tilt: float) -> np.ndarray:
    """Return the 3x3 rotation: pitch about x, then yaw about y, then tilt about z (degrees)."""
    (cp, cy, ct), (sp, sy, st) = (f(np.radians([pitch, yaw, tilt])) for f in (np.cos, np.sin))
    about_x = np.array([(1, 0, 0), (0, cp, -sp), (0, sp, cp)])
    about_y = np.array([(cy, 0, sy), (0, 1, 0), (-sy, 0, cy)])
    about_z = np.array([(ct, st, 0), (-st, ct, 0), (0, 0, 1)])
    return about_z @ about_y @ about_x


def _coloured(hand: _Skeleton, person: Person, generator: np.random.Generator) -> np.ndarray:
    """Return the lit hand on black, float32, shape (3, SIDE, SIDE), 0..1."""
    surface = hand.surface
    covered = surface.cover > 0
    normal = surface.normal[:, covered]
    normal /= length_of(normal)
    skin, nail = _skin(hand, covered, person, generator)
    shade = surface.openness(person.light, 3 * hand.scale)[covered]

    wrap = _column(0.45, 0.32, 0.28)  # light reddens on its way through the skin
    facing = person.light.astype(np.float32) @ normal
    diffuse = np.clip((facing + wrap) / (1 + wrap), 0, 1)
    halfway = person.light + np.array([0, 0, 1])
    gloss = np.clip((halfway / np.linalg.norm(halfway)).astype(np.float32) @ normal, 0, 1) ** 16
    rim = 0.72 + 0.28 * np.clip(normal[2] * 2.2, 0, 1)
    shade = 1 - (1 - shade * rim) * _column(0.88, 1.0, 1.04)
    colours = np.zeros((3, SIDE, SIDE), np.float32)
    colours[:, covered] = (skin * (0.38 + 0.74 * diffuse) + (0.06 + 0.2 * nail) * gloss) * shade
    return colours


def _column(*values: float) -> np.ndarray:
    """Return one value for each colour, to be spread over pixels."""
    return np.array(values, np.float32)[:, None]


def _skin(hand: _Skeleton, covered: np.ndarray, person: Person, generator: np.random.Generator):
    """Return the unlit colours (3, n) and the share of nail (n,) of the covered pixels, 0..1."""
    redness, crease, nails = (np.zeros((SIDE, SIDE), np.float32) for _ in range(3))
    height = hand.surface.height
    for place, axis, reach, depth in hand.joints:
        window, x, y, z = _around(place, 2 * reach, height)
        near = np.exp(-(x * x + y * y + z * z) / np.float32(reach**2))
        redness[window] += (0.4 + depth) * near
        waves = np.cos(_along(axis, x, y, z) * np.float32(2 * np.pi / (0.55 * reach)))
        crease[window] += depth * near * np.maximum(waves, 0) ** 2 * 0.6
    for place, axes, length, width in hand.nails:
        window, x, y, z = _around(place, 1.5 * length, height)
        u, v, w = (_along(axis, x, y, z) for axis in axes)
        inside = np.clip((1 - np.abs(u / length) ** 3 - np.abs(v / width) ** 3) * 4, 0, 1)
        seen = np.abs(w) < 1.3 * width  # else something hides it
        nails[window] = np.maximum(nails[window], inside * seen)
    redness, crease, nails = redness[covered], crease[covered], nails[covered]
    patches = cloud(generator, SIDE, 24) + cloud(generator, SIDE, 6)
    pores = generator.random(len(nails), np.float32) - 0.5
    light = (1 + 0.035 * patches[covered] + 0.05 * pores) * (1 - crease)
    skin = light * _column(*person.skin) * (1 - redness * _column(0.07, 0.17, 0.15))
    skin += (_column(*person.nail) - skin) * nails
    return skin, nails


def _around(place: np.ndarray, reach: float, height: np.ndarray):
    """Return a window about a place and its pixels' offsets from it (x, y, z)."""
    window, x, y = window_of(place[:2] - reach, place[:2] + reach, SIDE)
    x0, y0, z0 = place.tolist()
    return window, x - x0, y - y0, height[window] - z0


def _along(axis: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    return x * np.float32(axis[0]) + y * np.float32(axis[1]) + z * np.float32(axis[2])
