"""Figures of lesson 7: more pictures, and pictures of something else."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullLocator

from helpers.plotting import (
    NARROW,
    STYLE,
    TRAINING_COLOUR,
    VALIDATION_COLOUR,
    legend_below,
    note,
    show,
)


@plt.rc_context(STYLE)
def more_pictures(
    numbers: Sequence[int], errors: np.ndarray, ahead: Sequence[int], guesses: np.ndarray
) -> None:
    """Show errors against the number of training pictures, measured and extrapolated.

    Args:
        numbers: of training pictures, those that were tried.
        errors: the share of errors at each, by several draws, shape (numbers, draws).
        ahead: numbers to extrapolate to; the first is the last that was tried.
        guesses: low end, middle and high end of the share of errors there, shape (3, ahead).
    """
    means = errors.mean(axis=1)
    low, middle, high = guesses
    figure, axis = plt.subplots(figsize=(NARROW, 3.8))
    axis.plot(numbers, means, "o-", color=TRAINING_COLOUR, label="measured, mean and range")
    axis.vlines(numbers, errors.min(1), errors.max(1), color=TRAINING_COLOUR, alpha=0.5)
    axis.plot(ahead, middle, "--", color=VALIDATION_COLOUR, label="if it goes on like this")
    axis.fill_between(ahead, low, high, color=VALIDATION_COLOUR, alpha=0.2, lw=0)
    ticks = [*numbers, *ahead[1:]]
    axis.set_xscale("log")
    axis.set_xticks(ticks, [f"{number:,}" for number in ticks])
    axis.xaxis.set_minor_locator(NullLocator())
    title = "What more pictures would bring"
    axis.set(title=title, xlabel="training pictures", ylabel="share of errors", ylim=(0, None))
    legend_below(figure, axis)
    measured = ", ".join(f"{n:,}: {mean:.3f}" for n, mean in zip(numbers, means, strict=True))
    guessed = ", ".join(
        f"{n:,}: {m:.3f} ({lo:.3f} to {hi:.3f})"
        for n, lo, m, hi in zip(ahead[1:], low[1:], middle[1:], high[1:], strict=True)
    )
    what = f"{title}: share of errors by number of training pictures"
    show(figure, f"{what}. Measured {measured}; extrapolated {guessed}.")


@plt.rc_context(STYLE)
def confidence_rows(confidences: Mapping[str, np.ndarray], threshold: float) -> None:
    """Show how confident a network is of pictures of several kinds: a dot each, a row a kind.

    `confidences` are probabilities of each picture's likeliest class, by the kind's name; what is
    below the threshold is refused.
    """
    random, said = np.random.default_rng(0), []
    figure, axis = plt.subplots(figsize=(NARROW, 1 + 0.55 * len(confidences)))
    beside = {"xycoords": ("axes fraction", "data"), "va": "center"}
    for row, (name, values) in enumerate(confidences.items()):
        places = row + random.uniform(-0.22, 0.22, len(values))
        axis.plot(values, places, "o", ms=4, alpha=0.6, mew=0, color=TRAINING_COLOUR)
        refused = f"{(values < threshold).mean():.0%}"
        note(axis, f"{refused} refused", (1, row), (8, 0), **beside)
        said.append(f"{name}: {refused}")
    axis.axvline(threshold, color=VALIDATION_COLOUR, lw=2)
    above = {"xycoords": ("data", "axes fraction"), "ha": "right", "color": VALIDATION_COLOUR}
    note(axis, f"threshold {threshold:.2f}", (threshold, 1), (-4, 4), **above)
    axis.set_yticks(range(len(confidences)), [textwrap.fill(name, 18) for name in confidences])
    axis.set(xlabel="confidence", xlim=(None, 1.01), ylim=(len(confidences) - 0.5, -0.5))
    axis.grid(visible=False, axis="y")
    what = "Confidence of the likeliest class, a dot for each picture, a row for each kind"
    refused = f"Below the threshold of {threshold:.2f} and so refused: {'; '.join(said)}"
    show(figure, f"{what}. {refused}.")
