"""Drawn garments, shoes and bags, small and grey on black, in the manner of Fashion-MNIST.

Each is drawn four times larger and reduced. Places are shares of the picture, x to the right and y
down; clothes are given by their right half, which is mirrored.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from helpers.samples.surfaces import cloud

SIDE = 28  # pixels of the finished picture
SCALE = 4  # drawn so many times larger, then reduced

_WOVEN = (0, 1, 2, 3, 4, 6)  # what may have stripes

Points = Sequence[tuple[float, float]]


class _Sheet:
    """A black sheet to draw a garment on: its tones, 0..1, and slight chance in every place."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator, self.between = generator, generator.uniform
        self.image = Image.new("L", (SIDE * SCALE, SIDE * SCALE))
        self.pen = ImageDraw.Draw(self.image)
        self.size = generator.uniform(0.9, 1.02, 2)
        self.shift = generator.uniform(-0.03, 0.03, 2)

    def numbers(self, *ranges: tuple[float, float]) -> list[float]:
        """Draw a number of each range."""
        return [self.between(*each) for each in ranges]

    def happens(self, chance: float) -> bool:
        """Toss a coin."""
        return self.generator.random() < chance

    def _pixels(self, points: Points) -> list[float]:
        places = (np.asarray(points) - 0.5) * self.size + 0.5 + self.shift
        return (places * SIDE * SCALE).ravel().tolist()

    def area(self, tone: float, *points: tuple[float, float]) -> None:
        """Fill a polygon."""
        self.pen.polygon(self._pixels(points), fill=round(255 * tone))

    def both(self, tone: float, *points: tuple[float, float]) -> None:
        """Fill a polygon and its mirror image; x counts from the middle to the right."""
        for side in (-1, 1):
            self.area(tone, *((0.5 + side * x, y) for x, y in points))

    def line(self, tone: float, points: Points, width: int = 2) -> None:
        """Draw a line, `width` in quarters of a finished pixel."""
        self.pen.line(self._pixels(points), fill=round(255 * tone), width=width, joint="curve")

    def oval(self, tone: float, left: float, top: float, right: float, bottom: float) -> None:
        """Fill an oval."""
        self.pen.ellipse(self._pixels([(left, top), (right, bottom)]), fill=round(255 * tone))


def draw_garment(label: int, generator: np.random.Generator) -> Image.Image:
    """Draw one garment, a grey picture (mode L) of 28x28 pixels.

    Args:
        label: its kind, 0..9 in the order of Fashion-MNIST: T-shirt/top, trouser, pullover, dress,
            coat, sandal, shirt, sneaker, bag, ankle boot.
        generator: source of chance.
    """
    sheet = _Sheet(generator)
    _DRAWERS[label](sheet, sheet.between(0.4, 0.95))
    tones = np.asarray(sheet.image, np.float32)
    side = SIDE * SCALE
    x = np.linspace(-1, 1, side, dtype=np.float32)
    folds = cloud(generator, side, 7) * sheet.between(0.04, 0.16)
    shaded = tones * (1 + folds) * (1 - sheet.between(0.05, 0.3) * x[None, :] ** 2)
    if label in _WOVEN and sheet.happens(0.2):  # stripes
        waves = np.sin(np.arange(side) / SCALE * sheet.between(1.2, 2.4))
        shaded *= 1 - 0.2 * (waves[:, None] if sheet.happens(0.7) else waves[None, :])
    grey = np.clip(shaded, 0, 255).astype(np.uint8)
    return Image.fromarray(grey).reduce(SCALE)


def _draw_upper(
    sheet: _Sheet, tone: float, wide: float, hem: float, sleeve: Points, neck: float, deep: float
) -> None:
    """Draw what covers the upper body: trunk, sleeves, and the hole for the neck."""
    top, waist = 0.08, wide * sheet.between(0.92, 1.0)
    sides = ((wide, 0.15), (wide, 0.36), (waist, 0.65), (wide, hem))
    sheet.both(tone * 0.9, (wide - 0.03, 0.13), *sleeve, (wide - 0.03, 0.38))
    sheet.both(tone, (0, top), (neck, top), *sides, (0, hem))
    seam = ((wide - 0.012, 0.2), (wide + 0.004, 0.2), (wide, 0.42), (wide - 0.012, 0.42))
    sheet.both(tone * 0.6, *seam)
    sheet.oval(tone * 0.35, 0.5 - neck, top - deep, 0.5 + neck, top + deep)
    sheet.oval(0, 0.5 - neck * 0.9, top - deep, 0.5 + neck * 0.9, top + deep * 0.5)


def _short_sleeve(sheet: _Sheet, wide: float) -> Points:
    out, down = sheet.numbers((0.1, 0.19), (0.3, 0.4))
    return [(wide + out * 0.6, 0.2), (wide + out, down), (wide + out * 0.35, down + 0.06)]


def _long_sleeve(sheet: _Sheet, wide: float) -> Points:
    out, down = sheet.numbers((0.13, 0.2), (0.74, 0.9))
    cuff = [(wide + out, down), (wide + out * 0.45, down + 0.02)]
    return [(wide + out * 0.65, 0.22), *cuff, (wide + 0.02, 0.46)]


def _draw_t_shirt(sheet: _Sheet, tone: float) -> None:
    wide, hem = sheet.numbers((0.21, 0.27), (0.86, 0.95))
    sleeve = _short_sleeve(sheet, wide)
    _draw_upper(sheet, tone, wide, hem, sleeve, *sheet.numbers((0.09, 0.14), (0.05, 0.1)))
    if sheet.happens(0.4):  # a print
        other = tone * 0.5 if tone > 0.6 else min(1, tone * 1.7)
        half = sheet.between(0.06, 0.14)
        sheet.oval(other, 0.5 - half, 0.34, 0.5 + half, 0.34 + half * 2)


def _draw_trouser(sheet: _Sheet, tone: float) -> None:
    waist, hip, cuff = sheet.numbers((0.12, 0.16), (0.15, 0.2), (0.05, 0.09))
    gap, crotch = sheet.numbers((0.01, 0.06), (0.3, 0.38))
    inside = ((gap + 2 * cuff + 0.02, 0.96), (gap + 0.02, 0.96), (0.005, crotch), (0, crotch))
    sheet.both(tone, (0, 0.04), (waist, 0.04), (hip, 0.25), *inside)
    sheet.both(tone * 0.75, (0, 0.04), (waist, 0.04), (waist + 0.003, 0.09), (0, 0.09))
    sheet.line(tone * 0.65, [(0.5, 0.09), (0.5, crotch)])


def _draw_pullover(sheet: _Sheet, tone: float) -> None:
    wide, hem = sheet.numbers((0.21, 0.26), (0.84, 0.93))
    sleeve = _long_sleeve(sheet, wide)
    _draw_upper(sheet, tone, wide, hem, sleeve, *sheet.numbers((0.08, 0.11), (0.04, 0.07)))
    sheet.both(tone * 0.82, (0, hem - 0.07), (wide, hem - 0.07), (wide, hem), (0, hem))
    (x, y), (inner, low) = sleeve[1:3]
    cuff = ((x - 0.012, y - 0.07), (x, y), (inner, low), (inner - 0.005, low - 0.07))
    sheet.both(tone * 0.75, *cuff)


def _draw_dress(sheet: _Sheet, tone: float) -> None:
    shoulder, waist = sheet.numbers((0.09, 0.14), (0.08, 0.11))
    hem, low = sheet.numbers((0.14, 0.27), (0.35, 0.45))
    if sheet.happens(0.4):
        out, down = sheet.numbers((0.05, 0.09), (0.2, 0.55))
        sleeve = ((shoulder - 0.03, 0.06), (shoulder + out, down), (shoulder + 0.02, down + 0.02))
        sheet.both(tone * 0.85, *sleeve, (shoulder - 0.03, 0.22))
    outline = ((0, 0.03), (shoulder, 0.03), (shoulder + 0.015, 0.2), (waist, low), (hem, 0.97))
    sheet.both(tone, *outline, (0, 0.97))
    sheet.line(tone * 0.7, [(0.5 - waist, low), (0.5 + waist, low)], 3)
    deep = sheet.between(0.06, 0.14)
    sheet.oval(0, 0.5 - shoulder * 0.6, 0.03 - deep, 0.5 + shoulder * 0.6, 0.03 + deep)


def _draw_coat(sheet: _Sheet, tone: float) -> None:
    tone *= 0.85
    wide, hem = sheet.between(0.22, 0.27), 0.97
    _draw_upper(sheet, tone, wide, hem, _long_sleeve(sheet, wide), 0.1, 0.04)
    opening, v = sheet.numbers((0.005, 0.02), (0.32, 0.5))
    sheet.both(tone * 0.3, (0, 0.1), (0.07, 0.06), (0, v))
    sheet.both(min(1, tone * 1.25), (0.05, 0.05), (0.12, 0.08), (0.1, 0.25), (0.015, v))  # lapels
    sheet.both(tone * 0.3, (0, v), (opening, v), (opening, hem), (0, hem))
    for y in np.arange(v + 0.06, 0.85, 0.13):
        sheet.oval(tone * 0.5, 0.535, y, 0.565, y + 0.03)
    sheet.both(tone * 0.5, (0.1, 0.66), (0.19, 0.64), (0.19, 0.67), (0.1, 0.69))


def _draw_shirt(sheet: _Sheet, tone: float) -> None:
    wide, hem = sheet.numbers((0.19, 0.24), (0.88, 0.95))
    sleeve = (_short_sleeve if sheet.happens(0.3) else _long_sleeve)(sheet, wide)
    _draw_upper(sheet, tone, wide, hem, sleeve, 0.09, 0.05)
    collar = ((0, 0.17), (0.02, 0.17), (0.1, 0.05), (0.12, 0.12), (0.06, 0.2))
    sheet.both(min(1, tone * 1.3), *collar)
    sheet.line(tone * 0.6, [(0.48, 0.17), (0.48, hem)])
    sheet.line(tone * 0.75, [(0.525, 0.17), (0.525, hem)], 1)
    for y in np.arange(0.24, hem - 0.04, 0.11):
        sheet.oval(1.0 if tone < 0.7 else tone * 0.35, 0.488, y, 0.518, y + 0.03)
    if sheet.happens(0.5):  # a pocket on the breast
        sheet.area(tone * 0.82, (0.57, 0.34), (0.66, 0.34), (0.66, 0.45), (0.57, 0.45))


def _draw_bag(sheet: _Sheet, tone: float) -> None:
    half, top, slant = sheet.numbers((0.3, 0.44), (0.34, 0.46), (-0.05, 0.07))
    low, rise = sheet.numbers((0.82, 0.95), (0.12, 0.3))
    reach = half * sheet.between(0.45, 0.8)
    turns = np.linspace(0, np.pi, 15)
    handle = [(0.5 - reach * np.cos(t), top + 0.03 - rise * np.sin(t)) for t in turns]
    sheet.line(tone * 0.8, handle, int(sheet.between(4, 8)))
    right = ((half - slant, top), (half, low - 0.05), (half - 0.04, low))
    sheet.both(tone, (0, top), *right, (0, low))
    flap = top + (low - top) * sheet.between(0.15, 0.5)
    sheet.both(tone * 0.85, (0, top), (half - slant, top), (half - slant * 0.8, flap), (0, flap))
    sheet.line(tone * 0.5, [(0.5 - half + slant, flap), (0.5 + half - slant, flap)])
    top, low = flap - 0.03, flap + 0.05  # of the lock
    sheet.area(1, (0.47, top), (0.53, top), (0.53, low), (0.47, low))


def _draw_sandal(sheet: _Sheet, tone: float) -> None:
    heel = sheet.between(0.0, 0.22)
    ball, arch, back = 0.8, 0.78 - heel * 0.5, 0.76 - heel
    sole = [(0.04, ball - 0.02), (0.3, ball - 0.01), (0.6, arch), (0.95, back)]
    thick = sheet.between(0.045, 0.08)
    sheet.area(tone, *sole, *((x, y + thick) for x, y in reversed(sole)))
    sheet.area(tone * 0.85, (0.82, back), (0.95, back), (0.93, 0.85), (0.86, 0.85))
    strap = int(sheet.between(6, 11))
    turns = np.linspace(0, np.pi, 9)

    def band(left: float, right: float, low: float, rise: float) -> None:
        middle, half = (left + right) / 2, (right - left) / 2
        arch = [(middle - half * np.cos(t), low - rise * np.sin(t) ** 0.7) for t in turns]
        sheet.line(tone * 0.9, arch, strap)

    band(0.1, 0.32, ball + 0.01, sheet.between(0.12, 0.2))
    band(0.3, 0.58, arch + 0.02, sheet.between(0.18, 0.3))
    if sheet.happens(0.7):
        band(0.66, 0.93, back, sheet.between(0.2, 0.34))
    if sheet.happens(0.5):
        sheet.line(tone * 0.9, [(0.44, arch - 0.2), (0.78, back - 0.2)], strap)


def _draw_sneaker(sheet: _Sheet, tone: float) -> None:
    top, toe = sheet.numbers((0.36, 0.44), (0.55, 0.62))
    front = ((0.04, 0.72), (0.06, toe + 0.04), (0.16, toe), (0.34, toe - 0.05), (0.56, top))
    back = ((0.64, top - 0.02), (0.74, top + 0.06), (0.88, top + 0.01), (0.95, top - 0.01))
    sheet.area(tone, *front, *back, (0.95, 0.72))
    sole = ((0.97, 0.68), (0.97, 0.77), (0.9, 0.79), (0.08, 0.79), (0.03, 0.76), (0.03, 0.7))
    sheet.area(min(1, tone * sheet.between(0.5, 1.5)), *sole)
    other = tone * 0.5 if tone > 0.6 else min(1, tone * 1.6)
    for x in (0.36, 0.44, 0.52):  # laces
        y = toe - 0.06 - (x - 0.34) / 0.22 * (toe - 0.05 - top)
        sheet.line(other, [(x, y + 0.03), (x + 0.07, y + 0.08)])
    x = sheet.between(0.5, 0.6)
    sheet.area(other, (x, 0.68), (x + 0.07, 0.68), (x + 0.16, 0.5), (x + 0.1, 0.5))
    sheet.line(tone * 0.75, [(0.84, top + 0.05), (0.84, 0.68)])


def _draw_ankle_boot(sheet: _Sheet, tone: float) -> None:
    top, front = sheet.numbers((0.06, 0.24), (0.44, 0.54))
    sole, base = 0.88 - sheet.between(0.0, 0.1), tone * 0.55
    toe = ((0.04, 0.88), (0.06, 0.76), (0.2, 0.68), (0.36, 0.62))
    shaft = ((front, 0.46), (front - 0.02, top), (0.9, top + 0.02), (0.92, 0.5))
    sheet.area(tone, *toe, *shaft, (0.95, 0.7), (0.95, sole), (0.62, sole), (0.45, 0.88))
    edge = ((0.62, sole), (0.62, sole + 0.04), (0.46, 0.92), (0.04, 0.92))
    sheet.area(base, (0.04, 0.87), (0.46, 0.87), *edge)
    sheet.area(base, (0.7, sole), (0.95, sole), (0.95, 0.92), (0.72, 0.92))
    if sheet.happens(0.5):
        for y in np.linspace(top + 0.08, 0.5, 5):
            sheet.line(tone * 0.6, [(front - 0.01, y), (front + 0.09, y + 0.03)])
    else:
        sheet.area(tone * 0.65, (0.62, top + 0.02), (0.72, top + 0.02), (0.7, 0.48), (0.65, 0.48))


_DRAWERS = (
    _draw_t_shirt, _draw_trouser, _draw_pullover, _draw_dress, _draw_coat, _draw_sandal,
    _draw_shirt, _draw_sneaker, _draw_bag, _draw_ankle_boot,
)  # fmt: skip
