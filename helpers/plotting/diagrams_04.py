"""Drawings of lesson 4: two ways to transfer, a pixel as VGG16 expects it, confidence, a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from scipy.stats import binned_statistic

from helpers.evaluation import Scores
from helpers.plotting import COLOURS, NARROW, NO_GRID, STYLE, boxes, note, show, show_drawing
from helpers.plotting.boxes import BLUE, FROZEN, LINE, NEW, ORANGE, PALE, PLAIN, SLOW, sheet, write

MEANS = {"blue": 103.939, "green": 116.779, "red": 123.68}  # of ImageNet, as VGG16 subtracts them
BINS = 10  # of confidence
FEW = 10  # pictures


@plt.rc_context(NO_GRID)
def two_schemes() -> None:
    """Show the two ways to transfer: features with a new classifier, and fine-tuning."""
    figure, axis = sheet((NARROW, 2.9), (-0.03, NARROW + 0.03), (2.7, -0.1))
    for top, title, colour, last in (
        (0.0, "1. Feature extraction: the base stays as it is", FROZEN, "classifier"),
        (1.25, "2. Fine-tuning: block 5 is trained, too, in small steps", SLOW, "head"),
    ):
        write(axis, 0, top + 0.12, title, 9.5, va="baseline")
        blocks = [(0.36, str(number), FROZEN if number < 5 else colour) for number in range(1, 6)]
        chain = ((0.62, "photo", PLAIN), *blocks, (0.9, last, NEW), (0.62, "class", PLAIN))
        boxes.draw_chain(axis, top + 0.3, 0.5, 0.18, chain, 8.5)
    first, then = (0, FROZEN, "frozen"), (1.15, SLOW, "pretrained, trained further")
    boxes.draw_key(axis, (first, then, (3.65, NEW, "new")), 2.4)
    show_drawing(
        figure,
        "Two rows of boxes, from a photo through the five blocks of a pretrained base to its "
        "class. First row, feature extraction: all five blocks are frozen, and a new classifier "
        "follows. Second row, fine-tuning: blocks 1 to 4 are frozen; block 5 is trained further, "
        "together with a new head.",
    )


@plt.rc_context(NO_GRID)
def features_once(shape: Sequence[int], photos: int) -> None:
    """Show where the work is: the base runs once over each photo, classifiers read the file.

    `shape` is that of the features of one photo, `photos` their number.
    """
    text = " × ".join(map(str, shape))
    figure, axis = sheet((NARROW, 2.0), (-0.03, NARROW), (2.2, 0))
    chain = ((0.85, f"{photos:,}\nphotos", PLAIN), (1.0, "base\nonce, slow", FROZEN))
    file = (1.4, f"file of features\n{text} each", ORANGE)
    boxes.draw_chain(axis, 0.65, 0.7, 0.3, (*chain, file), 8.5)
    for place, name in enumerate(("dense layers", "logistic regr.", "SVM")):
        top = 0.05 + 0.68 * place
        boxes.draw_box(axis, (4.1, top, 1.05, 0.5), BLUE, name, 8.5)
        boxes.draw_arrow(axis, (3.85, 1.0), (4.1, top + 0.25))
    axis.text(4.62, 2.08, "seconds each", ha="center", fontsize=9, color=LINE)
    show_drawing(
        figure,
        f"The base runs once, slowly, over {photos:,} photos and gives {text} numbers for each. A "
        "file keeps them. Dense layers, a logistic regression and a support vector machine learn "
        "from it in seconds each.",
    )


@plt.rc_context(NO_GRID)
def pixel_for_vgg() -> None:
    """Show one pixel as it is, and as VGG16 was trained on it."""
    raw = {"red": 200.0, "green": 150.0, "blue": 100.0}
    own = {name: raw[name] - mean for name, mean in MEANS.items()}
    figure, axis = sheet((NARROW, 1.9), (-0.03, NARROW), (1.9, 0))
    pixels = {"a pixel of a file": raw, "preprocess_input makes of it": own}
    said = []
    for row, (title, values) in enumerate(pixels.items()):
        write(axis, 0, row + 0.45, title, 9.5)
        for place, (name, value) in enumerate(values.items()):
            box = (2.35 + 0.95 * place, row + 0.1, 0.85, 0.68)
            boxes.draw_box(axis, box, PALE, f"{name}\n{value:.1f}", 8.5)
        said.append(f"{title}: {', '.join(f'{name} {n:.1f}' for name, n in values.items())}")
    told = f"The same pixel twice. {'; '.join(said)}. The order and the range differ."
    show_drawing(figure, told)


@plt.rc_context(STYLE)
def confidence_panels(scores: Mapping[str, Scores], title: str) -> None:
    """Show for each of up to six classifiers how often it is right at each confidence.

    The pictures are put into ten bins by the probability of the class that was said. The upper
    part of a panel shows the share that was right in each bin, the lower one their number. A bin of
    fewer than `FEW` pictures says little: it is a circle beside the line.
    """
    columns = min(len(scores), 2)
    rows = -(-len(scores) // columns)
    size, heights = (NARROW / 2 * columns, 3.5 * rows), [2.2, 1] * rows
    grid = {"figsize": size, "height_ratios": heights, "sharex": True, "squeeze": False}
    figure, axes = plt.subplots(2 * rows, columns, **grid)
    panels = axes.reshape(rows, 2, columns).swapaxes(1, 2).reshape(-1, 2)  # (upper, lower) each
    told = []
    for (upper, lower), (name, score) in zip(panels, scores.items(), strict=False):
        said, share, counts, edges = _bins(score)
        upper.plot([edges[0], 1], [edges[0], 1], color="#777777", ls="--", lw=1)
        many = counts >= FEW
        upper.plot(said[many], share[many], color=COLOURS[0], marker="o", ms=4)
        few = {"ls": "", "mfc": "none", "alpha": 0.6}  # an empty bin's place is NaN
        upper.plot(said[~many], share[~many], color=COLOURS[0], marker="o", ms=4, **few)
        mean = score.probabilities.max(axis=1).mean()
        said_of_all = f"confidence {mean:.3f}", f"right {score.accuracy:.3f}"
        said_of_all += (f"log loss {score.log_loss:.3f}",)
        told.append(f"{name}: mean {', '.join(said_of_all)}")
        upper.set_title("\n".join([name, *said_of_all]), fontsize=10)
        upper.set(ylim=(-0.03, 1.03))
        middles, width = (edges[:-1] + edges[1:]) / 2, (edges[1] - edges[0]) * 0.9
        lower.bar(middles, counts, width, color=COLOURS[1])
        for middle, count in zip(middles, counts, strict=True):
            note(lower, str(count), (middle, count), (0, 1), 7, ha="center")
        lower.set(ylim=(0, 1.25 * counts.max()))
        lower.grid(visible=False)
    for upper, lower in panels[::columns]:
        upper.set_ylabel("share right")
        lower.set_ylabel("photos")
    for axis in panels[len(scores) :].flat:
        axis.set_visible(False)
    for _, lower in panels[: len(scores)]:
        lower.set_xlabel("confidence")
        lower.tick_params(labelbottom=True)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, wrap=True)
    show(
        figure,
        f"{title}: share right against confidence, beside the diagonal where both agree, and the "
        f"number of photos at each confidence. {'; '.join(told)}.",
    )


def _bins(score: Scores) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return mean confidence, share right (NaN of none) and number of each bin, and the edges."""
    edges = np.linspace(1 / len(score.classes), 1, BINS + 1)  # nobody says a class with less
    confidence = np.clip(score.probabilities.max(axis=1), edges[0], 1)
    said, share = binned_statistic(confidence, [confidence, score.right], bins=edges).statistic
    return said, share, np.histogram(confidence, edges)[0], edges


@plt.rc_context(NO_GRID)
def grid_of_four(
    values: np.ndarray, rows: Sequence[str], columns: Sequence[str], quantity: str
) -> None:
    """Show four numbers, 0 to 1, shape (2, 2), as a table whose shades follow the numbers.

    `rows` and `columns` name what each has, and `quantity` what the numbers are.
    """
    low, span, said = values.min(), np.ptp(values), []
    figure, axis = sheet((NARROW, 2.3), (-0.03, NARROW), (2.25, 0))
    write(axis, 0, 0.15, quantity, 10, va="baseline")
    for column, name in enumerate(columns):
        write(axis, 2.55 + 1.65 * column, 0.52, name, 9.5, ha="center", va="baseline")
    for row, name in enumerate(rows):
        write(axis, 0, 1.05 + 0.75 * row, name, 9.5)
        for column, value in enumerate(values[row]):
            left, top = 1.75 + 1.65 * column, 0.7 + 0.75 * row
            alpha = 0.1 + 0.5 * ((value - low) / span if span else 1.0)
            shade = {"facecolor": COLOURS[0], "alpha": alpha}
            axis.add_patch(Rectangle((left, top), 1.58, 0.68, **shade))
            write(axis, left + 0.79, top + 0.34, f"{value:.3f}", 12, ha="center", color="black")
            said.append(f"{name}, {columns[column]}: {value:.3f}")
    show_drawing(figure, f"{quantity}, a table of two by two. {'; '.join(said)}.")
