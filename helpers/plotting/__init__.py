"""Every figure of the course. Each is shown by `show`, which gives it its alt text."""

from __future__ import annotations

import base64
import io
import textwrap
from collections import Counter
from collections.abc import Sequence
from html import escape

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from sklearn.metrics import pairwise_distances

from helpers.evaluation import Scores, errors_removed
from helpers.messages import time_unit

NARROW = 5.2  # inches, of a figure: on a phone letters shrink to seven tenths
TRAINING_COLOUR, VALIDATION_COLOUR = "#4477aa", "#ee7733"
# Told apart with any colour vision. Source: P. Tol (2021), Colour Schemes, "bright" and "vibrant".
COLOURS = ("#4477aa", "#ee7733", "#228833", "#aa3377", "#ccbb44", "#66ccee", "#bbbbbb")
MARKERS = "osD^vP*X<>"
NAMED_MISTAKES = 8  # of a confusion matrix, in its alt text
CROWDED = 40  # classes from which a confusion matrix has no room for its counts
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
    "text.parse_math": False,  # a dollar in a name is a dollar
}
NO_GRID = {**STYLE, "axes.grid": False}


def show(figure: Figure, alt: str) -> None:
    """Display a figure as PNG with its alt text, which must not be empty (ValueError); close it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=figure.get_dpi(), facecolor="white")
    _present(figure, "image/png", base64.b64encode(buffer.getvalue()).decode(), alt)


def show_drawing(figure: Figure, alt: str) -> None:
    """Display a figure as `show` does, but as SVG, whose title is the alt text, too."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with plt.rc_context({"svg.hashsalt": "the same ids every time"}):
        figure.savefig(buffer, format="svg", facecolor="white", metadata=nothing)
    drawn = buffer.getvalue()
    drawn = drawn[drawn.index("<svg ") :].replace("<svg ", '<svg role="img" ', 1)
    titled = drawn.replace(">", f">\n <title>{escape(alt)}</title>", 1)
    _present(figure, "image/svg+xml", titled, alt)


def _present(figure: Figure, kind: str, data: str, alt: str) -> None:
    if not alt.strip():
        raise ValueError("A figure needs an alt text: say in one sentence what it shows.")
    plt.close(figure)
    display({kind: data, "text/plain": alt}, raw=True, metadata={kind: {"alt": alt}})


def legend_below(figure: Figure, axis: Axes, **more) -> None:
    """Put the legend below all panels, where it covers nothing: two entries a line, if short."""
    handles, labels = axis.get_legend_handles_labels()
    given = {"handles": handles, "labels": labels, "loc": "outside lower center", **more}
    longest = max(map(len, given["labels"]), default=0)
    figure.legend(**{"ncols": 2 if longest < 28 else 1, **given})


def finite(values: Sequence[float]) -> np.ndarray:
    """Return the finite ones of some values, 1 where there is none: a loss may have run away."""
    values = np.asarray(values, float)
    return values[np.isfinite(values)] if np.isfinite(values).any() else np.ones(1)


def note(axis: Axes, text: str, place: tuple, offset: tuple, size: float = 9, **more) -> None:
    """Write a text so many points (`offset`) away from a place of an axis."""
    axis.annotate(text, place, offset, textcoords="offset points", fontsize=size, **more)


def _wrap(text: str, letters: int) -> str:
    return "\n".join(textwrap.fill(line, letters) for line in text.split("\n"))


@plt.rc_context(STYLE)
def picture_grid(
    images: np.ndarray, titles: Sequence[str] | None = None, columns: int = 6, alt: str = ""
) -> None:
    """Show pictures side by side, at most `columns` a row.

    Args:
        images: shape (n, height, width, 3), values 0 to 255, any number type.
        titles: one short text above each picture; they are the alt text, too, if `alt` is "".
    """
    columns = min(columns, max(1, len(images)))
    rows = -(-len(images) // columns)
    wrapped = [_wrap(title, 25) for title in titles or [""] * len(images)]
    lines = max((title.count("\n") + bool(title) for title in wrapped), default=0)
    size = (1.6 * columns, (1.6 + 0.3 * lines) * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, title in zip(axes.flat, images, wrapped, strict=False):
        axis.imshow(np.clip(image, 0, 255).astype(np.uint8))
        axis.set_title(title, fontsize=9, loc="center")
    said = "; ".join(titles or ["without titles"]).replace("\n", " ")
    show(figure, alt or f"{len(images)} picture{'s' * (len(images) != 1)}: {said}")


@plt.rc_context(STYLE)
def training_curves(history: dict[str, list[float]], title: str, names: dict[str, str]) -> None:
    """Show accuracy over the epochs and, below it, loss.

    Args:
        history: `fit`'s history: `accuracy`, `loss`, and with `val_` the second set's.
        names: what the two curves are of, such as {"accuracy": "training", "val_accuracy": "test"}.
    """
    epochs = np.arange(1, len(history["accuracy"]) + 1)
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(NARROW, 4.8), sharex=True)
    for key, label in names.items():
        colour = VALIDATION_COLOUR if key.startswith("val_") else TRAINING_COLOUR
        style = {"color": colour, "marker": ".", "label": label}
        upper.plot(epochs, history[key], clip_on=False, **style)
        lower.plot(epochs, history[key.replace("accuracy", "loss")], **style)
    upper.set_title(title, wrap=True)
    upper.set(ylabel="accuracy", ylim=(None, 1))
    lower.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    lower.xaxis.get_major_locator().set_params(integer=True)
    legend_below(figure, upper)
    last = ", ".join(f"{label} {history[key][-1]:.2f}" for key, label in names.items())
    what = f"curves of accuracy and loss over {len(epochs)} epochs"
    show(figure, f"{title}: {what}; at the end {last}.")


@plt.rc_context(STYLE)
def compare_curves(
    curves: dict[str, Sequence[float]], title: str, quantity: str, over: str = "epoch"
) -> None:
    """Lay the curves of several trainings over each other.

    Where values reach over more than a factor of ten, as a loss that begins high, the scale is
    logarithmic, so that the end of the curves can be told apart.

    Args:
        curves: one value an epoch, by the name of the training; seven at most.
        quantity: what the values are, such as "test accuracy".
        over: what each value is of, "epoch" or "step"; steps are too many for markers.
    """
    figure, axis = plt.subplots(figsize=(NARROW, 3.4 + 0.15 * len(curves)))
    said = []
    for (name, values), colour, marker in zip(curves.items(), COLOURS, MARKERS, strict=False):
        places, size = np.arange(1, len(values) + 1), 4 if over == "epoch" else 0
        axis.plot(places, values, color=colour, marker=marker, ms=size, label=name)
        said.append(f"{name} {min(values):.3f} to {max(values):.3f}, at the end {values[-1]:.3f}")
    axis.set_title(title, wrap=True)
    axis.set(xlabel=over, ylabel=quantity)
    axis.xaxis.get_major_locator().set_params(integer=True)
    every = np.concatenate([np.asarray(values, float) for values in curves.values()])
    if over == "epoch" and 0 < 10 * every.min() < every.max():
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter("{x:g}")
    legend_below(figure, axis)
    show(figure, f"{title}, {quantity} by {over}: {'; '.join(said)}.")


@plt.rc_context(NO_GRID)
def embedding(
    points: dict[str, np.ndarray], kinds: np.ndarray, names: Sequence[str], groups: np.ndarray
) -> None:
    """Show pictures as points in the plane, coloured by their kind; one panel an embedding.

    Args:
        points: by title, each of shape (n, 2).
        kinds: the kind of each point, a position in `names`, shape (n,).
        names: each of up to seventy has its own colour or shape.
        groups: what each picture belongs to, such as its film, shape (n,). The alt text says how
            many points lie next to their kind: a neighbour of the same group does not count.
    """
    rows, columns = -(-len(points) // 2), min(len(points), 2)
    size = (NARROW / 2 * columns, 0.5 + 2.6 * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axis in axes.flat[len(points) :]:
        axis.remove()
    said = []
    for axis, (title, places) in zip(axes.flat, points.items(), strict=False):
        handles = []
        for kind in range(len(names)):
            look = {"marker": MARKERS[kind % len(MARKERS)], "color": COLOURS[kind % len(COLOURS)]}
            handles.append(axis.scatter(*places[kinds == kind].T, 14, alpha=0.7, lw=0, **look))
        axis.set(title=title, xticks=[], yticks=[])
        alike = neighbours_alike(places, kinds, groups)
        share = f"{title}: {alike:.0%} of the points lie next to their kind"
        said.append(f"{share}, neighbours of their own group left out")
    shown = {"handles": handles, "labels": names, "markerscale": 1.8}  # one like _this, too
    if max(map(len, names)) < 16:
        shown["ncols"] = 3
    legend_below(figure, axes[0, 0], **shown)
    show(figure, f"Pictures of {', '.join(names)} as points in the plane. {'; '.join(said)}.")


def neighbours_alike(values: np.ndarray, kinds: np.ndarray, groups: np.ndarray) -> float:
    """Return the share, 0 to 1, of pictures whose nearest neighbour is of their own kind.

    Args:
        values: a list of numbers for each picture, shape (n, numbers).
        kinds: the kind of each, shape (n,).
        groups: what each belongs to, such as its film, shape (n,): the nearest picture of another
            group counts, because frames of one film are nearly the same.
    """
    distances = pairwise_distances(values)
    distances[groups[:, None] == groups] = np.inf
    return float((kinds[distances.argmin(axis=1)] == kinds).mean())


@plt.rc_context(NO_GRID)
def confusion(scores: Scores, title: str, muted: bool = False) -> None:
    """Show a confusion matrix with its counts; true classes in rows.

    With `muted`, the diagonal is grey, and colours compare the errors alone, the most frequent one
    darkest: where nearly all is right, nothing else can be seen of the errors. Of very many classes
    there are colours only.
    """
    counts, classes = scores.confusion, scores.classes
    many, crowded = len(classes) > 6, len(classes) > CROWDED
    edge = (0.5 if many else 0.8) * min(len(classes), CROWDED)
    shown = [_wrap(name, 18) for name in classes]
    room = 0.08 * max(0, max(len(line) for name in shown for line in name.split("\n")) - 11)
    figure, axis = plt.subplots(figsize=(1.6 + edge + room, 1.1 + 0.94 * edge + room))
    errors = counts * ~np.eye(len(classes), dtype=bool)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    if muted:
        shares = errors / max(errors.max(), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in () if crowded else np.ndindex(*counts.shape):
        colour = "white" if shares[row, column] > 0.5 else "black"
        if muted and row == column:
            axis.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color="#eeeeee", lw=0))
            colour = "#777777"
        elif muted and not counts[row, column]:
            colour = "#aaaaaa"
        axis.text(column, row, counts[row, column], ha="center", va="center", color=colour)
    small = {"fontsize": 10 * CROWDED / len(classes)} if crowded else {}
    axis.set_xticks(range(len(classes)), shown, **small)
    if many or sum(map(len, classes)) > 7 * len(classes):
        plt.setp(axis.get_xticklabels(), rotation=40, ha="right")
    else:
        plt.setp(axis.get_xticklabels(), va="baseline")  # by their tallest letter, else
        axis.tick_params(axis="x", pad=14)
    axis.set_yticks(range(len(classes)), shown, **small)
    axis.set(xlabel="predicted", ylabel="true")
    axis.set_title(title, wrap=True)
    # The most frequent mistakes: a list of all would tire a reader.
    wrong = Counter({place: count for place, count in np.ndenumerate(errors) if count})
    named = wrong.most_common(NAMED_MISTAKES)
    said = [f"{count} {classes[row]} taken for {classes[column]}" for (row, column), count in named]
    if rest := wrong.total() - sum(count for _, count in named):
        said.append(f"{rest} other mistakes")
    right = f"{np.trace(counts)} of {counts.sum()} right"
    show(figure, f"Confusion matrix, {title}: {right}; {', '.join(said) or 'no mistakes'}.")


def _draw_intervals(
    axis: Axes, scores: dict[str, Scores], top: float, quantity: str = "accuracy"
) -> None:
    """Draw a dot and whisker a line, with its name; the first one is `top` lines below the edge."""
    for row, score in enumerate(scores.values()):
        axis.plot(score.interval, [row, row], color=TRAINING_COLOUR, lw=2)
        axis.plot(score.accuracy, row, "o", color=TRAINING_COLOUR)
    axis.set_yticks(range(len(scores)), [textwrap.fill(name, 24) for name in scores])
    axis.set(xlabel=f"{quantity}, with its 95 % interval", ylim=(len(scores) - 0.5, -top))


@plt.rc_context(STYLE)
def accuracy_bars(scores: dict[str, Scores], title: str, quantity: str = "accuracy") -> None:
    """Compare accuracies with their 95 % intervals: one dot and whisker a line, top to bottom.

    `quantity` names them, such as "recall" where each is of the pictures of one class.
    """
    figure, axis = plt.subplots(figsize=(NARROW, 0.9 + 0.42 * len(scores)))
    _draw_intervals(axis, scores, 0.7, quantity)
    for row, score in enumerate(scores.values()):
        note(axis, f"{score.accuracy:.3f}", (score.accuracy, row), (0, 6), ha="center")
    lowest = min(score.interval[0] for score in scores.values())
    axis.set(xlim=(max(0, np.floor(10 * lowest - 1) / 10), 1.01))
    axis.set_title(title, wrap=True)
    values = "; ".join(f"{name} {score.accuracy:.3f}" for name, score in scores.items())
    show(figure, f"{title}: {values}.")


@plt.rc_context(STYLE)
def compare_approaches(scores: dict[str, Scores], minutes: dict[str, float], title: str) -> None:
    """Show accuracy with its interval, the share of the first one's errors removed, and the cost.

    `minutes` is what each took, by the names of `scores`.
    """
    first = next(iter(scores.values()))
    removed = [100 * errors_removed(score, first) for score in scores.values()]
    unit, per = time_unit(max(minutes.values()))
    spent = [minutes[name] / per for name in scores]
    size = (NARROW, 2 * (0.7 + 0.38 * len(scores)))
    figure, axes = plt.subplot_mosaic([["accuracy"] * 2, ["removed", "spent"]], figsize=size)
    _draw_intervals(axes["accuracy"], scores, 0.5)
    for name, values, form in (("removed", removed, "{:.0f} %"), ("spent", spent, "{:.3n}")):
        axis = axes[name]
        bars = axis.barh(range(len(scores)), values, 0.5, color=TRAINING_COLOUR)
        axis.bar_label(bars, map(form.format, values), padding=3)
        # Room for the labels: on the left, too, where errors were added.
        axis.margins(x=0.8 if min(values) < 0 else 0.6)
        axis.xaxis.set_major_locator(MaxNLocator(3))
        axis.axvline(0, color="grey", lw=0.8)
        axis.spines["left"].set_visible(False)
        axis.tick_params(left=False)
        axis.set(yticks=range(len(scores)), yticklabels=[], ylim=axes["accuracy"].get_ylim())
    axes["accuracy"].xaxis.set_major_locator(MaxNLocator(5))
    axes["removed"].set_yticklabels([textwrap.fill(name, 18) for name in scores])
    axes["removed"].set(xlabel="errors removed, %")
    if np.isnan(removed).all():
        axes["removed"].set(xlabel="no errors to remove", xticks=[])
    axes["spent"].set(xlabel=unit)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, wrap=True)
    said = []
    for (name, score), share, time in zip(scores.items(), removed, spent, strict=True):
        none = "no errors of the first one to remove"
        gain = none if np.isnan(share) else f"{share:.0f} % of the first one's errors removed"
        said.append(f"{name} {score.accuracy:.3f}, {gain}, {time:.1f} {unit}")
    show(figure, f"{title}: {'; '.join(said)}.")


@plt.rc_context(NO_GRID)
def top_guesses(guesses: dict[str, list[tuple[str, float]]], title: str) -> None:
    """Show the likeliest classes of several pictures as bars, without the pictures.

    `guesses` are pairs of a class name and its probability, by the picture's name.
    """
    rows = max(map(len, guesses.values()))
    size = (NARROW, 0.3 + (0.4 + 0.3 * rows) * len(guesses))
    figure, axes = plt.subplots(len(guesses), 1, figsize=size, squeeze=False)
    for axis, (picture, pairs) in zip(axes.flat, guesses.items(), strict=True):
        names, values = zip(*pairs, strict=True)
        bars = axis.barh(range(len(names)), values, color=TRAINING_COLOUR)
        axis.bar_label(bars, [f"{value:.3f}" for value in values], padding=3, fontsize=9)
        axis.set_yticks(range(len(names)), names)
        axis.set_title(picture, wrap=True)
        axis.set(xlim=(0, 1.2), xticks=[], ylim=(rows - 0.4, -0.6))
        axis.spines["bottom"].set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, wrap=True)
    said = "; ".join(
        f"{name}: {', '.join(f'{kind} {value:.3f}' for kind, value in pairs)}"
        for name, pairs in guesses.items()
    )
    show(figure, f"{title}. {said}.")


@plt.rc_context(STYLE)
def accuracy_by_number(
    curves: dict[str, dict[int, Sequence[float]]], title: str, over: str = "training pictures"
) -> None:
    """Show accuracy against the number of training pictures, on a logarithmic scale.

    Args:
        curves: by the approach's name, seven at most: for each number of training pictures the
            accuracies that were measured; their mean is the line, their range the band around it.
        over: what the numbers count, such as "training pictures per class".
    """
    figure, axis = plt.subplots(figsize=(NARROW, 4.0))
    said = []
    for (name, curve), colour, marker in zip(curves.items(), COLOURS, MARKERS, strict=False):
        numbers = sorted(curve)
        means, low, high = ([pick(curve[n]) for n in numbers] for pick in (np.mean, min, max))
        axis.plot(numbers, means, color=colour, marker=marker, ms=5, label=name)
        axis.fill_between(numbers, low, high, color=colour, alpha=0.2, lw=0)
        told = ", ".join(f"{number:,}: {np.mean(curve[number]):.3f}" for number in curve)
        said.append(f"{name}: {told}")
    every = sorted({number for curve in curves.values() for number in curve})
    axis.set_xscale("log")
    axis.set_xticks(every, [f"{number:,}" for number in every])
    if len(every) > 5:
        axis.tick_params(axis="x", rotation=40)
    axis.minorticks_off()
    axis.set_title(title, wrap=True)
    axis.set(xlabel=over, ylabel="accuracy", ylim=(None, 1.01))
    legend_below(figure, axis)
    show(figure, f"{title}, accuracy by number of {over}. {'; '.join(said)}.")


@plt.rc_context(NO_GRID)
def pictures_with_maps(images: np.ndarray, maps: np.ndarray, titles: Sequence[str]) -> None:
    """Show pictures in the first row and, below each, its map laid over it.

    Args:
        images: shape (n, size, size, 3), values 0 to 255.
        maps: from `explanation.grad_cam`, shape (n, size, size), values 0 to 1.
        titles: one short text above each picture.
    """
    figure, axes = plt.subplots(2, len(images), figsize=(1.6 * len(images), 3.5), squeeze=False)
    for column, (image, heat) in enumerate(zip(images, maps, strict=True)):
        for axis in axes[:, column]:
            axis.imshow(np.clip(image, 0, 255).astype(np.uint8))
            axis.axis("off")
        axes[1, column].imshow(heat, cmap="inferno", alpha=0.6, vmin=0, vmax=1)
        axes[0, column].set_title(titles[column], fontsize=9, loc="center")
    said = "; ".join(titles).replace("\n", " ")
    show(figure, f"{len(images)} pictures and where the evidence lies in each: {said}.")
