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


@pytest.mark.parametrize(
    ("error", "told"), [(PermissionError, "is in use, .* it stays"), (KeyboardInterrupt, None)]
)
def test_what_stops_it_between_its_renames_leaves_the_old_folder(
    tmp_path, monkeypatch, error, told
):
    source, latest = tmp_path / "new", tmp_path / "latest"
    for folder in (source, latest):
        folder.mkdir()
        (folder / "index.html").write_text(folder.name)
    rename = Path.rename

    def stopped(self, target):
        if target == latest and self.name == "new":
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stopped)
    with pytest.raises((OSError, KeyboardInterrupt), match=told):
        replace_folder(source, latest)
    assert (latest / "index.html").read_text() == "latest"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "new"]
