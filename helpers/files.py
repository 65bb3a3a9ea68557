"""Write a file whole or not at all; where to, if the disk takes nothing; check one."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

PARTIAL = ".partial"  # ends the name of what is half written
ABANDONED_SECONDS = 3600  # without a byte: the process that wrote it is gone


def write_atomically(target: Path, text: str) -> None:
    """Write a text as UTF-8, in a folder that is made; on an OSError the target is as it was."""
    with replacing(target) as partial:
        partial.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a name beside the target; what is written by it takes the target's place at the end.

    The folder is made. On an OSError the target is left as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    clear_abandoned(target.parent, f".{glob.escape(target.name)}.*{PARTIAL}")
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:6]}{PARTIAL}")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def clear_abandoned(folder: Path, pattern: str) -> None:
    """Remove files and folders of this pattern that processes stopped hard have left behind."""
    for left in folder.glob(pattern):
        with contextlib.suppress(OSError):  # another process was faster
            if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def check_file(file: Path, find_fault: Callable[[Path], str]) -> str | None:
    """Say what `find_fault` says of a file, or why it cannot be read; None where there is none."""
    try:
        if file.is_file():
            return find_fault(file)
        return "is not a file" if os.path.lexists(file) else None
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"


def explain(error: OSError) -> str:
    """Say in a few words what the system reported; errors of our own are sentences already."""
    if error.errno is None:
        return str(error).rstrip(".")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    name = Path(error.filename).name if error.filename else "the disk"
    name = re.sub(rf"^\.(.+)\.\w{{6}}{re.escape(PARTIAL)}$", r"\1", name)  # of `replacing`
    return f"{name} could not be used ({error.strerror})"


def expand_home(path: str | Path) -> Path:
    """Return a path with its ~ replaced; of an unknown ~user as it is: opening that tells why."""
    with contextlib.suppress(RuntimeError):
        return Path(path).expanduser()
    return Path(path)


def work_in(folder: Path, work: Callable[[Path], Path]) -> tuple[Path, str]:
    """Write files into a folder, or where that fails, into the system's temporary folder.

    Args:
        folder: where they are to go; it may be missing.
        work: does it, given one of the two folders.

    Returns:
        (what the work returned, why the first folder did not serve: empty if it did).

    Raises:
        OSError: neither serves; the message says why, and what to do.
    """
    faults: list[str] = []
    for place in (folder, Path(tempfile.gettempdir(), f"course-{Path.home().name}", folder.name)):
        try:
            return work(place), "".join(faults)
        except OSError as error:
            faults.append(explain(error))
    raise OSError(f"{'; '.join(dict.fromkeys(faults))}: free some space, and run again.")


def try_to_write(folder: Path) -> Path:
    """Make a folder and return it, or raise an OSError if it cannot be written to."""
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()
    return folder
