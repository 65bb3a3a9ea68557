"""Pretrained networks behind one face: found with their weights, built with their preprocessing.

Whatever its family, a backbone built here takes pixels from 0 to 255, carries its own
preprocessing and is one flat graph, so that its layers can be named, explained, and cut and frozen
by `helpers.transfer`.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import os
import uuid
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import keras
import numpy as np
from keras import layers

from helpers.data.download import check_mirror, fetch
from helpers.environment import MIRROR_VARIABLE
from helpers.messages import NotAvailable
from helpers.pretrained.efficientnet_lite import (
    SMALLEST_SIZE,
    TRAINED_SIZE,
    build_efficientnet_lite0,
    packaged_weights,
)
from helpers.transfer import join, split

ADDRESS = "https://storage.googleapis.com/"
ALWAYS_THERE = "EfficientNetLite0"
WEIGHTS_AT_MOST = 2**30  # bytes of a download; the largest here, VGG19 with its top, has 0.6 GB

Origin = Literal["package", "cache", "mirror", "download", "random"]


@dataclass(frozen=True)
class Family:
    """One of the networks of `keras.applications`, and where Keras keeps its weights.

    Attributes:
        name: the function of `keras.applications` that builds it.
        kind: the range it was trained on: "tf" for -1 to 1, "torch" for ImageNet's mean and
            deviation, "caffe" for BGR minus the mean, "inside" where Keras builds it in already.
        size: edge of the pictures it was trained on, in pixels.
        smallest: the smallest edge it takes, in pixels.
        folder: of its weight files, below `ADDRESS`.
        stem: of its weight files' names.
        md5: of the file with the 1000 classes and of the one without; empty where Keras has none.
        no_top: ends the stem of the file without the classes.
        fixed_top: the classes are tied to `size`, because the maps are flattened, not averaged.
    """

    name: str
    kind: Literal["tf", "torch", "caffe", "inside"]
    size: int
    smallest: int
    folder: str
    stem: str
    md5: tuple[str, str] = ("", "")
    no_top: str = "_notop"
    fixed_top: bool = False

    def file_names(self, top: bool) -> tuple[str, str]:
        """Return Keras's own file name, and one for weights that `model.save_weights` wrote."""
        return (
            f"{self.stem}{'' if top else self.no_top}.h5",
            f"{self.name.lower()}{'' if top else '_notop'}.weights.h5",
        )

    def address(self, top: bool) -> str:
        """Return where Keras downloads the weights from."""
        return f"{ADDRESS}{self.folder}/{self.file_names(top)[0]}"


_KERAS = "tensorflow/keras-applications/"
_KERNELS = "_weights_tf_dim_ordering_tf_kernels"

# Source of names, folders and md5: keras/src/applications/*.py of Keras 3.13 to 3.15, which keeps
# them inside its functions; a test compares this table with the Keras that is installed.
FAMILIES = {
    family.name: family
    for family in (
        Family(
            "InceptionV3", "tf", 299, 75, f"{_KERAS}inception_v3", f"inception_v3{_KERNELS}",
            ("9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63"),
        ),
        Family(
            "VGG16", "caffe", 224, 32, f"{_KERAS}vgg16", f"vgg16{_KERNELS}",
            ("64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc"),
            fixed_top=True,
        ),
        Family(
            "VGG19", "caffe", 224, 32, f"{_KERAS}vgg19", f"vgg19{_KERNELS}",
            ("cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6"),
            fixed_top=True,
        ),
        Family(
            "ResNet50", "caffe", 224, 32, f"{_KERAS}resnet", f"resnet50{_KERNELS}",
            ("2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626"),
        ),
        Family(
            "ResNet50V2", "tf", 224, 32, f"{_KERAS}resnet", f"resnet50v2{_KERNELS}",
            ("3ef43a0b657b3be2300d5770ece849e0", "fac2f116257151a9d068a22e544a4917"),
        ),
        Family(
            "MobileNetV2", "tf", 224, 32, f"{_KERAS}mobilenet_v2",
            f"mobilenet_v2{_KERNELS}_1.0_224", no_top="_no_top",
        ),
        Family(
            "EfficientNetB0", "inside", 224, 32, "keras-applications", "efficientnetb0",
            ("902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d"),
        ),
        Family(
            "DenseNet121", "torch", 224, 32, f"{_KERAS}densenet", f"densenet121{_KERNELS}",
            ("9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738"),
        ),
        Family(
            "Xception", "tf", 299, 71, f"{_KERAS}xception", f"xception{_KERNELS}",
            ("0a58e3b7378bc2990ea3b43d5981f1f6", "b0042744bf5b25fce3cb969f33bebb97"),
        ),
    )
}  # fmt: skip

BACKBONES = (*FAMILIES, ALWAYS_THERE)


# Find: which network, with which weights, and why.


@dataclass(frozen=True)
class Found:
    """A network whose weights were found and checked.

    Attributes:
        name: one of `BACKBONES`.
        weights: the file of its weights; None for random ones.
        origin: "package", "cache" (Keras's own), "mirror", "download" or "random".
        reason: why an earlier way did not serve; empty if the first one did.
        top: whether the network ends in ImageNet's 1000 classes.
        checked: what the file was checked by; "shapes", of those and of the values, says nothing
            about who trained the network.
    """

    name: str
    weights: Path | None
    origin: Origin
    reason: str = ""
    top: bool = False
    checked: Literal["md5", "sha256", "shapes", ""] = ""

    @property
    def size(self) -> int:
        """Edge of the pictures it was trained on, in pixels."""
        return FAMILIES[self.name].size if self.name in FAMILIES else TRAINED_SIZE

    @property
    def smallest(self) -> int:
        """The smallest edge it takes, in pixels."""
        return FAMILIES[self.name].smallest if self.name in FAMILIES else SMALLEST_SIZE

    @property
    def line(self) -> str:
        """The sentence a notebook shows: which network this is, from where, and why."""
        if self.weights is None:
            return f"Backbone: {self.name} with random weights, as asked for."
        place = {
            "package": f"from its package, {self.weights.name}",
            "cache": "from Keras's cache folder",
            "mirror": f"from the mirror folder, {self.weights.name}",
            "download": "from the download",
        }[self.origin]
        because = f", because {self.reason}" if self.reason else ""
        known = self.checked != "shapes" or self.origin == "download"
        what = "ImageNet weights" if known else "weights of unknown origin"
        checked = "shapes and values" if self.checked == "shapes" else self.checked
        return f"Backbone: {self.name} with {what} {place} ({checked} checked){because}."


def find_backbone(
    wanted: str,
    preferred: str = ALWAYS_THERE,
    top: bool = False,
    cache: Path | None = None,
    mirror: Path | None = None,
) -> Found:
    """Find a pretrained network's weights, fetching them if need be.

    They are looked for in Keras's cache folder, then in the mirror folder, then downloaded to
    Keras's cache folder. A damaged file is named and not used.

    Args:
        wanted: a name of `BACKBONES` insists on that network; "auto" takes the preferred one
            where its weights can be had, else EfficientNetLite0.
        preferred: the network of the lesson.
        top: with the 1000 classes of ImageNet.
        cache: holds the files that Keras fetched; None means Keras's own folder.
        mirror: is only read; holds weight files, in the folder itself or in `weights` below it.
            None means the one that the environment variable `COURSE_MIRROR` names, if any.

    Raises:
        ValueError: a name is not known, the mirror is not a folder, or the package of
            EfficientNetLite0 is damaged.
        FileNotFoundError: the weights cannot be had; the message says which file to put where.
    """
    insisted = wanted != "auto"
    name = wanted if insisted else preferred
    _check_name(name, allowed=BACKBONES if not insisted else ("auto", *BACKBONES))
    if name == ALWAYS_THERE:
        return Found(name, packaged_weights(), "package", "", top, "sha256")
    family = FAMILIES[name]
    cache = cache or keras_cache()
    mirror = check_mirror(mirror)
    notes: list[str] = []
    found = (
        _take(family, top, cache / family.file_names(top)[0], "cache", notes)
        or _look_in_mirror(family, top, mirror, notes)
        or _fetch(family, top, cache, notes)
    )
    reason = "; ".join(notes)
    if found:
        file, origin, checked = found
        return Found(name, file, origin, reason, top, checked)
    if not insisted:
        reason = f"the weights of {name} cannot be had: {reason}"
        return Found(ALWAYS_THERE, packaged_weights(), "package", reason, top, "sha256")
    raise NotAvailable(
        f"The weights of {name} cannot be had: {reason}; put {family.file_names(top)[0]} into "
        f"{cache}, or into the folder that {MIRROR_VARIABLE} names, and run again."
    )


def untrained(name: str, top: bool = False) -> Found:
    """Return a network with random weights, for tests and for runs that only show the way.

    Raises:
        ValueError: the name is not known.
    """
    _check_name(name, BACKBONES)
    return Found(name, None, "random", top=top)


def keras_cache() -> Path:
    """Return the folder into which Keras itself downloads weights."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home).expanduser() if home else Path.home() / ".keras") / "models"


def _check_name(name: str, allowed: tuple[str, ...]) -> None:
    if name not in allowed:
        near = difflib.get_close_matches(name.lower(), map(str.lower, allowed), n=1)
        hint = next((f" (did you mean {each}?)" for each in allowed if [each.lower()] == near), "")
        raise ValueError(
            f"The backbone {name!r} is not known{hint}; allowed: {', '.join(allowed)}."
        )


_Way = tuple[Path, Origin, Literal["md5", "shapes"]]


def _look_in_mirror(
    family: Family, top: bool, mirror: Path | None, notes: list[str]
) -> _Way | None:
    if mirror is None:
        return None
    files = [
        folder / name for name in family.file_names(top) for folder in (mirror, mirror / "weights")
    ]
    for file in files:
        if found := _take(family, top, file, "mirror", notes):
            return found
    if not any(os.path.lexists(file) for file in files):
        notes.append(f"the mirror folder does not hold {family.file_names(top)[0]}")
    return None


def _take(family: Family, top: bool, file: Path, origin: Origin, notes: list[str]) -> _Way | None:
    """Return the file where it is there and whole; note what is wrong with it where it is not."""
    if not os.path.lexists(file):
        return None
    try:
        md5 = _expected_md5(family, top, file.name)
        fault = _find_fault(family, top, file, md5) if file.is_file() else "is not a file"
    except OSError as error:
        fault = f"cannot be read ({error.strerror or error})"
    if not fault:
        return file, origin, "md5" if md5 else "shapes"
    place = "Keras's cache folder" if origin == "cache" else "the mirror folder"
    notes.append(f"{file.name} in {place} {fault}")
    return None


def _expected_md5(family: Family, top: bool, name: str) -> str:
    return family.md5[not top] if name == family.file_names(top)[0] else ""


def _find_fault(family: Family, top: bool, file: Path, md5: str) -> str:
    """Say what is wrong; where no checksum is known, shapes must fit, and values make sense."""
    if md5:
        with file.open("rb") as opened:
            right = hashlib.file_digest(opened, "md5").hexdigest() == md5
        return "" if right else "is damaged (its md5 is not the one Keras expects)"
    model, published = _assemble(family, family.size if family.fixed_top else family.smallest, top)
    try:
        with warnings.catch_warnings(action="ignore"):
            published.load_weights(file)
    except Exception:  # h5py and Keras raise many kinds for a file that is cut off or another's
        return f"is damaged or does not fit {family.name}"
    return _find_senseless(model)


def _find_senseless(model: keras.Model) -> str:
    """Say what no trained network has, and what a file of the right shapes may hold."""
    for weight in model.weights:
        values = weight.numpy()
        if not np.isfinite(values).all():
            return f"holds NaN or infinite values (in {weight.path})"
        if values.ndim > 1 and values.min() == values.max():
            return f"holds one and the same value throughout {weight.path}"
    pixels = np.random.default_rng(0).uniform(0, 255, (2, *model.input_shape[1:]))
    one, other = model(pixels).numpy()
    if not np.isfinite([one, other]).all() or (one == other).all():
        return "answers no picture, or all alike"
    return ""


def _fetch(family: Family, top: bool, cache: Path, notes: list[str]) -> _Way | None:
    """Download to Keras's cache; a file takes its name there only once it is whole."""
    address, name = family.address(top), family.file_names(top)[0]
    if (cache / name).is_dir():  # and noted as such
        return None
    md5 = _expected_md5(family, top, name)
    partial = cache / f".{uuid.uuid4().hex[:6]}.partial.{name}"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        fetch(address, partial, name, WEIGHTS_AT_MOST)
        fault = _find_fault(family, top, partial, md5)
        if not fault:
            return partial.replace(cache / name), "download", "md5" if md5 else "shapes"
        notes.append(f"{name} as it came from {urlsplit(address).netloc} {fault}")
    except ConnectionError as error:
        notes.append(str(error))
    except OSError as error:
        notes.append(f"{cache} could not be written to ({error.strerror or error})")
    finally:
        with contextlib.suppress(OSError):  # there may be no folder to remove it from
            partial.unlink(missing_ok=True)
    return None


# Build: one flat graph from pixels, with the preprocessing inside.


def build_backbone(found: Found, image_size: int) -> keras.Model:
    """Build a network with the weights that were found.

    Args:
        found: what `find_backbone` or `untrained` returned.
        image_size: edge of the square input, in pixels.

    Returns:
        A model from float pixels (batch, image_size, image_size, 3), RGB, 0 to 255, to its last
        maps (batch, edge, edge, maps); or, with the top, to float32 probabilities (batch, 1000).

    Raises:
        ValueError: the network does not take pictures of that size.
    """
    _check_size(found, image_size)
    if found.name == ALWAYS_THERE:
        return build_efficientnet_lite0(image_size, found.top, found.weights)
    model, published = _assemble(FAMILIES[found.name], image_size, found.top)
    if found.weights:
        published.load_weights(found.weights)
        if found.name == "EfficientNetB0":
            _complete_normalization(model)
    return model


def _check_size(found: Found, image_size: int) -> None:
    family = FAMILIES.get(found.name)
    if image_size < found.smallest:
        raise ValueError(
            f"{found.name} takes pictures of {found.smallest} pixels or more, not {image_size}."
        )
    if found.top and family and family.fixed_top and image_size != family.size:
        raise ValueError(
            f"{found.name} with its 1000 classes takes pictures of {family.size} pixels only, "
            f"not {image_size}; without them it takes other sizes."
        )


def _assemble(family: Family, image_size: int, top: bool) -> tuple[keras.Model, keras.Model]:
    """Return the whole model, and the part of it that Keras's weight files describe."""
    pixels = keras.Input((image_size, image_size, 3), name="pixels")
    scaled = _PREPROCESS[family.kind](pixels)
    build = getattr(keras.applications, family.name)
    if top:
        bare = build(weights=None, input_tensor=scaled, classifier_activation=None)
        softmax = layers.Activation("softmax", dtype="float32", name="probabilities")
        answer = softmax(bare.output)
    else:
        bare = build(weights=None, input_tensor=scaled, include_top=False)
        answer = bare.output
    name = family.name.lower()
    return keras.Model(pixels, answer, name=name), keras.Model(scaled, bare.output, name=name)


# Each equals the family's own `preprocess_input`; float32 even where the network itself computes
# with fewer digits.


def _scale_to_one(pixels: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Rescaling(1 / 127.5, offset=-1, dtype="float32", name="scale")(pixels)


def _standardise(pixels: keras.KerasTensor) -> keras.KerasTensor:
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    scale, offset = (1 / 255 / deviation).tolist(), (-mean / deviation).tolist()
    return layers.Rescaling(scale, offset, dtype="float32", name="scale")(pixels)


def _subtract_mean(pixels: keras.KerasTensor) -> keras.KerasTensor:
    offset = [-103.939, -116.779, -123.68]  # blue, green, red
    scale = layers.Rescaling(1.0, offset, dtype="float32", name="scale")
    return scale(keras.ops.flip(pixels, axis=-1))


_PREPROCESS: dict[str, Callable[[keras.KerasTensor], keras.KerasTensor]] = {
    "tf": _scale_to_one,
    "torch": _standardise,
    "caffe": _subtract_mean,
    "inside": lambda pixels: pixels,
}


def with_plain_scaling(backbone: keras.Model, factor: float) -> keras.Model:
    """Feed a network pixels times a factor in place of its own preprocessing.

    That is how the walkthroughs feed theirs: 0..255 or 0..1, red first, to networks that were
    trained on something else.

    Args:
        backbone: from `build_backbone`.
        factor: 1 for 0..255, 1/255 for 0..1.

    Returns:
        A flat model that shares all layers after the preprocessing, from the same pixels.
    """
    own = [
        layer.name
        for layer in backbone.layers
        if isinstance(layer, layers.Rescaling | layers.Normalization)
    ]
    _, upper = split(backbone, own[-1])
    pixels = keras.Input(backbone.input_shape[1:], name="pixels")
    scaled = layers.Rescaling(factor, dtype="float32", name="scale")(pixels)
    return join(keras.Model(pixels, scaled, name=f"{backbone.name}_plain"), upper)


def _complete_normalization(model: keras.Model) -> None:
    """Divide by the deviation once more, as Keras does for weights that it fetched itself.

    The file of EfficientNetB0 holds deviations where the layer expects their squares; Keras adds
    a layer for that, but only for `weights="imagenet"`. Here the stored values are mended instead.
    """
    layer = next(each for each in model.layers if isinstance(each, layers.Normalization))
    mean, variance, count = layer.get_weights()
    layer.set_weights([mean, variance * np.array([0.229, 0.224, 0.225], np.float32), count])
    layer.finalize_state()
