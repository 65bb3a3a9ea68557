"""The web site: what is put right before Sphinx, then the built pages, read by a browser too."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import bootstrap
from helpers.environment import PROJECT
from tools import site as site_tool
from tools.site import BADGE, NETWORK, STATIC, main, stage
from tools.take_along_page import write_kept

LESSON = "notebooks/01_hands.ipynb"
PNG = "iVBORw0KGgo="
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><title>Boxes × 2</title></svg>'
ROWS = "          accuracy  minutes\nfirst     0.95      1.5\nsecond    0.97     12.0\n"
ALT = "Curves [of 2 runs]: 0.5 < 0.9,\n `best` *last*."
BUILD = """\
import sys, pathlib, tools.site
tools.site.NETWORK = pathlib.Path(sys.argv[2])
tools.site.build_site(site=pathlib.Path(sys.argv[1]))"""
LOOK = """([text, side]) => {
    const data = Uint8ClampedArray.from(atob(text), letter => letter.charCodeAt(0));
    return window.takeAlong.brain.look({ data, width: side, height: side });
}"""
TOO_WIDE = """() => {
    const scrolls = each => ["auto", "scroll"].includes(getComputedStyle(each).overflowX);
    const held = each => !each.matches("article") && (scrolls(each) || held(each.parentElement));
    const wide = each => each.getBoundingClientRect().right > innerWidth + 1;
    const all = [...document.querySelectorAll("article, article *")];
    const cut = all.filter(each => wide(each) && !held(each));
    return cut.map(each => each.outerHTML.slice(0, 200));
}"""  # what of an article is cut off: it sticks out, and nothing around it scrolls
PHONE = {"width": 390, "height": 800}
LAPTOP = {"width": 1280, "height": 800}
# Text that is hard to read: its contrast with what lies behind is below what WCAG 2.2 AA asks, 4.5,
# or 3 for large text. Drawings bring their own white ground, and are left out, as are buttons that
# cannot be pressed.
FAINT = """() => {
    const numbers = colour => (colour.match(/[0-9.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(part => part / 255).map(
        part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    ).reduce((sum, part, n) => sum + part * [0.2126, 0.7152, 0.0722][n], 0);
    const over = (top, below) => {
        const a = top[3] ?? 1;
        return [0, 1, 2].map(n => a * top[n] + (1 - a) * below[n]);
    };
    const ground = each => {
        if (!each) return [255, 255, 255];
        const own = numbers(getComputedStyle(each).backgroundColor);
        return (own[3] ?? 1) === 1 ? own : over(own, ground(each.parentElement));
    };
    const found = new Map();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const each = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim()) continue;
        if (each.closest("svg, script, style, noscript, :disabled")) continue;
        const style = getComputedStyle(each), size = parseFloat(style.fontSize);
        if (style.visibility !== "visible" || !each.getClientRects().length) continue;
        const behind = ground(each), text = over(numbers(style.color), behind);
        const [dark, bright] = [light(text), light(behind)].sort((a, b) => a - b);
        const contrast = (bright + 0.05) / (dark + 0.05);
        const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
        if (contrast < (large ? 3 : 4.5))
            found.set(`${each.tagName}.${each.className} ${contrast.toFixed(2)}`,
                      texts.currentNode.data.trim().slice(0, 30));
    }
    return [...found].map(([what, text]) => `${what}: ${text}`);
}"""


# Before Sphinx ---------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path) -> Path:
    """A course of one lesson."""
    project = tmp_path / "course"
    texts = {
        "pyproject.toml": '[project.urls]\nRepository = "https://github.com/ada/course"\n',
        "README.md": f"# Course\n\n[one]({LESSON}) [all](notebooks) ![hand](docs/hand.png)\n",
        "docs/hand.png": "",
        "docs/notes.md": "# Notes\n\n[start](../README.md#top) [terms](../LICENSE)",
        "LICENSE": "",
    }
    for name, text in texts.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    (project / LESSON).parent.mkdir()
    nbformat.write(lesson(), project / LESSON)
    return project


def lesson() -> nbformat.NotebookNode:
    own = "https://github.com/ada/course/blob/main/docs/notes.md#words"
    figure = new_output("display_data", {"image/png": PNG}, metadata={"image/png": {"alt": ALT}})
    widget = new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}})
    cells = [
        new_markdown_cell(f"# 1. Hands\n\n[![Open in Colab]({BADGE})](https://example.org)"),
        new_markdown_cell(f"See [the notes]({own}), [missing](gone.md), [web](https://e.org/x)."),
        new_code_cell("# NBVAL_CHECK_OUTPUT\nplot()", outputs=[figure, widget]),
        new_code_cell("show()", metadata={"tags": ["data-pictures"]}),
        new_code_cell("look()", outputs=[figure], metadata={"tags": ["data-pictures"]}),
        new_code_cell("rows()", outputs=[new_output("stream", text=ROWS)]),
        new_code_cell("lines()", outputs=[new_output("stream", text="One  gap.\nNo gap.\n")]),
    ]
    return new_notebook(cells=cells)


@pytest.fixture
def staged(project, tmp_path) -> Path:
    stage(project, tmp_path / "staged")
    return tmp_path / "staged"


def test_a_figure_keeps_its_alt_text_as_a_picture_in_markdown(staged):
    code = nbformat.read(staged / LESSON, as_version=4).cells[2]
    (output,) = code.outputs  # the widget is gone
    alt, _, picture = output.data["text/markdown"].partition("](figures/")
    assert alt == r"![Curves \[of 2 runs\]: 0.5 \< 0.9, \`best\` \*last\*."
    assert (staged / "notebooks" / "figures" / picture.removesuffix(")")).is_file()
    assert code.source == "plot()"


def test_a_diagram_in_svg_keeps_its_alt_text_too(project, tmp_path):
    kind = "image/svg+xml"
    drawn = new_output(
        "display_data", {kind: SVG, "text/plain": ALT}, metadata={kind: {"alt": "Boxes [2]."}}
    )
    nbformat.write(new_notebook(cells=[new_code_cell("draw()", outputs=[drawn])]), project / LESSON)
    stage(project, tmp_path / "staged")
    (cell,) = nbformat.read(tmp_path / "staged" / LESSON, as_version=4).cells
    alt, _, picture = cell.outputs[0].data["text/markdown"].partition("](figures/")
    assert alt == r"![Boxes \[2\]."
    figure = tmp_path / "staged" / "notebooks" / "figures" / picture.removesuffix(")")
    assert figure.suffix == ".svg" and figure.read_text(encoding="utf-8") == SVG


def test_where_pictures_are_not_kept_a_note_says_so(staged):
    cells = nbformat.read(staged / LESSON, as_version=4).cells
    assert cells[3].source == "show()"
    notes = [cell for cell in cells if cell.source.startswith("```{note}")]
    assert notes == [cells[4]]


def test_a_printed_table_is_marked_so_that_its_lines_are_kept(staged):
    cells = nbformat.read(staged / LESSON, as_version=4).cells
    tagged = [cell.source for cell in cells if "printed-table" in cell.metadata.get("tags", [])]
    assert tagged == ["rows()"]


def test_links_lead_to_the_sites_pages_or_else_to_the_repository(staged):
    cells = nbformat.read(staged / LESSON, as_version=4).cells
    badge = "[![Open in Colab](../_static/colab_badge.svg)](https://example.org)"
    assert cells[0].source.endswith(badge)
    assert "[the notes](../docs/notes.md#words)" in cells[1].source
    assert "[missing](gone.md), [web](https://e.org/x)" in cells[1].source
    notes = (staged / "docs" / "notes.md").read_text()
    assert "[start](../index.md#top)" in notes
    assert "[terms](https://github.com/ada/course/blob/main/LICENSE)" in notes
    start = (staged / "index.md").read_text()
    assert f"[one]({LESSON})" in start and "![hand](docs/hand.png)" in start
    assert "[all](https://github.com/ada/course/blob/main/notebooks)" in start
    assert (staged / "docs" / "hand.png").is_file()


TABLE = f"""\
# Course

| | Lesson | What it gives you | Open |
|---|---|---|---|
| 0 | [Hands]({LESSON}) | See them. | [![Open in Colab]({BADGE})](https://example.org) |
| 1 | [More]({LESSON}) | See more. | [![Open in Colab]({BADGE})](https://example.org) |

After.
"""


def test_the_table_of_lessons_becomes_cards_with_a_picture_each(project, tmp_path):
    (project / "README.md").write_text(TABLE, encoding="utf-8")
    shutil.copy(project / "docs" / "hand.png", project / "docs" / "lesson_01.png")
    stage(project, tmp_path / "staged")
    start = (tmp_path / "staged" / "index.md").read_text(encoding="utf-8")
    cards = start.split("````{container} card\n")[1:]
    assert len(cards) == 2 and "|" not in start
    assert cards[0].startswith("\n![Curves ") and "](figures/" in cards[0]
    assert "(docs/lesson_01.png)" in cards[1]
    assert f"[1. More]({LESSON})\n\nSee more.\n\n[![Open in Colab](_static/" in cards[1]
    assert start.index("# Course\n\n`````{container} cards") == 0 and "`````\n\n\nAfter." in start


def test_the_navigation_names_every_page_once(staged):
    start = (staged / "index.md").read_text()
    assert start.count("notebooks/01_hands\n") == start.count("docs/notes\n") == 1
    assert start.count("{toctree}") == 2  # no section without pages
    assert all((staged / "_static" / name).is_file() for name in STATIC)


def keep_a_network(project: Path) -> None:
    write_kept(project / NETWORK, {"classes": ["a", "b"], "operations": []}, b"")


def test_where_the_network_is_kept_there_is_a_page_to_play_on(project, tmp_path):
    (project / "README.md").write_text(TABLE, encoding="utf-8")
    keep_a_network(project)
    stage(project, tmp_path / "staged")
    page = (tmp_path / "staged" / "_extra" / "play.html").read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'; connect-src 'none'; script-src 'sha256-")
    assert '<a href="index.html">' in page and "(CC BY)" in page
    start = (tmp_path / "staged" / "index.md").read_text(encoding="utf-8")
    first, second = start.split("````{container} card\n")[1:]
    assert first.count('href="play.html"') == 1 and "play.html" not in second
    header = (tmp_path / "staged" / "_templates" / "page.html").read_text(encoding="utf-8")
    assert "pathto('play.html', 1)" in header
    assert "_extra" in (tmp_path / "staged" / "conf.py").read_text(encoding="utf-8")


def test_where_it_is_missing_the_site_is_built_without_and_says_so(project, monkeypatch, capsys):
    (project / "README.md").write_text(TABLE, encoding="utf-8")
    monkeypatch.setattr(
        site_tool, "build_site", lambda project, site: stage(project, project / "staged")
    )
    assert main([], project) == 0
    said = capsys.readouterr().out
    assert f"no page to play on: {NETWORK.as_posix()} is missing" in said
    written = [path for path in (project / "staged").rglob("*") if path.is_file()]
    texts = [path.read_text(encoding="utf-8") for path in written if path.suffix in (".md", ".py")]
    assert len(texts) > 2 and not any("play" in path.name for path in written)
    assert not any("play.html" in text or "announcement" in text for text in texts)
    shutil.rmtree(project / "staged")
    keep_a_network(project)
    assert main([], project) == 0
    assert "no page to play on" not in capsys.readouterr().out


def test_a_damaged_network_stops_the_site_with_a_sentence(project, monkeypatch, capsys):
    keep_a_network(project)
    (project / NETWORK).write_bytes(b"no network")
    monkeypatch.setattr(
        site_tool, "build_site", lambda project, site: stage(project, project / "staged")
    )
    assert main([], project) == 1
    assert "keeps no network; write it again" in capsys.readouterr().err


@pytest.mark.parametrize(
    "damage", ["{}", "[]", '{"cells": [', '{"nbformat": 4, "nbformat_minor": 5}']
)
@pytest.mark.parametrize("readme", ["# Course\n", TABLE])  # read for its card, too
def test_a_damaged_lesson_is_named(project, monkeypatch, capsys, readme, damage):
    (project / "README.md").write_text(readme, encoding="utf-8")
    (project / LESSON).write_text(damage, encoding="utf-8")
    monkeypatch.setattr(
        site_tool, "build_site", lambda project, site: stage(project, project / "staged")
    )
    assert main([], project) == 1
    told = "01_hands.ipynb is damaged; restore it, for example by git.\n"
    assert capsys.readouterr().err == told
    (project / LESSON).unlink()
    (project / LESSON).mkdir()
    assert main([], project) == 1
    assert capsys.readouterr().err == "01_hands.ipynb could not be used (Is a directory).\n"


def test_without_sphinx_one_sentence_says_what_to_do(project, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "sphinx", None)
    assert main([], project) == 1
    assert capsys.readouterr().err.endswith("use `make site`.\n")
    assert not (project / "site").exists()


# The built site --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def python() -> str:
    """The Python that builds this course's site; skipped where `make site` has not made it."""
    python = bootstrap.Environment(*bootstrap.ENVIRONMENTS["site"]).python
    if shutil.which(python) is None:
        pytest.skip("what builds the site is missing: make site")
    return python


@pytest.fixture(scope="module")
def trained(python, tmp_path_factory):
    """A network that was trained for seconds, of the kind of lesson 1's, and what keeps it."""
    import keras
    from trained import small_network, train_and_save

    from tools.take_along import write_page

    keras.utils.set_random_seed(0)
    network = small_network()
    path = train_and_save(network, tmp_path_factory.mktemp("network"))
    return network, write_page(path, path.with_suffix(".zip"))


@pytest.fixture(scope="module")
def site(python, trained, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "site"
    command = [python, "-c", BUILD, str(folder), str(trained[1])]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.parent.iterdir()] == ["site"]
    return folder


class Reader(HTMLParser):
    """The places, links, files and pictures without alt text of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.places, self.links, self.files, self.bare = {""}, set(), set(), []
        self.alts: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list) -> None:
        values = dict(attributes)
        self.places.add(values.get("id"))
        if tag == "a":
            self.links.add(values.get("href", ""))
        elif tag in ("img", "script", "link", "iframe", "source"):
            self.files |= {values.get("src"), values.get("href") if tag == "link" else None} - {
                None
            }
        if tag == "img":
            self.alts.add(values.get("alt", ""))
        if tag == "img" and not values.get("alt", "").strip():
            self.bare.append(values["src"])


def problems(site: Path) -> list[str]:
    """List broken links, files from elsewhere and pictures without alt text."""
    pages = {page: Reader(page) for page in sorted(site.rglob("*.html"))}
    found = []
    for page, read in pages.items():
        name = page.relative_to(site)
        found += [f"{name}: no alt text: {source}" for source in read.bare]
        found += [f"{name}: from elsewhere: {file}" for file in read.files if "//" in file]
        for link in read.links | read.files:
            parts = urlsplit(unquote(link))
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / parts.path).resolve() if parts.path else page
            if not target.is_file():
                found.append(f"{name}: broken link: {link}")
            elif target in pages and parts.fragment not in pages[target].places:
                found.append(f"{name}: no such place: {link}")
    return found


def test_no_link_is_broken_and_nothing_comes_from_elsewhere(site):
    assert problems(site) == []
    lessons = {path.stem for path in PROJECT.glob("notebooks/0*.ipynb")}
    assert lessons == {page.stem for page in site.glob("notebooks/*.html")}
    assert (site / "searchindex.js").is_file()


def test_a_lessons_words_lead_to_the_sites_own_glossary(site):
    for page in site.glob("notebooks/0*.html"):
        links = {link for link in Reader(page).links if "docs/glossary" in link}
        assert all(link.startswith("../docs/glossary.html") for link in links), page.name
        assert any("#" in link for link in links), page.name


def test_the_check_of_the_pages_sees_what_is_wrong(tmp_path):
    (tmp_path / "a.html").write_text(
        '<p id="top"><a href="b.html">b</a><a href="a.html#end">c</a><a href="a.html#top">d</a>'
        '<img src="https://example.org/x.png"><script src="gone.js"></script>'
    )
    assert len(problems(tmp_path)) == 5


def test_figures_have_their_alt_text_on_the_page(site):
    for lesson, kind in {"06": "image/png", "01": "image/svg+xml"}.items():
        page = Reader(next(site.glob(f"notebooks/{lesson}_*.html")))
        book = nbformat.read(next(PROJECT.glob(f"notebooks/{lesson}_*.ipynb")), as_version=4)
        outputs = [o for cell in book.cells for o in cell.get("outputs", [])]
        alts = {o.metadata[kind]["alt"] for o in outputs if kind in o.get("data", {})}
        assert alts and alts <= page.alts, lesson


# In a browser ----------------------------------------------------------------------------------


def test_every_page_is_quiet_fetches_nothing_and_fits_a_phone_and_a_laptop(site, browser):
    said, asked = [], []
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    page.on("requestfailed", lambda request: said.append(f"failed: {request.url}"))
    page.on("request", lambda request: asked.append(request.url))
    for path in sorted(site.rglob("*.html")):
        page.goto(path.as_uri())
        for size in (PHONE, LAPTOP):
            page.set_viewport_size(size)
            assert page.evaluate(TOO_WIDE) == [], (path.name, size)
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_its_ground(site, browser, scheme):
    page = browser.new_page(viewport=LAPTOP, color_scheme=scheme)
    for path in sorted(site.rglob("*.html")):
        page.goto(path.as_uri())
        assert page.evaluate(FAINT) == [], path.name
    page.close()


def test_the_check_of_contrast_sees_faint_text_alone(browser):
    page = browser.new_page()
    page.set_content(
        '<body style="background: #fff"><p style="color: #777">faint</p><p>black</p>'
        '<h1 style="color: #888; font-size: 30px">large</h1>'
        '<p style="color: rgba(0, 0, 0, .5)">see-through</p>'
        '<div style="background: #222"><p style="color: #eee">bright</p></div>'
    )
    assert [line.partition(": ")[2] for line in page.evaluate(FAINT)] == ["faint", "see-through"]
    page.close()


def test_the_start_page_has_a_card_with_a_picture_for_each_lesson_in_order(site, browser):
    page = browser.new_page(viewport=PHONE)
    page.goto((site / "index.html").as_uri())
    cards = page.locator(".cards > .card")
    lessons = sorted(path.stem for path in PROJECT.glob("notebooks/0*.ipynb"))
    links = cards.locator("p:nth-child(2) a").evaluate_all("all => all.map(a => a.href)")
    assert [Path(urlsplit(link).path).stem for link in links] == lessons
    pictures = cards.locator("img").evaluate_all(
        "all => all.filter(img => img.naturalWidth > 200).map(img => img.alt)"
    )
    assert len(pictures) == len(lessons) and all(len(alt) > 20 for alt in pictures)
    page.close()


def test_no_figure_and_no_command_has_to_be_scrolled_on_a_phone(site, browser):
    page = browser.new_page(viewport=PHONE)
    for path in sorted(site.glob("notebooks/0*.html")):
        page.goto(path.as_uri())
        wide = page.locator(
            "article .cell_output img, article .highlight-default pre"
        ).evaluate_all(
            """all => all.filter(each => each.getBoundingClientRect().right > innerWidth
                                      || each.scrollWidth > each.clientWidth + 1)
                         .map(each => each.alt || each.textContent)"""
        )
        assert wide == [], path.name
    page.close()


def test_a_printed_page_has_the_lesson_alone_and_cuts_nothing_off(site, browser):
    page = browser.new_page(viewport={"width": 700, "height": 1000})  # of A4, without margins
    page.emulate_media(media="print")
    page.goto(next(site.glob("notebooks/01_*.html")).as_uri())
    assert (
        not page.locator(".sidebar-drawer, .mobile-header, footer").locator("visible=true").count()
    )
    assert page.locator("article h1").is_visible()
    hidden = page.evaluate(
        """() => [...document.querySelectorAll("article pre, article img, article table")]
            .filter(each => each.scrollWidth > each.clientWidth + 1
                         || each.getBoundingClientRect().right > innerWidth + 1)
            .map(each => each.outerHTML.slice(0, 120))"""
    )
    assert hidden == []
    page.close()


def test_a_printed_table_keeps_its_lines_on_a_phone(site, browser):
    page = browser.new_page(viewport=PHONE)
    page.goto(next(site.glob("notebooks/04_*.html")).as_uri())
    table = page.locator(".tag_printed-table .cell_output pre", has_text="log loss  seconds")
    lines, height = table.evaluate(
        """pre => [pre.textContent.trimEnd().split("\\n").length,
                    pre.clientHeight / parseFloat(getComputedStyle(pre).lineHeight)]"""
    )
    assert height < lines + 2  # none is broken
    page.close()


def test_every_page_reads_the_same_without_its_scripts(site, browser):
    contexts = [browser.new_context(java_script_enabled=on) for on in (True, False)]
    pages = [context.new_page() for context in contexts]
    for path in sorted(site.rglob("*.html")):
        if path.name in ("search.html", "play.html"):
            continue
        for page in pages:
            page.goto(path.as_uri())
        alive, still = (page.locator("article").inner_text() for page in pages)
        assert alive == still and len(still) > 20, path.name
        assert pages[1].locator(".sidebar-tree a").first.is_visible(), path.name
    for context in contexts:
        context.close()


def test_a_visitor_plays_against_the_network_from_every_page(site, trained, browser):
    from trained import as_input, hands

    page = browser.new_page(viewport=PHONE)
    faults = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    for path in sorted(site.rglob("*.html")):
        page.goto(path.as_uri())
        if path.name != "play.html":
            page.locator(".announcement a", has_text="Play").click()
            assert page.url == (site / "play.html").as_uri(), path.name
    page.goto((site / "index.html").as_uri())
    page.locator(".cards > .card").first.locator("a", has_text="Play now").click()
    page.locator("button[name=drawn]").click()
    page.locator("button[name=play]:enabled").click()
    page.locator(".wc-say", has_text=re.compile("I read|Not sure")).wait_for()

    shown = hands(12, 500)
    answers = [
        page.evaluate(LOOK, [base64.b64encode(each.tobytes()).decode(), each.width])
        for each in shown
    ]
    wanted = trained[0].predict(as_input(shown), verbose=0)
    assert [max(range(3), key=one.__getitem__) for one in answers] == wanted.argmax(1).tolist()
    assert abs(wanted - answers).max() < 1e-3 and len(set(wanted.argmax(1))) == 3
    page.locator("nav a").click()
    assert page.url == (site / "index.html").as_uri() and faults == []
    page.close()


def test_the_search_finds_a_word_in_a_lesson_from_files_alone(site, browser):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.locator("input[name=q]").fill("augmentation")
    page.locator("input[name=q]").press("Enter")
    page.locator("#search-results a", has_text="simple CNN").first.click()
    assert "01_simple_cnn" in page.url
    page.close()


def test_the_pages_are_dark_where_the_reader_wishes(site, browser):
    colours = []
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto((site / "index.html").as_uri())
        script = "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"
        colours.append(sum(page.evaluate(script)))
        page.close()
    assert colours[0] > 600 > 200 > colours[1]
