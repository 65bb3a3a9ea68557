"""What an answer may be (a number, a choice, code), how it is checked, and what is shown."""

from __future__ import annotations

import html
import inspect
import math
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import keras
import numpy as np
from IPython.display import display

from helpers import progress

# Told apart with any colour vision, and the heading says the same in words.
COLOURS = {"Right": "#4477aa", "Not yet": "#ee7733"}
OTHER_COLOUR = "#777777"
THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}([, _'’]\d{3})+(\.\d+)?")
POINTS = re.compile(r"[-+]?[1-9]\d{0,2}(\.\d{3})+")  # between thousands, as in 2.097.665
SUM = re.compile(r"(?!.*\*\*)[\d.()+*/e -]{1,80}")
ABOUT = re.compile(r"(about|around|roughly|approximately|circa|ca\.|=|~|≈)\s*", re.IGNORECASE)
WORDS = re.compile(r"([-+(.\d].*?)\s*((?:%|°|[^\W\d_])\D*)?")  # a number and what stands behind
MANY = {"k": 1e3, "thousand": 1e3, "million": 1e6, "billion": 1e9}
MARKS = re.compile(r"`([^`]+)`|(?<![\w*])\*(\w(?:[^*`]*\w)?)\*(?![\w*])")
LETTER = re.compile(  # c, (c), option c, or c) and what follows it
    r"(?:(?:answer|option|statement)\s+)?[(\[]?([a-z])[)\]]?(?:[).:]\s*(\S.*)?)?", re.DOTALL
)
SAME_MISTAKE = 0.1  # a number further off than by this share is another mistake
NEARLY = 0.02  # a number that must be exact and is off by less was counted carelessly
ROUNDED = 6e-4  # numbers rounded to three decimals are right
COARSE = 0.06  # those rounded to one or two are not, and are told so
FEW = 8  # numbers that are shown one by one
SHOWN = 200  # characters of a value in a message
DOTS = (AttributeError, TypeError, ValueError)  # what dots left in an expression lead to
CURES = {  # what NumPy says of these leads astray
    "truth value of an array": "For arrays, `and` is written `&`, `or` is `|`, `not` is `~`.",
}


def described(error: BaseException) -> str:
    """Name an error as a learner reads it; of a report of Keras, its sentence in bold."""
    bold = re.search(r"\x1b\[1m(.+?)\x1b\[0m", str(error), re.DOTALL)
    return f"{type(error).__name__}: {bold[1] if bold else error}"


class NotAttempted(Exception):
    """The answer, or what the function returns, is still the placeholder."""


class NotYet(Exception):
    """What is wrong with an answer, where looking further makes no sense."""


@dataclass(frozen=True, repr=False)
class Feedback:
    """What the learner reads, as text and as HTML.

    Attributes:
        heading: such as "Right".
        text: one or more sentences; `code` stands in backticks, what is *stressed* in stars.
        code: Python, shown below the text; "" for none.
    """

    heading: str
    text: str
    code: str = ""

    def __repr__(self) -> str:
        lines = [f"{self.heading}. {self.text}", *self.code.splitlines()]
        return "\n    ".join(lines)

    def _repr_html_(self) -> str:
        colour = COLOURS.get(self.heading.partition(",")[0], OTHER_COLOUR)
        text = MARKS.sub(_in_html, html.escape(self.text, quote=False))
        code = html.escape(self.code, quote=False)
        code = f'<pre style="overflow-x: auto">{code}</pre>' if code else ""
        return (
            f'<div style="border-left: 4px solid {colour}; padding: 0.2em 0.8em">'
            f"<strong>{html.escape(self.heading)}.</strong> {text}{code}</div>"
        )


def _in_html(mark: re.Match) -> str:
    return f"<code>{mark[1]}</code>" if mark[1] else f"<em>{mark[2]}</em>"


WAITING = Feedback(
    "Not attempted yet",
    "Put your answer in place of the three dots and run this cell again. "
    "`q.hint()` helps, `q.solution()` tells.",
)


@dataclass(eq=False, repr=False, kw_only=True)
class Exercise(ABC):
    """One exercise.

    Attributes:
        kind: "predict", "complete", "explore" or "explain"; "quiz" for a question of a quiz.
        title: a few words.
        question: what is asked, Markdown.
        hints: two, the second clearer than the first.
        why: why the right answer is right; shown with it.
        key: under which progress is kept, such as "01.weights"; "" for not at all.
    """

    kind: str = progress.QUIZ
    title: str
    question: str
    hints: tuple[str, str]
    why: str
    key: str = field(default="", init=False)
    hints_given: int = field(default=0, init=False)

    def check(self, answer: Any = ...) -> None:
        """Show whether an answer is right, else what is wrong with it. Raises nothing."""
        display(self.attempt(answer))

    def hint(self) -> None:
        """Show a hint; called again, the clearer one."""
        display(self.next_hint())

    def solution(self) -> None:
        """Show the answer, and why it is the answer."""
        display(self.give_up())

    def attempt(self, answer: Any = ...) -> Feedback:
        """Judge an answer, and keep that there was one."""
        feedback = self.judge(answer)
        if feedback is not WAITING:
            right = feedback.heading == "Right"
            progress.note(self.key, progress.RIGHT if right else progress.WRONG)
        return feedback

    def next_hint(self) -> Feedback:
        """Return what `hint` shows."""
        place = min(self.hints_given, 1)
        self.hints_given += 1
        more = ("`q.hint()` again says more.", "`q.solution()` tells.")[place]
        return Feedback(f"Hint {place + 1} of 2, {self.title}", f"{self.hints[place]} {more}")

    def give_up(self) -> Feedback:
        """Return what `solution` shows, and keep that it was."""
        progress.note(self.key, progress.SOLUTION)
        answer = self.answered()
        # All exercises of a lesson are called `q`, so what is shown names the one it is of.
        return replace(answer, heading=f"{answer.heading}, {self.title}")

    def judge(self, answer: Any = ...) -> Feedback:
        """Return what `check` shows.

        Args:
            answer: anything at all; None, "" and `...` count as not attempted.
        """
        if answer is None or answer is ... or (isinstance(answer, str) and not answer.strip()):
            return WAITING
        try:
            with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
                problem = self.problem(answer)
        except NotAttempted:
            return WAITING
        except NotYet as wrong:
            problem = str(wrong)
        except Exception as error:
            problem = f"This answer cannot be checked: {described(error)}"
        return Feedback("Not yet", problem) if problem else Feedback("Right", self.why)

    def markdown(self, number: int = 0) -> str:
        """Return the text that stands before the learner's cell, under the exercise's number."""
        name = "Question {}" if self.kind == progress.QUIZ else "Exercise {}, {}"
        place = name.format(number, self.kind) if number else self.kind.capitalize()
        return f"**{place}: {self.title}.** {self.question}"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def __repr__(self) -> str:
        return f"{self.title}: {self.question}"

    @abstractmethod
    def problem(self, answer: Any) -> str:
        """Return what is wrong with an answer, or raise it as NotYet; "" where it is right."""

    @abstractmethod
    def answered(self) -> Feedback:
        """Return what `solution` shows."""


@dataclass(eq=False, repr=False, kw_only=True)
class Number(Exercise):
    """A number is asked.

    Attributes:
        answer: the number, above 0.
        mistakes: what is said of common wrong numbers.
        tolerance: by which share of it a number may be larger than the answer (or the answer than
            the number), to count as the answer; 0 where it must be exact. To count as one of the
            mistakes it may be off by a tenth at most.
        share: the number is a share: 0.95, 95 and "95 %" are the same.
        units: how many of the answer's unit are in each unit that may stand behind the number,
            several where people mean several; a number without a unit may be in any of them.
            Without units, any words may stand there.
    """

    answer: float
    mistakes: Mapping[float, str]
    tolerance: float = 0.0
    share: bool = False
    units: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def problem(self, answer: Any) -> str:
        values = self._read(answer)
        if any(_within(value, self.answer, self.tolerance) for value in values):
            return ""
        value = values[0]
        for mistake in sorted(self.mistakes, key=lambda number: abs(number - value)):
            if _near(value, mistake, min(self.tolerance, SAME_MISTAKE)):
                return self.mistakes[mistake]
        size = "small" if value < self.answer else "large"
        if not self.tolerance and _near(value, self.answer, NEARLY):
            return f"{self._shown(value)} is a little too {size}; give the number exactly."
        return f"{self._shown(value)} is too {size}; `q.hint()` helps."

    def answered(self) -> Feedback:
        unit = next((f" {unit}" for unit in self.units), "")
        return Feedback("Solution", f"{self._shown(self.answer)}{unit}. {self.why}")

    def _shown(self, value: float) -> str:
        unit, value = (" %", 100 * value) if self.share else ("", value)
        if value == int(value):
            return f"{value:,.0f}{unit}"
        return np.format_float_positional(value, precision=4, fractional=False, trim="-") + unit

    def _read(self, answer: Any) -> list[float]:
        """Return the numbers that an answer may mean."""
        words = ""
        try:
            if isinstance(answer, str):
                text = ABOUT.sub("", " ".join(answer.split()), count=1).rstrip(" .")
                text, words = WORDS.fullmatch(text).groups("")
                value = _number(self._bare(text, words))
            else:
                value = _number(answer)
        except (ArithmeticError, AttributeError, SyntaxError, TypeError, ValueError):
            raise NotYet(f"{shown(answer)} is no number; give one, such as 12 or 0.5.") from None
        first, *rest = words.casefold().split() or [""]
        if first in MANY:
            value, first = value * MANY[first], (rest or [""])[0]
        if words.casefold().startswith(("%", "percent", "per cent")):
            return [value / 100]
        if self.share:
            return [value / 100 if value > 1 else value]
        sizes = {unit.casefold(): size for unit, size in self.units.items()}
        if first and sizes and first.strip(".,") not in sizes:
            raise NotYet(f"Give the number in {next(iter(self.units))}.")
        if first and sizes:
            return [value * size for size in sizes[first.strip(".,")]]
        return [value, *(value * size for each in sizes.values() for size in each)]

    def _bare(self, text: str, words: str) -> str:
        """Return a number's text as Python writes it: no signs between thousands, a point."""
        whole = not self.tolerance and self.answer == int(self.answer)
        whole = whole and not words.casefold().startswith(tuple(MANY))
        if THOUSANDS.fullmatch(text):
            return re.sub(r"[, _'’]", "", text)
        if text.count(".") > 1 or whole:
            text = text.replace(".", "") if POINTS.fullmatch(text) else text
        return text.replace(",", ".") if text.count(",") == 1 else text


@dataclass(eq=False, repr=False, kw_only=True)
class Choice(Exercise):
    """One of a few statements is asked, by its letter.

    Attributes:
        options: each statement by its letter.
        reasons: what is said of each wrong one, by its letter; the one without a reason is right.
    """

    options: Mapping[str, str]
    reasons: Mapping[str, str]

    @property
    def right(self) -> str:
        """The letter of the right statement."""
        return next(letter for letter in self.options if letter not in self.reasons)

    def markdown(self, number: int = 0) -> str:
        lines = [f"- {letter}) {text}" for letter, text in self.options.items()]
        return "\n".join([super().markdown(number), "", *lines])

    def problem(self, answer: Any) -> str:
        letter = self._letter(answer) if isinstance(answer, str) else ""
        if not letter:
            *most, last = self.options
            return (
                f"{shown(answer)} is none of the letters; choose {', '.join(most)} or {last}, in "
                "quotation marks."
            )
        return self.reasons.get(letter, "")

    def answered(self) -> Feedback:
        return Feedback("Solution", f"{self.right}) {self.options[self.right]} {self.why}")

    def _letter(self, answer: str) -> str:
        """Return the letter of the one statement that an answer names, "" where it is none."""
        text = answer.strip().strip("'\"`").strip().lower()
        for letter, option in self.options.items():
            if text.rstrip(".") == option.lower().rstrip("."):
                return letter
        found = LETTER.fullmatch(text)
        letter, rest = found.groups("") if found else ("", "")
        another = re.match(r"(?:(?:and|or|[,/&])\s*)?[(\[]?[a-z](?:[)\].:]|$)", rest)
        return letter if letter in self.options and not another else ""


@dataclass(eq=False, repr=False, kw_only=True)
class Code(Exercise):
    """Code is asked: a function, or a network; `examine` says what is wrong with it, "" if nothing.

    Attributes:
        code: the solution; it defines one function, and may use `np`, `keras` and `layers`.
    """

    code: str

    def problem(self, answer: Any) -> str:
        if not callable(answer):
            return (
                f"{shown(answer)} is no function; give the function itself, its name without "
                "brackets."
            )
        return self.examine(answer)

    def answered(self) -> Feedback:
        return Feedback("Solution", self.why, self.code)


@dataclass(eq=False, repr=False, kw_only=True)
class Examined(Code):
    """Code is asked that many ways may be right: what it gives is examined.

    Attributes:
        examine: returns what is wrong with a function, "" where it is right.
    """

    examine: Callable[[Callable], str]


@dataclass(eq=False, repr=False, kw_only=True)
class Function(Code):
    """A function is asked, and judged by what it returns on fresh inputs.

    What it computes is compared with what the solution computes; where it differs, with what the
    common mistakes compute.

    Attributes:
        mistakes: what is said of common wrong code, by what a function like the solution returns
            instead.
        inputs: makes, by a generator of random numbers, the arguments of a few calls, among them
            every case in which a common mistake shows.
        told: the beginning of a message, given a call's arguments and the place of the first wrong
            number, where the arguments are too large to be shown.
    """

    mistakes: Mapping[str, str]
    inputs: Callable[[np.random.Generator], list[tuple]]
    told: Callable[[tuple, tuple], str] | None = None

    def examine(self, answer: Callable) -> str:
        seed = int(np.random.default_rng().integers(2**32))
        calls, again = (self.inputs(np.random.default_rng(seed)) for _ in range(2))
        found = [tried(answer, *arguments) for arguments in again]  # which it may change
        if self._agrees(found, self.code, calls):
            return ""
        head = f"{self.code.splitlines()[0]}\n    return "
        for body, message in self.mistakes.items():
            if self._agrees(found, head + body, calls):
                return message
        if self._agrees(found, self.code, calls, COARSE):
            return "That is rounded too far; leave the numbers as they are."
        return self._difference(found, calls)

    def _agrees(self, found: list, code: str, calls: list, rounded: float = ROUNDED) -> bool:
        pairs = zip(found, calls, strict=True)
        return all(alike(one, defined(code)(*arguments), rounded) for one, arguments in pairs)

    def _difference(self, found: list, calls: list) -> str:
        function = defined(self.code)
        for outcome, arguments in zip(found, calls, strict=True):
            expected = function(*arguments)
            if not alike(outcome, expected):
                break
        place = first_difference(outcome, expected)
        if self.told and place is not None:
            given = self.told(arguments, place)
        else:
            pairs = zip(inspect.signature(function).parameters, arguments, strict=True)
            given = "With " + " and ".join(f"{name} = {shown(value)}" for name, value in pairs)
        return f"{given} your function gives {compared(outcome, expected)}."


def tried(function: Callable, *arguments: Any) -> Any:
    """Call a learner's function: return its outcome.

    If three dots are left in it, that is NotAttempted; an error, or nothing returned, NotYet.
    """
    try:
        outcome = function(*arguments)
    except (Exception, SystemExit) as error:
        if isinstance(error, DOTS) and "ellipsis" in str(error).lower():
            raise NotAttempted from None
        known = next((f" {cure}" for part, cure in CURES.items() if part in str(error)), "")
        raise NotYet(f"Your function stopped with {described(error)}{known}") from None
    if isinstance(outcome, Iterator):
        outcome = list(outcome)
    parts = outcome if isinstance(outcome, (list, tuple)) else [outcome]
    if any(part is ... for part in parts):
        raise NotAttempted
    if outcome is None:
        raise NotYet("Your function returns nothing; has it a `return`?")
    return outcome


@cache
def defined(code: str) -> Callable:
    """Return the function that code defines."""
    known = {"np": np, "keras": keras, "layers": keras.layers}
    before = set(known)
    exec(code, known)
    return next(value for name, value in known.items() if name not in before and callable(value))


def alike(found: Any, expected: Any, rounded: float = ROUNDED) -> bool:
    """Whether an outcome, anything, has the expected shape and, but for rounding, numbers."""
    found, expected = _numbers(found), np.asarray(expected, float)
    if found is None:
        return False
    if found.size == expected.size == 1:
        found = found.reshape(expected.shape)
    return found.shape == expected.shape and bool(_close(found, expected, rounded).all())


def first_difference(found: Any, expected: Any) -> tuple[int, ...] | None:
    """Return the place of the first number that differs, None where the shapes do."""
    mine, right = _numbers(found), np.asarray(expected, float)
    if mine is None or mine.shape != right.shape:
        return None
    return tuple(np.argwhere(~_close(mine, right))[0].tolist())


def compared(found: Any, expected: Any) -> str:
    """Write in a line how an outcome differs from the one expected; of many numbers, the first."""
    mine, right = _numbers(found), np.asarray(expected, float)
    kind = "True or False" if np.asarray(expected).dtype == bool else "numbers"
    if mine is None:
        return f"{shown(found)}, where {kind} {'is' if 'T' in kind else 'are'} expected"
    if mine.shape != right.shape:
        return _other_shape(found, mine, right)
    if right.size > FEW:
        place = first_difference(found, expected)
        one, other = (shown(values[place]) for values in (mine, right))
        return f"{one} at {shown(list(place))}, where {other} is expected"
    return f"{shown(found)}, where {shown(expected)} is expected"


def _other_shape(found: Any, mine: np.ndarray, right: np.ndarray) -> str:
    """Write in a line what is wrong with the shape of an outcome."""
    if mine.size == right.size and _close(mine.ravel(), right.ravel()).all():
        return (
            f"the right numbers in the shape {mine.shape}, where {right.shape} is expected; "
            "`.reshape` or another `axis` mends that"
        )
    many = mine.size > FEW
    given = f"{mine.size:,} numbers in the shape {mine.shape}" if many else shown(found)
    if right.size == 1:
        return f"{given}, where one number is expected"
    return f"{given}, where {right.size:,} numbers, in the shape {right.shape}, are expected"


def _numbers(value: Any) -> np.ndarray | None:
    """Return an outcome as an array of numbers, None where it is something else."""
    try:
        return np.asarray(value, float)
    except (TypeError, ValueError):
        return None


def _close(found: np.ndarray, expected: np.ndarray, rounded: float = ROUNDED) -> np.ndarray:
    return np.isclose(found, expected, rtol=1e-4, atol=rounded, equal_nan=True)


def shown(value: Any) -> str:
    """Write a value in a line: a large array by its shape, a layer by its kind, long ones short."""
    shape = getattr(value, "shape", ())
    if shape and np.prod(shape) > FEW:
        return f"an array of shape {tuple(shape)}"
    if isinstance(value, (np.generic, np.ndarray)):
        return shown(value.tolist())
    if isinstance(value, (list, tuple)):
        more = ", …" if len(value) > FEW else ""
        return f"[{', '.join(map(shown, value[:FEW]))}{more}]"
    if isinstance(value, keras.layers.Layer):
        return type(value).__name__
    text = f"{value:.4g}" if isinstance(value, float) else " ".join(repr(value).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _near(value: float, number: float, share: float) -> bool:
    """Whether a value is off a number by no more than a share of the number."""
    return math.isclose(value, number, rel_tol=1e-7, abs_tol=share * abs(number))


def _within(value: float, number: float, share: float) -> bool:
    """Whether the larger of two numbers is larger than the other by no more than a share of it."""
    low, high = sorted((value, number))
    return low > 0 and high <= low * (1 + share) * (1 + 1e-7)


def _number(answer: Any) -> float:
    """Read a number, a sum in a text such as "64 x 28" included."""
    if isinstance(answer, (bool, np.bool_)):
        raise TypeError
    if isinstance(answer, str):
        answer = re.sub(r"\s*[x×]\s*", "*", answer)
        if SUM.fullmatch(answer) and not answer.isdecimal():
            answer = eval(answer, {"__builtins__": {}})  # digits, brackets and + - * / only
    value = float(answer.item() if getattr(answer, "size", 0) == 1 else answer)
    if not math.isfinite(value):
        raise ValueError
    return value
