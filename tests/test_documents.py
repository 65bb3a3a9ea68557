"""The documents: their links lead somewhere, and the glossary is in order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.environment import PROJECT

DOCUMENTS = [*sorted((PROJECT / "docs").glob("*.md")), PROJECT / "README.md"]
LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#]*)#?([^)]*)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


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


def test_the_glossary_is_in_order():
    _, *terms = HEADING.findall((PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    assert terms == sorted(terms, key=str.lower)
    assert 25 <= len(terms) <= 50
