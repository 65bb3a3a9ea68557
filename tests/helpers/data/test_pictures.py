"""Listing, decoding, caching, holding out, batching, resizing batch by batch."""

import gzip
import json
import os
import pickle
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import tensorflow as tf
from bombs import bomb
from PIL import Image, features

from helpers import photos
from helpers.data import pictures as pictures_module
from helpers.data.catalog import dataset
from helpers.data.download import Located
from helpers.data.pictures import (
    Pictures,
    hold_out,
    hold_out_groups,
    list_pictures,
    load_listed,
    load_split,
    plain_batches,
    training_batches,
)
from helpers.messages import NotAvailable, OneSentence
from helpers.samples import draw_samples

CLASSES = ("paper", "rock")
GARMENTS = dataset("fashion_mnist")


def load_pictures(folder, classes, size, limit=0, cache=None) -> Pictures:
    listing = list_pictures(folder, classes, limit)
    return load_listed(listing, tuple(classes), size, folder.name, cache)


@pytest.fixture
def folder(tmp_path):
    """Two classes of three series with four frames each; every class has its own colour."""
    for label, name in enumerate(CLASSES):
        (tmp_path / "split" / name).mkdir(parents=True)
        for series in range(3):
            for frame in range(4):
                picture = Image.new("RGB", (20, 20), (200 * label, 10 * series, 5 * frame))
                picture.save(tmp_path / "split" / name / f"{name}{series:02}-{frame:03}.png")
    return tmp_path / "split"


def test_pictures_are_decoded_in_order_and_labelled(folder):
    pictures = load_pictures(folder, CLASSES, 8)
    assert pictures.images.shape == (24, 8, 8, 3) and pictures.images.dtype == np.uint8
    assert pictures.count() == {"paper": 12, "rock": 12}
    assert pictures.names[0] == "paper/paper00-000.png"
    np.testing.assert_array_equal(pictures.images[:, 0, 0, 0], 200 * pictures.labels)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "LA"])
def test_every_mode_becomes_rgb(folder, mode):
    suffix = "jpg" if mode == "CMYK" else "png"
    Image.new("RGB", (20, 20), (255, 255, 255)).convert(mode).save(
        folder / "rock" / f"odd-000.{suffix}"
    )
    pictures = load_pictures(folder, CLASSES, 8)
    odd = pictures.images[[name.startswith("rock/odd") for name in pictures.names]]
    assert odd.shape == (1, 8, 8, 3)
    assert odd.min() >= 250


# One way to open a picture: what a network learns from and what it is asked look alike


def every_kind() -> Iterator[tuple[str, Image.Image, str, dict]]:
    """Every kind of file that Pillow writes: its name, picture, format and options."""
    random = np.random.default_rng(0)
    colour = Image.fromarray(random.integers(0, 256, (20, 26, 3), dtype=np.uint8))
    grey, soft = (
        colour.convert("L"),
        Image.fromarray(np.tile(np.arange(26, dtype=np.uint8) * 9, (20, 1))),
    )
    clear = colour.copy()
    clear.putalpha(soft)
    paletted = colour.convert("P", palette=Image.Palette.ADAPTIVE)
    deep = Image.fromarray(np.full((20, 26), 20_000, np.uint16))
    shown = {"1": grey.convert("1"), "L": grey, "LA": clear.convert("LA"), "P": paletted}
    shown |= {"RGB": colour, "RGBA": clear, "I;16": deep}
    for mode, picture in shown.items():
        yield f"{mode}.png", picture, "PNG", {}
    yield "P-clear.png", paletted, "PNG", {"transparency": 3}
    yield "P-clear-bytes.png", paletted, "PNG", {"transparency": bytes(range(0, 250, 10))}
    yield "L-clear.png", grey, "PNG", {"transparency": 7}
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        for mode in ("L", "RGB", "CMYK"):
            yield f"{mode}-{orientation}.jpg", colour.convert(mode), "JPEG", {"exif": exif}
        yield f"turned-{orientation}.png", colour, "PNG", {"exif": exif}
        yield f"turned-{orientation}.tif", colour, "TIFF", {"exif": exif}
        yield f"turned-{orientation}.webp", colour, "WEBP", {"exif": exif, "lossless": True}
    yield "phone.jfif", colour, "JPEG", {}
    yield "phone.JPE", colour, "JPEG", {}
    yield "plain.gif", paletted, "GIF", {}
    yield "clear.gif", paletted, "GIF", {"transparency": 3}
    yield "moving.gif", paletted, "GIF", {"save_all": True, "append_images": [paletted.rotate(90)]}
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield f"{mode}.bmp", shown[mode], "BMP", {}
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield f"{mode}.tiff", shown[mode], "TIFF", {}
    for name, top in (("unit", 1), ("byte", 255), ("deep", 60_000)):
        values = np.linspace(0, top, 520, dtype=np.float32).reshape(20, 26)
        yield f"float-{name}.tif", Image.fromarray(values), "TIFF", {}
    yield "whole.tif", Image.fromarray(np.full((20, 26), 20_000, np.int32)), "TIFF", {}
    yield "CMYK.tif", colour.convert("CMYK"), "TIFF", {}
    yield "LZW.tif", colour, "TIFF", {"compression": "tiff_lzw"}
    yield "lossy.webp", colour, "WEBP", {}
    yield "lossless.webp", colour, "WEBP", {"lossless": True}
    yield "clear.webp", clear, "WEBP", {"lossless": True}
    for mode, suffix in (
        ("1", "pbm"),
        ("L", "pgm"),
        ("I;16", "pgm"),
        ("RGB", "ppm"),
        ("RGB", "pnm"),
    ):
        yield f"{mode.replace(';', '')}.{suffix}", shown[mode], "PPM", {}
    for mode in ("L", "LA", "P", "RGB", "RGBA"):
        yield f"{mode}.tga", shown[mode], "TGA", {}
    yield "clear.ico", clear.resize((32, 32)), "ICO", {}
    if features.check("jpg_2000"):
        for mode in ("L", "LA", "RGB", "RGBA", "I;16"):
            yield f"{mode}.jp2", shown[mode], "JPEG2000", {}
    if features.check("avif"):
        yield "plain.avif", colour, "AVIF", {}
        yield "clear.avif", clear, "AVIF", {}


KINDS = list(every_kind())


@pytest.mark.parametrize(("name", "picture", "kind", "options"), KINDS, ids=[k[0] for k in KINDS])
def test_a_class_folder_and_a_photo_are_seen_alike(tmp_path, name, picture, kind, options):
    (tmp_path / "hand").mkdir()
    picture.save(tmp_path / "hand" / name, kind, **options)
    trained = load_pictures(tmp_path, ("hand",), 16)
    photo = photos.open_photo((tmp_path / "hand" / name).read_bytes())
    asked = photos.to_square_array(photo, 16)
    assert trained.names == (f"hand/{name}",)
    np.testing.assert_array_equal(trained.images[0], asked)


def test_ordinary_pictures_are_decoded_as_ever(tmp_path):
    """Colour JPEG and PNG without transparency: Pillow's own pixels, resized once."""
    (tmp_path / "hand").mkdir()
    square = Image.fromarray(np.random.default_rng(1).integers(0, 256, (30, 30, 3), np.uint8))
    for name in ("a.jpg", "b.png"):
        square.save(tmp_path / "hand" / name)
    seen = load_pictures(tmp_path, ("hand",), 16).images
    for pixels, name in zip(seen, ("a.jpg", "b.png"), strict=True):
        with Image.open(tmp_path / "hand" / name) as image:
            expected = image.resize((16, 16), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(pixels, np.asarray(expected))


# What lies among the pictures and is none


def put_odd_one(place: Path, kind: str) -> None:
    """Put something that is no good picture under the name of one."""
    jpeg = BytesIO()
    Image.effect_noise((64, 64), 90).convert("RGB").save(jpeg, "JPEG")
    if kind == "link":
        place.symlink_to(place.with_name("gone.png"))
    elif kind == "loop":
        place.symlink_to(place)
    elif kind == "device":
        place.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "socket":
        here = Path.cwd()
        os.chdir(place.parent)  # a socket's path is short
        try:
            socket.socket(socket.AF_UNIX).bind(place.name)
        finally:
            os.chdir(here)
    elif kind == "folder":
        place.mkdir()
    else:
        content = {"empty": b"", "page": b"<!DOCTYPE html><html><body>404</body></html>"}
        content |= {"cut": jpeg.getvalue()[:900], "bomb": bomb(40_000), "heavy": bomb(11_000)}
        content |= {"heic": b"\0\0\0\x18ftypheic" + bytes(40), "text": b"no picture"}
        place.write_bytes(content[kind])


ODD_ONES = {
    "link": "is not a file",
    "loop": "is not a file",
    "device": "is not a file",
    "pipe": "is not a file",
    "socket": "is not a file",
    "folder": "is a folder",
    "empty": "is empty",
    "page": "is not a picture that can be read",
    "text": "is not a picture that can be read",
    "cut": "is damaged, cut short or of a rare kind",
    "bomb": "has more than 120 million pixels",
    "heavy": "has more than 120 million pixels",
    "heic": "is a HEIC picture",
}


@pytest.mark.parametrize("suffix", ["png", "jpg", "heic"])
@pytest.mark.parametrize("kind", ODD_ONES)
def test_what_is_no_good_picture_is_skipped_with_its_reason(folder, tmp_path, kind, suffix):
    put_odd_one(folder / "rock" / f"odd-000.{suffix}", kind)
    for _ in range(2):  # the second time out of the cache
        pictures = load_pictures(folder, CLASSES, 8, cache=tmp_path / "cache")
        assert len(pictures) == 24
        assert pictures.skipped == {f"rock/odd-000.{suffix}": ODD_ONES[kind]}


def test_a_file_that_may_not_be_read_is_skipped(folder, monkeypatch):
    """Tests may run as root, who may read everything."""
    opens = Path.open

    def may_not(path, *given, **options):
        if path.name == "rock00-000.png":
            raise PermissionError(13, "Permission denied")
        return opens(path, *given, **options)

    monkeypatch.setattr(Path, "open", may_not)
    pictures = load_pictures(folder, CLASSES, 8)
    assert pictures.skipped == {"rock/rock00-000.png": "cannot be opened (Permission denied)"}


def test_a_name_that_is_no_text_is_taken_and_can_be_printed(folder, tmp_path):
    name = os.fsdecode(b"caf\xe9-000.png")
    Image.new("RGB", (20, 20)).save(folder / "rock" / name)
    for _ in range(2):
        pictures = load_pictures(folder, CLASSES, 8, cache=tmp_path / "cache")
        assert len(pictures) == 25
        (shown,) = (name for name in pictures.names if "caf" in name)
        assert shown.encode() == b"rock/caf\\udce9-000.png"


def test_a_class_folder_that_may_not_be_listed_is_named(folder, monkeypatch):
    def may_not(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", may_not)
    with pytest.raises(FileNotFoundError, match=r"'paper' in 'split' .*Permission denied"):
        list_pictures(folder, CLASSES)


def test_damaged_files_are_skipped_and_named(folder):
    (folder / "rock" / "bad-000.png").write_bytes(b"no picture")
    whole = (folder / "rock" / "rock00-000.png").read_bytes()
    (folder / "rock" / "cut-000.png").write_bytes(whole[:50])
    (folder / "rock" / "notes.txt").write_text("not even named like one")
    pictures = load_pictures(folder, CLASSES, 8)
    assert len(pictures) == 24
    assert tuple(pictures.skipped) == ("rock/bad-000.png", "rock/cut-000.png")


def test_a_missing_class_folder_is_named(folder):
    with pytest.raises(NotAvailable, match="'scissors'"):
        list_pictures(folder, (*CLASSES, "scissors"))


def test_a_class_without_one_good_picture_is_named(tmp_path):
    (tmp_path / "rock").mkdir()
    (tmp_path / "rock" / "bad.png").write_bytes(b"x")
    with pytest.raises(ValueError, match="'rock'"):
        load_pictures(tmp_path, ("rock",), 8)


def test_too_many_pictures_for_the_memory_are_refused_before_any_is_decoded(folder, monkeypatch):
    memory = SimpleNamespace(total=2 * 24 * 8 * 8 * 3)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert len(load_pictures(folder, CLASSES, 8)) == 24
    monkeypatch.setattr(pictures_module, "open_in_thread", lambda *_: pytest.fail("decoded"))
    message = r"24 pictures of 9x9 pixels take 0\.0 GB, .* \(LIMIT or PHOTOS.* \(IMAGE_SIZE\)\.$"
    with pytest.raises(OneSentence, match=message):
        load_pictures(folder, CLASSES, 9)


def test_a_limit_takes_from_every_series(folder):
    pictures = load_pictures(folder, CLASSES, 8, limit=3)
    assert sorted(set(pictures.groups)) == sorted(f"{n}0{s}" for n in CLASSES for s in range(3))


def test_the_cache_answers_until_a_file_changes(folder, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    first = load_pictures(folder, CLASSES, 8, cache=cache)
    monkeypatch.setattr("helpers.data.pictures._decode", lambda *_: pytest.fail("decoded again"))
    again = load_pictures(folder, CLASSES, 8, cache=cache)
    np.testing.assert_array_equal(first.images, again.images)
    assert again.names == first.names and again.classes == first.classes
    monkeypatch.undo()
    Image.new("RGB", (30, 30), (9, 9, 9)).save(folder / "paper" / "paper00-000.png")
    changed = load_pictures(folder, CLASSES, 8, cache=cache)
    assert changed.images[0].max() == 9


@pytest.mark.parametrize("fault", ["permission", "memory"])
def test_a_picture_that_could_not_be_opened_is_tried_again(folder, tmp_path, monkeypatch, fault):
    closed, opened, upright = folder / "paper" / "paper00-000.png", Path.open, photos._upright_rgb

    def refuse(path, *given):
        if path == closed and fault == "permission":
            raise PermissionError(13, "Permission denied")
        return opened(path, *given)

    def burst(image):
        if image.fp.name == str(closed) and fault == "memory":
            raise MemoryError
        return upright(image)

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(photos, "_upright_rgb", burst)
    first = load_pictures(folder, CLASSES, 8, cache=tmp_path / "cache")
    assert "cannot be opened" in first.skipped["paper/paper00-000.png"]
    monkeypatch.undo()
    again = load_pictures(folder, CLASSES, 8, cache=tmp_path / "cache")
    assert not again.skipped and len(again) == len(first) + 1


def rewrite(**changes):
    """Return what gives a cache file other content, as a well-formed file of its kind."""

    def write(path):
        with np.load(path) as kept:
            content = {name: kept[name] for name in kept.files}
        with path.open("wb") as file:
            np.savez(file, **{**content, **{key: make(content) for key, make in changes.items()}})

    return write


def replace_by_a_folder(path):
    path.unlink()
    path.mkdir()


def replace_by_an_array(path):
    with path.open("wb") as file:
        np.save(file, np.zeros((24, 8, 8, 3), np.uint8))


def replace_by_a_pickle(path):
    path.write_bytes(pickle.dumps({"images": 1}))


def replace_by_a_link(path):
    path.unlink()
    path.symlink_to("nowhere")


DAMAGES = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "empty": lambda path: path.write_bytes(b""),
    "a folder": replace_by_a_folder,
    "an array": replace_by_an_array,
    "a pickle": replace_by_a_pickle,
    "a dangling link": replace_by_a_link,
    "pickled names": rewrite(names=lambda kept: np.array(json.loads(str(kept["names"])), object)),
    "a shape": rewrite(images=lambda kept: kept["images"].reshape(24, 8, 24, 1)),
    "a kind": rewrite(images=lambda kept: kept["images"].view(np.int8)),
    "an order": rewrite(images=lambda kept: np.asfortranarray(kept["images"][::-1])),
    "fewer pictures": rewrite(images=lambda kept: kept["images"][:-1]),
    "labels out of range": rewrite(labels=lambda kept: kept["labels"] + 7),
    "labels of another shape": rewrite(labels=lambda kept: kept["labels"][:, None]),
    "other names": rewrite(names=lambda kept: json.dumps(["a"] * 24)),
    "names that are none": rewrite(names=lambda kept: json.dumps(3)),
    "deep names": rewrite(names=lambda kept: "[" * 100_000),
    "no text": rewrite(skipped=lambda kept: np.array([1, 2])),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_file_is_made_again_with_one_line(damage, folder, tmp_path, capsys):
    cache = tmp_path / "cache"
    first = load_pictures(folder, CLASSES, 8, cache=cache)
    (kept,) = cache.iterdir()
    DAMAGES[damage](kept)
    capsys.readouterr()
    again = load_pictures(folder, CLASSES, 8, cache=cache)
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert first.names == again.names and first.skipped == again.skipped
    assert capsys.readouterr().out == (
        f"The kept pictures {kept.name} are damaged or an older version's: decoding anew.\n"
    )
    load_pictures(folder, CLASSES, 8, cache=cache)
    assert (capsys.readouterr().out == "") == kept.is_file(), "the file is mended, a folder is left"


def test_another_caches_file_is_not_trusted(folder, tmp_path):
    cache = tmp_path / "cache"
    load_pictures(folder, CLASSES, 8, cache=cache)
    (kept,) = cache.iterdir()
    kept.rename(cache / "other")
    first = load_pictures(folder, CLASSES[::-1], 8, cache=cache)
    (own,) = (path for path in cache.iterdir() if path.name != "other")
    (cache / "other").rename(own)
    again = load_pictures(folder, CLASSES[::-1], 8, cache=cache)
    assert first.names == again.names


def test_no_changed_byte_of_a_cache_file_is_trusted(tmp_path, capsys):
    colours = np.arange(3 * 2 * 2 * 3, dtype=np.uint8).reshape(3, 2, 2, 3)
    small = Pictures(
        colours, np.arange(3, dtype=np.int32), ("p/a", "r/b", "s/c"), CLASSES, {"p/d": "damaged"}
    )
    small = replace(small, facts=np.full((3, 3), np.nan))
    path = tmp_path / "small.npz"
    pictures_module._write_cache(path, small)
    whole = path.read_bytes()
    read = pictures_module._read_cache(path)
    np.testing.assert_array_equal(read["images"], small.images)
    # Every third byte, to save time: with all eight bits of all bytes, none was trusted either.
    for place in range(0, len(whole), 3):
        changed = bytes([whole[place] ^ 1 << place % 8])
        for content in (whole[:place] + changed + whole[place + 1 :], whole[:place])[
            : 1 + (place % 60 == 0)
        ]:
            path.write_bytes(content)
            read = pictures_module._read_cache(path)
            if read is not None:  # a date in the zip file's headers, for example
                np.testing.assert_array_equal(read["images"], small.images)
                np.testing.assert_array_equal(read["labels"], small.labels)
                assert (read["names"], read["skipped"]) == (small.names, small.skipped)
                assert read["images"].dtype == np.uint8 and read["labels"].dtype == np.int32


def test_a_cache_that_cannot_be_written_costs_only_the_cache(folder, tmp_path):
    (tmp_path / "file").touch()
    pictures = load_pictures(folder, CLASSES, 8, cache=tmp_path / "file")
    assert len(pictures) == 24


def test_a_file_on_which_a_reader_fails_in_its_own_way_is_skipped(folder, monkeypatch):
    """A damaged TIFF makes Pillow raise a TypeError."""

    def fail(image):
        raise TypeError("an integer is required")

    calls = iter([fail] + [photos._upright_rgb] * 23)
    monkeypatch.setattr(photos, "_upright_rgb", lambda *given: next(calls)(*given))
    assert len(load_pictures(folder, CLASSES, 8).skipped) == 1


def test_a_full_disk_costs_only_the_cache(folder, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    pictures = load_pictures(folder, CLASSES, 8, cache=tmp_path / "cache")
    assert len(pictures) == 24
    assert not list((tmp_path / "cache").iterdir())


@pytest.fixture
def idx_files(tmp_path):
    """Fashion-MNIST's four files with 5 pictures a class, class 0 to 9 in turn; pixels tell both.

    In training picture n every pixel is 4 x n, in test picture n it is 255 - n.
    """
    labels = np.arange(50, dtype=np.uint8) % 10
    for prefix, pixels in (("train", 4 * np.arange(50)), ("t10k", 255 - np.arange(50))):
        images = np.broadcast_to(pixels[:, None, None], (50, 28, 28)).astype(np.uint8)
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            packed = gzip.compress(head + array.tobytes(), compresslevel=1)
            (tmp_path / f"{prefix}-{name}-ubyte.gz").write_bytes(packed)
    return Located(GARMENTS, tmp_path, "full", "mirror", "")


def test_idx_files_become_pictures_class_by_class(idx_files):
    training, test = (load_split(idx_files, split, 28) for split in ("train", "test"))
    assert training.images.shape == (50, 28, 28, 3) and training.images.dtype == np.uint8
    assert training.labels.tolist() == sorted(list(range(10)) * 5)
    assert training.labels.dtype == np.int32
    positions = np.array([int(name.rpartition("/")[2]) for name in training.names])
    assert training.names[:2] == ("T-shirt_top/00000", "T-shirt_top/00010")
    expected = np.broadcast_to(4 * positions[:, None, None, None], training.images.shape)
    np.testing.assert_array_equal(training.images, expected)
    np.testing.assert_array_equal(test.images[:, 0, 0, 0], 255 - positions)
    assert set(training.count().values()) == {5}
    assert len(set(training.groups)) == 50, "every garment is a series of its own"


def test_idx_files_can_be_limited_and_resized(idx_files):
    pictures = load_split(idx_files, "train", 40, limit=2)
    assert pictures.images.shape == (20, 40, 40, 3)
    assert pictures.names[:3] == ("T-shirt_top/00010", "T-shirt_top/00030", "Trouser/00011")
    again = load_split(idx_files, "train", 40, limit=2)
    assert again.names == pictures.names


def test_an_unknown_split_is_refused(idx_files):
    with pytest.raises(ValueError, match="no split 'validation'; it has: train, test"):
        load_split(idx_files, "validation", 28)


def test_drawn_garments_have_the_classes_of_the_real_ones(idx_files, tmp_path):
    folder = draw_samples("fashion_mnist", tmp_path / "drawn")
    drawn = Located(GARMENTS, folder, "samples", "drawn", "they were asked for")
    samples, real = (load_split(drawn, "train", 28), load_split(idx_files, "test", 28))
    assert samples.classes == real.classes == GARMENTS.classes
    assert samples.images.shape[1:] == real.images.shape[1:]
    assert set(samples.count().values()) == {120}
    for pictures in (samples, real):
        folders = [name.partition("/")[0] for name in pictures.names]
        assert folders == [GARMENTS.class_folders[label] for label in pictures.labels]


def test_a_split_of_class_folders_is_loaded_through_the_cache(tmp_path):
    hands = dataset("rock_paper_scissors")
    for name in hands.classes:
        (tmp_path / "rps-test-set" / name).mkdir(parents=True)
        Image.new("RGB", (9, 9)).save(tmp_path / "rps-test-set" / name / "testhand-00.png")
    located = Located(hands, tmp_path, "full", "mirror", "")
    loaded = load_split(located, "test", 8, cache=tmp_path / "cache")
    plain = load_pictures(tmp_path / "rps-test-set", hands.classes, 8)
    np.testing.assert_array_equal(loaded.images, plain.images)
    assert loaded.names == plain.names and loaded.classes == plain.classes
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_the_same_share_of_every_class_is_held_out_at_random():
    labels = np.repeat([0, 1], [40, 20]).astype(np.int32)
    images = np.arange(60, dtype=np.uint8)[:, None, None, None]
    names = tuple(f"{CLASSES[label]}/{number:05}" for number, label in enumerate(labels))
    pictures = Pictures(images, labels, names, CLASSES)
    rest, held_out = hold_out(pictures, 0.25, seed=1)
    assert held_out.count() == {"paper": 10, "rock": 5}
    assert sorted((*rest.names, *held_out.names)) == list(names)
    for part in (rest, held_out):
        assert part.names == tuple(names[one] for one in part.images.ravel())
        assert list(part.names) == sorted(part.names)
    assert hold_out(pictures, 0.25, seed=1)[1].names == held_out.names
    assert hold_out(pictures, 0.25, seed=2)[1].names != held_out.names


def test_a_share_that_leaves_one_side_empty_is_refused(folder):
    pictures = load_pictures(folder, CLASSES, 8)
    for share in (0, 1, -0.1, 25, float("nan")):
        with pytest.raises(ValueError, match="must lie between 0 and 1"):
            hold_out(pictures, share)
    for share in (0.01, 0.99):
        with pytest.raises(OneSentence, match="12 pictures of the class 'paper'"):
            hold_out(pictures, share)


def test_held_out_series_share_no_group_with_the_rest(folder):
    pictures = load_pictures(folder, CLASSES, 8)
    rest, held_out = hold_out_groups(pictures, seed=1)
    assert len(rest) == 16 and held_out.count() == {"paper": 4, "rock": 4}
    assert not set(rest.groups) & set(held_out.groups)
    other = hold_out_groups(pictures, seed=2)[1]
    assert set(other.groups) != set(held_out.groups)


def test_holding_out_needs_two_series(folder):
    pictures = load_pictures(folder, CLASSES, 8)
    with pytest.raises(OneSentence, match="1 series"):
        hold_out_groups(pictures.select(np.char.endswith(pictures.groups, "00")))


def test_pictures_that_are_no_files_join_and_are_chosen_from():
    files = Pictures(
        np.zeros((2, 4, 4, 3), np.uint8),
        np.array([0, 1], np.int32),
        ("paper/a-1.png", "rock/b-1.png"),
        CLASSES,
        facts=np.ones((2, 3)),
    )
    more = np.full((3, 4, 4, 3), 9, np.uint8)
    joined = files.with_more(more, np.array([0, 1, 2], np.int32), "drawn")
    chosen = joined.select(np.array([1, 4]))
    assert chosen.names == ("rock/b-1.png", "drawn/2")
    assert chosen.labels.tolist() == [1, 2] and chosen.images[:, 0, 0, 0].tolist() == [0, 9]
    assert len(set(joined.groups)) == 5


def test_a_series_with_a_dash_in_its_name():
    names = ("rock/rock07-k03-070.png", "cats/cat.7.jpg", "Bag/0001.png", "Coat/0001.png")
    pictures = Pictures(np.zeros((4, 1, 1, 3), np.uint8), np.zeros(4, np.int32), names, CLASSES)
    assert pictures.groups.tolist() == ["rock07-k03", *names[1:]]  # a number is no series


def test_an_epoch_of_batches_shows_every_picture_once(folder):
    pictures = load_pictures(folder, CLASSES, 8)
    batches = list(training_batches(pictures, 6, seed=0).take(8))
    seen = np.concatenate([images[:, 0, 0] for images, _ in batches[:4]])
    assert len(np.unique(seen, axis=0)) == 24
    first, second = (np.concatenate([y for _, y in batches[i : i + 4]]) for i in (0, 4))
    assert not np.array_equal(first, second), "every epoch has an order of its own"


def test_batches_repeat_with_the_seed_and_are_augmented_afresh(folder):
    pictures = load_pictures(folder, CLASSES, 8)

    def noise(images, seed):
        return images + tf.random.stateless_uniform([tf.shape(images)[0], 1, 1, 1], seed)

    def first_two(seed):
        return [images.numpy() for images, _ in training_batches(pictures, 24, seed, noise).take(2)]

    one, two = first_two(3)
    np.testing.assert_array_equal(one, first_two(3)[0])
    assert not np.allclose(np.sort(one.ravel() % 1), np.sort(two.ravel() % 1))


def test_plain_batches_keep_order_and_values(folder):
    pictures = load_pictures(folder, CLASSES, 8)
    images = np.concatenate([batch for batch, _ in plain_batches(pictures, 5)])
    np.testing.assert_array_equal(images, pictures.images)
    assert images.dtype == np.float32


def noisy_pictures(number, size=28):
    images = np.random.default_rng(0).integers(0, 256, (number, size, size, 3), np.uint8)
    labels = np.arange(number, dtype=np.int32)
    return Pictures(images, labels, tuple(map(str, labels)), tuple(map(str, labels)))


def test_batches_are_resized_and_stored_pictures_are_not():
    pictures = noisy_pictures(10)
    plain, training = plain_batches(pictures, 4, 150), training_batches(pictures, 4, 0, size=150)
    for batches in (plain, training):
        assert batches.element_spec[0].shape[1:] == (150, 150, 3)
        assert batches.element_spec[0].dtype == tf.float32
    expected = tf.image.resize(pictures.images, [150, 150]).numpy()
    for batches in (plain, training.take(5)):
        for images, labels in batches:
            np.testing.assert_allclose(images, expected[labels], atol=1e-3)
    assert pictures.images.shape == (10, 28, 28, 3) and pictures.images.dtype == np.uint8


def test_batches_are_resized_before_they_are_augmented():
    seen = []

    def look(images, seed):
        seen.append(tuple(images.shape[1:]))
        return images

    next(iter(training_batches(noisy_pictures(4), 2, 0, look, size=40)))
    assert seen == [(40, 40, 3)]


def test_an_iteration_that_was_broken_off_does_not_decide_the_order_of_the_next():
    pictures = Pictures(
        np.zeros((9, 8, 8, 3), np.uint8), np.arange(9, dtype=np.int32), ("a",) * 9, ("a",) * 9
    )

    def order(batches):
        return [labels.numpy().tolist() for _, labels in batches.take(9)]

    expected = order(training_batches(pictures, 2, 0))
    for seconds in (0, 0.05, 0.2):  # in which it runs ahead, into its second pass
        batches = training_batches(pictures, 2, 0)
        broken_off = iter(batches)
        next(broken_off)
        time.sleep(seconds)
        del broken_off
        assert order(batches) == expected


def test_resizing_keeps_the_memory_of_the_small_pictures():
    next(
        iter(training_batches(noisy_pictures(10), 10, 0, size=150))
    )  # what TensorFlow itself takes
    before = psutil.Process().memory_info().rss
    pictures = noisy_pictures(10_000)
    kept = [
        iter(training_batches(pictures, 2, 0, size=150)),
        iter(plain_batches(pictures, 2, size=150)),
    ]
    for batches in kept:
        next(batches)
    grown = psutil.Process().memory_info().rss - before
    as_one_array = 10_000 * 150 * 150 * 3  # bytes, even as uint8
    assert grown < as_one_array / 2


def test_batches_make_no_second_copy_of_all_pictures():
    next(iter(training_batches(noisy_pictures(10), 10, 0)))  # what TensorFlow itself takes
    images = np.ones((40_000, 40, 40, 3), np.uint8)
    pictures = Pictures(images, np.zeros(40_000, np.int32), ("a",) * 40_000, ("a",))
    before = psutil.Process().memory_info().rss
    kept = [iter(training_batches(pictures, 2, 0)), iter(plain_batches(pictures, 2))]
    for batches in kept:
        next(batches)
    assert psutil.Process().memory_info().rss - before < images.nbytes / 2


def test_a_resized_line_does_not_break_up():
    images = np.zeros((1, 60, 60, 3), np.uint8)
    images[:, :, 30] = 255
    pictures = Pictures(images, np.zeros(1, np.int32), ("a",), ("a",))
    ((small, _),) = plain_batches(pictures, size=12)
    pillow = Image.fromarray(images[0]).resize((12, 12), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(small[0], np.asarray(pillow), atol=1)
