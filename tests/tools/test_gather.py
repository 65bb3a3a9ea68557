"""Thirty learners on one page: joined by name, bad files named, what was hard marked."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from helpers.environment import PROJECT
from helpers.progress import KIND, Answers
from tools.gather import Learner, by_exercise, gather, main

RIGHT, WRONG, OPEN = (True, 2, False), (False, 3, True), (False, 0, False)
EXERCISES = {"01.weights": "the weights", "01.quiz.1": "a width", "00.quiz.1": "whole films"}


def hand_in(folder, file, name, *outcomes) -> None:
    answers = {
        key: Answers(title, *outcome, last="2026-11-28T10:00:00Z" if outcome[1] else "")._asdict()
        for (key, title), outcome in zip(EXERCISES.items(), outcomes, strict=True)
    }
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"kind": KIND, "name": name, "written": "", "answers": answers}
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    hand_in(tmp_path, "a.json", "Ada", RIGHT, WRONG, OPEN)
    hand_in(tmp_path, "below/a.json", "ada", OPEN, RIGHT, OPEN)
    hand_in(tmp_path, "b.json", "<b>Bob</b>", RIGHT, WRONG, OPEN)
    hand_in(tmp_path, "c.json", "Cleo", WRONG, WRONG, OPEN)
    (tmp_path / "d.json").write_text("{")
    (tmp_path / "notes.txt").write_text("not read")
    return tmp_path


def test_files_of_one_name_are_joined_and_bad_ones_named(folder):
    learners, problems = gather(folder)
    assert [(one.name, one.files) for one in learners] == [
        ("<b>Bob</b>", 1), ("Ada", 2), ("Cleo", 1),
    ]  # fmt: skip
    assert problems == ["d.json is incomplete, or not JSON; ask for it again."]
    assert learners[1].answers["01.quiz.1"].right


@pytest.mark.parametrize("field", ["title", "last"])
def test_half_a_letter_in_a_file_costs_that_file_alone(folder, field):
    content = json.loads((folder / "a.json").read_text("utf-8"))
    content["answers"]["01.weights"][field] = "\ud800"
    (folder / "e.json").write_text(json.dumps(content), encoding="utf-8")
    learners, problems = gather(folder)
    assert len(learners) == 3 and "e.json was changed by hand" in problems[-1]
    assert main([str(folder)]) == 0 and (folder / "class.html").exists()


def test_what_was_hard_is_marked_and_what_nobody_tried_is_left_out(folder):
    weights, quiz = by_exercise(gather(folder)[0])
    assert weights == ("1", "the weights", 2, 3, 2.0, 1) and not weights.hard
    assert quiz == ("1, quiz", "a width", 1, 3, 2.0, 2) and quiz.hard


def test_exercises_come_as_the_lesson_asks_them_and_its_quiz_last():
    asked = ("01.weights", "01.quiz.1", "01.held_out", "00.quiz.1")
    answers = {key: Answers(key, True, 1, False, last="") for key in asked}
    titles = [each.title for each in by_exercise([Learner("Ada", answers, 1)])]
    assert titles == ["00.quiz.1", "01.weights", "01.held_out", "01.quiz.1"]


def test_the_page_shows_everybody_and_runs_nothing_of_theirs(folder, capsys):
    assert main([str(folder)]) == 0
    said = capsys.readouterr()
    assert said.out == f"3 learners: open {folder / 'class.html'}\n"
    assert said.err == "left out: d.json is incomplete, or not JSON; ask for it again.\n"
    page = (folder / "class.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;Bob&lt;/b&gt;" in page and "<b>" not in page
    assert "<td>1 of 1<small>quiz 1 of 1</small></td>" in page
    assert "<li>d.json is incomplete" in page
    assert not re.search(r"https?:|src=|<script", page)


def test_thirty_learners_are_gathered_without_starting_keras(tmp_path):
    for number in range(30):
        hand_in(tmp_path, f"{number}.json", f"Learner {number}", RIGHT, RIGHT, WRONG)
    code = "import sys, tools.gather as g; g.main(sys.argv[1:]); print('keras' in sys.modules)"
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.stdout.startswith("30 learners") and done.stdout.endswith("False\n"), done.stderr
    assert (tmp_path / "class.html").read_text(encoding="utf-8").count(
        '<th scope="row">Learner'
    ) == 30


def test_a_page_that_cannot_be_written_is_named(folder, capsys):
    (folder / "class.html").mkdir()
    assert main([str(folder)]) == 2
    told = "The page was not written: class.html could not be used (Is a directory).\n"
    assert capsys.readouterr().err.endswith(told)


@pytest.mark.parametrize(
    ("make", "told"),
    [(lambda path: None, "is not a folder"), (lambda path: path.mkdir(), "holds no file that a")],
)
def test_a_folder_without_files_is_told_in_one_sentence(tmp_path, capsys, make, told):
    make(tmp_path / "in")
    assert main([str(tmp_path / "in")]) == 2
    assert told in capsys.readouterr().err
