"""Boxes, arrows and keys, of which the drawings of networks are made."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

INK = "#333333"
FROZEN, SLOW, NEW, PLAIN = "#cfd8e3", "#f8c795", "#ee7733", "#ffffff"


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
    """Draw a box with its text in the middle.

    Args:
        axis: where to.
        left, bottom, width, height: in the axis' units; the bottom is the top where it is upside
            down.
        colour: of the area.
        text: a few words, or "".
        size: of the letters, in points.
    """
    shape = "round,pad=0,rounding_size=0.08"
    axis.add_patch(
        FancyBboxPatch((left, bottom), width, height, shape, facecolor=colour, edgecolor="#555555")
    )
    middle = left + width / 2, bottom + height / 2
    axis.text(*middle, text, ha="center", va="center", fontsize=size, color=INK)


def draw_arrow(axis: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow from one place to another."""
    style = {"arrowstyle": "->", "color": INK, "shrinkA": 0, "shrinkB": 0}
    axis.annotate("", end, start, arrowprops=style)


def draw_key(axis: Axes, entries: Iterable[tuple[float, str, str]], bottom: float) -> None:
    """Say what colours mean: a small box and words for each (left edge, colour, words)."""
    for left, colour, words in entries:
        draw_box(axis, left, bottom, 0.22, 0.2, colour)
        axis.text(left + 0.3, bottom + 0.1, words, va="center", fontsize=9, color=INK)
