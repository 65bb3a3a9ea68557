"""Figures are shown with alt text that says what is in them."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from helpers import plotting
from helpers.evaluation import Scores

CLASSES = ("paper", "rock", "scissors")


@pytest.fixture
def shown(monkeypatch):
    """Collect (picture, alt text) of every figure shown."""
    figures = []

    def collect(data, raw, metadata):
        assert raw and data["text/plain"] == metadata["image/png"]["alt"]
        picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
        figures.append((picture, metadata["image/png"]["alt"]))

    monkeypatch.setattr(plotting, "display", collect)
    yield figures
    assert not plt.get_fignums(), "figures are closed after they were shown"


@pytest.fixture
def scores():
    probabilities = np.eye(3, dtype=np.float32)[[0, 0, 1, 2]]
    return Scores(probabilities, np.array([0, 0, 1, 1], np.int32), CLASSES)


def test_a_figure_without_alt_text_is_refused():
    figure = plt.figure()
    with pytest.raises(ValueError, match="alt text"):
        plotting.show(figure, " ")
    plt.close(figure)


def test_curves_say_where_they_end(shown):
    history = {
        "accuracy": [0.5, 0.9],
        "loss": [1.0, 0.2],
        "val_accuracy": [0.4, 0.75],
        "val_loss": [1.0, 0.6],
    }
    plotting.training_curves(history, "Net", {"accuracy": "training", "val_accuracy": "test"})
    assert "training 0.90, test 0.75" in shown[0][1]


@pytest.mark.filterwarnings("error")  # no picture of a class is no division by zero
def test_confusion_names_the_mistakes(shown, scores):
    plotting.confusion(scores, "test set")
    assert shown[0][1] == ("Confusion matrix, test set: 3 of 4 right; 1 rock taken for scissors.")


def test_bars_tell_every_accuracy(shown, scores):
    plotting.accuracy_bars({"first": scores, "second": scores}, "Compared")
    assert shown[0][1] == "Compared: first 0.750; second 0.750."


def test_probabilities_are_told(shown):
    plotting.probability_bars({"with": np.array([0.2, 0.3, 0.5])}, CLASSES, "One picture")
    assert "with: paper 0.200, rock 0.300, scissors 0.500" in shown[0][1]


def test_a_grid_shows_every_picture(shown):
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255)]
    images = np.array([np.full((8, 8, 3), colour) for colour in colours], np.float32)
    plotting.picture_grid(images, [*"abcde"], columns=3)
    pixels = np.asarray(shown[0][0].convert("RGB")).reshape(-1, 3)
    for colour in colours:
        assert (pixels == colour).all(axis=1).sum() > 1000
    assert shown[0][1] == "5 pictures: a; b; c; d; e"


def test_maps_are_laid_over_their_pictures(shown):
    images = np.full((2, 8, 8, 3), 128, np.uint8)
    maps = np.zeros((2, 8, 8), np.float32)
    maps[1] = 1
    plotting.pictures_with_maps(images, maps, ["one\nx", "two"])
    assert shown[0][1].endswith("one x; two.")
    pixels = np.asarray(shown[0][0].convert("RGB"))
    lower = pixels[int(pixels.shape[0] * 0.75)]
    quarter = len(lower) // 4
    assert lower[quarter].sum() < lower[3 * quarter].sum(), "the second map is the brighter one"


def test_compared_curves_tell_their_range_and_end(shown):
    curves = {"as published": [0.5, 0.9, 0.7], "pooled": [0.6, 0.8, 0.85]}
    plotting.compare_curves(curves, "Heads", "test accuracy")
    assert shown[0][1] == (
        "Heads, test accuracy by epoch: as published 0.500 to 0.900, at the end 0.700; "
        "pooled 0.600 to 0.850, at the end 0.850."
    )


def test_an_embedding_says_how_well_it_separates(shown):
    apart = np.array([[0, 0], [0, 1], [5, 5], [5, 6]], float)
    mixed = np.array([[0, 0], [5, 5], [0, 1], [5, 6]], float)
    kinds = np.array([0, 0, 1, 1])
    plotting.embedding({"pixels": mixed, "features": apart}, kinds, ("rock", "paper"))
    assert "pixels: 0% of the points lie next to their kind" in shown[0][1]
    assert "features: 100% of the points" in shown[0][1]
