"""Drawings of lesson 5: three ways to transfer, where a network's work is, losses side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from helpers.plotting import (
    COLOURS,
    NARROW,
    NO_GRID,
    STYLE,
    finite,
    legend_below,
    note,
    show_drawing,
)
from helpers.plotting.boxes import FROZEN, INK, NEW, PLAIN, SLOW, draw_chain, draw_key, sheet, write

HIGH, BETWEEN, ROW = 0.5, 0.3, 1.22  # inches: of a box, between two, and of a whole approach
CLIPPED = 3.0  # times the median: a first loss above it would flatten all the others
LOSSES = {"training": ("loss", COLOURS[0], "-"), "validation": ("val_loss", COLOURS[1], "--")}


@plt.rc_context(NO_GRID)
def three_approaches(below: str, above: str) -> None:
    """Show what is frozen, what is trained and what is kept in each of the three approaches.

    `below` never learns; `above` is what fine-tuning trains, both in a few letters.
    """
    approaches = (
        ("1  Feature extraction: each photo once", "photo", FROZEN, 3, "new head"),
        ("2  Frozen base: augmented copies", "copies", FROZEN, 2, "new head"),
        ("3  Fine-tuning: small steps above the cut", "copies", SLOW, 2, "trained head"),
    )
    height = len(approaches) * ROW + 0.5
    figure, axis = sheet((NARROW, height), (-0.05, NARROW - 0.05), (0, height), aspect="equal")
    for row, (title, photo, colour, first, head) in enumerate(approaches):
        bottom = height - (row + 1) * ROW + 0.22
        axis.text(0, bottom + HIGH + 0.14, title, fontsize=10, color=INK)
        base = (1.4, below, FROZEN), (0.95, above, colour)
        chain = ((0.85, photo, PLAIN), *base, (1.0, head, NEW))
        cut = draw_chain(axis, bottom, HIGH, BETWEEN, chain)[first][0] - BETWEEN / 2
        dashed = {"color": INK, "ls": (0, (2, 2)), "lw": 1.3, "zorder": 3}
        axis.plot([cut, cut], [bottom - 0.2, bottom + HIGH + 0.06], **dashed)
        write(axis, cut - 0.08, bottom - 0.14, "once, and kept", 8.5, ha="right")
        write(axis, cut + 0.08, bottom - 0.14, "in every step", 8.5)
    first, then = (0, FROZEN, "frozen"), (1.2, SLOW, "pretrained, learns on")
    draw_key(axis, (first, then, (3.4, NEW, "head, learns")), 0.1)
    show_drawing(
        figure,
        f"Three rows of boxes, from a photo through {below} and {above} to a head. Feature "
        f"extraction: {below} and {above} are frozen and run once for each photo; only the head "
        f"runs in every step. Frozen base: {below} run once for each augmented copy; {above} (also "
        f"frozen) and the head run in every step. Fine-tuning: the same, but {above} learns "
        "on together with the head.",
    )


@plt.rc_context(NO_GRID)
def weights_and_work(weights: Mapping[str, float], work: Mapping[str, float]) -> None:
    """Show which share of a network's weights, and of its multiplications, each part has.

    Both are numbers by the name of a part, in the order of the network; `work` is for one photo.
    """
    shares = np.array([[values[name] for name in weights] for values in (weights, work)], float)
    shares *= 100 / shares.sum(axis=1, keepdims=True)
    figure, axis = plt.subplots(figsize=(NARROW, 0.9 + 0.52 * len(weights)))
    looks = ((-0.19, "weights", COLOURS[0]), (0.19, "multiplications", COLOURS[1]))
    for (offset, kind, colour), percent in zip(looks, shares, strict=True):
        rows = np.arange(len(weights)) + offset
        bars = axis.barh(rows, percent, 0.36, color=colour, label=f"share of the {kind}")
        labels = [f"{share:.0f} %" if share >= 1 else f"{share:.1f} %" for share in percent]
        axis.bar_label(bars, labels, padding=3, fontsize=9, color=INK)
    axis.set_yticks(range(len(weights)), weights)
    axis.set(xticks=[], ylim=(len(weights) - 0.5, -0.5))
    axis.margins(x=0.12)
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.tick_params(length=0)
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    said = "; ".join(
        f"{name} {held:.0f}% of the weights, {done:.0f}% of the multiplications"
        for name, held, done in zip(weights, *shares, strict=True)
    )
    show_drawing(figure, f"Each part's share of weights and of multiplications: {said}.")


@plt.rc_context({**STYLE, "axes.titlesize": 10})
def losses_side_by_side(
    histories: Mapping[str, Mapping[str, Sequence[float]]], title: str, kept: Sequence[str] = ()
) -> None:
    """Show training and validation loss of several trainings, a panel each, on one scale.

    The scale suits most epochs: losses far above them are drawn at the upper edge, and the first of
    them is told.

    Args:
        histories: `fit`'s history of each of up to four trainings, by its name.
        title: begins the alt text.
        kept: the trainings that ended with the weights of their lowest validation loss; a line
            marks that epoch.
    """
    losses = [v for each in histories.values() for key in ("loss", "val_loss") for v in each[key]]
    every = finite(losses)
    top = min(1.08 * max(every), CLIPPED * float(np.median(every)))
    longest = max(len(history["loss"]) for history in histories.values())
    rows = -(-len(histories) // 2)
    grid = {"figsize": (NARROW, 0.45 + 1.85 * rows), "sharex": True, "sharey": True}
    figure, axes = plt.subplots(rows, min(2, len(histories)), squeeze=False, **grid)
    for axis in axes.flat[len(histories) :]:
        axis.axis("off")
    said = []
    for axis, (name, history) in zip(axes.flat, histories.items(), strict=False):
        for kind, (key, colour, style) in LOSSES.items():
            _draw_loss(axis, history[key], top, color=colour, ls=style, label=f"{kind} loss")
        training, validation = history["loss"], history["val_loss"]
        best = int(np.argmin(validation))
        if name in kept:
            axis.axvline(best + 1, color=INK, lw=1, ls=":")
            note(axis, f"kept: {best + 1}", (best + 1, top), (4, -4), 8.5, va="top", color=INK)
        said.append(
            f"{name}, after {len(training)} epochs training {training[-1]:.2f}, validation "
            f"{validation[-1]:.2f}, at its lowest {validation[best]:.2f} in epoch {best + 1}"
        )
        axis.set(title=name, xlim=(0.4, longest + 0.6), ylim=(0, top))
        axis.set(xlabel="epoch", ylabel="loss")
        axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axis.label_outer()
    legend_below(figure, axes[0, 0], fontsize=9)
    show_drawing(figure, f"{title}: {'; '.join(said)}.")


def _draw_loss(axis: Axes, values: Sequence[float], top: float, **look) -> None:
    """Draw a curve; what lies above the scale becomes triangles, beside them the first value."""
    epochs, values = np.arange(1, len(values) + 1), np.asarray(values, float)
    marker = "." if len(values) < 40 else ""
    axis.plot(epochs, np.minimum(values, top), marker=marker, **look)
    above = epochs[values > top]
    if len(above):
        axis.plot(above, np.full(len(above), top), "^", color=look["color"], clip_on=False)
        offset = (6, -2 if look["ls"] == "-" else -15)  # both losses may begin above it
        place = (above[-1], top)  # beside the last one, where there is room
        note(axis, f"{values[values > top][0]:.1f}", place, offset, 8.5, va="top", color=INK)
