"""The drawings of lesson 1 show what the network really does, and can be read on a phone."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from keras import layers
from matplotlib.colors import to_hex

from helpers import plotting
from helpers.messages import OneSentence
from helpers.plotting import TRAINING_COLOUR, VALIDATION_COLOUR, diagrams

FILMS = np.repeat([f"{kind}{number}" for kind in ("paper", "rock") for number in range(4)], 30)


def texts(axis) -> list[str]:
    return [text.get_text() for text in axis.texts]


def numbers_of(axis) -> list[int]:
    return [int(text.replace("−", "-")) for text in texts(axis) if re.fullmatch(r"−?\d+", text)]


def small_network() -> keras.Sequential:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((20, 20, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, activation="relu", name="first"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            keras.Sequential([keras.Input((9, 9, 16)), layers.Conv2D(32, 3)], name="inner"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def draw_everything() -> None:
    diagrams.convolution_steps()
    diagrams.pooling_step()
    diagrams.network_boxes(small_network())
    diagrams.feature_maps(small_network(), np.zeros((20, 20, 3)), "first")
    diagrams.split_by_films(FILMS, ["paper1"])


def test_drawings_are_narrow_and_their_letters_large(drawn):
    draw_everything()
    assert len(drawn) == 5
    for figure, _ in drawn:
        assert figure.get_figwidth() <= diagrams.NARROW
        every = [text for text in figure.findobj(plt.Text) if text.get_text()]
        assert min(text.get_fontsize() for text in every) >= 8


@pytest.mark.parametrize("seed", [None, 0])
def test_the_feature_map_is_that_of_a_real_convolution(drawn, monkeypatch, seed):
    random = np.random.default_rng(seed)
    picture = diagrams.EDGE if seed is None else random.integers(0, 10, (5, 6))
    weights = diagrams.UPRIGHT if seed is None else random.integers(-2, 3, (3, 2))
    places = ((0, 0), (1, 1), (picture.shape[0] - 3, picture.shape[1] - weights.shape[1]))
    for name, value in (("EDGE", picture), ("UPRIGHT", weights), ("PLACES", places)):
        monkeypatch.setattr(diagrams, name, value)
    diagrams.convolution_steps()
    real = keras.ops.conv(
        picture[None, ..., None].astype("float32"), weights[..., None, None].astype("float32")
    )
    real = keras.ops.convert_to_numpy(real)[0, ..., 0].astype(int)
    ((figure, alt),) = drawn
    for axis, (row, column) in zip(figure.axes, places, strict=True):
        found = numbers_of(axis)
        given = [*picture.ravel(), *weights.ravel()]
        assert found[: len(given)] == given
        assert found[len(given) :] == real.ravel()[: row * real.shape[1] + column + 1].tolist()
        (written,) = (text for text in texts(axis) if "·" in text)
        left, right = written.translate(str.maketrans("·−", "*-")).split("=")
        assert eval(left) == int(right) == real[row, column]
        assert f"at row {row}, column {column} the products add up to {real[row, column]}" in alt
    assert f"{real.shape[0]} x {real.shape[1]} numbers" in alt


def test_pooling_keeps_what_keras_keeps(drawn, monkeypatch):
    numbers = np.random.default_rng(0).permutation(16).reshape(4, 4)
    monkeypatch.setattr(diagrams, "MAP", numbers)
    diagrams.pooling_step()
    real = layers.MaxPooling2D()(numbers[None, ..., None].astype("float32"))
    real = keras.ops.convert_to_numpy(real).astype(int).ravel().tolist()
    ((figure, alt),) = drawn
    assert numbers_of(figure.axes[0]) == [*numbers.ravel(), *real]
    assert all(f"the largest, {number}" in alt for number in real)


def test_boxes_have_the_layers_shapes_and_parameters(drawn):
    network = small_network()
    diagrams.network_boxes(network)
    ((figure, alt),) = drawn
    found = texts(figure.axes[0])
    for layer in network.layers:
        shape = layer.output.shape[1:]
        assert type(layer).__name__ in found and " × ".join(map(str, shape)) in found
        assert f"{type(layer).__name__} {' x '.join(map(str, shape))}" in alt
        assert not layer.count_params() or f"{layer.count_params():,}" in found
    assert f"{network.count_params():,}" in found and "In all" in alt


def test_boxes_are_drawn_to_scale(drawn):
    network = keras.Sequential(
        [keras.Input((16, 16, 16)), layers.MaxPooling2D(), layers.Conv2D(64, 1), layers.Flatten()]
    )
    diagrams.network_boxes(network)
    first, pooled, convolved, flat = drawn[0][0].axes[0].patches
    assert pooled.get_width() == pytest.approx(first.get_width() / 2)
    assert pooled.get_height() == pytest.approx(first.get_height())
    assert convolved.get_width() == pytest.approx(pooled.get_width())
    assert flat.get_height() == pytest.approx(convolved.get_height() * 8)
    assert flat.get_width() < convolved.get_width()


def test_the_columns_beside_the_boxes_do_not_touch(drawn):
    diagrams.network_boxes(
        keras.Sequential(
            [
                keras.Input((224, 224, 3)),
                layers.SeparableConv2D(512, 3, padding="same"),
                layers.BatchNormalization(),
                layers.Flatten(),
                layers.Dense(2, name="much"),
            ]
        )
    )
    figure = drawn[0][0]
    figure.canvas.draw()
    (axis,) = figure.axes
    extents = [(text.get_text(), text.get_window_extent()) for text in axis.texts]
    extents += [("box", patch.get_window_extent()) for patch in axis.patches]
    for place, (name, box) in enumerate(extents):
        assert not [other for other, its in extents[:place] if box.overlaps(its)], name


def test_a_network_without_shapes_is_refused():
    with pytest.raises(OneSentence, match=r"begin it with `keras\.Input"):
        diagrams.network_boxes(keras.Sequential([layers.Dense(3)]))


def test_feature_maps_are_the_layers_own_and_the_strongest(drawn):
    network = small_network()
    picture = np.full((20, 20, 3), 255, np.uint8)
    picture[5:15, 8:12] = 0
    diagrams.feature_maps(network, picture, "first")
    first, scaling = network.get_layer("first"), network.layers[0]
    real = keras.ops.convert_to_numpy(first(scaling(picture[None].astype("float32"))))[0]
    ((figure, alt),) = drawn
    shown, *maps = figure.axes
    np.testing.assert_array_equal(shown.images[0].get_array(), picture)
    filters = [int(axis.get_title().removeprefix("filter ")) for axis in maps]
    assert len(filters) == 6
    for axis, which in zip(maps, filters, strict=True):
        np.testing.assert_allclose(axis.images[0].get_array(), real[..., which], atol=1e-5)
        assert f"{which} (maximum {real[..., which].max():.2f})" in alt
    heights = real.max((0, 1)) - np.median(real, (0, 1))
    assert heights[filters].min() >= np.delete(heights, filters).max()


def test_a_layer_without_feature_maps_is_refused():
    with pytest.raises(OneSentence, match=r"choose one of .*first"):
        diagrams.feature_maps(small_network(), np.zeros((20, 20, 3)), "dense")


def colours_of(axis) -> list[list[str]]:
    """Return the colour of each frame, film by film."""
    frames = np.array([to_hex(patch.get_facecolor()) for patch in axis.patches])
    return frames.reshape(8, -1).tolist()


def test_films_are_held_out_whole_and_frames_at_random(drawn):
    diagrams.split_by_films(FILMS, ["paper1", "rock0"])
    ((figure, alt),) = drawn
    at_random, whole = map(colours_of, figure.axes)
    assert [set(film) for film in whole] == [
        {VALIDATION_COLOUR if name in ("paper1", "rock0") else TRAINING_COLOUR}
        for name in dict.fromkeys(FILMS)
    ]
    mixed = {TRAINING_COLOUR, VALIDATION_COLOUR}
    assert sum(set(film) == mixed for film in at_random) >= 6
    assert [axis.get_title(loc="left") for axis in figure.axes] == [
        "frames at random\n100% leak",
        "whole films\n0% leak",
    ]
    assert "frames at random, 100% of the validation frames leak" in alt
    assert "Held out as whole films: paper1, rock0." in alt


def test_films_of_one_frame_leak_nothing(drawn):
    diagrams.split_by_films(np.array([f"photo{number}" for number in range(8)]), ["photo3"])
    assert drawn[0][1].count(" 0% of the validation frames leak") == 2


@pytest.mark.parametrize(
    ("held_out", "said"), [(["paper9"], "no film paper9; .* paper0"), ([], "Name at least one")]
)
def test_films_that_cannot_be_held_out_are_refused(held_out, said):
    with pytest.raises(OneSentence, match=said):
        diagrams.split_by_films(FILMS, held_out)


def test_a_drawing_is_an_svg_with_its_alt_text_the_same_every_time(monkeypatch):
    shown = []
    monkeypatch.setattr(plotting, "display", lambda data, **more: shown.append((data, more)))
    for _ in range(2):
        diagrams.pooling_step()
    (data, more), again = shown
    alt = data["text/plain"]
    assert more == {"raw": True, "metadata": {"image/svg+xml": {"alt": alt}}}
    root = ElementTree.fromstring(data["image/svg+xml"])
    assert root.get("role") == "img"
    assert root.find("{http://www.w3.org/2000/svg}title").text.strip() == alt
    assert data == again[0]
    assert not plt.get_fignums()


def test_alt_text_is_escaped_and_must_not_be_empty(monkeypatch):
    shown = []
    monkeypatch.setattr(plotting, "display", lambda data, **_: shown.append(data))
    diagrams.show_drawing(plt.figure(), "a < b & c")
    ElementTree.fromstring(shown[0]["image/svg+xml"])
    with pytest.raises(ValueError, match="alt text"):
        diagrams.show_drawing(plt.figure(), " ")
    plt.close("all")


def test_of_many_films_some_are_drawn_and_all_are_counted(drawn):
    films = np.array([f"photo{number}" for number in range(800)])
    diagrams.split_by_films(films, [f"photo{number}" for number in range(0, 800, 7)])
    ((figure, alt),) = drawn
    assert figure.get_figheight() < 8 and len(figure.axes[0].get_yticklabels()) == 40
    assert figure.axes[0].get_xlabel() == "40 of 800 films"
    assert alt.startswith("800 films") and alt.endswith("and 75 more.") and len(alt) < 700
