"""What the course says to people: errors in one sentence, without the code behind it; times."""

from __future__ import annotations


class WithoutTraceback:
    """For errors whose message says all: what was wrong, what is allowed, what to do."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of the calls that led here."""
        return [f"{type(self).__name__}: {self}"]


class OneSentence(WithoutTraceback, ValueError):
    """A wrong value."""


class NotAvailable(WithoutTraceback, FileNotFoundError):
    """Pictures or weights that are unavailable here; the message says why and what to do."""


class MirrorError(OneSentence):
    """The folder that is to hold the data sets is none."""


def format_seconds(seconds: float) -> str:
    """Write a time in seconds, from 100 seconds on in minutes."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
