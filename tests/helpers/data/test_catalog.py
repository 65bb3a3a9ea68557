"""The catalog file and what it promises."""

import gzip
import hashlib
from pathlib import Path

import pytest

from helpers.data.catalog import Archive, DataSet, Split, dataset, read_catalog

NAMES = [
    "rock_paper_scissors",
    "cats_and_dogs_all",
    "cats_and_dogs",
    "fashion_mnist",
    "hands_green_all",
    "hands_green",
]
SPLIT_OF_TWO = Split(name="train", folder="train", pictures=4)


def two_classes(**changes) -> DataSet:
    fields = {
        "name": "tiny",
        "title": "Two classes",
        "classes": ("cats", "dogs"),
        "layout": "folders",
        "licence": "CC0",
        "source": "https://example.org",
        "splits": (SPLIT_OF_TWO,),
    }
    return DataSet(**{**fields, **changes})


def put_pictures(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"picture")


def test_the_catalog_holds_the_data_sets_of_the_lessons():
    assert list(read_catalog()) == NAMES


def test_rock_paper_scissors_is_as_published():
    found = dataset("rock_paper_scissors")
    assert found.classes == ("paper", "rock", "scissors")
    assert {split.name: split.pictures for split in found.splits} == {"train": 2520, "test": 372}
    assert {archive.name: archive.bytes for archive in found.archives} == {
        "rps.zip": 200_682_221,
        "rps-test-set.zip": 29_516_758,
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_makes_sense(name):
    entry = dataset(name)
    assert entry.title and entry.licence and entry.source.startswith("https://")
    assert entry.layout in ("folders", "files")
    assert len({split.name for split in entry.splits}) == len(entry.splits) > 0
    assert all(0 <= split.may_miss < split.pictures for split in entry.splits)
    if entry.layout == "folders":
        assert list(entry.classes) == sorted(entry.classes), "Keras labels folders by alphabet"
    for archive in entry.archives:
        assert entry.kaggle or (archive.bytes > 0 and archive.addresses)
        assert all(address.startswith("https://") for address in archive.addresses)
        assert all(address.endswith("/" + archive.name) for address in archive.addresses)
        for checksum in (archive.sha256, archive.unpacked_sha256):
            assert checksum is None or (len(checksum) == 64 and int(checksum, 16))


def test_class_names_become_folder_names():
    assert dataset("fashion_mnist").class_folders[0] == "T-shirt_top"
    assert dataset("rock_paper_scissors").class_folders == ("paper", "rock", "scissors")


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no data set 'rocks'; the catalog has: rock_paper_"):
        dataset("rocks")


def test_an_unknown_split_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="no split 'validation'; it has: train, test"):
        dataset("rock_paper_scissors").split("validation")


def test_pictures_are_counted_by_split_and_class_without_junk(tmp_path):
    put_pictures(tmp_path / "train" / "cats", ["a.jpg", "b.PNG", "._a.jpg", "Thumbs.db"])
    put_pictures(tmp_path / "train" / "dogs", ["a.jpeg"])
    put_pictures(tmp_path / "train" / "birds", ["a.jpg"])
    assert two_classes().count_pictures(tmp_path) == {"train": 3}
    assert two_classes().find_shortage(tmp_path) == "split train (train) has 3 of 4 pictures"


def test_a_whole_data_set_lacks_nothing(tmp_path):
    put_pictures(tmp_path / "train" / "cats", ["a.jpg", "b.jpg"])
    put_pictures(tmp_path / "train" / "dogs", ["a.jpg", "b.jpg"])
    assert two_classes().find_shortage(tmp_path) == ""


def test_a_few_pictures_may_miss_where_the_catalog_says_so(tmp_path):
    put_pictures(tmp_path / "train" / "cats", ["a.jpg", "b.jpg", "c.jpg"])
    lenient = two_classes(splits=(Split("train", "train", 4, may_miss=1),))
    assert lenient.find_shortage(tmp_path) == ""
    assert two_classes().find_shortage(tmp_path) != ""


def test_a_split_that_is_absent_is_a_shortage(tmp_path):
    put_pictures(tmp_path / "train" / "cats", ["a.jpg", "b.jpg", "c.jpg", "d.jpg"])
    both = two_classes(splits=(SPLIT_OF_TWO, Split("test", "test", 2)))
    assert both.find_shortage(tmp_path) == "split test (test) has 0 of 2 pictures"


def test_folders_may_have_other_names_than_the_classes(tmp_path):
    put_pictures(tmp_path / "train" / "Cat", ["a.jpg"])
    named = two_classes(folders=("Cat", "Dog"))
    assert named.count_pictures(tmp_path) == {"train": 1}


def test_cats_and_dogs_are_one_thing_in_two_shapes():
    part, whole = dataset("cats_and_dogs"), dataset("cats_and_dogs_all")
    assert part.whole is whole and part.classes == whole.classes == ("cat", "dog")
    assert part.class_folders == ("cats", "dogs") and whole.class_folders == ("Cat", "Dog")
    assert not part.archives, "what is fetched is the whole"


def test_a_file_is_compared_by_size_and_checksum(tmp_path):
    file = tmp_path / "a.zip"
    file.write_bytes(b"12345")
    checksum = hashlib.sha256(b"12345").hexdigest()
    assert Archive("a.zip", (), bytes=5, sha256=checksum).find_fault(file) == ""
    assert Archive("a.zip", (), bytes=5).find_fault(file) == ""
    assert Archive("a.zip", (), bytes=5_000).find_fault(file) == "has 5 bytes instead of 5,000"
    assert "checksum" in Archive("a.zip", (), bytes=5, sha256="0" * 64).find_fault(file)
    assert "checksum" in Archive("a.zip", (), sha256="0" * 64).find_fault(file)


def test_a_recompressed_file_is_known_by_what_it_unpacks_to(tmp_path):
    plain = b"pixels" * 100
    file = tmp_path / "images.gz"
    file.write_bytes(gzip.compress(plain, compresslevel=1))
    archive = Archive(
        "images.gz", (), 1_000, "0" * 64, unpacked_sha256=hashlib.sha256(plain).hexdigest()
    )
    assert archive.find_fault(file) == ""
    file.write_bytes(gzip.compress(b"other" * 100))
    assert "instead of 1,000" in archive.find_fault(file)
    file.write_bytes(b"no gzip file")
    assert archive.find_fault(file) == "has 12 bytes instead of 1,000"


def test_files_that_are_not_unpacked_are_checked_one_by_one(tmp_path):
    archives = (Archive("images.gz", (), bytes=6), Archive("labels.gz", (), bytes=5))
    files = two_classes(layout="files", archives=archives)
    assert not files.is_in(tmp_path)
    (tmp_path / "images.gz").write_bytes(b"images")
    assert files.is_in(tmp_path)
    assert files.find_shortage(tmp_path) == "labels.gz is missing"
    assert files.count_pictures(tmp_path) == {"train": 0}
    (tmp_path / "labels.gz").write_bytes(b"label")
    assert files.find_shortage(tmp_path) == ""
    assert files.count_pictures(tmp_path) == {"train": 4}
