"""What the lessons claim when they compare, recomputed from the records of several seeds."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helpers.comparison import paired_interval, told_of, told_of_both
from helpers.environment import PROJECT
from helpers.intervals import Told, share_interval, sign_tests
from helpers.results import LEFT, Table

CLAIMS = PROJECT / "benchmarks" / "claims.toml"
SEEDS_NEEDED = 3
HOLDS, OPEN, CONTRADICTED = "holds", "open", "contradicted"
OPPOSITE = "the opposite holds"  # of a claim that its lesson leaves open
NO_RECORDS = "no records yet"
TESTS = "exact test of each seed's networks, p"
TESTS_ASK = (
    "p: of each seed's two networks alone, how probable so uneven a result on these pictures is if "
    "both are equally good; lesson 6 explains it."
)


@dataclass(frozen=True)
class Claim:
    """A comparison that a lesson teaches, and what the records say of it.

    Attributes:
        id: its name in claims.toml, such as "02-swing-1".
        says: the claim, in a sentence.
        taught: as what the lesson teaches it, "holds" or "open".
        differences: by seed, by how much the first figure is higher than the second.
        judge: by which pictures, where a claim is asked of several; else "".
        told: from `told_of_both`.
        against: where the second is a number: what the first got right, and that number.
        machines: where its records were made, and when.
    """

    id: str
    says: str
    taught: str
    differences: Mapping[int, float]
    judge: str = ""
    told: tuple[Told, Told] | None = None
    against: tuple[Told, float] | None = None
    machines: frozenset[str] = frozenset()

    @property
    def agreeing(self) -> int:
        """Seeds whose difference is above 0."""
        return sum(difference > 0 for difference in self.differences.values())

    @property
    def verdict(self) -> str:
        """Whether three seeds or more all agree, or all object; `OPEN` where neither."""
        if not self.differences:
            return NO_RECORDS
        if len(self.differences) < SEEDS_NEEDED:
            return OPEN
        if self.agreeing == len(self.differences):
            return HOLDS
        if any(difference >= 0 for difference in self.differences.values()):
            return OPEN
        return CONTRADICTED if self.taught == HOLDS else OPPOSITE

    @property
    def is_taught_wrongly(self) -> bool:
        """Whether it is taught as holding, and three seeds or more say otherwise."""
        enough = len(self.differences) >= SEEDS_NEEDED
        return self.taught == HOLDS and enough and self.verdict != HOLDS

    @property
    def p_values(self) -> str:
        """Those of the exact tests of each seed's two networks; "" where they cannot be told."""
        found = sign_tests(*self.told) if self.told else []
        return ", ".join(f"{p:.3f}" if p >= 0.0005 else "below 0.001" for p in found)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean difference: over seeds, over pictures if these are told."""
        if self.against and len(self.differences) > 1:
            told, number = self.against
            low, high = share_interval(told)
            return low - number, high - number
        return paired_interval(self.differences, self.told)

    def cells(self) -> tuple[str, str]:
        """Return the verdict with its seeds, and the mean difference with its interval."""
        values = list(self.differences.values())
        if not values:
            return NO_RECORDS, ""
        low, high = self.interval
        too = ", seeds and pictures" if self.told or self.against else ""
        spread = f" ({low:+.3f} to {high:+.3f}{too})" if np.isfinite(low) else ""
        count = len(values) if self.verdict == OPPOSITE else self.agreeing
        verdict = f"{self.verdict}: {count} of {len(values)} seeds"
        return verdict, f"{np.mean(values):+.3f}{spread}"


class ClaimsTable(Table):
    """Claims of a lesson: a line each, or with judges a line and a column, the fewer across."""

    style = LEFT

    def __init__(self, claims: list[Claim]) -> None:
        self.claims = claims
        machines = sorted(set().union(*(claim.machines for claim in claims)))
        judges, lines = list(dict.fromkeys(claim.judge for claim in claims)), []
        if judges == [""]:
            head = ("claim", "verdict", "mean difference (95 % interval over seeds)")
            rows = [(claim.says, *claim.cells()) for claim in claims]
            if any(tests := [claim.p_values for claim in claims]):
                head += (TESTS,)
                rows = [(*row, test) for row, test in zip(rows, tests, strict=True)]
                lines = [TESTS_ASK]
        else:
            cells = {
                (claim.says, claim.judge): ", ".join(filter(None, claim.cells()[::-1]))
                for claim in claims
            }
            said = list(dict.fromkeys(claim.says for claim in claims))
            table = [(says, *(cells.get((says, judge), "") for judge in judges)) for says in said]
            table = [("gain from", *judges), *table]
            head, *rows = zip(*table, strict=True) if len(judges) > len(said) else table
        super().__init__(head, rows, [*lines, "; ".join(machines)])


def claims(lesson: str, group: str = "", path: Path = CLAIMS) -> ClaimsTable:
    """Recompute the claims of a lesson, such as "02", or of a group of it, from the kept records.

    `path` lists them (a ValueError if it lists none), and records are looked for in its folder.
    """
    found = all_claims(path, lesson, group)
    if not found:
        raise ValueError(f"{path.name} lists no claim of lesson {lesson!r}, group {group!r}.")
    return ClaimsTable(found)


def all_claims(path: Path = CLAIMS, lesson: str = "", group: str = "") -> list[Claim]:
    """Recompute the course's claims, or those of a lesson or group, in the order of the lessons."""
    listed = list_claims(path, lesson, group)
    patterns = {claim["records"] for claim in listed}
    read = {pattern: _by_seed(path.parent, pattern) for pattern in patterns}
    return [_claim(claim, _long_enough(read[claim["records"]], claim["least"])) for claim in listed]


def list_claims(path: Path = CLAIMS, lesson: str = "", group: str = "") -> list[dict[str, Any]]:
    """List the claims as the file has them, once for each judge, in the order of the lessons.

    Each has its own entries, its group's `records` and `least`, its `judge` ("" where there is
    none), and as `first` and `second` the names of its figures, or a number.
    """
    return [
        {**claim, "records": each["records"], "least": each.get("least", {}), "judge": judge}
        | {
            side: claim[side].format(judge=judge) if isinstance(claim[side], str) else claim[side]
            for side in ("first", "second")
        }
        for each in tomllib.loads(path.read_text("utf-8"))["group"]
        if lesson in ("", each["lesson"]) and group in ("", each["name"])
        for claim in each["claim"]
        for judge in claim.get("judges", each.get("judges", [""]))
    ]


def _by_seed(folder: Path, pattern: str) -> dict[int, dict[str, Any]]:
    """Read the records of a pattern by seed, each with a line about its machine."""
    found = {}
    for file in sorted(folder.glob(pattern)):
        try:
            record = json.loads(file.read_text("utf-8"))
            seed, machine = int(record["parameters"]["SEED"]), record["machine"]
            told = [machine.get("processor"), f"{machine['cpu_count']} cores"]
            told += [machine.get("instructions"), machine["precision"], record["finished"][:10]]
            figures, machine = dict(record["figures"]), ", ".join(filter(None, told))
            found[seed] = record | {"figures": figures, "machine": machine}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            print(f"Left out: {file} is not a record of a seed ({type(error).__name__}: {error}).")
    return found


def _long_enough(records: dict[int, dict], least: Mapping[str, int]) -> dict[int, dict]:
    """Leave out the records of trainings that were cut shorter: a parameter is below `least`."""
    return {
        seed: record
        for seed, record in records.items()
        if all(record["parameters"].get(name, 0) >= number for name, number in least.items())
    }


def _figures(side: str | float, records: Mapping[int, Mapping]) -> dict[int, dict[str, Any]]:
    """Return a figure, or a number, by seed; records that lack the figure are left out."""
    found = {}
    for seed, record in records.items():
        figure = record["figures"].get(side) if isinstance(side, str) else side
        if figure is None:
            continue
        figure = figure if isinstance(figure, Mapping) else {"value": figure}
        if np.isfinite(value := float(figure["value"])):
            found[seed] = figure | {"value": value}
    return found


def _claim(claim: Mapping[str, Any], records: Mapping[int, Mapping]) -> Claim:
    """Subtract a claim's second side from its first, in each record that has both."""
    first, second = (_figures(claim[side], records) for side in ("first", "second"))
    seeds = [seed for seed in first if seed in second]
    one, other = ([figures[seed] for seed in seeds] for figures in (first, second))
    alone = None if isinstance(claim["second"], str) else told_of(one)
    return Claim(
        id=claim["id"],
        says=claim["says"],
        taught=claim["taught"],
        differences={seed: first[seed]["value"] - second[seed]["value"] for seed in seeds},
        judge=claim["judge"],
        told=told_of_both(one, other),
        against=(alone, claim["second"]) if alone else None,
        machines=frozenset(records[seed]["machine"] for seed in seeds),
    )


def recorded(records: str, figure: str, folder: Path = CLAIMS.parent) -> dict[int, float]:
    """Return a figure by seed from the kept records, those that lack it left out.

    `records` is a pattern of files in the folder, such as "records/03-*.json".
    """
    return {
        seed: each["value"] for seed, each in _figures(figure, _by_seed(folder, records)).items()
    }
