"""The rules for the notebooks' parameters: which there are, and which values each may take.

A notebook declares its parameters in one cell tagged `parameters`, as annotated literals, and
checks them in the next: `check_parameters(globals())`. `tools.reruns` checks by the same rules
before a run starts.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

from helpers.messages import OneSentence

CAPITALS = re.compile(r"[A-Z][A-Z0-9_]*").fullmatch  # a parameter's name
# Papermill writes the values it was given into a cell of their own, which opens with this line.
INJECTED_CELL = "# Parameters\n"
FORGET = "Correct it and restart the kernel, which remembers the old name until then."
PLAIN_TYPES = (bool, int, float, str, list, tuple, dict, NoneType)


class ParameterError(OneSentence):
    """A parameter that does not exist, or a value that is not allowed."""


# Each rule has `allowed`, the allowed values in words; `accepts`, whether a value is one of them;
# `parse`, which reads a value from a command line; `type_name`, as in a notebook's annotation.


@dataclass(frozen=True)
class Number:
    """A number from `low` to `high`, both included; a whole number will do, True and NaN not."""

    low: float
    high: float
    type_name = "float"

    @property
    def allowed(self) -> str:
        return f"{_decimal(self.low)} to {_decimal(self.high)}"

    def accepts(self, value: Any) -> bool:
        return type(value) in (int, float) and self.low <= value <= self.high

    def parse(self, text: str) -> Any:
        """Read a number; other text stays text."""
        try:
            return float(text)
        except ValueError:
            return text


@dataclass(frozen=True)
class Whole(Number):
    """A whole number from `low` to `high`, both included; with `least`, `low` or from there on."""

    least: int = 0
    type_name = "int"

    @property
    def allowed(self) -> str:
        return f"{self.low}{f', or {self.least}' if self.least else ''} to {self.high}"

    def accepts(self, value: Any) -> bool:
        whole = type(value) is int and super().accepts(value)
        return whole and (value == self.low or value >= self.least)

    def parse(self, text: str) -> Any:
        """Read a number: 5 and 5.0 are five; other text stays text."""
        number = super().parse(text)
        return int(number) if isinstance(number, float) and number.is_integer() else text


@dataclass(frozen=True)
class Text:
    """Text for which `test` holds.

    Attributes:
        summary: stands for `allowed` in a notebook where that is too long.
        remark: says what helps somebody whose text is not allowed, "" where `allowed` says all.
    """

    allowed: str
    test: Callable[[str], bool]
    summary: str = ""
    remark: Callable[[str], str] = lambda _: ""
    type_name = "str"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, str) and self.test(value)

    def parse(self, text: str) -> str:
        return text


def _one_of(*names: str, summary: str = "") -> Text:
    return Text(f"{', '.join(names[:-1])} or {names[-1]}", names.__contains__, summary)


def _fault_of_data(value: str) -> str:
    """Say what a folder of one's own lacks, in a sentence; "" if nothing, or it is a name."""
    from helpers.data.folders import find_fault  # of no use to most

    return "" if value in ("auto", "full", "samples") else find_fault(value)


def _is(test: Callable[[Path], bool], path: str) -> bool:
    try:
        return test(Path(path).expanduser())
    except (OSError, RuntimeError, ValueError):  # too long, an unknown ~user, a null character
        return False


def _fault_of_photo(value: str) -> str:
    """Say why nothing could be shown of a learner's own photos, in a sentence; "" if something."""
    from helpers.photos import find_fault  # of no use to most

    return find_fault(value) if value else ""


def _remark_on_photo(value: str) -> str:
    return _fault_of_photo(value).rstrip(".") if _is(Path.exists, value) else _looked_for(value)


def _looked_for(_: str) -> str:
    return f"looked for in {Path.cwd()}"


FOLDER_NAME = re.compile(r"[^\W_][\w -]{0,30}(?<! )")  # a name that every system takes for a folder
RESERVED = re.compile(  # for splits, see `data.folders`, and by Windows
    r"train(ing)?|val(id(ation)?)?|test(ing)?|con|prn|aux|nul|(com|lpt)\d", re.IGNORECASE
)


def _names_folder(name: str) -> bool:
    return bool(FOLDER_NAME.fullmatch(name)) and not RESERVED.fullmatch(name)


def _names_folders(text: str) -> bool:
    names = [name.strip() for name in text.split(",")]
    different = len({name.casefold() for name in names}) == len(names)
    return 2 <= len(names) <= 8 and different and all(map(_names_folder, names))


# As in `weights.BACKBONES`, which cannot be imported before TensorFlow is set up.
BACKBONE_NAMES = ("InceptionV3", "VGG16", "VGG19", "EfficientNetLite0")

RULES: dict[str, Number | Text] = {
    "DATA": Text(
        "auto, full or samples, or a folder that holds a folder of pictures for each class",
        lambda value: not _fault_of_data(value),
        "auto, full or samples",
        lambda value: _fault_of_data(value).rstrip("."),
    ),
    "EPOCHS": Whole(1, 500),
    "STEPS_PER_EPOCH": Whole(1, 1000),
    "BATCH_SIZE": Whole(1, 1024),
    "HIDDEN": Whole(1, 4096),
    "IMAGE_SIZE": Whole(48, 300),  # pixels
    "LEARNING_RATE": Number(1e-6, 1.0),
    # Training pictures used per class, 0 for all; fewer leave nothing to hold out, or for a fold.
    "LIMIT": Whole(0, 100_000, least=10),
    "SEED": Whole(0, 2**31 - 1),
    "PRECISION": _one_of("auto", "float32", "mixed_bfloat16", "mixed_float16"),
    "PHOTO": Text(
        'a picture or a folder that exists, or "" for none',
        lambda value: not _fault_of_photo(value),
        remark=_remark_on_photo,
    ),
    "PACE": _one_of("auto", "class", "published"),
    "SMALL_EPOCHS": Whole(1, 500),  # epochs of the better recipe on small pictures
    "RECIPE_EPOCHS": Whole(1, 500),  # epochs of the better recipe
    "DRAWN": Whole(1, 10_000),  # drawn hands of each class, added to the training
    "CHOICE_EPOCHS": Whole(1, 500),  # epochs of each candidate for it
    "HEAD_EPOCHS": Whole(1, 500),  # epochs of a new head on a frozen base, before fine-tuning
    "ROTATION": Whole(0, 180),  # degrees either way
    "BACKBONE": _one_of("auto", *BACKBONE_NAMES, summary="auto or a network's name"),
    "COPIES": Whole(1, 100),  # augmented copies kept of each picture
    "RECIPE_COPIES": Whole(1, 100),  # augmented copies kept of each picture for the recipe
    "DEPTH": _one_of("deep", "shallow"),  # how many blocks of the base are fine-tuned
    "FRESH": _one_of("yes", "no"),  # train on fresh copies, too, to compare
    "FINE_EPOCHS": Whole(1, 500),  # epochs of fine-tuning as published
    "MORE_EPOCHS": Whole(0, 500),  # further ones, at a lower rate
    "RECIPE_SIZE": Whole(48, 300),  # pixels, of the better recipe
    "PHOTOS_PER_CLASS": Whole(0, 12_500, least=10),  # shared out among the splits, 0 for all
    "SCRATCH_STEPS": Whole(4, 10_000),  # batches of each training from scratch
    "TUNING_RATE": Number(1e-6, 1.0),  # of a fine-tuning as published
    "DRAWS": Whole(1, 20),  # draws of pictures for each training from scratch
    "RECORDS": Text(
        'a folder that exists, examples, or "" for the newest sweep',
        lambda value: value in ("", "examples") or _is(Path.is_dir, value),
        remark=_looked_for,
    ),
    "FIGURE": Text('a figure in the records, or "" for the first', lambda _: True),
    "ALBUM": Text(  # of pictures of one's own
        "a name of letters, digits, spaces, - and _, 31 at most, but not train or test",
        _names_folder,
        "a name of letters, digits, spaces, - and _, 31 at most",
    ),
    "GESTURES": Text(  # the classes of that album
        "2 to 8 different names with commas between them, each of letters, digits, spaces, - and "
        "_, 31 at most, but not train, validation or test",
        _names_folders,
        "2 to 8 names with commas between them",
    ),
    "RECIPE_BATCH": Whole(1, 1024),  # pictures per batch of the better recipe
    "MOST_PER_CLASS": Whole(2, 10_000),  # of a curve of accuracy by number of pictures
    "FEW_STEPS": Whole(4, 10_000),  # batches of each training of that curve
    "TEST_SHARE": Number(0.05, 0.4),  # of pictures of one's own
    "GROUPS": _one_of("auto", "folder", "prefix", "none"),  # what belongs together of these
    "MINUTES": Number(0.1, 600),  # for all trainings of a lesson together
}


def check_values(values: Mapping[str, Any], known: Iterable[str]) -> None:
    """Check values by name against the rules; `known` names the notebook's parameters.

    Raises:
        ParameterError: a name is not among `known` or has no rule, or a value is of the wrong type
            or out of range; one sentence says all of it.
    """
    known = list(known)
    unknown = [name for name in values if name not in known]
    problems = []
    for name in unknown:
        close = difflib.get_close_matches(str(name).upper(), known, n=1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        problems.append(f"{name} is not a parameter{meant}")
    problems += filter(None, (_problem(name, values[name]) for name in values if name in known))
    if unknown:
        problems.append(f"this notebook has {', '.join(known) or 'no parameters'}")
    if problems:
        raise ParameterError(f"Parameters: {'; '.join(problems)}.")


def check_parameters(namespace: Mapping[str, Any]) -> None:
    """Check a notebook's parameters by its `globals()`, from the cell after the one that sets them.

    The parameters are the annotated names in capitals; any other plain value under a name in
    capitals, and any other name papermill was given, is a parameter this notebook does not have.

    Raises:
        ParameterError: see `check_values`.
    """
    known = [name for name in namespace.get("__annotations__", {}) if CAPITALS(name)]
    plain = [name for name, value in namespace.items() if isinstance(value, PLAIN_TYPES)]
    capitals = [name for name in plain if CAPITALS(name)]
    names = dict.fromkeys([*known, *capitals, *injected_names(namespace)])
    # The rule's name, where one is misspelt in the notebook's own cell.
    close = {name: difflib.get_close_matches(name, RULES, n=1, cutoff=0.8) for name in known}
    known = list(dict.fromkeys((close[name] or [name])[0] for name in known))
    try:
        check_values({name: namespace.get(name) for name in names}, known)
    except ParameterError as error:
        if set(names) <= set(known):
            raise
        raise ParameterError(f"{error} {FORGET}") from None


def _problem(name: str, value: Any) -> str:
    """Say what is wrong with a value, "" if nothing."""
    rule = RULES.get(name)
    if rule is None:
        return f"{name} has no rule, add one to RULES in helpers/parameters.py"
    if rule.accepts(value):
        return ""
    remark = _remark(rule, value)
    problem = f"{name} is {value!r} ({type(value).__name__}), but must be {rule.allowed}"
    return f"{problem} ({remark})" if remark else problem


def _remark(rule: Number | Text, value: Any) -> str:
    """Return what helps beyond the allowed values, "" where these say all."""
    if isinstance(rule, Text):
        if isinstance(value, str):
            return rule.remark(value)
        return "put it in quotation marks, or give it by -p of tools.reruns, where text is text"
    if isinstance(value, str):
        return "without quotation marks" if rule.accepts(rule.parse(value)) else ""
    whole = isinstance(rule, Whole) and isinstance(value, float)
    return "a whole number, without a point" if whole else ""


def injected_names(namespace: Mapping[str, Any]) -> list[str]:
    """Return the names that papermill set in its own cell; `In` is IPython's list of cells."""
    cell = next((c for c in namespace.get("In", []) if c.startswith(INJECTED_CELL)), "")
    assignments = [node for node in ast.parse(cell).body if isinstance(node, ast.Assign)]
    return [node.targets[0].id for node in assignments if isinstance(node.targets[0], ast.Name)]


def _decimal(number: float) -> str:
    """Write a number without an exponent: 1e-6 is 0.000001."""
    return f"{number:.9f}".rstrip("0").rstrip(".")
