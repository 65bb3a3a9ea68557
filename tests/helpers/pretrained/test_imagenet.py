"""ImageNet's class names, offline and in order."""

import numpy as np
import pytest

from helpers.pretrained.imagenet import class_names, name_pictures


def test_the_names_stand_in_imagenets_order():
    names = class_names()
    assert len(names) == 1000
    # The five cats follow each other; their places are those of every published ImageNet network.
    assert names[281:286] == ("tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat")
    assert (names[0], names[153], names[999]) == ("tench", "Maltese dog", "toilet tissue")


def test_the_likeliest_classes_come_first_for_each_picture():
    probabilities = np.zeros((2, 1000), np.float32)
    probabilities[0, [0, 285, 999]] = 0.25, 0.5, 0.125
    probabilities[1, 1] = 1
    first, second = name_pictures(probabilities, k=3)
    assert first == [("Egyptian cat", 0.5), ("tench", 0.25), ("toilet tissue", 0.125)]
    assert second[0] == ("goldfish", 1.0) and len(second) == 3


@pytest.mark.parametrize("shape", [(1000,), (2, 999), (1, 5, 5, 1280)])
def test_what_are_no_imagenet_probabilities_is_refused(shape):
    with pytest.raises(ValueError, match=r"\(n, 1000\).*with its top"):
        name_pictures(np.zeros(shape))


@pytest.mark.parametrize("k", [0, 1001])
def test_a_number_of_guesses_out_of_range_is_refused(k):
    with pytest.raises(ValueError, match="1 to 1000"):
        name_pictures(np.ones((1, 1000)), k)
