"""What the course says to people: errors in one sentence, without the code behind it; times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

LISTED = 4  # names in a sentence


class WithoutTraceback:
    """For errors whose message says all: what was wrong, what is allowed, what to do."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of the calls that led here."""
        return [f"{type(self).__name__}: {self}"]


class OneSentence(WithoutTraceback, ValueError):
    """A wrong value."""


class NotAvailable(WithoutTraceback, FileNotFoundError):
    """Pictures or weights that are unavailable here; the message says why and what to do."""


class NoRoom(WithoutTraceback, OSError):
    """A disk that is full or takes nothing; the message says what to do."""


def format_seconds(seconds: float) -> str:
    """Write a time in seconds, from 100 seconds on in minutes."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def time_unit(longest: float) -> tuple[str, float]:
    """Return the unit in which times up to so many minutes are easy to read, and its minutes.

    Seconds below two minutes, hours above two hours, minutes between.
    """
    if longest < 2:
        return "seconds", 1 / 60
    return ("hours", 60) if longest > 120 else ("minutes", 1)


def printable(path: object) -> str:
    """Return a path as one line of text, odd bytes and control characters as escapes."""
    escaped = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(path))
    return "".join(escaped)


def few(names: Sequence[str], most: int = LISTED) -> str:
    """List some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def list_names(folder: Path) -> str:
    """Say in a few words what a folder holds, hidden files aside; "" if nothing."""
    return few(sorted(printable(p.name) for p in folder.iterdir() if not p.name.startswith(".")))
