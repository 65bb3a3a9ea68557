"""Every exercise: its solution passes, common mistakes are named, no answer stops a notebook.

A new exercise is found in its lesson's module and tested here without another line.
"""

from __future__ import annotations

import pkgutil
import re
from dataclasses import replace

import nbformat
import numpy as np
import pytest

from helpers import evaluation, exercises, networks
from helpers.environment import PROJECT
from helpers.exercises import exercises_of
from helpers.exercises.kinds import (
    WAITING,
    Choice,
    Feedback,
    Function,
    Number,
    compared,
    defined,
    shown,
)
from tools.execution import course_notebooks

MODULES = [m.name for m in pkgutil.iter_modules(exercises.__path__) if m.name.startswith("lesson_")]
LESSONS = {name: exercises_of(getattr(exercises, name)) for name in MODULES}
ALL = {
    f"{lesson}.{name}": each for lesson, those in LESSONS.items() for name, each in those.items()
}
EVERY = pytest.mark.parametrize("exercise", ALL.values(), ids=ALL)
KINDS = ("predict", "complete", "explore", "explain")


@pytest.fixture
def said(monkeypatch):
    """Return the list of what is shown to the learner."""
    shown = []
    monkeypatch.setattr("helpers.exercises.kinds.display", shown.append)
    return shown


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_has_three_to_five_exercises_of_several_kinds(lesson):
    those = LESSONS[lesson].values()
    assert 3 <= len(those) <= 5
    assert len({each.kind for each in those}) >= 3
    assert {each.kind for each in those} <= set(KINDS)


@EVERY
def test_every_right_answer_is_right(exercise, said):
    for answer in exercise.right_answers():
        assert exercise.judge(answer) == Feedback("Right", exercise.why), answer
    assert exercise.check(answer) is None
    assert said == [Feedback("Right", exercise.why)]


@EVERY
def test_every_common_wrong_answer_is_told_what_is_wrong(exercise):
    for answer, message in exercise.wrong_answers():
        feedback = exercise.judge(answer)
        assert feedback.heading == "Not yet", answer
        assert message in feedback.text, answer


@EVERY
def test_the_common_mistakes_have_messages(exercise):
    found = exercise.reasons if isinstance(exercise, Choice) else exercise.mistakes
    assert len(found) >= 2
    assert all(len(message) > 15 for message in found.values())


@EVERY
@pytest.mark.parametrize("answer", [(), (...,), (None,), ("",)], ids=str)
def test_not_attempted_says_so_quietly(exercise, answer, said):
    assert exercise.check(*answer) is None
    assert said == [WAITING]


@EVERY
def test_what_the_learner_finds_runs_and_counts_as_not_attempted(exercise):
    if isinstance(exercise, Function):
        assert exercise.judge(defined(exercise.start)) == WAITING
    else:
        exec(exercise.start, {"np": np, "evaluation": evaluation, "networks": networks})


@EVERY
def test_hints_come_in_two_steps(exercise, said):
    exercise.hints_given = 0
    for _ in range(3):
        assert exercise.hint() is None
    first, second, again = said
    headings = [f"Hint {number} of 2, {exercise.title}" for number in (1, 2, 2)]
    assert [each.heading for each in said] == headings
    assert exercise.hints[0] in first.text and exercise.hints[1] in second.text
    assert second == again
    exercise.hints_given = 0


@EVERY
def test_the_solution_shows_answer_and_reason(exercise, said):
    assert exercise.solution() is None
    (feedback,) = said
    assert feedback.heading == f"Solution, {exercise.title}" and exercise.why in feedback.text


@EVERY
@pytest.mark.parametrize(
    "answer",
    [object(), {}, [], [[1], 2], b"x", 1j, np.zeros(3), np.nan, "1e999", "1/0", print, KeyError],
    ids=lambda answer: type(answer).__name__,  # the same in each process of a run
)
def test_no_answer_whatever_stops_a_notebook(exercise, answer, said):
    exercise.check(answer)
    assert [each.heading for each in said] == ["Not yet"]


@EVERY
def test_texts_are_complete_and_brief(exercise):
    texts = [exercise.question, exercise.why, *exercise.hints]
    assert all(text.strip() == text and text[-1] in ".?`)" for text in texts)
    assert len(exercise.question.split()) < 75
    assert len(exercise.start.splitlines()) < 10


# What an answer may look like.

HALF = Number(
    kind="predict", title="", question="", hints=("", ""), why="So it is.", answer=0.95, share=True,
    mistakes={0.05: "The rest."}, units=("of all",),
)  # fmt: skip
BIG = Number(
    kind="predict", title="", question="", hints=("", ""), why="", answer=1_792, mistakes={}
)


@pytest.mark.parametrize(
    "answer", [0.95, "0.95", "0,95", 95, "95 %", "95%", np.float32(0.95), "19/20", "0.95 of all"]
)
def test_a_share_may_be_written_in_many_ways(answer):
    assert HALF.judge(answer).heading == "Right"


@pytest.mark.parametrize(
    "answer", [1792, 1792.0, "1792", "1,792", "1 792", "1_792", np.int64(1792)]
)
def test_a_large_number_may_be_written_in_many_ways(answer):
    assert BIG.judge(answer).heading == "Right"


@pytest.mark.parametrize(
    ("answer", "text"),
    [(5, "The rest."), ("5 %", "The rest."), (0.9, "90 % is too small."), (2000, "too large.")],
)
def test_a_wrong_share_is_told_why(answer, text):
    assert text in HALF.judge(answer).text


def test_a_rough_guess_is_not_taken_for_another_mistake():
    rough = replace(BIG, answer=0.1, tolerance=0.5, mistakes={1.0: "The whole."})
    assert rough.judge(0.14).heading == "Right"
    assert rough.judge(1.05).text == "The whole."
    assert rough.judge(0.6).text == "0.6 is too large."


@pytest.mark.parametrize("answer", ["a and b", "ab", "answer b", "b or c", "()"])
def test_of_the_letters_one_is_to_be_chosen(answer):
    assert "none of the letters" in exercises.lesson_01.lower_curve.judge(answer).text


DOUBLE = Function(
    kind="complete", title="", question="", hints=("", ""), why="", mistakes={},
    code="def double(values):\n    return 2 * values", inputs=lambda random: (random.random(3),),
)  # fmt: skip


@pytest.mark.parametrize(
    "function",
    [
        lambda values: values + values,
        lambda values: [2 * value for value in values],
        lambda values: tuple(np.multiply(values, 2, dtype=np.float32)),
        lambda values: values.__imul__(2),  # it may change its arguments
    ],
)
def test_any_equivalent_function_is_right(function):
    assert DOUBLE.judge(function).heading == "Right"


def test_an_unknown_mistake_is_shown_by_an_example():
    text = DOUBLE.judge(lambda values: 3 * values).text
    assert text.startswith("With values = [") and "is expected" in text


@pytest.mark.parametrize(
    "function", [lambda values: ..., lambda values: ... * 2, lambda values: [...]]
)
def test_dots_left_in_a_function_are_not_attempted(function):
    assert DOUBLE.judge(function) == WAITING


def test_two_ellipses_in_an_index_are_a_mistake_and_no_dots_left():
    text = DOUBLE.judge(lambda values: values[..., ...]).text
    assert text.startswith("Your function stopped with IndexError")


def test_a_function_that_ends_the_program_does_not_end_the_notebook():
    def leave(values):
        raise SystemExit

    assert "stopped with SystemExit" in DOUBLE.judge(leave).text


def test_warnings_of_the_learners_function_are_not_shown(recwarn):
    DOUBLE.judge(lambda values: values / 0)
    assert not recwarn.list


# How it looks.


def test_feedback_is_readable_as_text_and_as_html():
    feedback = Feedback("Not yet", "Use `a < b`, not <b>.", "if a < b:\n    pass")
    assert repr(feedback) == "Not yet. Use `a < b`, not <b>.\n    if a < b:\n        pass"
    page = feedback._repr_html_()
    assert "<strong>Not yet.</strong> Use <code>a &lt; b</code>, not &lt;b&gt;." in page
    assert ">if a &lt; b:\n    pass</pre>" in page


def test_stressed_words_are_stressed_and_products_are_left_alone():
    page = Feedback("Not yet", "The *other* way: `a * b * c`, 3 * 4 * 5, f(*a, **b).")._repr_html_()
    assert "The <em>other</em> way: <code>a * b * c</code>, 3 * 4 * 5, f(*a, **b)." in page


@EVERY
def test_an_exercise_shown_by_itself_has_its_whole_question(exercise):
    text = exercise._repr_markdown_()
    assert text.startswith(f"**{exercise.kind.capitalize()}: {exercise.title}.** ")
    assert exercise.question in text
    assert all(option in text for option in getattr(exercise, "options", {}).values())


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda values: values / 3, "[0, 0.3333, 0.6667], where [0, 2, 4] is expected"),
        (lambda values: values[:2], "[0, 1], where "),
        (lambda values: "a", "'a', where numbers are expected"),
        (lambda values: [[1], [2, 3]], "[[1], [2, 3]], where numbers are expected"),
    ],
)
def test_small_outcomes_are_shown_whole(function, text):
    assert text in compared(function(np.arange(3.0)), [0.0, 2.0, 4.0])


def test_of_many_numbers_the_first_that_differs_is_shown():
    expected, found = np.zeros((4, 5)), np.zeros((4, 5))
    found[2, 1:] = 7
    assert compared(found, expected) == "7 at [2, 1], where 0 is expected"
    assert (
        compared(found[0], expected)
        == "[0, 0, 0, 0, 0], where an array of shape (4, 5) is expected"
    )


def test_long_values_are_cut_short():
    assert shown(np.zeros((9, 9))) == "an array of shape (9, 9)"
    assert len(shown("x" * 1000)) < 300
    assert shown(list(range(99))) == "[0, 1, 2, 3, 4, 5, 6, 7, …]"


def test_each_argument_of_an_example_is_named():
    text = exercises.lesson_05.errors_gone.judge(lambda before, after: 7).text
    assert re.match(r"With before = 0\.\d+ and after = 0\.\d+ your function gives 7, where", text)


def test_layers_are_shown_by_their_kind():
    text = exercises.lesson_02.may_learn.judge(lambda layers, first: [1]).text
    assert re.match(r"With layers = \[((BatchNormalization|ReLU|Dense|Conv2D), )+…\]", text), text
    assert "name=" not in text and "built=" not in text


# Where they are: in the notebooks, and on the instructor's page.


@pytest.mark.parametrize("notebook", course_notebooks(), ids=lambda path: path.stem)
def test_a_notebook_has_the_exercises_of_its_lesson(notebook):
    lesson = f"lesson_{notebook.stem[:2]}"
    cells = nbformat.read(notebook, as_version=4).cells
    sources = [cell.source for cell in cells if cell.id.startswith("exercise-")]
    if lesson not in LESSONS:
        pytest.skip("this lesson has no exercises")
    for number, (name, exercise) in enumerate(LESSONS[lesson].items(), 1):
        assert exercise.markdown(number) in sources
        assert any(
            f"exercises.{lesson}.{name}\n" in source and exercise.start in source
            for source in sources
        ), name


@EVERY
def test_the_instructors_page_has_the_answer(exercise):
    page = (PROJECT / "docs" / "instructors.md").read_text(encoding="utf-8")
    assert exercise.title.lower() in page.lower()
    answer = (
        exercise.code if isinstance(exercise, Function) else exercise.answered().text.split(". ")[0]
    )
    assert answer.strip() in page
