"""The recipes that lessons 4 and 5 write out without the course: they run as they stand."""

import re

import keras
import nbformat
import numpy as np
import pytest
from PIL import Image

from tools.execution import find_notebook

PLAIN = {"04": "fine-cut-read", "05": "recipe-plain"}


@pytest.fixture
def pets(tmp_path, monkeypatch):
    """Folders as the recipes name them, with three pictures a class; the working folder."""
    random = np.random.default_rng(0)
    for split in ("training", "validation"):
        for name in ("cats", "dogs"):
            folder = tmp_path / "pets" / split / name
            folder.mkdir(parents=True)
            for number in range(3):
                values = random.integers(0, 256, (40, 40, 3), np.uint8)
                Image.fromarray(values).save(folder / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("lesson", PLAIN)
def test_a_recipe_in_plain_keras_trains_and_is_saved(lesson, pets, monkeypatch):
    cells = nbformat.read(find_notebook(lesson), as_version=4).cells
    (prose,) = (cell.source for cell in cells if cell.id == PLAIN[lesson])
    (code,) = re.findall(r"```python\n(.*?)```", prose, re.DOTALL)
    assert "helpers" not in code
    small = re.sub(r"epochs=\d+", "epochs=1", re.sub(r"\((150|224), \1", "(32, 32", code))
    vgg16 = keras.applications.VGG16
    monkeypatch.setattr(keras.applications, "VGG16", lambda **given: vgg16(weights=None, **given))
    space: dict = {}
    exec(small, space)
    trained = {layer.name for layer in space["network"].layers if layer.trainable_weights}
    frozen = {layer.name for layer in space["base"].layers if not layer.trainable and layer.weights}
    assert {"block5_conv1", "block5_conv3"} <= trained and "block4_conv3" in frozen
    saved = keras.saving.load_model(pets / "pets.keras")
    assert saved.output_shape == (None, 2)
    pixels = np.full((1, 32, 32, 3), 200.0, np.float32)
    np.testing.assert_array_equal(saved(pixels), space["network"](pixels))
