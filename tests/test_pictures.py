"""Listing, decoding, caching, holding out series, batching."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from helpers.pictures import (
    Pictures,
    hold_out_groups,
    list_pictures,
    load_pictures,
    plain_batches,
    training_batches,
)

CLASSES = ("paper", "rock")


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
    pictures = load_pictures(folder, CLASSES, 8, progress=False)
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
    pictures = load_pictures(folder, CLASSES, 8, progress=False)
    odd = pictures.images[[name.startswith("rock/odd") for name in pictures.names]]
    assert odd.shape == (1, 8, 8, 3)
    assert odd.min() >= 250


def test_damaged_files_are_skipped_and_named(folder):
    (folder / "rock" / "bad-000.png").write_bytes(b"no picture")
    whole = (folder / "rock" / "rock00-000.png").read_bytes()
    (folder / "rock" / "cut-000.png").write_bytes(whole[:50])
    (folder / "rock" / "notes.txt").write_text("not even named like one")
    pictures = load_pictures(folder, CLASSES, 8, progress=False)
    assert len(pictures) == 24
    assert pictures.skipped == ("rock/bad-000.png", "rock/cut-000.png")


def test_a_missing_class_folder_is_named(folder):
    with pytest.raises(FileNotFoundError, match="'scissors'"):
        list_pictures(folder, (*CLASSES, "scissors"))


def test_a_class_without_one_good_picture_is_named(tmp_path):
    (tmp_path / "rock").mkdir()
    (tmp_path / "rock" / "bad.png").write_bytes(b"x")
    with pytest.raises(ValueError, match="'rock'"):
        load_pictures(tmp_path, ("rock",), 8, progress=False)


def test_a_limit_takes_from_every_series(folder):
    pictures = load_pictures(folder, CLASSES, 8, limit=3, progress=False)
    assert sorted(set(pictures.groups)) == sorted(f"{n}0{s}" for n in CLASSES for s in range(3))


def test_the_cache_answers_until_a_file_changes(folder, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    first = load_pictures(folder, CLASSES, 8, cache=cache, progress=False)
    monkeypatch.setattr("helpers.pictures._decode", lambda *_: pytest.fail("decoded again"))
    again = load_pictures(folder, CLASSES, 8, cache=cache, progress=False)
    np.testing.assert_array_equal(first.images, again.images)
    assert again.names == first.names and again.classes == first.classes
    monkeypatch.undo()
    Image.new("RGB", (30, 30), (9, 9, 9)).save(folder / "paper" / "paper00-000.png")
    changed = load_pictures(folder, CLASSES, 8, cache=cache, progress=False)
    assert changed.images[0].max() == 9


def test_a_damaged_cache_file_is_made_again(folder, tmp_path):
    cache = tmp_path / "cache"
    first = load_pictures(folder, CLASSES, 8, cache=cache, progress=False)
    (kept,) = cache.iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    again = load_pictures(folder, CLASSES, 8, cache=cache, progress=False)
    np.testing.assert_array_equal(first.images, again.images)


def test_a_full_disk_costs_only_the_cache(folder, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    pictures = load_pictures(folder, CLASSES, 8, cache=tmp_path / "cache", progress=False)
    assert len(pictures) == 24
    assert not list((tmp_path / "cache").iterdir())


def test_held_out_series_share_no_group_with_the_rest(folder):
    pictures = load_pictures(folder, CLASSES, 8, progress=False)
    rest, held_out = hold_out_groups(pictures, seed=1)
    assert len(rest) == 16 and held_out.count() == {"paper": 4, "rock": 4}
    assert not set(rest.groups) & set(held_out.groups)
    other = hold_out_groups(pictures, seed=2)[1]
    assert set(other.groups) != set(held_out.groups)


def test_holding_out_needs_two_series(folder):
    pictures = load_pictures(folder, CLASSES, 8, progress=False)
    with pytest.raises(ValueError, match="1 series"):
        hold_out_groups(pictures.select(np.char.endswith(pictures.groups, "00")))


def test_a_series_with_a_dash_in_its_name():
    names = ("rock/rock07-k03-070.png", "cats/cat.7.jpg")
    pictures = Pictures(np.zeros((2, 1, 1, 3), np.uint8), np.zeros(2, np.int32), names, CLASSES)
    assert pictures.groups.tolist() == ["rock07-k03", "cat.7"]


def test_an_epoch_of_batches_shows_every_picture_once(folder):
    pictures = load_pictures(folder, CLASSES, 8, progress=False)
    batches = list(training_batches(pictures, 6, seed=0).take(8))
    seen = np.concatenate([images[:, 0, 0] for images, _ in batches[:4]])
    assert len(np.unique(seen, axis=0)) == 24
    first, second = (np.concatenate([y for _, y in batches[i : i + 4]]) for i in (0, 4))
    assert not np.array_equal(first, second), "every epoch has an order of its own"


def test_batches_repeat_with_the_seed_and_are_augmented_afresh(folder):
    pictures = load_pictures(folder, CLASSES, 8, progress=False)

    def noise(images, seed):
        return images + tf.random.stateless_uniform([tf.shape(images)[0], 1, 1, 1], seed)

    def first_two(seed):
        return [images.numpy() for images, _ in training_batches(pictures, 24, seed, noise).take(2)]

    one, two = first_two(3)
    np.testing.assert_array_equal(one, first_two(3)[0])
    assert not np.allclose(np.sort(one.ravel() % 1), np.sort(two.ravel() % 1))


def test_plain_batches_keep_order_and_values(folder):
    pictures = load_pictures(folder, CLASSES, 8, progress=False)
    images = np.concatenate([batch for batch, _ in plain_batches(pictures, 5)])
    np.testing.assert_array_equal(images, pictures.images)
    assert images.dtype == np.float32
