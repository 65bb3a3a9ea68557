"""Files and folders are written whole or not at all."""

import os
import tempfile
from pathlib import Path

import pytest

from helpers.files import explain, replace_folder, try_to_write, work_in, write_atomically


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


def test_a_folder_replaces_another_and_leaves_nothing_else(tmp_path):
    source, target = tmp_path / "new", tmp_path / "latest"
    for folder in (source, target):
        folder.mkdir()
        (folder / f"{folder.name}.html").touch()
    replace_folder(source, target)
    assert [path.name for path in target.iterdir()] == ["new.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "new"]


def test_a_folder_in_use_stays_and_the_new_one_is_named(tmp_path, monkeypatch):
    source, latest = tmp_path / "new", tmp_path / "latest"
    for folder in (source, latest):
        folder.mkdir()
        (folder / "index.html").write_text(folder.name)
    rename = Path.rename

    def locked(self, target):
        if target == latest and self.name.endswith("-new"):
            raise PermissionError("in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", locked)
    with pytest.raises(OSError, match=r"is in use, .* it stays as it was"):
        replace_folder(source, latest)
    assert (latest / "index.html").read_text() == "latest"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "new"]


def test_what_a_stopped_try_has_left_is_no_hindrance(tmp_path, monkeypatch):
    """Stopped between its two renames: the old folder is put aside, the new one not in place."""
    source, target = tmp_path / "new", tmp_path / "latest"
    for folder in (source, target):
        folder.mkdir()
        (folder / f"{folder.name}.html").touch()
    rename = Path.rename

    def stopped(self, to):
        if self.name.endswith("-new"):
            raise KeyboardInterrupt
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", stopped)
    with pytest.raises(KeyboardInterrupt):
        replace_folder(source, target)
    monkeypatch.setattr(Path, "rename", rename)
    replace_folder(source, target)
    assert [path.name for path in target.iterdir()] == ["new.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "new"]


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


def test_an_error_of_the_system_is_said_in_a_few_words():
    said = [OSError(28, "No space"), OSError(30, "Read-only file system"), OSError("A sentence.")]
    assert [explain(error) for error in said] == [
        "the disk is full",
        "the disk could not be used (Read-only file system)",
        "A sentence",
    ]
