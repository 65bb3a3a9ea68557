"""The rules for the notebooks' parameters."""

from __future__ import annotations

import re

import pytest

from helpers.parameters import FORGET, RULES, check_parameters, check_values
from helpers.samples import draw_picture


def namespace(code: str) -> dict:
    names: dict = {}
    exec(code, names)
    return names


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("EPOCHS", "1 to 500"),
        ("SEED", "0 to 2147483647"),
        ("LEARNING_RATE", "0.000001 to 1"),
        (
            "DATA",
            "auto, full or samples, or a folder that holds a folder of pictures for each class",
        ),
    ],
)
def test_a_rule_tells_its_allowed_values(name, allowed):
    assert RULES[name].allowed == allowed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EPOCHS", 1),
        ("EPOCHS", 500),
        ("LEARNING_RATE", 1),
        ("LEARNING_RATE", 1e-6),
        ("DATA", "samples"),
        ("PHOTO", ""),
        ("RECORDS", ""),
        ("RECORDS", "examples"),
        ("RECORDS", "."),
        ("FIGURE", "test_accuracy"),
        ("ALBUM", "my hands_2-b"),
        ("ALBUM", "Hände"),
        ("GESTURES", "paper, rock,scissors"),
        ("GESTURES", "thumb up, fist"),
    ],
)
def test_allowed_values_pass(name, value):
    check_values({name: value}, [name])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EPOCHS", 0),
        ("EPOCHS", 501),
        ("EPOCHS", 5.0),
        ("EPOCHS", True),
        ("EPOCHS", "5"),
        ("EPOCHS", None),
        ("LEARNING_RATE", 0.0),
        ("LEARNING_RATE", float("nan")),
        ("LEARNING_RATE", True),
        ("DATA", "Full"),
        ("ALBUM", ""),
        ("ALBUM", "a/b"),
        ("ALBUM", ".."),
        ("ALBUM", "hands "),
        ("ALBUM", "x" * 32),
        ("ALBUM", "con"),
        ("ALBUM", 3),
        ("GESTURES", "rock"),
        ("GESTURES", "rock, rock"),
        ("GESTURES", "rock, "),
        ("GESTURES", "rock, Test"),
        ("GESTURES", "a, b, c, d, e, f, g, h, i"),
        ("GESTURES", ["rock", "paper"]),
        ("DATA", True),
        ("DATA", ["full"]),
        ("PHOTO", "no such photo.jpg"),
        ("PHOTO", "nul\0"),
        ("PHOTO", "x" * 5000),
        ("PHOTO", "~nobody-of-this-name/hand.png"),
        ("PHOTO", 3),
        ("RECORDS", "no such folder"),
        ("RECORDS", __file__),
        ("FIGURE", 3),
    ],
)
def test_other_values_are_refused_with_what_is_allowed(name, value):
    with pytest.raises(ValueError, match=re.escape(f"but must be {RULES[name].allowed}")):
        check_values({name: value}, [name])


@pytest.mark.parametrize("name", ["LIMIT", "PHOTOS_PER_CLASS"])
def test_so_few_pictures_that_a_lesson_fails_late_are_refused(name):
    for few in (1, 2, 9):
        with pytest.raises(ValueError, match=rf"{name} is {few} \(int\), but must be 0, or 10 to "):
            check_values({name: few}, [name])
    for number in (0, 10, 12_500):
        check_values({name: number}, [name])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("EPOCHS", "5", 5),
        ("EPOCHS", "true", "true"),
        ("EPOCHS", "5.5", "5.5"),
        ("EPOCHS", "5.0", 5),
        ("EPOCHS", "1e2", 100),
        ("EPOCHS", "inf", "inf"),
        ("LEARNING_RATE", "1e-4", 1e-4),
        ("LEARNING_RATE", "fast", "fast"),
        ("DATA", "full", "full"),
        ("PHOTO", "7", "7"),
    ],
)
def test_a_rule_reads_a_command_line(name, text, value):
    parsed = RULES[name].parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_the_annotated_names_are_checked():
    check_parameters(namespace("EPOCHS: int = 25\nDATA: str = 'auto'\nlow = 0\n_HIDDEN = 1"))


def test_an_injected_value_is_checked():
    code = "EPOCHS: int = 25\nEPOCHS = 'true'"
    with pytest.raises(ValueError, match=r"EPOCHS is 'true' \(str\), but must be 1 to 500"):
        check_parameters(namespace(code))


def test_an_unknown_name_is_refused_with_the_right_ones():
    with pytest.raises(ValueError) as caught:
        check_parameters(namespace("EPOCHS: int = 25\nDATA: str = 'auto'\nEPOCH = 5"))
    assert str(caught.value) == (
        "Parameters: EPOCH is not a parameter (did you mean EPOCHS?); this notebook has EPOCHS, "
        f"DATA. {FORGET}"
    )


@pytest.mark.parametrize("before", ["", "EPOCHS: int = 25\n"], ids=["fresh", "run before"])
def test_a_name_misspelt_in_the_notebooks_own_cell_is_told_with_the_right_one(before):
    code = f"{before}EPOCH: int = 25\nDATA: str = 'auto'"
    with pytest.raises(
        ValueError, match=r"EPOCH is not a parameter \(did you mean EPOCHS\?\)"
    ) as told:
        check_parameters(namespace(code))
    assert "this notebook has EPOCHS, DATA." in str(told.value)
    assert str(told.value).endswith(FORGET)  # it stays known after the correction


@pytest.mark.parametrize(
    ("name", "value", "remark"),
    [
        ("EPOCHS", "5", "1 to 500 (without quotation marks)."),
        ("EPOCHS", "true", "1 to 500."),
        ("EPOCHS", 5.0, "1 to 500 (a whole number, without a point)."),
        ("EPOCHS", 0, "1 to 500."),
        ("LEARNING_RATE", "1e-4", "(without quotation marks)."),
        ("PHOTO", 2024, "-p of tools.reruns, where text is text)."),
        ("DATA", True, "-p of tools.reruns, where text is text)."),
    ],
)
def test_what_is_wrong_with_a_value_is_told_where_the_range_does_not(name, value, remark):
    with pytest.raises(ValueError) as caught:
        check_values({name: value}, [name])
    assert str(caught.value).endswith(remark)


def test_it_is_told_where_a_missing_photo_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=re.escape(f"(looked for in {tmp_path})")):
        check_values({"PHOTO": "hand.png"}, ["PHOTO"])


def test_a_folder_without_pictures_shows_none(tmp_path):
    (tmp_path / "trip").mkdir()
    (tmp_path / "letter.txt").touch()
    with pytest.raises(ValueError, match=r"holds no pictures; put some there"):
        check_values({"PHOTO": str(tmp_path)}, ["PHOTO"])
    draw_picture("rock_paper_scissors", 0, 0).save(tmp_path / "trip" / "hand.JPG")
    check_values({"PHOTO": str(tmp_path)}, ["PHOTO"])


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.heic", b"\0\0\0\x18ftypheic" + bytes(40), "is a HEIC picture"),
        ("a.jpg", b"", "is empty"),
        ("a.md", b"# A text", "is not a picture that can be read"),
    ],
)
def test_a_photo_that_cannot_be_used_is_refused_before_the_lesson_runs(
    tmp_path, name, content, fault
):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=fault):
        check_values({"PHOTO": str(tmp_path / name)}, ["PHOTO"])


def test_one_usable_photo_is_enough(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"a\.jpg is not a picture"):
        check_values({"PHOTO": str(tmp_path)}, ["PHOTO"])
    draw_picture("rock_paper_scissors", 0, 0).save(tmp_path / "b.png")
    check_values({"PHOTO": str(tmp_path)}, ["PHOTO"])


def test_papermills_cell_is_read_for_names_in_small_letters():
    names = namespace("EPOCHS: int = 25\nepochs = 5")
    check_parameters(names)  # a notebook's own variable
    names["In"] = ["", "EPOCHS: int = 25", "# Parameters\nepochs = 5\n"]
    with pytest.raises(ValueError, match="epochs is not a parameter"):
        check_parameters(names)


def test_classes_and_modules_in_capitals_are_no_parameters():
    check_parameters(namespace("from IPython.display import HTML\nEPOCHS: int = 25"))


def test_a_parameter_without_a_rule_is_refused():
    with pytest.raises(ValueError, match=r"WIDTH has no rule, add one to RULES"):
        check_parameters(namespace("WIDTH: int = 3"))


def test_all_problems_are_told_at_once_in_one_sentence():
    code = "EPOCHS: int = 0\nDATA: str = 'ful'\nSEDE = 1\nSEED: int = -1"
    with pytest.raises(ValueError) as caught:
        check_parameters(namespace(code))
    message = str(caught.value)
    for part in ("EPOCHS is 0", "DATA is 'ful'", "SEED is -1", "SEDE is not a parameter"):
        assert part in message
    assert message.count("\n") == 0
    assert message.endswith(".")


def test_a_photo_is_looked_for_in_the_working_folder(tmp_path, monkeypatch):
    draw_picture("rock_paper_scissors", 0, 0).save(tmp_path / "hand.png")
    monkeypatch.chdir(tmp_path)
    for path in ("hand.png", ".", str(tmp_path / "hand.png")):
        check_values({"PHOTO": path}, ["PHOTO"])


def test_the_backbones_are_those_that_can_be_built():
    from helpers.parameters import BACKBONE_NAMES
    from helpers.pretrained.weights import BACKBONES

    assert BACKBONE_NAMES == BACKBONES
