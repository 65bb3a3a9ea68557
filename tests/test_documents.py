"""The documents: their links lead somewhere, and the lessons link to the glossary."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from helpers.environment import PROJECT
from tools.address import HOME, present_address
from tools.execution import course_notebooks

DOCUMENTS = [
    *sorted((PROJECT / "docs").glob("*.md")),
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "RESULTS.md")),
    *(PROJECT / name / "README.md" for name in ("data", "examples", "benchmarks")),
]
LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#]*)#?([^)]*)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
GLOSSARY = PROJECT / "docs" / "glossary.md"
TO_GLOSSARY = re.compile(r"\]\(([^)#]*glossary[^)#]*)#?([^)]*)\)")


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to a document's headings."""
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_lead_somewhere(document: Path):
    for path, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        target = document.parent / path if path else document
        assert target.exists(), path
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), anchor


# The README ------------------------------------------------------------------------------------

README = (PROJECT / "README.md").read_text(encoding="utf-8")
MEASURED = re.compile(r"(?<![\w.])(?:0\.\d+|\d+(?:\.\d+)? ?%|\d+ min\b)")


def test_the_readme_says_in_one_screen_what_the_course_is():
    first, _, rest = README.partition("## Two commands")
    assert re.search(r"!\[[^\]]{60,}\]\(docs/game\.png\)", first)  # the game, with its alt text
    promises = re.findall(r"^\| \d \| \[[^\]]+\]\((\S+)\) \| ([^|]+) \|", first, re.MULTILINE)
    assert [path for path, _ in promises] == [f"notebooks/{p.name}" for p in course_notebooks()]
    assert all(len(promise) < 150 for _, promise in promises)
    assert len(re.sub(r"\([^)]*\)", "", first).split()) < 450
    assert "\nmake course " in rest and "\nmake test " in rest
    assert "-m tools.reruns run 07 -p DATA " in rest


def test_no_measured_number_is_typed_into_the_readme():
    assert MEASURED.findall(README) == []
    assert MEASURED.findall("0.96 | 25 min | 12 %") == ["0.96", "25 min", "12 %"]


# The instructors' page ------------------------------------------------------------------------

INSTRUCTORS = (PROJECT / "docs" / "instructors.md").read_text(encoding="utf-8")
PLAN = re.compile(r"^\| ([^|-]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


@pytest.mark.parametrize("notebook", course_notebooks(), ids=lambda path: path.stem)
def test_the_plans_name_sections_and_exercises_that_the_lesson_has(notebook: Path):
    number = int(notebook.stem[:2])
    chapter = INSTRUCTORS.split(f"## Lesson {number}:")[1].split("\n## Lesson")[0]
    assert "**In 45 minutes.**" in chapter and "**In 90 minutes.**" in chapter
    cells = nbformat.read(notebook, as_version=4).cells
    headings = {heading for cell in cells for heading in HEADING.findall(cell.source)}
    exercises = {cell.id.split("-")[1] for cell in cells if cell.id.startswith("exercise-")}
    rows = [row for row in PLAN.findall(chapter) if row[0] != "When"]
    assert len(rows) >= 6
    for _, run, ask, stop in rows:
        named = {text.rstrip(".?") for text in re.findall(r"\*([^*]+)\*", f"{run} {stop}")}
        assert named <= {heading.rstrip(".?") for heading in headings}, run
        asked = {
            n
            for text in re.findall(r"exercises? ([\d and]+)", run)
            for n in re.findall(r"\d", text)
        }
        assert asked <= exercises, run
        sections = re.sub(r"exercises? [\d and]+|lesson \d( or \d)?", "", run)
        for section in re.findall(r"\b\d+\b", sections):
            assert any(heading.startswith(f"{section}. ") for heading in headings), run
        assert ask.strip() and stop.strip()


@pytest.mark.parametrize("notebook", course_notebooks()[1:6], ids=lambda path: path.stem)
def test_the_minutes_are_those_that_the_notebook_estimates(notebook: Path):
    cells = nbformat.read(notebook, as_version=4).cells
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    published, short = re.search(r"minutes=\((\d+), (\d+)\)", source).groups()
    row = re.search(rf"^\| {int(notebook.stem[:2])}\. .+$", INSTRUCTORS, re.MULTILINE)[0]
    assert row.endswith(f"| {short} min | {published} min |")


# The glossary ----------------------------------------------------------------------------------


def glossary_terms() -> list[str]:
    _, *terms = HEADING.findall(GLOSSARY.read_text(encoding="utf-8"))
    return terms


def test_the_glossary_is_in_order():
    terms = glossary_terms()
    assert terms == sorted(terms, key=str.lower)
    assert 25 <= len(terms) <= 50


@pytest.mark.parametrize("notebook", course_notebooks(), ids=lambda path: path.stem)
def test_the_lessons_links_to_the_glossary_lead_to_its_terms(notebook: Path):
    text = "\n".join(cell.source for cell in nbformat.read(notebook, as_version=4).cells)
    for page, term in TO_GLOSSARY.findall(text):
        assert page == f"{HOME}{present_address()}/blob/main/docs/glossary.md"
        assert not term or term in anchors(GLOSSARY.read_text(encoding="utf-8"))
