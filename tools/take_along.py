"""A page to take along: one .html file that holds a trained network, for a phone or a friend.

    python -m tools.take_along MODEL.keras [--classes rock,paper,scissors] [--out page.html]

With `--out network.zip` it keeps what the page is made of: see tools/take_along_page.py.

The page takes pictures by camera or from files, shows the probabilities, and plays where the
classes are rock, paper and scissors. It opens by double click, needs no network, and its
Content-Security-Policy lets nothing leave the device. The network becomes a short list of
operations, which take_along_network.mjs computes in plain JavaScript: batch normalisation is
folded into the convolution before it, activations into what they follow. The panel is the one of
helpers/webcam.js; take_along_page.mjs stands in for the kernel.
"""

from __future__ import annotations

import argparse
import base64
import json
import math
import os
import re
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.data.catalog import read_catalog
from helpers.files import explain, write_atomically
from helpers.messages import OneSentence, few, printable
from helpers.samples import draw_picture
from helpers.samples.hands import GESTURES
from tools.take_along_page import DAMAGE, fill_template, write_kept

if TYPE_CHECKING:
    import keras

BEATS = {"paper": "rock", "rock": "scissors", "scissors": "paper"}
CLASSES_FILE = ".classes.txt"  # ends, after a network's name, the file of its classes, one a line
PRECISION = re.compile(r"\b(mixed_float16|mixed_bfloat16|bfloat16|float16)\b")
TOLERANCE = 2e-4  # of a probability, on a few pictures; a fifth of what the page promises
SHORT_FROM = (0, 50_000, 200_000)  # weights of a kernel, from which on 16 bits are tried
DRAWN = 9  # hands to look at where there is no camera


class PageError(OneSentence):
    """What keeps a page from being written; the message says why and what to do."""


# The network as a list of operations -----------------------------------------------------------

Tensor = tuple[int, tuple[int, ...]]  # number of the operation, shape without the batch


@dataclass
class Operation:
    """One step of the forward pass."""

    kind: str  # what take_along_network.mjs calls it
    shape: tuple[int, ...]  # of its output, without the batch
    inputs: list[int] = field(default_factory=list)  # numbers of the operations that it reads
    settings: dict[str, Any] = field(default_factory=dict)  # such as kernel, stride and padding
    weights: np.ndarray | None = None  # float64, as Keras lays them out
    bias: np.ndarray | None = None  # float64, one number an output channel
    layer: keras.layers.Layer | None = None  # where the weights come from
    normalises: keras.layers.Layer | None = None  # the BatchNormalization folded into it

    def take_over(self, after: Operation) -> bool:
        """Do what the next operation does at once, if that can be."""
        if self.kind not in ("convolution", "depthwise", "dense") or "low" in self.settings:
            return False
        if after.kind == "clip" and not after.settings.get("slope"):
            self.settings |= after.settings
            return True
        normalises = after.kind == "affine" and type(after.layer).__name__ == "BatchNormalization"
        if normalises and not self.normalises and after.bias.size == self.bias.size:
            self.weights = self.weights * after.weights
            self.bias = self.bias * after.weights + after.bias
            self.normalises = after.layer
            return True
        return False


class Graph:
    """The operations of a Sequential or functional model from `read_network`, in their order.

    What a layer is set to, and the page does not know, is a PageError.
    """

    def __init__(self, network: keras.Model) -> None:
        shape = tuple(network.input_shape[1:])
        self.operations = [Operation("picture", shape)]
        output, _ = self._trace(network, [(0, shape)])
        self._fold(output)

    def _add(self, kind: str, shape: Sequence[int], inputs: Sequence[Tensor], **more) -> Tensor:
        shape = tuple(int(side) for side in shape)
        self.operations.append(Operation(kind, shape, [number for number, _ in inputs], **more))
        return len(self.operations) - 1, shape

    # Models: what is connected with what.

    def _trace(self, model: keras.Model, inputs: list[Tensor]) -> Tensor:
        if type(model).__name__ == "Sequential":
            (tensor,) = inputs
            for layer in model.layers:
                tensor = self._apply(layer, [tensor])
            return tensor
        # What a node reads is deeper; nodes of one depth go in the order of the layers.
        known = {id(each): given for each, given in zip(model.inputs, inputs, strict=True)}
        for _, nodes in sorted(model._nodes_by_depth.items(), reverse=True):
            for node in sorted(nodes, key=lambda node: model.operations.index(node.operation)):
                if not node.is_input:
                    found = [known[id(each)] for each in node.input_tensors]
                    known[id(node.outputs[0])] = self._apply(node.operation, found)
        (output,) = model.outputs
        return known[id(output)]

    # Layers.

    def _apply(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        name = type(layer).__name__
        if name in MODELS:
            return self._trace(layer, inputs)
        if getattr(layer, "data_format", "channels_last") != "channels_last":
            raise _unknown(layer, "channels first")
        return LAYERS[name](self, layer, inputs)

    def _activate(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        name = getattr(layer.activation, "__name__", str(layer.activation))
        if name not in ACTIVATIONS:
            raise _unknown(layer, f"the activation {name}")
        kind, settings = ACTIVATIONS[name]
        if not kind:
            return inputs[0]
        return self._add(kind, inputs[0][1], inputs, settings=dict(settings))

    def _convolution(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        if set(layer.dilation_rate) != {1} or getattr(layer, "groups", 1) != 1:
            raise _unknown(layer, "a dilation or groups")
        kernel, kind = np.asarray(layer.kernel, np.float64), "convolution"
        if type(layer).__name__ == "DepthwiseConv2D":
            if layer.depth_multiplier != 1:
                raise _unknown(layer, "a depth multiplier")
            kernel, kind = kernel[..., 0], "depthwise"  # (height, width, channels)
        settings, sides = _windows(inputs[0][1], layer.kernel_size, layer.strides, layer.padding)
        return self._weigh(kind, sides, inputs, layer, kernel, settings=settings)

    def _weigh(self, kind, sides, inputs, layer, kernel: np.ndarray, **more) -> Tensor:
        """Add an operation that has weights, a bias and perhaps an activation."""
        channels = kernel.shape[-1]
        bias = np.asarray(layer.bias, np.float64) if layer.use_bias else np.zeros(channels)
        more |= {"weights": kernel, "bias": bias, "layer": layer}
        return self._activate(layer, [self._add(kind, (*sides, channels), inputs, **more)])

    def _dense(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        kernel = np.asarray(layer.kernel, np.float64)
        return self._weigh("dense", inputs[0][1][:-1], inputs, layer, kernel)

    def _pool(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        settings, shape = _windows(inputs[0][1], layer.pool_size, layer.strides, layer.padding)
        kind = "max" if type(layer).__name__ == "MaxPooling2D" else "average"
        return self._add(kind, (*shape, inputs[0][1][-1]), inputs, settings=settings)

    def _pool_all(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        *sides, channels = inputs[0][1]
        kind = "max" if type(layer).__name__ == "GlobalMaxPooling2D" else "average"
        settings, _ = _windows(inputs[0][1], sides, (1, 1), "valid")
        number, shape = self._add(kind, (1, 1, channels), inputs, settings=settings)
        return number, shape if layer.keepdims else (channels,)

    def _normalise(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        _check_axis(layer, inputs)
        factor = 1 / np.sqrt(np.asarray(layer.moving_variance, np.float64) + layer.epsilon)
        if layer.scale:
            factor = factor * np.asarray(layer.gamma, np.float64)
        shift = -np.asarray(layer.moving_mean, np.float64) * factor
        if layer.center:
            shift = shift + np.asarray(layer.beta, np.float64)
        return self._add("affine", inputs[0][1], inputs, weights=factor, bias=shift, layer=layer)

    def _rescale(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        factor, shift = (np.atleast_1d(np.float64(each)) for each in (layer.scale, layer.offset))
        factor, shift = np.broadcast_arrays(factor, shift)
        if factor.shape not in ((1,), inputs[0][1][-1:]):
            raise _unknown(layer, f"a scale of shape {factor.shape}")
        return self._add("affine", inputs[0][1], inputs, weights=factor, bias=shift, layer=layer)

    def _standardise(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        if layer.invert or set(layer.mean.shape[:-1]) != {1}:
            raise _unknown(layer, "another axis than the last, or inverted")
        mean, variance = (np.ravel(np.float64(each)) for each in (layer.mean, layer.variance))
        factor = 1 / np.maximum(np.sqrt(variance), 1e-7)  # as Keras: its epsilon
        shift = -mean * factor
        return self._add("affine", inputs[0][1], inputs, weights=factor, bias=shift, layer=layer)

    def _clip(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        if getattr(layer, "threshold", 0):
            raise _unknown(layer, "a threshold")
        high = getattr(layer, "max_value", None)
        slope = float(layer.negative_slope or 0)
        settings = {"low": None if slope else 0.0, "high": high, "slope": slope}
        return self._add("clip", inputs[0][1], inputs, settings=settings)

    def _softmax(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        _check_axis(layer, inputs)
        return self._add("softmax", inputs[0][1], inputs)

    def _resize(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        if layer.interpolation != "bilinear" or layer.antialias:
            raise _unknown(layer, "another interpolation than plain bilinear")
        if layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio:
            raise _unknown(layer, "an aspect ratio to keep")
        return self._add("resize", (layer.height, layer.width, inputs[0][1][-1]), inputs)

    def _pad(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        height, width, channels = inputs[0][1]
        (top, bottom), (left, right) = layer.padding
        shape = (height + top + bottom, width + left + right, channels)
        return self._add("padding", shape, inputs, settings={"pad": [top, left]})

    def _sum(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        if len({shape for _, shape in inputs}) != 1:
            raise _unknown(layer, "inputs of different shapes")
        return self._add("add", inputs[0][1], inputs)

    def _concatenate(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        _check_axis(layer, inputs)
        settings = {"parts": [shape[-1] for _, shape in inputs]}
        shape = (*inputs[0][1][:-1], sum(settings["parts"]))
        return self._add("concatenate", shape, inputs, settings=settings)

    def _flatten(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        number, shape = inputs[0]
        return number, (math.prod(shape),)

    def _pass_on(self, layer: keras.layers.Layer, inputs: list[Tensor]) -> Tensor:
        return inputs[0]

    # Fewer steps.

    def _fold(self, output: int) -> None:
        """Fold what scales the output of a convolution, or clips it, into the convolution."""
        readers = [0] * len(self.operations)
        for number in (output, *(n for each in self.operations for n in each.inputs)):
            readers[number] += 1
        place: list[int] = []  # where each operation has gone
        kept: list[Operation] = []
        left: list[int] = []  # readers of what each kept one gives
        for operation, number in zip(self.operations, readers, strict=True):
            operation.inputs = [place[each] for each in operation.inputs]
            before = operation.inputs[0] if len(operation.inputs) == 1 else None
            if before is not None and left[before] == 1 and kept[before].take_over(operation):
                place.append(before)
                left[before] = number
            else:
                place.append(len(kept))
                kept.append(operation)
                left.append(number)
        self.operations = kept


PASSED_ON = (
    "Dropout", "SpatialDropout2D", "Identity", "InputLayer", "ConvertToTensor",
    # What augments in training only.
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast",
    "RandomBrightness", "GaussianNoise",
)  # fmt: skip
LAYERS: dict[str, Callable[[Graph, Any, list[Tensor]], Tensor]] = {
    "Rescaling": Graph._rescale, "Normalization": Graph._standardise, "Resizing": Graph._resize,
    "BatchNormalization": Graph._normalise,
    "Conv2D": Graph._convolution, "DepthwiseConv2D": Graph._convolution, "Dense": Graph._dense,
    "ReLU": Graph._clip, "LeakyReLU": Graph._clip,
    "Softmax": Graph._softmax, "Activation": Graph._activate,
    "MaxPooling2D": Graph._pool, "AveragePooling2D": Graph._pool,
    "GlobalMaxPooling2D": Graph._pool_all, "GlobalAveragePooling2D": Graph._pool_all,
    "ZeroPadding2D": Graph._pad, "Add": Graph._sum, "Concatenate": Graph._concatenate,
    "Flatten": Graph._flatten, **dict.fromkeys(PASSED_ON, Graph._pass_on),
}  # fmt: skip
MODELS = ("Sequential", "Functional")
ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "linear": ("", {}),
    "relu": ("clip", {"low": 0.0}),
    "relu6": ("clip", {"low": 0.0, "high": 6.0}),
    "softmax": ("softmax", {}),
    **{name: ("function", {"name": name}) for name in ("sigmoid", "tanh", "silu")},
}


def _windows(
    shape: tuple[int, ...], kernel: Sequence[int], stride: Sequence[int], padding: str
) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Return what a sliding window needs to know, and the height and width of its output."""
    kernel, stride = [int(n) for n in kernel], [int(n) for n in stride]
    before, sides = [], []
    for side, across, step in zip(shape, kernel, stride, strict=False):
        if padding == "same":  # as TensorFlow: the odd pixel goes behind
            sides.append(-(-side // step))
            before.append(max((sides[-1] - 1) * step + across - side, 0) // 2)
        else:
            sides.append((side - across) // step + 1)
            before.append(0)
    return {"kernel": kernel, "stride": stride, "pad": before}, tuple(sides)


def _check_axis(layer: keras.layers.Layer, inputs: list[Tensor]) -> None:
    if layer.axis not in (-1, len(inputs[0][1])):
        raise _unknown(layer, "an axis that is not the last")


def _unknown(layer: keras.layers.Layer, what: str) -> PageError:
    return _refusal(layer.name, f"{type(layer).__name__} with {what}")


def _refusal(name: str, kind: str) -> PageError:
    return PageError(
        f"The layer {name!r} is a {kind}, which the page cannot compute; it knows "
        f"{', '.join(LAYERS)}, and models of these."
    )


# Reading a network -----------------------------------------------------------------------------


def read_network(path: Path) -> keras.Model:
    """Read a network that the page can compute from a `.keras` file; it computes in float32.

    Raises:
        PageError: it cannot be read, takes no square pictures, or has a layer that the page does
            not know.
    """
    try:
        with zipfile.ZipFile(path) as file:
            config = json.loads(file.read("config.json"))
        _check_layers(config)  # before TensorFlow is loaded, and before anything of the file runs
    except FileNotFoundError:
        raise PageError(
            f"There is no file {printable(path)}; give a network that was saved."
        ) from None
    except PageError:
        raise
    except (OSError, LookupError, TypeError, AttributeError, ValueError, *DAMAGE):
        raise PageError(
            f"{printable(path)} is not a network that Keras saved; give a .keras file."
        ) from None
    import keras

    try:
        text = PRECISION.sub("float32", json.dumps(config | {"compile_config": None}))
        network = keras.saving.deserialize_keras_object(json.loads(text))
        network.load_weights(path)
    except Exception as error:  # Keras raises errors of many kinds
        why = (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")
        raise PageError(
            f"Keras {keras.__version__} cannot load {printable(path)} ({why}); save it again by "
            "this version."
        ) from None
    shape = network.input_shape
    if not isinstance(shape, tuple) or shape[1:] != (shape[1], shape[1], 3) or shape[1] is None:
        raise PageError(
            f"The network's input shape is {shape}; it must be one RGB picture, square and fixed."
        )
    if not isinstance(network.output_shape, tuple):
        raise PageError("The network has several outputs; the page shows one.")
    return network


def _check_layers(config: Mapping[str, Any]) -> None:
    """Refuse layers that the page does not know, by a saved network's configuration."""
    kind = str(config.get("class_name"))
    inner = config.get("config", {})
    own = str(config.get("module")).partition(".")[0] != "keras"
    if own or kind not in (*LAYERS, *MODELS):
        raise _refusal(str(inner.get("name", kind)), kind)
    for each in inner.get("layers", ()) if kind in MODELS else ():
        _check_layers(each)


def find_classes(path: Path, network: keras.Model, given: Sequence[str] = ()) -> tuple[str, ...]:
    """Find the names of a network's classes, in the order of its outputs.

    Taken are those given; else those of `NAME.classes.txt` beside `NAME.keras`, one a line; else
    those of the catalog's data set that the network's file is named after.

    Raises:
        PageError: no names are known, or they do not fit the outputs.
    """
    number = max(2, network.output_shape[-1])  # one sigmoid tells two classes apart
    names, where = tuple(given), "given"
    beside = path.with_suffix(CLASSES_FILE)
    if not names and beside.is_file():
        try:
            lines = beside.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise PageError(f"{beside.name} is not in UTF-8; save it in that encoding.") from None
        names, where = tuple(line.strip() for line in lines if line.strip()), f"in {beside.name}"
    if not names:
        catalog = read_catalog()
        named = [name for name in catalog if path.stem.startswith(name)]
        if not named:
            raise PageError(
                f"The names of the {number} classes of {path.name} are not known; give them in the "
                f"order of the network's outputs: --classes {','.join('abcdefghij'[:number])}."
            )
        names, where = catalog[named[0]].classes, f"those of the data set {named[0]}"
    if len(names) != number or len(set(names)) != number or not all(names):
        raise PageError(
            f"The network tells {number} classes apart, and {where} are {few(names)}; name each of "
            "its classes once, in the order of its outputs: --classes first,second."
        )
    return names


# Weights: as text of which a browser makes numbers again ------------------------------------------


def choose_precision(network: keras.Model, graph: Graph) -> float:
    """Return how many weights a kernel must have to be kept in 16 bits; infinite if none is.

    The kernels, folded and rounded, are put back into the network, which then reads drawn pictures
    and noise as before, or differently.

    Raises:
        PageError: the folded network differs from the one that was folded.
    """
    pictures = _pictures(int(network.input_shape[1]))
    before = network.predict_on_batch(pictures)
    if not np.isfinite(before).all():
        raise PageError("The network's outputs are not numbers; its training went wrong.")
    weighty = [each for each in graph.operations if each.layer and each.kind != "affine"]
    if len({id(each.layer) for each in weighty}) < len(weighty):
        return math.inf  # a layer that is used twice may have been folded in two ways

    def change(least: float) -> float:
        for each in weighty:
            shorts, units = _to_shorts(each.weights)
            _put_back(each, each.weights if each.weights.size < least else shorts * units)
        return float(np.abs(network.predict_on_batch(pictures) - before).max())

    if change(math.inf) > TOLERANCE:
        raise PageError("The page's network differs from the saved one; please report this.")
    return next((least for least in SHORT_FROM if change(least) <= TOLERANCE), math.inf)


def _to_shorts(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a kernel as whole numbers of 16 bits, and the unit of each output channel.

    Of float16, ten bits tell numbers of one size apart, so that would be some times coarser.
    """
    largest = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)))
    units = (np.where(largest > 0, largest, 1) / 32767).astype(np.float32)
    return np.rint(kernel / units).clip(-32767, 32767).astype("<i2"), units


def _put_back(operation: Operation, kernel: np.ndarray) -> None:
    """Give the layers that an operation was made of the weights that it has."""
    layer, after, bias = operation.layer, operation.normalises, operation.bias
    layer.kernel.assign(kernel.reshape(layer.kernel.shape))
    if layer.use_bias:
        layer.bias.assign(bias)
    if after:  # it now does nothing but add the bias, where the layer has none
        nothing = np.zeros_like(bias)
        after.moving_mean.assign(nothing if layer.use_bias else -bias)
        after.moving_variance.assign(nothing + 1 - after.epsilon)
        if after.scale:
            after.gamma.assign(nothing + 1)
        if after.center:
            after.beta.assign(nothing)


def _pictures(size: int) -> np.ndarray:
    random = np.random.default_rng(0)
    hands = [draw_picture("rock_paper_scissors", n % 3, n).resize((size, size)) for n in range(36)]
    noise = random.integers(0, 256, (12, size, size, 3))
    return np.concatenate([np.stack(hands), noise]).astype(np.float32)


def pack(graph: Graph, least: float) -> tuple[list[dict[str, Any]], bytes]:
    """Return the operations as plain data, and their weights as bytes, array after array.

    A kernel of `least` weights or more is kept in 16 bits, all else in float32; each array begins
    at a multiple of four.
    """
    content, written = [], BytesIO()

    def write(numbers: np.ndarray) -> dict[str, Any]:
        place = {"at": written.tell(), "length": int(numbers.size)}
        written.write(numbers.tobytes())
        written.write(bytes(-written.tell() % 4))
        return place

    for each in graph.operations:
        row = {"kind": each.kind, "shape": each.shape, "from": each.inputs, **each.settings}
        if each.weights is not None:
            if each.kind == "affine" or each.weights.size < least:
                row["weights"] = write(each.weights.astype("<f4"))
            else:
                shorts, units = _to_shorts(each.weights)
                row["weights"] = write(shorts) | {"units": write(units.astype("<f4"))}
            row["bias"] = write(each.bias.astype("<f4"))
        content.append(row)
    return content, written.getvalue()


# The page --------------------------------------------------------------------------------------


def describe(network: keras.Model, classes: Sequence[str]) -> tuple[dict[str, Any], bytes]:
    """Return what the page's code is given, see `fill_template`, and the weights, see `pack`.

    The weights of the network, which is one from `read_network`, are rounded.

    Raises:
        PageError: the network ends in no probabilities, or a layer is set to something that the
            page does not know.
    """
    graph = Graph(network)
    last = graph.operations[-1]
    sigmoid = last.settings.get("name") == "sigmoid" and last.shape == (1,)
    if len(last.shape) != 1 or not (last.kind == "softmax" or sigmoid):
        raise PageError(
            "The network must end in a softmax over its classes, or in one sigmoid for two; "
            "its outputs are not probabilities."
        )
    operations, weights = pack(graph, choose_precision(network, graph))
    return {"classes": list(classes), "operations": operations, **_game(classes)}, weights


def _game(classes: Sequence[str]) -> dict[str, Any]:
    """Return what the game needs, or nothing where the classes are others."""
    from helpers.webcam import MARGIN, ROUNDS, draw_jpeg, portrait

    own = {name.lower(): name for name in classes}
    if own.keys() != BEATS.keys():
        return {}
    return {
        "wins": {name: own[BEATS[kind]] for kind, name in own.items()},
        "portraits": {name: portrait(kind) for kind, name in own.items()},
        "drawn": [
            base64.b64encode(draw_jpeg(GESTURES[n % 3], 100 + n)).decode() for n in range(DRAWN)
        ],
        "rounds": ROUNDS,
        "margin": MARGIN,
    }


def write_page(path: Path, target: Path | None = None, classes: Sequence[str] = ()) -> Path:
    """Write the page of a saved network; return its file.

    Args:
        path: a `.keras` file.
        target: the page, or a `.zip` that keeps what it is made of; None for the network's name
            with the ending `.html`, in this folder.
        classes: names in the order of the outputs; none to look for them, see `find_classes`.

    Raises:
        PageError: the page cannot be made; nothing is written.
        OSError: it cannot be written; what was there is left.
    """
    target = target or Path(f"{path.stem}.html")
    ending = target.suffix.lower()
    if ending not in (".html", ".zip"):
        raise PageError(
            f"The page's file is {printable(target)}; its name must end in .html, or in .zip for "
            "what it is made of."
        )
    network = read_network(path)
    given, weights = describe(network, find_classes(path, network, classes))
    if ending == ".zip":
        write_kept(target, given, weights)
    else:
        write_atomically(target, fill_template(given, weights))
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a page from the command line; return 1 where nothing was written."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.take_along",
        description="Write one .html file that holds a trained network.",
    )
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL.keras", help="a saved network")
    add("--classes", default="", help="their names, in the order of the outputs: rock,paper")
    add("--out", type=Path, help="the page; without it, the network's name; a .zip for the site")
    given = parser.parse_args(arguments)
    classes = [name.strip() for name in given.classes.split(",")] if given.classes.strip() else []
    try:
        page = write_page(given.model, given.out, classes)
    except PageError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The page was not written: {explain(error)}.", file=sys.stderr)
        return 1
    print(f"{printable(page)}, {page.stat().st_size / 1e6:.1f} MB: ", end="")
    if page.suffix.lower() == ".zip":
        print("what a page is made of; `make site` makes one of data/networks/.")
    else:
        print("open it by double click, or put it on any")
        print("web server (https) for a phone; it needs no network, and sends nothing anywhere.")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
