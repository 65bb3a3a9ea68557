"""What belongs together, and sharing out by it."""

from __future__ import annotations

from io import BytesIO
from pathlib import PurePath

import numpy as np
import pytest
from PIL import Image

from helpers.data.groups import find_groups, read_time, share_out
from helpers.photos import open_photo, to_square_array
from helpers.samples import draw_picture

CLASSES = ("paper", "rock")


def scenes(number: int) -> np.ndarray:
    """Thumbnails that have nothing in common."""
    return np.random.default_rng(0).integers(0, 256, (number, 32, 32, 3), np.uint8)


def grouped(
    names, labels=None, times=None, thumbnails=None, wanted="auto"
) -> tuple[list[list[str]], str]:
    """The groups of more than one picture, by their files, and how they were found."""
    labels = np.zeros(len(names), int) if labels is None else np.asarray(labels)
    times = [np.nan] * len(names) if times is None else times
    thumbnails = scenes(len(names)) if thumbnails is None else thumbnails
    groups, how, _ = find_groups(list(map(PurePath, names)), labels, times, thumbnails, wanted)
    own = [[n for n, g in zip(names, groups, strict=True) if g == one] for one in set(groups)]
    return sorted(group for group in own if len(group) > 1), how


def test_sub_folders_are_groups_across_classes():
    names = ["anna/1.jpg", "anna/2.jpg", "ben/1.jpg", "anna/1.jpg", "ben/1.jpg"]
    groups, how = grouped(names, [0, 0, 0, 1, 1])
    assert how == "by sub-folder"
    assert groups == [["anna/1.jpg", "anna/2.jpg", "anna/1.jpg"], ["ben/1.jpg", "ben/1.jpg"]]


def test_what_belongs_together_may_be_asked_for():
    names = ["anna/x1.jpg", "anna/x2.jpg", "ben/x3.jpg", "ben/y1.jpg"]
    folders, prefixes = [names[:2], names[2:]], [names[:3]]
    assert grouped(names, wanted="folder") == (folders, "by sub-folder")
    assert grouped(names, wanted="prefix") == (prefixes, "by the beginning of the name")
    assert grouped(names, wanted="none") == ([], "")
    copies = scenes(4)
    copies[3] = copies[0]
    assert grouped(names, thumbnails=copies, wanted="none")[0] == [[names[0], names[3]]]


def test_bursts_are_groups():
    times = [0, 1, 3, 100, 101, 500, 900]
    names = [f"{position}.jpg" for position in range(7)]
    assert grouped(names, times=times) == (
        [["0.jpg", "1.jpg", "2.jpg"], ["3.jpg", "4.jpg"]],
        "by burst",
    )
    assert grouped(names, times=range(7)) == ([], ""), "all in one go tells nothing"
    assert grouped(names, [0, 1, 0, 1, 0, 1, 0], [0, 1, 20, 20, 40, 60, 60]) == ([], "")


def test_the_beginning_of_a_name_groups_frames():
    names = [
        f"rock{series:02}-k{series}-{frame:03}.png" for series in range(5) for frame in range(3)
    ]
    groups, how = grouped(names)
    assert groups == [names[3 * series : 3 * series + 3] for series in range(5)]
    assert how == "by the beginning of the name"


def test_goes_with_the_camera_are_groups_however_alike_their_background_is():
    still = np.repeat(scenes(1), 24, axis=0)
    names = [f"take{go:02}-{number:03}.jpg" for number in range(8) for go in (1, 2, 3)]
    labels = np.repeat([0, 1], 12)
    groups, how = grouped(names, labels, thumbnails=still)
    assert how == "by goes with the camera"
    assert len(groups) == 6 and all(len({name[:6] for name in group}) == 1 for group in groups)
    groups, how = grouped([*names[:-1], "another.jpg"], labels, thumbnails=still)
    assert len(groups) == 1 and how == ""  # no album: near-duplicates count
    two = [f"take{go:02}-{number:03}.jpg" for number in range(6) for go in (1, 2)]
    assert grouped(two) == ([], "")  # a go is too much for one part of three


@pytest.mark.parametrize("form", ["IMG_2024{:04}.jpg", "photo ({}).jpg", "cat.{}.jpg", "{}.jpg"])
def test_numbered_names_are_no_groups(form):
    assert grouped([form.format(number) for number in range(9)]) == ([], "")


@pytest.mark.parametrize(
    "name",
    [
        "IMG_20240131_235958",
        "PXL_20240131_235958123.MP",
        "2024-01-31 23.59.58",
        "WhatsApp Image 2024-01-31 at 23.59.58",
        "Screenshot_2024-01-31-23-59-58",
        "2024:01:31 23:59:58",
    ],
)
def test_a_time_is_read_from_a_name_or_from_exif(name):
    assert read_time(name) - read_time("20240131_000000") == 86_398


@pytest.mark.parametrize("name", ["IMG_20240001", "IMG_20241399_000000", "DSC01234", "None", ""])
def test_a_number_is_no_time(name):
    assert np.isnan(read_time(name))


def near(changed: Image.Image, picture: Image.Image, **options) -> bool:
    """Whether a changed picture counts as near-duplicate of its original."""
    both = []
    for one, how in ((picture, {}), (changed, options)):
        one.save(buffer := BytesIO(), "JPEG", **how)
        both.append(to_square_array(open_photo(buffer.getvalue()), 32))
    return bool(grouped(["a.jpg", "b.jpg"], thumbnails=np.stack(both))[0])


def test_copies_are_near_duplicates_and_other_hands_are_not():
    hands = [
        draw_picture("rock_paper_scissors", label, seed) for seed in (1, 2) for label in (0, 1, 2)
    ]
    for hand in hands:
        assert near(hand, hand, quality=30)
        assert near(hand.resize((90, 90)), hand)
        assert near(hand.point(lambda value: int(value * 0.9)), hand)
        assert near(hand.crop((3, 0, 300, 297)), hand)
    assert not any(near(one, other) for one in hands for other in hands if one is not other)


def test_flat_pictures_do_not_divide_by_nothing():
    flat = np.full((3, 32, 32, 3), 200, np.uint8)
    flat[2, :16] = 0
    assert grouped(["a.jpg", "b.jpg", "c.jpg"], thumbnails=flat) == ([["a.jpg", "b.jpg"]], "")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("most", [1, 2, 5])
def test_no_group_is_on_two_sides_and_every_class_is_on_each(seed, most):
    random = np.random.default_rng([seed, most])
    labels = np.repeat([0, 1], [40, 25])
    groups = np.concatenate([np.arange(40) // most, 100 + np.arange(25) // most])
    order = random.permutation(65)
    labels, groups = labels[order], groups[order]
    parts = share_out(labels, groups, (0.6, 0.2, 0.2), seed, CLASSES)
    assert sorted(np.concatenate(parts)) == list(range(65))
    for part, share in zip(parts, (0.6, 0.2, 0.2), strict=True):
        taken = np.bincount(labels[part]) / np.bincount(labels)
        assert np.abs(taken - share).max() < (0.05 if most == 1 else 0.15)
        assert list(part) == sorted(part)
        others = np.setdiff1d(np.arange(65), part)
        assert not set(groups[part]) & set(groups[others])
    again = share_out(labels, groups, (0.6, 0.2, 0.2), seed, CLASSES)
    assert all(map(np.array_equal, parts, again))


def test_groups_across_classes_stay_whole():
    labels, people = np.tile([0, 1], 20), np.repeat(np.arange(10), 4)
    rest, test = share_out(labels, people, (0.8, 0.2), 0, CLASSES)
    assert set(people[rest]).isdisjoint(people[test]) and len(test) == 8


def test_the_smallest_that_can_be_shared_out():
    labels = np.array([0, 0, 1, 1])
    rest, test = share_out(labels, np.array([0, 1, 2, 3]), (0.8, 0.2), 0, CLASSES)
    assert labels[rest].tolist() == labels[test].tolist() == [0, 1]
    labels, groups = np.repeat([0, 1], 4), np.array([0, 0, 0, 1, 2, 2, 2, 3])
    rest, test = share_out(labels, groups, (0.8, 0.2), 0, CLASSES)
    assert len(test) == 2


def test_sub_folders_are_wanted_and_there_are_none():
    with pytest.raises(ValueError, match="No class folder holds sub-folders"):
        grouped(["1.jpg", "2.jpg"] * 4, wanted="folder")


def test_what_cannot_be_shared_out_is_refused_in_a_sentence():
    labels = np.repeat([0, 1], 4)
    with pytest.raises(ValueError, match=r"class 'rock' cannot be divided: all are near-dup"):
        share_out(labels, np.array([0, 1, 2, 3, 4, 4, 4, 4]), (0.8, 0.2), 0, CLASSES)
    crossed = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 2, 0, 2])
    with pytest.raises(ValueError, match=r"groups of paper, rock, x cannot be divided so that"):
        share_out(*crossed, (0.8, 0.2), 0, (*CLASSES, "x"))
    with pytest.raises(ValueError, match=r"'paper' .*: they are of 2 groups, and 3 parts need one"):
        share_out(labels, np.array([0, 0, 1, 1, 2, 3, 4, 5]), (0.6, 0.2, 0.2), 0, CLASSES)
    uneven = np.tile(np.repeat([0, 1, 2], [2, 2, 16]), 2)  # the last part takes the small ones
    with pytest.raises(ValueError, match=r"groups of paper, rock cannot be divided so that"):
        share_out(np.repeat([0, 1], 20), uneven, (0.6, 0.2, 0.2), 0, CLASSES)
    for shares in ((0.5, 0.4), (1.0, 0.0)):
        with pytest.raises(ValueError, match="together they must be 1"):
            share_out(labels, np.arange(8), shares, 0, CLASSES)
