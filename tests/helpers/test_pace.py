"""The pace: what it shortens, what it leaves alone, how it is chosen."""

from __future__ import annotations

import ast

import pytest

from helpers import pace
from helpers.parameters import RULES
from tools.execution import cells_of, course_notebooks, default_parameters

MINUTES = (60, 10)
LESSONS = [path for path in course_notebooks() if "PACE" in default_parameters(path)]


@pytest.fixture
def cells():
    return {"PACE": "class", "EPOCHS": 25, "LIMIT": 0}


def set_pace(cells):
    return pace.set_pace(cells, MINUTES, EPOCHS=(25, 3), LIMIT=(0, 100))


def test_class_pace_shortens_and_says_so(cells):
    line = set_pace(cells)
    assert (cells["EPOCHS"], cells["LIMIT"]) == (3, 100)
    assert line == "Pace: class, as asked. EPOCHS 3 instead of 25, LIMIT 100 instead of 0."


def test_published_pace_changes_nothing(cells):
    cells["PACE"] = "published"
    assert set_pace(cells) == "Pace: published, as asked."
    assert (cells["EPOCHS"], cells["LIMIT"]) == (25, 0)


def test_a_value_of_ones_own_stays_even_if_it_is_the_published_one(cells):
    cells["LIMIT"] = 50
    cells["In"] = ["", '# Parameters\nEPOCHS = 25\nPACE = "class"\n']
    set_pace(cells)
    assert (cells["EPOCHS"], cells["LIMIT"]) == (25, 50)


@pytest.mark.parametrize(("times", "chosen"), [(0.5, "class"), (1, "class"), (4, "published")])
def test_auto_asks_how_fast_the_machine_is_and_tells_both_times(cells, times, chosen, monkeypatch):
    monkeypatch.setattr(pace, "probe", lambda: pace.REFERENCE * times)
    cells["PACE"] = "auto"
    line = set_pace(cells)
    other = {"class": "published", "published": "class"}[chosen]
    assert line.startswith(f"Pace: {chosen}, about ")
    assert f'PACE = "{other}" would take about' in line
    assert cells["EPOCHS"] == (3 if chosen == "class" else 25)


def test_whoever_publishes_settles_what_auto_is(cells, monkeypatch):
    monkeypatch.setenv(pace.PACE_VARIABLE, "published")
    cells["PACE"] = "auto"
    assert set_pace(cells) == "Pace: published, as COURSE_PACE asks."


@pytest.mark.parametrize(
    ("asked", "published", "name"),
    [("fast", "class", "PACE"), ("auto", "fast", "The environment variable COURSE_PACE")],
)
def test_an_unknown_pace_is_one_sentence(cells, monkeypatch, asked, published, name):
    monkeypatch.setenv(pace.PACE_VARIABLE, published)
    cells["PACE"] = asked
    with pytest.raises(pace.PaceError, match=f"^{name} is 'fast'; choose published, class or auto"):
        set_pace(cells)


def test_the_probe_measures_something():
    assert 0.1 < pace.probe(0.05) < 1e6


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lessons_published_values_are_those_it_states(lesson):
    (source,) = [cell.source for cell in cells_of(lesson) if "set_pace(" in cell.source]
    (call,) = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "set_pace"
    ]
    stated = default_parameters(lesson)
    values = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg != "minutes"}
    assert values
    for name, (published, shorter) in values.items():
        assert published == stated[name]
        assert RULES[name].accepts(shorter)


def test_every_lesson_that_trains_has_a_pace():
    assert [path.stem[:2] for path in LESSONS] == ["01", "02", "03", "04", "05"]
