"""Weights of pretrained networks: found, checked, and said where they come from.

The networks themselves are built on a lesson's page, by `keras.applications`.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import keras
import numpy as np

from helpers.data.download import fetch
from helpers.environment import MIRROR_VARIABLE, mirror_folder
from helpers.files import check_file, replacing
from helpers.messages import NotAvailable, OneSentence
from helpers.pretrained.efficientnet_lite import packaged_weights

ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications/"
ALWAYS_THERE = "EfficientNetLite0"
WEIGHTS_AT_MOST = 2**30  # bytes of a download; the largest here, VGG19 with its top, has 0.6 GB

Origin = Literal["package", "cache", "mirror", "download"]


@dataclass(frozen=True)
class Family:
    """One of the networks of `keras.applications`, and where Keras keeps its weights.

    Attributes:
        name: the function of `keras.applications` that builds it.
        module: where that function is.
        smallest: the smallest edge it takes without its top, in pixels.
        md5: of the file with the 1000 classes and of the one without.
    """

    name: str
    module: str
    smallest: int
    md5: tuple[str, str]

    def file_names(self, top: bool) -> tuple[str, str]:
        """Return Keras's own file name, and one for weights that `model.save_weights` wrote."""
        end = "" if top else "_notop"
        own = f"{self.module}_weights_tf_dim_ordering_tf_kernels{end}.h5"
        return own, f"{self.name.lower()}{end}.weights.h5"

    def address(self, top: bool) -> str:
        """Return where Keras downloads the weights from."""
        return f"{ADDRESS}{self.module}/{self.file_names(top)[0]}"


# Source of names, modules and md5: keras/src/applications/*.py of Keras 3.13 to 3.15, which keeps
# them inside its functions; a test compares this table with the Keras that is installed.
FAMILIES = {
    name: Family(name, *more)
    for name, *more in (
        ("InceptionV3", "inception_v3", 75,
         ("9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63")),
        ("VGG16", "vgg16", 32,
         ("64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc")),
        ("VGG19", "vgg19", 32,
         ("cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6")),
    )
}  # fmt: skip

BACKBONES = (*FAMILIES, ALWAYS_THERE)


# Find: which network, with which weights, and why.


@dataclass(frozen=True)
class Found:
    """A network whose weights were found and checked.

    Attributes:
        name: one of `BACKBONES`.
        weights: the file of its weights.
        origin: "package", "cache" (Keras's own), "mirror" or "download".
        reason: why an earlier way did not serve; empty if the first one did.
        checked: by what; "shapes", and the values, say nothing about who trained the network.
    """

    name: str
    weights: Path
    origin: Origin
    reason: str
    checked: Literal["md5", "sha256", "shapes"]

    @property
    def line(self) -> str:
        """The sentence a notebook shows: which network this is, from where, and why."""
        place = {
            "package": f"its package, {self.weights.name}",
            "cache": "Keras's cache folder",
            "mirror": f"the mirror folder, {self.weights.name}",
            "download": "the download",
        }[self.origin]
        because = f", because {self.reason}" if self.reason else ""
        what, checked = "ImageNet weights", self.checked
        if checked == "shapes":
            what, checked = "weights of unknown origin", "shapes and values"
        return f"Backbone: {self.name} with {what} from {place} ({checked} checked){because}."


def find_weights(wanted: str, preferred: str, top: bool = False, size: int | None = None) -> Found:
    """Find a pretrained network's weights, fetching them if need be.

    They are looked for in Keras's cache folder, then in the mirror folder and in `weights` below
    it, then downloaded to Keras's cache folder. A damaged file is named and not used.

    Args:
        wanted: "auto" takes the preferred network where its weights are available, else
            EfficientNetLite0; the name of one of the two insists on it.
        preferred: the network of the lesson, a name of `FAMILIES`.
        top: with the 1000 classes of ImageNet.
        size: edge of the smallest pictures, in pixels; None where they are large enough.

    Raises:
        ValueError: `wanted` is another name, or takes no pictures so small, the mirror is not a
            folder, or the package of EfficientNetLite0 is damaged.
        FileNotFoundError: the weights are unavailable; the message says which file to put where.
    """
    allowed = ("auto", preferred, ALWAYS_THERE)
    if wanted not in allowed:
        raise OneSentence(f"BACKBONE is {wanted!r}; here it may be {', '.join(allowed)}.")
    reason = ""
    smallest = FAMILIES[preferred].smallest
    if wanted != ALWAYS_THERE and size is not None and size < smallest:
        reason = f"{preferred} takes pictures of {smallest} pixels or more, not {size}"
        if wanted == preferred:
            raise OneSentence(f"{reason}: enlarge them, or set BACKBONE to {ALWAYS_THERE!r}.")
    elif wanted != ALWAYS_THERE:
        family, cache, mirror, notes = FAMILIES[preferred], keras_cache(), mirror_folder(), []
        name = family.file_names(top)[0]
        found = (
            _take(family, top, cache / name, "cache", notes)
            or _look_in_mirror(family, top, mirror, notes)
            or _fetch(family, top, cache, notes)
        )
        reason = "; ".join(notes)
        if found:
            file, origin, checked = found
            return Found(preferred, file, origin, reason, checked)
        reason = f"the weights of {preferred} are unavailable: {reason}"
        if wanted == preferred:
            raise NotAvailable(
                f"T{reason[1:]}; put {name} into {cache}, or into the folder that "
                f"{MIRROR_VARIABLE} names, and run again."
            )
    return Found(ALWAYS_THERE, packaged_weights(), "package", reason, "sha256")


def keras_cache() -> Path:
    """Return the folder into which Keras itself downloads weights."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home).expanduser() if home else Path.home() / ".keras") / "models"


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
    checked = "md5" if file.name == family.file_names(top)[0] else "shapes"
    check = _check_md5 if checked == "md5" else _check_shapes
    fault = check_file(file, partial(check, family, top))
    if fault == "":
        return file, origin, checked
    if fault:
        place = "Keras's cache folder" if origin == "cache" else "the mirror folder"
        notes.append(f"{file.name} in {place} {fault}")
    return None


def _check_md5(family: Family, top: bool, file: Path) -> str:
    with file.open("rb") as opened:
        right = hashlib.file_digest(opened, "md5").hexdigest() == family.md5[not top]
    return "" if right else "is damaged (its md5 is not the one Keras expects)"


def _check_shapes(family: Family, top: bool, file: Path) -> str:
    """Say what is wrong; where no checksum is known, shapes must fit, and values make sense."""
    build = getattr(keras.applications, family.name)
    shape = None if top else (family.smallest, family.smallest, 3)
    model = build(weights=None, include_top=top, input_shape=shape)
    try:
        with warnings.catch_warnings(action="ignore"):
            model.load_weights(file)
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
        return "computes nothing usable from a picture"
    return ""


def _fetch(family: Family, top: bool, cache: Path, notes: list[str]) -> _Way | None:
    """Download to Keras's cache; a file takes its name there only once it is whole."""
    address, name = family.address(top), family.file_names(top)[0]
    try:
        if (cache / name).is_dir():  # and noted as such
            return None
        with replacing(cache / name) as beside:
            fetch(address, beside, name, WEIGHTS_AT_MOST)
            if fault := _check_md5(family, top, beside):
                host = urlsplit(address).netloc
                raise ConnectionError(f"{name} as it came from {host} {fault}")
        return cache / name, "download", "md5"
    except ConnectionError as error:
        notes.append(str(error))
    except OSError as error:
        notes.append(f"{cache} could not be written to ({error.strerror or error})")
    return None
