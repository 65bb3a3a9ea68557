"""The figures that compare runs. Each is shown by `plotting.show`, which gives it its alt text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from scipy.stats import binom

from helpers.comparison import PairedDifference, figure_column, mean_interval
from helpers.messages import time_unit
from helpers.plotting import (
    COLOURS,
    MARKERS,
    NARROW,
    STYLE,
    TRAINING_COLOUR,
    finite,
    legend_below,
    show,
)

# All pairs of colour and marker: neither number divides the other.
LOOKS = tuple(zip(COLOURS * len(MARKERS), MARKERS * len(COLOURS), strict=True))

Numbers = Mapping[str, Sequence[float]]  # by setting, one a run


@plt.rc_context(STYLE)
def learning_curves(
    curves: Mapping[str, Sequence[Sequence[float]]], title: str, quantity: str
) -> None:
    """Lay the learning curves of all runs over each other: a colour a setting, a line a run.

    `curves` are from `comparison.curves`; `quantity` says what the values are.
    """
    figure, axis = plt.subplots(figsize=(NARROW, 3.4 + 0.2 * len(curves)))
    for (setting, runs), (colour, marker) in zip(curves.items(), LOOKS, strict=False):
        for number, values in enumerate(runs):
            epochs = np.arange(1, len(values) + 1)
            label = f"{setting} ({len(runs)})" if number == 0 else None
            axis.plot(epochs, values, color=colour, lw=1, alpha=0.75, label=label)
            axis.plot(epochs[-1], values[-1], color=colour, marker=marker, ms=5)
    axis.set_title(title, wrap=True)
    axis.set(xlabel="epoch", ylabel=quantity)
    every = finite(np.concatenate([values for runs in curves.values() for values in runs]))
    low, top = np.quantile(every, 0.1), every.max()  # low beginnings would flatten the rest
    axis.set_ylim(low - 0.1 * (top - low) - 0.01, None)
    axis.xaxis.get_major_locator().set_params(integer=True)
    legend_below(figure, axis, title="setting (runs)")
    ends = {setting: [values[-1] for values in runs] for setting, runs in curves.items()}
    show(figure, f"{title}, {quantity} by epoch; at the end: {_ranges(ends)}.")


@plt.rc_context(STYLE)
def figure_and_minutes(runs: pd.DataFrame, figure: str) -> None:
    """Show a figure of all runs against the time they took: a colour a setting, a dot a run.

    The axis is in seconds, minutes or hours, whichever the longest run asks for. `runs` are from
    `comparison.gather`; `figure` is the name in their records.
    """
    column = figure_column(runs, figure)
    runs = runs.dropna(subset=[column])
    unit, minutes = time_unit(runs["minutes"].max())
    groups = runs.groupby("setting", sort=False)
    plot, axis = plt.subplots(figsize=(NARROW, 3.2 + 0.2 * len(groups)))
    said = []
    for (setting, group), (colour, marker) in zip(groups, LOOKS, strict=False):
        times = group["minutes"] / minutes
        axis.plot(times, group[column], marker, color=colour, label=setting, alpha=0.6)
        said.append(f"{setting} {group[column].mean():.3f} in {times.mean():.3g} {unit}")
    axis.set(title=f"{figure} against time", xlabel=f"{unit} per run", ylabel=figure)
    axis.set_xlim(0, None)
    legend_below(plot, axis, title="setting")
    show(plot, f"{figure} of each run against its {unit}; on average {'; '.join(said)}.")


@plt.rc_context(STYLE)
def spread(
    values: Numbers, title: str, quantity: str, truth: float | None = None, intervals: Sequence = ()
) -> None:
    """Show how far runs scatter: a line a setting, a dot a run, the mean with its interval below.

    Args:
        values: by setting, one number a run, top to bottom.
        quantity: what the numbers are.
        truth: a value to compare with, drawn as a dashed line.
        intervals: (low, high) of the mean, one a setting; by default Student's.
    """
    intervals = intervals or [mean_interval(numbers) for numbers in values.values()]
    figure, axis = plt.subplots(figsize=(NARROW, 1.2 + 0.55 * len(values)))
    for row, (numbers, ends) in enumerate(zip(values.values(), intervals, strict=True)):
        axis.plot(numbers, [row - 0.12] * len(numbers), "o", color=TRAINING_COLOUR, alpha=0.6)
        axis.plot(ends, [row + 0.2] * 2, color=COLOURS[1], lw=2)
        axis.plot(np.mean(numbers), row + 0.2, "D", color=COLOURS[1], ms=5)
    if truth is not None:
        axis.axvline(truth, color="0.35", ls="--", lw=1)
    axis.set_yticks(range(len(values)), values)
    axis.set_ylim(len(values) - 0.5, -0.6)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, wrap=True)
    # Long names leave little width: the label may reach below them.
    axis.set_xlabel(f"{quantity}\ndiamond: mean, with its 95 % interval", loc="right", ma="right")
    wanted = "" if truth is None else f" The dashed line is at {truth:.3f}."
    show(figure, f"{title}, {quantity} of each run: {_ranges(values)}.{wanted}")


def paired_differences(differences: Sequence[PairedDifference]) -> None:
    """Show differences seed by seed, each mean with its interval, and a line at zero."""
    values = {
        f"{each.first}\nminus {each.second}": list(each.differences.values())
        for each in differences
    }
    title = f"{differences[0].figure}: difference, seed by seed"
    intervals = [each.interval for each in differences]
    spread(values, title, "difference", truth=0.0, intervals=intervals)


@plt.rc_context(STYLE)
def right_and_wrong(right: np.ndarray, groups: np.ndarray, truth: float) -> None:
    """Show two kinds of luck: a line a seed, a column a test picture, coloured if wrong.

    Args:
        right: whether each network was right, boolean, shape (seeds, n).
        groups: the group of each picture, such as its film, shape (n,), those of one side by side.
        truth: the accuracy on all pictures in the world, 0 to 1, a dashed line.
    """
    seeds, pictures = right.shape
    accuracies = right.mean(axis=1)
    size = (NARROW, 1.2 + 0.4 * seeds)
    figure, (axis, side) = plt.subplots(1, 2, figsize=size, width_ratios=[3, 1], sharey=True)
    axis.pcolormesh(~right, cmap=ListedColormap(["0.92", COLOURS[1]]))
    edges = np.flatnonzero(groups[1:] != groups[:-1]) + 1
    axis.vlines(edges, 0, seeds, color="0.5", lw=0.8)
    axis.set_yticks(np.arange(seeds) + 0.5, [f"seed {number}" for number in range(seeds)])
    axis.set(title="Coloured: wrong", ylim=(seeds, 0))
    axis.set_xlabel("test pictures; lines separate the films")
    side.plot(accuracies, np.arange(seeds) + 0.5, "o", color=TRAINING_COLOUR)
    side.axvline(truth, color="0.35", ls="--", lw=1)
    side.set(xlabel="accuracy")
    side.locator_params(axis="x", nbins=2)
    films = [right[:, groups == name].all() for name in np.unique(groups)]
    what = f"Which of {pictures} pictures networks of {seeds} seeds got wrong"
    where = f"{films.count(False)} of {len(films)} films contain all mistakes"
    reached = f"Accuracies: {accuracies.min():.3f} to {accuracies.max():.3f}; dashed: {truth:.3f}"
    show(figure, f"{what}. {where}. {reached}.")


@plt.rc_context(STYLE)
def false_alarms(plain: Mapping[int, float], corrected: Mapping[int, float]) -> None:
    """Show how often equal settings are called different: a bar without, one with correction.

    Both are shares, 0 to 1, by the number of settings; `corrected` is by Holm's method.
    """
    places = np.arange(len(plain))
    figure, axis = plt.subplots(figsize=(NARROW, 3))
    for shift, values, look in (
        (-0.2, plain, {"label": "the winner, tested", "color": COLOURS[1]}),
        (0.2, corrected, {"label": "with Holm", "color": COLOURS[0], "hatch": "//"}),
    ):
        bars = axis.bar(places + shift, values.values(), 0.38, **look)
        free = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # of the dashed line
        labels = [f"{value:.0%}" for value in values.values()]
        axis.bar_label(bars, labels, padding=2, bbox=free, zorder=5)
    axis.axhline(0.05, color="0.35", ls="--", lw=1)
    axis.set_xticks(places, [f"{number} settings" for number in plain])
    axis.set(title="False alarms where all settings are equal", ylabel="share of sweeps")
    axis.set_ylim(0, 1.25 * max(plain.values()))
    axis.legend(loc="upper left")
    said = "; ".join(
        f"{number} settings {plain[number]:.0%}, with Holm {corrected[number]:.0%}"
        for number in plain
    )
    show(figure, f"False alarms where all settings are equal: {said}. The dashed line is at 5 %.")


@plt.rc_context(STYLE)
def coin_tosses(first_only: int, second_only: int) -> None:
    """Show how often fair coins fall as unevenly as the pictures that only one network got right.

    `first_only` are those that only the first did, `second_only` those that only the second did.
    """
    number = first_only + second_only
    heads = np.arange(number + 1)
    chances = binom.pmf(heads, number, 0.5)
    uneven = abs(heads - number / 2) >= abs(first_only - number / 2) - 1e-9
    figure, axis = plt.subplots(figsize=(NARROW, 2.8))
    axis.bar(heads, chances, color="0.8")
    axis.bar(heads[uneven], chances[uneven], color=COLOURS[1], hatch="//")
    axis.axvline(first_only, color="0.2", ls="--", lw=1)
    p = chances[uneven].sum()
    axis.set(title=f"Fair coins: {number}; p = {p:.3f}", xlabel="heads", ylabel="probability")
    axis.xaxis.get_major_locator().set_params(integer=True)
    line = f"How often {number} fair coins show so many heads. The dashed line is at {first_only}"
    share = f"as uneven or more (hatched) they fall with probability {p:.3f}"
    show(figure, f"{line}; {share}.")


def _ranges(values: Numbers) -> str:
    return "; ".join(
        f"{' '.join(name.split())} {min(numbers):.3f} to {max(numbers):.3f}, "
        f"mean {np.mean(numbers):.3f}"
        for name, numbers in values.items()
    )
