"""A folder replaces another whole or not at all."""

from pathlib import Path

import pytest

from tools.whole_folders import replace_folder


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
