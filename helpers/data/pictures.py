"""Pictures of a split: listed, decoded and resized once, cached, held out, batched.

The folder of a split holds one folder a class, in it picture files; Fashion-MNIST comes as idx
files instead. Everything downstream sees `Pictures`: RGB, uint8, all of one size, whatever the
files were. Small pictures stay small: a network that takes larger ones gets each batch resized.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import psutil
import tensorflow as tf
from PIL import Image
from tqdm.auto import tqdm

from helpers.data.catalog import DataSet, is_picture
from helpers.data.download import Located
from helpers.data.groups import count_groups, read_time, share_out
from helpers.files import replacing
from helpers.messages import NotAvailable, OneSentence, few, printable
from helpers.photos import FORMATS, UNOPENED, PhotoError, open_in_thread, to_square_array

# Pictures to classify at once. Called by itself, a network keeps every layer's output until the
# last is done; and what the largest batch has taken, TensorFlow does not give back.
AT_ONCE = 16
_KEPT = ("images", "labels", "facts", "names", "skipped")  # in a cache file
HELD_OUT_SHARE = 1 / 7  # of pictures of one's own, where a lesson holds out one series of seven


@dataclass(frozen=True, eq=False)
class Pictures:
    """Decoded pictures of one split.

    Attributes:
        images: uint8, shape (n, size, size, 3), RGB, values 0 to 255.
        labels: int32, shape (n,), positions in `classes`.
        names: n file names with their class folder, such as `rock/rock01-000.png`, or positions in
            an idx file, such as `Ankle_boot/00012`.
        classes: class names in label order.
        skipped: why each file that could not be read was left out, by its name.
        series: what each picture belongs to, where its name does not tell; else None.
        facts: float64, shape (n, 3): each file's width and height, in pixels, and when it was
            taken, in seconds (NaN: unknown); None where the pictures are no files.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    classes: tuple[str, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    series: tuple[str, ...] | None = None
    facts: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def groups(self) -> np.ndarray:
        """The series of near-identical frames that each picture belongs to, shape (n,).

        It is `series`, or for `rock/rock07-k03-070.png` `rock07-k03`; without a hyphen, the name.
        """
        if self.series is not None:
            return np.array(self.series)
        return np.array([Path(name).stem.rpartition("-")[0] or name for name in self.names])

    def count(self) -> dict[str, int]:
        """Return the number of pictures of each class, in label order."""
        numbers = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, numbers.tolist(), strict=True))

    def select(self, chosen: np.ndarray) -> Pictures:
        """Return the pictures that a boolean mask of shape (n,), or integer positions, choose."""
        positions = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return replace(
            self,
            images=self.images[positions],
            labels=self.labels[positions],
            names=tuple(self.names[position] for position in positions),
            series=self.series and tuple(self.series[position] for position in positions),
            facts=None if self.facts is None else self.facts[positions],
        )

    def with_more(self, images: np.ndarray, labels: np.ndarray, name: str) -> Pictures:
        """Return these pictures and others of the same classes, each a series of its own.

        Args:
            images, labels: as these have, of the same size, for m others.
            name: begins the names of the others.
        """
        names = tuple(f"{name}/{number}" for number in range(len(labels)))
        return replace(
            self,
            images=np.concatenate([self.images, images]),
            labels=np.concatenate([self.labels, labels]),
            names=self.names + names,
            series=self.series and self.series + names,
            facts=None,  # the others are no files
        )

    def spread(self, each: int) -> np.ndarray:
        """Return positions of `each` pictures a class, spread evenly over the class's files."""
        return spread_classes(self.labels, len(self.classes), each)


def _spread(items: np.ndarray, number: int) -> np.ndarray:
    """Take `number` of the items at equal distances, or all where there are fewer."""
    number = min(number, len(items))
    return items[((np.arange(number) + 0.5) * len(items) / number).astype(int)]


def spread_classes(labels: np.ndarray, classes: int, each: int) -> np.ndarray:
    """Return positions of `each` pictures a class at equal distances, class by class."""
    own = [np.flatnonzero(labels == label) for label in range(classes)]
    return np.concatenate([_spread(positions, each) for positions in own])


def why_unread(reasons: Iterable[str]) -> str:
    """Say, in brackets, why files could not be read, and what to do; "" if there are none."""
    why = few(sorted(set(reasons)))
    advice = "; export HEIC pictures as JPEG" if "HEIC" in why else ""
    return f" (reason: {why}{advice})" if why else ""


def load_split(
    located: Located, split: str, size: int, limit: int = 0, cache: Path | None = None
) -> Pictures:
    """Load the pictures of a split, class by class, from picture files or from idx files.

    Args:
        located: what `download.find_data` found.
        split: its name, such as "train" or "test".
        size: edge of the square pictures, in pixels. 60,000 pictures take 0.14 GB at 28 pixels and
            4 GB at 150: for a network that takes more, load them small and resize each batch.
        limit: pictures a class at most, spread evenly over the class; 0 takes all.
        cache: folder of the decoded pictures; None keeps none. Idx files are read each time.

    Raises:
        FileNotFoundError: a class folder or a file is missing.
        ValueError: there is no such split, a class has no picture, or they need too much memory.
    """
    if located.origin == "own":
        return located.load(split, size, limit, cache)
    folder, dataset = located.split_folder(split), located.dataset
    if dataset.layout == "files" and located.kind == "full":  # drawn samples lie in class folders
        return _load_idx(folder, split, dataset, size, limit)
    listing = list_pictures(folder, dataset.class_folders, limit)
    return load_listed(listing, dataset.classes, size, folder.name, cache)


def _load_idx(folder: Path, split: str, dataset: DataSet, size: int, limit: int) -> Pictures:
    """Read files named and laid out as MNIST's; `find_data` has compared their checksums.

    Source: Y. LeCun, C. Cortes, C. Burges (1998), The MNIST database of handwritten digits.
    """

    def read(kind: str, head: int) -> np.ndarray:
        file = folder / f"{'t10k' if split == 'test' else split}-{kind}-ubyte.gz"
        return np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8, offset=head)

    grey, labels = read("images-idx3", 16).reshape(-1, 28, 28), read("labels-idx1", 8)
    chosen = spread_classes(labels, len(dataset.classes), limit or len(labels))
    return Pictures(
        images=np.stack([to_square_array(Image.fromarray(grey[one]), size) for one in chosen]),
        labels=labels[chosen].astype(np.int32),
        names=tuple(f"{dataset.class_folders[labels[one]]}/{one:05}" for one in chosen),
        classes=dataset.classes,
    )


def list_pictures(folder: Path, classes: Sequence[str], limit: int = 0) -> list[tuple[Path, int]]:
    """List the picture files of each class folder, sorted by name, as pairs (file, label).

    `limit` and errors are as in `load_split`.
    """
    listing = []
    for label, name in enumerate(classes):
        files, fault = [], "is missing or holds no picture"
        try:
            files = sorted(path for path in (folder / name).iterdir() if is_picture(path.name))
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            fault = f"cannot be listed ({error.strerror})"
        if not files:
            raise NotAvailable(
                f"The class folder {name!r} in {folder.name!r} {fault}; "
                f"expected one folder of pictures for each of {', '.join(classes)}."
            )
        some = _spread(np.array(files), limit).tolist() if limit else files
        listing += [(path, label) for path in some]
    return listing


def load_listed(
    listing: list[tuple[Path, int]],
    classes: tuple[str, ...],
    size: int,
    kept_as: str,
    cache: Path | None = None,
    formats: tuple[str, ...] = FORMATS,
    names: Sequence[str] = (),
) -> Pictures:
    """Decode and resize listed pictures once; later calls read the cache file.

    Files that are damaged or no such pictures are left out and named in `skipped`.

    Args:
        listing: pairs (file, label), see `list_pictures`.
        classes: class names in label order; one of which no file could be decoded is a ValueError.
        size, cache: see `load_split`.
        kept_as: begins the name of the cache file.
        formats: what Pillow calls the kinds of file to take, such as "JPEG".
        names: one a file, for `Pictures.names`; none for each file's own with its folder's.
    """
    names = names or [f"{path.parent.name}/{path.name}" for path, _ in listing]
    names = [printable(name) for name in names]
    if not cache:
        return _decode(listing, names, classes, size, formats)
    path = cache / f"{kept_as}-{size}-{_content_key(listing, names, size, formats)}.npz"
    if kept := _read_cache(path):
        return Pictures(classes=classes, **kept)
    pictures = _decode(listing, names, classes, size, formats)
    if not any(why.startswith(UNOPENED) for why in pictures.skipped.values()):
        _write_cache(path, pictures)  # what cannot be opened today may be tomorrow
    return pictures


def _decode(
    listing: list[tuple[Path, int]],
    names: list[str],
    classes: tuple[str, ...],
    size: int,
    formats: tuple[str, ...],
) -> Pictures:
    def decode(entry: tuple[Path, int]) -> tuple[np.ndarray, list[float]] | str:
        try:
            photo = open_in_thread(entry[0], formats)
        except PhotoError as error:
            return error.reason
        times = (read_time(text) for text in (entry[0].stem, photo.info["taken"]))
        time = next((time for time in times if time == time), np.nan)
        return to_square_array(photo, size), [*photo.info["size"], time]

    _check_memory(len(listing), size)
    images = np.empty((len(listing), size, size, 3), np.uint8)
    facts = np.empty((len(listing), 3))
    good: list[int] = []
    skipped: dict[str, str] = {}
    quiet = warnings.catch_warnings(action="ignore")  # Pillow's, of odd metadata
    with ThreadPoolExecutor(os.cpu_count()) as pool, quiet:
        decoded = pool.map(decode, listing)
        bar = tqdm(decoded, "Decoding", len(listing), leave=False, unit="picture")
        for position, outcome in enumerate(bar):
            if isinstance(outcome, str):
                skipped[names[position]] = outcome
            else:
                images[len(good)], facts[len(good)] = outcome
                good.append(position)
    labels = np.array([listing[position][1] for position in good], np.int32)
    for label, name in enumerate(classes):
        if label not in labels:
            own = [names[position] for position, (_, one) in enumerate(listing) if one == label]
            why = why_unread(skipped[each] for each in own)
            raise OneSentence(f"No file of the class {name!r} could be read as a picture{why}.")
    names = tuple(names[position] for position in good)
    return Pictures(images[: len(good)], labels, names, classes, skipped, facts=facts[: len(good)])


def _check_memory(number: int, size: int) -> None:
    """Refuse pictures that need more than half of the machine's memory."""
    needed, there = number * size * size * 3, psutil.virtual_memory().total
    if needed > there / 2:
        raise OneSentence(
            f"{number:,} pictures of {size}x{size} pixels take {needed / 1e9:.1f} GB, more than "
            f"half of this machine's {there / 1e9:.1f} GB of memory; use fewer pictures of each "
            "class (LIMIT or PHOTOS_PER_CLASS) or a smaller edge (IMAGE_SIZE)."
        )


def _content_key(
    listing: Iterable[tuple[Path, int]], names: Iterable[str], size: int, formats: tuple[str, ...]
) -> str:
    """Name what shaped the decoded array: the edge, the formats, each file's name, size, time."""
    digest = hashlib.sha256(f"upright RGB on white, bilinear square {size} {formats}".encode())
    for (path, label), name in zip(listing, names, strict=True):
        try:
            status = path.stat()
            state = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}"
        except (OSError, RuntimeError):  # a link that leads nowhere, or round and round
            state = str(path)
        digest.update(f"{state}|{label}|{name}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def _read_cache(path: Path) -> dict | None:
    """Read what was kept; None if there is nothing, or other content than was written."""
    if not os.path.lexists(path):
        return None
    try:
        with np.load(path, allow_pickle=False) as kept:
            content = {name: kept[name] for name in _KEPT}
            if str(kept["sha256"]) == _checksum(path, content):
                content["names"] = tuple(json.loads(str(content["names"])))
                content["skipped"] = dict(json.loads(str(content["skipped"])))
                return content
    except Exception:  # damage to a zip archive shows itself in errors of many kinds
        pass
    print(f"The kept pictures {path.name} are damaged or an older version's: decoding anew.")
    return None


def _checksum(path: Path, content: dict[str, np.ndarray]) -> str:
    """Sum up the arrays with their shapes and kinds, and the name they are kept by."""
    kinds = [(name, each.shape, each.dtype.str) for name, each in content.items()]
    digest = hashlib.sha256(f"{path.name} {kinds}".encode())
    for each in content.values():
        digest.update(np.ascontiguousarray(each).view(np.uint8))
    return digest.hexdigest()


def _write_cache(path: Path, pictures: Pictures) -> None:
    """A full disk, or one that cannot be written, costs the cache, not the lesson."""
    content = {name: getattr(pictures, name) for name in _KEPT}
    content |= {name: np.array(json.dumps(content[name])) for name in ("names", "skipped")}
    with contextlib.suppress(OSError), replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, sha256=_checksum(path, content), **content)


def hold_out_groups(
    pictures: Pictures, seed: int = 0, per_class: int = 1
) -> tuple[Pictures, Pictures]:
    """Split off whole series of each class, so that no near-identical frame is on both sides.

    Of pictures of one's own, which come in series of any size, a seventh is split off; of others,
    `per_class` series, chosen by `seed`.

    Returns:
        (the rest, the held-out pictures).

    Raises:
        ValueError: a class has too few series to leave one for training.
    """
    if pictures.series is not None:
        return hold_out(pictures, HELD_OUT_SHARE, seed)
    random, groups = np.random.default_rng(seed), pictures.groups
    held_out = np.zeros(len(pictures), bool)
    for label, name in enumerate(pictures.classes):
        own = pictures.labels == label
        series = np.unique(groups[own])
        if len(series) <= per_class:
            raise OneSentence(
                f"The class {name!r} has {len(series)} series; holding out {per_class} needs at "
                f"least {per_class + 1}: use more pictures (LIMIT)."
            )
        held_out |= own & np.isin(groups, random.choice(series, per_class, replace=False))
    return pictures.select(~held_out), pictures.select(held_out)


def hold_out(pictures: Pictures, share: float = 0.1, seed: int = 0) -> tuple[Pictures, Pictures]:
    """Split off the same share of each class, picture by picture at random.

    Where pictures come in series of near-identical frames, take `hold_out_groups`; what belongs
    together among pictures of one's own stays together here, too.

    Args:
        share: part of each class that is held out, between 0 and 1; rounded to whole pictures.
        seed: chooses the pictures.

    Returns:
        (the rest, the held-out pictures), both in the order in which they were.

    Raises:
        ValueError: the share is out of range, or leaves a class empty on one side.
    """
    if not 0 < share < 1:
        raise ValueError(f"The share to hold out is {share}; it must lie between 0 and 1.")
    if pictures.series is not None:
        numbers = count_groups(pictures.labels, pictures.groups, pictures.classes)
        if min(numbers) < 2:
            raise OneSentence(
                f"Of the class {pictures.classes[np.argmin(numbers)]!r} only {min(numbers)} group "
                "of pictures is left beside the test's, but holding out needs at least 2; add "
                "pictures that were taken at other times, in more sub-folders, or choose other "
                "GROUPS in lesson 7."
            )
        shares = (1 - share, share)
        parts = share_out(pictures.labels, pictures.groups, shares, seed, pictures.classes)
        return tuple(map(pictures.select, parts))
    random = np.random.default_rng(seed)
    held_out = np.zeros(len(pictures), bool)
    for label, name in enumerate(pictures.classes):
        own = np.flatnonzero(pictures.labels == label)
        number = round(share * len(own))
        if not 0 < number < len(own):
            raise OneSentence(
                f"Holding out {share:.0%} of the {len(own)} pictures of the class {name!r} leaves "
                "one side empty: use more pictures (LIMIT) or another share."
            )
        held_out[random.choice(own, number, replace=False)] = True
    return pictures.select(~held_out), pictures.select(held_out)


def training_batches(
    pictures: Pictures,
    batch_size: int,
    seed: int,
    augment: Callable | None = None,
    size: int | None = None,
) -> tf.data.Dataset:
    """Return shuffled batches without end, each resized and augmented after the cache.

    Args:
        pictures, batch_size: what to train on, and how many of them a batch.
        seed: fixes the order and the augmentation.
        augment: takes (images, seed) with float32 images of shape (batch, size, size, 3), values
            0 to 255, and an int32 seed of shape (2,); returns images of the same kind.
        size: edge that each batch is resized to first, in pixels; None keeps the pictures' own.

    Returns:
        A `tf.data.Dataset` of (float32 images, 0 to 255; int32 labels).
    """
    take = _taker(pictures, size)
    positions = shuffled_positions(len(pictures), batch_size, seed)
    seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).batch(2)

    def make_batch(chosen, number):
        batch, labels = take(chosen)
        if augment is not None:
            batch = augment(batch, tf.cast(number % (2**31 - 1), tf.int32))
        return batch, labels

    batches = tf.data.Dataset.zip(positions, seeds)
    return batches.map(make_batch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)


def shuffled_positions(number: int, batch_size: int, seed: int) -> tf.data.Dataset:
    """Return batches of positions without end, shuffled anew in every pass, in an order by `seed`.

    Returns:
        A `tf.data.Dataset` of int64 positions, shape (batch_size,), each 0 to number - 1, of which
        one may reach from one pass into the next; each iteration over it begins with the same.
    """

    def passes(_):
        return tf.data.Dataset.range(number).shuffle(number, seed=seed).repeat()

    # Made anew in each iteration. Otherwise all draw from one generator, and how far an iteration
    # that somebody broke off had run ahead would decide the order of the next.
    order = tf.data.Dataset.range(1).flat_map(passes)
    order = order.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
    return order.batch(batch_size, drop_remainder=number >= batch_size)


def plain_batches(
    pictures: Pictures, batch_size: int = AT_ONCE, size: int | None = None
) -> tf.data.Dataset:
    """Return the pictures in order, once, without augmentation, resized to `size` if that is given.

    Returns:
        A `tf.data.Dataset` of (float32 images, 0 to 255; int32 labels).
    """
    positions = tf.data.Dataset.range(len(pictures)).batch(batch_size)
    return positions.map(_taker(pictures, size)).prefetch(2)


def resize(images: tf.Tensor, size: int | None) -> tf.Tensor:
    """Make a batch float32 and, where its edge is another, resize it to size x size, bilinear."""
    images = tf.cast(images, tf.float32)
    if size in (None, images.shape[1]):
        return images
    # As in Pillow, shrinking widens the filter, so that thin lines don't break up.
    return tf.image.resize(images, [size, size], antialias=size < images.shape[1])


def _taker(pictures: Pictures, size: int | None) -> Callable:
    """Return a function from positions, shape (batch,), to (images, see `resize`; labels).

    The images stay where they are: a tensor of all of them would be a second copy.
    """
    shape, dtype = pictures.images.shape[1:], tf.as_dtype(pictures.images.dtype)

    def take(positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = tf.numpy_function(pictures.images.__getitem__, [positions], dtype)
        images.set_shape([positions.shape[0], *shape])
        return resize(images, size), tf.gather(pictures.labels, positions)

    return take
