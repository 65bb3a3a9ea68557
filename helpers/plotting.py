"""Every figure of the course. Each is shown by `show`, which gives it its alt text."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

from helpers.evaluation import Scores

TRAINING_COLOUR, VALIDATION_COLOUR = "#4477aa", "#ee7733"
STYLE = {
    "figure.dpi": 90,
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "legend.frameon": False,
    "font.size": 10,
}


def show(figure: Figure, alt: str) -> None:
    """Display a figure as PNG with its alt text, and close it.

    Args:
        figure: a Matplotlib figure.
        alt: what a reader who cannot see the figure needs to know; not empty.

    Raises:
        ValueError: the alt text is empty.
    """
    if not alt.strip():
        raise ValueError("A figure needs an alt text: say in one sentence what it shows.")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=figure.get_dpi(), facecolor="white")
    plt.close(figure)
    data = {"image/png": base64.b64encode(buffer.getvalue()).decode(), "text/plain": alt}
    display(data, raw=True, metadata={"image/png": {"alt": alt}})


def picture_grid(
    images: np.ndarray, titles: Sequence[str] | None = None, columns: int = 6, alt: str = ""
) -> None:
    """Show pictures side by side.

    Args:
        images: shape (n, height, width, 3), values 0 to 255, any number type.
        titles: one short text above each picture.
        columns: pictures a row.
        alt: alt text; by default the titles.
    """
    rows = -(-len(images) // columns)
    with plt.rc_context(STYLE):
        size = (1.6 * columns, (1.9 if titles else 1.6) * rows)
        figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
        for axis in axes.flat:
            axis.axis("off")
        for position, (axis, image) in enumerate(zip(axes.flat, images, strict=False)):
            axis.imshow(np.clip(image, 0, 255).astype(np.uint8))
            if titles:
                axis.set_title(titles[position], fontsize=9, loc="center")
    show(figure, alt or f"{len(images)} pictures: {'; '.join(titles or ['without titles'])}")


def training_curves(history: dict[str, list[float]], title: str, names: dict[str, str]) -> None:
    """Show accuracy and loss over the epochs.

    Args:
        history: `fit`'s history: `accuracy`, `loss`, and with `val_` the second set's.
        title: stands above the accuracy.
        names: what the two curves are of, such as {"accuracy": "training", "val_accuracy": "test"}.
    """
    epochs = np.arange(1, len(history["accuracy"]) + 1)
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
        for key, label in names.items():
            colour = VALIDATION_COLOUR if key.startswith("val_") else TRAINING_COLOUR
            left.plot(epochs, history[key], color=colour, marker=".", label=label)
            loss = history[key.replace("accuracy", "loss")]
            right.plot(epochs, loss, color=colour, marker=".", label=label)
        left.set(title=f"{title}: accuracy", xlabel="epoch", ylim=(None, 1.02))
        right.set(title="loss", xlabel="epoch", ylim=(0, None))
        for axis in (left, right):
            axis.xaxis.get_major_locator().set_params(integer=True)
        left.legend(loc="lower right")
    last = ", ".join(f"{label} {history[key][-1]:.2f}" for key, label in names.items())
    show(
        figure,
        f"{title}: curves of accuracy and loss over {len(epochs)} epochs; at the end {last}.",
    )


def confusion(scores: Scores, title: str) -> None:
    """Show a confusion matrix with its counts; true classes in rows."""
    counts, classes = scores.confusion, scores.classes
    with plt.rc_context({**STYLE, "axes.grid": False}):
        figure, axis = plt.subplots(figsize=(1.6 + 0.8 * len(classes), 1.1 + 0.75 * len(classes)))
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.ndindex(*counts.shape):
            dark = shares[row, column] > 0.5
            colour = "white" if dark else "black"
            axis.text(column, row, counts[row, column], ha="center", va="center", color=colour)
        ticks = range(len(classes))
        axis.set_xticks(ticks, classes)
        axis.set_yticks(ticks, classes)
        axis.set(xlabel="predicted", ylabel="true", title=title)
    errors = [
        f"{counts[row, column]} {classes[row]} taken for {classes[column]}"
        for row, column in np.ndindex(*counts.shape)
        if row != column and counts[row, column]
    ]
    right = f"{np.trace(counts)} of {counts.sum()} right"
    show(figure, f"Confusion matrix, {title}: {right}; {', '.join(errors) or 'no mistakes'}.")


def accuracy_bars(scores: dict[str, Scores], title: str) -> None:
    """Compare accuracies with their 95 % intervals: one dot and whisker a line.

    Args:
        scores: what was measured, by the name that stands beside it, top to bottom.
        title: stands above.
    """
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(7.5, 0.8 + 0.42 * len(scores)))
        for row, score in enumerate(scores.values()):
            low, high = score.interval
            axis.plot([low, high], [row, row], color=TRAINING_COLOUR, lw=2)
            axis.plot(score.accuracy, row, "o", color=TRAINING_COLOUR)
            axis.annotate(
                f"{score.accuracy:.3f}", (score.accuracy, row), (0, 6), textcoords="offset points",
                ha="center", fontsize=9,
            )  # fmt: skip
        axis.set_yticks(range(len(scores)), scores)
        axis.set(title=title, xlabel="accuracy, with its 95 % interval", xlim=(0, 1.03))
        axis.set_ylim(len(scores) - 0.5, -0.7)
    values = "; ".join(f"{name} {score.accuracy:.3f}" for name, score in scores.items())
    show(figure, f"{title}: {values}.")


def probability_bars(
    probabilities: dict[str, np.ndarray], classes: Sequence[str], title: str
) -> None:
    """Show class probabilities of several predictions side by side.

    Args:
        probabilities: by name, each of shape (classes,), summing to 1.
        classes: class names in label order.
        title: stands above.
    """
    with plt.rc_context(STYLE):
        size = (3.2 * len(probabilities), 2.2)
        figure, axes = plt.subplots(1, len(probabilities), figsize=size, sharey=True, squeeze=False)
        for axis, (name, values) in zip(axes.flat, probabilities.items(), strict=True):
            bars = axis.bar(classes, values, color=TRAINING_COLOUR)
            axis.bar_label(bars, [f"{value:.3f}" for value in values], fontsize=9)
            axis.set(title=name, ylim=(0, 1.15))
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    said = "; ".join(
        f"{name}: {', '.join(f'{c} {v:.3f}' for c, v in zip(classes, values, strict=True))}"
        for name, values in probabilities.items()
    )
    show(figure, f"{title}. {said}.")


def pictures_with_maps(images: np.ndarray, maps: np.ndarray, titles: Sequence[str]) -> None:
    """Show pictures in the first row and, below each, its map laid over it.

    Args:
        images: shape (n, size, size, 3), values 0 to 255.
        maps: from `explanation.grad_cam`, shape (n, size, size), values 0 to 1.
        titles: one short text above each picture.
    """
    with plt.rc_context({**STYLE, "axes.grid": False}):
        figure, axes = plt.subplots(2, len(images), figsize=(1.6 * len(images), 3.5), squeeze=False)
        for column, (image, heat) in enumerate(zip(images, maps, strict=True)):
            for axis in axes[:, column]:
                axis.imshow(np.clip(image, 0, 255).astype(np.uint8))
                axis.axis("off")
            axes[1, column].imshow(heat, cmap="inferno", alpha=0.6, vmin=0, vmax=1)
            axes[0, column].set_title(titles[column], fontsize=9, loc="center")
    said = "; ".join(title.replace("\n", " ") for title in titles)
    show(figure, f"{len(images)} pictures and where the evidence lies in each: {said}.")
