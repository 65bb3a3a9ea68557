"""Which pictures belong together, and how to share them out so that no group is on both sides."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import PurePath

import numpy as np
from scipy.sparse import csr_matrix, triu
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold, train_test_split
from sklearn.neighbors import radius_neighbors_graph

from helpers.messages import OneSentence

# Root of 2 - 2 x correlation of two grey thumbnails. A copy saved anew, scaled, or a bit brighter
# is up to 0.2 away; of 1,000 photos of cats and dogs no two are nearer than 0.5.
NEAR = 0.2
FLAT = 8.0  # grey values: what varies less is noise
BURST_SECONDS = 3
TRIES = 100
TIME = re.compile(
    r"(20\d\d)[-_.:]?(\d\d)[-_.:]?(\d\d)(?: at |[ T_.-])?(\d\d)[-_.:]?(\d\d)[-_.:]?(\d\d)"
)
FRAME = re.compile(r"[-_ .]*\(?\d+\)?$")
GO = re.compile(r"(take\d+)-\d+")  # with lesson 0's camera, see `webcam.Album`


def read_time(text: str) -> float:
    """Read the time in a file's name or in EXIF, such as `IMG_20240131_235959`; NaN for none."""
    found = TIME.search(text)
    try:
        return datetime(*map(int, found.groups())).timestamp() if found else np.nan
    except (ValueError, OverflowError):  # no such day
        return np.nan


def find_groups(
    files: Sequence[PurePath],
    labels: np.ndarray,
    times: Sequence[float],
    thumbnails: np.ndarray,
    wanted: str = "auto",
) -> tuple[np.ndarray, str, np.ndarray]:
    """Find out which pictures belong together.

    In an album of lesson 0's camera with three goes or more, those of a go do: a still background
    makes pictures of all goes alike. Elsewhere near-duplicates do. Besides, the pictures of a
    sub-folder do; where there are none, those of a burst (3 seconds apart at most), unless that is
    half a class; failing that, those whose names differ in their last number only, if none of these
    is more than a quarter of its class.

    Args:
        files: each picture's path below its class folder.
        labels: shape (n,), the classes.
        times: when each was taken, in seconds; NaN where nobody knows.
        thumbnails: uint8, shape (n, 32, 32, 3).
        wanted: "auto" as above; "folder" or "prefix" insists on sub-folders or names, however large
            the groups; "none" knows near-duplicates only.

    Returns:
        (each picture's group, shape (n,), from 0 up; what else groups them than being near-
        duplicates, in a few words, or ""; positions of each two near-duplicates, shape (pairs, 2)).

    Raises:
        OneSentence: sub-folders are wanted, and there are none.
    """
    near, number = _near_duplicates(thumbnails), len(labels)
    pairs = np.column_stack(triu(near).nonzero())
    alone = [f"/{position}" for position in range(number)]
    folders = [f.parts[0] if len(f.parts) > 1 else alone[n] for n, f in enumerate(files)]
    prefixes = [f"{labels[n]} {FRAME.sub('', file.stem)}" for n, file in enumerate(files)]
    ways = {  # how, by what, and the largest share of a class that may be one group
        "folder": ("by sub-folder", folders, 1.0),
        "burst": ("by burst", _bursts(labels, np.asarray(times, float)), 0.5),
        "prefix": ("by the beginning of the name", prefixes, 0.25),
    }
    if wanted == "folder" and all(len(file.parts) < 2 for file in files):
        raise OneSentence(
            "No class folder holds sub-folders, so they cannot say what belongs together; make "
            "some, or set GROUPS to auto."
        )
    goes = [GO.fullmatch(file.stem) for file in files]
    if wanted == "auto" and all(goes):
        keys = [f"{label} {go[1]}" for label, go in zip(labels, goes, strict=True)]
        if _can_be_shared(np.array(keys), labels, 0.4):  # three goes or more
            return _join(csr_matrix((number, number)), keys), "by goes with the camera", pairs
    if wanted in ways:
        how, keys, _ = ways[wanted]
        return _join(near, keys), how, pairs
    for how, keys, largest in ways.values() if wanted == "auto" else ():
        groups = _join(near, keys)
        telling = len(set(keys)) < number and _can_be_shared(np.array(keys), labels, largest)
        if telling and _can_be_shared(groups, labels, max(largest, 0.5)):
            return groups, how, pairs
    return _join(near, alone), "", pairs


def _join(near: csr_matrix, keys: list[str]) -> np.ndarray:
    """Number the groups of what is near or has the same key."""
    _, first, same = np.unique(np.array(keys), return_index=True, return_inverse=True)
    number = len(keys)
    together = csr_matrix((np.ones(number), (np.arange(number), first[same])), (number, number))
    return connected_components(near + together, directed=False)[1]


def _near_duplicates(thumbnails: np.ndarray) -> csr_matrix:
    """Return which thumbnails are nearly the same, a boolean matrix, shape (n, n)."""
    small = thumbnails.reshape(len(thumbnails), 16, 2, 16, 2, 3).mean((2, 4, 5))
    values = (small - small.mean((1, 2), keepdims=True)).reshape(len(small), -1)
    contrast = np.sqrt((values**2).mean(axis=1, keepdims=True))
    units = values / np.maximum(contrast, FLAT) / np.sqrt(values.shape[1])
    return radius_neighbors_graph(units.astype(np.float32), NEAR)


def _bursts(labels: np.ndarray, times: np.ndarray) -> list[str]:
    order = np.lexsort((times, labels))
    gaps = np.diff(times[order], prepend=np.nan)
    same_class = np.diff(labels[order], prepend=-1) == 0
    numbers = np.empty(len(labels), int)
    numbers[order] = np.cumsum(~(same_class & (gaps <= BURST_SECONDS)))  # a NaN begins a new one
    return numbers.astype(str).tolist()


def _can_be_shared(groups: np.ndarray, labels: np.ndarray, largest: float) -> bool:
    """Tell whether no class is one group, nor nearly so: `largest` is the share of one group."""
    sizes = [np.unique(groups[labels == one], return_counts=True)[1] for one in np.unique(labels)]
    return all(len(size) > 1 and size.max() <= largest * size.sum() for size in sizes)


def check_shares(shares: Sequence[float]) -> None:
    """Refuse shares that are not all above 0, or do not add up to 1, with a OneSentence."""
    if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        raise OneSentence(
            f"The shares are {tuple(shares)}; each must be above 0, and together they must be 1."
        )


def share_out(
    labels: np.ndarray,
    groups: np.ndarray,
    shares: Sequence[float],
    seed: int,
    classes: Sequence[str],
) -> list[np.ndarray]:
    """Share pictures out in parts: every class in every part, no group in two.

    Args:
        labels, groups: shape (n,), positions in `classes`, and what must stay together.
        shares: one a part, each above 0, together 1; kept to as far as the groups allow.
        seed: chooses the pictures.

    Returns:
        Positions a part, in order.

    Raises:
        OneSentence: the shares are others, or the groups too few or too large.
    """
    check_shares(shares)
    numbers = count_groups(labels, groups, classes)
    if (fewest := min(numbers)) < len(shares):
        which = "all are near-duplicates or of one group"
        if fewest > 1:
            which = f"they are of {fewest} groups, and {len(shares)} parts need one each"
        raise OneSentence(
            f"The pictures of the class {classes[numbers.index(fewest)]!r} cannot be divided: "
            f"{which}; use more, and more varied ones, or, if its groups are too large, other "
            "GROUPS in lesson 7."
        )
    rest, left, parts = np.arange(len(labels)), 1.0, []
    for share in shares[:0:-1]:  # the last part first
        chosen = _choose(labels[rest], groups[rest], share / left, seed, classes)
        parts.append(rest[chosen])
        rest, left = rest[~chosen], left - share
    return [rest, *parts[::-1]]


def count_groups(labels: np.ndarray, groups: np.ndarray, classes: Sequence[str]) -> list[int]:
    """Count the groups of each class, see `share_out`."""
    return [len(np.unique(groups[labels == label])) for label in range(len(classes))]


def _choose(
    labels: np.ndarray, groups: np.ndarray, share: float, seed: int, classes: Sequence[str]
) -> np.ndarray:
    """Return a mask of the pictures of one part."""
    fewest = min(count_groups(labels, groups, classes))
    chosen = np.zeros(len(labels), bool)
    if fewest > 1 and len(np.unique(groups)) == len(groups):  # no groups: class by class
        for label in range(len(classes)):
            own = np.flatnonzero(labels == label)
            number = min(max(1, round(share * len(own))), len(own) - 1)
            chosen[train_test_split(own, test_size=number, random_state=seed)[1]] = True
        return chosen
    totals, best = np.bincount(labels), np.inf
    for part in _candidates(labels, groups, share, seed, fewest) if fewest > 1 else ():
        taken = np.bincount(labels[part], minlength=len(totals)) / totals
        off = np.abs(taken - share).max()
        if taken.min() > 0 and taken.max() < 1 and off < best:
            best, chosen = off, np.isin(np.arange(len(labels)), part)
    if best == np.inf:
        raise OneSentence(
            f"The groups of {', '.join(classes)} cannot be divided so that each class is in "
            "every part; use more, and smaller, groups of pictures."
        )
    return chosen


def _candidates(
    labels: np.ndarray, groups: np.ndarray, share: float, seed: int, fewest: int
) -> Iterator[np.ndarray]:
    folds, number = min(max(2, round(1 / share)), fewest), len(np.unique(groups))
    some = min(max(round(share * number), len(np.unique(labels))), number - 1)
    splitters = (
        StratifiedGroupKFold(folds, shuffle=True, random_state=seed),
        GroupShuffleSplit(TRIES, test_size=some, random_state=seed),
    )
    with warnings.catch_warnings(action="ignore"):  # of small classes; what comes out is looked at
        for splitter in splitters:
            yield from (part for _, part in splitter.split(labels, labels, groups))
