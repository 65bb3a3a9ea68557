"""Slides of the lessons, from the notebooks' own cells: one file each, for the projector.

    python -m tools.slides [NN ...]

writes `slides/NN_name.html` for each lesson named, or for all. Each heading begins a slide. On it
stand the first sentences of the text, what to predict, and one thing to see: a figure, a table, or
the code of a network. What answers a prediction is on the next slide. Nothing is executed and
nothing fetched; set-up and exercises are left out. (nbconvert's own slides need reveal.js, which
they fetch.)
"""

from __future__ import annotations

import argparse
import base64
import html
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbconvert.filters import markdown2html
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from helpers.environment import PROJECT
from helpers.files import explain, write_atomically
from tools.execution import course_notebooks, find_notebook
from tools.outputs import CAPTIONS, COLUMNS, figure_in, read_notebook
from tools.safe_html import clean_html
from tools.templates import fill

FOLDER = "slides"
TEMPLATE = "slides.html.j2"
LEFT_OUT = ("setup", "parameters", "exercise")  # ids of cells begin so
WORDS = 45  # of a paragraph, in whole sentences
ROOM = 90  # words on a slide
WIDE = 110  # characters of a printed sentence
LINES = 12  # of code that trains, and of what a cell prints
FEW = 6  # words of a line that announces a list
NETWORK = "network"  # the tag of a cell that defines one
TRAINS = re.compile(r"\.(compile|fit)\(")
SAVES = ".save("  # a cell that does prints no answer
PREDICT = re.compile(r"\*\*(predict|draw|guess)\b", re.IGNORECASE)
HEADING = re.compile(r"#{1,3} ")
WHOLE = re.compile(r"[-*] |```")  # lists, commands
SENTENCES = re.compile(r"(?:(?<=[.?!])|(?<=[.?!]\)))\s+(?=[^a-z\s])")
PLACE = re.compile(r"\]\([^)\s]*\)")  # of a link


@dataclass
class Slide:
    """One slide, in HTML."""

    title: str
    texts: list[tuple[str, str]] = field(default_factory=list)  # its kind is "" or "predict"
    shown: str = ""  # the one thing to see
    words: int = 0  # of the texts

    @property
    def asks(self) -> bool:
        """Whether it ends in a prediction or a question, so that the answer has to wait."""
        return bool(self.texts) and (self.texts[-1][0] == "predict" or self.ends_in("?"))

    def ends_in(self, mark: str) -> bool:
        """Whether its last sentence ends so; what comes after a colon belongs to it."""
        return bool(self.texts) and self.texts[-1][1].endswith(f"{mark}</p>")


def make_slides(book: nbformat.NotebookNode) -> list[Slide]:
    """Make the slides of a notebook with its outputs, in its order; none has a title only."""
    slides = [Slide("")]
    cells = [cell for cell in book.cells if not cell.get("id", "").startswith(LEFT_OUT)]
    for cell, following in zip(cells, [*cells[1:], {}], strict=True):
        if cell.cell_type == "markdown":
            _add_texts(slides, cell)
        elif cell.cell_type == "code":
            answers = slides[-1].asks or slides[-1].ends_in(":") or _reads(following)
            for shown in _things_to_see(cell, answers):
                if slides[-1].shown or slides[-1].asks:
                    slides.append(Slide(slides[-1].title))
                slides[-1].shown = shown
    return [slide for slide in slides if slide.texts or slide.shown]


def _reads(cell: Mapping) -> bool:
    """Tell whether a cell says what to see in the output before it."""
    return cell.get("id", "").endswith("-read")


def _add_texts(slides: list[Slide], cell: nbformat.NotebookNode) -> None:
    """Add a cell's headings, the first paragraph below each, its lists and its predictions."""
    first, announced = True, ""
    for block in re.split(r"\n\s*\n", cell.source.strip()):
        if HEADING.match(block):
            title = re.sub(r"^(\d+)\.", r"\1\\.", block.partition(" ")[2])  # or it is a list
            slides.append(Slide(re.sub(r"^\s*<p>|</p>\s*$", "", markdown2html(title))))
            first = True
        elif WHOLE.match(block):
            _add(slides, "", announced + block, _reads(cell))
        elif not block.startswith(("[![", "![", "|")):
            asked = PREDICT.search(block)
            begin = len(block)
            if asked:
                gaps = SENTENCES.finditer(block, 0, asked.start() + 2)
                begin = max((gap.end() for gap in gaps), default=0)
            lead = _shortened(block[:begin])
            announced = ""
            if not first and not asked and len(block.split()) < FEW:
                announced = f"{block}\n\n"
            elif lead and (first or asked):
                _add(slides, "", lead, _reads(cell))
            if asked:
                _add(slides, "predict", block[begin:], False)
            first = False


def _add(slides: list[Slide], kind: str, text: str, reads: bool) -> None:
    words = len(PLACE.sub("]", text).split())
    last = slides[-1]
    full = last.texts and last.words + words > ROOM
    apart = not reads if last.shown else reads and last.texts
    if full or apart or (last.asks and kind != "predict"):
        slides.append(Slide(last.title))
    slides[-1].texts.append((kind, markdown2html(text).strip()))
    slides[-1].words += words


def _shortened(text: str) -> str:
    """Return the first sentences of a paragraph, one at least."""
    kept: list[str] = []
    for sentence in SENTENCES.split(text.strip()):
        if kept and len(PLACE.sub("]", " ".join([*kept, sentence])).split()) > WORDS:
            break
        kept.append(sentence)
    return " ".join(kept)


def _things_to_see(cell: nbformat.NotebookNode, answers: bool) -> list[str]:
    """List as HTML what a code cell has for the projector; `answers`: what it prints, too."""
    tags = cell.metadata.get("tags", [])
    short = cell.source.count("\n") < LINES
    answers = answers and SAVES not in cell.source
    found, caption = [], ""
    if NETWORK in tags or (TRAINS.search(cell.source) and short):
        found.append(highlight(cell.source, PythonLexer(), HtmlFormatter(noclasses=True)))
    for output in cell.get("outputs", []):
        table = output.get("data", {}).get("text/html", "")
        if figure := figure_in(output):
            found.append(_figure(*figure, caption))
        elif "<table" in table:
            found.append(clean_html(table))
        elif output.get("text") in CAPTIONS:
            caption = output["text"].partition(":")[0] + "."
        elif answers:
            printed = output.get("text", "").rstrip()
            if printed and printed.count("\n") < LINES:
                found.append(f"<pre>{html.escape(_wrapped(printed))}</pre>")
    return found


def _wrapped(printed: str) -> str:
    """Break sentences that are longer than a slide is wide; lines in columns stay as they are."""
    return "\n".join(
        line if COLUMNS.search(line) else textwrap.fill(line, WIDE, drop_whitespace=False)
        for line in printed.splitlines()
    )


def _figure(kind: str, content: bytes, alt: str, caption: str) -> str:
    encoded = base64.b64encode(content).decode()
    picture = f'<img alt="{html.escape(alt)}" src="data:{kind};base64,{encoded}">'
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure>{picture}{below}</figure>"


def main(arguments: Sequence[str] | None = None, project: Path = PROJECT) -> int:
    """Write slides from the command line; return 2 where a lesson is missing, 1 on other faults."""
    parser = argparse.ArgumentParser(prog="python -m tools.slides", description="Write slides.")
    parser.add_argument("lessons", nargs="*", metavar="NN", help="such as 01; all if left out")
    lessons, folder = parser.parse_args(arguments).lessons, project / "notebooks"
    try:
        wanted = [find_notebook(name, folder) for name in lessons] or course_notebooks(folder)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        for notebook in wanted:
            slides = make_slides(read_notebook(notebook))
            file = project / FOLDER / f"{notebook.stem}.html"
            write_atomically(file, fill(TEMPLATE, slides=slides))
            print(f"{len(slides)} slides: {FOLDER}/{file.name}")
    except (OSError, ValueError) as error:
        why = f"{explain(error)}." if isinstance(error, OSError) else error
        print(f"The slides were not written: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
