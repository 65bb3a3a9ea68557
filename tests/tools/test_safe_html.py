"""Pages made of notebooks run nothing, and keep text, tables, pictures and drawings."""

from __future__ import annotations

from html.parser import HTMLParser

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.reruns import _write_html
from tools.safe_html import clean_html

BAD = "run_this()"
ATTACKS = {
    "script": f"<script>{BAD}</script>",
    "script in capitals": f"<ScRiPt src='data:,{BAD}'></sCrIpT>",
    "script in a drawing": f"<svg><script>{BAD}</script></svg>",
    "picture": f"<img src=x onerror={BAD}>",
    "picture with a slash": f"<img/src=x/onerror={BAD}>",
    "drawing": f"<svg onload='{BAD}'><g/></svg>",
    "animation": f"<svg><animate onbegin={BAD} attributeName=x dur=1s></svg>",
    "set": f"<svg><a><set attributeName=href to=javascript:{BAD} /></a></svg>",
    "foreign object": f"<svg><foreignObject><iframe srcdoc='<script>{BAD}</script>'>",
    "use": f"<svg><use href='data:image/svg+xml,<svg onload={BAD}>'/></svg>",
    "link": f"<a href='javascript:{BAD}'>x</a>",
    "link with spaces": f"<a href=' java&#10;script:{BAD}'>x</a>",
    "link to data": f"<a href='data:text/html,<script>{BAD}</script>'>x</a>",
    "frame": f"<iframe src='javascript:{BAD}'></iframe>",
    "object": f"<object data='data:text/html,{BAD}'></object>",
    "form": f"<form action='javascript:{BAD}'><button formaction='javascript:{BAD}'>x</form>",
    "details": f"<details open ontoggle={BAD}>x</details>",
    "base": "<base href='https://example.org/'>",
    "refresh": f"<meta http-equiv=refresh content='0;url=javascript:{BAD}'>",
    "nested": f"<math><mtext><table><mglyph><style><img src=x onerror={BAD}>",
    "style sheet that ends early": f"<style></style><img src=x onerror={BAD}></style>",
    "style": f"<div style='background:url(javascript:{BAD})'>x</div>",
    "half a tag": f"<scr<script>ipt>{BAD}</scr</script>ipt>",
    "comment": f"<!--><img src=x onerror={BAD}>-->",
}
KINDS = ["markdown", "heading", "text/html", "text/markdown", "image/svg+xml", "text/vnd.mermaid"]
KINDS += ["application/javascript", "text/plain", "text/latex", "stream", "error", "raw"]


class Running(HTMLParser):
    """Collects what of a page could run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "base", "form", "animate", "set", "use"):
            self.found.append(tag)
        for name, value in attrs:
            value = "".join((value or "").split()).lower()
            bad = value.startswith(("javascript:", "data:text")) or "url(javascript" in value
            if name.startswith("on") or name in ("srcdoc", "formaction", "http-equiv") or bad:
                self.found.append(f"{tag} {name}={value}")


def running(page: str) -> list[str]:
    parser = Running()
    parser.feed(page)
    return parser.found


def page_of(folder, *cells) -> str:
    path = folder / "lesson.ipynb"
    nbformat.write(new_notebook(cells=list(cells)), path)
    _write_html(path)
    return path.with_suffix(".html").read_text(encoding="utf-8")


def cell_of(kind: str, text: str):
    if kind in ("markdown", "heading"):
        return new_markdown_cell(f"# {text}" if kind == "heading" else text)
    if kind == "raw":
        return nbformat.v4.new_raw_cell(text, metadata={"raw_mimetype": "text/html"})
    if kind == "stream":
        output = new_output("stream", text=text)
    elif kind == "error":
        output = new_output("error", ename=text, evalue=text, traceback=[text])
    else:
        output = new_output("display_data", {kind: text})
    return new_code_cell("1", outputs=[output])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_out_of_a_notebook_runs(tmp_path, kind):
    before = running(page_of(tmp_path, cell_of("markdown", "harmless")))
    page = page_of(tmp_path, *(cell_of(kind, text) for text in ATTACKS.values()))
    assert running(page) == before


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nothing_that_is_cleaned_runs(attack):
    assert running(clean_html(attack)) == []


def test_text_tables_pictures_and_drawings_stay(tmp_path):
    drawing = "<svg viewBox='0 0 9 9' role='img'><path d='M0 0L9 9' stroke='red'></path></svg>"
    shown = {
        "<details><summary>Hint</summary>x</details>": "<summary>Hint</summary>",
        '<div style="border-left: 4px solid #777; padding: 0.2em">x</div>': "border-left: 4px",
        '<table><tr><th scope="row">a</th><td>b</td></tr></table>': '<th scope="row">a</th>',
        "<style>.x {}</style><table><tr><td>c</td></tr></table>": "<td>c</td>",
        '<img src="data:image/png;base64,AAAA" alt="A hand.">': 'alt="A hand."',
        drawing: '<path d="M0 0L9 9" stroke="red">',
        '<a href="02.ipynb#part">next</a>': '<a href="02.ipynb#part"',
        '<a href="https://keras.io">Keras</a>': 'href="https://keras.io"',
    }
    page = page_of(tmp_path, *(cell_of("text/html", text) for text in shown))
    assert [kept for kept in shown.values() if kept not in page] == []
    assert "&lt;style" not in page
    page = page_of(tmp_path, cell_of("image/svg+xml", drawing), cell_of("markdown", "## A *part*"))
    assert "data:image/svg+xml;base64," in page and "<em>part</em>" in page
