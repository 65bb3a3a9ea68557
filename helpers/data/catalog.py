"""The data sets of the course, as `data/catalog.toml` describes them."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tomllib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from helpers.environment import DATA_FOLDER

CATALOG = DATA_FOLDER / "catalog.toml"
# HEIC cannot be read; it is listed, so that its owner is told what to do with it.
_KINDS = "png jpg jpeg jpe jfif gif bmp webp tif tiff ppm pgm pbm pnm tga ico jp2 avif heic heif"
PICTURE_SUFFIXES = frozenset(f".{kind}" for kind in _KINDS.split())


@dataclass(frozen=True)
class Archive:
    """A file that is downloaded, or placed by hand, see `data/catalog.toml`."""

    name: str
    addresses: tuple[str, ...] = ()
    bytes: int | None = None
    sha256: str | None = None
    unpacked_sha256: str | None = None

    def find_fault(self, file: Path) -> str:
        """Say how a copy differs from the catalog's size and checksum; "" if it does not."""
        size = file.stat().st_size
        if size == (self.bytes or size) and (self.sha256 is None or _sha256(file) == self.sha256):
            return ""
        if self.unpacked_sha256 and _sha256_unpacked(file) == self.unpacked_sha256:
            return ""
        if self.bytes and size != self.bytes:
            return f"has {size:,} bytes instead of {self.bytes:,}"
        return "has the wrong checksum"


@dataclass(frozen=True)
class Split:
    """A part of a data set, such as its training pictures, see `data/catalog.toml`."""

    name: str
    folder: str
    pictures: int
    may_miss: int = 0


@dataclass(frozen=True)
class DataSet:
    """A data set; its attributes are described at the top of `data/catalog.toml`."""

    name: str
    title: str
    classes: tuple[str, ...]
    layout: str
    licence: str
    source: str
    splits: tuple[Split, ...]
    archives: tuple[Archive, ...] = ()
    mirror_names: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    drawn: bool = True
    whole: DataSet | None = None
    kaggle: str = ""

    @property
    def class_folders(self) -> tuple[str, ...]:
        """The class names as folder names: "T-shirt/top" becomes "T-shirt_top"."""
        return self.folders or tuple(re.sub("[/ ]", "_", name) for name in self.classes)

    def split(self, name: str) -> Split:
        """Return the split of this name, or raise a ValueError."""
        known = {split.name: split for split in self.splits}
        if name not in known:
            raise ValueError(f"{self.name} has no split {name!r}; it has: {', '.join(known)}.")
        return known[name]

    def count_pictures(self, folder: Path) -> dict[str, int]:
        """Count the pictures of each split in a folder; 0 for what is not there."""
        if self.layout == "files":
            here = all((folder / archive.name).is_file() for archive in self.archives)
            return {split.name: split.pictures if here else 0 for split in self.splits}
        kinds = self.class_folders
        return {
            split.name: sum(_count_files(folder / split.folder / kind) for kind in kinds)
            for split in self.splits
        }

    def is_in(self, folder: Path) -> bool:
        """Tell whether a folder holds any of this data set, whole or not."""
        if self.layout == "files":
            return any((folder / archive.name).is_file() for archive in self.archives)
        return any(self.count_pictures(folder).values())

    def find_shortage(self, folder: Path) -> str:
        """Say what a folder lacks, as "split train (rps) has 12 of 2,520 pictures", or ""."""
        if self.layout == "files":
            for archive in self.archives:
                file = folder / archive.name
                if fault := archive.find_fault(file) if file.is_file() else "is missing":
                    return f"{archive.name} {fault}"
            return ""
        counts = self.count_pictures(folder)
        return ", ".join(
            f"split {split.name} ({split.folder}) has {counts[split.name]:,} "
            f"of {split.pictures:,} pictures"
            for split in self.splits
            if counts[split.name] < split.pictures - split.may_miss
        )


def dataset(name: str) -> DataSet:
    """Look a data set up in the catalog by its name; ValueError if there is none."""
    catalog = read_catalog()
    if name not in catalog:
        raise ValueError(f"There is no data set {name!r}; the catalog has: {', '.join(catalog)}.")
    return catalog[name]


@cache
def read_catalog() -> dict[str, DataSet]:
    """Return the data sets of `data/catalog.toml` by name, in the order of the file."""
    catalog: dict[str, DataSet] = {}
    for name, table in tomllib.loads(CATALOG.read_text(encoding="utf-8")).items():
        lists = {key: tuple(value) for key, value in table.items() if isinstance(value, list)}
        lists["splits"] = tuple(Split(**entry) for entry in table["splits"])
        lists["archives"] = tuple(
            Archive(**entry | {"addresses": tuple(entry.get("addresses", ()))})
            for entry in table.get("archives", [])
        )
        whole = catalog[table["whole"]] if "whole" in table else None
        catalog[name] = DataSet(name=name, **table | lists | {"whole": whole})
    return catalog


def is_picture(name: str) -> bool:
    """Tell by its name whether a file is a picture; hidden ones, as macOS's `._` twins, are not."""
    return name[:1] != "." and os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES  # noqa: PTH122 (speed)


def pictures_below(folder: Path) -> Iterator[Path]:
    """Yield the pictures, by their names, of a folder and of its sub-folders, in no order."""
    return (each for each in folder.rglob("*") if is_picture(each.name) and each.is_file())


def _count_files(folder: Path) -> int:
    if not folder.is_dir():
        return 0
    with os.scandir(folder) as entries:
        return sum(is_picture(entry.name) for entry in entries)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sha256_unpacked(file: Path) -> str:
    """Return the checksum of what a `.gz` file unpacks to; empty if it does not unpack."""
    try:
        with gzip.open(file) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, EOFError, zlib.error):
        return ""
