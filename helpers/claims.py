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

from helpers.comparison import mean_interval, told_of_both
from helpers.environment import PROJECT
from helpers.intervals import Told, difference_interval

CLAIMS = PROJECT / "benchmarks" / "claims.toml"
SEEDS_NEEDED = 3
HOLDS, OPEN, CONTRADICTED = "holds", "open", "contradicted"
NO_RECORDS = "no records yet"


@dataclass(frozen=True)
class Claim:
    """A comparison that a lesson teaches, and what the records say of it.

    Attributes:
        id: its name in claims.toml, such as "02-swing-1".
        says: the claim, in a sentence.
        taught: as what the lesson teaches it, "holds" or "open".
        differences: by seed, by how much the first figure is higher than the second.
        judge: by which pictures, where a claim is asked of several; else "".
        told: what both sides got right of the same pictures, None where the records do not say.
        machine: where its records were made, and when; "" where there are none.
    """

    id: str
    says: str
    taught: str
    differences: Mapping[int, float]
    judge: str = ""
    told: tuple[Told, Told] | None = None
    machine: str = ""

    @property
    def agreeing(self) -> int:
        """Seeds whose difference is above 0."""
        return sum(difference > 0 for difference in self.differences.values())

    @property
    def verdict(self) -> str:
        """Hold where three seeds or more all agree, be contradicted where all object, else open."""
        number = len(self.differences)
        if not number:
            return NO_RECORDS
        if number >= SEEDS_NEEDED and self.agreeing == number:
            return HOLDS
        objecting = sum(difference < 0 for difference in self.differences.values())
        return CONTRADICTED if number >= SEEDS_NEEDED and objecting == number else OPEN

    @property
    def is_taught_wrongly(self) -> bool:
        """Whether it is taught as holding, and three seeds or more say otherwise."""
        enough = len(self.differences) >= SEEDS_NEEDED
        return self.taught == HOLDS and enough and self.verdict != HOLDS

    def cells(self) -> tuple[str, str]:
        """Return the verdict with its seeds, and the mean difference with its interval."""
        values = list(self.differences.values())
        if not values:
            return NO_RECORDS, ""
        if self.told and len(values) > 1:
            low, high = difference_interval(*self.told)
        else:
            low, high = mean_interval(values)
        too = ", pictures too" if self.told else ""
        spread = f" ({low:+.3f} to {high:+.3f}{too})" if np.isfinite(low) else ""
        verdict = f"{self.verdict}: {self.agreeing} of {len(values)} seeds"
        return verdict, f"{np.mean(values):+.3f}{spread}"


class ClaimsTable:
    """Claims of a lesson as HTML and as text; a notebook shows it by its name.

    Claims without judges get a line each; of those with judges, each judge gets a column.
    """

    def __init__(self, claims: list[Claim]) -> None:
        self.claims = claims
        lines = {line for claim in claims for line in claim.machine.split("; ") if line}
        self.machine = "; ".join(sorted(lines))
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
    chosen = [each for each in _listed(path) if each["lesson"] == lesson]
    chosen = [each for each in chosen if group in ("", each.get("group"))]
    if not chosen:
        raise ValueError(f"{path.name} lists no claim of lesson {lesson!r}, group {group!r}.")
    return ClaimsTable(_recomputed(chosen, path.parent))


def all_claims(path: Path = CLAIMS) -> list[Claim]:
    """Recompute all claims of the course from the kept records, in the order of their lessons."""
    return _recomputed(sorted(_listed(path), key=lambda each: each["lesson"]), path.parent)


def _listed(path: Path) -> list[dict[str, Any]]:
    return tomllib.loads(path.read_text("utf-8"))["claim"]


def _recomputed(listed: list[dict[str, Any]], folder: Path) -> list[Claim]:
    read = {each["records"]: _by_seed(folder, each["records"]) for each in listed}
    return [
        _claim(each, judge, read[each["records"]])
        for each in listed
        for judge in each.get("judges", [""])
    ]


def _together(verdict: str, mean: str) -> str:
    return f"{mean}, {verdict}" if mean else verdict


def _by_seed(folder: Path, pattern: str) -> dict[int, dict[str, Any]]:
    """Read the records of a pattern: by seed the figures and a line about the machine."""
    found = {}
    for file in sorted(folder.glob(pattern)):
        record = json.loads(file.read_text("utf-8"))
        machine = record["machine"]
        told = [machine.get("processor"), f"{machine['cpu_count']} cores"]
        told += [machine.get("instructions"), machine["precision"], record["finished"][:10]]
        line = ", ".join(filter(None, told))
        kept = {name: record[name] for name in ("figures", "parameters")}
        found[record["parameters"]["SEED"]] = kept | {"machine": line}
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


def _claim(claim: Mapping[str, Any], judge: str, records: Mapping[int, Mapping]) -> Claim:
    """Subtract a claim's second side from its first, in each record that has both."""
    least = claim.get("least", {})
    records = {
        seed: record
        for seed, record in records.items()
        if all(record["parameters"].get(name, 0) >= number for name, number in least.items())
    }
    sides = [
        side.format(judge=judge) if isinstance(side, str) else side
        for side in (claim["first"], claim["second"])
    ]
    first, second = (_values(side, records) for side in sides)
    differences = {seed: first[seed] - second[seed] for seed in first if seed in second}
    told = told_of_both(*(_figures(side, records, list(differences)) for side in sides))
    machines = sorted({records[seed]["machine"] for seed in differences})
    return Claim(
        id=claim["id"],
        says=claim["says"],
        taught=claim["taught"],
        differences=differences,
        judge=judge,
        told=told,
        machine="; ".join(machines),
    )


def _figures(
    side: str | float, records: Mapping[int, Mapping], seeds: list[int]
) -> list[Mapping[str, Any]]:
    """Return a side's figure of each seed; nothing stands for a plain number."""
    figures = [records[seed]["figures"].get(side) for seed in seeds]
    return [each if isinstance(each, Mapping) else {} for each in figures]


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
