"""Drawings of lesson 3: two ways to a classifier, and a grid of two changes."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

from helpers.evaluation import Scores
from helpers.plotting import NARROW, NO_GRID, boxes, show_drawing
from helpers.plotting.boxes import FROZEN, LINE, NEW, PLAIN, SLOW, STORE, draw_box, sheet, write
from helpers.plotting.diagrams import signed

WIDE, HIGH, STEP = 2.2, 0.44, 0.72  # inches of a box, and from one to the next
SIDE, BETWEEN = 1.5, 0.75  # inches of a corner of the grid, and of the gap between two


@plt.rc_context(NO_GRID)
def two_ways(size: int) -> None:
    """Show training from scratch beside transfer, whose pictures are enlarged to `size` pixels."""
    scratch = ("convolutions", NEW), ("average, dense layer", NEW)
    transfer = (
        (f"enlarged to {size} × {size}", PLAIN),
        ("first blocks of a\npretrained network", FROZEN),
        ("features, kept on disk", STORE),
        ("its last block", SLOW),
        ("new head", NEW),
    )
    width, height = 2 * WIDE + 0.8, 0.12 + STEP * 7
    inches = (NARROW, NARROW * (height + 0.75) / width)
    figure, axis = sheet(inches, (0, width), (-0.7, height + 0.05), aspect="equal")
    for title, parts, left in (("From scratch", scratch, 0.1), ("Transfer", transfer, WIDE + 0.7)):
        write(axis, left, height - 0.15, title, 11, va="baseline")
        steps = (("picture, 28 × 28", PLAIN), *parts, ("ten probabilities", PLAIN))
        for place, (text, colour) in enumerate(steps):
            bottom, middle = height - 0.3 - HIGH - STEP * place, left + WIDE / 2
            draw_box(axis, (left, bottom, WIDE, HIGH), colour, text)
            if place:
                ends = (middle, bottom + STEP - 0.02), (middle, bottom + HIGH + 0.02)
                boxes.draw_arrow(axis, *ends)
    first, then = (0.1, FROZEN, "frozen, runs once"), (1.75, SLOW, "pretrained, then trained")
    boxes.draw_key(axis, (first, then, (4.0, NEW, "new")), -0.55)
    show_drawing(
        figure,
        "Two columns of boxes. From scratch: a picture of 28 x 28 pixels goes through "
        "convolutions, an average and a dense layer, all new, to ten probabilities. Transfer: the "
        f"picture is enlarged to {size} x {size} and goes through the first blocks of a "
        "pretrained network, which are frozen and run once; their features are kept on disk. "
        "The pretrained last block and a new head are trained on these and give ten "
        "probabilities.",
    )


@plt.rc_context(NO_GRID)
def size_by_distortion(
    scores: Mapping[tuple[int, bool], Scores], seconds: Mapping[tuple[int, bool], float]
) -> None:
    """Show the four corners of a grid, two sizes by two kinds of pictures, and their differences.

    Args:
        scores: of each corner, by (edge of the pictures in pixels, whether they were distorted in
            training): two sizes, each with both.
        seconds: what each training took, by the same.
    """
    small, large = sorted({size for size, _ in scores})
    found = {corner: score.accuracy for corner, score in scores.items()}
    lowest, span = min(found.values()), max(max(found.values()) - min(found.values()), 1e-6)
    kinds, said, differences = ("undistorted", "distorted"), [], []
    black = {"ha": "center", "color": "black"}
    width, height = 1.15 + 2 * SIDE + BETWEEN, 0.5 + 2 * SIDE + BETWEEN
    inches = (NARROW, NARROW * height / width)
    figure, axis = sheet(inches, (0, width), (height, 0), aspect="equal")
    lefts = {small: 1.1, large: 1.1 + SIDE + BETWEEN}
    tops = (0.45, 0.45 + SIDE + BETWEEN)
    for (size, distorted), score in scores.items():
        left, top = lefts[size], tops[distorted]
        light = plt.get_cmap("Blues")(0.08 + 0.4 * (score.accuracy - lowest) / span)
        axis.add_patch(Rectangle((left, top), SIDE, SIDE, facecolor=light, edgecolor=LINE))
        middle = left + SIDE / 2
        low, high = score.interval
        took = f"{seconds[size, distorted]:.0f}"
        write(axis, middle, top + 0.5, f"{score.accuracy:.3f}", 15, **black)
        write(axis, middle, top + 0.8, f"{low:.3f} to {high:.3f}", 8, **black)
        write(axis, middle, top + 1.15, f"{took} s", 9, **black)
        said.append(f"{size} pixels, {kinds[distorted]}: {score.accuracy:.3f}, {took} seconds")
    for size, left in lefts.items():
        middle = left + SIDE / 2
        axis.text(middle, 0.25, f"{size} pixels", ha="center", fontsize=10)
        change = found[size, True] - found[size, False]
        down = f"↓ {signed(change, '+.3f')}"
        write(axis, middle, 0.45 + SIDE + BETWEEN / 2, down, 10, **black)
        differences.append(f"distorting at {size} pixels {change:+.3f}")
    for kind, top, distorted in zip(kinds, tops, (False, True), strict=True):
        middle = top + SIDE / 2
        write(axis, 1.0, middle, kind, 10, ha="right", color="black")
        change = found[large, distorted] - found[small, distorted]
        right = f"→\n{signed(change, '+.3f')}"
        write(axis, 1.1 + SIDE + BETWEEN / 2, middle, right, 10, **black)
        differences.append(f"enlarging the {kind} {change:+.3f}")
    told = f"{'; '.join(said)}. Differences: {'; '.join(differences)}."
    show_drawing(figure, f"A grid of accuracies and seconds. {told}")
