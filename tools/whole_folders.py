"""Put a folder in the place of another."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory


def replace_folder(source: Path, target: Path) -> None:
    """Copy a folder to the place of another, which stays whole until the copy is complete.

    Raises:
        OSError: the target is in use, or the copy cannot be written; the target is as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as place:
        new, old = Path(place, "new"), Path(place, "old")
        try:
            shutil.copytree(source, new)
            if target.exists():
                target.rename(old)
            new.rename(target)
        except OSError as error:
            raise OSError(
                f"{target} is in use, or there is no space for it; it stays as it was, and the new "
                f"one is in {source}."
            ) from error
        finally:
            if old.exists() and not target.exists():
                old.rename(target)
