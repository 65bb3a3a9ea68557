"""Drawings of lesson 5: three ways to transfer, where a network's work is, losses side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from helpers.plotting import TRAINING_COLOUR, VALIDATION_COLOUR, note
from helpers.plotting.boxes import FROZEN, INK, NEW, PLAIN, SLOW, draw_chain, draw_key, write
from helpers.plotting.diagrams import DRAWING, NARROW, show_drawing

# Left edge and width of what an approach is made of, in inches.
PHOTO, BELOW, ABOVE, HEAD = (0.05, 0.85), (1.15, 1.5), (2.95, 0.95), (4.2, 0.9)
HIGH, ROW = 0.5, 1.22  # of a box, and of a whole approach
CLIPPED = 3.0  # times the median: a first loss above it would flatten all the others


@plt.rc_context(DRAWING)
def three_approaches(below: str = "blocks 1 to 4", above: str = "block 5") -> None:
    """Show what is frozen, what is trained and what is kept in each of the three approaches.

    `below` never learns; `above` is what fine-tuning trains, both in a few letters.
    """
    approaches = (
        ("1  Feature extraction: each photo once", "photo", FROZEN, HEAD),
        ("2  Frozen base: augmented copies", "copies", FROZEN, ABOVE),
        ("3  Fine-tuning: small steps above the cut", "copies", SLOW, ABOVE),
    )
    height = len(approaches) * ROW + 0.5
    figure, axis = plt.subplots(figsize=(NARROW, height))
    for row, (title, photo, colour, first) in enumerate(approaches):
        bottom = height - (row + 1) * ROW + 0.22
        axis.text(0.05, bottom + HIGH + 0.14, title, fontsize=10, color=INK)
        boxes = [(*PHOTO, photo, PLAIN), (*BELOW, below, FROZEN), (*ABOVE, above, colour)]
        draw_chain(axis, bottom, HIGH, [*boxes, (*HEAD, "new head", NEW)])
        cut = first[0] - 0.15
        options = {"color": INK, "ls": (0, (2, 2)), "lw": 1.3, "zorder": 3}
        axis.plot([cut, cut], [bottom - 0.2, bottom + HIGH + 0.06], **options)
        write(axis, cut - 0.08, bottom - 0.14, "once, and kept", 8.5, ha="right")
        write(axis, cut + 0.08, bottom - 0.14, "in every step", 8.5)
    first, then = (0.05, FROZEN, "frozen"), (1.25, SLOW, "pretrained, learns on")
    draw_key(axis, (first, then, (3.45, NEW, "new, learns")), 0.1)
    axis.set(xlim=(0, NARROW), ylim=(0, height), aspect="equal")
    axis.axis("off")
    show_drawing(
        figure,
        f"Three rows of boxes, from a photo through {below} and {above} to a new head. Feature "
        f"extraction: {below} and {above} are frozen and run once for each photo; only the head "
        f"runs in every step. Frozen base: {below} run once for each augmented copy; {above} (also "
        f"frozen) and the head run in every step. Fine-tuning: the same, but {above} learns "
        "on together with the head.",
    )


@plt.rc_context(DRAWING)
def weights_and_work(weights: Mapping[str, float], work: Mapping[str, float]) -> None:
    """Show which share of a network's weights, and of its multiplications, each part has.

    Args:
        weights: the weights of each part, by its name, in the order of the network.
        work: its multiplications for one photo, by the same names.
    """
    kinds = (("weights", weights, TRAINING_COLOUR), ("multiplications", work, VALIDATION_COLOUR))
    figure, axis = plt.subplots(figsize=(NARROW, 0.9 + 0.52 * len(weights)))
    for offset, (kind, values, colour) in zip((-0.19, 0.19), kinds, strict=True):
        shares = [100 * values[name] / sum(values.values()) for name in weights]
        rows = np.arange(len(shares)) + offset
        bars = axis.barh(rows, shares, 0.36, color=colour, label=f"share of the {kind}")
        labels = [f"{share:.0f} %" if share >= 1 else f"{share:.1f} %" for share in shares]
        axis.bar_label(bars, labels, padding=3, fontsize=9, color=INK)
    axis.set_yticks(range(len(weights)), weights)
    axis.set(xticks=[], ylim=(len(weights) - 0.5, -0.5))
    axis.margins(x=0.12)
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.tick_params(length=0)
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    said = "; ".join(
        f"{name} {weights[name] / sum(weights.values()):.0%} of the weights, "
        f"{work[name] / sum(work.values()):.0%} of the multiplications"
        for name in weights
    )
    show_drawing(figure, f"Each part's share of weights and of multiplications: {said}.")


@plt.rc_context({**DRAWING, "axes.grid": True, "axes.titlesize": 10})
def losses_side_by_side(
    histories: Mapping[str, Mapping[str, Sequence[float]]], title: str, kept: Sequence[str] = ()
) -> None:
    """Show training and validation loss of several trainings, a panel each, on one scale.

    The scale suits most epochs: a loss far above them is drawn at the upper edge, with its value.

    Args:
        histories: `fit`'s history of each of up to four trainings, by its name.
        title: begins the alt text.
        kept: the trainings that ended with the weights of their lowest validation loss; a line
            marks that epoch.
    """
    every = [v for history in histories.values() for key in KINDS for v in history[key]]
    top = min(1.08 * max(every), CLIPPED * float(np.median(every)))
    longest = max(len(history["loss"]) for history in histories.values())
    rows = -(-len(histories) // 2)
    grid = {"figsize": (NARROW, 0.45 + 1.85 * rows), "sharex": True, "sharey": True}
    figure, axes = plt.subplots(rows, min(2, len(histories)), squeeze=False, **grid)
    for axis in axes.flat[len(histories) :]:
        axis.axis("off")
    for axis, (name, history) in zip(axes.flat, histories.items(), strict=False):
        for key, (label, colour, style) in KINDS.items():
            _draw_loss(axis, history[key], top, colour, style, label)
        if name in kept:
            best = int(np.argmin(history["val_loss"])) + 1
            axis.axvline(best, color=INK, lw=1, ls=":")
            note(axis, f"kept: {best}", (best, top), (4, -4), 8.5, va="top", color=INK)
        axis.set(title=name, xlim=(0.4, longest + 0.6), ylim=(0, top))
        axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    for axis in axes[-1]:
        axis.set_xlabel("epoch")
    for axis in axes[:, 0]:
        axis.set_ylabel("loss")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=9)
    show_drawing(figure, f"{title}: {'; '.join(map(_told, histories, histories.values()))}.")


KINDS = {
    "loss": ("training loss", TRAINING_COLOUR, "-"),
    "val_loss": ("validation loss", VALIDATION_COLOUR, "--"),
}


def _draw_loss(
    axis: Axes, values: Sequence[float], top: float, colour: str, style: str, label: str
) -> None:
    """Draw a curve; what lies above the scale becomes a triangle at its edge, with the value."""
    epochs, values = np.arange(1, len(values) + 1), np.asarray(values, float)
    marker = "." if len(values) < 40 else ""
    axis.plot(epochs, np.minimum(values, top), color=colour, ls=style, marker=marker, label=label)
    above = np.flatnonzero(values > top)
    if len(above):
        axis.plot(epochs[above], np.full(len(above), top), "^", color=colour, clip_on=False)
        offset = (6, -2 if style == "-" else -15)  # both losses may begin above it
        first = epochs[above[0]], top
        note(axis, f"{values[above[0]]:.1f}", first, offset, 8.5, va="top", color=INK)


def _told(name: str, history: Mapping[str, Sequence[float]]) -> str:
    training, validation = history["loss"], history["val_loss"]
    best = int(np.argmin(validation))
    return (
        f"{name}, after {len(training)} epochs training {training[-1]:.2f}, validation "
        f"{validation[-1]:.2f}, at its lowest {validation[best]:.2f} in epoch {best + 1}"
    )
