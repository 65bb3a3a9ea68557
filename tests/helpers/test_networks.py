"""Shapes, parameter counts and scaling of the networks."""

import keras
import numpy as np
import pytest

from helpers.data.pictures import Pictures, training_batches
from helpers.evaluation import evaluate
from helpers.networks import (
    flat_head,
    garment_cnn,
    pooled_head,
    published_cnn,
    published_garment_cnn,
    sigmoid_head,
    small_cnn,
)
from helpers.training import train
from helpers.transfer import join


def test_the_published_network_has_the_published_parameters():
    model = published_cnn(150, 3)
    counts = [layer.count_params() for layer in model.layers if layer.weights]
    assert counts == [1_792, 36_928, 73_856, 147_584, 3_211_776, 1_539]
    assert model.count_params() == 3_473_475


@pytest.mark.parametrize("build", [published_cnn, small_cnn, published_garment_cnn, garment_cnn])
def test_networks_take_pixels_and_return_probabilities(build):
    model = build(64, 3)
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    probabilities = np.asarray(model(pixels))
    assert probabilities.shape == (2, 3) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(("build", "low", "high"), [(published_cnn, 0, 1), (small_cnn, -1, 1)])
def test_scaling_is_part_of_the_network(build, low, high):
    scale = build(64, 3).get_layer("scale")
    np.testing.assert_allclose(scale(np.array([0.0, 255.0])), [low, high], atol=1e-6)


def test_the_small_network_does_not_grow_with_the_picture():
    assert small_cnn(64, 3).count_params() == small_cnn(96, 3).count_params() == 540_131


def test_the_walkthroughs_network_for_garments_has_its_parameters():
    """Counted by hand from the walkthrough's layers; it prints no total itself."""
    model = published_garment_cnn(150, 10)
    counts = [layer.count_params() for layer in model.layers if layer.weights]
    assert counts == [416, 4_128, 8_256, 17 * 17 * 64 * 1024 + 1024, 10_250]


def test_our_network_for_garments_is_small_at_any_size():
    assert garment_cnn(28, 10).count_params() == garment_cnn(40, 10).count_params() == 289_642


def test_the_heads_of_lesson_2_at_the_published_cut():
    """7x7x768 values into 1024 are the 38.5 million parameters; averages need a few thousand."""
    flat, pooled = flat_head((7, 7, 768), 3, 1024), pooled_head((7, 7, 768), 3)
    assert flat.count_params() == 7 * 7 * 768 * 1024 + 1024 + 1024 * 3 + 3 == 38_539_267
    assert pooled.count_params() == 768 * 3 + 3
    maps = np.random.default_rng(0).normal(size=(2, 7, 7, 768)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(pooled(maps)).sum(axis=1), 1, atol=1e-5)


def test_the_sigmoid_head_has_the_published_parameters():
    head = sigmoid_head((4, 4, 512), 256, 0.6)
    assert [layer.count_params() for layer in head.layers if layer.weights] == [2_097_408, 257]
    answer = head(np.random.default_rng(0).normal(size=(3, 4, 4, 512)).astype(np.float32))
    assert answer.shape == (3, 1) and 0 < np.min(answer) <= np.max(answer) < 1


@pytest.fixture(scope="module")
def bright_or_dark() -> tuple[keras.Model, Pictures]:
    """Train a sigmoid network for a second: class 1 is bright."""
    keras.utils.set_random_seed(0)
    labels = np.arange(40, dtype=np.int32) % 2
    noise = np.random.default_rng(0).integers(0, 60, (40, 16, 16, 3))
    images = (noise + 150 * labels[:, None, None, None]).astype(np.uint8)
    pictures = Pictures(images, labels, ("x",) * 40, ("dark", "bright"))
    pixels = keras.Input((16, 16, 3))
    scaled = keras.layers.Rescaling(1 / 255)(pixels)
    base = keras.Model(pixels, keras.layers.AveragePooling2D(4)(scaled))
    model = join(base, sigmoid_head((4, 4, 3), 8, 0.1))
    rmsprop = keras.optimizers.RMSprop(0.01)
    model.compile(rmsprop, "binary_crossentropy", metrics=["accuracy"])
    history = train(model, training_batches(pictures, 8, 0), 4, 10, watched=pictures)
    assert history["val_accuracy"][-1] == history["accuracy"][-1] == 1.0
    return model, pictures


def test_a_sigmoid_network_is_scored_as_two_classes(bright_or_dark):
    model, pictures = bright_or_dark
    scores = evaluate(model, pictures)
    assert scores.accuracy == 1.0 and scores.probabilities.shape == (40, 2)
    np.testing.assert_allclose(scores.probabilities.sum(axis=1), 1, atol=1e-6)
