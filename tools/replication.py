"""The replication table: what the walkthroughs publish, and what was measured here.

    python -m tools.replication table

writes RESULTS.md from all records below `runs/` and `benchmarks/records/` that were run on real
pictures at the published settings: every parameter as the notebook states it, but for `FREE` ones
and the better recipe's. `replication.toml` says which figures belong to which walkthrough, and
which parameters of a lesson none of them depends on.

    python -m tools.replication keep

copies those of `runs/`, among them the runs that `tools.publishing` stored in the lessons, to
`benchmarks/records/`, to be committed with RESULTS.md.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd

from helpers.claims import TESTS, Claim, all_claims, claims
from helpers.comparison import SEED, NoRecords, figure_interval, figures_in, gather, is_share
from helpers.environment import PROJECT, RUNS_FOLDER
from helpers.files import explain, write_atomically
from helpers.results import format_figure, load_record
from tools import speed
from tools.execution import course_notebooks, default_parameters, listing

PUBLISHED = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
RESULTS = PROJECT / "RESULTS.md"
BENCHMARKS = PROJECT / "benchmarks"
KEPT = BENCHMARKS / "records"
# Parameters that may differ in every lesson, as may all of the better recipe; only that has the
# last three.
FREE = ("SEED", "DATA", "BACKBONE", "PACE", "PRECISION", "PHOTO")
FREE += ("CHOICE_EPOCHS", "HEAD_EPOCHS", "ROTATION")
RECIPE = "RECIPE_"
AS_SHOWN = 1e-4
DATA = re.compile(r"Data: (.+?, [\d,]+ real pictures)")
BACKBONE = re.compile(r"Backbone: (\w+)")
ORIGIN = "of unknown origin"  # of weights that are not the official file
NOT_RUN = "not run here"
CLAIMS_CALL = re.compile(r"""^claims\("(\w+)", "([\w-]+)"\)$""", re.MULTILINE)
PARAMETER = "parameters."
MACHINE = ("device", "processor", "instructions", "cpu_count", "precision")
SUMMARY_HEAD = ("", "walkthrough", "result", "published", "measured here", "network", "seeds")
SUMMARY_HEAD += ("other settings that differ",)
CLAIMS_HEAD = ("", "claim", "taught as", "verdict", "mean difference (95 % interval)", TESTS)
INTRODUCTION = """\
# Results

This page shows what the five walkthroughs publish, and what this course measures when it repeats
them. If a setting is not the walkthrough's, the row says so. `make results` writes the page from
the records of real runs; to change it, run more and keep their records.

If there are several seeds, the measured result is their mean, with its 95 % interval. The interval
covers other seeds and other test pictures (films, where frames are alike) and stays within 0 to 1;
`helpers/intervals.py` names the method and its sources. With a star it covers other seeds on the
same pictures, because the records hold no more. If there is one seed, the interval is that of the
pictures it was measured on. Seconds and minutes are the shortest and the longest; minutes include
the lesson's better recipe, however long the run trained it. A dash stands for a result that the
walkthrough mentions and the lesson does not measure. All rows over three seeds: `make replicate`.

"""
CLAIMS_INTRODUCTION = """\
## What the lessons claim

This table has each comparison that a lesson teaches, from `benchmarks/claims.toml`, recomputed
from the kept records. A claim holds if there are at least three seeds and all agree. If all object,
it is contradicted; or, if the lesson leaves the question open, the opposite holds. Otherwise it is
open. (A seed without a difference neither agrees nor objects.) A difference above 0 speaks for the
claim; it is one of accuracies, unless the claim speaks of something else. The interval covers other
seeds and, where it says so, other test pictures. The exact test (McNemar's; of films, where frames
are alike) asks of each seed's two networks alone whether they differ on other pictures. *Taught as*
is what the lesson says. If that is *holds* and the verdict is *open* or *no records yet*, the
records have still to show it.

Do not take a verdict for more than it is. Two equal settings would be decided, one way or the
other, in one case of four; the table has many lines, and its p values are not corrected for that.
Where the interval contains 0, even a claim that holds may be luck. Where a claim names a number,
the difference is the distance from that number. Photos of real hands count as independent, though
they come from one place, so their intervals are too narrow. The comparisons with one network of
lesson 1 do not cover other seeds of that network.

The lessons explain the words: a *film* is a series of frames of one hand, nearly alike; *two looks*
are the mean of the predictions for a picture and its mirror image; *calm* training has a shrinking
rate, averaged weights and weight decay; a network's *own range* is the input that it was trained
on. In 01-changes, the network with the change is compared with the same network without it.

"""


@dataclass(frozen=True)
class Row:
    """A walkthrough's row; replication.toml explains its entries."""

    id: str
    walkthrough: str
    lesson: str
    backbone: str
    headline: str  # the figure that stands for the row
    published: Mapping[str, float | str]
    pictures: int = 0
    differs: str = ""

    def differences(self, group: Group) -> str:
        """Say in which settings a group of runs differs from the walkthrough, network aside."""
        run = group.runs.iloc[-1]
        found = re.search(r"([\d,]+) real pictures", run["pictures"])
        here = int(found[1].replace(",", ""))
        fewer = f"{here:,} pictures, there {self.pictures:,}" if self.pictures > here else ""
        weights = f"weights {ORIGIN}" if group.network and ORIGIN in run["data"] else ""
        differs = self.differs.format_map(_parameters(run))
        return "; ".join(filter(None, [fewer, weights, differs]))

    @property
    def command(self) -> str:
        """The command that runs it: real pictures and the walkthrough's network, or an error."""
        return f".venv/bin/python -m tools.reruns run {self.lesson[:2]} --preset full"


def read_rows() -> list[Row]:
    """Read the walkthroughs' rows, in their order."""
    return [Row(**row) for row in PUBLISHED["row"]]


def free_parameters(lesson: str) -> set[str]:
    """Return the parameters that may differ in a lesson, those of the better recipe aside."""
    return {*FREE, *PUBLISHED["free"].get(lesson, ())}


@dataclass(frozen=True)
class Group:
    """Runs of one lesson with one network on one set of pictures, the newest of each seed.

    Attributes:
        network: what made the figures, "" where a row needs no pretrained network.
        runs: from `published_runs`, a row a seed.
        as_published: the network is the walkthrough's own.
    """

    network: str
    runs: pd.DataFrame
    as_published: bool

    def figure(self, name: str) -> str:
        """Write a figure for people: the mean over seeds, and an interval; "–" where there is none.

        Of seconds, the shortest and the longest: they depend on the machine, not on the seed.
        """
        column = f"published.{name}"
        values = self.runs[column].dropna() if column in self.runs else pd.Series(dtype=float)
        if values.empty:
            return format_figure(None)
        if "seconds" in name:
            return _span(values, format_figure)
        figures = figures_in(self.runs.loc[values.index], column)
        share = is_share(name, figures)
        over_pictures = share and pd.notna(figures[0].get("low"))
        if len(values) == 1:
            ends = figures[0].get("low"), figures[0].get("high")
        elif not over_pictures and np.ptp(values) < AS_SHOWN:  # stored runs have four digits
            ends = None, None
        else:
            ends = figure_interval(figures, share)
        low, high = (None if pd.isna(end) else end for end in ends)
        mean = float(values.mean())
        value = int(mean) if mean > 1000 and mean.is_integer() else mean
        star = "" if over_pictures or low is None else "*"
        return format_figure({"value": value, "low": low, "high": high}) + star


def published_runs(runs: pd.DataFrame, defaults: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Keep the runs on real pictures at the published settings; add `pictures` and `network`.

    `runs` is from `comparison.gather`; `defaults` are the values that each notebook states.
    """
    kept = runs[[_is_as_stated(run, defaults) for _, run in runs.iterrows()]]
    found = {
        name: kept["data"].str.extract(pattern, expand=False).fillna("")
        for name, pattern in (("pictures", DATA), ("network", BACKBONE))
    }
    kept = pd.concat([kept, pd.DataFrame(found)], axis=1)  # assign would warn of many columns
    return kept[kept["pictures"] != ""]


def groups_of(row: Row, runs: pd.DataFrame) -> list[Group]:
    """Return the runs that measured a walkthrough's figures, those with its own network first."""
    if runs.empty:
        return []
    columns = [f"published.{name}" for name in row.published if f"published.{name}" in runs]
    own = runs[(runs["lesson"] == row.lesson) & runs[columns].notna().any(axis=1)]
    own = own.assign(network=own["network"] if row.backbone else "")
    groups = [
        Group(network, group.drop_duplicates(SEED, keep="last"), network == row.backbone)
        for (network, _), group in own.groupby(["network", "pictures"], sort=False)
    ]
    return sorted(groups, key=lambda group: not group.as_published)


def results_page(
    rows: Sequence[Row], runs: pd.DataFrame, claims: Sequence[Claim], benchmarks: Path
) -> str:
    """Write the page of results in Markdown: walkthroughs, claims, speed, a section a walkthrough.

    `benchmarks` is the folder of what the benchmarks wrote.
    """
    groups = [(row, groups_of(row, runs)) for row in rows]
    parts = [_table(SUMMARY_HEAD, [_summary(row, own) for row, own in groups])]
    parts.append(CLAIMS_INTRODUCTION + _table(CLAIMS_HEAD, [_claim_line(each) for each in claims]))
    lines, told = speed.speed_lines(benchmarks)
    parts.append(speed.TITLE + _table(speed.HEAD, lines) + "\n" + "\n".join(told) + "\n")
    parts += [_section(row, own) for row, own in groups]
    return INTRODUCTION + "\n".join(parts)


def write_results(records: Sequence[Path], target: Path) -> int:
    """Write the page from the records in some folders; return the number of runs in it.

    Where it is RESULTS.md, the lessons' tables of claims are renewed, too.
    """
    runs = _published_in(records)
    page = results_page(read_rows(), runs, all_claims(), BENCHMARKS)  # may fail: before any change
    for notebook in course_notebooks() if target.resolve() == RESULTS else ():
        before = notebook.read_text(encoding="utf-8")
        if (after := with_claims(before)) != before:
            write_atomically(notebook, after)
    write_atomically(target, page)
    return len(runs)


def with_claims(text: str) -> str:
    """Recompute the tables of claims that a notebook, as its file's text, stores."""
    book = nbformat.reads(text, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code" and (call := CLAIMS_CALL.search(cell.source)):
            table = claims(*call.groups())
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.data = {"text/html": table._repr_html_(), "text/plain": repr(table)}
    return nbformat.writes(book, indent=1) + "\n"


def keep(records: Path, target: Path) -> list[Path]:
    """Copy the records of the runs at the published settings, the newest of each seed.

    Each is named by its lesson, network and seed; an older one of the same name is replaced, a
    newer one stays. Return the copies that were made.
    """
    target.mkdir(parents=True, exist_ok=True)
    copies = {}
    for _, run in _published_in([records]).iterrows():  # the oldest first
        parts = (run["lesson"][:2], run["network"], f"seed{int(run[SEED])}")
        copies[target / f"{'-'.join(filter(None, parts))}.json"] = records / run["file"]
    newer = {copy: source for copy, source in copies.items() if _is_newer(source, copy)}
    for copy, source in newer.items():
        write_atomically(copy, source.read_text(encoding="utf-8"))
    return sorted(newer)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table, or keep records, from the command line; return 2 where that fails."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.replication", description="Published against measured figures."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    table = commands.add_parser("table", help="write RESULTS.md from the records of real runs")
    table.add_argument(
        "--records", type=_folder, nargs="+", default=(RUNS_FOLDER, KEPT), help="folders of records"
    )
    table.add_argument("--out", type=Path, default=RESULTS, help="by default RESULTS.md")
    kept = commands.add_parser("keep", help="copy records of real runs to benchmarks/records")
    kept.add_argument("--records", type=_folder, default=RUNS_FOLDER, help="by default runs/")
    kept.add_argument("--out", type=Path, default=KEPT, help="by default benchmarks/records/")
    options = parser.parse_args(arguments)
    try:
        if options.command == "table":
            count = write_results(options.records, options.out)
            print(f"{options.out.name}: runs at the published settings: {count}")
        else:
            copies = ", ".join(path.name for path in keep(options.records, options.out))
            none = "nothing: there are no such runs, or none newer than those kept"
            print("Kept:", copies or none)
    except (ValueError, OSError) as error:
        print(f"{explain(error)}." if isinstance(error, OSError) else error, file=sys.stderr)
        return 2
    return 0


def _folder(name: str) -> Path:
    """Read a folder of records from the command line; that of a default may be missing."""
    if not Path(name).is_dir():
        raise argparse.ArgumentTypeError(f"{name} is not a folder; name one that holds records.")
    return Path(name)


def _published_in(folders: Sequence[Path]) -> pd.DataFrame:
    """Gather the runs at the published settings, the oldest first; empty where there are none."""
    tables = []
    for folder in folders:
        with contextlib.suppress(NoRecords):
            tables.append(gather(folder))
    if not tables:
        return pd.DataFrame()
    lessons = {row.lesson for row in read_rows()}
    paths = [path for path in course_notebooks() if path.stem in lessons]
    found = pd.concat(tables).sort_values("finished", kind="stable", ignore_index=True)
    if SEED not in found:
        return pd.DataFrame()
    found = found.drop_duplicates(["lesson", "finished", SEED], keep="last")  # its kept copy
    return published_runs(found, {path.stem: default_parameters(path) for path in paths})


def _is_newer(source: Path, copy: Path) -> bool:
    """Whether a record was made after the one kept under its name, if there is any."""
    try:
        times = [load_record(path)["finished"] for path in (source, copy) if path.exists()]
    except ValueError as error:  # somebody edited the copy
        print(f"Left as it is: {error}")
        return False
    return len(times) < 2 or datetime.fromisoformat(times[0]) > datetime.fromisoformat(times[1])


def _is_as_stated(run: pd.Series, defaults: Mapping[str, Mapping[str, Any]]) -> bool:
    stated = defaults.get(run["lesson"])
    return (stated is not None and pd.notna(run.get(SEED))) and all(
        run.get(PARAMETER + name) == value
        for name, value in stated.items()
        if not _is_free(name, run["lesson"])
    )


def _is_free(name: str, lesson: str) -> bool:
    return name in free_parameters(lesson) or name.startswith(RECIPE)


def _summary(row: Row, groups: Sequence[Group]) -> tuple[str, ...]:
    """Return the line of a walkthrough: its own network, or else the one that was there."""
    published = format_figure(row.published[row.headline])
    head = (row.id, row.walkthrough, row.headline, published)
    if not groups:
        return (*head, NOT_RUN, row.backbone, "", "")
    first = groups[0]
    network = first.network if first.as_published else f"{first.network}, not {row.backbone}"
    seeds = str(len(first.runs))
    return (*head, first.figure(row.headline), network, seeds, row.differences(first))


def _claim_line(claim: Claim) -> tuple[str, ...]:
    """Return the line of a claim."""
    says = f"{claim.says} ({claim.judge})" if claim.judge else claim.says
    return (claim.id, says, claim.taught, *claim.cells(), claim.p_values)


def _section(row: Row, groups: Sequence[Group]) -> str:
    """Return the section of a walkthrough: all its figures, and how they came about."""
    head = ["result", "published", *(group.network or "measured here" for group in groups)]
    lines = [
        [name, format_figure(published), *(group.figure(name) for group in groups)]
        for name, published in row.published.items()
    ]
    told = [f"- {_how(group)}" for group in groups]
    if not any(group.as_published for group in groups):
        what = f"With {row.backbone}: {NOT_RUN}" if row.backbone else NOT_RUN.capitalize()
        told.append(f"- {what}. If data and weights are available: `{row.command}`")
    lesson = f"[Lesson {int(row.lesson[:2])}](notebooks/{row.lesson}.ipynb)"
    title = f"## {row.id}. {row.walkthrough}\n\n{lesson}\n\n"
    return title + _table(head, lines) + "\n" + "\n".join(told) + "\n"


def _how(group: Group) -> str:
    """Say how a group was run: seeds, pictures, time, machine and versions."""
    runs, last = group.runs, group.runs.iloc[-1]
    seeds = ", ".join(str(int(seed)) for seed in sorted(runs[SEED]))
    # All runs of a group share the parameters on which published figures depend.
    settings = {k: v for k, v in _parameters(last).items() if not _is_free(k, last["lesson"])}
    minutes = runs["minutes"].dropna()
    parts = [
        f"seeds {seeds}" if len(runs) > 1 else f"seed {seeds}",
        last["pictures"],
        listing(settings),
        "" if minutes.empty else f"{_span(minutes, '{:.0f}'.format)} minutes for the whole lesson",
        _alike(runs, "machine", *MACHINE),
        _alike(runs, "versions", "python", "tensorflow", "keras"),
        f"last run on {runs['finished'].max():%d %B %Y}",
    ]
    return f"{group.network or 'Measured here'}: {'; '.join(filter(None, parts))}."


def _parameters(run: pd.Series) -> dict[str, Any]:
    """Return a run's parameters, in the order of their names: columns come in any order."""
    known = {name: run[name] for name in sorted(run.index) if name.startswith(PARAMETER)}
    return {k.removeprefix(PARAMETER): _whole(v) for k, v in known.items() if pd.notna(v)}


def _span(values: pd.Series, write: Callable[[float], str]) -> str:
    """Write the lowest and the highest value, or one where both are written alike."""
    return " to ".join(dict.fromkeys([write(values.min()), write(values.max())]))


def _alike(runs: pd.DataFrame, part: str, *names: str) -> str:
    """Write what a part of the records says of some names; where runs differ, all values."""
    parts = []
    for name in names:
        column = f"{part}.{name}"
        known = [_whole(value) for value in runs[column].dropna()] if column in runs else []
        if known:
            values = "/".join(dict.fromkeys(map(str, known)))
            parts.append(f"{name.replace('_', ' ')} {values}")
    return ", ".join(parts)


def _whole(value: Any) -> Any:
    """Return a table's number as Python's; a whole one as such, where gaps made a float of it."""
    value = value.item() if hasattr(value, "item") else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table."""
    written = [" | ".join(cell.replace("|", "\\|") for cell in line) for line in [head, *lines]]
    written.insert(1, " | ".join("---" for _ in head))
    return "\n".join(f"| {line} |" for line in written) + "\n"


if __name__ == "__main__":
    sys.exit(main())
