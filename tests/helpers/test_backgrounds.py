"""Real photographs behind hands."""

import numpy as np

from helpers.backgrounds import PHOTOGRAPHS, in_photographs, photographs
from helpers.samples import draw_closed_hands


def test_photographs_are_large_and_in_colour():
    found = photographs()
    assert len(found) == len(PHOTOGRAPHS) + 2
    assert all(photo.dtype == np.uint8 and photo.shape[2] == 3 for photo in found)
    assert min(min(photo.shape[:2]) for photo in found) >= 300


def test_the_hand_stays_and_what_is_behind_it_changes():
    hands, _ = draw_closed_hands(2, 64, seed=1)
    changed = in_photographs(hands, seed=0)
    assert changed.shape == hands.shape and changed.dtype == np.uint8
    white = (hands.min(-1) > 235) & (hands.max(-1) - hands.min(-1) < 6)
    moved = np.abs(changed.astype(int) - hands).max(-1)
    assert (moved[white] > 20).mean() > 0.8
    middle = moved[:, 34:38, 31:37]  # the palm
    assert np.median(middle) < 3
    assert (in_photographs(hands, seed=0) == changed).all()
    assert (in_photographs(hands, seed=1) != changed).any()
