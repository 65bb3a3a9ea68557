"""Lesson 3's own cells: networks as published, either backbone, kept features equal end to end."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from alone import run_alone
from keras import layers

from helpers import activations
from helpers.data.pictures import Pictures
from helpers.pretrained.efficientnet_lite import build_efficientnet_lite0
from tools.execution import cells_of, find_notebook

# Where helpers cannot be imported, with what earlier cells have set.
ALONE = """\
classes = tuple("abcdefghij")
for source in json.load(sys.stdin):
    exec(source)
large, small = build_published(150), build_published(28)
print(json.dumps([
    build_network().count_params(),
    large.count_params(),
    [list(layer.output.shape[1:]) for layer in large.layers[1:8]],
    small.layers[-4].output.shape[-1],
    list(np.asarray(build_network()(np.zeros((2, 28, 28, 3)))).shape),
]))
"""


@pytest.fixture(scope="module")
def cells() -> dict[str, str]:
    return {cell.id: cell.source for cell in cells_of(find_notebook("03"))}


def run(cells: dict[str, str], *ids: str, **given) -> dict:
    """Run cells of the lesson with what earlier ones have set, and return all names."""
    names = {"keras": keras, "layers": layers, "np": np, "classes": tuple("abcdefghij"), **given}
    names.setdefault("build_efficientnet_lite0", build_efficientnet_lite0)
    for each in ids:
        exec(cells[each], names)
    return names


def test_the_networks_from_scratch_need_no_helper_and_are_those_published(cells):
    recipe, published, shapes, inputs, answers = run_alone(
        ALONE, [cells["recipe-network"], cells["published-network"]]
    )
    assert recipe == 289_642
    assert published == 18_963_978
    assert shapes == [
        [149, 149, 32],
        [74, 74, 32],
        [73, 73, 32],
        [36, 36, 32],
        [35, 35, 64],
        [17, 17, 64],
        [18496],
    ]
    assert inputs == 256  # exercise 3
    assert answers == [2, 10]


def test_inception_runs_the_same_cells_from_a_local_file(cells, tmp_path):
    whole = keras.applications.InceptionV3(weights=None, include_top=False)
    path = tmp_path / "inceptionv3_notop.weights.h5"
    whole.save_weights(path)
    found = SimpleNamespace(name="InceptionV3", weights=path)
    names = run(cells, "base", "top", found=found, RECIPE_SIZE=80)
    mine, its = (
        next(each for each in network.layers if isinstance(each, layers.Conv2D)).get_weights()[0]
        for network in (names["base"], whole)
    )
    np.testing.assert_array_equal(mine, its)
    assert names["frozen"].output_shape[1:] == names["last_block"].output_shape[1:] == (3, 3, 768)
    assert names["build_top"](names["pooled_head"]()).output_shape == (None, 10)
    assert not names["frozen"].trainable_weights
    names = run(cells, "published-transfer", found=found, IMAGE_SIZE=150)
    assert names["trained"] == 7 * 7 * 768 * 1024 + 1024 + 1024 * 10 + 10
    scale = next(
        each for each in names["published_base"].layers if isinstance(each, layers.Rescaling)
    )
    assert scale.scale == pytest.approx(1 / 255) and scale.offset == 0


@pytest.fixture(scope="module")
def lite(cells) -> dict:
    """The cells of section 4, with EfficientNet-Lite0 of random weights."""
    keras.utils.set_random_seed(0)
    found = SimpleNamespace(name="EfficientNetLite0", weights=None)
    return run(
        cells, "base", "top", "recipe-train", found=found, RECIPE_SIZE=64, ProgressLine=quiet
    )


def quiet(name: str) -> keras.callbacks.Callback:
    return keras.callbacks.Callback()


def garments(number: int = 20) -> Pictures:
    random = np.random.default_rng(0)
    labels = np.arange(number, dtype=np.int32) % 10
    images = random.integers(0, 255, (number, 28, 28, 3), np.uint8)
    return Pictures(images, labels, tuple(map(str, range(number))), tuple("abcdefghij"))


def test_fine_tuned_on_kept_features_it_answers_alike_end_to_end(lite, tmp_path):
    some = garments()
    kept = activations.compute_activations(
        lite["frozen"], some, size=64, folder=tmp_path, progress=False
    )
    top = lite["build_top"](lite["pooled_head"]())
    block = top.layers[0]
    before = {weight.path: weight.numpy() for weight in block.weights}
    lite["unfreeze"](block)
    batches = activations.activation_batches(kept, 10, 0)
    lite["train"](top, batches, 1, 4, "Test", peak=0.001)
    after = {weight.path: weight.numpy() for weight in block.weights}
    moved = {path for path, value in after.items() if (value != before[path]).any()}
    assert moved and all("conv" in path for path in moved), moved
    joined = keras.Sequential([lite["frozen"], top])
    images = np.asarray(keras.ops.image.resize(some.images.astype("float32"), (64, 64)))
    whole = np.asarray(joined(images))
    np.testing.assert_allclose(np.asarray(top(np.asarray(kept.copies[0]))), whole, atol=1e-5)


def test_each_top_starts_from_the_pretrained_block(lite):
    one, other = (lite["build_top"](lite["pooled_head"]()).layers[0] for _ in range(2))
    for mine, its, theirs in zip(
        lite["last_block"].get_weights(), one.get_weights(), other.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, its)
        np.testing.assert_array_equal(mine, theirs)
    assert not {id(weight) for weight in one.weights} & {id(weight) for weight in other.weights}


def test_the_published_transfer_feeds_zero_to_one(cells):
    found = SimpleNamespace(name="EfficientNetLite0", weights=None)
    names = run(cells, "published-transfer", found=found, IMAGE_SIZE=64)
    network = names["published_transfer"]
    (scale,) = (each for each in network.layers if isinstance(each, layers.Rescaling))
    assert network.layers[1] is scale
    pixels = np.array([[0.0, 255.0]], "float32")
    np.testing.assert_allclose(np.asarray(scale(pixels)), [[0, 1]], atol=1e-6)
    assert names["trained"] == 4 * 4 * 112 * 1024 + 1024 + 1024 * 10 + 10


def test_the_callback_stops_and_says_which_metrics_there_are(cells):
    callback = run(cells, "stop-right")["StopAbove"](0.99)
    callback.set_model(SimpleNamespace(stop_training=False))
    callback.on_epoch_end(0, {"accuracy": 0.995, "val_accuracy": 0.98})
    assert not callback.model.stop_training
    callback.on_epoch_end(1, {"accuracy": 0.995, "val_accuracy": 0.995})
    assert callback.model.stop_training
    with pytest.raises(
        KeyError, match="no metric is called val_accuracy; there are accuracy, loss"
    ):
        callback.on_epoch_end(0, {"accuracy": 1, "loss": 0})
