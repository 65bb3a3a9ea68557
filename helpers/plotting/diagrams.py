"""Drawings that explain an idea, made of boxes and arrows."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from helpers.plotting import STYLE, show

FROZEN, SLOW, NEW, PLAIN = "#cfd8e3", "#f8c795", "#ee7733", "#ffffff"
BOX_WIDTH, BOX_HEIGHT, GAP = 1.35, 0.8, 0.35
ROW_HEIGHT = 1.75


def transfer_schemes() -> None:
    """Show the two ways to transfer: a fixed extractor with a new head, and fine-tuning."""
    body = ["block 1", "block 2", "block 3", "block 4", "block 5"]
    boxes = ["photo", *body, "new head", "cat or dog?"]
    fixed = [PLAIN, *5 * [FROZEN], NEW, PLAIN]
    tuned = [PLAIN, *4 * [FROZEN], SLOW, NEW, PLAIN]
    with plt.rc_context({**STYLE, "axes.grid": False}):
        figure, axis = plt.subplots(figsize=(10, 2.9))
        _draw_row(axis, "Fixed extractor: only the new head learns", boxes, fixed, 1)
        _draw_row(axis, "Fine-tuning: the last block learns too, in small steps", boxes, tuned, 0)
        _draw_key(axis, [(FROZEN, "frozen"), (SLOW, "pretrained, learns on"), (NEW, "new, learns")])
        width = len(boxes) * (BOX_WIDTH + GAP)
        axis.set(xlim=(-0.1, width), ylim=(-0.75, 2 * ROW_HEIGHT - 0.3), aspect="equal")
        axis.axis("off")
    show(
        figure,
        "Two rows of boxes, from a photo through the five blocks of a pretrained network and a new "
        "head to the answer, cat or dog. In the first row, the fixed extractor, all five blocks "
        "are frozen and only the head learns. In the second, fine-tuning, blocks 1 to 4 are frozen "
        "and block 5 learns on together with the head.",
    )


def _draw_row(
    axis: Axes, title: str, names: Sequence[str], colours: Sequence[str], row: int
) -> None:
    bottom = row * ROW_HEIGHT
    axis.text(0, bottom + BOX_HEIGHT + 0.2, title, fontsize=11)
    for place, (name, colour) in enumerate(zip(names, colours, strict=True)):
        left = place * (BOX_WIDTH + GAP)
        _draw_box(axis, left, bottom, BOX_WIDTH, BOX_HEIGHT, colour)
        axis.text(left + BOX_WIDTH / 2, bottom + BOX_HEIGHT / 2, name, ha="center", va="center")
        if place:
            middle = bottom + BOX_HEIGHT / 2
            arrow = {"arrowstyle": "->", "color": "#555555", "shrinkA": 0, "shrinkB": 0}
            axis.annotate("", (left - 0.06, middle), (left - GAP + 0.06, middle), arrowprops=arrow)


def _draw_key(axis: Axes, entries: Sequence[tuple[str, str]]) -> None:
    for place, (colour, text) in enumerate(entries):
        left = 3.4 * place
        _draw_box(axis, left, -0.6, 0.3, 0.25, colour)
        axis.text(left + 0.45, -0.47, text, va="center", fontsize=9)


def _draw_box(
    axis: Axes, left: float, bottom: float, width: float, height: float, colour: str
) -> None:
    shape = "round,pad=0,rounding_size=0.08"
    axis.add_patch(
        FancyBboxPatch((left, bottom), width, height, shape, facecolor=colour, edgecolor="#555555")
    )
