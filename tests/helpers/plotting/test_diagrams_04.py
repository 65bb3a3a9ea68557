"""Lesson 4's drawings: each is shown once, and its alt text says what can be seen."""

import numpy as np
import pytest

from helpers.evaluation import Scores
from helpers.plotting import diagrams_04 as drawings


def test_the_schemes_and_the_way_of_the_features(shown):
    drawings.two_schemes()
    drawings.features_once((4, 4, 512), 2800)
    assert "blocks 1 to 4 are frozen; block 5" in shown[0]
    assert "over 2,800 photos" in shown[1] and "4 × 4 × 512 numbers" in shown[1]


def test_a_pixel_is_turned_round_and_loses_the_mean(shown):
    drawings.pixel_for_vgg()
    assert "red 200.0, green 150.0, blue 100.0" in shown[0]
    assert "blue -3.9, green 33.2, red 76.3" in shown[0]


@pytest.mark.parametrize("classes", [2, 5])
def test_confidence_is_that_of_the_class_said(shown, classes):
    labels = np.arange(40, dtype=np.int32) % classes
    probabilities = np.full((40, classes), 0.2 / (classes - 1), np.float32)
    probabilities[np.arange(40), np.where(np.arange(40) < 30, labels, (labels + 1) % classes)] = 0.8
    scores = Scores(probabilities, labels, tuple("abcde"[:classes]))
    said, share, counts, edges = drawings._bins(scores)
    (filled,) = np.flatnonzero(counts)
    assert counts[filled] == 40 and said[filled] == pytest.approx(0.8)
    assert share[filled] == pytest.approx(0.75) and edges[0] == 1 / classes
    drawings.confidence_panels({"one": scores, "two": scores}, "Confidence")
    assert "one: mean confidence 0.800, right 0.750" in shown[0]


def test_four_numbers_are_named_by_row_and_column(shown):
    drawings.grid_of_four(np.array([[0.6, 0.5], [0.8, 0.9]]), ("a", "b"), ("c", "d"), "Accuracy")
    assert shown == [
        "Accuracy, a table of two by two. a, c: 0.600; a, d: 0.500; b, c: 0.800; b, d: 0.900."
    ]
    drawings.grid_of_four(np.full((2, 2), 0.5), ("a", "b"), ("c", "d"), "Alike")
