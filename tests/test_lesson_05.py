"""Lesson 5's claim: trained through the kept activations, VGG16 ends where it would end to end."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.activations import BLOCK, activation_batches, compute_activations
from helpers.augmentation import RandomAffine
from helpers.data.pictures import Pictures, training_batches
from helpers.networks import flat_head
from helpers.pretrained.backbones import build_backbone, untrained
from helpers.transfer import cut_points, freeze, join, split, unfreeze_from

CUT, FIRST_THAWED, SIZE = "block4_pool", "block5_conv1", 64
AUGMENT = RandomAffine(
    rotation=40, width_shift=0.2, height_shift=0.2, shear=2, zoom=0.2, horizontal_flip=True
)
STEPS, BATCH, SEED = 6, 8, 3  # six batches of 8 go through the 20 pictures more than once


@pytest.fixture(scope="module")
def pictures():
    """20 pictures of two kinds, reddish and bluish."""
    random = np.random.default_rng(0)
    labels = np.arange(20, dtype=np.int32) % 2
    images = random.integers(0, 160, (20, SIZE, SIZE, 3), np.uint8)
    images[labels == 0, ..., 0] += 90
    images[labels == 1, ..., 2] += 90
    return Pictures(images, labels, tuple(map(str, range(20))), ("red", "blue"))


@pytest.fixture(scope="module")
def augmented(pictures):
    """The very view that is run to the cut, as pictures."""
    assert len(pictures) <= BLOCK
    seed = (np.random.SeedSequence([SEED, 0, 0]).generate_state(2) >> 1).astype(np.int32)
    images = AUGMENT(pictures.images.astype(np.float32), tf.constant(seed)).numpy()
    assert np.abs(images - pictures.images).mean() > 10
    return Pictures(images, pictures.labels, pictures.names, pictures.classes)


def build() -> tuple[keras.Model, keras.Model]:
    """Return the same base and the same head each time."""
    keras.utils.set_random_seed(0)
    base = build_backbone(untrained("VGG16"), SIZE)
    return base, flat_head(base.output_shape[1:], 2, units=16, dropout=0.0)


def values(*models: keras.Model) -> dict[str, np.ndarray]:
    return {weight.path: weight.numpy() for model in models for weight in model.weights}


def fit(model: keras.Model, batches: tf.data.Dataset) -> None:
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.fit(batches, steps_per_epoch=STEPS, shuffle=False, verbose=0)


def end_to_end(pictures: Pictures, choose: Callable) -> tuple[dict, dict]:
    """Train the whole network on pictures, its layers chosen by name; weights before and after."""
    base, head = build()
    before = values(base, head)
    model = join(base, head)
    choose(model)
    fit(model, training_batches(pictures, BATCH, SEED))
    return before, values(base, head)


def through_the_cut(pictures: Pictures, folder, thaw: bool, cut: str = CUT) -> tuple[dict, dict]:
    """Train what lies above the cut on activations kept there; weights before and after."""
    base, head = build()
    before = values(base, head)
    lower, upper = split(base, cut)
    views = compute_activations(
        lower, pictures, 1, AUGMENT, SEED, folder=folder / "activations", progress=False
    )
    freeze(upper)
    model = join(upper, head)
    if thaw:
        unfreeze_from(model, model.layers[1].name)
    fit(model, activation_batches(views, BATCH, SEED))
    return before, values(base, head)


def fine_tune(model: keras.Model) -> None:
    unfreeze_from(model, FIRST_THAWED)


def train_the_head(model: keras.Model) -> None:
    unfreeze_from(model, "dense")


def moved(before: dict, after: dict) -> dict[str, float]:
    """How far each variable went that went anywhere: the norm of its change."""
    changes = {path: float(np.linalg.norm(after[path] - before[path])) for path in before}
    return {path: change for path, change in changes.items() if change}


def assert_same_journey(one: tuple[dict, dict], other: tuple[dict, dict]) -> None:
    """The same variables went, and their ends lie apart by rounding, measured by the way gone."""
    ways = moved(*one)
    assert ways.keys() == moved(*other).keys()
    for path, way in ways.items():
        apart = np.linalg.norm(one[1][path] - other[1][path])
        assert apart < 1e-4 * way, f"{path} went {way:.2g} and ends {apart:.2g} apart"


def test_the_cut_is_the_last_place_before_block_5():
    base, _ = build()
    points = list(cut_points(base))
    assert points[points.index(CUT) + 1] == FIRST_THAWED


def test_a_frozen_base_gives_the_same_head_as_end_to_end(pictures, augmented, tmp_path):
    whole = end_to_end(augmented, train_the_head)
    halves = through_the_cut(pictures, tmp_path, thaw=False)
    assert len(moved(*whole)) == 4, "two dense layers, kernels and biases"
    assert_same_journey(whole, halves)


def test_fine_tuning_block_5_gives_the_same_weights_as_end_to_end(pictures, augmented, tmp_path):
    whole = end_to_end(augmented, fine_tune)
    halves = through_the_cut(pictures, tmp_path, thaw=True)
    names = {path.split("/")[-2] for path in moved(*whole)}
    assert names == {*(f"block5_conv{n}" for n in (1, 2, 3)), "dense", "probabilities"}
    assert_same_journey(whole, halves)


@pytest.mark.parametrize("cut", ["block3_pool", "block5_conv1"])
def test_a_cut_elsewhere_is_another_training(pictures, augmented, tmp_path, cut):
    whole = end_to_end(augmented, fine_tune)
    with pytest.raises(AssertionError):
        assert_same_journey(whole, through_the_cut(pictures, tmp_path, thaw=True, cut=cut))
