"""What an answer may be (a number, a choice, a function), how it is checked, and what is shown."""

from __future__ import annotations

import html
import inspect
import math
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from typing import Any

import keras
import numpy as np
from IPython.display import display

# Told apart with any colour vision, and the heading says the same in words.
COLOURS = {"Right": "#4477aa", "Not yet": "#ee7733"}
OTHER_COLOUR = "#777777"
FRESH_INPUTS = 5  # on which a function is tried
THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}([, _']\d{3})+(\.\d+)?")
MARKS = re.compile(r"`([^`]+)`|(?<![\w*])\*(\w(?:[^*`]*\w)?)\*(?![\w*])")
LETTER = re.compile(r"\(?([a-z])(?:[).:].*)?", re.DOTALL)  # c, (c), or c) and what follows it
SAME_MISTAKE = 0.1  # a number further off than by this share is another mistake
FEW = 8  # numbers that are shown one by one
SHOWN = 200  # characters of a value in a message


class NotAttempted(Exception):
    """The answer, or what the function returns, is still the placeholder."""


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
        colour = COLOURS.get(self.heading, OTHER_COLOUR)
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
        kind: "predict", "complete", "explore" or "explain".
        title: a few words.
        question: what is asked, Markdown.
        hints: two, the second clearer than the first.
        why: why the right answer is right; shown with it.
        start: code that the learner finds in the cell, before `check`.
    """

    kind: str
    title: str
    question: str
    hints: tuple[str, str]
    why: str
    start: str = ""
    hints_given: int = field(default=0, init=False)

    def check(self, answer: Any = ...) -> None:
        """Show whether an answer is right, else what is wrong with it. Raises nothing."""
        display(self.judge(answer))

    def hint(self) -> None:
        """Show a hint; called again, the clearer one."""
        place = min(self.hints_given, 1)
        self.hints_given += 1
        more = ("`q.hint()` again says more.", "`q.solution()` tells.")[place]
        heading = f"Hint {place + 1} of 2, {self.title}"
        display(Feedback(heading, f"{self.hints[place]} {more}"))

    def solution(self) -> None:
        """Show the answer, and why it is the answer."""
        answer = self.answered()
        # All exercises of a lesson are called `q`, so what is shown names the one it is of.
        display(replace(answer, heading=f"{answer.heading}, {self.title}"))

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
        except Exception as error:
            problem = f"This answer cannot be checked: {type(error).__name__}: {error}"
        return Feedback("Not yet", problem) if problem else Feedback("Right", self.why)

    def markdown(self, number: int = 0) -> str:
        """Return the text that stands before the learner's cell, under the exercise's number."""
        place = f"Exercise {number}, {self.kind}" if number else self.kind.capitalize()
        return f"**{place}: {self.title}.** {self.question}"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def __repr__(self) -> str:
        return f"{self.title}: {self.question}"

    @abstractmethod
    def problem(self, answer: Any) -> str:
        """Return what is wrong with an answer, "" where it is right."""

    @abstractmethod
    def answered(self) -> Feedback:
        """Return what `solution` shows."""

    @abstractmethod
    def right_answers(self) -> list[Any]:
        """Return answers that are right, for the tests."""

    @abstractmethod
    def wrong_answers(self) -> list[tuple[Any, str]]:
        """Return the common wrong answers, each with what is said of it, for the tests."""


@dataclass(eq=False, repr=False, kw_only=True)
class Number(Exercise):
    """A number is asked.

    Attributes:
        answer: the number.
        mistakes: what is said of common wrong numbers.
        tolerance: by which share of it a number may be off, to count as the answer; 0 where it
            must be exact. To count as one of the mistakes it may be off by a tenth at most.
        also: other right numbers, such as the answer in another unit.
        share: the number is a share: 0.95, 95 and "95 %" are the same.
        units: words that may stand behind the number.
    """

    answer: float
    mistakes: Mapping[float, str]
    tolerance: float = 0.0
    also: tuple[float, ...] = ()
    share: bool = False
    units: tuple[str, ...] = ()

    def problem(self, answer: Any) -> str:
        value = self._read(answer)
        if isinstance(value, str):
            return value
        if any(_near(value, right, self.tolerance) for right in (self.answer, *self.also)):
            return ""
        for mistake in sorted(self.mistakes, key=lambda number: abs(number - value)):
            if _near(value, mistake, min(self.tolerance, SAME_MISTAKE)):
                return self.mistakes[mistake]
        return f"{self._shown(value)} is too {'small' if value < self.answer else 'large'}."

    def answered(self) -> Feedback:
        unit = f" {self.units[0]}" if self.units else ""
        return Feedback("Solution", f"{self._shown(self.answer)}{unit}. {self.why}")

    def right_answers(self) -> list[Any]:
        numbers = [self.answer, *self.also]
        texts = [str(self.answer), f" {self.answer:,} "]
        texts += [f"{self.answer} {unit}" for unit in self.units]
        percent = [100 * self.answer, f"{100 * self.answer} %"] if self.share else []
        return [*numbers, np.float64(self.answer), np.array([self.answer]), *texts, *percent]

    def wrong_answers(self) -> list[tuple[Any, str]]:
        more = [
            (self.answer + 1000 if self.answer < 1e9 else 1, "is too large"),
            (-1, "is too small"),
            (True, "no number"),
            ("many", "no number"),
            ([1, 2], "no number"),
            (float("nan"), "no number"),
        ]
        return [*self.mistakes.items(), *more]

    def _shown(self, value: float) -> str:
        if self.share:
            return f"{100 * value:.3g} %"
        if value == int(value):
            return f"{value:,.0f}"
        return np.format_float_positional(value, precision=4, fractional=False, trim="-")

    def _read(self, answer: Any) -> float | str:
        """Return the number that an answer means, or what is wrong with it."""
        percent = False
        if isinstance(answer, str):
            percent, text = answer.strip().endswith("%"), self._bare(answer)
        try:
            value = _number(text if isinstance(answer, str) else answer)
        except (TypeError, ValueError, ZeroDivisionError):
            return f"{shown(answer)} is no number; give one, such as 12 or 0.5."
        return value / 100 if percent or (self.share and value > 1) else value

    def _bare(self, text: str) -> str:
        """Return a text without its unit and the signs between thousands."""
        text = text.strip().removesuffix("%").strip()
        for unit in self.units:
            text = re.sub(rf"\s*{re.escape(unit)}$", "", text, flags=re.IGNORECASE)
        if THOUSANDS.fullmatch(text):
            return re.sub(r"[, _']", "", text)
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
        found = LETTER.fullmatch(answer.strip().lower()) if isinstance(answer, str) else None
        letter = found[1] if found else ""
        if letter not in self.options:
            *most, last = self.options
            return (
                f"{shown(answer)} is none of the letters; choose {', '.join(most)} or {last}, in "
                "quotation marks."
            )
        return self.reasons.get(letter, "")

    def answered(self) -> Feedback:
        return Feedback("Solution", f"{self.right}) {self.options[self.right]} {self.why}")

    def right_answers(self) -> list[Any]:
        whole = f"{self.right}) {self.options[self.right]}"
        return [self.right, self.right.upper(), f" ({self.right}) ", f"{self.right}.", whole]

    def wrong_answers(self) -> list[tuple[Any, str]]:
        return [*self.reasons.items(), ("z", "none of the letters"), (2, "none of the letters")]


@dataclass(eq=False, repr=False, kw_only=True)
class Function(Exercise):
    """A function is asked, and judged by what it returns on fresh inputs.

    What it computes is compared with what the solution computes; where it differs, with what the
    common mistakes compute.

    Attributes:
        code: the solution; it defines one function, and may use `np` and `keras`.
        mistakes: what is said of common wrong functions, by the code that defines one such.
        inputs: makes a function's arguments, by a generator of random numbers.
    """

    code: str
    mistakes: Mapping[str, str]
    inputs: Callable[[np.random.Generator], tuple]

    def problem(self, answer: Any) -> str:
        if not callable(answer):
            return (
                f"{shown(answer)} is no function; give the function itself, its name without "
                "brackets."
            )
        seeds = np.random.default_rng().integers(2**32, size=FRESH_INPUTS)
        found = []
        for seed in seeds:
            outcome, problem = self._try(answer, seed)
            if problem:
                return problem
            found.append(outcome)
        if self._agrees(found, self.code, seeds):
            return ""
        for code, message in self.mistakes.items():
            if self._agrees(found, code, seeds):
                return message
        return self._difference(found, seeds)

    def answered(self) -> Feedback:
        return Feedback("Solution", self.why, self.code)

    def right_answers(self) -> list[Any]:
        return [defined(self.code)]

    def wrong_answers(self) -> list[tuple[Any, str]]:
        more = [
            (5, "is no function"),
            (lambda *arguments: 1 / 0, "stopped with ZeroDivisionError"),
            (lambda *arguments: None, "returns nothing"),
            (lambda *arguments: "a", "gives 'a'"),
            (lambda: 1, "stopped with TypeError"),
        ]
        return [*((defined(code), message) for code, message in self.mistakes.items()), *more]

    def _arguments(self, seed: int) -> tuple:
        return self.inputs(np.random.default_rng(seed))

    def _try(self, answer: Callable, seed: int) -> tuple[Any, str]:
        """Return what a function gives on fresh inputs, and what is wrong with that."""
        try:
            outcome = answer(*self._arguments(seed))
        except (Exception, SystemExit) as error:
            if isinstance(error, (TypeError, AttributeError)) and "ellipsis" in str(error):
                raise NotAttempted from None
            return None, f"Your function stopped with {type(error).__name__}: {error}"
        parts = outcome if isinstance(outcome, (list, tuple)) else [outcome]
        if any(part is ... for part in parts):
            raise NotAttempted
        return outcome, "Your function returns nothing; has it a `return`?" * (outcome is None)

    def _agrees(self, found: list, code: str, seeds: np.ndarray) -> bool:
        function = defined(code)
        pairs = zip(found, seeds, strict=True)
        return all(alike(each, function(*self._arguments(seed))) for each, seed in pairs)

    def _difference(self, found: list, seeds: np.ndarray) -> str:
        for outcome, seed in zip(found, seeds, strict=True):
            expected = defined(self.code)(*self._arguments(seed))
            if not alike(outcome, expected):
                names = inspect.signature(defined(self.code)).parameters
                pairs = zip(names, self._arguments(seed), strict=True)
                given = " and ".join(f"{name} = {shown(value)}" for name, value in pairs)
                return f"With {given} your function gives {compared(outcome, expected)}."
        raise AssertionError("There is no difference.")


@cache
def defined(code: str) -> Callable:
    """Return the function that code defines."""
    known = {"np": np, "keras": keras}
    before = set(known)
    exec(code, known)
    return next(value for name, value in known.items() if name not in before and callable(value))


def alike(found: Any, expected: Any) -> bool:
    """Whether two outcomes are the same numbers in the same shape, but for rounding.

    Args:
        found: anything.
        expected: numbers, or lists or arrays of them.
    """
    found, expected = _numbers(found), np.asarray(expected, float)
    if found is None:
        return False
    if found.size == expected.size == 1:
        found = found.reshape(expected.shape)
    return found.shape == expected.shape and bool(_close(found, expected).all())


def compared(found: Any, expected: Any) -> str:
    """Write in a line how an outcome differs from the one expected; of many numbers, the first."""
    mine, right = _numbers(found), np.asarray(expected, float)
    if mine is None:
        return f"{shown(found)}, where numbers are expected"
    if right.size > FEW and mine.shape == right.shape:
        place = np.argwhere(~_close(mine, right))[0].tolist()
        one, other = (shown(values[tuple(place)]) for values in (mine, right))
        return f"{one} at {shown(place)}, where {other} is expected"
    return f"{shown(found)}, where {shown(expected)} is expected"


def _numbers(value: Any) -> np.ndarray | None:
    """Return an outcome as an array of numbers, None where it is something else."""
    try:
        return np.asarray(value, float)
    except (TypeError, ValueError):
        return None


def _close(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return np.isclose(found, expected, rtol=1e-4, atol=1e-6, equal_nan=True)


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


def _number(answer: Any) -> float:
    """Read a number, a text such as "1/3" included."""
    if isinstance(answer, (bool, np.bool_)):
        raise TypeError
    if isinstance(answer, str) and "/" in answer:
        answer = Fraction(answer)
    value = float(answer.item() if getattr(answer, "size", 0) == 1 else answer)
    if not math.isfinite(value):
        raise ValueError
    return value
