"""What the tests of the tools share."""

from __future__ import annotations

import pytest
from papermill.iorw import papermill_io

from tools import storage


class Memory:
    """A store that papermill and the tools are taught; it may be out of order."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.broken = False

    def write(self, text: str, address: str) -> None:
        if self.broken:
            raise ConnectionError("no route")
        self.files[address] = text


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """The store behind addresses that begin with memory://."""
    store = Memory()
    monkeypatch.setattr(papermill_io, "_handlers", [("memory://", store), *papermill_io._handlers])
    monkeypatch.setitem(storage.STORES, "memory", ("json", ""))
    return store
