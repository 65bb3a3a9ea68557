"""Drawn faces of cats and dogs: rounded heads with fur, ears, muzzles and whiskers.

Places on a face are given in half head widths from the middle of the head: u to the right, v down,
w towards the eye of the beholder.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from helpers.samples.surfaces import Patch, Surface, length_of, picture_of, window_of

SIDE = 256  # pixels of the finished picture

# Main colour of the coat and its second colour, red, green and blue in 0..255.
GINGER, CREAM, WHITE = (205, 130, 66), (236, 214, 180), (240, 236, 230)
GREY, DARK_GREY, BLACK = (150, 148, 146), (98, 96, 98), (48, 44, 44)
BROWN, DARK_BROWN, TAN, GOLD = (138, 96, 64), (84, 58, 42), (196, 148, 96), (214, 168, 104)
# coat, second colour, pattern
CAT_COATS = (
    (GINGER, CREAM, "tabby"), (GREY, CREAM, "tabby"), (BROWN, CREAM, "tabby"),
    (GOLD, WHITE, "tabby"), (BLACK, BLACK, "plain"), (DARK_GREY, GREY, "plain"),
    (WHITE, WHITE, "plain"), (BLACK, WHITE, "blaze"), (GINGER, WHITE, "blaze"),
    (CREAM, DARK_BROWN, "mask"), (WHITE, GINGER, "patches"), (WHITE, DARK_GREY, "patches"),
)  # fmt: skip
DOG_COATS = (
    (GOLD, CREAM, "plain"), (TAN, CREAM, "plain"), (DARK_BROWN, DARK_BROWN, "plain"),
    (BLACK, BLACK, "plain"), (WHITE, WHITE, "plain"), (BROWN, WHITE, "blaze"),
    (GREY, WHITE, "blaze"), (BLACK, WHITE, "blaze"), (TAN, BLACK, "mask"),
    (GOLD, DARK_BROWN, "mask"), (BLACK, TAN, "points"), (WHITE, BROWN, "patches"),
    (WHITE, BLACK, "patches"),
)  # fmt: skip
# The other colours in 0..1.
CAT_EYES = np.array([
    (150, 170, 70), (200, 165, 60), (110, 150, 90), (205, 130, 50), (110, 160, 195),
]) / 255  # fmt: skip
DOG_EYES = np.array([(92, 58, 34), (66, 42, 28), (120, 80, 44)]) / 255
PINK, NOSE_BROWN, NOSE_BLACK, TONGUE = np.array([
    (214, 140, 132), (96, 66, 62), (42, 38, 40), (222, 120, 124),
]) / 255  # fmt: skip


def draw_cat(generator: np.random.Generator) -> Image.Image:
    """Draw a cat's face, an RGB picture of 256x256 pixels, with chance from `generator`."""
    face = _Face(generator, CAT_COATS)
    wide, tall = generator.uniform(0.94, 1.04), generator.uniform(0.78, 0.9)
    face.add_body(0.95)
    spread, height = generator.uniform(0.6, 0.76), generator.uniform(1.12, 1.32)
    inside = ((0.46 + spread) / 2, -0.42 - height * 0.32, -0.1), (0.17, 0.42)
    face.add_ears((0.5, -0.42, -0.1), (spread, -height, -0.2), (0.4, 0.05), *inside)
    face.ellipsoid((0, 0, 0), (wide, tall, 0.75), 0.15)
    face.ellipsoids((0.5, 0.3, 0.1), (0.48, 0.4, 0.5), 0.2)
    face.ellipsoids((0.18, 0.4, 0.52), (0.25, 0.2, 0.28), 0.06)
    face.ellipsoid((0, 0.6, 0.4), (0.2, 0.15, 0.25), 0.06)
    face.ellipsoid((0, 0.06, 0.45), (0.15, 0.34, 0.3), 0.15)
    face.soften()
    face.paint_coat(-0.06)
    face.light()
    eye, pupil = CAT_EYES[generator.integers(len(CAT_EYES))], generator.uniform(0.2, 0.6)
    face.add_eyes((0.4, -0.08), (0.2, 0.165), eye, pupil, 0.9)
    nose = PINK if generator.random() < 0.6 else NOSE_BROWN
    face.add_nose((0, 0.24), (0.11, 0.08), nose)
    face.add_mouth((0, 0.3), 0.16, 0.15)
    face.add_whiskers()
    return picture_of(face.colours)


def draw_dog(generator: np.random.Generator) -> Image.Image:
    """Draw a dog's face, an RGB picture of 256x256 pixels, with chance from `generator`."""
    face = _Face(generator, DOG_COATS)
    wide, tall = generator.uniform(0.76, 0.88), generator.uniform(0.84, 0.96)
    long, broad = generator.uniform(0.44, 0.62), generator.uniform(0.36, 0.46)
    floppy = generator.random() < 0.65
    face.add_body(0.85)
    if not floppy:
        height, out = generator.uniform(1.15, 1.4), generator.uniform(0.5, 0.75)
        inside = ((0.5 + out) / 2, -0.3 - height / 2, -0.1), (0.12, 0.34)
        face.add_ears((0.5, -0.55, -0.1), (out, -height, -0.15), (0.28, 0.1), *inside)
    face.ellipsoid((0, -0.1, 0), (wide, tall, 0.75), 0.15)
    face.ellipsoids((0.36, 0.3, 0.15), (0.4, 0.42, 0.5), 0.2)
    face.ellipsoid((0, 0.1, 0.45), (0.26, 0.5, 0.4), 0.2)
    face.ellipsoid((0, 0.4, 0.75), (broad, long * 0.8, 0.5), 0.2)
    open_mouth = generator.random() < 0.45
    face.ellipsoid((0, 0.86 if open_mouth else 0.74, 0.55), (0.27, 0.22, 0.3), 0.06)
    face.ellipsoids((0.2, 0.6, 0.8), (0.25, 0.24, 0.36), 0.08)  # the lips
    face.soften()
    if floppy:
        _add_floppy_ears(face, generator, wide)
    face.paint_coat(-0.18)
    face.light()
    eye = DOG_EYES[generator.integers(len(DOG_EYES))]
    face.add_eyes((0.36, -0.2), (0.13, 0.125), eye, 0.5, 0.5)
    face.add_nose((0, 0.24), (0.2, 0.15), NOSE_BLACK)
    if open_mouth:
        face.add_tongue((0, 0.84))
    face.add_mouth((0, 0.36), 0.3, 0.34)
    return picture_of(face.colours)


def _add_floppy_ears(face: _Face, generator: np.random.Generator, wide: float) -> None:
    length, out = generator.uniform(0.15, 0.75), generator.uniform(0.12, 0.3)
    dark = face.coat * generator.uniform(0.6, 1.0)
    colour = face.second if face.pattern == "patches" else dark
    for side in (-1, 1):
        bend = (side * (wide + out), -0.35, 0.05)
        end = (side * (wide + out * 0.8), length, 0.2)
        for part in (
            face.capsule((side * (wide - 0.3), -0.72, 0.25), bend, (0.17, 0.25), 0.08),
            face.capsule(bend, end, (0.25, 0.2), 0.08),
        ):
            face.paint(part, colour)


class _Face:
    """A face in the making: its place in the picture, its shape and its colours.

    `colours` are red, green and blue, 0..1, float32, shape (3, SIDE, SIDE): at first those of the
    coat; `light` makes them the whole picture's, to which eyes, nose and mouth are added.
    """

    def __init__(self, generator: np.random.Generator, coats: tuple) -> None:
        self.generator = generator
        self.size = generator.uniform(60, 78)  # half a head's width in pixels
        self.middle = np.array([SIDE / 2, SIDE * 0.52]) + generator.uniform(-18, 18, 2)
        self.tilt = math.radians(generator.uniform(-14, 14))
        self.turn = generator.uniform(-0.22, 0.22)  # how far what is in front moves aside
        lamp = np.array([generator.uniform(-0.7, 0.7), -0.55, 0.8])
        self.lamp = (lamp / np.linalg.norm(lamp)).astype(np.float32)
        coat, second, self.pattern = coats[generator.integers(len(coats))]
        shift = generator.uniform(0.88, 1.1)
        self.coat, self.second = (
            np.clip(np.array(c) / 255 * shift, 0, 0.96).astype(np.float32) for c in (coat, second)
        )
        self.surface = Surface(SIDE)
        self.colours = np.full((3, SIDE, SIDE), self.coat[:, None, None])
        self.inner_ears: list = []
        offset = np.arange(SIDE, dtype=np.float32)
        x, y = offset[None, :] - float(self.middle[0]), offset[:, None] - float(self.middle[1])
        cosine, sine = math.cos(self.tilt) / self.size, math.sin(self.tilt) / self.size
        self.u, self.v = x * cosine + y * sine, y * cosine - x * sine

    def place(self, point) -> np.ndarray:
        """Turn a place on the face into pixels."""
        u, v, w = point
        u = u + self.turn * w
        cosine, sine = math.cos(self.tilt), math.sin(self.tilt)
        x, y = self.middle + self.size * np.array([u * cosine - v * sine, u * sine + v * cosine])
        return np.array([x, y, self.size * w])

    def capsule(self, start, end, radii, blend: float = 0.1) -> Patch:
        """Add a tapered capsule, measured in half head widths."""
        ends, size = (self.place(start), self.place(end)), self.size
        return self.surface.add_capsule(*ends, (radii[0] * size, radii[1] * size), blend * size)

    def ellipsoid(self, centre, radii, blend: float) -> None:
        """Add an ellipsoid, measured in half head widths."""
        radii, tilt = np.array(radii) * self.size, math.degrees(self.tilt)
        self.surface.add_ellipsoid(self.place(centre), radii, blend * self.size, tilt)

    def ellipsoids(self, centre, radii, blend: float) -> None:
        """Add an ellipsoid, given by its right one, on both sides."""
        u, v, w = centre
        for side in (-1, 1):
            self.ellipsoid((side * u, v, w), radii, blend)

    def add_body(self, width: float) -> None:
        """Add shoulders and neck, below the head."""
        lean = self.generator.uniform(-0.3, 0.3)
        self.ellipsoid((lean * 1.5, 2.1, -1.1), (width * 1.25, 1.35, 0.8), 0.2)
        self.capsule((lean, 1.3, -0.9), (0, 0.2, -0.5), (0.8 * width, 0.6 * width), 0.3)

    def soften(self) -> None:
        """Smooth the seams between the shapes."""
        self.surface.soften(max(2, round(self.size * 0.05)))

    def paint(self, patch: Patch, colour, strength: float = 1.0) -> None:
        """Paint a colour over what is seen of a shape, or over an oval."""
        window, share = patch
        part = self.colours[:, *window]
        part += (np.asarray(colour, np.float32)[:, None, None] - part) * (share * strength)

    def add_ears(self, root, tip, radii, middle, inside) -> None:
        """Add two pointed ears, given by the right one, and an oval in each: pink, and in shade."""
        for side in (-1, 1):
            start, end, centre = ((side * u, v, w) for u, v, w in (root, tip, middle))
            window, share = self.capsule(start, end, radii)
            lean = math.atan2(centre[0] - side * 0.4, -centre[1])
            _, oval = self.oval(centre, inside, 0.5, math.degrees(lean), window)
            self.inner_ears.append((window, oval * share))

    def oval(self, centre, radii, soft: float, turn: float = 0.0, window=None) -> Patch:
        """Return a soft-edged oval, `turn` degrees clockwise, within a window or about itself."""
        if window is None:
            middle, reach = self.place(centre)[:2], max(radii) * self.size + 1
            window, *_ = window_of(middle - reach, middle + reach, SIDE)
        du = self.u[window] - (centre[0] + self.turn * centre[2])
        dv = self.v[window] - centre[1]
        cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        across, down = (du * cosine + dv * sine) / radii[0], (dv * cosine - du * sine) / radii[1]
        return window, np.clip((1 - across * across - down * down) / soft, 0, 1)

    def paint_coat(self, eyes: float) -> None:
        """Lay the pattern over the coat, then the insides of the ears; the eyes' height is v."""
        for centre, radii, soft, strength in self._pattern(eyes):
            self.paint(self.oval(centre, radii, soft), self.second, strength)
        pink = PINK * (0.6 + 0.35 * float(self.coat.mean()))
        for ear in self.inner_ears:
            self.paint(ear, pink, 0.85)

    def _pattern(self, eyes: float):
        """Yield ovals of the second colour: centre, radii, softness, strength."""
        if self.pattern == "plain":
            yield (0, 0.5, 0.7), (0.45, 0.4), 0.8, 0.5
        elif self.pattern == "tabby":
            self._paint_stripes()
            for side in (-1, 1):
                yield (side * 0.4, eyes, 0.4), (0.32, 0.27), 0.5, 0.5
            yield (0, 0.52, 0.6), (0.44, 0.32), 0.6, 0.85
            yield (0, 1.3, -0.2), (0.5, 0.6), 0.6, 0.6
        elif self.pattern == "blaze":
            yield (0, -0.1, 0.5), (self.generator.uniform(0.1, 0.22), 0.85), 0.4, 1
            yield (0, 0.6, 0.6), (0.5, 0.42), 0.3, 1
            yield (0, 1.6, -0.2), (0.7, 0.8), 0.3, 1
        elif self.pattern == "mask":
            yield (0, 0.38, 0.6), (0.62, 0.6), 1.0, 0.9
            for side in (-1, 1):
                yield (side * 0.75, -1.0, -0.1), (0.5, 0.6), 0.8, 0.85
        elif self.pattern == "points":
            for side in (-1, 1):
                yield (side * 0.3, eyes - 0.24, 0.6), (0.12, 0.09), 0.4, 1
                yield (side * 0.36, 0.5, 0.6), (0.3, 0.36), 0.4, 1
            yield (0, 1.5, -0.2), (0.6, 0.4), 0.5, 1
        else:  # patches
            side = self.generator.choice((-1, 1))
            yield (side * 0.45, eyes - 0.1, 0.4), (0.5, 0.6), 0.2, 1
            yield (-side * 0.8, -0.9, 0), (0.6, 0.5), 0.2, 1

    def _paint_stripes(self) -> None:
        u, v = self.u, self.v
        wave = self.generator.uniform(0, 6)
        brow = np.cos(u * 17 + np.sin(v * 5) * 0.6) * np.clip(-v * 3 - 0.5, 0, 1)
        flank = np.clip(np.abs(u) * 3 - 1.4, 0, 1) * np.clip(v * 4 + 1.5, 0, 1)
        flank *= np.cos(v * 15 - np.abs(u) * 7 + wave)
        dark = np.clip(np.clip(brow * 1.6 - 0.3, 0, 1) + np.clip(flank * 1.6 - 0.4, 0, 1), 0, 1)
        self.colours *= 1 - 0.45 * dark

    def light(self) -> None:
        """Light the fur, ruffle it, and put it before a background."""
        surface = self.surface
        length = length_of(surface.normal)
        facing = np.tensordot(self.lamp, surface.normal, 1) / length
        diffuse = np.clip((facing + 0.4) / 1.4, 0, 1)
        rim = 0.7 + 0.3 * np.clip(surface.normal[2] / length * 2, 0, 1)
        shade = (0.36 + 0.76 * diffuse) * rim * surface.openness(self.lamp, self.size * 0.05)
        for window, inside in self.inner_ears:
            shade[window] *= 1 - 0.3 * inside
        fur, source = self._fur()
        behind = _background(self.generator)
        ruffled = (np.clip(self.colours * shade, 0, 1)).reshape(3, -1)[:, source]
        furry = ruffled * (1 + 0.14 * fur)
        self.colours = behind + (furry - behind) * surface.cover.ravel()[source]

    def _fur(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the strands' brightness, -1..1, and the number of the pixel to take each from.

        Strands stream outward from the nose: chance is looked up by angle (fine) and distance
        (coarse), and moves what is there along the strand, so that every edge becomes furry.
        """
        nose_x, nose_y, _ = np.ceil(self.place((0, 0.2, 0.6))).astype(np.float32)
        pixels = np.arange(SIDE, dtype=np.float32)
        x, y = pixels[None, :] - nose_x, pixels[:, None] - nose_y
        distance = np.sqrt(x * x + y * y) + 1e-6
        angle = (np.arctan2(y, x) * 64 + np.sin(distance / 8) * 2).astype(np.int32) % 512
        strands = self.generator.uniform(-1, 1, (64, 512)).astype(np.float32)
        row = (distance * (7 / self.size) + strands[0, angle] * 0.5).astype(np.int32) % 64
        fur = strands[row, angle]
        length = fur * np.clip(distance * 0.045 - 0.009 * self.size, 0, 0.03 * self.size)
        columns = pixels[None, :] + 0.5 + length * (x / distance)
        rows = pixels[:, None] + 0.5 + length * (y / distance)
        rows, columns = (np.clip(v, 0, SIDE - 1).astype(np.int32) for v in (rows, columns))
        return fur, rows * SIDE + columns

    def add_eyes(self, place, radii, colour, pupil: float, slit: float) -> None:
        """Add two eyes; `slit` is the height of the pupil, `pupil` its width, in eye heights."""
        glint = self.generator.uniform(-0.3, 0.3)
        wide, tall = radii
        for side in (-1, 1):
            lean = -8.0 * side
            for across, down, radius, high, soft, turn, paint in (
                (0, 0, 1.22, 1.25, 0.4, lean, (0.13, 0.1, 0.1)),
                (0, 0, 1, 1, 0.2, lean, colour * 0.65),
                (0, 0.25, 0.85, 0.7, 0.9, lean, colour),
                (0, 0, pupil * tall / wide, slit, 0.3, 0.0, (0.05, 0.04, 0.05)),
                (glint, -0.4, 0.22, 0.24, 0.6, 0.0, (0.98, 0.98, 0.98)),
            ):
                centre = (side * place[0] + wide * across, place[1] + tall * down, 0.55)
                self.paint(self.oval(centre, (wide * radius, tall * high), soft, turn), paint)

    def add_nose(self, place, radii, colour) -> None:
        """Add a nose, broad above and narrow below, with nostrils and a wet gleam."""
        (u, v), (wide, tall), w = place, radii, 0.8
        for down, share in ((-0.15, 1.0), (0.35, 0.75), (0.75, 0.4)):
            middle = (u, v + down * tall, w)
            self.paint(self.oval(middle, (wide * share, tall * 0.62), 0.35), colour)
        for side in (-1, 1):
            nostril = (u + side * wide * 0.45, v + tall * 0.15, w)
            self.paint(self.oval(nostril, (wide * 0.2, tall * 0.22), 0.6), colour * 0.3, 0.8)
        gleam = self.oval((u, v - tall * 0.45, w), (wide * 0.5, tall * 0.2), 1.0)
        self.paint(gleam, (1, 0.98, 0.98), 0.5)

    def add_tongue(self, place) -> None:
        """Add an open mouth with the tongue out."""
        (u, v), w = place, 0.75
        long = self.generator.uniform(0.2, 0.34)
        self.paint(self.oval((u, v - 0.04, w), (0.24, 0.15), 0.3), (0.27, 0.13, 0.14))
        self.paint(self.oval((u, v + long * 0.45, w), (0.15, long), 0.25), TONGUE)
        furrow = self.oval((u, v + long * 0.3, w), (0.02, long * 0.7), 0.8)
        self.paint(furrow, TONGUE * 0.7, 0.5)

    def add_mouth(self, top, drop: float, wide: float) -> None:
        """Add the line from the nose down, and the mouth's two bows."""
        u, v = top
        turns = np.linspace(0, math.pi, 9)
        lines = [[(u, v), (u, v + drop)]]
        for side in (-1, 1):
            bow = zip((1 - np.cos(turns)) / 2, np.sin(turns), strict=True)
            lines.append([(u + side * wide * a, v + drop + 0.07 * b) for a, b in bow])
        self._add_lines(lines, 3, self.coat * 0.2)

    def add_whiskers(self) -> None:
        """Add four whiskers a side."""
        lines = []
        for side in (-1, 1):
            for number in range(4):
                u, v = side * (0.2 + 0.04 * (number % 2)), 0.34 + 0.05 * number
                reach = side * self.generator.uniform(0.75, 1.15)
                rise = (number - 1.3) * 0.16 + self.generator.uniform(-0.06, 0.06)
                steps = np.linspace(0, 1, 6)
                lines.append([(u + reach * t, v + rise * t - 0.1 * t * (1 - t)) for t in steps])
        self._add_lines(lines, 2, (0.94, 0.93, 0.91))

    def _add_lines(self, lines, width: int, colour) -> None:
        """Draw smooth, faint lines; `width` is in half pixels."""
        image = Image.new("L", (SIDE * 2, SIDE * 2))
        pen = ImageDraw.Draw(image)
        for line in lines:
            places = [tuple(self.place((*point, 0.8))[:2] * 2 + 1) for point in line]
            pen.line(places, fill=166, width=width, joint="curve")
        self.paint((np.s_[:, :], np.asarray(image.reduce(2), np.float32) / 255), colour)


def _background(generator: np.random.Generator) -> np.ndarray:
    """Return a room or a garden out of focus, float32, shape (3, SIDE, SIDE), 0..1."""
    draw_place = _room if generator.random() < 0.5 else _garden
    image = Image.new("RGB", (64, 64))
    draw_place(ImageDraw.Draw(image), generator)
    image = image.filter(ImageFilter.GaussianBlur(generator.uniform(1.2, 2.5)))
    planes = image.resize((SIDE, SIDE), Image.Resampling.BICUBIC).split()
    return np.stack(planes, dtype=np.float32) / 255


def _varied(generator: np.random.Generator, colour) -> tuple[int, ...]:
    shift = generator.integers(-22, 23) + generator.integers(-8, 9, 3)
    return tuple(int(v) for v in np.clip(np.array(colour) + shift, 0, 255))


def _room(pen: ImageDraw.ImageDraw, generator: np.random.Generator) -> None:
    """Paint a wall, a floor, a window or a picture, and a piece of furniture."""
    walls = ((214, 205, 190), (180, 192, 200), (196, 186, 170), (170, 180, 160), (205, 180, 165))
    things = ((150, 90, 70), (90, 110, 130), (120, 130, 90), (160, 140, 110), (110, 80, 95))
    pen.rectangle((0, 0, 64, 64), _varied(generator, walls[generator.integers(5)]))
    floor = int(generator.integers(38, 56))
    pen.rectangle((0, floor, 64, 64), _varied(generator, (150, 118, 88)))
    left, top = (int(v) for v in generator.integers(-8, 44, 2))
    pen.rectangle((left, top - 12, left + 18, top + 8), _varied(generator, (232, 238, 240)))
    left = int(generator.integers(-20, 40))
    colour = _varied(generator, things[generator.integers(5)])
    pen.rounded_rectangle((left, floor - 16, left + 40, floor + 10), 5, colour)


def _garden(pen: ImageDraw.ImageDraw, generator: np.random.Generator) -> None:
    """Paint sky, hedges, a lawn and some flowers."""
    pen.rectangle((0, 0, 64, 64), _varied(generator, (190, 212, 226)))
    for _ in range(9):
        x, y, r = generator.integers((-5, 8, 8), (70, 34, 18))
        pen.ellipse((x - r, y - r, x + r, y + r), _varied(generator, (88, 122, 66)))
    horizon = int(generator.integers(30, 46))
    pen.rectangle((0, horizon, 64, 64), _varied(generator, (120, 156, 84)))
    for _ in range(12):
        x, y = generator.integers((0, 30), (64, 64))
        colour = ((226, 120, 130), (240, 214, 110), (235, 235, 230))[generator.integers(3)]
        pen.ellipse((x - 1, y - 1, x + 1, y + 1), _varied(generator, colour))
