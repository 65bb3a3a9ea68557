"""Lesson 2 is plain Keras: its networks stand on the page, and cached features change nothing."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from alone import run_alone
from keras import layers

from benchmarks.shared import run_cells
from helpers import activations, augmentation
from helpers.data.pictures import Pictures
from helpers.pretrained.efficientnet_lite import build_efficientnet_lite0
from tools.execution import cells_of, default_parameters, find_notebook

NOTEBOOK = find_notebook("02")
CLASSES = ("paper", "rock", "scissors")
BASE = ["build-base", "cut", "heads"]
# Where helpers cannot be imported, with what earlier cells have set; weights are a local file that
# looks like the official one.
ALONE = """\
import tempfile
from pathlib import Path
from types import SimpleNamespace

IMAGE_SIZE, DEPTH, classes = 150, "deep", ("paper", "rock", "scissors")
weights = Path(tempfile.mkdtemp()) / "inception_v3_notop.weights.h5"
keras.applications.InceptionV3(weights=None, include_top=False).save_weights(weights)
found = SimpleNamespace(name="InceptionV3", weights=weights)
for source in json.load(sys.stdin):
    exec(source)
maps = frozen.output_shape[1:]
heads = [build(maps).count_params() for build in (build_flat_head, build_averaged_head)]
lower, upper, network = build_network()
print(json.dumps([base.count_params(), maps, heads, len(frozen.trainable_weights),
                  lower.output_shape[1:], network.output_shape[1:]]))
"""


def test_the_walkthroughs_network_needs_no_helper_and_has_the_published_parameters():
    names = [*BASE, "recipe-network"]
    sources = {cell.id: cell.source for cell in cells_of(NOTEBOOK)}
    tags = {cell.id: cell.metadata.get("tags", []) for cell in cells_of(NOTEBOOK)}
    assert all("network" in tags[name] for name in names)
    parameters, maps, heads, trainable, lower, answer = run_alone(
        ALONE, [sources[name] for name in names]
    )
    assert parameters == 21_802_784  # InceptionV3 without its top, by Keras's documentation
    assert maps == [7, 7, 768] and trainable == 0
    assert heads == [38_539_267, 2_307]
    assert lower == [16, 16, 288] and answer == [3]


def test_the_features_of_a_whole_run_may_be_kept():
    """At the published length with InceptionV3, in float32; the shapes are those above."""
    values = default_parameters(NOTEBOOK)
    grid = values["COPIES"] * 2520 + 372  # in the published range, and in the network's own
    recipe = 2520 + 3 * values["DRAWN"]  # without what is held out, and then all
    numbers = 2 * grid * 7 * 7 * 768 + 2 * values["RECIPE_COPIES"] * recipe * 16 * 16 * 288
    bound = inspect.signature(activations.compute_activations).parameters["largest_gib"].default
    assert 4 * numbers < bound * 2**30


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """What the lesson's own cells make with EfficientNet-Lite0, random weights and 32 pixels."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (24, 32, 32, 3), np.uint8)
    labels = np.arange(24, dtype=np.int32) % 3
    names = tuple(f"{CLASSES[label]}/{CLASSES[label]}01-{n:03}" for n, label in enumerate(labels))
    space = {
        "keras": keras,
        "layers": layers,
        "np": np,
        "IMAGE_SIZE": 32,
        "DEPTH": "shallow",
        "classes": CLASSES,
    }
    space |= {"build_efficientnet_lite0": build_efficientnet_lite0, "augmentation": augmentation}
    space |= {"found": SimpleNamespace(name="EfficientNetLite0", weights=None), "SEED": 0}
    space["activations"] = activations
    space["ProgressLine"] = lambda name: keras.callbacks.Callback()
    keras.utils.set_random_seed(0)
    run_cells(NOTEBOOK, [*BASE, "published-base", "compile-calm"], space)
    run_cells(NOTEBOOK, ["recipe-network", "fit-stage"], space)
    space["pictures"] = Pictures(images, labels, names, CLASSES)
    space["folder"] = tmp_path_factory.mktemp("activations")
    return space


def test_kept_features_give_what_the_whole_network_gives(lesson):
    frozen, chosen = lesson["frozen"], lesson["pictures"]
    head = lesson["build_flat_head"](frozen.output_shape[1:])
    end_to_end = keras.Model(frozen.input, head(frozen.output))
    kept = activations.compute_activations(frozen, chosen, folder=lesson["folder"], progress=False)
    whole = end_to_end.predict(chosen.images, verbose=0)
    np.testing.assert_allclose(head.predict(kept.copies[0], verbose=0), whole, atol=1e-6)


def test_the_published_scaling_is_another_range_of_the_same_network(lesson):
    own, published = lesson["frozen"], lesson["published_frozen"]
    published.set_weights(own.get_weights())
    images = lesson["pictures"].images[:2].astype(np.float32)
    brighter = images / 255 * 128 + 127  # what the own scaling sends to 0..1
    np.testing.assert_allclose(
        published.predict(images, verbose=0), own.predict(brighter, verbose=0), atol=1e-4
    )


def test_only_what_is_above_the_lower_cut_learns_and_batch_normalisation_never(lesson):
    lower, upper, network = lesson["build_network"]()
    head = [weights.path for weights in upper.trainable_weights]
    assert len(head) == 2 and len(network.trainable_weights) == 2
    lesson["unfreeze_upper"](upper)
    norms = [each for each in network.layers if isinstance(each, layers.BatchNormalization)]
    assert norms and not any(each.trainable for each in norms)
    assert not lower.trainable_weights and len(upper.trainable_weights) > 5
    assert {id(each) for each in network.trainable_weights} == {
        id(each) for each in upper.trainable_weights
    }


def test_training_false_alone_does_not_protect_batch_normalisation(lesson):
    space = lesson | {"training": lesson["pictures"]}
    run_cells(NOTEBOOK, ["moving"], space)
    moved, norms = space["count_moved"](False)
    assert moved == norms > 3
    assert space["count_moved"](True) == (0, norms)
