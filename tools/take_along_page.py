"""The text of a page to take along, of its parts; needs only what the web site's environment has.

What a page is made of may be kept in a file: a `.zip` of what its code is given and of the
network's weights. tools/take_along.py writes it, tools/site.py makes its page of one.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.environment import PROJECT
from helpers.files import replacing
from tools.templates import fill

HERE = Path(__file__).parent
TEMPLATE = "take_along.html.j2"
GIVEN, WEIGHTS = "given.json", "weights"  # in the file that is kept
DAMAGE = zipfile.BadZipFile, zlib.error  # how a zip file tells of it
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # so that the same network gives the same file


def fill_template(given: Mapping[str, Any], weights: bytes, before: str = "") -> str:
    """Return the page as one HTML text, with `before`, which is HTML, above the heading.

    Args:
        given: for take_along_page.mjs: classes, operations, what the game needs where there is
            one, and perhaps "about", a sentence on what the network was trained on.
        weights: see tools/take_along.py's `pack`.
    """
    packed = base64.b64encode(gzip.compress(weights, 9, mtime=0)).decode("ascii")
    panel = PROJECT / "helpers"
    modules = HERE / "take_along_network.mjs", panel / "webcam.js", HERE / "take_along_page.mjs"
    # As parts of one script, modules export nothing.
    script = re.sub(r"^export (default .*$)?", "", _read(*modules), flags=re.MULTILINE)
    style = _read(panel / "webcam.css", HERE / "take_along.css")
    return fill(
        TEMPLATE,
        title=_title(given["classes"]),
        before=before,
        script=script,
        style=style,
        script_hash=_hash(script),
        style_hash=_hash(style),
        given=json.dumps(given).replace("<", "\\u003c"),
        weights="\n".join(re.findall(r".{1,1000}", packed)),
    )


def write_kept(path: Path, given: Mapping[str, Any], weights: bytes) -> None:
    """Keep what a page is made of in a `.zip`; for the arguments see `fill_template`."""
    with replacing(path) as partial, zipfile.ZipFile(partial, "w") as file:
        for name, part in ((GIVEN, json.dumps(given)), (WEIGHTS, weights)):
            file.writestr(zipfile.ZipInfo(name, LONG_AGO), part, zipfile.ZIP_DEFLATED, 9)


def read_kept(path: Path) -> tuple[dict[str, Any], bytes]:
    """Read what `write_kept` wrote; ValueError where the file is damaged, or another."""
    try:
        with zipfile.ZipFile(path) as file:
            return json.loads(file.read(GIVEN)), file.read(WEIGHTS)
    except (KeyError, ValueError, *DAMAGE):
        raise ValueError(
            f"{path.name} keeps no network; write it again: python -m tools.take_along "
            f"MODEL.keras --out {path.name}"
        ) from None


def _title(classes: Sequence[str]) -> str:
    if len(classes) > 6:
        return f"Which of {len(classes)} classes is it?"
    *first, last = classes
    return f"{', '.join(first)} or {last}?"


def _read(*paths: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
