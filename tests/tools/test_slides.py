"""Slides from a notebook's own cells: what each one holds, and how a browser shows them."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.environment import PROJECT
from tools.outputs import STAND_INS
from tools.slides import FOLDER, main, make_slides

LESSONS = sorted(PROJECT.glob("notebooks/[0-9][0-9]_*.ipynb"))
ALT = 'Curves: 0.5 < 0.9,\n "best" last.'
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 30"><path d="M0 0h90v30"/></svg>'
ELSEWHERE = re.compile(r"""\b(src|srcset|data|poster|href)=["']?(?!["']?data:)""")


def figure(kind: str = "image/svg+xml", content: str = SVG):
    return new_output("display_data", {kind: content}, metadata={kind: {"alt": ALT}})


@pytest.fixture
def project(tmp_path):
    """A course of one lesson."""
    many = " ".join(["A sentence of exactly six words."] * 9)
    cells = [
        new_markdown_cell(
            "# 1. Hands\n\n[![Badge](https://example.org/b.svg)](https://example.org)\n\n"
            "Look at [hands](https://example.org).\n\n**Afterwards you can**\n\n- see;\n- know."
        ),
        new_markdown_cell("## 1. Set-up", id="setup-title"),
        new_code_cell("import keras", id="setup", outputs=[figure()]),
        new_markdown_cell(f"## 2. Look\n\n{many}\n\nA second paragraph."),
        new_code_cell("plot()", outputs=[figure()]),
        new_markdown_cell("Dark hands.", id="look-read"),
        new_markdown_cell("### Guess\n\nThree layers. **Predict:** which is larger?"),
        new_code_cell("count()", outputs=[new_output("stream", text="a < b\n")]),
        new_code_cell("keras.Sequential([])\n" * 16, metadata={"tags": ["network"]}),
        new_code_cell("network.fit(pictures)\n" * 16),
        new_code_cell("print()", outputs=[new_output("stream", text="not asked for\n")]),
        new_markdown_cell("**Exercise 1.** Count.", id="exercise-1"),
        new_code_cell("q.check(...)", id="exercise-1-try", outputs=[figure()]),
        new_markdown_cell("## 3. Empty"),
        new_markdown_cell("## 4. Data"),
        new_code_cell(
            "show()",
            metadata={"tags": ["data-pictures"]},
            outputs=[new_output("stream", text=STAND_INS), figure("image/png", "iVBORw0KGgo=\n")],
        ),
    ]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "01_hands.ipynb")
    return tmp_path


@pytest.fixture
def slides(project):
    return make_slides(nbformat.read(project / "notebooks" / "01_hands.ipynb", as_version=4))


def test_headings_begin_slides_and_set_up_and_exercises_are_left_out(slides):
    titles = [slide.title for slide in slides]
    assert titles == ["1. Hands", "2. Look", "Guess", "Guess", "Guess", "4. Data"]
    assert [text.count("<li>") for _, text in slides[0].texts] == [0, 2]
    assert "<strong>Afterwards you can</strong>" in slides[0].texts[1][1]
    assert "example.org/b.svg" not in str(slides)


def test_a_paragraph_is_shortened_to_whole_sentences_and_what_reads_a_figure_stays_with_it(slides):
    (_, lead), (_, read) = slides[1].texts
    assert lead == "<p>" + " ".join(["A sentence of exactly six words."] * 7) + "</p>"
    assert read == "<p>Dark hands.</p>"
    assert "image/svg+xml" in slides[1].shown


def test_what_answers_a_prediction_waits_for_the_next_slide(slides):
    question, answer, network = slides[2:5]
    assert [kind for kind, _ in question.texts] == ["", "predict"] and not question.shown
    assert question.texts[1][1].startswith("<p><strong>Predict:</strong>")
    assert answer.shown == "<pre>a &lt; b</pre>" and not answer.texts
    assert network.shown.count("Sequential") == 16  # long, but a network
    assert "fit" not in str(slides) and "not asked for" not in str(slides)


def test_long_sentences_are_broken_and_columns_are_not(project):
    file = project / "notebooks" / "01_hands.ipynb"
    book = nbformat.read(file, as_version=4)
    row = "name    " + "0.95  " * 40
    book.cells[7].outputs = [
        new_output("stream", text=f"{'Six words of one long sentence. ' * 9}\n{row}")
    ]
    (pre,) = [slide.shown for slide in make_slides(book) if "one long sentence" in slide.shown]
    *sentence, last = pre.splitlines()
    assert len(sentence) == 3 and max(map(len, sentence)) < 120
    assert last.startswith(row.rstrip())


def test_figures_keep_their_alt_text_and_stand_ins_are_called_so(slides):
    shown = [slide.shown for slide in slides if "<img" in slide.shown]
    assert len(shown) == 2
    assert all('alt="Curves: 0.5 &lt; 0.9, &quot;best&quot; last."' in each for each in shown)
    assert "base64,iVBORw0KGgo=" in shown[1]
    assert "<figcaption>Drawn stand-ins" in shown[1] and "figcaption" not in shown[0]


def test_all_lessons_convert_and_request_nothing(tmp_path, capsys):
    (tmp_path / "notebooks").symlink_to(PROJECT / "notebooks")
    assert main([], tmp_path) == 0
    files = sorted((tmp_path / FOLDER).iterdir())
    assert [file.stem for file in files] == [lesson.stem for lesson in LESSONS]
    assert len(capsys.readouterr().out.splitlines()) == len(LESSONS)
    for file in files:
        page = file.read_text(encoding="utf-8")
        tags = re.findall(r"<(?:img|script|link|iframe|object|video|source|style)\b[^>]*>", page)
        assert not [tag[:80] for tag in tags if ELSEWHERE.search(tag)], file.name
        assert not re.search(r"url\(|@import", page.partition("</style>")[0]), file.name
        assert page.count("<section ") > 10 and 'alt=""' not in page, file.name


def test_a_lesson_that_is_missing_is_named(project, capsys):
    assert main(["07"], project) == 2
    assert capsys.readouterr().err == (
        "'07' names no notebook of the course: give a path, or the number or name of one of "
        "01_hands.\n"
    )
    assert main(["1"], project) == 0
    assert capsys.readouterr().out == f"6 slides: {FOLDER}/01_hands.html\n"
    for damaged in ("{", "{}", "[]", '{"nbformat": 4, "nbformat_minor": 5}'):
        (project / "notebooks" / "01_hands.ipynb").write_text(damaged, encoding="utf-8")
        assert main([], project) == 1
        said = capsys.readouterr().err
        told = "01_hands.ipynb is damaged; restore it, for example by git.\n"
        assert said == f"The slides were not written: {told}"


# In a browser ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", [lesson.name[:2] for lesson in LESSONS])
def test_keys_turn_the_slides_and_nothing_is_cut_off(lesson, tmp_path, browser):
    (tmp_path / "notebooks").symlink_to(PROJECT / "notebooks")
    main([lesson], tmp_path)
    (file,) = (tmp_path / FOLDER).iterdir()
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    seen = page.locator("section").locator("visible=true")
    for key, number in {
        "End": None,
        "Home": 1,
        "ArrowRight": 2,
        "PageDown": 3,
        "ArrowLeft": 2,
    }.items():
        page.keyboard.press(key)
        page.wait_for_timeout(50)
        number = number or page.locator("section").count()
        assert seen.evaluate_all("all => all.map(each => each.id)") == [str(number)], key
    page.evaluate("document.documentElement.classList.remove('turning')")
    cut = page.evaluate(
        """() => [...document.querySelectorAll("section, .body, .texts, .shown, pre")].filter(
            each => each.scrollHeight > each.clientHeight + 1
                || each.scrollWidth > each.clientWidth + 1
        ).map(each => each.closest("section").id)"""
    )
    assert cut == said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    page.close()


def test_without_scripts_all_slides_stand_below_one_another(project, browser):
    main([], project)
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto((project / FOLDER / "01_hands.html").as_uri())
    assert page.locator("section").locator("visible=true").count() == 6
    context.close()
