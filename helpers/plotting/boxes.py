"""Boxes, arrows and keys, of which the drawings of networks are made."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

INK, LINE, PALE = "#333333", "#8a929c", "#eef1f5"
BLUE, ORANGE = "#c9d9ea", "#fbd9bd"  # light, below black numbers
Box = tuple[float, str, str]  # width, text, colour
FROZEN, SLOW, NEW, PLAIN = "#cfd8e3", "#f8c795", "#ee7733", "#ffffff"
STORE = "#fff3b0"  # features on disk


def sheet(size: tuple, xlim: tuple, ylim: tuple, **more) -> tuple[Figure, Axes]:
    """Return a figure of this size in inches, and its axis, without ticks or frame."""
    figure, axis = plt.subplots(figsize=size, subplot_kw={"xlim": xlim, "ylim": ylim, **more})
    axis.axis("off")
    return figure, axis


def write(axis: Axes, x: float, y: float, text: str, size: float = 9, **more) -> None:
    """Write a text whose middle has the height y; it begins at x, if `ha` says nothing else."""
    axis.text(x, y, text, **{"va": "center", "fontsize": size, "color": INK, **more})


def draw_box(axis: Axes, place: tuple, colour: str, text: str = "", size: float = 9) -> None:
    """Draw a box at (left, bottom, width, height), with a text in the middle."""
    left, bottom, width, height = place
    look = {"facecolor": colour, "edgecolor": "#555555"}
    shape = "round,pad=0,rounding_size=0.08"
    axis.add_patch(FancyBboxPatch((left, bottom), width, height, shape, **look))
    write(axis, left + width / 2, bottom + height / 2, text, size, ha="center")


def draw_chain(
    axis: Axes, bottom: float, height: float, gap: float, boxes: Iterable[Box], size: float = 9
) -> list[tuple[float, float]]:
    """Draw boxes from 0 to the right, with an arrow from each to the next; return their edges."""
    edges, left, middle = [], 0.0, bottom + height / 2
    for width, text, colour in boxes:
        draw_box(axis, (left, bottom, width, height), colour, text, size)
        edges.append((left, left + width))
        left += width + gap
    for (_, end), (start, _) in pairwise(edges):
        draw_arrow(axis, (end, middle), (start, middle))
    return edges


def draw_arrow(axis: Axes, start: tuple[float, float], end: tuple[float, float], **more) -> None:
    """Draw an arrow from one place to another."""
    style = {"arrowstyle": "->", "color": INK, "shrinkA": 0, "shrinkB": 0, **more}
    axis.annotate("", end, start, arrowprops=style)


def draw_key(axis: Axes, entries: Iterable[tuple[float, str, str]], bottom: float) -> None:
    """Say what colours mean: a small box and words for each (left edge, colour, words)."""
    for left, colour, words in entries:
        draw_box(axis, (left, bottom, 0.22, 0.2), colour)
        write(axis, left + 0.3, bottom + 0.1, words)
