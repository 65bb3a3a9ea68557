"""Drawings of lesson 3: two ways to a classifier, and a grid of two changes."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from helpers.evaluation import Scores
from helpers.plotting.boxes import FROZEN, INK, NEW, PLAIN, SLOW, draw_arrow, draw_box, draw_key
from helpers.plotting.diagrams import BLUE, DRAWING, LINE, NARROW, show_drawing

WIDE, HIGH, STEP = 2.2, 0.44, 0.72  # inches of a box, and from one to the next
SIDE, BETWEEN = 1.5, 0.75  # inches of a corner of the grid, and of the gap between two


def two_ways(size: int) -> None:
    """Show training from scratch beside transfer: what is enlarged, frozen, kept and trained.

    Args:
        size: edge to which transfer enlarges its pictures, in pixels.
    """
    scratch = [
        ("picture, 28 × 28", PLAIN),
        ("convolutions", NEW),
        ("average, dense layer", NEW),
        ("ten probabilities", PLAIN),
    ]
    transfer = [
        ("picture, 28 × 28", PLAIN),
        (f"enlarged to {size} × {size}", PLAIN),
        ("first blocks of a\npretrained network", FROZEN),
        ("features, kept on disk", BLUE),
        ("its last block", SLOW),
        ("new head", NEW),
        ("ten probabilities", PLAIN),
    ]
    height = 0.12 + STEP * len(transfer)
    with plt.rc_context(DRAWING):
        figure, axis = plt.subplots(figsize=(NARROW, NARROW * (height + 0.75) / (2 * WIDE + 0.8)))
        _draw_column(axis, "From scratch", scratch, 0.1, height)
        _draw_column(axis, "Transfer", transfer, WIDE + 0.7, height)
        first, then = (0.1, FROZEN, "frozen, runs once"), (1.75, SLOW, "pretrained, then trained")
        draw_key(axis, (first, then, (4.0, NEW, "new")), -0.55)
        axis.set(xlim=(0, 2 * WIDE + 0.8), ylim=(-0.7, height + 0.05), aspect="equal")
        axis.axis("off")
    show_drawing(
        figure,
        "Two columns of boxes. From scratch: a picture of 28 x 28 pixels goes through "
        "convolutions, an average and a dense layer, all new, to ten probabilities. Transfer: the "
        f"picture is enlarged to {size} x {size} and goes through the first blocks of a "
        "pretrained network, which are frozen and run once; their features are kept on disk. "
        "The pretrained last block and a new head are trained on these and give ten "
        "probabilities.",
    )


def _draw_column(
    axis: Axes, title: str, boxes: list[tuple[str, str]], left: float, height: float
) -> None:
    axis.text(left, height - 0.15, title, fontsize=11, color=INK)
    middle = left + WIDE / 2
    for place, (text, colour) in enumerate(boxes):
        bottom = height - 0.3 - HIGH - STEP * place
        draw_box(axis, left, bottom, WIDE, HIGH, colour, text)
        if place:
            draw_arrow(axis, (middle, bottom + STEP - 0.02), (middle, bottom + HIGH + 0.02))


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
    pace = SIDE + BETWEEN
    values = [score.accuracy for score in scores.values()]
    span = max(max(values) - min(values), 1e-6)
    said, differences = [], []
    with plt.rc_context(DRAWING):
        width, height = 1.15 + 2 * SIDE + BETWEEN, 0.5 + 2 * SIDE + BETWEEN
        figure, axis = plt.subplots(figsize=(NARROW, NARROW * height / width))
        for (size, distorted), score in scores.items():
            left, top = 1.1 + pace * (size == large), 0.45 + pace * distorted
            light = plt.get_cmap("Blues")(0.08 + 0.4 * (score.accuracy - min(values)) / span)
            axis.add_patch(Rectangle((left, top), SIDE, SIDE, facecolor=light, edgecolor=LINE))
            low, high = score.interval
            middle = left + SIDE / 2
            for at, text, letters in (
                (0.5, f"{score.accuracy:.3f}", 15),
                (0.8, f"{low:.3f} to {high:.3f}", 8),
                (1.15, f"{seconds[size, distorted]:.0f} s", 9),
            ):
                axis.text(middle, top + at, text, ha="center", va="center", fontsize=letters)
            kind = "distorted" if distorted else "undistorted"
            said.append(
                f"{size} pixels, {kind}: {score.accuracy:.3f}, {seconds[size, distorted]:.0f} "
                "seconds"
            )
        for size in (small, large):
            middle = 1.1 + pace * (size == large) + SIDE / 2
            axis.text(middle, 0.25, f"{size} pixels", ha="center", fontsize=10)
            change = scores[size, True].accuracy - scores[size, False].accuracy
            axis.text(
                middle, 0.45 + SIDE + BETWEEN / 2, f"↓ {_signed(change)}", ha="center", va="center"
            )
            differences.append(f"distorting at {size} pixels {change:+.3f}")
        for distorted in (False, True):
            middle = 0.45 + pace * distorted + SIDE / 2
            text = "distorted" if distorted else "undistorted"
            axis.text(1.0, middle, text, ha="right", va="center", fontsize=10)
            change = scores[large, distorted].accuracy - scores[small, distorted].accuracy
            place = 1.1 + SIDE + BETWEEN / 2
            axis.text(place, middle, f"→\n{_signed(change)}", ha="center", va="center")
            differences.append(f"enlarging the {text} {change:+.3f}")
        axis.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
        axis.axis("off")
    show_drawing(
        figure,
        f"A grid of accuracies and seconds. {'; '.join(said)}. Differences: "
        f"{'; '.join(differences)}.",
    )


def _signed(change: float) -> str:
    return f"{change:+.3f}".replace("-", "−")
