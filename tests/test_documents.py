"""The documents: their links lead somewhere, and the lessons link to the glossary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import nbformat
import pytest

from helpers.environment import PROJECT
from tools.address import HOME, present_address
from tools.execution import course_notebooks

DOCUMENTS = [*sorted((PROJECT / "docs").glob("*.md")), PROJECT / "README.md"]
LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#]*)#?([^)]*)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
GLOSSARY = PROJECT / "docs" / "glossary.md"
TO_GLOSSARY = re.compile(
    rf"\[([^\]]+)\]\({re.escape(HOME + present_address())}/blob/main/docs/glossary\.md#([^)]*)\)"
)
NO_PROSE = re.compile(r"^(```|~~~)[\s\S]*?^\1|^(#+ |\|).*|`[^`\n]*`", re.MULTILINE)
# How a term is written in the lessons, where that is more than its plural.
FORMS = {
    "Averaged weights": r"averaged weights|average of the weights|weights averaged",
    "Bias": r"bias(?:es)?",
    "Calibration": r"calibrat\w+",
    "CNN": r"cnns?|convolutional neural networks?",
    "Convolution": r"convolutions?",
    "Feature extraction": r"feature extract\w+",
    "Fine-tuning": r"fine-tun\w+",
    "Freezing": r"fr(?:eez|oz)\w+",
    "Held-out pictures": r"h[eo]ld(?:ing)?[ -]out",
    "Over-fitting": r"over-?fit\w*",
    "Paired difference": r"paired differences?",
    "Softmax and sigmoid": r"softmax|sigmoid",
    "Validation set": r"validation",
}
# Words that lessons also use in their everyday sense: it is enough that any lesson links them.
EVERYDAY = {"Class", "Cut", "Head", "Map", "Step"}


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to a document's headings."""
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
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


# The words -------------------------------------------------------------------------------------

OLD = re.compile(  # said otherwise now: memorises, converges, billion, unavailable, ...
    r"thawed|by heart|thousand million|(?:can(?:not)?|could not|to) be had\b|comes? to rest"
    r"|cut in two|strongest value|averaged maps",
    re.IGNORECASE,
)
TEXTS = [
    *DOCUMENTS,
    PROJECT / "CONTRIBUTING.md",
    *(PROJECT / name / "README.md" for name in ("data", "examples", "benchmarks")),
    *sorted((PROJECT / "helpers" / "exercises").glob("*.py")),
    *course_notebooks(),
]


def words_of(path: Path) -> str:
    """Return a file's text, of a notebook its Markdown, on one line."""
    if path.suffix != ".ipynb":
        return " ".join(path.read_text(encoding="utf-8").split())
    cells = nbformat.read(path, as_version=4).cells
    return " ".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_text_uses_a_word_that_the_course_has_left(path: Path):
    assert OLD.findall(words_of(path)) == []


def test_the_check_of_words_sees_them():
    assert OLD.findall("It comes to rest; it cannot be had; learnt by heart.") == [
        "comes to rest", "cannot be had", "by heart",
    ]  # fmt: skip


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


def glossary_terms() -> list[str]:
    _, *terms = HEADING.findall(GLOSSARY.read_text(encoding="utf-8"))
    return terms


def test_the_glossary_is_in_order():
    terms = glossary_terms()
    assert terms == sorted(terms, key=str.lower)
    assert 25 <= len(terms) <= 50


# The lessons' links to the glossary ------------------------------------------------------------

Cells = Sequence[tuple[str, str]]  # id and text of a lesson's cells of Markdown


def form(term: str) -> re.Pattern:
    """Return what matches a term as it is written in a text."""
    plain = re.escape(term) + "(?:s|es)?"
    return re.compile(rf"\b(?:{FORMS.get(term, plain)})\b", re.IGNORECASE)


def prose(cells: Cells) -> str:
    """Return the text in which terms are linked: no exercises, headings, tables or code."""
    texts = (text for name, text in cells if not name.startswith("exercise-"))
    return NO_PROSE.sub("", "\n\n".join(texts))


def glossary_problems(lessons: Mapping[str, Cells], terms: Sequence[str]) -> Iterator[str]:
    """List what is wrong with the lessons' links to these terms; lessons are in their order."""
    slugs = {term: term.lower().replace(" ", "-") for term in terms}
    found = {lesson: TO_GLOSSARY.findall(prose(cells)) for lesson, cells in lessons.items()}
    for lesson, cells in lessons.items():
        everywhere = TO_GLOSSARY.findall("\n\n".join(text for _, text in cells))
        if len(everywhere) > len(found[lesson]):
            yield f"{lesson}: a link stands in an exercise, a heading, a table or code"
        for words, slug in everywhere:
            meant = [term for term in terms if slugs[term] == slug]
            if not meant:
                yield f"{lesson}: the glossary has no #{slug}"
            elif not form(meant[0]).search(words):
                yield f"{lesson}: {words!r} is not how {meant[0]!r} is written"
        for slug, count in Counter(slug for _, slug in everywhere).items():
            if count > 1:
                yield f"{lesson}: {count} links lead to #{slug}, where one is enough"
    for term in terms:
        users = [name for name, cells in lessons.items() if form(term).search(prose(cells))]
        linked = {name for name, links in found.items() if slugs[term] in dict(links).values()}
        expected = lessons if term in EVERYDAY else users[:1]
        if users and linked.isdisjoint(expected):
            yield f"{term!r} is used first in {users[0]}, and not linked there"


def test_the_lessons_link_each_term_of_the_glossary_where_it_comes_first():
    lessons = {}
    for path in course_notebooks():
        cells = nbformat.read(path, as_version=4).cells
        lessons[path.stem] = [(each.id, each.source) for each in cells if "outputs" not in each]
    assert list(glossary_problems(lessons, glossary_terms())) == []
    unused = [
        t for t in glossary_terms() if not any(form(t).search(prose(c)) for c in lessons.values())
    ]
    assert unused == []


def to(slug: str, words: str) -> str:
    return f"[{words}]({HOME}{present_address()}/blob/main/docs/glossary.md#{slug})"


@pytest.mark.parametrize(
    ("first", "second", "problems"),
    [
        (to("batch", "*Batches*") + " of cuts.", to("cut", "a cut"), 0),
        (to("batch", "A batch"), "Each " + to("batch", "batch") + ". No cut.", 1),
        ("`batch`\n\n## A batch\n\n| batch |", to("batch", "A batch"), 0),
        ("A batch.", to("batch", "A batch"), 1),
        ("A cut.", "Another cut.", 1),
        (to("batch", "A batch") + to("batch", "batch"), "", 1),
        (to("batches", "batches"), "", 2),
        (to("batch", "A heap"), "", 1),
        ("## " + to("batch", "A batch"), "", 1),
        ("| " + to("batch", "A batch"), "", 1),
        ("```\n" + to("batch", "A batch") + "\n```", "", 1),
    ],
)
def test_what_is_wrong_with_links_to_the_glossary_is_found(first, second, problems):
    lessons = {"1": [("title", first)], "2": [("exercises-how", second)]}
    assert len(list(glossary_problems(lessons, ["Batch", "Cut"]))) == problems


def test_a_link_in_an_exercise_is_found():
    lessons = {"1": [("look", to("batch", "A batch")), ("exercise-1", to("cut", "A cut"))]}
    assert len(list(glossary_problems(lessons, ["Batch", "Cut"]))) == 1
