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
        judge: by which pictures, where a claim is asked of several; else "".
    """

    says: str
    taught: str
    differences: Mapping[int, float]
    judge: str = ""

    @property
    def agreeing(self) -> int:
        """Seeds whose difference is above 0."""
        return sum(difference > 0 for difference in self.differences.values())

    @property
    def verdict(self) -> str:
        """Hold where three seeds or more all agree, be contradicted where all object, else open."""
        number = len(self.differences)
        if number >= SEEDS_NEEDED and self.agreeing == number:
            return HOLDS
        objecting = sum(difference < 0 for difference in self.differences.values())
        return CONTRADICTED if number >= SEEDS_NEEDED and objecting == number else OPEN

    def cells(self) -> tuple[str, str]:
        """Return the verdict with its seeds, and the mean difference with its interval."""
        values = list(self.differences.values())
        if not values:
            return "no records yet", ""
        low, high = mean_interval(values)
        spread = f" ({low:+.3f} to {high:+.3f})" if np.isfinite(low) else ""
        verdict = f"{self.verdict}: {self.agreeing} of {len(values)} seeds"
        return verdict, f"{np.mean(values):+.3f}{spread}"


class ClaimsTable:
    """Claims of a lesson as HTML and as text; a notebook shows it by its name.

    Claims without judges get a line each; of those with judges, each judge gets a column.
    """

    def __init__(self, claims: list[Claim], machine: str = "") -> None:
        self.claims = claims
        self.machine = machine
        judges = list(dict.fromkeys(claim.judge for claim in claims))
        if judges == [""]:
            self.head = ("claim", "verdict", "mean difference (95 % interval over seeds)")
            self.rows = [(claim.says, *claim.cells()) for claim in claims]
            return
        self.head = ("worth of", *judges)
        by_judge = {(claim.says, claim.judge): claim.cells() for claim in claims}
        self.rows = [
            (
                says,
                *(_together(*by_judge.get((says, judge), ("", ""))) for judge in judges),
            )
            for says in dict.fromkeys(claim.says for claim in claims)
        ]

    def _repr_html_(self) -> str:
        left = 'style="text-align: left"'
        head = "".join(f'<th scope="col" {left}>{html.escape(name)}</th>' for name in self.head)
        body = "".join(
            f'<tr><th scope="row" {left}>{html.escape(says)}</th>'
            + "".join(f"<td {left}>{html.escape(text)}</td>" for text in texts)
            + "</tr>"
            for says, *texts in self.rows
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"{table}<p>{html.escape(self.machine)}</p>"

    def __repr__(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
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
        Claim(each["says"], each["taught"], _differences(each, judge, read[each["records"]]), judge)
        for each in chosen
        for judge in each.get("judges", [""])
    ]
    return ClaimsTable(made, "; ".join(sorted(machines)))


def _together(verdict: str, mean: str) -> str:
    return f"{mean}, {verdict}" if mean else verdict


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


def _values(side: str | float, records: Mapping[int, Mapping]) -> dict[int, float]:
    """Return a figure, or a number, by seed; records that lack the figure are left out."""
    if not isinstance(side, str):
        return dict.fromkeys(records, float(side))
    found = {seed: record["figures"].get(side) for seed, record in records.items()}
    plain = {
        seed: float(figure["value"] if isinstance(figure, Mapping) else figure)
        for seed, figure in found.items()
        if figure is not None
    }
    return {seed: value for seed, value in plain.items() if np.isfinite(value)}


def _differences(
    claim: Mapping[str, Any], judge: str, records: Mapping[int, Mapping]
) -> dict[int, float]:
    """Subtract a claim's second side from its first, in each record that has both."""
    first, second = (
        _values(side.format(judge=judge) if isinstance(side, str) else side, records)
        for side in (claim["first"], claim["second"])
    )
    return {seed: value - second[seed] for seed, value in first.items() if seed in second}


def recorded(records: str, figure: str, folder: Path = CLAIMS.parent) -> dict[int, float]:
    """Return a figure from each of the kept records, such as those of several seeds.

    Args:
        records: a pattern of files, such as "records/03-*.json".
        figure: its name in the records.
        folder: in which the pattern is looked for.

    Returns:
        The value by seed; records that lack the figure are left out.
    """
    return _values(figure, _by_seed(folder, records))
