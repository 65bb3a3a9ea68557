"""Split pictures by the numbers of their files, alike on every machine.

Cats and dogs come in two shapes: all in one folder a class (`Cat/17.jpg`), or sorted into folders
for training, validation and test (`train/cats/cat.17.jpg`). A class and a number name a picture in
both. Which part a picture belongs to follows from its number alone, so a file that is missing or
damaged leaves a gap and moves no other.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from helpers.data.download import Located
from helpers.data.groups import check_shares
from helpers.data.pictures import Pictures, list_pictures, load_listed
from helpers.messages import OneSentence

NUMBER = re.compile(r"\d+$")
FORMATS = ("JPEG",)  # a few files of the archive are something else under a JPEG's name


def load_parts(
    located: Located, shares: Sequence[float], size: int, first: int = 0, cache: Path | None = None
) -> tuple[Pictures, ...]:
    """Load pictures in parts that have none in common, such as for training and for the test.

    Args:
        located: what `download.find_data` found; each picture's file name ends in its number.
        shares: one a part, each above 0, together 1: (0.5, 0.5) takes the lower and the upper half
            of each class's numbers.
        size, cache: see `pictures.load_split`.
        first: how many numbers of each class are shared out, from 0 up; 0, or too many, means all.

    Returns:
        One `Pictures` a share, sorted by class and number, with names such as `cat/17`. Files that
        are damaged or no JPEG are left out and named in `skipped`.

    Raises:
        ValueError: the shares do not add up to 1, or a part would lack pictures of a class.
        FileNotFoundError: a class folder is missing or holds no picture file.
    """
    check_shares(shares)
    if located.origin == "own":
        return located.load_parts(shares, size, first, cache)
    numbered, dataset = _list_numbered(located), located.dataset
    total = sum(split.pictures for split in dataset.splits) // len(dataset.classes)  # with gaps
    if located.kind == "samples":  # drawn whole
        total = 1 + max(number for _, number, _ in numbered)
    taken = min(first or total, total)
    bounds = [0, *(round(taken * part) for part in np.cumsum(shares).tolist())]
    parts = []
    for low, high in itertools.pairwise(bounds):
        chosen = [each for each in numbered if low <= each[1] < high]
        there = {label for label, _, _ in chosen}
        for label, name in enumerate(dataset.classes):
            if label not in there:
                raise OneSentence(
                    f"There is no {name} among the {high - low} numbers from {low} on; use more "
                    "pictures of each class, or larger shares."
                )
        listing = [(path, label) for label, _, path in chosen]
        names = [f"{dataset.classes[label]}/{number}" for label, number, _ in chosen]
        kept_as = f"{dataset.name}-{low}-{high}"
        parts.append(load_listed(listing, dataset.classes, size, kept_as, cache, FORMATS, names))
    return tuple(parts)


def picture_number(name: str) -> int:
    """Return the number in which a name ends, 17 for `cat.17.jpg`, `17.jpg` or `cat/17`."""
    found = NUMBER.search(Path(name).stem)
    if found is None:
        raise OneSentence(f"The file {name!r} has no number; expected a name such as cat.17.jpg.")
    return int(found.group())


def _list_numbered(located: Located) -> list[tuple[int, int, Path]]:
    """List (label, number, file) of all splits, sorted by label and number."""
    folders = [located.split_folder(split) for split in located.splits]
    listings = [list_pictures(folder, located.dataset.class_folders) for folder in folders]
    return sorted(
        (label, picture_number(path.name), path) for listing in listings for path, label in listing
    )
