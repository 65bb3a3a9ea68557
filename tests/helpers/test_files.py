"""Files are written whole or not at all."""

import os
import tempfile
from pathlib import Path

import pytest

from helpers.files import explain, try_to_write, work_in, write_atomically


def test_the_text_replaces_what_was_there(tmp_path):
    target = tmp_path / "new folder" / "file.txt"
    write_atomically(target, "first")
    write_atomically(target, "zweite Fassung, größer")
    assert target.read_text(encoding="utf-8") == "zweite Fassung, größer"
    assert list(target.parent.iterdir()) == [target]


def test_what_a_killed_process_left_of_a_file_goes_away(tmp_path):
    old, fresh, other = (
        f".{name}.partial" for name in ("a [1].txt.ab12", "a [1].txt.cd", "b.txt.ef")
    )
    for name in (old, fresh, other):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, None if name == fresh else (0, 0))
    write_atomically(tmp_path / "a [1].txt", "whole")
    assert {path.name for path in tmp_path.iterdir()} == {"a [1].txt", fresh, other}


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


def test_where_a_folder_does_not_serve_the_temporary_one_does(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert work_in(tmp_path / "new" / "folder", try_to_write) == (tmp_path / "new" / "folder", "")
    (tmp_path / "file").touch()
    place, fault = work_in(tmp_path / "file" / "folder", try_to_write)
    assert fault == "folder could not be used (Not a directory)"
    assert place.name == "folder" and place.is_relative_to(tmp_path / "temporary")
    assert list(place.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    with pytest.raises(OSError, match=r"^folder could not be used \(Not a directory\): free some"):
        work_in(tmp_path / "file" / "folder", try_to_write)


def test_an_error_names_the_file_that_was_to_be_written_and_no_other(tmp_path):
    (tmp_path / ".a.b.txt").mkdir()
    with pytest.raises(OSError) as raised:
        write_atomically(tmp_path / ".a.b.txt", "new")
    assert explain(raised.value) == ".a.b.txt could not be used (Is a directory)"


def test_an_error_of_the_system_is_said_in_a_few_words():
    said = [OSError(28, "No space"), OSError(30, "Read-only file system"), OSError("A sentence.")]
    assert [explain(error) for error in said] == [
        "the disk is full",
        "the disk could not be used (Read-only file system)",
        "A sentence",
    ]
