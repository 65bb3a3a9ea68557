"""What the lessons claim when they compare, recomputed from the records of several seeds."""

from __future__ import annotations

import html
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helpers.comparison import mean_interval
from helpers.environment import PROJECT

CLAIMS = PROJECT / "benchmarks" / "claims.toml"
SEEDS_NEEDED = 3
HOLDS, OPEN, CONTRADICTED = "holds", "open", "contradicted"


@dataclass(frozen=True)
class Claim:
    """A comparison that a lesson teaches, and what the records say of it.

    Attributes:
        says: the claim, in a sentence.
        taught: as what the lesson teaches it, "holds" or "open".
        differences: by seed, by how much the first figure is higher than the second.
    """

    says: str
    taught: str
    differences: Mapping[int, float]

    @property
    def agreeing(self) -> int:
        """Seeds whose difference is above 0."""
        return sum(difference > 0 for difference in self.differences.values())

    @property
    def verdict(self) -> str:
        """ "holds" where each of three seeds or more agrees, "contradicted" where none, or "open"."""
        if len(self.differences) < SEEDS_NEEDED or 0 < self.agreeing < len(self.differences):
            return OPEN
        return HOLDS if self.agreeing else CONTRADICTED

    def cells(self) -> tuple[str, str, str]:
        """Return what the table says of it: the claim, seeds with verdict, mean and interval."""
        values = list(self.differences.values())
        if not values:
            return self.says, "no records yet", "–"
        low, high = mean_interval(values)
        spread = f" ({low:+.3f} to {high:+.3f})" if np.isfinite(low) else ""
        verdict = f"{self.verdict}: {self.agreeing} of {len(values)} seeds"
        return self.says, verdict, f"{np.mean(values):+.3f}{spread}"


class ClaimsTable:
    """Claims of a lesson as HTML and as text; a notebook shows it by its name."""

    HEAD = ("claim", "verdict", "mean difference (95 % interval over seeds)")

    def __init__(self, claims: list[Claim], machine: str = "") -> None:
        self.claims = claims
        self.machine = machine

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in self.HEAD)
        left = 'style="text-align: left"'
        body = "".join(
            f'<tr><th scope="row" {left}>{html.escape(says)}</th>'
            f"<td {left}>{html.escape(verdict)}</td><td {left}>{html.escape(mean)}</td></tr>"
            for says, verdict, mean in (claim.cells() for claim in self.claims)
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"{table}<p>{html.escape(self.machine)}</p>"

    def __repr__(self) -> str:
        lines = [self.HEAD, *(claim.cells() for claim in self.claims)]
        widths = [max(len(line[column]) for line in lines) for column in range(3)]
        table = [
            " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join([*table, self.machine]).rstrip()


def claims(lesson: str, group: str = "", path: Path = CLAIMS) -> ClaimsTable:
    """Recompute a lesson's claims from the kept records.

    Args:
        lesson: its number, such as "02".
        group: only the claims of this group; "" for all.
        path: the file that lists them; records are looked for in its folder.

    Raises:
        ValueError: there is no such lesson or group in the file.
    """
    listed = tomllib.loads(path.read_text("utf-8"))["claim"]
    chosen = [
        each for each in listed if each["lesson"] == lesson and group in ("", each.get("group"))
    ]
    if not chosen:
        raise ValueError(f"{path.name} lists no claim of lesson {lesson!r}, group {group!r}.")
    read = {each["records"]: _by_seed(path.parent, each["records"]) for each in chosen}
    machines = {record["machine"] for records in read.values() for record in records.values()}
    made = [
        Claim(each["says"], each["taught"], _differences(each, read[each["records"]]))
        for each in chosen
    ]
    return ClaimsTable(made, "; ".join(sorted(machines)))


def _by_seed(folder: Path, pattern: str) -> dict[int, dict[str, Any]]:
    """Read the records of a pattern: by seed the figures and a line about the machine."""
    found = {}
    for file in sorted(folder.glob(pattern)):
        record = json.loads(file.read_text("utf-8"))
        machine = record["machine"]
        name = machine.get("processor", f"{machine['cpu_count']} cores")
        line = f"{name}, {machine['precision']}, {record['finished'][:10]}"
        found[record["parameters"]["SEED"]] = {"figures": record["figures"], "machine": line}
    return found


def _differences(claim: Mapping[str, Any], records: Mapping[int, Mapping]) -> dict[int, float]:
    """Subtract a claim's second figure, or number, from its first, in each record that has them."""

    def value(side: Any, figures: Mapping[str, Any]) -> float:
        if not isinstance(side, str):
            return float(side)
        figure = figures.get(side)
        return float(
            figure["value"] if isinstance(figure, Mapping) else np.nan if figure is None else figure
        )

    pairs = {
        seed: value(claim["first"], record["figures"]) - value(claim["second"], record["figures"])
        for seed, record in records.items()
    }
    return {seed: difference for seed, difference in pairs.items() if np.isfinite(difference)}


def recorded(records: str, figure: str, folder: Path = CLAIMS.parent) -> dict[int, float]:
    """Return a figure from each of the kept records, such as those of several seeds.

    Args:
        records: a pattern of files, such as "records/03-*.json".
        figure: its name in the records.
        folder: in which the pattern is looked for.

    Returns:
        The value by seed; records that lack the figure are left out.
    """
    by_seed = _by_seed(folder, records)
    return _differences({"first": figure, "second": 0}, by_seed)
