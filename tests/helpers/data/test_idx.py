"""Reading idx files: what is in them, and every way in which they can be broken."""

import gzip
import struct

import numpy as np
import pytest

from helpers.data.idx import read_idx, read_split


def as_idx(array, kind=8):
    return struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (6, 4, 5), np.uint8)


@pytest.fixture
def file(tmp_path, pictures):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(as_idx(pictures)))
    return path


def test_an_array_comes_back_as_it_was_written(file, pictures):
    read = read_idx(file, 3)
    np.testing.assert_array_equal(read, pictures)
    assert read.dtype == np.uint8 and read.shape == (6, 4, 5)


def test_other_contents_are_refused(file, pictures):
    whole = as_idx(pictures)
    for content, fault in (
        (b"", "begins with the bytes '', not '00000803'"),
        (b"\x89PNG" + whole, "begins with the bytes '89504e47'"),
        (as_idx(pictures[0]), "begins with the bytes '00000802'"),
        (as_idx(pictures, kind=9), "begins with the bytes '00000903'"),
        (whole[:10], "ends before its first number"),
        (whole[:-1], "holds 119 bytes instead of 6 x 4 x 5"),
        (whole + b"0", "holds 121 bytes instead of 6 x 4 x 5"),
        (whole[:4] + b"\xff" * 12 + whole[16:], "holds 120 bytes instead of 4294967295 x"),
    ):
        file.write_bytes(gzip.compress(content))
        with pytest.raises(ValueError, match=f"^train-images-idx3-ubyte.gz {fault}.*; remove it"):
            read_idx(file, 3)


def test_no_damage_to_the_packed_file_goes_unnoticed(file, pictures):
    whole = file.read_bytes()
    damaged = [whole[:length] for length in range(len(whole))]
    damaged += [b"no gzip", as_idx(pictures), whole + b"more"]
    for position in range(10, len(whole)):  # behind gzip's header, which holds the file's time
        damaged.append(whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
    for content in damaged:
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"^train-images-idx3-ubyte\.gz .*; remove it"):
            read_idx(file, 3)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^t10k-images-idx3-ubyte\.gz is not"):
        read_split(tmp_path, "test")


def test_pictures_and_labels_must_belong_together(file, pictures):
    labels_file = file.with_name("train-labels-idx1-ubyte.gz")
    labels = np.arange(6, dtype=np.uint8)
    labels_file.write_bytes(gzip.compress(as_idx(labels)))
    images, read = read_split(file.parent, "train")
    np.testing.assert_array_equal(images, pictures)
    np.testing.assert_array_equal(read, labels)
    labels_file.write_bytes(gzip.compress(as_idx(labels[:5])))
    with pytest.raises(ValueError, match="holds 5 labels for 6 pictures"):
        read_split(file.parent, "train")


def test_an_unknown_split_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no split 'validation'; they have: train, test"):
        read_split(tmp_path, "validation")


def test_what_cannot_be_read_at_all_is_said(tmp_path):
    (tmp_path / "images.gz").mkdir()
    with pytest.raises(
        ValueError, match=r"images\.gz cannot be read \(Is a directory\); remove it"
    ):
        read_idx(tmp_path / "images.gz", 3)
