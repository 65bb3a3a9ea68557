"""The drawings of lesson 5 show what they are given, and can be read on a phone."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.plotting import diagrams, diagrams_05

WEIGHTS, WORK = {"block 1": 30, "block 2": 70}, {"block 1": 900, "block 2": 100}
RISING = {"loss": [3.7, 0.3, 0.1, 0.05], "val_loss": [0.9, 0.4, 0.5, 0.6]}
FALLING = {"loss": [0.6, 0.5, 0.4], "val_loss": [0.6, 0.5, 0.45]}


def test_drawings_are_narrow_and_their_letters_large(drawn):
    diagrams_05.three_approaches("blocks 1 to 4", "block 5")
    diagrams_05.weights_and_work(WEIGHTS, WORK)
    diagrams_05.losses_side_by_side({"a": RISING, "b": FALLING, "c": FALLING}, "Losses", ["a"])
    assert len(drawn) == 3
    for figure, alt in drawn:
        assert figure.get_figwidth() <= diagrams.NARROW and alt.endswith(".")
        every = [text for text in figure.findobj(plt.Text) if text.get_text()]
        assert min(text.get_fontsize() for text in every) >= 8


def test_three_approaches_name_the_parts_they_are_given(drawn):
    diagrams_05.three_approaches("blocks 1 to 6", "block 7")
    ((figure, alt),) = drawn
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts.count("blocks 1 to 6") == texts.count("block 7") == 3
    assert texts.count("new head") == 2 and texts.count("trained head") == 1
    assert "block 7 learns on" in alt


def test_shares_are_those_of_weights_and_work(drawn):
    diagrams_05.weights_and_work(WEIGHTS, WORK)
    ((figure, alt),) = drawn
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths == pytest.approx([30, 70, 90, 10])
    assert "block 1 30% of the weights, 90% of the multiplications" in alt


def test_a_loss_that_begins_high_is_marked_and_does_not_flatten_the_rest(drawn):
    diagrams_05.losses_side_by_side({"a": RISING, "b": FALLING}, "Losses", ["a"])
    ((figure, alt),) = drawn
    first = figure.axes[0]
    assert first.get_ylim()[1] < 2
    assert [text.get_text() for text in first.texts] == ["3.7", "kept: 2"]
    assert "a, after 4 epochs training 0.05, validation 0.60, at its lowest 0.40 in epoch 2" in alt
    assert not figure.axes[1].texts


def test_a_loss_that_ran_away_does_not_cost_the_others_their_panels(drawn):
    lost = {"loss": [np.nan] * 3, "val_loss": [np.nan] * 3}
    diagrams_05.losses_side_by_side({"a": lost, "b": FALLING}, "Losses")
    diagrams_05.losses_side_by_side({"a": lost}, "Losses")
    assert drawn[0][0].axes[1].get_ylim()[1] < 1
