"""Drawings of lesson 2: what runs when, what may change, and a grid of curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from helpers.plotting import COLOURS, MARKERS
from helpers.plotting.boxes import FROZEN, INK, NEW, PLAIN, SLOW, draw_chain, draw_key, write
from helpers.plotting.diagrams import DRAWING, LINE, NARROW, show_drawing

HIGH, BETWEEN = 0.5, 0.16  # inches: of a box, and between two
STORE = "#fff3b0"  # features on disk
WAYS = (  # title, boxes as (words, share of the width, colour), how often they run
    (
        "The plain way",
        (("picture", 1.0, PLAIN), ("frozen base", 2.9, FROZEN), ("head", 1.0, NEW)),
        ((0, 3, "every picture of every epoch"),),
    ),
    (
        "Features once",
        (
            ("picture", 1.0, PLAIN),
            ("frozen base", 1.9, FROZEN),
            ("features", 1.0, STORE),
            ("head", 1.0, NEW),
        ),
        ((0, 3, "once per augmented copy"), (2, 4, "every epoch")),
    ),
    (
        "Fine-tuning",
        (
            ("picture", 1.0, PLAIN),
            ("lower base", 1.2, FROZEN),
            ("features", 1.0, STORE),
            ("upper base", 1.2, SLOW),
            ("head", 0.8, NEW),
        ),
        ((0, 3, "once per copy"), (2, 5, "every epoch, in small steps")),
    ),
)


@plt.rc_context(DRAWING)
def training_ways() -> None:
    """Show the lesson's three trainings as rows of boxes: what is frozen, kept, and trained."""
    figure, axis = plt.subplots(figsize=(NARROW, 4.9))
    for row, (title, boxes, runs) in enumerate(WAYS):
        _draw_way(axis, 1.45 * row + 0.25, title, boxes, runs)
    key = [(FROZEN, "frozen"), (STORE, "on disk"), (SLOW, "trained on"), (NEW, "new, trained")]
    lefts = (1.28 * place + 0.02 for place in range(len(key)))
    draw_key(axis, ((left, *entry) for left, entry in zip(lefts, key, strict=True)), 4.52)
    axis.set(xlim=(-0.02, NARROW - 0.02), ylim=(4.85, -0.05))
    axis.axis("off")
    show_drawing(
        figure,
        "Three rows of boxes. The plain way: picture, frozen base and head run for every picture "
        "of every epoch. Features once: picture and frozen base run once per augmented copy and "
        "leave features on disk; only the head runs in every epoch. Fine-tuning: the lower base "
        "runs once per copy and leaves features on disk; the upper base and the head are trained "
        "on them in every epoch, in small steps.",
    )


def _draw_way(
    axis: Axes,
    top: float,
    title: str,
    boxes: Sequence[tuple[str, float, str]],
    runs: Sequence[tuple[int, int, str]],
) -> None:
    """Draw a row of boxes with arrows between, and brackets below that say how often they run."""
    axis.text(0, top - 0.08, title, fontsize=10.5, weight="bold", color=INK)
    room = NARROW - 0.04 - BETWEEN * (len(boxes) - 1)
    unit, left, chain = room / sum(share for _, share, _ in boxes), 0.0, []
    for words, share, colour in boxes:
        chain.append((left, share * unit, words, colour))
        left += share * unit + BETWEEN
    draw_chain(axis, top, HIGH, chain)
    for level, (first, last, words) in enumerate(runs):
        start, stop = chain[first][0] + 0.03, sum(chain[last - 1][:2]) - 0.03
        below = top + HIGH + 0.1 + 0.24 * level
        ends = [below - 0.05, below, below, below - 0.05]
        axis.plot([start, start, stop, stop], ends, color=LINE)
        write(axis, (start + stop) / 2, below + 0.03, words, 8.5, ha="center", va="top")


@plt.rc_context({**DRAWING, "axes.grid": True})
def curve_grid(
    curves: Mapping[tuple[str, str, str], Sequence[float]], title: str, quantity: str
) -> None:
    """Show curves in a grid of panels, so that each change can be read along one direction.

    Args:
        curves: one value per epoch, by (line, column, row); two lines in each panel.
        quantity: what the values are, such as "test accuracy".
    """
    lines, columns, rows = (list(dict.fromkeys(names)) for names in zip(*curves, strict=True))
    size = (NARROW * 1.3, 1.9 * len(rows) + 0.7)
    grid = {"sharex": True, "sharey": True, "squeeze": False}
    figure, axes = plt.subplots(len(rows), len(columns), figsize=size, **grid)
    for (line, column, row), values in curves.items():
        axis, number = axes[rows.index(row), columns.index(column)], lines.index(line)
        style = {"color": COLOURS[number], "marker": MARKERS[number], "ms": 3, "lw": 1.4}
        axis.plot(range(1, len(values) + 1), values, label=line, **style)
        axis.set_title(f"{column}, {row}", fontsize=9.5)
    for axis in axes[-1]:
        axis.set_xlabel("epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)
    for axis in axes[:, 0]:
        axis.set_ylabel(quantity)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    figure.suptitle(title)
    said = "; ".join(
        f"{', '.join(name)}: over the last ten epochs {min(values[-10:]):.3f} to "
        f"{max(values[-10:]):.3f}"
        for name, values in curves.items()
    )
    show_drawing(figure, f"{title}, {quantity} by epoch. {said}.")
