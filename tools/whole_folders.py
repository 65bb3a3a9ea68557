"""Put a folder in the place of another."""

from __future__ import annotations

import shutil
from pathlib import Path


def replace_folder(source: Path, target: Path) -> None:
    """Copy a folder to the place of another, which stays whole until the copy is complete.

    Raises:
        OSError: the target is in use, or the copy cannot be written; the target is as it was.
    """
    new, old = (target.with_name(f".{target.name}-{source.name}-{end}") for end in ("new", "old"))
    shutil.rmtree(new, ignore_errors=True)  # of a try that was broken off
    if old.exists() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    try:
        shutil.copytree(source, new)
        if target.exists():
            target.rename(old)
        new.rename(target)
    except OSError as error:
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(new, ignore_errors=True)
        raise OSError(
            f"{target} is in use, or there is no space for it; it stays as it was, and the new "
            f"one is in {source}."
        ) from error
    shutil.rmtree(old, ignore_errors=True)
