"""Pictures from folders: listed, decoded and resized once, cached, split by group, batched.

The folder of a split holds one folder a class; a class folder holds picture files. Everything
downstream sees `Pictures`: RGB, uint8, all of one size, whatever the files were.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image
from tqdm.auto import tqdm

from helpers.catalog import PICTURE_SUFFIXES
from helpers.photos import to_square_array


@dataclass(frozen=True, eq=False)
class Pictures:
    """Decoded pictures of one split.

    Attributes:
        images: uint8, shape (n, size, size, 3), RGB, values 0 to 255.
        labels: int32, shape (n,), positions in `classes`.
        names: n file names with their class folder, such as `rock/rock01-000.png`.
        classes: class names in label order.
        skipped: names of the files that could not be read as pictures.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    classes: tuple[str, ...]
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def groups(self) -> np.ndarray:
        """The series of each picture, shape (n,): its name without the frame number.

        `rock/rock07-k03-070.png` belongs to `rock07-k03`. Frames of one series are near-identical.
        """
        return np.array(
            [Path(name).stem.rpartition("-")[0] or Path(name).stem for name in self.names]
        )

    def count(self) -> dict[str, int]:
        """Return the number of pictures of each class, in label order."""
        numbers = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, numbers.tolist(), strict=True))

    def select(self, chosen: np.ndarray) -> Pictures:
        """Return the chosen pictures only.

        Args:
            chosen: a boolean mask of shape (n,), or integer positions.
        """
        positions = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        names = tuple(self.names[position] for position in positions)
        return replace(
            self, images=self.images[positions], labels=self.labels[positions], names=names
        )

    def spread(self, each: int) -> np.ndarray:
        """Return positions of `each` pictures a class, spread evenly over the class's files."""
        own = [np.flatnonzero(self.labels == label) for label in range(len(self.classes))]
        return np.concatenate([_spread(positions, each) for positions in own])


def _spread(items: np.ndarray, number: int) -> np.ndarray:
    """Take `number` of the items at equal distances, or all where there are fewer."""
    number = min(number, len(items))
    return items[((np.arange(number) + 0.5) * len(items) / number).astype(int)]


def list_pictures(folder: Path, classes: Sequence[str], limit: int = 0) -> list[tuple[Path, int]]:
    """List the picture files of each class folder, sorted by name.

    Args:
        folder: the folder of a split; holds one folder a class.
        classes: class names in label order.
        limit: pictures a class at most, spread evenly over the sorted files; 0 takes all.

    Returns:
        Pairs (file, label).

    Raises:
        FileNotFoundError: a class folder is missing or holds no picture file.
    """
    listing = []
    for label, name in enumerate(classes):
        class_folder = folder / name
        files = sorted(
            path
            for path in (class_folder.iterdir() if class_folder.is_dir() else ())
            if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")
        )
        if not files:
            raise FileNotFoundError(
                f"The class folder {name!r} in {folder.name!r} is missing or holds no picture; "
                f"expected one folder of pictures for each of {', '.join(classes)}."
            )
        if limit and limit < len(files):
            files = _spread(np.array(files), limit).tolist()
        listing += [(path, label) for path in files]
    return listing


def load_pictures(
    folder: Path,
    classes: Sequence[str],
    size: int,
    limit: int = 0,
    cache: Path | None = None,
    progress: bool = True,
) -> Pictures:
    """Decode and resize the pictures of a split once; later calls read the cache file.

    Args:
        folder: the folder of a split; holds one folder a class.
        classes: class names in label order.
        size: edge of the square pictures, in pixels.
        limit: pictures a class at most; 0 takes all.
        cache: folder of the cache files; None decodes without keeping.
        progress: show a progress bar while decoding.

    Returns:
        The pictures. Files that are damaged or no pictures are left out and named in `skipped`.

    Raises:
        FileNotFoundError: a class folder is missing or holds no picture file.
        ValueError: no file of a class could be decoded.
    """
    classes = tuple(classes)
    listing = list_pictures(folder, classes, limit)
    path = cache / f"{folder.name}-{size}-{_content_key(listing, size)}.npz" if cache else None
    if path and (kept := _read_cache(path)):
        return Pictures(classes=classes, **kept)
    pictures = _decode(listing, classes, size, progress)
    if path:
        _write_cache(path, pictures)
    return pictures


def _decode(
    listing: list[tuple[Path, int]], classes: tuple[str, ...], size: int, progress: bool
) -> Pictures:
    def decode(entry: tuple[Path, int]) -> np.ndarray | None:
        try:
            with Image.open(entry[0]) as image:
                return to_square_array(image.convert("RGB"), size)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        decoded = pool.map(decode, listing)
        bar = tqdm(
            decoded, "Decoding", len(listing), disable=not progress, leave=False, unit="picture"
        )
        arrays = list(bar)
    names = [f"{path.parent.name}/{path.name}" for path, _ in listing]
    good = [position for position, array in enumerate(arrays) if array is not None]
    labels = np.array([listing[position][1] for position in good], np.int32)
    for label, name in enumerate(classes):
        if label not in labels:
            raise ValueError(f"No file of the class {name!r} could be read as a picture.")
    return Pictures(
        images=np.stack([arrays[position] for position in good]),
        labels=labels,
        names=tuple(names[position] for position in good),
        classes=classes,
        skipped=tuple(names[position] for position in sorted(set(range(len(names))) - set(good))),
    )


def _content_key(listing: Iterable[tuple[Path, int]], size: int) -> str:
    """Name what shaped the decoded array: every file's name, size and time, and the edge."""
    digest = hashlib.sha256(f"RGB bilinear square {size}".encode())
    for path, label in listing:
        status = path.stat()
        digest.update(f"{path.resolve()}|{label}|{status.st_size}|{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _read_cache(path: Path) -> dict | None:
    try:
        with np.load(path, allow_pickle=False) as kept:
            names = json.loads(str(kept["names"]))
            skipped = json.loads(str(kept["skipped"]))
            images, labels = kept["images"], kept["labels"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # not there, or damaged: decode again
    return {"images": images, "labels": labels, "names": tuple(names), "skipped": tuple(skipped)}


def _write_cache(path: Path, pictures: Pictures) -> None:
    """Write beside the target and rename, so that a killed run leaves no half cache file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(
                file,
                images=pictures.images,
                labels=pictures.labels,
                names=json.dumps(pictures.names),
                skipped=json.dumps(pictures.skipped),
            )
        Path(partial).replace(path)
    except OSError:
        Path(partial).unlink(missing_ok=True)  # a full disk costs the cache, not the lesson


def hold_out_groups(
    pictures: Pictures, seed: int = 0, per_class: int = 1
) -> tuple[Pictures, Pictures]:
    """Split off whole series, so that no near-identical frame stands on both sides.

    Args:
        pictures: the pictures to split.
        seed: chooses the series.
        per_class: series held out of each class.

    Returns:
        (the rest, the held-out pictures).

    Raises:
        ValueError: a class has too few series to leave one for training.
    """
    random = np.random.default_rng(seed)
    groups = pictures.groups
    held_out = np.zeros(len(pictures), bool)
    for label, name in enumerate(pictures.classes):
        series = np.unique(groups[pictures.labels == label])
        if len(series) <= per_class:
            raise ValueError(
                f"The class {name!r} has {len(series)} series; holding out {per_class} needs at "
                f"least {per_class + 1}: use more pictures (LIMIT) or hold out fewer."
            )
        chosen = random.choice(series, per_class, replace=False)
        held_out |= np.isin(groups, chosen) & (pictures.labels == label)
    return pictures.select(~held_out), pictures.select(held_out)


def training_batches(
    pictures: Pictures,
    batch_size: int,
    seed: int,
    augment: Callable | None = None,
) -> tf.data.Dataset:
    """Return shuffled batches without end, each augmented after the cache.

    Args:
        pictures: the pictures to train on.
        batch_size: pictures a batch.
        seed: fixes the order and the augmentation.
        augment: takes (images, seed) with float32 images of shape (batch, size, size, 3), values
            0 to 255, and an int32 seed of shape (2,); returns images of the same kind.

    Returns:
        A `tf.data.Dataset` of (float32 images, 0 to 255; int32 labels).
    """
    images, labels = _on_cpu(pictures)
    order = tf.data.Dataset.range(len(pictures)).shuffle(len(pictures), seed=seed)
    positions = order.repeat().batch(batch_size, drop_remainder=len(pictures) >= batch_size)
    seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).batch(2)

    def make_batch(chosen, number):
        batch = tf.cast(tf.gather(images, chosen), tf.float32)
        if augment is not None:
            batch = augment(batch, tf.cast(number % (2**31 - 1), tf.int32))
        return batch, tf.gather(labels, chosen)

    batches = tf.data.Dataset.zip(positions, seeds)
    return batches.map(make_batch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)


def plain_batches(pictures: Pictures, batch_size: int = 128) -> tf.data.Dataset:
    """Return the pictures in order, once, unchanged, as (float32 images 0 to 255; int32 labels)."""
    images, labels = _on_cpu(pictures)
    batches = tf.data.Dataset.from_tensor_slices((images, labels)).batch(batch_size)
    return batches.map(lambda image, label: (tf.cast(image, tf.float32), label)).prefetch(2)


def _on_cpu(pictures: Pictures) -> tuple[tf.Tensor, tf.Tensor]:
    """Keep the pictures in main memory even where a graphics processor trains."""
    with tf.device("CPU"):
        return tf.constant(pictures.images), tf.constant(pictures.labels)
