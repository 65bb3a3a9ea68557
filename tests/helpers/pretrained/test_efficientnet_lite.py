"""EfficientNet-Lite0: the rebuilt network, and the reader of its weights."""

import io
import os
import pickle
import sys
from types import ModuleType

import keras
import numpy as np
import pytest
from PIL import Image
from skimage.data import chelsea

from helpers.pretrained import efficientnet_lite
from helpers.pretrained.efficientnet_lite import (
    build_efficientnet_lite0,
    packaged_weights,
    unpickle_tensors,
)
from helpers.pretrained.imagenet import class_names

CATS = {"tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat"}


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return build_efficientnet_lite0(224, top=True, weights=packaged_weights())


def test_the_cat_in_the_picture_is_called_a_cat_three_times(network):
    picture = Image.fromarray(chelsea()[:, 75:375]).resize((224, 224), Image.Resampling.BILINEAR)
    probabilities = np.asarray(network(np.asarray(picture, np.float32)[None]))[0]
    best = probabilities.argsort()[-3:]
    assert {class_names()[number] for number in best} <= CATS
    assert probabilities[best].sum() > 0.7


def test_it_has_the_published_number_of_weights(network):
    trainable = sum(np.prod(variable.shape) for variable in network.trainable_variables)
    assert trainable == 4_652_008


def test_pixels_are_scaled_as_in_its_training(network):
    scaled = network.get_layer("scale")(np.array([0.0, 127.0, 255.0]))
    np.testing.assert_allclose(scaled, [-127 / 128, 0, 1], atol=1e-6)


def test_kernels_stand_upright(network):
    """PyTorch keeps (out, in, height, width), Keras (height, width, in, out)."""
    with packaged_weights().open("rb") as file:
        tensors = unpickle_tensors(file)
    stem = np.asarray(network.get_layer("stem_conv").kernel)
    assert stem[2, 0, 1, 5] == tensors["_conv_stem.weight"][5, 1, 2, 0]
    filters = np.asarray(network.get_layer("block1a_dwconv").kernel)
    assert filters[2, 0, 5, 0] == tensors["_blocks.0._depthwise_conv.weight"][5, 0, 2, 0]


def test_layers_bear_readable_names(network):
    names = {layer.name for layer in network.layers}
    assert {"stem_conv", "block1a_dwconv", "block3a_expand_conv", "block3b_add"} <= names
    assert {"block7a_project_bn", "top_conv", "predictions"} <= names


@pytest.mark.parametrize(("size", "edge"), [(32, 1), (150, 5)])
def test_without_its_top_it_returns_maps(size, edge):
    model = build_efficientnet_lite0(size)
    assert model.output_shape == (None, edge, edge, 1280)


def test_the_maps_do_not_depend_on_the_top(network):
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3)).astype(np.float32)
    maps = build_efficientnet_lite0(224, weights=packaged_weights())(pixels)
    inner = keras.Model(network.input, network.get_layer("top_activation").output)(pixels)
    np.testing.assert_allclose(maps, inner, atol=1e-6)
    assert np.ptp(maps) > 1


def test_a_picture_too_small_is_refused():
    with pytest.raises(ValueError, match="32 pixels or more, not 31"):
        build_efficientnet_lite0(31)


def test_another_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "weights.pth"
    other = bytearray(packaged_weights().read_bytes())
    other[len(other) // 2] ^= 1
    path.write_bytes(other)
    with pytest.raises(ValueError, match="sha256 differs"):
        build_efficientnet_lite0(32, weights=path)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(efficientnet_lite, "PACKAGE", "no-such-package")
    with pytest.raises(FileNotFoundError, match=r"no-such-package.*requirements\.txt"):
        packaged_weights()


# The restricted reader, on small files in PyTorch's old format, made without PyTorch.


class Storage:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values


class FloatStorage:
    pass


class Tensor:
    def __init__(self, values: np.ndarray, offset: int, shape: tuple, strides: tuple) -> None:
        self.parts = (Storage(values), offset, shape, strides, False, None)

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.parts


class TorchPickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, Storage):
            return ("storage", FloatStorage, "7", "cpu", value.values.size, None)


@pytest.fixture
def as_pytorch(monkeypatch):
    """Return a function that writes {name: Tensor} as PyTorch did before version 1.6."""
    utils = ModuleType("torch._utils")
    exec("def _rebuild_tensor_v2(*_): pass", vars(utils))
    utils._rebuild_tensor_v2.__module__ = "torch._utils"
    torch = ModuleType("torch")
    torch.FloatStorage = FloatStorage
    monkeypatch.setattr(FloatStorage, "__module__", "torch")
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)

    def write(tensors: dict, values: np.ndarray) -> bytes:
        file = io.BytesIO()
        for head in (1, 1001, {}):
            pickle.dump(head, file, 2)
        TorchPickler(file, 2).dump(tensors)
        pickle.dump(["7"], file, 2)
        file.write(values.size.to_bytes(8, "little") + values.astype("<f4").tobytes())
        return file.getvalue()

    return write


def test_tensors_are_read_in_their_own_order_of_axes(as_pytorch):
    values = np.arange(8, dtype=np.float32)
    packed = as_pytorch({"turned": Tensor(values, 2, (2, 3), (1, 2))}, values)
    read = unpickle_tensors(io.BytesIO(packed))
    np.testing.assert_array_equal(read["turned"], [[2, 4, 6], [3, 5, 7]])


class Command:
    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_calls_anything_else_is_refused_and_calls_nothing(tmp_path):
    target = tmp_path / "made by the pickle"
    file = io.BytesIO()
    for part in (1, 1001, {}, {"weight": Command(target)}):
        pickle.dump(part, file, 2)
    with pytest.raises(pickle.UnpicklingError, match="mkdir, which no tensor needs"):
        unpickle_tensors(io.BytesIO(file.getvalue()))
    assert not target.exists()
