"""The templates of the pages that tools write, which lie in this folder, filled by Jinja."""

from __future__ import annotations

from pathlib import Path

import jinja2

LOADER = jinja2.FileSystemLoader(Path(__file__).parent)


def fill(name: str, **values: object) -> str:
    """Fill a template: what is text in `values` cannot become HTML, unless the template says so."""
    return jinja2.Environment(loader=LOADER, autoescape=True).get_template(name).render(values)
