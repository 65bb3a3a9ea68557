"""A data set at hand: real pictures where they are, drawn ones at once where they are not."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from helpers.data import at_hand, download
from helpers.data.at_hand import find_at_hand, find_own
from helpers.messages import NotAvailable


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """The addresses that were asked for; none of them answers."""
    asked = []

    def fetch(address, *_):
        asked.append(address)
        raise ConnectionError("no network")

    monkeypatch.setattr(download, "fetch", fetch)
    return asked


@pytest.fixture
def few(monkeypatch):
    """The data set, with two pictures a split."""
    whole = at_hand.dataset("rock_paper_scissors")
    splits = tuple(at_hand.replace(split, pictures=3) for split in whole.splits)
    small = at_hand.replace(whole, splits=splits)
    monkeypatch.setattr(at_hand, "dataset", lambda name: small)
    return small


@pytest.fixture(scope="module")
def drawn_once(tmp_path_factory):
    """A data folder where hands are drawn by the first test that asks for them."""
    return tmp_path_factory.mktemp("data")


def test_without_the_real_ones_hands_are_drawn_and_nothing_is_downloaded(asked, drawn_once):
    found = find_at_hand("rock_paper_scissors", folder=drawn_once)
    assert found.kind == "samples" and asked == []
    assert found.line == (
        "Data: drawn sample pictures, because the real ones are not on this machine "
        '(DATA = "full" downloads them, 230 MB).'
    )


def test_what_is_wrong_with_a_mirror_is_said(asked, drawn_once, tmp_path, monkeypatch):
    (tmp_path / "rock_paper_scissors" / "rps" / "rock").mkdir(parents=True)
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path))
    found = find_at_hand("rock_paper_scissors", folder=drawn_once)
    assert found.kind == "samples" and asked == []
    assert "because the mirror folder" in found.line
    assert "; the real ones are not on this machine (DATA" in found.line


def test_a_data_set_that_is_part_of_another_is_not_downloaded_either(asked, tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.samples.draw_samples", lambda name, folder: folder)
    assert find_at_hand("cats_and_dogs", folder=tmp_path).kind == "samples" and asked == []


def test_real_pictures_that_are_there_are_taken(few, tmp_path):
    for split in few.splits:
        for name in few.class_folders:
            folder = tmp_path / few.name / split.folder / name
            folder.mkdir(parents=True)
            (folder / "a-1.png").touch()
    found = find_at_hand("rock_paper_scissors", folder=tmp_path)
    assert (found.kind, found.origin) == ("full", "cache")


def test_who_asks_for_the_real_ones_has_them_downloaded(asked, drawn_once):
    with pytest.raises(NotAvailable):
        find_at_hand("rock_paper_scissors", "full", folder=drawn_once)
    assert asked
    assert find_at_hand("rock_paper_scissors", "samples", folder=drawn_once).kind == "samples"


def fill_album(folder, name, written):
    for gesture in ("a", "b"):
        (folder / "own" / name / gesture).mkdir(parents=True)
        for number in range(4):
            pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
            file = folder / "own" / name / gesture / f"take1-{number}.jpg"
            Image.fromarray(pixels).save(file)
            os.utime(file, (written, written))


def test_ones_own_pictures_are_the_folder_the_newest_album_or_drawn_hands(asked, drawn_once):
    assert find_own("somewhere", drawn_once) == ("somewhere", "named by DATA")
    path, why = find_own("auto", drawn_once)
    assert why == "drawn hands" and path.endswith("rps")
    (drawn_once / "own" / "empty").mkdir(parents=True)
    fill_album(drawn_once, "mugs", 2_000_000)
    fill_album(drawn_once, "hands", 1_000_000)
    path, why = find_own("auto", drawn_once)
    assert path == str(drawn_once / "own" / "mugs") and "mugs of lesson 0's camera" in why
    assert find_own("samples", drawn_once)[1] == "drawn hands" and asked == []
    for file in (drawn_once / "own" / "mugs").glob("*/*"):
        file.rename(file.with_suffix(""))  # pictures, though their names do not say so
    (drawn_once / "own" / "mugs" / "gone.png").symlink_to("nowhere")
    assert find_own("auto", drawn_once)[0] == path
