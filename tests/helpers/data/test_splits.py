"""Parts by file number: disjoint, whole, alike in every shape and whatever is missing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers import samples
from helpers.data.catalog import dataset
from helpers.data.download import Located, find_data
from helpers.data.splits import load_parts, picture_number
from helpers.messages import OneSentence

PART, WHOLE = dataset("cats_and_dogs"), dataset("cats_and_dogs_all")
HALVES = (0.5, 0.25, 0.25)


def save(path: Path, label: int, number: int) -> None:
    """One flat picture that tells its class and its number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (200 * label, 10 * number, 0)).save(path, "JPEG", quality=100)


def resized(entry, numbers: int):
    """The catalog's entry for fewer pictures: `numbers` of each class."""
    whole = 2 * numbers / sum(split.pictures for split in entry.splits)
    splits = tuple(replace(one, pictures=round(one.pictures * whole)) for one in entry.splits)
    return replace(entry, splits=splits)


@pytest.fixture
def in_folders(tmp_path) -> Located:
    """Eight numbers a class in the small subset's folders."""
    for label, kind in enumerate(("cat", "dog")):
        for number in range(8):
            split = "train" if number < 4 else "validation" if number < 6 else "test"
            save(tmp_path / "part" / split / f"{kind}s" / f"{kind}.{number}.jpg", label, number)
    return Located(resized(PART, 8), tmp_path / "part", "full", "mirror", "")


@pytest.fixture
def in_one_folder(tmp_path) -> Located:
    """Twelve numbers a class, those of the small subset first."""
    for label, kind in enumerate(("Cat", "Dog")):
        for number in range(12):
            save(tmp_path / "whole" / "PetImages" / kind / f"{number}.jpg", label, number)
    return Located(resized(WHOLE, 12), tmp_path / "whole", "full", "mirror", "")


def numbers(part) -> list[list[int]]:
    """The numbers of each class, in order."""
    return [
        [
            picture_number(name)
            for name, own in zip(part.names, part.labels, strict=True)
            if own == label
        ]
        for label in range(2)
    ]


def test_the_small_subsets_folders_are_its_split_by_number(in_folders):
    parts = load_parts(in_folders, HALVES, 8)
    assert [part.count() for part in parts] == [{"cat": n, "dog": n} for n in (4, 2, 2)]
    for split, part in zip(("train", "validation", "test"), parts, strict=True):
        folder = in_folders.split_folder(split) / "cats"
        assert sorted(numbers(part)[0]) == sorted(picture_number(p.name) for p in folder.iterdir())


def test_parts_are_disjoint_and_whole_and_hold_the_right_pictures(in_one_folder):
    parts = load_parts(in_one_folder, (0.5, 0.2, 0.3), 8)
    assert [numbers(part)[1] for part in parts] == [[0, 1, 2, 3, 4, 5], [6, 7], [8, 9, 10, 11]]
    for part in parts:
        seen = part.images[:, 4, 4].astype(int)
        expected = [
            [200 * own, 10 * picture_number(name)]
            for name, own in zip(part.names, part.labels, strict=True)
        ]
        assert np.abs(seen[:, :2] - expected).max() <= 2


def test_both_shapes_give_the_same_parts(in_folders, in_one_folder):
    small = load_parts(in_folders, HALVES, 8)
    large = load_parts(in_one_folder, HALVES, 8, first=8)
    for one, other in zip(small, large, strict=True):
        assert one.names == other.names and one.classes == other.classes == ("cat", "dog")
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.labels, other.labels)


def test_a_missing_file_leaves_a_gap(in_one_folder):
    cats = in_one_folder.folder / "PetImages" / "Cat"
    for number in (0, 5, 11):
        (cats / f"{number}.jpg").unlink()
    parts = load_parts(in_one_folder, HALVES, 8)
    assert [numbers(part)[0] for part in parts] == [[1, 2, 3, 4], [6, 7, 8], [9, 10]]
    assert [numbers(part)[1] for part in parts] == [[0, 1, 2, 3, 4, 5], [6, 7, 8], [9, 10, 11]]


def test_damaged_files_and_other_formats_are_left_out_and_named(in_one_folder):
    cats = in_one_folder.folder / "PetImages" / "Cat"
    (cats / "1.jpg").write_bytes(b"")
    (cats / "2.jpg").write_bytes((cats / "2.jpg").read_bytes()[:200])
    Image.new("RGB", (8, 8)).save(cats / "7.jpg", "PNG")
    (cats / "Thumbs.db").write_bytes(b"no picture")
    parts = load_parts(in_one_folder, HALVES, 8)
    assert [tuple(part.skipped) for part in parts] == [("cat/1", "cat/2"), ("cat/7",), ()]
    assert [numbers(part)[0] for part in parts] == [[0, 3, 4, 5], [6, 8], [9, 10, 11]]


def test_the_first_numbers_are_no_more_than_there_are(in_folders):
    all_of_them = load_parts(in_folders, HALVES, 8)
    more = load_parts(in_folders, HALVES, 8, first=2000)
    assert [part.names for part in more] == [part.names for part in all_of_them]


def test_the_cache_answers_the_second_time(in_folders, tmp_path):
    load_parts(in_folders, HALVES, 8, cache=tmp_path / "cache")
    kept = sorted(path.name for path in (tmp_path / "cache").iterdir())
    assert len(kept) == 3 and kept[0].startswith("cats_and_dogs-0-4-8-")
    again = load_parts(in_folders, HALVES, 8, cache=tmp_path / "cache")
    assert again[2].names[0] == "cat/6"
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == kept


def test_the_published_numbers(monkeypatch):
    """Lesson 5: 1,000, 500 and 500 of the first 2,000; lesson 4: 10,000 and 2,500 of all 12,500."""
    asked = []

    def load(listing, classes, size, kept_as, *_):
        asked.append(tuple(map(int, kept_as.split("-")[-2:])))

    monkeypatch.setattr("helpers.data.splits.load_listed", load)
    listing = [(label, number, Path()) for label in range(2) for number in range(12_500)]
    monkeypatch.setattr("helpers.data.splits._list_numbered", lambda _: listing)
    load_parts(Located(PART, Path(), "full", "mirror", ""), HALVES, 8)
    load_parts(Located(WHOLE, Path(), "full", "mirror", ""), HALVES, 8, first=2000)
    assert asked == 2 * [(0, 1000), (1000, 1500), (1500, 2000)]
    asked.clear()
    load_parts(Located(WHOLE, Path(), "full", "mirror", ""), (0.8, 0.2), 8)
    assert asked == [(0, 10_000), (10_000, 12_500)]


def test_drawn_samples_are_split_as_they_are_drawn(tmp_path, monkeypatch):
    for draw in ("draw_cat", "draw_dog"):
        monkeypatch.setattr(samples, draw, lambda _: Image.new("RGB", (8, 8)))
    located = find_data("cats_and_dogs", "samples", tmp_path)
    parts = load_parts(located, HALVES, 8, first=2000)
    assert [part.count()["dog"] for part in parts] == [120, 60, 60]
    for split, part in zip(located.splits, parts, strict=True):
        names = {path.name for path in (located.split_folder(split) / "dogs").iterdir()}
        assert names == {f"dog.{number}.jpg" for number in numbers(part)[1]}


@pytest.mark.parametrize("shares", [(0.5, 0.4), (0.5, 0.6), (1.0, 0.0), (1.5, -0.5)])
def test_shares_that_are_none_are_refused(in_folders, shares):
    with pytest.raises(ValueError, match="together they must be 1"):
        load_parts(in_folders, shares, 8)


def test_a_part_without_a_class_is_refused(in_folders):
    (in_folders.folder / "train" / "cats" / "cat.2.jpg").unlink()
    with pytest.raises(ValueError, match="no cat among the 1 numbers from 2 on; use more pictures"):
        load_parts(in_folders, HALVES, 8, first=4)
    with pytest.raises(OneSentence, match="no cat among the 0 numbers from 2 on"):
        load_parts(in_folders, HALVES, 8, first=3)


def test_a_name_without_a_number_is_refused():
    assert [picture_number(name) for name in ("cat.17.jpg", "17.jpg", "cat/17")] == [17] * 3
    with pytest.raises(OneSentence, match=r"'cat.jpg' has no number; expected a name such as"):
        picture_number("cat.jpg")
