"""The drawings of lesson 3 tell what was measured, and can be read on a phone."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from helpers.evaluation import Scores
from helpers.plotting import diagrams, diagrams_03


def scores(right: int) -> Scores:
    """Scores of 100 pictures, of which some are right."""
    probabilities = np.eye(2, dtype=np.float32)[(np.arange(100) >= right).astype(int)]
    return Scores(probabilities, np.zeros(100, np.int32), ("a", "b"))


def corners() -> dict[tuple[int, bool], Scores]:
    return {(28, False): scores(77), (28, True): scores(65), (96, True): scores(70)} | {
        (96, False): scores(70)
    }


def test_the_grid_tells_all_corners_and_differences(drawn):
    seconds = {(28, False): 14.2, (28, True): 17, (96, False): 580, (96, True): 596}
    diagrams_03.size_by_distortion(corners(), seconds)
    ((figure, alt),) = drawn
    (axis,) = figure.axes
    texts = [text.get_text() for text in axis.texts]
    for text in ("0.770", "0.650", "14 s", "596 s", "↓ −0.120", "↓ +0.000", "→\n−0.070"):
        assert text in texts, text
    assert "28 pixels, distorted: 0.650, 17 seconds" in alt
    assert "distorting at 28 pixels -0.120" in alt and "enlarging the distorted +0.050" in alt


def test_the_two_ways_say_what_is_frozen(drawn):
    diagrams_03.two_ways(112)
    ((_, alt),) = drawn
    assert "112 x 112" in alt and "frozen and run once" in alt


def test_drawings_are_narrow_and_their_letters_large(drawn):
    diagrams_03.two_ways(80)
    diagrams_03.size_by_distortion(corners(), dict.fromkeys(corners(), 5.0))
    for figure, _ in drawn:
        assert figure.get_figwidth() <= diagrams.NARROW
        every = [text for text in figure.findobj(plt.Text) if text.get_text()]
        assert min(text.get_fontsize() for text in every) >= 8
