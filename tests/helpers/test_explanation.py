"""Grad-CAM finds the place that decides."""

import keras
import numpy as np
import pytest

from helpers.explanation import grad_cam, last_maps


def spot_model(sequential: bool = False) -> keras.Model:
    """One map that copies brightness; the brighter its average, the more probable class 1."""
    inputs = keras.Input((16, 16, 3))
    scale = keras.layers.Rescaling(1 / 255, name="scale")
    maps = keras.layers.Conv2D(1, 1, use_bias=False, name="maps")
    average = keras.layers.GlobalAveragePooling2D()
    answer = keras.layers.Dense(2, "softmax")
    if sequential:
        model = keras.Sequential()
        for layer in (inputs, scale, maps, average, answer):
            model.add(layer)
    else:
        model = keras.Model(inputs, answer(average(maps(scale(inputs)))))
    maps.set_weights([np.full((1, 1, 3, 1), 1 / 3)])
    answer.set_weights([np.array([[-9.0, 9.0]]), np.array([1.0, -1.0])])
    return model


def sequential_model() -> keras.Model:
    return spot_model(sequential=True)


def joined_model() -> keras.Model:
    """The same network cut and joined again, whose upper layers are part of three graphs."""
    model = spot_model()
    scaled = model.get_layer("scale").output
    lower, upper = keras.Model(model.input, scaled), keras.Model(scaled, model.output)
    return keras.Model(lower.input, upper.call(lower.output))


@pytest.mark.parametrize("build", [spot_model, sequential_model, joined_model])
def test_the_heat_lies_on_the_bright_spot(build):
    images = np.zeros((2, 16, 16, 3), np.float32)
    images[0, 2:5, 10:13] = 255
    images[1, 12:15, 1:4] = 255
    maps = grad_cam(build(), images, np.array([1, 1]))
    assert maps.shape == (2, 16, 16)
    assert maps.min() >= 0 and maps.max() == pytest.approx(1)
    assert maps[0, 3, 11] == 1 and maps[1, 13, 2] == 1
    assert maps[0, 12:, :4].max() == 0


def test_layers_that_have_nothing_to_learn_are_no_hindrance():
    pixels = keras.Input((16, 16, 3))
    maps = keras.layers.AveragePooling2D(2)(keras.layers.Rescaling(1 / 255)(pixels))
    answer = keras.layers.Dense(2, "softmax")(keras.layers.GlobalAveragePooling2D()(maps))
    images = np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3)).astype(np.float32)
    assert grad_cam(keras.Model(pixels, answer), images, np.array([0, 1])).max() == pytest.approx(1)


def test_what_speaks_against_a_class_is_no_evidence_for_it():
    images = np.zeros((1, 16, 16, 3), np.float32)
    images[0, 2:5, 10:13] = 255
    assert grad_cam(spot_model(), images, np.array([0])).max() == 0


def test_a_layer_counts_by_its_output_in_this_very_model():
    """Elsewhere the same layer may give vectors."""
    shared = keras.layers.ReLU(name="shared")
    shared(keras.Input((3,)))
    inputs = keras.Input((16, 16, 3))
    maps = shared(keras.layers.Conv2D(1, 1)(inputs))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(maps))
    assert last_maps(model).shape == (None, 16, 16, 1)


@pytest.mark.parametrize(("size", "edge"), [(64, 8), (32, 4), (16, 4), (8, 4)])
def test_maps_that_are_too_small_are_passed_over(size, edge):
    model = keras.Sequential([keras.Input((size, size, 3))])
    for _ in range(2):
        model.add(keras.layers.MaxPooling2D())
        model.add(keras.layers.ReLU())
    model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.GlobalMaxPooling2D())
    assert last_maps(model).shape[1:3] == (edge, edge)
    small = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.ReLU()])
    assert last_maps(small) is small.layers[-1].output


def test_a_model_without_maps_is_refused():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="no layer with feature maps"):
        last_maps(model)
