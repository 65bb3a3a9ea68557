"""The figures that compare runs: each is drawn, and its alt text says what it shows."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.comparison import EXAMPLES_FOLDER, against_the_best, curves, gather
from helpers.plotting import comparison_figures


@pytest.fixture(scope="module")
def runs():
    return gather(EXAMPLES_FOLDER)


def test_learning_curves(shown, runs):
    comparison_figures.learning_curves(
        curves(runs, "network", "val_accuracy"), "Digits", "accuracy"
    )
    assert shown[0].startswith("Digits, accuracy by epoch; at the end: HIDDEN=")
    assert shown[0].count("mean") == 4


@pytest.mark.parametrize(
    ("times", "unit", "mean", "shift"),
    [
        (1, "seconds", "5.67", 60),
        (300, "minutes", "28.4", 300),
        (1e5, "hours", "158", 1e5 / 60),
    ],
)
def test_the_axis_of_time_has_a_unit_that_suits_the_runs(
    runs, monkeypatch, times, unit, mean, shift
):
    drawn = []
    monkeypatch.setattr(comparison_figures, "show", lambda plot, text: drawn.append((plot, text)))
    comparison_figures.figure_and_minutes(
        runs.assign(minutes=runs["minutes"] * times), "test_accuracy"
    )
    ((plot, text),) = drawn
    plt.close(plot)
    assert text.startswith(f"test_accuracy of each run against its {unit}; on average ")
    assert f"HIDDEN=32, LEARNING_RATE=0.001 0.922 in {mean} {unit}" in text
    (axis,) = plot.axes
    assert axis.get_xlabel() == f"{unit} per run"
    places = sorted(x for line in axis.lines for x in line.get_xdata())
    assert places == pytest.approx(sorted(runs["minutes"] * shift))


def test_figure_and_time(shown, runs):
    comparison_figures.figure_and_minutes(runs, "test_accuracy")
    assert shown[0].count(" seconds") == 5  # of the runs, and a mean for each setting


def test_spread(shown):
    comparison_figures.spread({"a": [0.5, 0.7], "b": [0.9]}, "Two", "accuracy", truth=0.6)
    assert shown == [
        "Two, accuracy of each run: a 0.500 to 0.700, mean 0.600; b 0.900 to 0.900, mean 0.900. "
        "The dashed line is at 0.600."
    ]


def test_paired_differences(shown, runs):
    comparison_figures.paired_differences(against_the_best(runs, "test_accuracy"))
    assert "HIDDEN=1024, LEARNING_RATE=0.01 minus HIDDEN=32, LEARNING_RATE=0.001 0.0" in shown[0]


def test_more_settings_than_colours_can_be_told_apart():
    looks = comparison_figures.LOOKS
    assert len(set(looks)) == len(looks) == 70
    assert len({colour for colour, _ in looks[:7]}) == len({mark for _, mark in looks[:7]}) == 7


def test_seeds_and_films_are_shown(shown):
    right = np.ones((3, 8), bool)
    right[:, 2:4] = False
    comparison_figures.right_and_wrong(right, np.repeat(list("abcd"), 2), 0.5)
    assert (
        "1 of 4 films contain all mistakes. Accuracies: 0.750 to 0.750; dashed: 0.500." in shown[0]
    )


def test_false_alarms_are_shown(shown):
    comparison_figures.false_alarms({3: 0.12, 6: 0.33}, {3: 0.04, 6: 0.03})
    assert "3 settings 12%, with Holm 4%; 6 settings 33%, with Holm 3%" in shown[0]


def test_fair_coins_are_as_uneven_as_the_exact_test_says(shown):
    comparison_figures.coin_tosses(4, 0)
    assert (
        "dashed line is at 4; as uneven or more (hatched) they fall with probability 0.125"
        in (shown[0])
    )


def test_a_loss_that_ran_away_is_left_out_of_the_scale(drawn):
    runs = {"calm": [[0.5, 0.4]], "wild": [[9.0, np.nan]]}
    comparison_figures.learning_curves(runs, "Digits", "loss")
    comparison_figures.learning_curves({"wild": [[np.nan, np.nan]]}, "Digits", "loss")
    for figure, _ in drawn:
        assert np.isfinite(figure.axes[0].get_ylim()).all()
