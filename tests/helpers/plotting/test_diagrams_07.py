"""Lesson 7's figures: each is shown once, and its alt text says what can be seen."""

import numpy as np

from helpers.plotting import diagrams_07 as drawings


def test_errors_are_told_as_measured_and_as_extrapolated(shown):
    errors = np.array([[0.4, 0.2], [0.2, 0.1]])
    guesses = np.array([[0.1, 0.05], [0.15, 0.1], [0.2, 0.15]])
    drawings.more_pictures([20, 40], errors, [40, 80], guesses)
    assert "20: 0.300, 40: 0.150; extrapolated 80: 0.100 (0.050 to 0.150)" in shown[0]


def test_what_is_below_the_threshold_is_refused(shown):
    drawings.confidence_rows({"own": np.array([0.9, 0.5]), "other": np.array([0.5])}, 0.6)
    assert "threshold of 0.60 and so refused: own: 50%; other: 100%" in shown[0]
