"""Lesson 7 on folders as people have them: each ends well, or refuses in one clear sentence.

The lesson's own cells run here as they stand in the notebook, in this process, on small drawn
pictures: on all folders as far as the split, on two of them to the end. `pytest -m slow` runs the
whole notebook on each of them, as `python -m tools.reruns run 07 --preset quick` does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from helpers.data.folders import FolderError
from helpers.environment import PROJECT
from helpers.messages import OneSentence
from helpers.results import RECORD_VARIABLE
from helpers.samples import draw_picture
from tools.execution import cells_of, find_notebook, preset_values, run_notebook

CELLS = {c.id: c.source for c in cells_of(find_notebook("07")) if c.cell_type == "code"}
LEFT_OUT = {"setup", "parameters", "check", "prepare", "imports"}
COURSE = [name for name in CELLS if name not in LEFT_OUT and not name.startswith("exercise-")]
TO_SPLIT = COURSE[: COURSE.index("disjoint") + 1]
SIZE = 48


# Folders as people have them -------------------------------------------------------------------


@pytest.fixture(scope="session")
def draw() -> Callable[[int, int], Image.Image]:
    """Return a function of label and number: drawn things, each turned and on another ground."""
    things = [("rock_paper_scissors", label) for label in range(3)]
    things += [("fashion_mnist", label) for label in (1, 8)]
    drawn = [[draw_picture(*thing, number) for number in range(4)] for thing in things]

    def picture(label: int, number: int) -> Image.Image:
        random = np.random.default_rng([label, number])
        thing = drawn[label][number % 4].convert("RGB").resize((72, 72))
        turned = thing.rotate(random.uniform(-30, 30), fillcolor=(255, 255, 255))
        ground = Image.fromarray(random.integers(0, 256, (4, 4, 3), np.uint8)).resize((72, 72))
        return Image.blend(turned, ground, 0.4)

    return picture


def fill(draw, folder: Path, name: Callable[[int], str], each: int, label: int, first=0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(each):
        draw(label, first + number).save(folder / name(number))


def phone(draw, folder):
    for label, kind in enumerate(("mug", "plate")):
        fill(draw, folder / kind, lambda n: f"IMG_20240131_12{n:02}{7 * n % 60:02}.jpg", 15, label)


def umlauts(draw, folder):
    for label, kind in enumerate(("Äpfel, rot", "Süße Birnen")):
        fill(draw, folder / kind, lambda n: f"Foto vom Frühstück ({n + 1}).jpeg", 15, label)


def from_zero(draw, folder):
    for label in range(3):
        fill(draw, folder / str(label), lambda n: f"{n}.png", 12, label)


def sorted_already(draw, folder):
    for split, each, first in (("train", 16, 0), ("test", 6, 100)):
        for label, kind in enumerate(("a", "b")):
            fill(draw, folder / split / kind, lambda n: f"{n}.png", each, label, first)
    draw(0, 0).save(folder / "test" / "a" / "again.png")  # also among the training pictures


def five(draw, folder, each=12):
    for label in range(5):
        fill(draw, folder / f"kind {label}", lambda n: f"{n}.png", each, label)


def uneven(draw, folder):
    for label, each in enumerate((9, 90)):
        fill(draw, folder / ("rare", "frequent")[label], lambda n: f"{n}.jpg", each, label)


def bursts(draw, folder):
    random = np.random.default_rng(0)
    for label, kind in enumerate(("left", "right")):
        (folder / kind).mkdir(parents=True)
        for number in range(30):
            pixels = np.asarray(draw(label, number // 5), float)
            pixels = (pixels + random.normal(0, 4, pixels.shape)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / kind / f"{random.integers(10**9)}x.png")


def damaged(draw, folder):
    phone(draw, folder)
    whole = (folder / "mug" / "IMG_20240131_120000.jpg").read_bytes()
    (folder / "mug" / "half.jpg").write_bytes(whole[: len(whole) // 3])
    (folder / "mug" / "empty.png").write_bytes(b"")
    (folder / "plate" / "letter.jpg").write_text("Dear Ada", encoding="utf-8")
    (folder / "plate" / "notes.txt").write_text("two plates", encoding="utf-8")


SHAPES = [phone, umlauts, from_zero, sorted_already, five, uneven, bursts, damaged]


# The lesson's cells ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def network() -> dict:
    """The pretrained network, built once for all folders by the lesson's own cell."""
    names: dict = {}
    exec(CELLS["imports"], names)
    names["IMAGE_SIZE"] = SIZE
    exec(CELLS["base"], names)
    return {name: names[name] for name in ("base", "cut", "pooled", "extractor", "as_pretrained")}


@pytest.fixture
def lesson(network, tmp_path, monkeypatch):
    """Return a function that runs cells on a folder and returns the names they have set.

    `per_picture` are the minutes that a picture's features take, by default as this machine does.
    The working folder is empty, so that no cell lives on what lies about.
    """
    monkeypatch.setenv(RECORD_VARIABLE, str(tmp_path / "record.json"))
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")

    def run(folder: Path, cells: list[str], per_picture: float = 0.0, **parameters) -> dict:
        names: dict = {}
        for cell in ("parameters", "imports"):
            exec(CELLS[cell], names)
        names |= {"DATA": str(folder), "IMAGE_SIZE": SIZE, "EPOCHS": 5, "FINE_EPOCHS": 1}
        names |= {"COPIES": 1, "CACHE_FOLDER": tmp_path / "cache", **network, **parameters}
        network["base"].set_weights(network["as_pretrained"])
        for cell in cells:
            if cell != "base":
                exec(CELLS[cell], names)
            if cell == "features" and per_picture:
                names["per_picture"] = per_picture
        return names

    return run


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_any_folder_is_looked_at_and_split_honestly(shape, draw, lesson, tmp_path, capsys):
    shape(draw, tmp_path / "mine")
    names = lesson(tmp_path / "mine", TO_SPLIT)
    shown = capsys.readouterr().out
    assert "groups on two sides: 0" in shown
    parts = [names[part] for part in ("train", "validation", "test")]
    assert len(np.unique(np.concatenate(parts))) == sum(map(len, parts)) <= len(names["labels"])
    for part in parts:
        assert set(names["labels"][part]) == set(range(len(names["classes"])))
    assert f"{4 if shape is damaged else 0} files left out" in shown
    pairs = len(names["located"].pairs)
    assert pairs >= 60 if shape is bursts else pairs == (shape is sorted_already)


def test_what_is_damaged_is_named(draw, lesson, tmp_path, capsys):
    damaged(draw, tmp_path / "mine")
    lesson(tmp_path / "mine", ["find", "load", "damaged"])
    shown = capsys.readouterr().out
    for name in ("half.jpg", "empty.png", "letter.jpg", "notes.txt"):
        assert f"left out: {Path('mug' if name[0] in 'he' else 'plate', name)} " in shown, name


def test_a_training_picture_that_is_a_test_picture_is_left_out(draw, lesson, tmp_path, capsys):
    sorted_already(draw, tmp_path / "mine")
    names = lesson(tmp_path / "mine", TO_SPLIT)
    assert (
        "left out, because they belong with validation or test pictures: 1"
        in capsys.readouterr().out
    )
    used = {names["everything"].names[place] for place in names["train"]}
    used |= {names["everything"].names[place] for place in names["validation"]}
    assert str(Path("train", "a", "0.png")) not in used


def test_a_picture_under_two_labels_is_named(draw, lesson, tmp_path, capsys):
    phone(draw, tmp_path / "mine")
    draw(0, 3).save(tmp_path / "mine" / "plate" / "same.png")
    lesson(tmp_path / "mine", TO_SPLIT[: TO_SPLIT.index("pairs") + 1])
    shown = capsys.readouterr().out
    assert "0 pairs within a class, 1 across classes" in shown
    assert str(Path("plate", "same.png")) in shown.split("two labels:")[1]


@pytest.mark.parametrize(
    ("groups", "together"), [("auto", 12), ("folder", 12), ("prefix", 24), ("none", 24)]
)
def test_groups_may_be_chosen(groups, together, draw, lesson, tmp_path):
    for label, kind in enumerate(("a", "b")):
        for day in range(6):
            place = tmp_path / "mine" / kind / f"{kind}{day}"
            fill(draw, place, lambda n, day=day: f"{'xy'[n]}{day}-k.png", 2, label, 2 * day)
    names = lesson(tmp_path / "mine", ["find", "load"], GROUPS=groups)
    assert len(np.unique(names["everything"].groups)) == together


# Refusals: one sentence each.


def test_a_folder_with_one_class_is_refused(draw, lesson, tmp_path):
    fill(draw, tmp_path / "mine" / "mugs", lambda n: f"{n}.png", 6, 0)
    with pytest.raises(FolderError, match="has only one class, mugs"):
        lesson(tmp_path / "mine", TO_SPLIT)


def test_a_class_that_is_one_group_is_refused(draw, lesson, tmp_path):
    for label, kind in enumerate(("a", "b")):
        fill(draw, tmp_path / "mine" / kind / kind, lambda n: f"{n}.png", 6, label)
    with pytest.raises(OneSentence, match=r"class 'a' cannot be divided: .* of one group"):
        lesson(tmp_path / "mine", TO_SPLIT, GROUPS="folder")


def test_a_test_that_shows_all_training_pictures_again_is_refused(draw, lesson, tmp_path):
    for split in ("train", "test"):
        for label, kind in enumerate(("a", "b")):
            fill(draw, tmp_path / "mine" / split / kind, lambda n: f"{n}.png", 6, label)
    with pytest.raises(OneSentence, match="a has no picture for train"):
        lesson(tmp_path / "mine", TO_SPLIT)


# To the end.


def test_the_lesson_ends_well_where_classes_are_uneven(draw, lesson, tmp_path, capsys):
    uneven(draw, tmp_path / "mine")
    names = lesson(tmp_path / "mine", COURSE)
    assert names["classes"] == ("frequent", "rare")
    assert names["class_weight"][1] > 5 * names["class_weight"][0]
    assert list(names["judged"]) == [names["one"], names["two"], names["three"]]
    assert names["scores"].probabilities.shape == (len(names["test"]), 2)
    off = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines()
           if "largest difference" in line]  # fmt: skip
    assert len(off) == 3 and max(off) < 1e-4
    record = json.loads((tmp_path / "record.json").read_text(encoding="utf-8"))
    assert record["figures"]["test"]["n"] == len(names["test"])
    assert names["path"].with_suffix(".classes.txt").read_text("utf-8") == "frequent\nrare\n"


def test_the_lesson_ends_well_where_pictures_and_minutes_are_few(draw, lesson, tmp_path, capsys):
    five(draw, tmp_path / "mine", each=4)
    fill(draw, tmp_path / "new", lambda n: f"{n}.jpg", 3, 4, 500)
    (tmp_path / "new" / "no picture.jpg").write_text("no", encoding="utf-8")
    (tmp_path / "new" / ".DS_Store").write_bytes(b"\0")
    fill(draw, tmp_path / "new" / "trip", lambda n: f"{n}.jpg", 1, 4, 600)
    photo = str(tmp_path / "new")
    slow = {"per_picture": 0.1, "MINUTES": 0.1}
    names = lesson(tmp_path / "mine", COURSE, PHOTO=photo, **slow)
    shown = capsys.readouterr().out
    assert list(names["judged"]) == [names["one"]]
    assert f"{names['two']} is left out; raise MINUTES for it." in shown
    table = pd.read_csv(names["path"].with_name("new_photos.csv"))
    assert list(table.file) == ["0.jpg", "1.jpg", "2.jpg", "no picture.jpg", "trip/0.jpg"]
    assert set(table.answer.drop(3)) <= {*names["classes"], "none of these"}
    assert table.remark.notna().tolist() == [False, False, False, True, False]


def test_groups_that_classes_share_may_be_too_few_for_some_folds(draw, lesson, tmp_path, capsys):
    for label, (kind, days) in enumerate({"cup": "mon tue wed", "mug": "tue wed thu"}.items()):
        for first, day in enumerate(days.split()):
            fill(draw, tmp_path / "mine" / kind / day, lambda n: f"{n}.jpg", 4, label, 10 * first)
    lesson(tmp_path / "mine", COURSE[: COURSE.index("planted") + 1], 0.1, MINUTES=0.1)
    shown = capsys.readouterr().out
    assert "Too few pictures for a curve." in shown or "errors now" in shown
    assert "labels are contradicted" in shown


def test_labels_are_not_judged_where_a_fold_lacks_a_class(capsys):
    folds = SimpleNamespace(split=lambda *_: [(np.array([0, 1]), np.array([2, 3]))])
    everything = SimpleNamespace(groups=np.arange(4), names=tuple("abcd"))
    names = {"np": np, "folds": folds, "everything": everything, "features": np.zeros((4, 2))}
    exec(CELLS["label-errors"], names | {"labels": np.array([0, 0, 1, 1]), "classes": ("a", "b")})
    shown = capsys.readouterr().out
    assert shown.startswith("Too few groups") and "0 labels are contradicted" in shown


def test_cells_run_again_do_not_pay_for_their_own_earlier_run(draw, lesson, tmp_path):
    five(draw, tmp_path / "mine", each=4)
    names = lesson(tmp_path / "mine", COURSE[: COURSE.index("choose") + 1])
    assert list(names["heads"]) == [names["one"], names["two"], names["three"]]
    names["minutes"][names["two"]] = names["minutes"][names["three"]] = names["MINUTES"]
    exec(CELLS["two"], names)
    assert names["augmented"] and list(names["heads"]) == [names["one"]]
    for cell in ("two-fit", "three"):
        exec(CELLS[cell], names)
    assert names["tuned"] and names["three"] not in names["heads"]  # stopped here, it is no choice
    exec(CELLS["choose"], names)
    assert names["chosen"] != names["three"]


def test_no_cell_run_again_changes_what_was_chosen_and_tested(draw, lesson, tmp_path):
    five(draw, tmp_path / "mine", each=4)
    names = lesson(tmp_path / "mine", COURSE[: COURSE.index("mistakes-look") + 1])
    names["chosen"] = names["one"]
    settled = COURSE[COURSE.index("network") : COURSE.index("calibration") + 1]
    for cell in settled:  # with the first approach chosen, after the third was asked
        exec(CELLS[cell], names)
    pixels = names["images"][:4].astype("float32")
    before, scores = names["network"].predict(pixels, verbose=0), names["scores"]
    again = ("leak-figure", "one", "one-layer", "choose", "leak-measured", "choose-figure")
    for cell in again:
        exec(CELLS[cell], names)
    assert list(names["heads"]) == [names["one"], names["two"], names["three"]]
    np.testing.assert_array_equal(names["network"].predict(pixels, verbose=0), before)
    assert names["scores"] is scores
    names["chosen"] = names["one"]
    for cell in settled:
        exec(CELLS[cell], names)
    np.testing.assert_array_equal(names["network"].predict(pixels, verbose=0), before)
    np.testing.assert_array_equal(names["scores"].probabilities, scores.probabilities)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_the_notebook_runs_quickly_on_any_folder(shape, draw, tmp_path, monkeypatch):
    shape(draw, tmp_path / "mine")
    monkeypatch.chdir(PROJECT)
    notebook, out = find_notebook("07"), tmp_path / "out.ipynb"
    parameters = preset_values(notebook, "quick") | {"DATA": str(tmp_path / "mine")}
    run = run_notebook(notebook, out, parameters, progress=False)
    assert run.problem is None, run.problem
    record = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    tested = record["figures"]["test"]
    print(f"\n{shape.__name__}: {tested}")
    assert tested["n"] >= 4 and tested["value"] > 0.5
