"""The course's address on GitHub: where it stands, and how to change it everywhere at once.

    python -m tools.address               print it
    python -m tools.address owner/name    write another one, once, after a fork

The address stands in pyproject.toml, as `Repository` under [project.urls]; the README, the
citation, CONTRIBUTING.md and the notebooks repeat it in their links. A link is the course's own
where it holds that address; all others are left alone. Three places are the course's own whatever
they hold, so that a notebook taken over from somebody's fork is set right too: the Colab badge of a
notebook that is here, the line `repository = ...` of a set-up cell, and `repository-code` in the
citation.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from helpers.environment import PROJECT
from helpers.files import explain, replacing

HOME = "https://github.com/"
COLAB = "https://colab.research.google.com/github/"
RAW = "https://raw.githubusercontent.com/"
PAGES = ("README.md", "CITATION.cff", "CONTRIBUTING.md", "pyproject.toml")
OWNER = r"[A-Za-z\d][\w-]{0,38}"
ADDRESS = re.compile(rf"{OWNER}/[\w.-]{{0,99}}[\w-](?<!\.git)", re.ASCII)
# A link to any repository on GitHub. Notebooks are searched as JSON, where a string begins with \".
LINK = re.compile(
    r'(?P<named>\brepository = \\"|\brepository-code: "?)?'
    rf"(?P<site>{re.escape(HOME)}|{re.escape(COLAB)}|{re.escape(RAW)}|git@github\.com:)"
    rf"(?P<address>{OWNER}/[\w.-]+?)(?=(?:\.git)?\.*(?![\w.-]))"  # a full stop may follow it
    r"(?:/blob/main/notebooks/(?P<notebook>[\w.-]+\.ipynb))?",
    re.ASCII,
)


def parse_address(text: str) -> str:
    """Read owner/name, also with `HOME` before it or .git behind; ValueError for other text."""
    address = text.removeprefix(HOME).removesuffix(".git")
    if not ADDRESS.fullmatch(address):
        raise ValueError(
            f"{text!r} is not the address of a repository on GitHub; "
            f"give owner/name or {HOME}owner/name, as your browser shows it."
        )
    return address


def present_address(project: Path = PROJECT) -> str:
    """Read the course's address, "owner/name", from pyproject.toml; ValueError if it has none."""
    settings = (project / "pyproject.toml").read_text(encoding="utf-8")
    try:
        link = tomllib.loads(settings)["project"]["urls"]["Repository"]
        if link.startswith(HOME):
            return parse_address(link)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise ValueError(
        "pyproject.toml does not say where the course is; "
        f'write Repository = "{HOME}owner/name" under [project.urls].'
    )


def own_links(project: Path = PROJECT) -> dict[Path, list[re.Match]]:
    """Find the course's own links in each file that may hold some, `address` the same in all.

    pyproject.toml, which tells them from others, comes last: as files are written in this order,
    the same command finishes the work where the machine stopped halfway.
    """
    present = present_address(project)
    notebooks = sorted(project.glob("notebooks/*.ipynb"))
    names = {path.name for path in notebooks}

    def own(link: re.Match) -> bool:
        badge = link["site"] == COLAB and link["notebook"] in names
        return link["address"] == present or link["named"] is not None or badge

    paths = (path for path in [*notebooks, *(project / name for name in PAGES)] if path.is_file())
    # From bytes, so that line ends stay; with escapes, so that other encodings stay too.
    texts = {path: path.read_bytes().decode("utf-8", "surrogateescape") for path in paths}
    return {path: [*filter(own, LINK.finditer(text))] for path, text in texts.items()}


def change_address(text: str, project: Path = PROJECT) -> list[Path]:
    """Write another address into all of the course's own links; return the files that were changed.

    Where one cannot be written, the same command goes on there.
    """
    address, changed = parse_address(text), {}
    for path, links in own_links(project).items():
        if any(link["address"] != address for link in links):
            new = links[0].string
            for link in reversed(links):
                new = new[: link.start("address")] + address + new[link.end("address") :]
            changed[path] = new.encode("utf-8", "surrogateescape")
    for path, content in changed.items():
        with replacing(path) as partial:
            partial.write_bytes(content)
    return list(changed)


def main(arguments: Sequence[str] | None = None, project: Path = PROJECT) -> int:
    """Print or change the address; return 1 where a file fails, 2 where the address was wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.address", description="Print or change the course's address."
    )
    parser.add_argument("address", nargs="?", help="the new one: owner/name")
    text = parser.parse_args(arguments).address
    try:
        changed = [] if text is None else change_address(text, project)
        for path in changed:
            print(f"changed {path.relative_to(project)}")
        print(HOME + present_address(project))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{explain(error)}; correct that and run the same command again.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
