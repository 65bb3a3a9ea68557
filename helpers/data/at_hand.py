"""Find pictures without waiting for a download: a data set, or a folder of one's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from helpers.data.catalog import DataSet, dataset
from helpers.data.download import SOURCES, Located, find_data
from helpers.data.folders import find_fault
from helpers.environment import DATA_FOLDER, OWN_FOLDER
from helpers.messages import printable


def find_at_hand(name: str, source: str = "auto", folder: Path = DATA_FOLDER) -> Located:
    """Find a data set as `download.find_data` does, but let "auto" download nothing.

    "auto" takes the real pictures where they are on this machine, archives included, else the drawn
    samples at once.
    """
    wanted = dataset(name)
    if source != "auto":
        return find_data(wanted, source, folder)
    found = find_data(_without_addresses(wanted), source, folder)
    if found.kind == "full":
        return found
    size = sum(archive.bytes for archive in wanted.archives) / 1e6
    here = f'the real ones are not on this machine (DATA = "full" downloads them, {size:.0f} MB)'
    return replace(found, reason="; ".join(filter(None, [found.reason, here])))


def find_own(source: str = "auto", folder: Path = DATA_FOLDER) -> tuple[str, str]:
    """Find the folder that stands for pictures of one's own.

    Args:
        source: a folder; "full" for lesson 1's real training hands (or NotAvailable), "samples" for
            drawn ones; "auto" for the newest album that lesson 0's camera has filled, else drawn.
        folder: the data folder; `own` in it holds the albums.

    Returns:
        (a path for `folders.open_folder`, why it is this one in a few words).
    """
    if source not in SOURCES:
        return source, "named by DATA"
    albums = (folder / OWN_FOLDER.name).glob("*/") if source == "auto" else ()
    filled = [album for album in albums if not find_fault(str(album))]
    if filled:
        newest = max(filled, key=_last_change)
        return str(newest), f"the album {printable(newest.name)} of lesson 0's camera"
    located = find_data("rock_paper_scissors", "full" if source == "full" else "samples", folder)
    real = located.kind == "full"
    return str(located.split_folder("train")), "lesson 1's hands" if real else "drawn hands"


def _without_addresses(wanted: DataSet) -> DataSet:
    here = tuple(replace(archive, addresses=()) for archive in wanted.archives)
    whole = wanted.whole and _without_addresses(wanted.whole)
    return replace(wanted, archives=here, whole=whole, kaggle="")


def _last_change(album: Path) -> float:
    return max(file.lstat().st_mtime for file in album.rglob("*") if not file.is_dir())
