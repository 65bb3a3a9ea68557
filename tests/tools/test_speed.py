"""What the benchmarks wrote becomes the section on speed."""

import json

import pytest

from tools.speed import speed_lines

SPAN = {"median": 50.0, "low": 40.0, "high": 130.0}
WAYS = {
    "walkthrough": {"reached": "3 of 3", "seconds": SPAN, "times faster": SPAN | {"median": 1}},
    "course": {"reached": "0 of 3", "seconds": None, "times faster": None},
}
TRAINING = {
    "settings": {"goal": 0.95, "in_a_row": 5, "watched": "test accuracy"},
    "seeds": {
        "0": {"machine": "Fast, 2 cores"},
        "1": {"machine": "Slow"},
        "2": {"machine": "Slow"},
    },
    "summary": WAYS,
}


def test_a_training_has_a_line_a_way_and_names_goal_and_machines(tmp_path):
    results = {"steps": {"machine": "x"}, "training": TRAINING, "begun": {"summary": {}}}
    (tmp_path / "lesson_01.json").write_text(json.dumps(results))
    (tmp_path / "convolutions.json").write_text("[]")
    lines, told = speed_lines(tmp_path)
    span, times = "50 s (40 s to 2.2 min)", "1.0 (40.0 to 130.0)"
    assert lines == [
        ("1", "training", "walkthrough", "3 of 3", span, times),
        ("1", "training", "course", "0 of 3", "–", "–"),
    ]
    goal = "test accuracy 0.95, in 5 epochs in a row"
    same = {"walkthrough": WAYS["walkthrough"] | {"times faster": dict.fromkeys(SPAN, 1.0)}}
    alone = json.dumps({"training": TRAINING | {"summary": same}})
    (tmp_path / "lesson_01.json").write_text(alone)
    assert speed_lines(tmp_path)[0][0][-1] == "1.0", "one seed has no range"
    assert told == [f"- Lesson 1, training. Goal: {goal}. Fast, 2 cores; Slow."]


def test_benchmarks_of_other_kinds_are_passed_over(tmp_path):
    (tmp_path / "lesson_01_torch.json").write_text(json.dumps({"machine": "x", "Keras": {}}))
    assert speed_lines(tmp_path) == ([], [])


@pytest.mark.parametrize("text", ["{", "[]", '{"training": {"summary": {"course": {}}}}', "\xff"])
def test_a_damaged_file_is_named(tmp_path, text):
    (tmp_path / "lesson_01.json").write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=r"^lesson_01\.json is damaged \(.+\); restore it, for ex"):
        speed_lines(tmp_path)
