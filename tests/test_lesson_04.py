"""Lesson 4 is plain Keras, takes any folder, and its kept maps train as the whole network would."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from alone import run_alone
from kept import first_copy, two_kinds
from keras import layers
from PIL import Image

from helpers import activations, evaluation, plotting
from helpers.augmentation import RandomAffine
from helpers.data import pictures
from helpers.data.download import find_data
from helpers.data.pictures import Pictures, training_batches
from helpers.data.splits import load_parts
from tools.execution import cells_of, find_notebook

NOTEBOOK = find_notebook("04")
CELLS = {cell.id: cell.source for cell in cells_of(NOTEBOOK)}
ALONE = """\
from types import SimpleNamespace

IMAGE_SIZE, classes = 150, ("cat", "dog")
found = seer_found = SimpleNamespace(name="VGG16", weights=None)
cells = json.load(sys.stdin)
for source in cells[:-1]:
    exec(source)
head = build_head(base.output_shape[1:], 0.6)
head.build((None, *base.output_shape[1:]))
top = build_top(head)
set_block(top, True)
learning = sum(int(np.prod(weight.shape)) for weight in top.trainable_weights)
counts = [base.count_params(), head.count_params(), lower.count_params() + top.count_params()]
seer_found.name = "VGG19"
exec(cells[-1])
print(json.dumps([*counts, learning, build_scratch(96).output_shape[1], seer.count_params()]))
"""
ALONE_CELLS = ("base-network", "head-network", "scratch-network", "fine-cut", "fine-top")


def test_the_networks_need_no_helper_and_are_those_published():
    cells = [CELLS[name] for name in (*ALONE_CELLS, "seer-network")]
    counts = run_alone(ALONE, cells)
    assert counts == [14_714_688, 2_097_665, 16_812_353, 9_177_089, 1, 143_667_240]


# Kept maps and the whole network --------------------------------------------------------------

SIZE, STEPS, BATCH, SEED = 32, 5, 8, 3
AUGMENT = RandomAffine(rotation=15, zoom=0.2, horizontal_flip=True)


@pytest.fixture(scope="module")
def known():
    return two_kinds(SIZE)


@pytest.fixture(scope="module")
def names():
    """What the lesson's own cells define, with VGG16 from random weights."""
    keras.utils.set_random_seed(0)
    known = {"keras": keras, "layers": layers, "np": np, "IMAGE_SIZE": SIZE}
    known |= {"classes": ("red", "blue"), "found": SimpleNamespace(name="VGG16", weights=None)}
    for cell in ("base-network", "head-network", "fine-cut", "fine-top"):
        exec(CELLS[cell], known)
    return known


def fit(model: keras.Model, batches: tf.data.Dataset) -> None:
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "binary_crossentropy")
    model.fit(batches, steps_per_epoch=STEPS, shuffle=False, verbose=0)


def new_top(names: dict, trainable: bool) -> keras.Model:
    keras.utils.set_random_seed(1)
    shape = names["block"].output_shape[1:]
    top = names["build_top"](names["build_head"](shape, dropout=0.0))
    names["set_block"](top, trainable)
    return top


@pytest.mark.parametrize("trainable", [True, False])
def test_trained_on_kept_maps_the_block_ends_where_it_would_end_to_end(
    known, names, tmp_path, trainable
):
    lower = names["lower"]
    kept = activations.compute_activations(
        lower, known, 1, AUGMENT, SEED, folder=tmp_path, progress=False
    )
    upper = new_top(names, trainable)
    before = [weight.numpy() for weight in upper.weights]
    fit(upper, activations.activation_batches(kept, BATCH, SEED))

    top = new_top(names, trainable)
    lower.trainable = False
    whole = keras.Model(lower.input, top(lower.output))
    fit(whole, training_batches(first_copy(known, AUGMENT, SEED), BATCH, SEED))

    for first, one, other in zip(before, upper.weights, top.weights, strict=True):
        assert np.allclose(one.numpy(), other.numpy(), atol=1e-4)
        in_block = one.path.split("/")[0].startswith("block5")
        moved = (first != one.numpy()).any()
        assert moved == (trainable or not in_block), one.path


# Splits and folders ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "of_lesson_5"), [(2000, 2000), (12_500, 2000), (400, 320), (240, 240)]
)
def test_no_test_photo_is_one_of_lesson_5(total, of_lesson_5):
    def numbered(located, shares, size, first, cache):
        bounds = np.round(np.cumsum((0, *shares)) * total).astype(int).tolist()
        parts = []
        for low, high in itertools.pairwise(bounds):
            labels = np.repeat(np.arange(2, dtype=np.int32), high - low)
            named = [f"{kind}/{n}" for kind in ("cat", "dog") for n in range(low, high)]
            images = np.zeros((len(labels), 1, 1, 3), np.uint8)
            parts.append(Pictures(images, labels, tuple(named), ("cat", "dog")))
        return parts

    known = {"load_parts": numbered, "pictures": pictures, "IMAGE_SIZE": 1, "SEED": 0}
    known |= {"located": SimpleNamespace(origin="mirror"), "PHOTOS_PER_CLASS": 0}
    exec(CELLS["load"], known | {"CACHE_FOLDER": None}, known)
    test = {int(name.split("/")[1]) for name in known["test"].names}
    assert len(test) == total // 5
    assert not test & set(range(of_lesson_5 * 3 // 4, of_lesson_5))
    assert sum(map(len, known["parts"].values())) == 2 * total


@pytest.mark.parametrize(("number", "ends"), [(2, (1, "sigmoid")), (5, (5, "softmax"))])
def test_a_folder_of_ones_own_with_any_number_of_classes(tmp_path, number, ends, monkeypatch):
    """The lesson's own cells, from the folder to a dense classifier and its temperature."""
    random = np.random.default_rng(0)
    kinds = ("ash", "beech", "elm", "fir", "oak")[:number]
    for place, kind in enumerate(kinds):
        (tmp_path / "trees" / kind).mkdir(parents=True)
        for _ in range(16):
            pixels = random.integers(0, 60, (48, 48, 3)) + 45 * place
            image = Image.fromarray(pixels.astype(np.uint8))
            image.save(tmp_path / "trees" / kind / f"{random.integers(1e9)}.png")
    monkeypatch.setattr(plotting, "training_curves", lambda *_: None)
    known: dict = {}
    exec(CELLS["parameters"], known)
    exec(CELLS["imports"], known)
    exec(CELLS["imports-course"], known)
    known |= {"DATA": str(tmp_path / "trees"), "IMAGE_SIZE": 32, "EPOCHS": 2}
    known |= {"CACHE_FOLDER": tmp_path, "find_data": find_data, "load_parts": load_parts}
    for cell in ("find", "load", "head-network"):
        exec(CELLS[cell], known)
    assert (known["units"], known["activation"]) == ends and not known["pets"]
    known["features"] = {
        name: part.images.reshape(len(part), 4, 4, -1).astype(np.float32) / 255
        for name, part in known["parts"].items()
    }
    for cell in (
        "dense",
        "dense-own",
        "dense-test",
        "averages",
        "judge",
        "classics",
        "temperature",
    ):
        exec(CELLS[cell], known)
    assert isinstance(known["cooled"], evaluation.Scores)
    assert known["cooled"].probabilities.shape == (len(known["test"]), number)
    assert known["cooled"].accuracy == known["dense_own"].accuracy
