"""Every exercise: its solution passes, common mistakes are named, no answer stops a notebook.

A new exercise is found in its lesson's module and tested here without another line; the common
mistakes of an `Examined` one are in `exercise_mistakes`.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
from exercise_mistakes import MISTAKES

from helpers import evaluation, exercises
from helpers.environment import PROJECT
from helpers.exercises import QUIZZES, checks_01, checks_02, checks_05, trainings
from helpers.exercises.kinds import (
    WAITING,
    Choice,
    Code,
    Examined,
    Exercise,
    Feedback,
    Function,
    Number,
    compared,
    defined,
    shown,
)
from helpers.exercises.quizzes import QuizError, quiz
from helpers.progress import QUIZ
from tools.execution import cells_of, course_notebooks, find_notebook

ALL = exercises.all_exercises()
OF_LESSONS = {key: each for key, each in ALL.items() if each.kind != QUIZ}
LESSONS = sorted({key[:2] for key in OF_LESSONS})
NAMES = {"np": np, "keras": keras, "layers": keras.layers}
NAMES |= {"evaluation": evaluation}
EVERY = pytest.mark.parametrize("exercise", ALL.values(), ids=ALL)
OF_A_LESSON = pytest.mark.parametrize("exercise", OF_LESSONS.values(), ids=OF_LESSONS)
KINDS = ("predict", "complete", "explore", "explain")  # those of quizzes are of none


@pytest.fixture
def said(monkeypatch):
    """Return the list of what is shown to the learner."""
    shown = []
    for module in ("kinds", "quizzes"):
        monkeypatch.setattr(f"helpers.exercises.{module}.display", shown.append)
    return shown


def of_lesson(number: str) -> list[Exercise]:
    return [each for key, each in OF_LESSONS.items() if key.startswith(number)]


def test_no_lessons_module_is_forgotten():
    files = [each.name for each in pkgutil.iter_modules(exercises.__path__)]
    known = [module.__name__.rpartition(".")[2] for module in exercises.MODULES]
    assert known == [name for name in files if name.startswith("lesson_")]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_has_three_to_five_exercises_of_several_kinds(lesson):
    those = of_lesson(lesson)
    assert 3 <= len(those) <= 5
    assert len({each.kind for each in those}) >= 3
    assert {each.kind for each in those} <= set(KINDS)


def right_answers(exercise: Exercise) -> list[Any]:
    if isinstance(exercise, Number):
        answer, units = exercise.answer, exercise.units or {"of them": (1,)}
        texts = [str(answer), f" {answer:,} ", f"about {answer:,}"]
        texts += [f"{answer / size:,} {unit}" for unit, sizes in units.items() for size in sizes]
        percent = [100 * answer, f"{100 * answer} %"] if exercise.share else []
        return [answer, np.float64(answer), np.array([answer]), *texts, *percent]
    if isinstance(exercise, Choice):
        right, text = exercise.right, exercise.options[exercise.right]
        short = [right, right.upper(), f" ({right}) ", f"{right}.", f"{right})", f"[{right}]"]
        quoted = [f"'{right}'", f'"{right.upper()}"', f"option {right}", f"Answer {right}."]
        return [*short, *quoted, f"{right}) {text}", text, text.lower().rstrip("."), f"{right}: so"]
    return [defined(exercise.code)]


def with_body(exercise: Code, body: str) -> str:
    """Return the code of a function like the solution that returns something else."""
    return f"{exercise.code.splitlines()[0]}\n    return {body}"


def common_mistakes(exercise: Exercise) -> Mapping[Any, str]:
    """Return what is said of common wrong answers, of an examined function a part of it."""
    if isinstance(exercise, Choice):
        return exercise.reasons
    if isinstance(exercise, Number):
        return exercise.mistakes
    mistakes = MISTAKES[exercise.key] if isinstance(exercise, Examined) else exercise.mistakes
    return {
        code if code.startswith("def ") else with_body(exercise, code): message
        for code, message in mistakes.items()
    }


@cache
def cells_of_exercises(lesson: str) -> list[str]:
    """Return what stands in the cells of a lesson's exercises, such as those of "01"."""
    cells = cells_of(find_notebook(lesson))
    return [cell.source for cell in cells if cell.id.startswith("exercise-")]


def start_of(exercise: Exercise) -> str:
    """Return the code that the learner finds in an exercise's cell, before `q`."""
    lesson, name = exercise.key.split(".")
    asked = f"q = exercises.lesson_{lesson}.{name}\n"
    (source,) = (source for source in cells_of_exercises(lesson) if asked in source)
    return re.split(r"^q", source, maxsplit=1, flags=re.MULTILINE)[0].rstrip()


def wrong_answers(exercise: Exercise) -> list[tuple[Any, str]]:
    """Return common wrong answers, each with what is said of it."""
    if isinstance(exercise, Number):
        return [
            *exercise.mistakes.items(),
            (exercise.answer + 1000 if exercise.answer < 1e9 else 1, "too large"),
            (-1, "is too small"),
            *((each, "no number") for each in (True, "many", "12 or 14", [1, 2], float("nan"))),
        ]
    if isinstance(exercise, Choice):
        none = ["z", 2, "a and b", "a or b", "a, b", "a) or b)", "a) b)", "ab", "()"]
        return [
            *exercise.reasons.items(),
            *((f"{letter.upper()})", reason) for letter, reason in exercise.reasons.items()),
            *((exercise.options[letter], reason) for letter, reason in exercise.reasons.items()),
            *((answer, "none of the letters") for answer in none),
        ]
    return [
        *((defined(code), message) for code, message in common_mistakes(exercise).items()),
        (5, "is no function"),
        (lambda *arguments: 1 / 0, "stopped with ZeroDivisionError"),
        (lambda *arguments: None, "returns nothing"),
        (lambda *arguments: "a", "gives 'a'"),
        (lambda *, missing: 1, "stopped with TypeError"),
    ]


@EVERY
def test_every_right_answer_is_right(exercise, said):
    for answer in right_answers(exercise):
        assert exercise.check(answer) is None
        assert said.pop() == Feedback("Right", exercise.why), answer


@EVERY
def test_every_common_wrong_answer_is_told_what_is_wrong(exercise):
    for answer, message in wrong_answers(exercise):
        feedback = exercise.judge(answer)
        assert feedback.heading == "Not yet", answer
        assert message in feedback.text, answer


@EVERY
def test_the_common_mistakes_have_messages(exercise):
    found = common_mistakes(exercise)
    assert len(found) >= 2
    whole = found.values() if not isinstance(exercise, Examined) else ()  # those have a part
    assert all(len(message) > 15 for message in whole)


def test_every_examined_exercise_has_its_common_mistakes_and_no_other_has():
    assert set(MISTAKES) == {each.key for each in ALL.values() if isinstance(each, Examined)}


@EVERY
@pytest.mark.parametrize("answer", [(), (...,), (None,), ("",)], ids=str)
def test_not_attempted_says_so_quietly(exercise, answer, said):
    assert exercise.check(*answer) is None
    assert said == [WAITING]


@OF_A_LESSON
def test_what_the_learner_finds_is_not_attempted_or_a_common_mistake_or_runs(exercise):
    start = start_of(exercise)
    assert start or exercise.kind != "explore"
    assert len(start.splitlines()) < (20 if isinstance(exercise, Examined) else 10)
    if isinstance(exercise, Code) and "..." in start:
        assert exercise.judge(defined(start)) == WAITING
    elif isinstance(exercise, Code) and start:
        assert f"{start}\n" in common_mistakes(exercise)
    else:
        exec(start, NAMES)


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


# What an answer may look like.

HALF = Number(
    kind="predict", title="", question="", hints=("", ""), why="So it is.", answer=0.95, share=True,
    mistakes={0.05: "The rest."},
)  # fmt: skip
BIG = Number(
    kind="predict", title="", question="", hints=("", ""), why="", answer=1_792,
    mistakes={1_728: "No biases."},
)  # fmt: skip


SHARES = [
    0.95, "0.95", "0,95", ".95", 95, "95 %", "95%", "95 percent", "95 per cent", "95 % of all",
    np.float32(0.95), "19/20", "about 0.95", "~ 95 %", "= 0.95", "0.95 of all",
]  # fmt: skip
BIGS = [
    1792, 1792.0, "1792", "1,792", "1 792", "1_792", "1'792", "1.792", "1\u202f792", np.int64(1792),
    "1792 weights", "1,792 weights in all.", "1792 parameters", "1.792 thousand", "1792.0",
    "= 1792", "64 * 28", "64 x (3*3*3 + 1)", "64×28", 64 * 28, " 1792. ", Decimal(1792),
]  # fmt: skip


@pytest.mark.parametrize("answer", SHARES, ids=repr)
def test_a_share_may_be_written_in_many_ways(answer):
    assert HALF.judge(answer).heading == "Right"


@pytest.mark.parametrize("answer", BIGS, ids=repr)
def test_a_large_number_may_be_written_in_many_ways(answer):
    assert BIG.judge(answer).heading == "Right"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("1728 weights", "No biases."), ("1,728", "No biases."), ("64 x 27", "No biases."),
        (1790, "1,790 is a little too small; give the number exactly."),
        (1.792, "1.792 is too small; `q.hint()` helps."), ("1792 %", "17.92 is too small"),
        ("1792 million", "too large"), ("1792 or 1728", "is no number"),
        ("9**9**9", "is no number"),
        ("1792; import os", "is no number"), ("()", "is no number"), ("1" * 999, "is no number"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_large_number_is_told_why(answer, text):
    assert text in BIG.judge(answer).text


@pytest.mark.parametrize(
    ("answer", "text"),
    [(5, "The rest."), ("5 %", "The rest."), (0.9, "90 % is too small"), (2000, "2,000 % is")],
)
def test_a_wrong_share_is_told_why(answer, text):
    assert text in HALF.judge(answer).text


def test_a_rough_guess_is_not_taken_for_another_mistake():
    rough = replace(BIG, answer=0.1, tolerance=0.5, mistakes={1.0: "The whole."})
    assert rough.judge(0.14).heading == rough.judge(0.07).heading == "Right"
    assert rough.judge(1.05).text == "The whole."
    assert rough.judge(0.6).text == "0.6 is too large; `q.hint()` helps."


# Right answers, and wrong ones with what is said of them, where an exercise takes more than the
# answers and mistakes that all are tried with: units, guesses, shares of several kinds.
ATTACKS = {
    "03.memory": (
        [16.2, "16.2", "16,2", "16.2 GB", "16 GB", 15.1, "15.1 GiB", "15.1 GB",
         "16200 MB", 16_200, 16.2e9,
         "16,200,000,000 bytes", "16.2 billion bytes", "about 16 gigabytes", "16.2 gb of memory"],
        [(4.05, "one byte"), ("4.05 GB", "one byte"), ("16.2 MB", "too small"), (14, "too small"),
         ("16.2e9 GB", "too large"), ("14 GiB", "too small"), ("16.2 hours", "in GB"),
         (18, "too large")],
    ),
    "04.sure_mistakes": (
        [0.00007, 7e-5, "7e-5", 0.0001, 0.00005, 0.00003, "0.007 %", 1e-4, "1/10000"],
        [(0.001, "0.355"), (0.01, "half"), (0.0, "too small"), (1e-6, "too small"), (7, "large")],
    ),
    "00.quiz.2": (
        [0.75, "75 %", 75, "3/4", "9/12"],
        [(0.25, "taken for paper"), (9, "divide it by all"), (0.8, "large")],
    ),
    "01.quiz.1": ([74, "(150 - 2) / 2"], [("74x74", "whole map"), ("wide", "no number")]),
    "03.quiz.2": (
        [0.02, 2, "2 %", "0,02", "20/1000", "2 points", "(40 - 20) / 1000"],
        [(0.04, "Subtract the 20"), ("40/60", "all 1,000"), (0.92, "subtract"), ("1 %", "small")],
    ),
    "04.quiz.1": (["0.9 x 50", "about 45"], [(40, "0.8"), (60, "too large")]),
    "05.work_share": (
        [0.087, "8.7 %", "8.7%", 8.7, 0.1, "10 %", "1/12", "0.57/6.62", "about 9 %", 0.06],
        [(0.2, "equal share"), ("48 %", "weights"), ("23 percent", "of thirteen"), (0, "small")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_an_exercise(name):
    right, wrong = ATTACKS[name]
    for answer in right:
        feedback = ALL[name].judge(answer)
        assert feedback.heading == "Right", (answer, feedback)
    for answer, text in wrong:
        feedback = ALL[name].judge(answer)
        assert feedback.heading == "Not yet" and text in feedback.text, (answer, feedback)


RIGHT_CODE = {
    "03.only_one": [
        "((first > second).sum(), (second > first).sum())",
        "[np.sum(first & ~second), np.sum(~first & second)]",
        "[sum(a and not b for a, b in zip(x, y)) for x, y in ((first, second), (second, first))]",
        "np.array([np.count_nonzero(first * ~second), len(first[second & ~first])])",
        "tuple(np.bincount(first + 2 * second, minlength=4)[1:3])",
    ],
    "04.cat_or_dog": [
        "(answers[:, 151:269].sum(1) > answers[:, 281:286].sum(1)).astype(int)",
        "[int(sum(a[151:269]) > sum(a[281:286])) for a in answers]",
        "np.where(answers[:, 281:286].sum(-1) < answers[:, 151:269].sum(-1), 1, 0)",
        "keras.ops.sum(answers[:, 151:269], 1) > keras.ops.sum(answers[:, range(281, 286)], 1)",
        "np.sign(answers[:, 151:269].sum(1) - answers[:, 281:286].sum(1)) / 2 + 0.5",
    ],
    "05.errors_gone": [
        "((1 - before) - (1 - after)) / (1 - before)",
        "(after - before) / (1 - before)",
        "round(1 - (1 - after) / (1 - before), 3)",
        "np.array([(after - before) / (1 - before)])",
    ],
    "05.vgg_input": [
        "photos[:, :, :, [2, 1, 0]] - means",
        "np.flip(photos, axis=-1) - means.reshape(1, 1, 1, 3)",
        "(photos - means[::-1])[..., ::-1]",
        "np.stack([photos[..., 2 - c] - means[c] for c in range(3)], axis=-1).round(3)",
        "keras.ops.convert_to_tensor(photos[..., ::-1] - means, 'float32')",
    ],
}
WRONG_CODE = {
    "03.only_one": [
        ("first and not second", "`and` is written `&`"),
        ("((first & ~second).sum(), 3)", "Where only the first gets"),
        ("((first & ~second).sum(), (first | second).sum())", "Where only the first gets"),
        ("(first & ~second).sum() + 1", "2 numbers, in the shape (2,), are expected"),
    ],
    "04.cat_or_dog": [
        ("answers[:, 152:269].sum(1) > answers[:, 281:286].sum(1)", "For a photo whose dogs"),
        ("answers[:, 151:269].sum(1) > answers[:, 282:286].sum(1)", "For a photo whose dogs"),
        ("answers[:, 151:269].sum(1) > answers[:, 280:286].sum(1)", "For a photo whose dogs"),
        ("answers[:, 151:270].sum(1) > answers[:, 281:286].sum(1)", "For a photo whose dogs"),
        ("answers[:, 151:269].sum(1) > answers[:, 281:287].sum(1)", "For a photo whose dogs"),
        ("answers[:, 150:269].sum(1) > answers[:, 281:286].sum(1)", "For a photo whose dogs"),
        ("['dog'] * len(answers)", "where True or False is expected"),
        ("answers[:, 151:269].sum(1, keepdims=True) > answers[:, 281:286].sum(1, keepdims=True)",
         "the right numbers in the shape (40, 1), where (40,) is expected"),
        ("answers[:, 151:269].sum(0) > 1", "40 numbers, in the shape (40,), are expected"),
        ("(answers.argmax(1) > 150) & (answers.argmax(1) < 269)", "all 1000 classes"),
        ("answers[151:269].sum(1) > answers[281:286].sum(1)", "40 numbers"),
    ],
    "05.errors_gone": [
        ("max(0.0, (after - before) / (1 - before))", "is below 0; yours stays at 0"),
        ("abs(after - before) / (1 - before)", "is below 0."),
        ("round((after - before) / (1 - before), 1)", "rounded too far"),
        ("f'{(after - before) / (1 - before):.0%}'", "where numbers are expected"),
        ("0.5", "With before = "),
    ],
    "05.vgg_input": [
        ("photos[..., ::-1] - means[::-1]", "subtracts blue's mean from red"),
        ("(photos[..., ::-1] / 255 - means) / 255", "Of a pixel with red "),
        ("photos[0, ..., ::-1] - means", "numbers in the shape (4, 5, 3), where "),
        ("photos[:, :, ::-1] - means", "Of a pixel with red "),
        ("photos[..., ::-1] - means.mean()", "Of a pixel with red "),
        ("(photos[..., ::-1] - means).clip(0, 255)", "Of a pixel with red "),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "body"), [(name, body) for name, those in RIGHT_CODE.items() for body in those]
)
def test_an_attack_with_right_code(name, body):
    for _ in range(3):  # inputs are drawn anew
        assert ALL[name].judge(defined(with_body(ALL[name], body))).heading == "Right"


@pytest.mark.parametrize(
    ("name", "body", "text"),
    [(name, *each) for name, those in WRONG_CODE.items() for each in those],
)
def test_an_attack_with_wrong_code(name, body, text):
    for _ in range(10):  # no wrong code is right now and then
        feedback = ALL[name].judge(defined(with_body(ALL[name], body)))
        assert feedback.heading == "Not yet" and text in feedback.text, feedback


DOUBLE = Function(
    kind="complete", title="", question="", hints=("", ""), why="", mistakes={},
    code="def double(values):\n    return 2 * values", inputs=lambda random: [(random.random(3),)],
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


def test_of_a_report_of_keras_the_sentence_that_says_why_is_shown():
    def build(values):
        flat = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()])
        return keras.Sequential([flat, keras.layers.Dense(2)])(np.zeros((1, 9, 9, 3)))

    told = DOUBLE.judge(build).text
    assert "stopped with ValueError: " in told and "expected axis -1" in told
    assert "\x1b" not in told and "Arguments received" not in told


def test_a_function_that_ends_the_program_does_not_end_the_notebook():
    def leave(values):
        raise SystemExit

    assert "stopped with SystemExit" in DOUBLE.judge(leave).text


def test_warnings_of_the_learners_function_are_not_shown(recwarn):
    DOUBLE.judge(lambda values: values / 0)
    assert not recwarn.list


# Networks that the checks look at and train.

LESSON_1 = exercises.lesson_01
DENSE = LESSON_1.from_empty.code.replace("Conv2D(16, 3", "Flatten(), layers.Dense(16").split("\n")
DENSE = "\n".join(line for line in DENSE if not re.search("Conv2D|Pooling", line))


def test_a_network_itself_is_taken_as_well_as_a_function_that_returns_it():
    network = defined(LESSON_1.layers_to_fit.code)()
    assert LESSON_1.layers_to_fit.judge(network).heading == "Right"
    assert "Begin with `keras.Input((64, 64, 3))`" in (
        LESSON_1.layers_to_fit.judge(keras.Sequential()).text
    )


def test_softmax_may_be_a_layer_of_its_own():
    code = LESSON_1.layers_to_fit.code.replace(
        'layers.Dense(3, activation="softmax")', "layers.Dense(3), layers.Softmax()"
    )
    assert LESSON_1.layers_to_fit.judge(defined(code)).heading == "Right"


@pytest.mark.parametrize(
    ("code", "found", "text"),
    [
        (
            DENSE,
            (0.99, 0.8),
            "It classifies 0.800 of the 120 new hands correctly (more than 0.9 is asked), 0.990 of "
            "those it learnt from. It has no convolution",
        ),
        (LESSON_1.from_empty.code, (0.6, 0.5), "It has not learnt enough yet"),
        (LESSON_1.from_empty.code, (0.99, 0.9), "It memorises"),
    ],
)
def test_a_network_that_stays_below_is_told_why(monkeypatch, code, found, text):
    monkeypatch.setattr(checks_01, "PASSES", 1)
    answers = iter(found)
    monkeypatch.setattr(trainings, "accuracy", lambda *_: next(answers))
    feedback = LESSON_1.from_empty.judge(defined(code))
    assert feedback.heading == "Not yet" and text in feedback.text


RIGHT_UNFREEZING = [
    "l.trainable = n >= first and 'batch' not in l.name",
    "l.trainable = n >= first and not hasattr(l, 'moving_mean')",
    "l.trainable = bool((n >= first) * (type(l).__name__ != 'BatchNormalization'))",
]


@pytest.mark.parametrize("line", RIGHT_UNFREEZING)
def test_any_way_to_unfreeze_is_right(line):
    code = f"""\
def unfreeze(network, first):
    network.trainable = True
    for n, l in enumerate(network.layers):
        {line}
    return network
"""
    assert exercises.lesson_02.unfreeze.judge(defined(code)).heading == "Right"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("keras.Sequential([keras.Input((64, 64, 3)), *_head()])", "does not contain the base"),
        ("_frozen_all(base)", "Nothing is trainable"),
        ("base", "is not compiled"),
        ("base.name", "where a Keras network is expected"),
    ],
)
def test_a_head_without_its_base_is_told_so(body, text):
    def _head():
        return [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, "softmax")]

    def build(base):
        network = eval(body, {"keras": keras, "base": base, "_head": _head, "_frozen_all": frozen})
        if network is not base and isinstance(network, keras.Model):
            network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return network

    def frozen(base):
        network = keras.Sequential([base, *_head()])
        network.trainable = False
        return network

    feedback = exercises.lesson_02.from_empty.judge(build)
    assert feedback.heading == "Not yet" and text in feedback.text, feedback


def test_a_head_that_has_not_learnt_is_told_why(monkeypatch):
    monkeypatch.setattr(trainings, "accuracy", lambda *_: 0.5)
    monkeypatch.setattr(checks_02, "PASSES", 1)
    code = exercises.lesson_02.from_empty.code
    assert "rate about 0.01?" in exercises.lesson_02.from_empty.judge(defined(code)).text
    scaled = code.replace("keras.Model(base.input", "keras.Model(pixels").replace(
        "    average =",
        "    pixels = keras.Input((64, 64, 3))\n"
        "    maps = base(layers.Rescaling(1 / 255)(pixels))\n    average =",
    )
    scaled = scaled.replace("(base.output)", "(maps)")
    assert (
        "leave out your `Rescaling`" in exercises.lesson_02.from_empty.judge(defined(scaled)).text
    )


def test_a_repair_that_trains_too_slowly_is_told_so(monkeypatch):
    monkeypatch.setattr(checks_01, "EPOCHS", 1)
    code = LESSON_1.repair.code.replace("0.001", "1e-6")
    assert "in 1 epochs, too slowly" in LESSON_1.repair.judge(defined(code)).text
    code = code.replace("sparse_", "")
    assert "wants three numbers for each label" in LESSON_1.repair.judge(defined(code)).text


LESSON_5 = exercises.lesson_05


@pytest.mark.parametrize(
    "code",
    [
        LESSON_5.in_time.code.replace("patience=5", "monitor='val_loss', patience=4").replace(
            '"val_loss", ', ""
        ),
        LESSON_5.in_time.code.replace("return keras", "return [keras").replace("True)", "True)]"),
    ],
)
def test_other_ways_to_stop_in_time_are_right(code):
    feedback = LESSON_5.in_time.judge(defined(code))
    assert feedback.heading == "Right", feedback


def test_a_callback_without_patience_is_told_so(monkeypatch):
    monkeypatch.setattr(checks_05, "_to_the_end", lambda: [0.01])
    assert "raise `patience`" in LESSON_5.in_time.judge(defined(LESSON_5.in_time.code)).text


@pytest.mark.parametrize(
    ("kept", "text"),
    [(0.3, ""), (0.4, "`restore_best_weights=True` puts"), (0.5, "Monitor `val_loss`")],
)
def test_which_weights_were_restored_is_told(kept, text):
    found = checks_05._not_restored([0.5, 0.3, 0.4], kept)
    assert text in found and bool(text) == bool(found)


def test_a_head_may_have_two_units_and_be_functional():
    code = """
def build(base):
    for layer in base.layers:
        layer.trainable = False
    averages = layers.GlobalAveragePooling2D()(base.output)
    network = keras.Model(base.input, layers.Dense(2, activation="softmax")(averages))
    network.compile(keras.optimizers.Adam(0.03), keras.losses.SparseCategoricalCrossentropy())
    return network
"""
    feedback = LESSON_5.from_empty.judge(defined(code))
    assert feedback.heading == "Right", feedback


@pytest.mark.parametrize(
    ("found", "text"),
    [((0.6, 0.5), "has not learnt enough yet"), ((0.99, 0.8), "It memorises")],
)
def test_a_head_that_stays_below_is_told_why(monkeypatch, found, text):
    monkeypatch.setattr(checks_05.Training, "fit", lambda *_: {})
    monkeypatch.setattr(checks_05.Training, "say", lambda *_: None)
    answers = iter(found)
    monkeypatch.setattr(trainings, "accuracy", lambda *_: next(answers))
    feedback = LESSON_5.from_empty.judge(defined(LESSON_5.from_empty.code))
    assert feedback.heading == "Not yet" and text in feedback.text


def test_a_training_ends_in_time():
    images, labels = trainings.training_hands(32)
    network = defined(LESSON_1.repair.code)()
    training = trainings.Training("Hands", seconds=0)
    assert len(training.fit(network, images, labels, epochs=50)["loss"]) == 1


def test_the_hands_asked_about_are_not_those_learnt_from():
    (images, labels), (asked, _) = trainings.training_hands(), trainings.new_hands()
    assert images.shape == (360, 64, 64, 3) and asked.shape == (120, 64, 64, 3)
    assert np.bincount(labels).tolist() == [120, 120, 120]
    assert (images[180:, :, ::-1] == images[:180]).all()
    known = {image.tobytes() for image in images}
    assert len(known) == 360 and not known & {image.tobytes() for image in asked}


# The exit quizzes.


def test_every_lesson_has_a_quiz_of_three_questions():
    assert list(QUIZZES) == [path.stem[:2] for path in course_notebooks()]
    assert {len(questions) for questions in QUIZZES.values()} == {3}
    titles = [each.title for each in ALL.values()]
    assert {titles.count(each.title) for each in ALL.values() if each.kind == QUIZ} == {1}
    letters = [each.right for each in ALL.values() if isinstance(each, Choice)]
    assert max(map(letters.count, letters)) < len(letters) / 2  # no letter is always right


@pytest.mark.parametrize("name", ["01", 1, "1", " Lesson 01", "lesson_01"])
def test_a_quiz_is_found_by_its_lessons_number(name):
    assert quiz(name).lesson == "01"


@pytest.mark.parametrize("name", ["", "8", "1a", None, 11, "lesson"])
def test_what_is_no_lesson_has_no_quiz(name):
    with pytest.raises(QuizError, match="is no lesson with a quiz; choose 00, 01"):
        quiz(name)


def test_a_quiz_is_answered_at_once_and_each_answer_is_told(said):
    quiz("01").check("148/2", "b")
    assert [each.heading for each in said] == [
        "Right, question 1", "Not yet, question 2", "Not attempted yet, question 3",
    ]  # fmt: skip
    assert "it was chosen by them" in said[1].text
    assert '`exercises.quiz("01").hint(3)` helps' in said[2].text
    assert "#4477aa" in said[0]._repr_html_()
    with pytest.raises(QuizError, match="has 3 questions; 4 are given"):
        quiz("01").check(1, 2, 3, 4)


def test_a_quiz_gives_hints_and_solutions_by_a_questions_number(said):
    quiz("06").questions[0].hints_given = 0
    quiz("06").hint(1)
    quiz("06").solution(2)
    assert said[0].text == 'p is 0.9 and n is 100. `exercises.quiz("06").hint(1)` again says more.'
    assert said[1].heading == "Solution, what to report"
    assert said[1].text.startswith("d) The mean")
    for number in (0, 4, "b"):
        with pytest.raises(QuizError, match="is no question; choose 1 to 3"):
            quiz("06").hint(number)


def test_a_quiz_shows_its_questions_and_how_to_answer():
    text = quiz("02")._repr_markdown_()
    assert all(f"**Question {number}: " in text for number in (1, 2, 3))
    assert '`exercises.quiz("02").check(..., ..., ...)`' in text and "`hint(1)`" in text
    assert repr(quiz("02")) == text


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
    assert (exercise.kind == QUIZ) == exercise.key[3:].startswith("quiz.")
    assert text.startswith(f"**{exercise.kind.capitalize()}: {exercise.title}.** ")
    assert exercise.question in text
    assert all(option in text for option in getattr(exercise, "options", {}).values())


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda values: values / 3, "[0, 0.3333, 0.6667], where [0, 2, 4] is expected"),
        (lambda values: values[:2], "[0, 1], where 3 numbers, in the shape (3,), are expected"),
        (lambda values: [[0, 2, 4]], "the right numbers in the shape (1, 3), where (3,) is"),
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
        == "[0, 0, 0, 0, 0], where 20 numbers, in the shape (4, 5), are expected"
    )


def test_long_values_are_cut_short():
    assert shown(np.zeros((9, 9))) == "an array of shape (9, 9)"
    assert len(shown("x" * 1000)) < 300
    assert shown(list(range(99))) == "[0, 1, 2, 3, 4, 5, 6, 7, …]"


def test_each_argument_of_an_example_is_named():
    text = exercises.lesson_05.errors_gone.judge(lambda before, after: 7).text
    assert re.match(r"With before = 0\.\d+ and after = 0\.\d+ your function gives 7, where", text)


def test_layers_are_shown_by_their_kind():
    layers = [keras.layers.BatchNormalization(), keras.layers.ReLU()]
    assert shown(layers) == "[BatchNormalization, ReLU]"


# Where they are: in the notebooks, and on the instructor's page.


@pytest.mark.parametrize("notebook", course_notebooks(), ids=lambda path: path.stem)
def test_a_notebook_has_the_exercises_of_its_lesson(notebook):
    lesson = notebook.stem[:2]
    if lesson not in LESSONS:
        pytest.skip("this lesson has no exercises")
    sources = cells_of_exercises(lesson)
    for number, exercise in enumerate(of_lesson(lesson), 1):
        assert exercise.markdown(number) in sources
        start_of(exercise)  # has a cell


@EVERY
def test_the_instructors_page_has_the_answer(exercise):
    page = (PROJECT / "docs" / "instructors.md").read_text(encoding="utf-8")
    assert exercise.title.lower() in page.lower()
    answer = (
        exercise.code if isinstance(exercise, Code) else exercise.answered().text.split(". ")[0]
    )
    assert answer.strip() in page
