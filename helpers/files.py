"""Write a file or a folder whole or not at all; where to, if the disk takes nothing."""

from __future__ import annotations

import contextlib
import errno
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

PARTIAL = ".partial"  # ends the name of what is half written


def write_atomically(target: Path, text: str) -> None:
    """Write text as UTF-8 beside the target, then put it in the target's place.

    Args:
        target: the file; its folder is made where it is missing.
        text: the whole content.

    Raises:
        OSError: the file cannot be written; the target is left as it was.
    """
    with replacing(target) as partial:
        partial.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a name beside the target; what is written by it takes the target's place at the end.

    Args:
        target: the file; its folder is made where it is missing.

    Raises:
        OSError: the file cannot be written; the target is left as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:6]}{PARTIAL}")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def explain(error: OSError) -> str:
    """Say in a few words what the system reported; errors of our own are sentences already."""
    if error.errno is None:
        return str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    name = Path(error.filename).name if error.filename else "the disk"
    return f"{name} could not be used ({error.strerror})"


def temporary_folder() -> Path:
    """Return the course's place in the system's temporary folder, one for each user; not made."""
    return Path(tempfile.gettempdir()) / f"course-{Path.home().name}"


def writable_folder(folder: Path) -> Path:
    """Make a folder, or where it cannot be written to, one in the system's temporary folder.

    Args:
        folder: where files are to go.

    Returns:
        The folder, or the other one, which a line of print tells of.

    Raises:
        OSError: neither can be written to.
    """
    faults = []
    for place in (folder, temporary_folder() / folder.name):
        try:
            place.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=place).close()
        except OSError as error:
            faults.append(explain(error))
        else:
            if faults:
                print(f"{faults[0]}; the system's temporary folder serves.")
            return place
    raise OSError(f"{'; '.join(faults)}: free some space, or have the folder made writable.")


def replace_folder(source: Path, target: Path) -> None:
    """Copy a folder to the place of another, which stays whole until the copy is complete.

    Args:
        source: the new folder; it stays.
        target: where the copy goes.

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
