"""Errors that a learner meets: in a notebook they are one sentence, without the code behind it."""

from __future__ import annotations


class OneSentence(ValueError):
    """An error whose message says all: what was wrong, what is allowed, what to do."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of the calls that led here."""
        return [f"{type(self).__name__}: {self}"]
