"""Drawings of lesson 2: what runs when, what may change, and a grid of curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from helpers.plotting import COLOURS, NARROW, NO_GRID, STYLE, boxes, legend_below, show_drawing
from helpers.plotting.boxes import FROZEN, LINE, NEW, PLAIN, SLOW, STORE, sheet, write

HIGH, BETWEEN = 0.5, 0.16  # inches: of a box, and between two
PICTURE, FEATURES = ("picture", 1.0, PLAIN), ("features", 1.0, STORE)
HEAD, SMALL = ("head", 1.0, NEW), ("head", 0.8, NEW)
WAYS = (  # title, boxes as (words, share of the width, colour), how often they run
    (
        "The plain way",
        (PICTURE, ("frozen base", 2.9, FROZEN), HEAD),
        ((0, 3, "every picture of every epoch"),),
    ),
    (
        "Features once",
        (PICTURE, ("frozen base", 1.9, FROZEN), FEATURES, HEAD),
        ((0, 3, "once per augmented copy"), (2, 4, "every epoch")),
    ),
    (
        "Fine-tuning",
        (PICTURE, ("lower base", 1.2, FROZEN), FEATURES, ("upper base", 1.2, SLOW), SMALL),
        ((0, 3, "once per copy"), (2, 5, "every epoch, in small steps")),
    ),
)


@plt.rc_context(NO_GRID)
def training_ways() -> None:
    """Show the lesson's three trainings as rows of boxes: what is frozen, kept, and trained."""
    figure, axis = sheet((NARROW, 4.9), (-0.02, NARROW - 0.02), (4.85, -0.05))
    for row, (title, parts, runs) in enumerate(WAYS):
        _draw_way(axis, 1.45 * row + 0.25, title, parts, runs)
    key = ((0.02, FROZEN, "frozen"), (1.15, STORE, "on disk"), (2.3, SLOW, "trained further"))
    boxes.draw_key(axis, (*key, (3.85, NEW, "new, trained")), 4.52)
    show_drawing(
        figure,
        "Three rows of boxes. The plain way: picture, frozen base and head run for every picture "
        "of every epoch. Features once: picture and frozen base run once per augmented copy and "
        "leave features on disk; only the head runs in every epoch. Fine-tuning: the lower base "
        "runs once per copy and leaves features on disk; the upper base and the head are trained "
        "on them in every epoch, in small steps.",
    )


def _draw_way(axis: Axes, top: float, title: str, parts: Sequence, runs: Sequence) -> None:
    """Draw a row of boxes with arrows between, and brackets below that say how often they run."""
    write(axis, 0, top - 0.08, title, 10.5, weight="bold", va="baseline")
    room = NARROW - 0.04 - BETWEEN * (len(parts) - 1)
    unit = room / sum(share for _, share, _ in parts)
    chain = [(share * unit, words, colour) for words, share, colour in parts]
    edges = boxes.draw_chain(axis, top, HIGH, BETWEEN, chain)
    for level, (first, last, words) in enumerate(runs):
        start, stop = edges[first][0] + 0.03, edges[last - 1][1] - 0.03
        below = top + HIGH + 0.1 + 0.24 * level
        ends = [below - 0.05, below, below, below - 0.05]
        axis.plot([start, start, stop, stop], ends, color=LINE)
        write(axis, (start + stop) / 2, below + 0.03, words, 8.5, ha="center", va="top")


@plt.rc_context(STYLE)
def curve_grid(
    curves: Mapping[tuple[str, str, str], Sequence[float]], title: str, quantity: str
) -> None:
    """Show curves in a grid of panels, so that each change can be read along one direction.

    `curves` have one value per epoch, by (line, column, row), with two lines in each panel;
    `quantity` says what the values are.
    """
    lines, columns, rows = (list(dict.fromkeys(names)) for names in zip(*curves, strict=True))
    size = (NARROW * 1.3, 1.9 * len(rows) + 0.7)
    grid = {"sharex": True, "sharey": True, "squeeze": False}
    figure, axes = plt.subplots(len(rows), len(columns), figsize=size, **grid)
    said = []
    for (line, column, row), values in curves.items():
        axis, number = axes[rows.index(row), columns.index(column)], lines.index(line)
        style = {"color": COLOURS[number], "marker": "os"[number], "ms": 3, "lw": 1.4}
        axis.plot(range(1, len(values) + 1), values, label=line, **style)
        axis.set_title(f"{column}, {row}", fontsize=9.5)
        axis.set(xlabel="epoch", ylabel=quantity)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.label_outer()
        last = f"{min(values[-10:]):.3f} to {max(values[-10:]):.3f}"
        said.append(f"{line}, {column}, {row}: over the last ten epochs {last}")
    legend_below(figure, axes[0, 0])
    figure.suptitle(title)
    show_drawing(figure, f"{title}, {quantity} by epoch. {'; '.join(said)}.")
