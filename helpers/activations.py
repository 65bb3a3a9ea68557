"""Activations of the part that does not learn: computed once, kept on disk, trained on.

A frozen part answers a picture alike in every epoch, so it need run only once over each augmented
copy of it. Each copy is one file: the values as they lie in memory, then the SHA-256 of its name
and of them. Its name is a key made of everything that shaped the values.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import mmap
import os
import shutil
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tqdm.auto import tqdm

from helpers.data.pictures import Pictures, resize, shuffled_positions
from helpers.environment import CACHE_FOLDER
from helpers.files import PARTIAL, clear_abandoned, replacing, try_to_write, work_in
from helpers.fingerprints import fingerprint
from helpers.messages import NoRoom, OneSentence

BLOCK = 32  # pictures the lower part sees at a time; their augmentation shares one seed
FORMAT = 2  # of the files: raise it where the same key should no longer find them
GIB = 2**30
LARGEST_GIB = 16.0  # that all kept activations may take on disk
DIGEST_PIECE = 2**24  # bytes read at a time
DIGEST_BYTES = hashlib.sha256().digest_size
KEPT = ".activations"
AUGMENTATION_CODE = fingerprint(Path(__file__).with_name("augmentation.py"))  # as it was loaded


@dataclass(frozen=True, eq=False)
class Activations:
    """Activations of one split, on disk and read as they are needed.

    Attributes:
        copies: one array a copy, each of shape (n, height, width, channels) or (n, channels), in
            the dtype that the lower part gives (float32, float16 or bfloat16); memory-mapped,
            read-only.
        labels: as of `Pictures`.
        computed: number of copies that were computed now; the others were found on disk.
        seconds: what finding and computing took.
    """

    copies: tuple[np.memmap, ...]
    labels: np.ndarray
    computed: int
    seconds: float

    def __post_init__(self) -> None:
        _in_use.add(self)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def line(self) -> str:
        """The sentence a notebook shows: how much was kept, and whether it had to be computed."""
        first, copies = self.copies[0], len(self.copies)
        what = _count(copies, len(self))
        each = f"{_text(first.shape[1:])} {first.dtype} each"
        size = copies * first.nbytes
        on_disk = f"{size / GIB:.2f} GiB" if size >= GIB / 10 else f"{size / 2**20:.1f} MiB"
        counts = {"reused": copies - self.computed, "computed": self.computed}
        how = ", ".join(f"{number:,} {word}" for word, number in counts.items() if number)
        return f"Activations: {what}, {each}, {on_disk} on disk; {how} in {self.seconds:.1f} s."


_in_use: weakref.WeakSet[Activations] = weakref.WeakSet()


def compute_activations(
    lower: keras.Model,
    pictures: Pictures,
    copies: int = 1,
    augment: Callable | None = None,
    seed: int = 0,
    size: int | None = None,
    folder: Path = CACHE_FOLDER / "activations",
    largest_gib: float = LARGEST_GIB,
    progress: bool = True,
) -> Activations:
    """Run the part that does not learn over every copy of every picture, or find that it has run.

    A copy that is on disk is read; the others are computed, each into a file of its own, so that a
    run that was killed goes on where it stopped and more copies can be asked for later. Of files
    that the folder has no room for, those go first that were used longest ago.

    Args:
        lower: from float32 pixels of shape (batch, size, size, 3), 0 to 255, to one array of
            activations. It runs as in inference.
        pictures: with `augment` they may have further channels, such as a mask.
        copies: augmented copies of each picture; 1 without augmentation. Copy k is the same
            whatever their number.
        augment: as in `pictures.training_batches`, with a `get_config` that tells all its
            settings; None takes the pictures as they are.
        seed: fixes the augmentation, 0 or above.
        size: as in `pictures.training_batches`.
        folder: where the files are kept, `largest_gib` GiB (2**30 bytes) of them at most, unless
            more are in use at the same time.
        progress: show a progress bar while computing.

    Raises:
        TypeError: `augment` or `lower` does not tell by `get_config` how it is made.
        ValueError: the pictures do not fit the lower part, several copies of unchanged pictures are
            asked for, or these activations alone would not fit into the folder's bound.
        OSError: the disk has too little room, or neither the folder nor the system's temporary
            one, which else serves in its stead, can be written to.
    """
    start = time.perf_counter()
    folder = folder.resolve()
    edges = [size or edge for edge in pictures.images.shape[1:3]]
    _check(lower, pictures, edges, copies, augment)
    channels = lower.input_shape[-1] or pictures.images.shape[3]
    shape = tuple(lower.compute_output_shape((len(pictures), *edges, channels)))
    dtype = np.dtype(tf.as_dtype(lower.outputs[0].dtype).as_numpy_dtype)
    file_bytes = math.prod(shape) * dtype.itemsize + DIGEST_BYTES
    what = _count(copies, len(pictures))
    if copies * file_bytes > largest_gib * GIB:
        raise OneSentence(
            f"{what} would need {copies * file_bytes / GIB:.2f} GiB for their activations, more "
            f"than the {largest_gib:g} GiB allowed: take fewer copies or fewer pictures, cut the "
            "network nearer to its end, or raise `largest_gib`."
        )
    key = activation_key(lower, pictures, augment, seed, size)
    paths = [folder / f"{key}-{copy:03}{KEPT}" for copy in range(copies)]
    found = [_read(path, shape, dtype) for path in paths]
    missing = [copy for copy, values in enumerate(found) if values is None]
    if missing:
        usable, fault = work_in(folder, try_to_write)
        if fault:
            print(f"{fault}; the system's temporary folder serves.")
            return compute_activations(
                lower, pictures, copies, augment, seed, size, usable, largest_gib, progress
            )
        own = set(paths) - {paths[copy] for copy in missing}
        _make_room(folder, own, len(missing) * file_bytes, what, largest_gib)
        blocks = _forward(lower, pictures, augment, seed, size)
        total = len(missing) * len(pictures)
        options = {"disable": not progress, "leave": False, "unit": "picture"}
        with tqdm(None, "Activations", total, **options) as bar:
            for copy in missing:
                _write(paths[copy], blocks(copy), bar)
                found[copy] = _read(paths[copy], shape, dtype)
    if any(values is None for values in found):
        raise OSError(f"Activations just written to {folder.name!r} could not be read back.")
    return Activations(tuple(found), pictures.labels, len(missing), time.perf_counter() - start)


def activation_batches(activations: Activations, batch_size: int, seed: int) -> tf.data.Dataset:
    """Return shuffled batches without end; every pass takes one random copy of each picture.

    The order of the pictures is that of `pictures.training_batches` with the same seed.

    Returns:
        A `tf.data.Dataset` of (activations, in their own dtype; int32 labels).
    """
    positions = shuffled_positions(len(activations), batch_size, seed)
    seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).batch(2)
    draw, most = tf.random.stateless_uniform, len(activations.copies)

    def choose(chosen, random):
        return chosen, draw(tf.shape(chosen), random, maxval=most, dtype=tf.int32)

    return _read_rows(activations, tf.data.Dataset.zip(positions, seeds).map(choose))


def plain_activations(activations: Activations, batch_size: int = 128) -> tf.data.Dataset:
    """Return the activations of the only copy in order, once, to watch or to test on.

    Returns:
        A `tf.data.Dataset` of (activations, in their own dtype; int32 labels).

    Raises:
        ValueError: there are several copies.
    """
    if len(activations.copies) > 1:
        raise ValueError(
            f"These activations have {len(activations.copies)} copies of each picture; to validate "
            "or test, compute those of the unchanged pictures (copies=1, augment=None)."
        )
    positions = tf.data.Dataset.range(len(activations)).batch(batch_size)
    first = positions.map(lambda chosen: (chosen, tf.zeros_like(chosen, tf.int32)))
    return _read_rows(activations, first)


def activation_key(
    lower: keras.Model,
    pictures: Pictures,
    augment: Callable | None = None,
    seed: int = 0,
    size: int | None = None,
) -> str:
    """Name, in 32 hexadecimal digits, everything that shapes activations, but the copy's number.

    That is: the pixels, their order and the size they are brought to; the network's layers with
    their settings and precision, the links between them, and every weight; the augmentation with
    its settings, the code of `helpers.augmentation`, and the seed; the versions of Keras and
    TensorFlow. Left out is what changes no activation: the names of layers, what is trainable, and
    the labels, which are not kept on disk. The code of layers written elsewhere is not looked at.
    """
    settings = {
        "format": (FORMAT, BLOCK),
        "versions": (keras.__version__, tf.__version__),
        "network": (type(lower).__name__, _without_names(lower.get_config())),
        "pictures": (pictures.images.shape, str(pictures.images.dtype), size),
        "weights": [(tuple(weight.shape), str(weight.dtype)) for weight in lower.weights],
    }
    if augment is not None:
        config = keras.saving.serialize_keras_object(augment.get_config())
        kind = type(augment).__qualname__
        settings["augment"] = (kind, _without_names(config), AUGMENTATION_CODE, seed)
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(pictures.images))
    for weight in lower.weights:
        digest.update(weight.numpy().tobytes())
    return digest.hexdigest()[:32]


def _without_names(entry: object, numbers: dict[str, int] | None = None, links=False) -> object:
    """Copy a configuration, with numbers for names: Keras's count what else has been built.

    `numbers` are those of the layers, which stand for them in `links` such as [["pixels", 0, 0]].
    """
    if isinstance(entry, list | tuple):
        return [_without_names(item, numbers, links) for item in entry]
    if links and isinstance(entry, str):
        return (numbers or {}).get(entry, entry)
    if not isinstance(entry, dict):
        return entry
    if isinstance(entry.get("layers"), list):
        names = [layer.get("config", {}).get("name") for layer in entry["layers"]]
        numbers = {name: number for number, name in enumerate(names)}
    copy = {}
    for key, value in entry.items():
        if key in ("keras_history", "input_layers", "output_layers"):
            copy[key] = _without_names(value, numbers, links=True)
        elif key == "dtype":
            copy[key] = value  # a policy's name is its meaning
        elif key not in ("name", "trainable"):
            copy[key] = _without_names(value, numbers)
    return copy


def _check(
    lower: keras.Model, pictures: Pictures, edges: list[int], copies: int, augment: Callable | None
) -> None:
    if "layers" not in lower.get_config() or len(lower.outputs) != 1:
        raise TypeError(
            "The lower part must be a Functional or Sequential Keras model with one output, whose "
            f"configuration tells how it is made; this one is a {type(lower).__name__}."
        )
    if augment is not None and not hasattr(augment, "get_config"):
        raise TypeError(
            "The augmentation must tell its settings by `get_config`, or changed settings would "
            "find old activations: use layers, joined by `augmentation.Chain`."
        )
    if copies < 1 or (copies > 1 and augment is None):
        raise ValueError(
            f"COPIES is {copies}; it must be 1 without augmentation, and 1 or more with it."
        )
    if not len(pictures):
        raise ValueError("There are no pictures to compute activations of.")
    given = [*edges, pictures.images.shape[3]]
    expected = list(lower.input_shape[1:])
    if augment is not None:  # it may use up a channel, such as a mask
        given[2] = expected[-1]
    if len(expected) != 3 or any(
        wanted not in (None, edge) for wanted, edge in zip(expected, given, strict=True)
    ):
        raise ValueError(
            f"The lower part takes arrays of {_text(expected)}, the pictures are {_text(given)}: "
            "load them at the network's size, or name it as `size`."
        )


def _forward(
    lower: keras.Model, pictures: Pictures, augment: Callable | None, seed: int, size: int | None
) -> Callable[[int], Iterator[np.ndarray]]:
    """Return a function that gives a copy's activations block after block."""
    pixels = tf.TensorSpec((None, *pictures.images.shape[1:]), tf.as_dtype(pictures.images.dtype))

    @tf.function(input_signature=[pixels, tf.TensorSpec((2,), tf.int32)])
    def run(images, random):
        images = resize(images, size)
        return lower(images if augment is None else augment(images, random), training=False)

    def blocks(copy: int) -> Iterator[np.ndarray]:
        for start in range(0, len(pictures), BLOCK):
            # Made of the copy's own number, never of how many there are.
            random = np.random.SeedSequence([seed, copy, start]).generate_state(2) >> 1
            yield run(pictures.images[start : start + BLOCK], random.astype(np.int32)).numpy()

    return blocks


def _write(path: Path, blocks: Iterable[np.ndarray], bar: tqdm) -> None:
    digest = hashlib.sha256(path.name.encode())
    windows = contextlib.suppress(PermissionError)  # there, another process reads it already
    with windows, replacing(path) as partial, partial.open("wb") as file:
        for block in blocks:
            content = block.reshape(-1).view(np.uint8)  # bfloat16 itself is no buffer
            file.write(content)
            digest.update(content)
            bar.update(len(block))
        file.write(digest.digest())


def _read(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> np.memmap | None:
    """Map a file into memory and mark it as used; None if it is not there, or damaged."""
    if path.is_dir():
        raise IsADirectoryError(
            f"{path.name} is a folder, in the place of a file of activations: move it away."
        )
    try:
        content = np.memmap(path, np.uint8, "r")
        values, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
        if _digest(path.name, values) == digest.tobytes():
            with contextlib.suppress(OSError):  # others may only read the folder
                os.utime(path)
            return values.view(dtype).reshape(shape)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):  # no room for a checksum, or not the values of such a shape
        pass
    print(f"The kept activations {path.name} are damaged: computing them anew.")
    return None


def _digest(name: str, values: np.memmap) -> bytes:
    digest = hashlib.sha256(name.encode())
    for start in range(0, len(values), DIGEST_PIECE):
        digest.update(values[start : start + DIGEST_PIECE])
        _let_go(values)
    return digest.digest()


def _let_go(content: np.memmap) -> None:
    """Take what was read of a file out of the process's memory; the system may still cache it."""
    if hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        content._mmap.madvise(mmap.MADV_DONTNEED)


def _make_room(folder: Path, own: set[Path], needed: int, what: str, largest_gib: float) -> None:
    """Remove what was used longest ago, never what is in use or `own`, until `needed` bytes fit."""
    used = {Path(copy.filename) for kept in _in_use for copy in kept.copies} | own
    clear_abandoned(folder, f"*{PARTIAL}")
    sizes = _sizes(folder)
    total = sum(sizes.values())
    for path, size in sizes.items():
        if total + needed > largest_gib * GIB and path not in used:
            with contextlib.suppress(OSError):  # Windows: another process reads it
                path.unlink(missing_ok=True)
                total -= size
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise NoRoom(
            f"{what} would need {needed / GIB:.2f} GiB for their activations, and the disk has "
            f"{free / GIB:.2f} GiB left: free some, take fewer copies or fewer pictures, or cut "
            "the network nearer to its end."
        )


def _sizes(folder: Path) -> dict[Path, int]:
    """Give the bytes of each file, the one used longest ago first."""
    kept = []
    for path in folder.glob(f"*{KEPT}"):
        with contextlib.suppress(OSError):  # another process was faster
            status = path.stat()
            kept.append((status.st_mtime_ns, path, status.st_size))
    return {path: size for _, path, size in sorted(kept)}


def _read_rows(activations: Activations, chosen: tf.data.Dataset) -> tf.data.Dataset:
    """Turn batches of positions and copies, shape (batch,), into (activations, labels)."""
    first, labels = activations.copies[0], activations.labels.astype(np.int32)

    def gather(positions: np.ndarray, copies: np.ndarray) -> np.ndarray:
        rows = np.empty((len(positions), *first.shape[1:]), first.dtype)
        for row, position, copy in zip(rows, positions, copies, strict=True):
            row[...] = activations.copies[copy][position]
        for copy in np.unique(copies):
            _let_go(activations.copies[copy])
        return rows

    def read(positions: tf.Tensor, copies: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        rows = tf.numpy_function(gather, [positions, copies], tf.as_dtype(first.dtype))
        rows.set_shape([positions.shape[0], *first.shape[1:]])
        return rows, tf.gather(labels, positions)

    return chosen.map(read, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)


def _count(copies: int, pictures: int) -> str:
    of = f"of {pictures:,} picture{'' if pictures == 1 else 's'}"
    return f"{copies:,} {'copy' if copies == 1 else 'copies'} {of}"


def _text(shape: Iterable[int | None]) -> str:
    return " × ".join("any" if edge is None else str(edge) for edge in shape)
