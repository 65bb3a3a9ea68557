"""A file is written whole or not at all."""

from pathlib import Path

import pytest

from helpers.files import write_atomically


def test_the_text_replaces_what_was_there(tmp_path):
    target = tmp_path / "new folder" / "file.txt"
    write_atomically(target, "first")
    write_atomically(target, "zweite Fassung, größer")
    assert target.read_text(encoding="utf-8") == "zweite Fassung, größer"
    assert list(target.parent.iterdir()) == [target]


def test_a_full_disk_leaves_the_old_file_alone(tmp_path, monkeypatch):
    target = tmp_path / "file.txt"
    target.write_text("old")

    def full(path: Path, text: str, **_) -> None:
        path.write_bytes(text[:2].encode())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(target, "new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
