"""The drawn sample pictures: they can be learnt from, and their folder is whole or not there."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import RidgeClassifier

from helpers import samples
from helpers.data.catalog import dataset
from helpers.samples import draw_picture, draw_samples
from helpers.samples.hands import draw_hand, draw_person
from helpers.samples.surfaces import Surface

NAMES = ("rock_paper_scissors", "cats_and_dogs", "fashion_mnist")
FORMS = {
    "rock_paper_scissors": ("RGB", (300, 300), "PNG"),
    "cats_and_dogs": ("RGB", (256, 256), "JPEG"),
    "fashion_mnist": ("L", (28, 28), "PNG"),
}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw tiny pictures, for tests of what happens around the drawing."""

    def tiny(*inputs) -> Image.Image:
        generator = next(one for one in inputs if isinstance(one, np.random.Generator))
        return Image.fromarray(generator.integers(0, 256, (4, 4, 3), np.uint8))

    for name in ("draw_hand", "draw_cat", "draw_dog", "draw_garment"):
        monkeypatch.setattr(samples, name, tiny)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


# What is drawn


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("name", "counts", "some"),
    [
        (
            "rock_paper_scissors",
            {"rps": (3, 84), "rps-test-set": (3, 24)},
            ["rps/rock/rock01-000.png", "rps-test-set/scissors/testscissors04-05.png"],
        ),
        (
            "cats_and_dogs",
            {"train": (2, 120), "validation": (2, 60), "test": (2, 60)},
            ["train/cats/cat.0.jpg", "validation/dogs/dog.120.jpg", "test/cats/cat.239.jpg"],
        ),
        (
            "fashion_mnist",
            {"train": (10, 120), "test": (10, 30)},
            ["train/T-shirt_top/0000.png", "test/Ankle_boot/0029.png"],
        ),
    ],
)
def test_the_folders_are_those_of_the_real_set(tmp_path, name, counts, some):
    folder = draw_samples(name, tmp_path / "deep" / name)
    found = {
        split.name: [len(list(one.iterdir())) for one in split.iterdir()]
        for split in folder.iterdir()
        if split.is_dir()
    }
    assert found == {split: [each] * classes for split, (classes, each) in counts.items()}
    assert all((folder / file).is_file() for file in some)
    assert "not the real data set" in (folder / samples.NOTE).read_text()


def test_gestures_and_their_order_are_those_of_the_catalog():
    assert dataset("rock_paper_scissors").class_folders == samples.GESTURES


@pytest.mark.parametrize("name", NAMES)
def test_pictures_have_the_form_of_the_real_ones(tmp_path, name):
    plans = {file.parts[1]: (file, draw) for file, draw in samples._PLANS[name]()}
    assert len(plans) == len(dataset(name).class_folders)
    for file, draw in plans.values():
        target = tmp_path / file.name
        draw().save(target)
        with Image.open(target) as image:
            assert (image.mode, image.size, image.format) == FORMS[name]
            assert np.ptp(np.asarray(image)) > 100  # neither blank nor all but blank


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_the_same_whatever_else_is_drawn(name):
    def at(places: list[int]) -> list[bytes]:
        plans = [draw for _, draw in samples._PLANS[name]()]
        drawn = {place: plans[place]().tobytes() for place in places}
        return [drawn[place] for place in sorted(places)]

    places = [0, 1, 200, 290]
    first = at(places)
    assert len(set(first)) == len(places)
    assert at(places[::-1]) == first
    assert at([200]) == first[2:3]


@pytest.mark.usefixtures("quick")
def test_the_whole_set_comes_out_the_same_byte_for_byte(tmp_path):
    first = draw_samples("fashion_mnist", tmp_path / "first")
    second = draw_samples("fashion_mnist", tmp_path / "second")
    assert contents(first) == contents(second)


@pytest.mark.parametrize("name", NAMES)
def test_one_picture_can_be_drawn_alone(name):
    for label in range(len(dataset(name).class_folders)):
        image = draw_picture(name, label, seed=5)
        assert (image.mode, image.size) == FORMS[name][:2]
        assert image.tobytes() == draw_picture(name, label, seed=5).tobytes()
        assert image.tobytes() != draw_picture(name, label, seed=6).tobytes()


# What can be learnt


def read(name: str, folder: str, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw every so manieth picture of a split as 32x32 grey pixels, 0..1, and its label."""
    classes = dataset(name).class_folders
    plans = [(file, draw) for file, draw in samples._PLANS[name]() if file.parts[0] == folder]
    pixels, labels = [], []
    for file, draw in plans[::step]:
        small = draw().convert("L").resize((32, 32), Image.Resampling.BOX)
        pixels.append(np.asarray(small, np.float32).ravel() / 255)
        labels.append(classes.index(file.parts[1]))
    return np.array(pixels), np.array(labels)


@pytest.mark.parametrize(
    ("name", "train", "test", "steps", "expected"),
    [
        ("rock_paper_scissors", "rps", "rps-test-set", (4, 2), 0.6),  # by chance 0.33
        ("cats_and_dogs", "train", "test", (2, 2), 0.7),  # by chance 0.5
        ("fashion_mnist", "train", "test", (4, 3), 0.9),  # by chance 0.1
    ],
)
def test_a_plain_classifier_learns_far_more_than_chance(name, train, test, steps, expected):
    pixels, labels = read(name, train, steps[0])
    model = RidgeClassifier(alpha=10).fit(pixels, labels)
    assert model.score(*read(name, test, steps[1])) >= expected


def test_skin_says_nothing_about_the_gesture():
    plans = {file.name: draw for file, draw in samples._PLANS["rock_paper_scissors"]()}

    def skin(gesture: str, hand: int) -> np.ndarray:
        pixels = np.asarray(plans[f"{gesture}{hand:02d}-000.png"]().crop((100, 200, 220, 300)))
        forearm = pixels[pixels.min(axis=2) < 0.7 * pixels.max()]
        return np.median(forearm.astype(float), axis=0)

    tones = np.array(
        [[skin(gesture, hand) for gesture in samples.GESTURES] for hand in range(1, 8)]
    )
    assert np.ptp(tones.mean(axis=(1, 2))) > 80  # from light to dark
    assert np.ptp(tones.mean(axis=2), axis=1).max() < 30  # but the same for all three gestures


def test_frames_of_one_hand_differ_little_and_hands_differ_much():
    person = draw_person(np.random.default_rng(0), 0.3)

    def hand(pose: int, phase: float) -> np.ndarray:
        image = draw_hand("paper", person, np.random.default_rng(pose), phase)
        return np.asarray(image, float)

    start = hand(1, 0.0)
    np.testing.assert_allclose(hand(1, 1.0), start, atol=3)  # the movement goes round
    small = np.abs(hand(1, 1 / 12) - start).mean()
    assert 0 < small < 0.5 * np.abs(hand(2, 0.0) - start).mean()


# How a folder comes to be


@pytest.mark.usefixtures("quick")
def test_a_whole_folder_is_left_alone(tmp_path, monkeypatch):
    folder = draw_samples("fashion_mnist", tmp_path / "drawn")
    before = contents(folder)

    def fail(*inputs):
        raise AssertionError("drawn again")

    monkeypatch.setattr(samples, "draw_garment", fail)
    assert draw_samples("fashion_mnist", folder) == folder
    assert contents(folder) == before


@pytest.mark.usefixtures("quick")
def test_an_interrupted_drawing_leaves_nothing_behind(tmp_path, monkeypatch):
    quick_garment, calls = samples.draw_garment, []

    def stop(*inputs):
        calls.append(inputs)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return quick_garment(*inputs)

    monkeypatch.setattr(samples, "draw_garment", stop)
    folder = tmp_path / "drawn"
    with pytest.raises(KeyboardInterrupt):
        draw_samples("fashion_mnist", folder)
    assert list(tmp_path.iterdir()) == []
    assert draw_samples("fashion_mnist", folder).is_dir()  # the next try starts afresh
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.usefixtures("quick")
def test_what_a_killed_program_left_goes_away_unless_it_may_be_in_use(tmp_path):
    old, fresh = (tmp_path / f".drawn.{one}.partial" for one in ("old", "fresh"))
    for partial in (old, fresh):
        (partial / "drawn" / "train").mkdir(parents=True)
    os.utime(old, (0, 0))
    draw_samples("fashion_mnist", tmp_path / "drawn")
    assert not old.exists()
    assert fresh.exists()


@pytest.mark.usefixtures("quick")
def test_two_programs_may_draw_at_once(tmp_path, monkeypatch):
    quick_garment, meeting = samples.draw_garment, threading.Barrier(2, timeout=30)
    met, results = threading.local(), []

    def meet(*inputs):
        if not getattr(met, "once", False):  # neither goes on before both have begun
            met.once = True
            meeting.wait()
        return quick_garment(*inputs)

    monkeypatch.setattr(samples, "draw_garment", meet)
    folder = tmp_path / "drawn"
    threads = [
        threading.Thread(target=lambda: results.append(draw_samples("fashion_mnist", folder)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [folder, folder]
    assert list(tmp_path.iterdir()) == [folder]
    assert len(contents(folder)) == 1501


@pytest.mark.usefixtures("quick")
def test_an_empty_folder_is_filled(tmp_path):
    folder = tmp_path / "drawn"
    folder.mkdir()
    draw_samples("cats_and_dogs", folder)
    assert len(contents(folder)) == 481


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("case", ["mine", "other set", "a picture gone", "a file"])
def test_something_else_in_the_folder_is_never_touched(tmp_path, case):
    folder = tmp_path / "drawn"
    if case == "mine":
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")
    elif case == "a file":
        folder.write_text("mine")
    else:
        draw_samples("cats_and_dogs" if case == "other set" else "fashion_mnist", folder)
    if case == "a picture gone":
        (folder / "train" / "Bag" / "0000.png").unlink()
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match=r"drawn holds something other .* move it away"):
        draw_samples("fashion_mnist", folder)
    assert contents(tmp_path) == before


# Bad input


@pytest.mark.parametrize("call", [lambda n, p: draw_samples(n, p), lambda n, p: draw_picture(n, 0)])
def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path, call):
    expected = "'hands_green'; the course draws: rock_paper_scissors, cats_and_dogs, fashion_mnist"
    with pytest.raises(ValueError, match=expected):
        call("hands_green", tmp_path / "drawn")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("label", [-1, 3])
def test_an_unknown_label_is_answered_with_the_known_ones(label):
    expected = f"no label {label}; its labels: 0 paper, 1 rock, 2 scissors"
    with pytest.raises(ValueError, match=expected):
        draw_picture("rock_paper_scissors", label)


# The shapes they are made of


def test_a_ball_has_the_height_slope_and_area_of_a_ball():
    surface = Surface(64)
    surface.add_capsule((30, 34, 5), (30, 34, 5), (20.0, 20.0), blend=1.0)
    y, x = np.mgrid[:64, :64]
    inside = (x - 30) ** 2 + (y - 34) ** 2 < 19**2
    expected = 5 + np.sqrt(np.maximum(20.0**2 - (x - 30) ** 2 - (y - 34) ** 2, 0))
    np.testing.assert_allclose(surface.height[inside], expected[inside], rtol=1e-4)
    np.testing.assert_allclose(surface.normal[0][inside], ((x - 30) / 20)[inside], atol=1e-4)
    np.testing.assert_allclose(surface.cover.sum(), np.pi * 20**2, rtol=0.01)
    other = Surface(64)
    other.add_ellipsoid((30, 34, 5), (20, 20, 20), blend=1.0, turn=30)
    np.testing.assert_allclose(other.height[inside], surface.height[inside], rtol=1e-4)
    np.testing.assert_allclose(other.normal[:, inside], surface.normal[:, inside], atol=1e-4)


def test_a_capsule_is_the_hull_of_its_balls():
    start, end, radii = np.array([15.0, 20, 0]), np.array([45.0, 40, 12]), (6.0, 10.0)
    surface = Surface(64)
    surface.add_capsule(start, end, radii, blend=1.0)
    y, x = np.mgrid[:64, :64]
    highest = np.full((64, 64), -np.inf)
    for t in np.linspace(0, 1, 2001):
        middle, radius = start + t * (end - start), radii[0] + t * (radii[1] - radii[0])
        squared = radius**2 - (x - middle[0]) ** 2 - (y - middle[1]) ** 2
        ball = np.where(squared > 0, middle[2] + np.sqrt(np.maximum(squared, 0)), -np.inf)
        highest = np.maximum(highest, ball)
    inside = surface.cover == 1
    assert inside.sum() > 500
    np.testing.assert_allclose(surface.height[inside], highest[inside], atol=0.05)


def test_the_nearer_shape_hides_the_farther_one_in_either_order():
    def build(order: int) -> np.ndarray:
        surface = Surface(32)
        for height in (0, 40)[::order]:
            surface.add_capsule((16, 16, height), (16, 16, height), (8.0, 8.0), blend=1.0)
        return surface.height

    assert build(1)[16, 16] == pytest.approx(48)
    np.testing.assert_allclose(build(1)[12:20, 12:20], build(-1)[12:20, 12:20])


def test_shapes_outside_the_picture_leave_it_empty():
    surface = Surface(16)
    surface.add_capsule((-50, 5, 0), (-40, 5, 0), (4.0, 4.0), blend=1.0)
    surface.add_ellipsoid((8, 90, 0), (5, 5, 5), blend=1.0)
    assert not surface.cover.any()


@pytest.mark.parametrize(
    ("name", "label", "file"), [("cats_and_dogs", 1, "dog.0.jpg"), ("fashion_mnist", 0, "0000.png")]
)
def test_a_drawn_picture_is_none_of_the_samples(name, label, file):
    plan = dict(samples._PLANS[name]())
    sample = plan[Path("train", dataset(name).class_folders[label], file)]()
    assert draw_picture(name, label, 0).tobytes() != sample.tobytes()
