"""What an executed notebook may show on a page: text, tables, pictures; nothing that runs."""

from __future__ import annotations

import re

import bleach
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer

# Those of text and tables; then those of drawings in SVG, which HTML spells in small letters.
WORDS = re.compile(r"\S+")
TAGS = WORDS.findall("""
h1 h2 h3 h4 h5 h6 p div span pre br hr del sub sup table caption thead tbody tfoot tr th td dl dt
dd details summary figure figcaption img
svg g path rect circle ellipse line polyline polygon text tspan defs marker title desc
""")
ATTRIBUTES = WORDS.findall("""
class id style title alt width height role scope open start colspan rowspan align lang aria-label
aria-hidden aria-labelledby
d x y x1 x2 y1 y2 cx cy r rx ry dx dy points transform viewbox fill fill-opacity stroke stroke-width
stroke-dasharray stroke-linecap stroke-linejoin opacity font-size font-family font-weight
text-anchor dominant-baseline marker-end marker-start markerwidth markerheight refx refy orient
preserveaspectratio xmlns
""")
PICTURE = re.compile(r"(https?:|data:image/|[^:]*$)", re.IGNORECASE)
LINK = re.compile(r"(https?:|mailto:|[^:]*$|[./#])", re.IGNORECASE)
MORE_CSS = ("border", "border-left", "padding", "margin", "max-width", "overflow-x")
CSS = CSSSanitizer([*ALLOWED_CSS_PROPERTIES, *MORE_CSS])
STYLE_SHEET = re.compile(r"<style\b.*?</style\s*>", re.IGNORECASE | re.DOTALL)


def clean_html(text: object) -> str:
    """Take out of HTML what could run; for nbconvert, in place of its own, which knows few tags.

    Text, tables, pictures and drawings stay; other tags stand there as text, style sheets are left
    out.
    """
    without = STYLE_SHEET.sub("", str(text))  # of pandas' tables: they would stand there as text
    tags, protocols = {*bleach.ALLOWED_TAGS, *TAGS}, {*bleach.ALLOWED_PROTOCOLS, "data"}
    return bleach.clean(without, tags, _allowed, protocols, css_sanitizer=CSS)


def _allowed(tag: str, name: str, value: str) -> bool:
    if name in ("src", "href"):
        wanted = {("img", "src"): PICTURE, ("a", "href"): LINK}.get((tag, name))
        return wanted is not None and wanted.match(value.strip()) is not None
    return name.lower() in ATTRIBUTES
