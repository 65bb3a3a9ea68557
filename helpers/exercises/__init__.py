"""Exercises with feedback, one module a lesson; a quiz a lesson; a learner's progress.

    q = exercises.lesson_01.leak
    q.check(answer)   # right, or what is wrong with it
    q.hint()          # a hint; called again, a clearer one
    q.solution()      # the answer, and why

    exercises.quiz("01")                       # three questions at the end of lesson 1
    exercises.quiz("01").check(74, "a", "d")
    exercises.report("Ada Lovelace")           # what is done, and a file to hand in

An exercise that nobody has attempted says so, and the notebook runs on. `kinds` has what an answer
may be: a number, a choice, a function, or something examined, such as a network. To add one, define
it in its lesson's module; the tests find it there.

Own code, because jupyterquiz knows no functions, and otter-grader, made to grade what is handed in,
no hints in steps and no solutions.
"""

from helpers import progress
from helpers.exercises import lesson_01, lesson_02, lesson_03, lesson_04, lesson_05, lesson_07
from helpers.exercises.kinds import Exercise
from helpers.exercises.quizzes import QUIZZES
from helpers.exercises.quizzes import quiz as quiz

MODULES = (lesson_01, lesson_02, lesson_03, lesson_04, lesson_05, lesson_07)


def all_exercises() -> dict[str, Exercise]:
    """Return every exercise and quiz question by its key, such as "01.weights" or "01.quiz.2"."""
    found = {
        f"{module.__name__[-2:]}.{name}": each
        for module in MODULES
        for name, each in vars(module).items()
        if isinstance(each, Exercise)
    }
    return found | {
        f"{lesson}.{progress.QUIZ}.{number}": each
        for lesson, questions in QUIZZES.items()
        for number, each in enumerate(questions, 1)
    }


def report(name: str = "") -> progress.Report:
    """Show what a learner has done; with a name, write a file to hand in, see `progress.report`."""
    return progress.report({key: each.title for key, each in all_exercises().items()}, name)


for _key, _each in all_exercises().items():
    _each.key = _key
