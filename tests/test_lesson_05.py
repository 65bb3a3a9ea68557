"""Lesson 5 in plain Keras: its own cells build what is published, and features kept change nothing.

The cells run here as they stand in the notebook, on small pictures.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from alone import run_alone
from kept import first_copy, two_kinds
from PIL import Image

from helpers import activations
from helpers.data.download import find_data
from helpers.data.pictures import Pictures, training_batches
from helpers.pretrained.efficientnet_lite import packaged_weights
from tools.execution import cells_of, find_notebook

CELLS = {cell.id: cell for cell in cells_of(find_notebook("05"))}
SIZE, STEPS, BATCH, SEED = 48, 6, 8, 3  # six batches of 8 go through 20 pictures more than once
VGG16 = SimpleNamespace(name="VGG16", weights=None)
LITE = SimpleNamespace(name="EfficientNetLite0", weights=packaged_weights())
# Where helpers cannot be imported, with what earlier cells have set.
ALONE = """\
from types import SimpleNamespace

IMAGE_SIZE, SEED, classes = 150, 0, ("cat", "dog")
found = SimpleNamespace(name="VGG16", weights=None)
cells = json.load(sys.stdin)
count = lambda model: sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
for source in cells[:-2]:
    exec(source)
parameters = [network.count_params(), count(upper), build_extractor().count_params()]
exec(cells[-2])  # unfreeze
parameters += [count(upper), small_head.count_params()]
recipe_base = build_base(96, own_scale)
exec(cells[-1])
answers = [list(recipe.predict(np.zeros((2, 96, 96, 3)), verbose=0).shape)]
classes, known = tuple("abcde"), loss
exec(cells[1])
answers += [list(build_extractor().output_shape), known, loss]
print(json.dumps([parameters, answers]))
"""


def tagged_network() -> list[str]:
    return [name for name, cell in CELLS.items() if "network" in cell.metadata.get("tags", [])]


def test_the_networks_need_no_helper_and_are_those_published():
    names = tagged_network()
    assert names == ["base", "last-layer", "extractor", "frozen", "small-head", "recipe-network"]
    names.insert(-1, "unfreeze")
    parameters, answers = run_alone(ALONE, [CELLS[name].source for name in names])
    assert parameters == [16_812_353, 2_097_665, 2_097_665, 9_177_089, 513]
    two, five = "binary_crossentropy", "sparse_categorical_crossentropy"
    assert answers == [[2, 2], [None, 5], two, five]


# Features that are kept, against end to end.


@pytest.fixture
def reddish():
    return two_kinds(SIZE)


def run(names: dict, *cells: str) -> None:
    for cell in cells:
        exec(CELLS[cell].source, names)


def lesson(part: Pictures, folder: Path, found: SimpleNamespace) -> dict:
    """Return the names of the notebook where its photos are loaded and its network is found."""
    names: dict = {}
    run(names, "parameters", "imports")
    compute = partial(activations.compute_activations, folder=folder / "kept", progress=False)
    kept = {
        name: getattr(activations, name) for name in ("activation_batches", "plain_activations")
    }
    names |= {"activations": SimpleNamespace(compute_activations=compute, **kept)}
    names |= {"found": found, "classes": part.classes, "SEED": SEED, "COPIES": 1}
    names |= {"IMAGE_SIZE": part.images.shape[1], "BATCH_SIZE": BATCH, "EPOCHS": 1}
    names |= {"training": part, "validation": part, "test": part, "FINE_EPOCHS": 1}
    return names


def train(names: dict, model: keras.Model, batches: tf.data.Dataset) -> dict[str, np.ndarray]:
    """Train the whole network, or its upper part; return how far each weight array went."""
    before = {weight.path: weight.numpy() for weight in names["network"].weights}
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), names["loss"])
    model.fit(batches, steps_per_epoch=STEPS, shuffle=False, verbose=0)
    ways = {w.path: w.numpy() - before[w.path] for w in names["network"].weights}
    names["network"].set_weights(list(before.values()))
    return {path: way for path, way in ways.items() if way.any()}


@pytest.mark.parametrize("free", [False, True], ids=["frozen base", "fine-tuning"])
def test_features_that_are_kept_give_the_weights_of_end_to_end(reddish, tmp_path, free):
    names = lesson(reddish, tmp_path, VGG16)
    # The base's random weights are always these: with others, rounding may carry one of its values
    # over zero, where ReLU's gradient jumps.
    keras.utils.set_random_seed(SEED)
    run(names, "base", "augment", "copies", "last-layer", "frozen")
    if free:
        run(names, "unfreeze")
    whole = first_copy(reddish, names["published_ranges"], SEED)
    end_to_end = train(names, names["network"], training_batches(whole, BATCH, SEED))
    kept = activations.activation_batches(names["copies"], BATCH, SEED)
    above = train(names, names["upper"], kept)
    layers = {path.split("/")[-2] for path in above}
    weights = {w.path: w.numpy() for w in names["network"].weights if w.path in above}
    # Of what is added to each weight.
    rounding = {path: np.linalg.norm(np.spacing(values)) for path, values in weights.items()}
    blocks = {f"block5_conv{number}" for number in (1, 2, 3)} if free else set()
    assert above.keys() == end_to_end.keys() and len(above) == 4 + 2 * len(blocks)
    assert blocks <= layers
    for path, way in above.items():
        apart = np.linalg.norm(way - end_to_end[path])
        assert apart < 1e-4 * np.linalg.norm(way) + rounding[path], path


def test_fine_tuning_leaves_batch_normalisation_as_it_was(reddish, tmp_path):
    names = lesson(reddish, tmp_path, LITE)
    run(names, "base", "augment", "copies", "last-layer", "frozen", "frozen-fit")
    before = {weight.path: weight.numpy() for weight in names["base"].weights}
    run(names, "unfreeze", "fine-fit")
    changed = {w.path for w in names["base"].weights if (w.numpy() != before[w.path]).any()}
    assert changed and not any("_bn/" in path for path in changed)
    assert {path.split("/")[0].split("_")[0] for path in changed} == {"block7a", "top"}


def test_the_published_input_is_0_to_1_and_the_networks_own_is_another(reddish, tmp_path):
    white = np.full((1, SIZE, SIZE, 3), 255, np.float32)
    names = lesson(reddish, tmp_path, LITE)
    run(names, "base")
    for scale, grey in (("published_scale", 0.5), ("own_scale", 0.0)):
        lite = names["build_base"](SIZE, names[scale])
        (layer,) = (each for each in lite.layers if isinstance(each, keras.layers.Rescaling))
        assert lite.layers[1] is layer
        assert np.allclose(layer(white), 1.0, atol=0.01)
        assert np.allclose(layer(white / 2), grey, atol=0.01)


# A folder of one's own.


def draw_folder(folder: Path, classes: int, each: int = 9) -> Path:
    random = np.random.default_rng(0)
    for label in range(classes):
        (folder / f"kind {label}").mkdir(parents=True)
        for number in range(each):
            pattern = random.integers(0, 255, (8, 8, 3), np.uint8)
            picture = Image.fromarray(pattern).resize((72, 72), Image.Resampling.NEAREST)
            picture.save(folder / f"kind {label}" / f"photo {number}.png")
    return folder


@pytest.mark.parametrize("classes", [2, 5])
def test_the_three_approaches_take_a_folder_of_ones_own(tmp_path, classes, capsys):
    folder = draw_folder(tmp_path / "mine", classes)
    nothing = Pictures(np.zeros((1, 48, 48, 3), np.uint8), np.zeros(1, np.int32), ("",), ("", ""))
    names = lesson(nothing, tmp_path, VGG16)
    names |= {"DATA": str(folder), "CACHE_FOLDER": tmp_path / "cache"}
    names["find_data"] = partial(find_data, folder=tmp_path / "data")
    names["results"] = SimpleNamespace(models_folder=lambda: tmp_path)
    run(names, "find", "load", "disjoint", "base", "features", "last-layer", "extractor")
    run(names, "extraction-fit", "augment", "copies", "frozen", "frozen-fit", "frozen-save")
    run(names, "unfreeze", "fine-fit", "test", "minutes-sum", "test-table", "pairs", "disagree")
    assert "in two parts: 0" in capsys.readouterr().out
    for scores in names["judged"].values():
        assert scores.probabilities.shape == (len(names["test"]), classes)
        assert np.allclose(scores.probabilities.sum(axis=1), 1, atol=1e-5)
