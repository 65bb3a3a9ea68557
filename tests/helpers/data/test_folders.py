"""Pictures of one's own: any names, with splits or without; what is refused, and in which words."""

from __future__ import annotations

import os
import unicodedata
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.data import folders
from helpers.data.download import find_data
from helpers.data.folders import FolderError, find_fault, open_folder
from helpers.data.pictures import hold_out, hold_out_groups, load_split
from helpers.data.splits import load_parts
from helpers.messages import OneSentence
from helpers.parameters import check_values
from tools.execution import cells_of, find_notebook

FORMS = ("IMG_2024{:04}.jpg", "photo ({}).jpg", "cat.{}.jpg", "{}.PNG", "DSC{:05}", "a.b-{}.jfif")


def save(path: Path, number: int, kind: str = "JPEG", **options) -> None:
    """A picture like no other, of its own size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(number).integers(0, 256, (6, 6, 3), np.uint8)
    Image.fromarray(values).resize((32 + number % 5, 32)).save(path, kind, **options)


def start(folder: Path) -> int:
    """Where the pictures of a folder begin, so that those of another differ."""
    return 1000 * (sum(folder.name.encode()) % 97)


def fill(folder: Path, classes: tuple[str, ...], each: int, form: str = FORMS[0]) -> Path:
    for label, name in enumerate(classes):
        for number in range(each):
            save(folder / name / form.format(number), start(folder) + 100 * label + number)
    return folder


def opened(folder: Path, **options) -> folders.OwnPictures:
    return open_folder(str(folder), **options)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("classes", [("a", "b"), ("Hände grün", "v1.2 beta", "x.png", "Füße")])
def test_any_names_of_folders_and_files(tmp_path, classes, form):
    found = opened(fill(tmp_path / "own ones", classes, 10, form))
    assert found.dataset.classes == found.dataset.class_folders == tuple(sorted(classes))
    assert found.splits == ("train", "test") and (found.kind, found.origin) == ("full", "own")
    for split, each in (("train", 8), ("test", 2)):
        pictures = load_split(found, split, 16)
        assert set(pictures.count().values()) == {each}
        assert pictures.classes == found.dataset.classes and pictures.images.shape[1:] == (
            16,
            16,
            3,
        )
        for name, label in zip(pictures.names, pictures.labels, strict=True):
            assert name.startswith(found.dataset.classes[label] + "/")


def test_the_line_says_what_was_found(tmp_path):
    folder = fill(tmp_path / "phone", ("cat", "dog"), 10)
    save(folder / "dog" / "copy of 3.jpg", start(folder) + 103, quality=40)
    for name in ("film.mov", "notes.txt", "empty.jpg", "Thumbs.db", ".DS_Store"):
        (folder / "cat" / name).touch()
    (folder / "dog" / "x.png").mkdir()
    line = find_data("rock_paper_scissors", str(folder), tmp_path / "data").line
    assert line == (
        "Data: the folder phone, 21 pictures (10 cat, 11 dog) of 32x32 to 36x32 pixels; 17 train, "
        "4 test, shared out at random; pictures with a near-duplicate: 2, kept on one side; "
        "skipped: 4 (cat/film.mov is not a picture by its name (.mov), cat/notes.txt is not a "
        "picture by its name (.txt), cat/empty.jpg is empty, dog/x.png is a folder)."
    )
    for number in range(9):
        (folder / "cat" / f"more{number}.mov").touch()
    assert "and 9 more)." in opened(folder).line
    skipped = load_split(opened(folder), "train", 8).skipped
    assert len(skipped) == 13 and skipped["cat/empty.jpg"] == "is empty"


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (("train", "validation", "test"), {"train": 16, "validation": 8, "test": 4}),
        (("Training", "VAL", "Testing"), {"train": 16, "validation": 8, "test": 4}),
        (("TRAIN", "valid"), {"train": 16, "test": 8}),
        (("train", "test"), {"train": 16, "test": 8}),
        (("training",), {"train": 12, "test": 4}),
    ],
)
def test_splits_of_the_folders_own(tmp_path, names, splits):
    for name, each in zip(names, (8, 4, 2), strict=False):
        fill(tmp_path / name, ("a", "b"), each)
    found = opened(tmp_path)
    assert {n: len(load_split(found, n, 8)) for n in found.splits} == splits
    assert ("by its own folders" in found.line) == (len(names) > 1)
    if len(splits) == 3:
        for name, part in zip(found.splits, load_parts(found, (0.5, 0.25, 0.25), 8), strict=True):
            assert part.names == load_split(found, name, 8).names


def test_the_folders_own_test_stays_the_test(tmp_path):
    for name, each in (("train", 12), ("test", 3)):
        fill(tmp_path / name, ("a", "b"), each)
    parts = load_parts(opened(tmp_path), (0.5, 0.25, 0.25), 8)
    assert [len(part) for part in parts] == [16, 8, 6]
    assert all(name.startswith("test/") for name in parts[2].names)


def test_a_copy_of_a_test_picture_among_the_training_pictures_is_told(tmp_path):
    for name, each in (("train", 6), ("test", 4)):
        fill(tmp_path / name, ("a", "b"), each)
    (tmp_path / "test" / "a" / "copy.jpg").write_bytes(
        (tmp_path / "train/a/IMG_20240001.jpg").read_bytes()
    )
    assert "test pictures that belong with training pictures: 1;" in opened(tmp_path).line


def test_shares_and_seed_are_the_callers(tmp_path):
    folder = fill(tmp_path / "own", ("a", "b"), 20)
    shares = {"train": 0.5, "validation": 0.3, "test": 0.2}
    first, again, other = (opened(folder, shares=shares, seed=seed) for seed in (1, 1, 2))
    assert [len(first.parts[name]) for name in first.splits] == [20, 12, 8]
    assert list(first.parts["test"]) == list(again.parts["test"]) != list(other.parts["test"])
    assert not set(first.parts["train"]) & set(first.parts["test"])


@pytest.mark.parametrize("seed", range(3))
def test_copies_saved_anew_stay_beside_their_originals(tmp_path, seed):
    for label, name in enumerate(("a", "b")):
        for number in range(15):
            save(tmp_path / name / f"{number}.png", 100 * label + number, "PNG")
            save(tmp_path / name / f"z{(7 * number) % 15}.jpg", 100 * label + number, quality=50)
    found = opened(tmp_path, seed=seed)
    assert "pictures with a near-duplicate: 60, kept on one side" in found.line
    training, test = (load_split(found, split, 8) for split in found.splits)
    assert not set(training.groups) & set(test.groups) and 4 <= len(test) <= 16
    of = {f"z{(7 * number) % 15}": str(number) for number in range(15)}
    for one, other in ((training, test), hold_out_groups(training, seed)):
        known = [
            {(n[0], of.get(Path(n).stem, Path(n).stem)) for n in s.names} for s in (one, other)
        ]
        assert not known[0] & known[1]


def test_bursts_are_told_by_exif(tmp_path):
    for label, name in enumerate(("a", "b")):
        for number in range(12):
            exif = Image.Exif()
            exif[0x0132] = f"2024:01:31 10:{number // 3:02}:{number % 3:02}"
            save(tmp_path / name / f"{number}.jpg", 100 * label + number, exif=exif)
    found = opened(tmp_path)
    assert "shared out by burst" in found.line and len(set(found.groups)) == 8


def test_near_duplicates_and_people_stay_on_one_side(tmp_path):
    for label, name in enumerate(("a", "b")):
        for person in range(6):
            for number in range(4):
                save(
                    tmp_path / name / f"person {person}" / f"{number}.jpg",
                    100 * label + 10 * person + number,
                )
    found = opened(tmp_path)
    assert "shared out by sub-folder" in found.line
    training, test = (load_split(found, split, 8) for split in found.splits)
    rest, held_out = hold_out_groups(training, seed=3)
    for one, other in ((training, test), (rest, held_out), hold_out(training, 0.2)):
        people = [{name.split("/")[1] for name in side.names} for side in (one, other)]
        assert not people[0] & people[1] and not set(one.groups) & set(other.groups)
        assert min(other.count().values()) > 0
    assert len(rest) + len(held_out) == len(training)


def test_a_limit_counts_per_class_and_keeps_groups(tmp_path):
    found = opened(fill(tmp_path / "own", ("a", "b"), 20))
    few = load_split(found, "train", 8, 5)
    assert few.count() == {"a": 5, "b": 5} and len(few.groups) == 10
    assert [len(part) for part in load_parts(found, (0.5, 0.25, 0.25), 8, 8)] == [
        8,
        4,
        4,
    ]


def test_a_limit_of_the_folder_spreads_over_each_class(tmp_path):
    found = opened(fill(tmp_path / "own", ("a", "b"), 12), limit=6)
    assert found.load_all(16).count() == {"a": 6, "b": 6}
    parts = found.share_out((0.5, 0.25, 0.25), seed=1)
    assert sorted(np.concatenate(parts).tolist()) == list(range(12))
    others = found.share_out((0.5, 0.25, 0.25), seed=2)
    assert any(one.tolist() != other.tolist() for one, other in zip(parts, others, strict=True))


def test_a_limit_takes_no_part_away_from_a_folder_that_is_sorted(tmp_path):
    for split, each in (("train", 40), ("validation", 4), ("test", 5)):
        fill(tmp_path / "own" / split, ("a", "b"), each)
    found = opened(tmp_path / "own", limit=10)
    assert found.splits == ("train", "validation", "test")
    counts = [load_split(found, split, 8).count() for split in found.splits]
    assert counts == [{"a": n, "b": n} for n in (10, 4, 5)]


def test_near_duplicates_are_named_in_pairs(tmp_path):
    folder = fill(tmp_path / "own", ("a", "b"), 6)
    save(folder / "b" / "again.jpg", start(folder) + 2, quality=60)
    found = opened(folder)
    ((one, other),) = found.pairs
    names = {Path(found.names[place]).name for place in (one, other)}
    assert names == {"IMG_20240002.jpg", "again.jpg"}


def test_names_taken_apart_are_one_class(tmp_path):
    composed, apart = (unicodedata.normalize(form, "Hände") for form in ("NFC", "NFD"))
    fill(tmp_path / "train", (composed, "b"), 6)
    fill(tmp_path / "test", (apart, "b"), 2)
    assert opened(tmp_path).dataset.classes == (composed, "b")


@pytest.mark.parametrize("closed", ["mine/b", "mine/b/trip"])
def test_a_folder_that_cannot_be_listed_is_refused_not_left_out(tmp_path, monkeypatch, closed):
    fill(tmp_path / "mine", ("a", "b", "c"), 4)
    fill(tmp_path / "mine" / "b", ("trip",), 4)
    scandir = os.scandir

    def refuse(path="."):
        if Path(path) == tmp_path / closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    name = Path(closed).name
    with pytest.raises(FolderError, match=rf"The folder {name} cannot be listed \(Permission"):
        opened(tmp_path / "mine")


def test_odd_bytes_in_names_are_taken_and_can_be_printed(tmp_path):
    folder = fill(tmp_path / "own", ("a", "b"), 6)
    (folder / "a").rename(folder / os.fsdecode(b"caf\xe9"))
    save(folder / "b" / os.fsdecode(b"caf\xe9.png"), 77, "PNG")
    found = opened(folder, cache=tmp_path / "cache")
    assert len(found.names) == 13
    found.line.encode()
    pictures = load_split(found, "train", 8, cache=tmp_path / "cache")
    "".join((*pictures.names, *pictures.classes)).encode()


def test_a_link_to_a_class_folder_is_followed(tmp_path):
    fill(tmp_path / "elsewhere", ("a", "b"), 5)
    (tmp_path / "own").mkdir()
    for name in ("a", "b"):
        (tmp_path / "own" / name).symlink_to(tmp_path / "elsewhere" / name)
    (tmp_path / "own" / "a" / "round").symlink_to(tmp_path / "own")
    (tmp_path / "own" / "gone").symlink_to(tmp_path / "nowhere")
    assert opened(tmp_path / "own").dataset.classes == ("a", "b")


def test_a_path_is_seen_from_here_from_the_project_and_from_home(tmp_path, monkeypatch):
    here, project, home = (
        fill(tmp_path / name / name, ("a", "b"), 4).parent for name in ("here", "project", "home")
    )
    monkeypatch.chdir(here)
    monkeypatch.setattr(folders, "PROJECT", project)
    monkeypatch.setenv("HOME", str(home))
    for text in ("here", "project", "~/home", str(here / "here"), "../here/here"):
        assert find_fault(text) == ""
        check_values({"DATA": text}, ["DATA"])
    assert opened(Path("../here/here")).folder == here / "here"


def test_a_picture_is_opened_once_and_a_folder_opened_as_it_is_now(tmp_path, monkeypatch):
    folder, read = fill(tmp_path, ("a", "b"), 5), []
    monkeypatch.setattr(Image, "open", spy(Image.open, read))
    check_values({"DATA": str(folder)}, ["DATA"])
    assert not read
    save(folder / "a" / "late.jpg", 98)
    assert len(opened(folder, cache=tmp_path / "cache").names) == len(read) == 11
    save(folder / "a" / "new.jpg", 99)
    again = opened(folder, cache=tmp_path / "cache")  # the cell run once more: what is there now
    assert len(again.names) == 12 and "of 32x32 to 36x32 pixels" in again.line
    read.clear()
    assert opened(folder, cache=tmp_path / "cache").line == again.line
    assert not read


def spy(function, calls: list):
    def call(*given, **named):
        calls.append(given)
        return function(*given, **named)

    return call


def refused(folder: Path, *parts: str) -> None:
    """A folder is refused in one sentence, before the run and by the lesson's first cell alike."""
    sentence = find_fault(str(folder))
    for part in (*parts, "."):
        assert part in sentence
    assert "\n" not in sentence
    with pytest.raises(FolderError, match=r".") as caught:
        opened(folder)
    assert str(caught.value) == sentence
    with pytest.raises(ValueError) as caught:
        check_values({"DATA": str(folder)}, ["DATA"])
    assert sentence.rstrip(".") in str(caught.value)


def test_no_such_folder_says_what_is_there(tmp_path):
    fill(tmp_path / "phone", ("a", "b"), 4)
    refused(tmp_path / "fone", "There is no folder ", "fone' (it is not ", "holds phone); name one")
    refused(tmp_path / "phone" / "a" / "IMG_20240001.jpg", "; a holds IMG_20240000.jpg, ")
    for text in ("", "  ", "nul\0", "x" * 5000, "~nobody-of-this-name/x"):
        assert "; name one that exists, or auto, full or samples." in find_fault(text)


def test_no_class_folders(tmp_path):
    refused(tmp_path, "has no class folders, it holds nothing; expected two folders or more")
    for number in range(9):
        save(tmp_path / f"cat.{number}.jpg", number)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "notes.txt").touch()
    refused(tmp_path, "it holds cat.0.jpg, cat.1.jpg, cat.2.jpg, cat.3.jpg and 6 more;")


def test_one_class_only(tmp_path):
    fill(tmp_path / "phone", ("a", "b"), 4)
    refused(tmp_path, "has only one class, phone (in it: a, b); expected two folders or more")


def test_one_class_in_splits(tmp_path):
    for split in ("train", "test"):
        fill(tmp_path / split, ("cats",), 2)
    refused(tmp_path, "only one class, cats (in it: IMG_20240000.jpg, IMG_20240001.jpg); expected")


def test_an_archive_is_no_folder(tmp_path):
    (tmp_path / "dogs.zip").touch()
    refused(tmp_path / "dogs.zip", "dogs.zip' is an archive; unpack it and name the folder that")
    fill(tmp_path, ("cats",), 4)
    refused(tmp_path, "only one class, cats (in it: IMG_20240000.jpg, ", "; beside it: dogs.zip)")


def test_below_a_folder_that_may_not_be_entered(tmp_path, monkeypatch):
    """Tests may run as root, who may enter every folder."""
    is_dir = Path.is_dir

    def refuse(path):
        if path == tmp_path / "closed" / "phone":
            raise PermissionError(13, "Permission denied", str(path))
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", refuse)
    said = "phone' cannot be looked into (Permission denied); name one that you may read."
    refused(tmp_path / "closed" / "phone", said)


def test_classes_that_differ_in_capitals_only(tmp_path):
    fill(tmp_path, ("Cats", "dogs"), 4)
    if (tmp_path / "cats").exists():
        pytest.skip("this disk ignores case")
    fill(tmp_path, ("cats",), 4)
    refused(tmp_path, "has the classes Cats, cats, whose names differ in capitals only; join them")


def test_too_few_pictures(tmp_path):
    fill(tmp_path, ("a", "b"), 4)
    (tmp_path / "b" / "IMG_20240001.jpg").rename(tmp_path / "b" / "notes.txt")
    refused(tmp_path, "has 3 pictures of the class 'b' that can be read; at least 4 of each")


def test_too_few_pictures_that_can_be_read(tmp_path):
    fill(tmp_path, ("a", "b"), 4)
    (tmp_path / "b" / "IMG_20240001.jpg").write_bytes(b"")
    message = r"3 pictures of the class 'b' that can be read \(reason: is empty\); at least 4"
    with pytest.raises(FolderError, match=message):
        opened(tmp_path)
    for path in (tmp_path / "b").iterdir():
        path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    message = r"class 'b' could .* \(reason: is a HEIC picture; export HEIC pictures as JPEG\)"
    with pytest.raises(ValueError, match=message):
        opened(tmp_path)


def test_a_split_that_lacks_a_class(tmp_path):
    fill(tmp_path / "train", ("a", "b"), 4)
    fill(tmp_path / "test", ("a",), 4)
    refused(tmp_path, "lacks the class 'b' in its split test; each split needs")


def test_flat_splits(tmp_path):
    for split in ("train", "test"):
        fill(tmp_path, (split,), 5, "cat.{}.jpg")
    refused(
        tmp_path,
        "the folder test holds cat.0.jpg, ",
        "expected in it a folder of pictures for each class",
    )


def test_splits_without_one_to_learn_from(tmp_path):
    for name in ("test", "val"):
        fill(tmp_path / name, ("a", "b"), 5)
    refused(tmp_path, "holds test, val, but no train; rename the folder with the training")


def test_what_lies_beside_the_splits_is_passed_over(tmp_path):
    for name in ("train", "test", "unsorted"):
        fill(tmp_path / name, ("a", "b"), 5)
    found = opened(tmp_path)
    assert found.dataset.classes == ("a", "b") and len(found.names) == 20
    assert found.line.endswith("skipped: 1 (unsorted is not a split).")


@pytest.mark.parametrize(
    "names",
    [
        ("test_set", "training_set"),
        ("test1", "train"),
        ("holdout", "train"),
        ("seg_test", "seg_train"),
        ("Train", "dev"),
        ("train", "unlabelled"),
        ("TrainPics", "more"),
    ],
)
def test_splits_of_other_names_are_not_learnt_as_classes(tmp_path, names):
    for name in names:
        fill(tmp_path / name, ("cats", "dogs"), 4)
    fill(tmp_path, ("others",), 4)
    look = f"the folders {', '.join(names)} look like splits, each with the same classes; "
    refused(tmp_path, look, "name them train, validation and test, or rename ")


def test_groups_of_the_same_names_are_no_splits(tmp_path):
    for name in ("cats", "dogs", "contests"):
        fill(tmp_path / "pets" / name, ("anna", "ben"), 2)
    assert find_fault(str(tmp_path / "pets")) == ""
    fill(tmp_path / "traffic" / "train", ("Bern", "Rome"), 2)
    fill(tmp_path / "traffic" / "bus", ("Rome", "Oslo"), 2)
    assert find_fault(str(tmp_path / "traffic")) == ""


def test_folders_without_pictures_are_named(tmp_path):
    fill(tmp_path / "flat", ("a", "b"), 5)
    for name in ("birds", "empty"):
        (tmp_path / "flat" / name).mkdir()
    for name in ("1.dng", "2.dng", "2.xmp"):
        (tmp_path / "flat" / "birds" / name).touch()
    assert opened(tmp_path / "flat").line.endswith(
        "skipped: 2 (birds holds no picture that can be read (.dng, .xmp), empty holds no picture "
        "that can be read (no file))."
    )
    for split in ("train", "test"):
        fill(tmp_path / "sorted" / split, ("a", "b"), 4)
        (tmp_path / "sorted" / split / "birds").mkdir()
    skipped = load_split(opened(tmp_path / "sorted"), "train", 8).skipped
    assert list(skipped) == [str(Path(split, "birds")) for split in ("test", "train")]


def test_pictures_beside_the_class_folders_are_named(tmp_path):
    fill(tmp_path, ("a", "b"), 5)
    save(tmp_path / "IMG_1.jpg", 7)
    (tmp_path / "notes.txt").touch()
    (tmp_path / "desktop.ini").touch()
    assert opened(tmp_path).line.endswith("skipped: 1 (IMG_1.jpg lies beside the folders).")


def test_a_whole_disk_is_refused_soon(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MOST", 20)
    fill(tmp_path, ("a", "b"), 15)
    refused(tmp_path, " holds more than 20 files; name the folder that itself holds")


@pytest.mark.parametrize(
    "name", ["two\nlines", "$dear$", "{0} %s", "a'b\"c", "🐈", "قط", "tab\there"]
)
def test_the_line_is_one_line(tmp_path, name):
    found = opened(fill(tmp_path / name, (name, "other"), 4))
    assert found.line.isprintable() and found.dataset.name.isprintable()


def test_classes_may_be_called_like_splits(tmp_path):
    assert opened(fill(tmp_path, ("train", "bus"), 5)).dataset.classes == ("bus", "train")


def test_nothing_but_near_duplicates_is_refused(tmp_path):
    for name in ("a", "b"):
        for number in range(5):
            save(tmp_path / name / f"{number}.jpg", len(name) + ord(name), quality=60 + number)
    with pytest.raises(ValueError, match="cannot be divided: all are near-duplicates or of one"):
        opened(tmp_path)


def test_holding_out_says_that_the_test_has_the_other_groups(tmp_path):
    for name in ("cats", "dogs"):
        fill(tmp_path / name, ("anna", "ben"), 4)
    training = load_split(opened(tmp_path), "train", 8)
    for way in (hold_out, hold_out_groups):
        message = "Of the class 'cats' only 1 group of pictures is left beside the test's, but "
        with pytest.raises(OneSentence, match=message):
            way(training)


def test_a_split_that_is_not_there_and_a_split_folder(tmp_path):
    found = opened(fill(tmp_path, ("a", "b"), 5))
    with pytest.raises(ValueError, match="no split 'validation'; it has: train, test"):
        load_split(found, "validation", 8)
    with pytest.raises(ValueError, match="load it with load_split"):
        found.split_folder("train")


def test_a_lesson_that_cannot_take_a_folder_says_which_can(tmp_path):
    folder = fill(tmp_path / "phone", ("a", "b"), 4)
    cells = {cell.id: cell.source for cell in cells_of(find_notebook("03"))}
    with pytest.raises(FolderError, match=r"only takes its own .* 7 take a folder of yours"):
        exec(cells["find"], {"find_data": find_data, "DATA": str(folder)})


def test_lesson_1_takes_a_folder_of_ones_own(tmp_path, capsys):
    """Its own cells, up to the first training and where the recipe's pictures are held out."""
    folder = fill(
        tmp_path / "Blätter im Park", ("Ahorn rot", "Buche", "Eiche"), 12, "photo ({}).jpg"
    )
    cells = {cell.id: cell.source for cell in cells_of(find_notebook("01"))}
    names: dict = {}
    for cell in ("parameters", "imports"):
        exec(cells[cell], names)
    names |= {"DATA": str(folder), "IMAGE_SIZE": 64, "CACHE_FOLDER": tmp_path / "cache"}
    names["find_data"] = partial(find_data, folder=tmp_path / "data")
    for cell in (
        "check",
        "find",
        "load",
        "look",
        "augment",
        "films",
        "neighbours",
    ):
        exec(cells[cell], names)
    for cell in ("recipe-data", "recipe-augment", "green"):
        exec(cells[cell], names)
    told = capsys.readouterr().out
    assert (
        "Data: the folder Blätter im Park, 36 pictures (12 Ahorn rot, 12 Buche, 12 Eiche)" in told
    )
    assert names["training"].count() == {"Ahorn rot": 10, "Buche": 10, "Eiche": 10}
    assert len(names["test"]) == 6 and names["test"].classes == names["classes"]
    assert set(names["held_out"].groups).isdisjoint(names["chosen_training"].groups)
    assert told.count("Left out") == 2
