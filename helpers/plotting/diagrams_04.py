"""Drawings of lesson 4: two ways to transfer, a pixel as VGG16 expects it, confidence, a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from helpers.evaluation import Scores
from helpers.plotting import COLOURS, STYLE, TRAINING_COLOUR, VALIDATION_COLOUR, show
from helpers.plotting.boxes import FROZEN, INK, NEW, PLAIN, SLOW, draw_arrow, draw_box, draw_key
from helpers.plotting.diagrams import BLUE, DRAWING, LINE, NARROW, ORANGE, PALE, show_drawing

MEANS = {"blue": 103.939, "green": 116.779, "red": 123.68}  # of ImageNet, as VGG16 subtracts them
BINS = 10  # of confidence


def two_schemes() -> None:
    """Show the two ways to transfer: features with a new classifier, and fine-tuning."""
    blocks = [str(number) for number in range(1, 6)]
    rows = (
        ("1. Feature extraction: the base stays as it is", 5 * [FROZEN], "classifier"),
        ("2. Fine-tuning: block 5 is trained, too, in small steps", [*4 * [FROZEN], SLOW], "head"),
    )
    with plt.rc_context(DRAWING):
        figure, axis = plt.subplots(figsize=(NARROW, 2.9))
        for row, (title, colours, last) in enumerate(rows):
            top = 1.25 * row
            axis.text(0, top + 0.12, title, fontsize=9.5, color=INK)
            names = ["photo", *blocks, last, "class"]
            widths = [0.62, *5 * [0.36], 0.9, 0.62]
            left = 0.0
            for place, (name, width) in enumerate(zip(names, widths, strict=True)):
                colour = PLAIN if place in (0, 7) else NEW if place == 6 else colours[place - 1]
                draw_box(axis, left, top + 0.3, width, 0.5, colour, name, 8.5)
                if place:
                    draw_arrow(axis, (left - 0.18, top + 0.55), (left, top + 0.55))
                left += width + 0.18
        first, then = (0, FROZEN, "frozen"), (1.15, SLOW, "pretrained, trained on")
        draw_key(axis, (first, then, (3.4, NEW, "new")), 2.4)
        axis.set(xlim=(-0.03, NARROW + 0.03), ylim=(2.7, -0.1))
        axis.axis("off")
    show_drawing(
        figure,
        "Two rows of boxes, from a photo through the five blocks of a pretrained base to its "
        "class. In the first row, feature extraction, all five blocks are frozen and a new "
        "classifier follows. In the second, fine-tuning, blocks 1 to 4 are frozen; block 5 is "
        "trained on together with a new head.",
    )


def features_once(shape: Sequence[int], photos: int) -> None:
    """Show where the work is: the base runs once over each photo, classifiers read the file.

    Args:
        shape: of the features of one photo.
        photos: their number.
    """
    text = " × ".join(map(str, shape))
    with plt.rc_context(DRAWING):
        figure, axis = plt.subplots(figsize=(NARROW, 2.0))
        draw_box(axis, 0, 0.65, 0.85, 0.7, PLAIN, f"{photos:,}\nphotos", 8.5)
        draw_box(axis, 1.15, 0.65, 1.0, 0.7, FROZEN, "base\nonce, slow", 8.5)
        draw_box(axis, 2.45, 0.65, 1.4, 0.7, ORANGE, f"file of features\n{text} each", 8.5)
        for start, end in ((0.85, 1.15), (2.15, 2.45)):
            draw_arrow(axis, (start, 1.0), (end, 1.0))
        names = ("dense layers", "logistic regr.", "SVM")
        for place, name in enumerate(names):
            top = 0.05 + 0.68 * place
            draw_box(axis, 4.1, top, 1.05, 0.5, BLUE, name, 8.5)
            draw_arrow(axis, (3.85, 1.0), (4.1, top + 0.25))
        axis.text(4.62, 2.08, "seconds each", ha="center", fontsize=9, color=LINE)
        axis.set(xlim=(-0.03, NARROW), ylim=(2.2, 0))
        axis.axis("off")
    show_drawing(
        figure,
        f"{photos:,} photos go once, slowly, through the base, which gives {text} numbers for "
        "each. They are kept in a file, from which dense layers, a logistic regression and a "
        "support vector machine learn in seconds each.",
    )


def pixel_for_vgg(pixel: tuple[int, int, int] = (200, 150, 100)) -> None:
    """Show one pixel as it is, and as VGG16 was trained on it.

    Args:
        pixel: its red, green and blue, 0 to 255.
    """
    raw = dict(zip(("red", "green", "blue"), pixel, strict=True))
    own = {name: raw[name] - mean for name, mean in MEANS.items()}
    rows = (("a pixel of a file", raw), ("preprocess_input makes of it", own))
    with plt.rc_context(DRAWING):
        figure, axis = plt.subplots(figsize=(NARROW, 1.9))
        for row, (title, values) in enumerate(rows):
            axis.text(0, row + 0.45, title, va="center", fontsize=9.5, color=INK)
            for place, (name, value) in enumerate(values.items()):
                left = 2.35 + 0.95 * place
                draw_box(axis, left, row + 0.1, 0.85, 0.68, PALE, f"{name}\n{value:.1f}", 8.5)
        axis.set(xlim=(-0.03, NARROW), ylim=(1.9, 0))
        axis.axis("off")
    said = "; ".join(
        f"{title}: {', '.join(f'{name} {value:.1f}' for name, value in values.items())}"
        for title, values in rows
    )
    show_drawing(figure, f"The same pixel twice. {said}. The order is another, and the range.")


def confidence_panels(scores: Mapping[str, Scores], title: str) -> None:
    """Show for each classifier how often it is right at each confidence, and how often it says so.

    The pictures are put into ten bins by the probability of the class that was said. The upper
    part of a panel shows the share that was right in each bin, the lower one their number.

    Args:
        scores: by the classifier's name, six at most.
        title: stands above.
    """
    columns = min(len(scores), 3)
    rows = -(-len(scores) // columns)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            2 * rows, columns, figsize=(3.0 * columns, 3.4 * rows), sharex=True, squeeze=False,
            height_ratios=[2.2, 1] * rows,
        )  # fmt: skip
        for place, (name, score) in enumerate(scores.items()):
            row, column = divmod(place, columns)
            upper, lower = axes[2 * row, column], axes[2 * row + 1, column]
            said, share, counts, edges = _bins(score)
            filled = counts > 0
            upper.plot([edges[0], 1], [edges[0], 1], color="#777777", ls="--", lw=1)
            upper.plot(said[filled], share[filled], color=TRAINING_COLOUR, marker="o", ms=4)
            upper.set_title(f"{name}\nlog loss {score.log_loss:.3f}", fontsize=10)
            upper.set(ylim=(-0.03, 1.03))
            middles, width = (edges[:-1] + edges[1:]) / 2, (edges[1] - edges[0]) * 0.9
            lower.bar(middles, counts, width, color=VALIDATION_COLOUR)
            for middle, count in zip(middles, counts, strict=True):
                lower.annotate(
                    str(count), (middle, count), (0, 1), textcoords="offset points", ha="center",
                    fontsize=7,
                )  # fmt: skip
            lower.set(ylim=(0, 1.25 * counts.max()))
            lower.grid(visible=False)
            if column == 0:
                upper.set_ylabel("share right")
                lower.set_ylabel("photos")
        for place in range(len(scores), rows * columns):
            for part in (0, 1):
                axes[2 * (place // columns) + part, place % columns].set_visible(False)
        for axis in axes[-1]:
            axis.set_xlabel("confidence")
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    said = "; ".join(
        f"{name}: mean confidence {score.probabilities.max(axis=1).mean():.3f}, right "
        f"{score.accuracy:.3f}, log loss {score.log_loss:.3f}"
        for name, score in scores.items()
    )
    show(
        figure,
        f"{title}: share right against confidence, beside the diagonal where both agree, and the "
        f"number of photos at each confidence. {said}.",
    )


def _bins(score: Scores) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return mean confidence, share right and number of each bin, and the bins' edges."""
    lowest = 1 / len(score.classes)  # nobody says a class with less
    edges = np.linspace(lowest, 1, BINS + 1)
    confidence = score.probabilities.max(axis=1)
    place = np.clip(((confidence - lowest) / (1 - lowest) * BINS).astype(int), 0, BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    sums = [
        np.bincount(place, weights=values, minlength=BINS) for values in (confidence, score.right)
    ]
    means = [total / np.maximum(counts, 1) for total in sums]
    return means[0], means[1], counts, edges


def grid_of_four(
    values: np.ndarray, rows: Sequence[str], columns: Sequence[str], quantity: str
) -> None:
    """Show four numbers of a 2 x 2 comparison as a table whose shades follow the numbers.

    Args:
        values: shape (2, 2), 0 to 1.
        rows: what each row has.
        columns: what each column has.
        quantity: what the numbers are; stands above.
    """
    low, high = float(values.min()), float(values.max())
    with plt.rc_context(DRAWING):
        figure, axis = plt.subplots(figsize=(NARROW, 2.3))
        axis.text(0, 0.15, quantity, fontsize=10, color=INK)
        for column, name in enumerate(columns):
            axis.text(2.55 + 1.65 * column, 0.52, name, ha="center", fontsize=9.5, color=INK)
        for row, name in enumerate(rows):
            axis.text(0, 1.05 + 0.75 * row, name, va="center", fontsize=9.5, color=INK)
            for column in range(2):
                value = float(values[row, column])
                share = (value - low) / (high - low) if high > low else 1.0
                left, top = 1.75 + 1.65 * column, 0.7 + 0.75 * row
                axis.add_patch(
                    Rectangle(
                        (left, top), 1.58, 0.68, facecolor=COLOURS[0], alpha=0.1 + 0.5 * share
                    )
                )
                axis.text(
                    left + 0.79, top + 0.34, f"{value:.3f}", ha="center", va="center", fontsize=12,
                    color="black",
                )  # fmt: skip
        axis.set(xlim=(-0.03, NARROW), ylim=(2.25, 0))
        axis.axis("off")
    said = "; ".join(
        f"{row_name}, {column_name}: {values[row, column]:.3f}"
        for row, row_name in enumerate(rows)
        for column, column_name in enumerate(columns)
    )
    show_drawing(figure, f"{quantity}, a table of two by two. {said}.")
