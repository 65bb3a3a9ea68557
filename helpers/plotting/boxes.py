"""Boxes, arrows and keys, of which the drawings of networks are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

INK = "#333333"
Box = tuple[float, float, str, str]  # left edge, width, text, colour
FROZEN, SLOW, NEW, PLAIN = "#cfd8e3", "#f8c795", "#ee7733", "#ffffff"


def write(axis: Axes, x: float, y: float, text: str, size: float = 9, **more) -> None:
    """Write a text whose middle has the height y; it begins at x, if `ha` says nothing else."""
    axis.text(x, y, text, **{"va": "center", "fontsize": size, "color": INK, **more})


def draw_box(
    axis: Axes,
    left: float,
    bottom: float,
    width: float,
    height: float,
    colour: str,
    text: str = "",
    size: float = 9,
) -> None:
    """Draw a box, in the axis' units, with its text (letters of `size` points) in the middle."""
    shape = "round,pad=0,rounding_size=0.08"
    axis.add_patch(
        FancyBboxPatch((left, bottom), width, height, shape, facecolor=colour, edgecolor="#555555")
    )
    write(axis, left + width / 2, bottom + height / 2, text, size, ha="center")


def draw_chain(
    axis: Axes, bottom: float, height: float, boxes: Sequence[Box], size: float = 9
) -> None:
    """Draw boxes from left to right, with an arrow from each to the next."""
    end, middle = None, bottom + height / 2
    for left, width, text, colour in boxes:
        draw_box(axis, left, bottom, width, height, colour, text, size)
        if end is not None:
            draw_arrow(axis, (end, middle), (left, middle))
        end = left + width


def draw_arrow(axis: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow from one place to another."""
    style = {"arrowstyle": "->", "color": INK, "shrinkA": 0, "shrinkB": 0}
    axis.annotate("", end, start, arrowprops=style)


def draw_key(axis: Axes, entries: Iterable[tuple[float, str, str]], bottom: float) -> None:
    """Say what colours mean: a small box and words for each (left edge, colour, words)."""
    for left, colour, words in entries:
        draw_box(axis, left, bottom, 0.22, 0.2, colour)
        write(axis, left + 0.3, bottom + 0.1, words)
