"""Every figure of the course. Each is shown by `show`, which gives it its alt text."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from sklearn.metrics import pairwise_distances

from helpers.evaluation import Scores, errors_removed

TRAINING_COLOUR, VALIDATION_COLOUR = "#4477aa", "#ee7733"
# Told apart with any colour vision. Source: P. Tol (2021), Colour Schemes, "bright" and "vibrant".
COLOURS = ("#4477aa", "#ee7733", "#228833", "#aa3377", "#ccbb44", "#66ccee", "#bbbbbb")
MARKERS = "osD^vP*X<>"
MUTED = "#eeeeee"  # the diagonal of a confusion matrix, where errors are to be seen
NAMED_MISTAKES = 8  # of a confusion matrix, in its alt text
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
            left.plot(epochs, history[key], color=colour, marker=".", label=label, clip_on=False)
            loss = history[key.replace("accuracy", "loss")]
            right.plot(epochs, loss, color=colour, marker=".", label=label)
        left.set(title=title, xlabel="epoch", ylabel="accuracy", ylim=(None, 1))
        right.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
        for axis in (left, right):
            axis.xaxis.get_major_locator().set_params(integer=True)
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    last = ", ".join(f"{label} {history[key][-1]:.2f}" for key, label in names.items())
    show(
        figure,
        f"{title}: curves of accuracy and loss over {len(epochs)} epochs; at the end {last}.",
    )


def compare_curves(
    curves: dict[str, Sequence[float]], title: str, quantity: str, over: str = "epoch"
) -> None:
    """Lay the curves of several trainings over each other.

    Where the values reach over more than a factor of ten, as a loss that begins high, the scale is
    logarithmic, so that the end of the curves can be told apart.

    Args:
        curves: one value an epoch, by the name of the training; seven at most.
        title: stands above.
        quantity: what the values are, such as "test accuracy".
        over: what each value is of, "epoch" or "step"; steps are too many for markers.
    """
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(8.5, 3.6))
        for (name, values), colour, marker in zip(curves.items(), COLOURS, MARKERS, strict=False):
            places, size = np.arange(1, len(values) + 1), 4 if over == "epoch" else 0
            axis.plot(places, values, color=colour, marker=marker, ms=size, label=name)
        axis.set(title=title, xlabel=over, ylabel=quantity)
        axis.xaxis.get_major_locator().set_params(integer=True)
        every = np.concatenate([np.asarray(values, float) for values in curves.values()])
        if over == "epoch" and 0 < 10 * every.min() < every.max():
            axis.set_yscale("log")
            axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.yaxis.set_minor_locator(NullLocator())
            axis.yaxis.set_major_formatter("{x:g}")
        axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    said = "; ".join(
        f"{name} {min(values):.3f} to {max(values):.3f}, at the end {values[-1]:.3f}"
        for name, values in curves.items()
    )
    show(figure, f"{title}, {quantity} by {over}: {said}.")


def embedding(
    points: dict[str, np.ndarray],
    kinds: np.ndarray,
    names: Sequence[str],
    groups: np.ndarray | None = None,
) -> None:
    """Show pictures as points in the plane, coloured by their kind; one panel an embedding.

    Args:
        points: by title, each of shape (n, 2).
        kinds: the kind of each point, a position in `names`, shape (n,).
        names: at most ten; each has its own colour or shape.
        groups: what each picture belongs to, such as its film, shape (n,). The alt text says how
            many points lie next to their kind: a neighbour of the same group does not count.
    """
    with plt.rc_context({**STYLE, "axes.grid": False}):
        size = (2.9 * len(points), 3.4)
        figure, axes = plt.subplots(1, len(points), figsize=size, squeeze=False)
        for axis, (title, places) in zip(axes.flat, points.items(), strict=True):
            for kind, name in enumerate(names):
                own = places[kinds == kind]
                axis.scatter(
                    own[:, 0], own[:, 1], s=14, alpha=0.7, lw=0, marker=MARKERS[kind],
                    color=COLOURS[kind % len(COLOURS)], label=name,
                )  # fmt: skip
            axis.set(title=title, xticks=[], yticks=[])
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=5, markerscale=1.8)
    beside = "" if groups is None else ", neighbours of their own group left out"
    said = "; ".join(
        f"{title}: {neighbours_alike(places, kinds, groups):.0%} of the points lie next to their "
        f"kind{beside}"
        for title, places in points.items()
    )
    show(figure, f"Pictures of {', '.join(names)} as points in the plane. {said}.")


def neighbours_alike(
    values: np.ndarray, kinds: np.ndarray, groups: np.ndarray | None = None
) -> float:
    """Return how often a picture's nearest neighbour is of its own kind.

    Args:
        values: a list of numbers for each picture, shape (n, numbers).
        kinds: the kind of each, shape (n,).
        groups: what each belongs to, such as its film, shape (n,): the nearest picture of another
            group counts, because frames of one film are nearly the same. None counts all others.

    Returns:
        The share, 0 to 1.
    """
    distances = pairwise_distances(values)
    groups = np.arange(len(kinds)) if groups is None else groups
    distances[groups[:, None] == groups] = np.inf
    return float((kinds[distances.argmin(axis=1)] == kinds).mean())


def confusion(scores: Scores, title: str, muted: bool = False) -> None:
    """Show a confusion matrix with its counts; true classes in rows.

    Args:
        scores: what a network said of pictures.
        title: stands above.
        muted: the diagonal is grey, and colours compare the errors alone, the most frequent one
            darkest. Where nearly all is right, nothing else can be seen of the errors.
    """
    counts, classes = scores.confusion, scores.classes
    with plt.rc_context({**STYLE, "axes.grid": False}):
        figure, axis = plt.subplots(figsize=(1.6 + 0.8 * len(classes), 1.1 + 0.75 * len(classes)))
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        if muted:
            errors = counts * ~np.eye(len(classes), dtype=bool)
            shares = errors / max(errors.max(), 1)
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.ndindex(*counts.shape):
            dark = shares[row, column] > 0.5
            colour = "white" if dark else "black"
            if muted and row == column:
                axis.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color=MUTED, lw=0))
                colour = "#777777"
            elif muted and not counts[row, column]:
                colour = "#aaaaaa"
            axis.text(column, row, counts[row, column], ha="center", va="center", color=colour)
        ticks = range(len(classes))
        crowded = sum(map(len, classes)) > 7 * len(classes)
        axis.set_xticks(ticks, classes, **({"rotation": 40, "ha": "right"} if crowded else {}))
        if not crowded:
            _on_one_line(axis)
        axis.set_yticks(ticks, classes)
        axis.set(xlabel="predicted", ylabel="true", title=title)
    right = f"{np.trace(counts)} of {counts.sum()} right"
    show(figure, f"Confusion matrix, {title}: {right}; {_mistakes(counts, classes)}.")


def _on_one_line(axis: Axes) -> None:
    """Put the names below an axis on one line; Matplotlib hangs them up by their tallest letter."""
    for label in axis.get_xticklabels():
        label.set_verticalalignment("baseline")
    axis.tick_params(axis="x", pad=14)


def _mistakes(counts: np.ndarray, classes: Sequence[str]) -> str:
    """Name the most frequent mistakes of a confusion matrix: a list of all would tire a reader."""
    places = [(row, column) for row, column in np.ndindex(*counts.shape) if row != column]
    wrong = sorted((place for place in places if counts[place]), key=lambda place: -counts[place])
    said = [
        f"{counts[place]} {classes[place[0]]} taken for {classes[place[1]]}"
        for place in wrong[:NAMED_MISTAKES]
    ]
    rest = sum(counts[place] for place in wrong[NAMED_MISTAKES:])
    return ", ".join([*said, *([f"{rest} other mistakes"] if rest else [])]) or "no mistakes"


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


def compare_approaches(scores: dict[str, Scores], minutes: dict[str, float], title: str) -> None:
    """Show accuracy with its interval, the share of the first one's errors removed, and the cost.

    Args:
        scores: what was measured, by the name that stands beside it, top to bottom; the errors of
            the first are those that the others may remove.
        minutes: what each took, by the same names.
        title: stands above.
    """
    first = next(iter(scores.values()))
    removed = [100 * errors_removed(score, first) for score in scores.values()]
    spent = [minutes[name] for name in scores]
    rows = range(len(scores))
    with plt.rc_context(STYLE):
        size = (9, 1.2 + 0.42 * len(scores))
        figure, (left, middle, right) = plt.subplots(
            1, 3, figsize=size, sharey=True, width_ratios=(1.4, 1, 1)
        )
        for row, score in enumerate(scores.values()):
            left.plot(score.interval, [row, row], color=TRAINING_COLOUR, lw=2)
            left.plot(score.accuracy, row, "o", color=TRAINING_COLOUR)
        for axis, values, form in ((middle, removed, "%.0f %%"), (right, spent, "%.1f")):
            axis.bar_label(axis.barh(rows, values, 0.5, color=TRAINING_COLOUR), fmt=form, padding=3)
            # Room for the labels: on the left, too, where errors were added.
            axis.margins(x=0.6 if min(values) < 0 else 0.3)
            axis.xaxis.set_major_locator(MaxNLocator(4))
            axis.axvline(0, color="grey", lw=0.8)
            axis.spines["left"].set_visible(False)
            axis.tick_params(left=False)
        left.set_yticks(rows, scores)
        left.set_ylim(len(scores) - 0.5, -0.5)
        left.set(xlabel="accuracy, with its 95 % interval")
        left.xaxis.set_major_locator(MaxNLocator(5))
        middle.set(xlabel="errors removed, %")
        right.set(xlabel="minutes")
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    gains = [
        "no errors of the first one to remove"
        if np.isnan(share)
        else f"{share:.0f} % of the first one's errors removed"
        for share in removed
    ]
    said = "; ".join(
        f"{name} {score.accuracy:.3f}, {gain}, {time:.1f} minutes"
        for (name, score), gain, time in zip(scores.items(), gains, spent, strict=True)
    )
    show(figure, f"{title}: {said}.")


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
            bars = axis.bar(range(len(classes)), values, color=TRAINING_COLOUR)
            axis.bar_label(bars, [f"{value:.3f}" for value in values], fontsize=9)
            axis.set(title=name, ylim=(0, 1.15))
            axis.set_xticks(range(len(classes)), classes)
            _on_one_line(axis)
        axes.flat[0].set_ylabel("probability")
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    said = "; ".join(
        f"{name}: {', '.join(f'{c} {v:.3f}' for c, v in zip(classes, values, strict=True))}"
        for name, values in probabilities.items()
    )
    show(figure, f"{title}. {said}.")


def top_guesses(guesses: dict[str, list[tuple[str, float]]], title: str) -> None:
    """Show the likeliest classes of several pictures as bars, without the pictures.

    Args:
        guesses: by the picture's name, pairs of a class name and its probability.
        title: stands above.
    """
    with plt.rc_context({**STYLE, "axes.grid": False}):
        rows = max(map(len, guesses.values()))
        size = (4.4 * len(guesses), 0.9 + 0.34 * rows)
        figure, axes = plt.subplots(1, len(guesses), figsize=size, squeeze=False)
        for axis, (picture, pairs) in zip(axes.flat, guesses.items(), strict=True):
            names, values = zip(*pairs, strict=True)
            bars = axis.barh(range(len(names)), values, color=TRAINING_COLOUR)
            axis.bar_label(bars, [f"{value:.3f}" for value in values], padding=3, fontsize=9)
            axis.set_yticks(range(len(names)), names)
            axis.set(title=picture, xlim=(0, 1.2), xticks=[], ylim=(rows - 0.4, -0.6))
            axis.spines["bottom"].set_visible(False)
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    said = "; ".join(
        f"{picture}: {', '.join(f'{name} {value:.3f}' for name, value in pairs)}"
        for picture, pairs in guesses.items()
    )
    show(figure, f"{title}. {said}.")


def accuracy_by_number(
    curves: dict[str, dict[int, Sequence[float]]], title: str, over: str = "training pictures"
) -> None:
    """Show accuracy against the number of training pictures, on a logarithmic scale.

    Args:
        curves: by the approach's name, seven at most; for each number of training pictures the
            accuracies that were measured, one or several: their mean is the line, their range the
            band around it.
        title: stands above.
        over: what the numbers count, such as "training pictures per class".
    """
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(8, 4.2))
        for (name, curve), colour, marker in zip(curves.items(), COLOURS, MARKERS, strict=False):
            numbers = sorted(curve)
            means, low, high = (
                [function(curve[number]) for number in numbers] for function in (np.mean, min, max)
            )
            axis.plot(numbers, means, color=colour, marker=marker, ms=5, label=name)
            axis.fill_between(numbers, low, high, color=colour, alpha=0.2, lw=0)
        every = sorted({number for curve in curves.values() for number in curve})
        axis.set_xscale("log")
        axis.set_xticks(every, [f"{number:,}" for number in every])
        axis.minorticks_off()
        axis.set(title=title, xlabel=over, ylabel="accuracy", ylim=(None, 1.01))
        figure.legend(loc="outside lower center", ncols=2)  # inside it would cover a low curve
    said = "; ".join(
        name + ": " + ", ".join(f"{number:,}: {np.mean(curve[number]):.3f}" for number in curve)
        for name, curve in curves.items()
    )
    show(figure, f"{title}, accuracy by number of {over}. {said}.")


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
