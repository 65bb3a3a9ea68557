"""The course as a web site: the lessons with their outputs, the results and the notes.

    python -m tools.site

writes static pages to `site/`, with navigation and search. Nothing is executed and nothing
fetched. Sphinx, MyST-NB and Furo make the pages (requirements-site.txt); what they would lose or
fetch is put right beforehand, in a copy: figures keep their alt text, the Colab badge is a file of
the site, links to files outside the site lead to the repository. Where the network of lesson 1 is
kept, the site has the page on which a visitor plays against it.
"""

from __future__ import annotations

import argparse
import hashlib
import posixpath
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell, new_output

from helpers.environment import PROJECT
from helpers.files import explain, write_atomically
from tools.address import HOME, present_address
from tools.outputs import (
    DATA_PICTURES,
    FIGURES,
    drop_widgets,
    figure_in,
    headline_figure,
    mark_tables,
    read_notebook,
)
from tools.take_along_page import fill_template, read_kept
from tools.whole_folders import replace_folder

SITE = PROJECT / "site"
SECTIONS = {  # the navigation: its headings, and the pages below each
    "Lessons": ("notebooks/[0-9][0-9]_*.ipynb",),
    "Results and notes": ("RESULTS.md", "docs/*.md"),
    "Behind the course": (
        "data/README.md",
        "examples/README.md",
        "benchmarks/README.md",
        "CONTRIBUTING.md",
    ),
}
START = "README.md"
PICTURES = (".png", ".svg", ".jpg")
STATIC = ("site.css", "colab_badge.svg")  # in this folder
CARD_PICTURES = {  # on lessons' cards; of all others, the headline figure
    "1": "![Ten hands drawn by the course in three gestures, and the same hands turned, tilted, "
    "lit and set in front of drawn scenes.](docs/lesson_01.png)"
}
NETWORK = Path("data/networks/rock_paper_scissors.zip")  # of lesson 1; data/README.md says how
PLAY = "play.html"  # the page on which it plays
ABOUT = (
    "The network is lesson 1's, trained on rendered hands by Laurence Moroney (CC BY) and on hands "
    "that the course draws."
)
HEADER = """\
{% extends "!page.html" %}
{% block announcement -%}
<a href="{{ pathto('play.html', 1) }}">Play against the network of lesson 1</a>
{%- endblock %}
"""  # Furo's bar on top of every page
ROW = re.compile(  # a lesson in the README's table
    r"^\| (?P<number>\d) \| \[(?P<title>[^\]]+)\]\((?P<path>[^)]+)\) \| (?P<promise>[^|]+) \| "
    r"(?P<badge>.+) \|$",
    re.MULTILINE,
)
TABLE_HEAD = re.compile(r"^\|.*\n\|[-|]+\|\n(?=\| 0 \|)", re.MULTILINE)
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
MARK = "# NBVAL_CHECK_OUTPUT\n"  # says something to the tests only
LINK = re.compile(r"(?<=\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))")
NOTE = """\
```{note}
What this cell shows is not kept here: run it to see the pictures.
```"""
SETTINGS = {  # Sphinx's conf.py
    "project": "Image classification from small data sets",
    "html_title": "Image classification from small data sets",
    "extensions": ["myst_nb"],
    "html_theme": "furo",
    "html_static_path": ["_static"],
    "html_css_files": ["site.css"],
    "html_copy_source": False,
    "html_use_index": False,
    "html_show_copyright": False,
    "html_show_search_summary": False,  # would be fetched, which a page opened as a file must not
    "myst_heading_anchors": 4,
    "nb_execution_mode": "off",
    "nb_ipywidgets_js": {},  # would be fetched
    "pygments_style": "xcode",
    "pygments_dark_style": "github-dark",
}


def build_site(project: Path = PROJECT, site: Path = SITE) -> None:
    """Build the site in `.<name>-build` beside it; then let it replace the one that is there.

    Raises:
        ModuleNotFoundError: Sphinx is not installed here.
        ValueError: a lesson is damaged, or a page or a link is wrong; Sphinx has said which.
        OSError: `site` cannot be replaced.
    """
    from sphinx.cmd.build import main as sphinx  # only the site needs it

    work = site.with_name(f".{site.name}-build")
    shutil.rmtree(work, ignore_errors=True)
    stage(project, work / "source")
    options = ["-q", "-W", "--keep-going", "-b", "html", "-d", str(work / "cache")]
    if sphinx([*options, str(work / "source"), str(work / "html")]) != 0:
        raise ValueError("The site was not built; the lines above say what is wrong.")
    replace_folder(work / "html", site)
    shutil.rmtree(work)


def stage(project: Path, folder: Path) -> None:
    """Copy the course's pages for Sphinx to a new folder, and write its `conf.py`."""
    sections = find_pages(project)
    known = {START, *(name for names in sections.values() for name in names)}
    for name in sorted(known):
        page = _Page(name, project, folder, known)
        page.write_lesson() if name.endswith(".ipynb") else page.write_text()
    with (folder / "index.md").open("a", encoding="utf-8") as start:
        start.writelines(_navigation(title, names) for title, names in sections.items() if names)
    settings = SETTINGS | (_stage_play(project / NETWORK, folder) if plays(project) else {})
    lines = "".join(f"{name} = {value!r}\n" for name, value in settings.items())
    (folder / "conf.py").write_text(lines, encoding="utf-8")
    (folder / "_static").mkdir()
    for name in STATIC:
        shutil.copy(Path(__file__).with_name(name), folder / "_static" / name)


def plays(project: Path) -> bool:
    """Tell whether the site has the page to play on: whether the network is there."""
    return (project / NETWORK).is_file()


def _stage_play(network: Path, folder: Path) -> dict[str, object]:
    """Write the page to play on, and the header that leads there; return Sphinx's settings."""
    given, weights = read_kept(network)
    home = f'<nav><a href="index.html">{SETTINGS["project"]}</a></nav>\n'
    page = fill_template(given | {"about": ABOUT}, weights, home)
    write_atomically(folder / "_extra" / PLAY, page)
    write_atomically(folder / "_templates" / "page.html", HEADER)
    return {
        "html_extra_path": ["_extra"],
        "templates_path": ["_templates"],
        "html_theme_options": {"announcement": "its text is in the template"},
    }


def find_pages(project: Path) -> dict[str, list[str]]:
    """List the pages that exist, but for the start page, by section, from the course's folder."""
    found = {}
    for title, patterns in SECTIONS.items():
        paths = [path for pattern in patterns for path in sorted(project.glob(pattern))]
        found[title] = [path.relative_to(project).as_posix() for path in paths]
    return found


def _navigation(title: str, names: Sequence[str]) -> str:
    pages = "\n".join(name.rpartition(".")[0] for name in names)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```\n"


class _Page:
    """A page of the course, on its way to Sphinx; `name` is its path from the course's folder."""

    def __init__(self, name: str, project: Path, folder: Path, known: set[str]) -> None:
        self.name, self.project, self.folder, self.known = name, project, folder, known
        self.target = folder / ("index.md" if name == START else name)
        self.target.parent.mkdir(parents=True, exist_ok=True)

    def write_text(self) -> None:
        """Copy a page of Markdown; on the start page, the table of lessons becomes cards."""
        text = (self.project / self.name).read_text(encoding="utf-8")
        if self.name == START:
            text = TABLE_HEAD.sub("", text)
            if lessons := list(ROW.finditer(text)):
                cards = "\n".join(map(self._card, lessons))
                head, rest = text[: lessons[0].start()], text[lessons[-1].end() :]
                text = f"{head}`````{{container}} cards\n{cards}\n`````\n{rest}"
        self.target.write_text(self.mend(text), encoding="utf-8")

    def _card(self, row: re.Match) -> str:
        """Return a lesson's card: a picture, the title that leads there, the promise, the badge."""
        figure = headline_figure(read_notebook(self.project / row["path"]).cells)
        shown = CARD_PICTURES.get(row["number"]) or (figure and self._picture(*figure))
        title = f"{row['number']}. {row['title']}"
        play = plays(self.project) and row["number"] == "0"
        more = play and f'<a href="{PLAY}">Play now, against the network of lesson 1</a>'
        parts = [shown, f"[{title}]({row['path']})", row["promise"], more, row["badge"]]
        return "\n\n".join(["````{container} card", *filter(None, parts), "````"])

    def write_lesson(self) -> None:
        """Copy a notebook with its outputs; where pictures are not kept, a note stands instead."""
        book = read_notebook(self.project / self.name)
        drop_widgets(book)
        mark_tables(book)
        cells = []
        for cell in book.cells:
            cells.append(cell)
            if cell.cell_type == "markdown":
                cell.source = self.mend(cell.source)
            elif cell.cell_type == "code":
                cell.source = cell.source.removeprefix(MARK)
                cell.outputs = [self._with_alt_text(output) for output in cell.outputs]
                if DATA_PICTURES in cell.metadata.get("tags", []) and not cell.outputs:
                    cells.append(new_markdown_cell(NOTE))
        book.cells = cells
        nbformat.write(book, self.target)

    def mend(self, text: str) -> str:
        """Let the links in Markdown lead to the site's pages, or else to the repository."""
        return LINK.sub(self._mend_link, text)

    def _mend_link(self, link: re.Match) -> str:
        target, anchor = link["target"], link["anchor"] or ""
        if target == BADGE:
            return self._relative("_static/colab_badge.svg")
        own = f"{HOME}{present_address(self.project)}/blob/main/"
        if "://" in target and not target.startswith(own):
            return link[0]
        inside = posixpath.join(posixpath.dirname(self.name), target)
        name = target.removeprefix(own) if target.startswith(own) else posixpath.normpath(inside)
        if name in self.known:
            return self._relative("index.md" if name == START else name) + anchor
        if name.endswith(PICTURES) and (self.project / name).is_file():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.project / name, self.folder / name)
            return self._relative(name)
        exists = not name.startswith("..") and (self.project / name).exists()
        return own + name + anchor if exists else link[0]

    def _relative(self, name: str) -> str:
        return posixpath.relpath(name, posixpath.dirname(self.name) or ".")

    def _with_alt_text(self, output: nbformat.NotebookNode) -> nbformat.NotebookNode:
        """Make of a figure a picture in Markdown: MyST-NB drops the alt text of its outputs."""
        figure = figure_in(output)
        if figure is None:
            return output
        return new_output("display_data", {"text/markdown": self._picture(*figure)})

    def _picture(self, kind: str, content: bytes, alt: str) -> str:
        """Write a figure beside the page; return the Markdown that shows it."""
        name = hashlib.sha256(content).hexdigest() + FIGURES[kind]
        picture = self.target.with_name("figures") / name
        picture.parent.mkdir(exist_ok=True)
        picture.write_bytes(content)
        escaped = re.sub(r"([\\\[\]*_`<&!$])", r"\\\1", alt)
        return f"![{escaped}](figures/{name})"


def main(arguments: Sequence[str] | None = None, project: Path = PROJECT) -> int:
    """Build the site from the command line; return 1 where it was not built."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description="Build the site.")
    parser.parse_args(arguments)
    try:
        build_site(project, project / SITE.name)
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed here; use `make site`.", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"{explain(error)}." if isinstance(error, OSError) else error, file=sys.stderr)
        return 1
    print(f"The site is in {SITE.name}/: open {SITE.name}/index.html.")
    if not plays(project):
        print(f"It has no page to play on: {NETWORK.as_posix()} is missing, see data/README.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
