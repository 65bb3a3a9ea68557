"""A learner's progress: nothing answered is lost, two kernels write, a file to hand in."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from helpers import exercises, progress
from helpers.environment import PROJECT
from helpers.exercises import quiz
from helpers.progress import RIGHT, SOLUTION, WRONG, Answers, ProgressError, merged, read_report

TITLES = {"01.weights": "the weights", "01.quiz.1": "a question", "00.quiz.1": "another"}
OTHER_KERNEL = """\
import sys
from pathlib import Path
from helpers import progress
progress.FOLDER = Path(sys.argv[1])
for _ in range(200):
    progress.note("01.weights", progress.WRONG)
progress.note("01.quiz.1", progress.RIGHT)
"""


def answered(*events: tuple[str, str]) -> dict[str, Answers]:
    for event in events:
        progress.note(*event)
    return progress.answers_of(TITLES)


def test_tries_are_counted_until_the_right_answer_and_not_beyond():
    key = "01.weights"
    assert answered((key, WRONG), (key, WRONG))[key][1:4] == (False, 2, False)
    assert answered((key, RIGHT), (key, WRONG), (key, SOLUTION))[key][1:4] == (True, 3, False)


def test_who_looks_at_the_solution_first_is_told_apart():
    found = answered(("01.quiz.1", SOLUTION), ("01.quiz.1", RIGHT))["01.quiz.1"]
    assert found[:4] == ("a question", True, 1, True) and found.last.endswith("Z")


def test_an_exercise_without_a_key_and_one_that_is_no_more_count_nothing():
    assert answered(("", RIGHT), ("01.gone", RIGHT)) == {k: Answers(t) for k, t in TITLES.items()}
    assert len(progress._here) == 1


def test_checks_of_exercises_and_quizzes_are_kept_and_open_ones_are_not(monkeypatch):
    monkeypatch.setattr("helpers.exercises.kinds.display", print)
    monkeypatch.setattr("helpers.exercises.quizzes.display", print)
    exercises.lesson_01.weights.check(...)
    assert progress._here == []
    exercises.lesson_01.weights.check(1728)
    exercises.lesson_01.weights.check(1792)
    exercises.lesson_01.weights.hint()
    quiz("01").check(..., "a")
    quiz("01").solution(3)
    kept = [(each["exercise"], each["what"]) for each in progress._here]
    assert kept == [
        ("01.weights", WRONG),
        ("01.weights", RIGHT),
        ("01.quiz.2", RIGHT),
        ("01.quiz.3", SOLUTION),
    ]
    table = exercises.report()
    assert table.rows[1][:4] == ("1", "1 of 5", "1 of 3", "3")


def test_two_kernels_write_at_the_same_time_and_nothing_is_lost():
    command = [sys.executable, "-c", OTHER_KERNEL, str(progress.FOLDER)]
    others = [subprocess.Popen(command, cwd=PROJECT) for _ in range(2)]
    progress.note("00.quiz.1", RIGHT)
    assert [each.wait() for each in others] == [0, 0]
    found = progress.answers_of(TITLES)
    assert found["01.weights"].tries == 400
    assert found["01.quiz.1"].right and found["00.quiz.1"].right
    assert len(list(progress.FOLDER.glob("*.jsonl"))) == 3


def test_a_line_that_was_broken_off_costs_itself_alone():
    progress.FOLDER.mkdir()
    whole = '{"exercise": "01.weights", "what": "right", "when": "2026-01-01T00:00:00Z"}\n'
    (progress.FOLDER / "a.jsonl").write_text(f'{whole}[1]\n"x"\n{{"exercise": 1}}\n{whole[:30]}')
    (progress.FOLDER / "b.jsonl").write_bytes(b"\xff\xfe\x00")
    assert progress.answers_of(TITLES)["01.weights"].right


def test_where_nothing_can_be_written_the_table_still_knows_and_says_so(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(progress, "FOLDER", tmp_path / "file" / "below")
    assert answered(("01.weights", RIGHT))["01.weights"].right
    assert "Not all of it is on the disk: " in repr(progress.report(TITLES))


def test_a_report_without_a_name_is_a_table_and_writes_nothing():
    table = progress.report(TITLES)
    assert table.file is None and not progress.FOLDER.exists()
    assert repr(table).splitlines()[:3] == [
        "Lesson  Exercises  Exit quiz  Tries  Last",
        "0       –          0 of 1     0      –",
        "1       0 of 1     0 of 1     0      –",
    ]
    assert "writes a file to hand in" in repr(table)


def test_a_report_with_a_name_writes_what_is_read_again():
    progress.note("01.weights", RIGHT)
    made = progress.report(TITLES, "  Ada   Lovelace-Ü ")
    assert made.file == progress.FOLDER / "ada-lovelace-ü.json"
    assert read_report(made.file) == ("Ada Lovelace-Ü", dict(made.answers))
    page = made._repr_html_()
    assert '<th scope="row">1</th><td>1 of 1</td><td>0 of 1</td>' in page
    assert 'download="ada-lovelace-ü.json"' in page


def test_a_later_report_never_takes_back_what_an_earlier_one_had():
    progress.note("01.weights", RIGHT)
    file = progress.report(TITLES, "Ada").file
    for path in progress.FOLDER.glob("*.jsonl"):
        path.unlink()
    progress._here.clear()
    progress.note("01.quiz.1", RIGHT)
    progress.report(TITLES, "Ada")
    assert {key for key, each in read_report(file)[1].items() if each.right} == {
        "01.weights",
        "01.quiz.1",
    }


def test_a_damaged_report_of_that_name_gives_way():
    progress.FOLDER.mkdir()
    (progress.FOLDER / "ada.json").write_text("{")
    assert read_report(progress.report(TITLES, "Ada").file)[0] == "Ada"


@pytest.mark.parametrize("name", [" ", "...", 7, None, "x" * 81, "_", "a\x00b", ["Ada"]])
def test_what_is_no_name_is_refused_in_one_sentence(name):
    with pytest.raises(ProgressError, match="is not a name; give yours in quotation marks"):
        progress.report(TITLES, name)


def test_in_colab_the_file_is_handed_to_the_browser(monkeypatch):
    given = []
    colab = SimpleNamespace(files=SimpleNamespace(download=given.append))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    file = progress.report(TITLES, "Ada").file
    assert given == [str(file)]


def test_of_two_files_of_one_learner_the_better_answer_counts():
    right, tried = Answers("a", True, 1), Answers("a", False, 5)
    assert merged({"01.a": tried}, {"01.a": right, "01.b": tried}) == {
        "01.a": right,
        "01.b": tried,
    }


def broken(change) -> str:
    file = progress.report(TITLES, "Ada").file
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    return json.dumps(content)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda content: content.pop("name"), "was changed by hand, or damaged"),
        (lambda content: content.update(name="<b>\n"), None),
        (lambda content: content.update(name=""), "was changed by hand"),
        (lambda content: content.update(kind="record"), "is another file"),
        (lambda content: content.update(answers=[]), "was changed by hand"),
        (lambda content: content["answers"]["01.weights"].pop("tries"), "was changed by hand"),
        (lambda content: content["answers"]["01.weights"].update(tries="9"), "was changed by hand"),
        (lambda content: content["answers"]["01.weights"].update(tries=-1), "was changed by hand"),
        (lambda content: content["answers"]["01.weights"].update(right=1), "was changed by hand"),
        (lambda content: content["answers"].update({"x.y": {}}), "was changed by hand"),
    ],
)
def test_a_file_that_is_no_report_is_told_in_one_sentence(tmp_path, change, told):
    path = tmp_path / "handed_in.json"
    path.write_text(broken(change), encoding="utf-8")
    if told is None:
        assert read_report(path)[0] == "<b>"
        return
    with pytest.raises(ProgressError) as caught:
        read_report(path)
    assert str(caught.value).startswith(f"handed_in.json {told}")


@pytest.mark.parametrize("content", ["", "[" * 10**5, "{", "null", "[]", '"x"', "\ud800"])
def test_a_file_that_holds_something_else_is_told_in_one_sentence(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(ProgressError, match=r"^x.json is (incomplete|another file)"):
        read_report(path)
    with pytest.raises(ProgressError, match=r"^gone\.json: gone\.json could not be used"):
        read_report(tmp_path / "gone.json")
