"""Exercises with feedback, one module a lesson.

    q = exercises.lesson_01.leak
    q.check(answer)   # right, or what is wrong with it
    q.hint()          # a hint; called again, a clearer one
    q.solution()      # the answer, and why

An exercise that nobody has attempted says so, and the notebook runs on. `kinds` has what an answer
may be: a number, a choice, a function. To add one, define it in its lesson's module; the tests find
it there. Runs do not depend on exercises, so these modules are no part of a run's key.

Own code, because jupyterquiz knows no functions, and otter-grader, made to grade what is handed in,
no hints in steps and no solutions.
"""

from types import ModuleType

from helpers.exercises import lesson_01, lesson_02, lesson_03, lesson_04, lesson_05, lesson_07
from helpers.exercises.kinds import Exercise

__all__ = [
    "exercises_of",
    "lesson_01",
    "lesson_02",
    "lesson_03",
    "lesson_04",
    "lesson_05",
    "lesson_07",
]


def exercises_of(lesson: ModuleType) -> dict[str, Exercise]:
    """Return a lesson's exercises by their names, in the order of the lesson."""
    return {name: each for name, each in vars(lesson).items() if isinstance(each, Exercise)}
