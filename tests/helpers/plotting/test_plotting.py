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
    with pytest.raises(ValueError, match="alt text"):
        plotting.show(plt.figure(), " ")


def test_curves_say_where_they_end(shown):
    history = {
        "accuracy": [0.5, 0.9],
        "loss": [1.0, 0.2],
        "val_accuracy": [0.4, 0.75],
        "val_loss": [1.0, 0.6],
    }
    plotting.training_curves(history, "Net", {"accuracy": "training", "val_accuracy": "test"})
    assert "training 0.90, test 0.75" in shown[0][1]


@pytest.mark.parametrize(
    ("values", "scale"),
    [([3.7, 0.2, 0.18], "log"), ([0.4, 0.25, 0.2], "linear"), ([0.9, 0.0, 0.1], "linear")],
)
def test_a_loss_that_begins_high_does_not_flatten_the_rest(drawn, values, scale):
    plotting.compare_curves({"a": values, "b": [0.3, 0.25, 0.24]}, "Losses", "validation loss")
    ((figure, _),) = drawn
    assert figure.axes[0].get_yscale() == scale


def test_a_confusion_of_very_many_classes_fits_on_a_page(drawn):
    names = [f"class {number}" for number in range(200)]
    plotting.confusion(Scores(np.eye(200), np.arange(200), names), "test set")
    ((figure, _),) = drawn
    assert max(figure.get_size_inches()) < 25
    assert not figure.axes[0].texts  # forty thousand counts would take minutes


@pytest.mark.filterwarnings("error")  # no picture of a class is no division by zero
def test_confusion_names_the_mistakes(shown, scores):
    plotting.confusion(scores, "test set")
    assert shown[0][1] == ("Confusion matrix, test set: 3 of 4 right; 1 rock taken for scissors.")


def test_a_muted_diagonal_lets_the_errors_be_seen(drawn, scores):
    for muted in (False, True):
        plotting.confusion(scores, "test set", muted=muted)
    shades = [figure.axes[0].images[0].get_array() for figure, _ in drawn]
    assert shades[0][0, 0] == 1 and shades[0][1, 2] == 0.5
    assert shades[1].sum() == shades[1][1, 2] == 1  # the only error is darkest
    assert len(drawn[1][0].axes[0].patches) == 3


def test_of_many_mistakes_the_frequent_ones_are_named(shown):
    counts = np.full((5, 5), 1)
    counts[0, 3] = 7
    labels, answers = np.array(
        [place for place in np.ndindex(5, 5) for _ in range(counts[place])]
    ).T
    scores = Scores(np.eye(5, dtype=np.float32)[answers], labels.astype(np.int32), tuple("abcde"))
    plotting.confusion(scores, "many")
    assert "right; 7 a taken for d, 1 a taken for b" in shown[0][1]
    assert shown[0][1].count("taken for") == 8
    assert shown[0][1].endswith(", 12 other mistakes.")


def test_bars_tell_every_accuracy(shown, scores):
    plotting.accuracy_bars({"first": scores, "second": scores}, "Compared")
    assert shown[0][1] == "Compared: first 0.750; second 0.750."


def test_approaches_are_compared_with_the_first(shown, scores):
    perfect = Scores(np.eye(3, dtype=np.float32)[[0, 1]], np.array([0, 1], np.int32), CLASSES)
    minutes = {"second": 12.0, "first": 1.5}
    plotting.compare_approaches({"first": scores, "second": perfect}, minutes, "Compared")
    assert shown[0][1] == (
        "Compared: first 0.750, 0 % of the first one's errors removed, 1.5 minutes; "
        "second 1.000, 100 % of the first one's errors removed, 12.0 minutes."
    )


def test_approaches_are_compared_with_one_that_makes_no_errors(shown, scores):
    perfect = Scores(np.eye(3, dtype=np.float32)[[0, 1]], np.array([0, 1], np.int32), CLASSES)
    minutes = {"second": 12.0, "first": 1.5}
    plotting.compare_approaches({"first": perfect, "second": scores}, minutes, "Compared")
    assert "second 0.750, no errors of the first one to remove" in shown[0][1]


def test_short_times_are_told_in_seconds(shown, scores):
    plotting.compare_approaches({"first": scores}, {"first": 0.05}, "Compared")
    assert shown[0][1].endswith("3.0 seconds.")


def test_labels_of_added_errors_stay_in_their_panel(drawn):
    labels = np.zeros(20, np.int32)
    several = {
        name: Scores(np.eye(3, dtype=np.float32)[[1] * wrong + [0] * (20 - wrong)], labels, CLASSES)
        for name, wrong in {"first": 4, "second": 13, "third": 2}.items()
    }
    plotting.compare_approaches(several, dict.fromkeys(several, 0.1), "Compared")
    ((figure, _),) = drawn
    figure.canvas.draw()
    for axis in figure.axes:
        panel = axis.get_window_extent()
        for text in axis.texts:
            box = text.get_window_extent()
            assert panel.x0 <= box.x0 and box.x1 <= panel.x1, text.get_text()


LONG = "A title that is longer than any figure of three classes is wide"
NAMES = ("the better network, two looks: photographs", "a short one", "and another of them")
CURVE = [0.5, 0.7, 0.9]
HISTORY = {"accuracy": CURVE, "loss": CURVE, "val_accuracy": CURVE, "val_loss": CURVE}
GUESSES = [("West Highland white terrier", 1.0), ("tabby", 0.5)]
POINTS = np.arange(12.0).reshape(6, 2) % 5
FIGURES = {
    "training_curves": lambda scores: (HISTORY, LONG, dict(zip(HISTORY, NAMES[::2], strict=False))),
    "compare_curves": lambda scores: (dict.fromkeys(NAMES, CURVE), LONG, "accuracy"),
    "embedding": lambda scores: (
        dict.fromkeys(NAMES, POINTS),
        np.arange(6) % 3,
        CLASSES,
        np.arange(6),
    ),
    "confusion": lambda scores: (scores, LONG),
    "accuracy_bars": lambda scores: (dict.fromkeys(NAMES, scores), LONG),
    "compare_approaches": lambda scores: (
        dict.fromkeys(NAMES, scores),
        dict.fromkeys(NAMES, 111.1),
        LONG,
    ),
    "top_guesses": lambda scores: (dict.fromkeys(NAMES, GUESSES), LONG),
    "accuracy_by_number": lambda scores: (
        {name: {10 * 4**n: CURVE for n in range(7)} for name in NAMES},
        LONG,
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_can_be_read_on_a_phone_and_nothing_of_it_is_cut_off(name, drawn, scores):
    getattr(plotting, name)(*FIGURES[name](scores))
    ((figure, _),) = drawn
    figure.canvas.draw()
    width, height = figure.get_size_inches()
    box = figure.get_tightbbox()
    assert width <= plotting.NARROW
    assert box.x0 > -0.01 and box.x1 < width + 0.01 and box.y0 > -0.01 and box.y1 < height + 0.01


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
    points = {"pixels": mixed, "features": apart}
    plotting.embedding(points, kinds, ("rock", "paper"), np.arange(4))
    assert "pixels: 0% of the points lie next to their kind" in shown[0][1]
    assert "features: 100% of the points" in shown[0][1]


def test_neighbours_of_the_own_group_may_be_left_out(shown):
    places = np.array([[0, 0], [0, 1], [0, 5], [9, 9], [9, 8], [0, 4]], float)
    kinds, films = np.array([0, 0, 1, 1, 1, 0]), np.array([1, 1, 2, 3, 3, 4])
    assert plotting.neighbours_alike(places, kinds, np.arange(6)) == pytest.approx(4 / 6)
    assert plotting.neighbours_alike(places, kinds, films) == pytest.approx(4 / 6)
    films = np.array([1, 1, 2, 3, 3, 2])
    assert plotting.neighbours_alike(places, kinds, films) == pytest.approx(5 / 6)
    plotting.embedding({"pixels": places}, kinds, ("rock", "paper"), films)
    assert "83% of the points lie next to their kind, neighbours of their own group" in shown[0][1]


def test_guesses_are_told_with_their_probabilities(shown):
    guesses = {"cat/7": [("tabby", 0.75), ("lynx", 0.125)], "dog/9": [("cairn", 0.5)]}
    plotting.top_guesses(guesses, "What it sees")
    expected = "What it sees. cat/7: tabby 0.750, lynx 0.125; dog/9: cairn 0.500."
    assert shown[0][1] == expected
    blue = tuple(int(plotting.TRAINING_COLOUR[place : place + 2], 16) for place in (1, 3, 5))
    pixels = np.asarray(shown[0][0].convert("RGB"))
    upper = (pixels[: len(pixels) // 2] == blue).all(axis=2).sum()
    assert upper > (pixels == blue).all(axis=2).sum() / 2, "the upper panel has the longer bars"


def test_accuracy_by_number_averages_the_draws(shown):
    curves = {"features": {20: [0.8, 0.9], 2000: [0.97]}, "from scratch": {20: [0.5]}}
    plotting.accuracy_by_number(curves, "Transfer")
    assert shown[0][1] == (
        "Transfer, accuracy by number of training pictures. "
        "features: 20: 0.850, 2,000: 0.970; from scratch: 20: 0.500."
    )


def test_accuracy_by_number_says_what_is_counted(shown):
    plotting.accuracy_by_number({"a": {2: [0.5]}}, "Few", over="pictures per class")
    assert shown[0][1].startswith("Few, accuracy by number of pictures per class. a: 2")


def test_the_legend_of_accuracy_by_number_covers_no_curve(drawn):
    curves = {"features": {20: [0.9], 96: [1.0]}, "from scratch": {20: [0.5], 96: [0.5]}}
    plotting.accuracy_by_number(curves, "Transfer")
    ((figure, _),) = drawn
    figure.canvas.draw()
    legends = [*figure.legends, *(axis.legend_ for axis in figure.axes if axis.legend_)]
    box = legends[0].get_window_extent()
    assert not any(axis.get_window_extent().overlaps(box) for axis in figure.axes)


def test_names_below_a_figure_stand_on_one_line(drawn, scores):
    plotting.confusion(scores, "test set")
    ((figure, _),) = drawn
    labels = figure.axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == list(CLASSES)
    assert {label.get_verticalalignment() for label in labels} == {"baseline"}


def test_an_embedding_takes_any_names_and_many(drawn):
    names = ["_unknown", *(f"US$_{number}$ \\frac" for number in range(29))]
    points, kinds = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 30
    plotting.embedding({"pixels": points, "features": points}, kinds, names, np.arange(60))
    ((figure, _),) = drawn
    figure.canvas.draw()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == names
    looks = {(str(one.get_facecolor()), str(one.get_paths())) for one in figure.axes[0].collections}
    assert len(looks) == 30


def test_long_names_leave_the_confusion_matrix_its_room(drawn):
    classes = ("a gesture with a very long name", "another of 31 letters, all told")
    scores = Scores(np.eye(2, dtype=np.float32), np.array([0, 1], np.int32), classes)
    plotting.confusion(scores, "Test")
    ((figure, _),) = drawn
    figure.canvas.draw()
    (axis,) = figure.axes
    assert axis.get_window_extent().width / figure.dpi / 2 > 0.6
    assert [text.get_text().replace("\n", " ") for text in axis.get_yticklabels()] == [*classes]


def test_titles_of_a_grid_stay_above_their_pictures(drawn):
    titles = ["a gesture with a very long name\n0.98", "$\\frac, not $10"]
    plotting.picture_grid(np.zeros((2, 8, 8, 3)), titles)
    ((figure, alt),) = drawn
    figure.canvas.draw()
    boxes = [axis.title.get_window_extent() for axis in figure.axes[:2]]
    assert boxes[0].x1 < boxes[1].x0 and "very long name 0.98; $\\frac" in alt
