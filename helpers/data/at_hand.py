"""Find a data set without waiting for a download, for a lesson in a hurry."""

from __future__ import annotations

from dataclasses import replace

from helpers.data.catalog import dataset
from helpers.data.download import Located, find_data


def find_at_hand(name: str, source: str = "auto", **places) -> Located:
    """Find a data set as `download.find_data` does, but let "auto" download nothing.

    Args:
        name: its name in the catalog.
        source: "auto" takes the real pictures where they are on this machine, archives included,
            else the drawn samples at once; anything else as in `find_data`.
        **places: the data folder `folder` and the mirror folder `mirror`, as in `find_data`.

    Returns:
        Where the pictures are, what they are, and why.

    Raises:
        ValueError, NotAvailable: as in `find_data`.
    """
    wanted = dataset(name)
    if source != "auto":
        return find_data(wanted, source, **places)
    size = sum(archive.bytes for archive in wanted.archives) / 1e6
    here = tuple(replace(archive, addresses=()) for archive in wanted.archives)
    found = find_data(replace(wanted, archives=here), source, **places)
    if found.kind == "full":
        return found
    reason = f'the real ones are not on this machine (DATA = "full" downloads them, {size:.0f} MB)'
    return replace(found, reason=reason)
