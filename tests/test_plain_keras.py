"""What the lessons' texts write out in plain Keras, without the course: it runs as it stands."""

import re
from functools import partial

import keras
import nbformat
import numpy as np
import pytest
from PIL import Image

from helpers.environment import PROJECT

NOTEBOOKS = PROJECT / "notebooks"
PLAIN = {
    cell.id: code
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb"))
    for cell in nbformat.read(notebook, as_version=4).cells
    if cell.cell_type == "markdown"
    for code in re.findall(r"```python\n(.*?)```", cell.source, re.DOTALL)
}


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Folders as the recipes name them, with three pictures a class; the working folder."""
    random = np.random.default_rng(0)
    for split in (
        "pets/training",
        "pets/validation",
        "hands/training",
        "hands/test",
        "mine/training",
        "mine/test",
    ):
        for name in ("one", "two"):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            for number in range(3):
                values = random.integers(0, 256, (40, 40, 3), np.uint8)
                Image.fromarray(values).save(folder / f"{number}.png")
    Image.fromarray(values).save(tmp_path / "hand.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("cell", PLAIN)
def test_what_a_text_writes_out_trains_and_is_saved(cell, folders, monkeypatch):
    assert "helpers" not in PLAIN[cell]
    code = re.sub(r"epochs=\d+", "epochs=1", re.sub(r"\((150|224), \1", "(64, 64", PLAIN[cell]))
    for name in ("VGG16", "EfficientNetB0"):
        build = partial(getattr(keras.applications, name), weights=None)
        monkeypatch.setattr(keras.applications, name, build)
    space: dict = {}
    exec(code, space)
    network, base = space["network"], space.get("base")
    assert space.get("head", network).optimizer.iterations > 0
    if name := re.search(r"network\.save\(\"(.+)\"\)", code):
        saved = keras.saving.load_model(folders / name[1])
        pixels = np.full((1, 64, 64, 3), 200.0, np.float32)
        np.testing.assert_array_equal(saved(pixels), network(pixels))
    if "VGG16" not in code:
        assert base is None or not base.trainable_weights
    else:
        trained = {layer.name for layer in network.layers if layer.trainable_weights}
        frozen = {layer.name for layer in base.layers if not layer.trainable and layer.weights}
        assert "block4_conv3" in frozen
        if name:  # a whole recipe, which fine-tunes at last
            assert {"block5_conv1", "block5_conv3"} <= trained
        else:
            assert trained.isdisjoint(layer.name for layer in base.layers)
