"""Compare runs: their records in one table, the leaderboard, and whether a difference is real.

A *setting* is what distinguishes runs of a lesson, seeds aside. Runs of one setting differ by their
seed alone, so they show how much is luck; two settings are compared seed by seed.

Everywhere, `runs` are from `gather`, and `figure` is a figure's name in the records.
"""

from __future__ import annotations

import itertools
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from helpers.environment import PROJECT, SWEEPS_FOLDER
from helpers.intervals import (
    CONFIDENCE,
    Told,
    difference_interval,
    difference_p,
    holm,
    read_told,
    seeds_interval,
    share_interval,
    sign_tests,
    together,
)
from helpers.messages import OneSentence, few, time_unit
from helpers.results import is_for_models, load_record

EXAMPLES_FOLDER = PROJECT / "examples" / "records"
SEED = "parameters.SEED"
ENDS = ("value", "low", "high")  # of a figure, what may be "nan" in its record


class NoRecords(OneSentence):
    """A folder holds no record."""


def records_folder(name: str) -> Path:
    """Return the folder that a notebook's parameter RECORDS means.

    `name` is a folder, "examples", or "" for the newest sweep, or else the examples.
    """
    if name not in ("", "examples"):
        return Path(name).expanduser()
    records = [] if name else list(SWEEPS_FOLDER.glob("*/*.json"))
    if not records:
        return EXAMPLES_FOLDER
    return max(records, key=lambda path: path.stat().st_mtime).parent


def gather(folder: Path) -> pd.DataFrame:
    """Gather all records of a folder and its subfolders, but those of networks, in one table.

    A file that is no record is left out, which one line says; copies of one record count once.

    Returns:
        A row a run, oldest first: `file`, `lesson`, `setting`, `finished`, `minutes`, `data`,
        `parameters.<name>`, `versions.<name>`, `machine.<name>`, the values `figures.<name>` and,
        of what was measured in the table published | measured, `published.<name>`; `measured` has
        the whole figures by these columns' names, `histories` is as in the record.

    Raises:
        NoRecords: there are none.
    """
    kept = {}  # by content
    for path in sorted(Path(folder).rglob("*.json")):
        if any(map(is_for_models, path.relative_to(folder).parents)):  # networks, some as JSON
            continue
        try:
            record = load_record(path)
            kept[json.dumps(record, sort_keys=True)] = path, record
        except (ValueError, OSError) as error:
            print(f"Left out: {error}")
    if not kept:
        raise NoRecords(
            f"There are no records in {folder}: name a folder that holds some, or make them by "
            "python -m tools.reruns sweep."
        )
    settings = _settings([record for _, record in kept.values()])
    rows = [
        {"file": path.relative_to(folder).as_posix(), "setting": setting, **_row(record)}
        for (path, record), setting in zip(kept.values(), settings, strict=True)
    ]
    return pd.DataFrame(rows).sort_values("finished", kind="stable", ignore_index=True)


def newest(runs: pd.DataFrame) -> pd.DataFrame:
    """Keep, of several runs with one lesson, setting and seed, only the newest."""
    same = ["lesson", "setting", *([SEED] if SEED in runs else [])]
    return runs.drop_duplicates(same, keep="last").reset_index(drop=True)


def cautions(runs: pd.DataFrame) -> list[str]:
    """Say in what else the runs of a lesson differ, and which of their figures are no numbers."""
    told = ["data", "machine.device", "machine.precision", "machine.cpu_count"]
    columns = [name for name in runs if name in told or name.startswith("versions.")]
    known = set(figure_names(runs))
    differ = [
        f"The runs of {lesson} differ in {name}: {'; '.join(map(str, values))}."
        for lesson, group in runs.groupby("lesson")
        for name in columns
        if len(values := group[name].dropna().unique()) > 1
    ]
    return differ + [
        f"{len(lost)} of {len(group)} runs of {setting} have no number of {few(names)}: did they "
        "run away? They count in no mean."
        for setting, group in runs.groupby("setting")
        if (lost := [each for run in group["measured"] if (each := _no_numbers(run) & known)])
        if (names := sorted(set.union(*lost)))
    ]


def _no_numbers(measured: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Name the figures of a run that are infinite or NaN."""
    values = {name: figure["value"] for name, figure in measured.items()}
    return {
        name.removeprefix("figures.") for name, value in values.items() if not math.isfinite(value)
    }


def figure_names(runs: pd.DataFrame) -> list[str]:
    """List the names of the figures of which a table of runs has a number."""
    measured = runs.loc[:, runs.notna().any()]
    return [name.removeprefix("figures.") for name in measured if name.startswith("figures.")]


def figure_column(runs: pd.DataFrame, figure: str) -> str:
    """Return the column of a figure, "" for the first; a OneSentence if no run has one."""
    names = figure_names(runs)
    if (figure and figure not in names) or not names:
        raise OneSentence(
            f"No run has a number of the figure {figure!r}; there are {', '.join(names) or 'none'}."
        )
    return f"figures.{figure or names[0]}"


def by_seed(runs: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Lay out one figure: a row a seed, a column a setting; NaN where one was not run with a seed.

    Raises:
        OneSentence: no run has this figure, or the runs have no parameter SEED.
    """
    column = figure_column(runs, figure)
    if SEED not in runs:
        raise OneSentence("The runs have no parameter SEED, so they cannot be compared by seed.")
    measured = newest(runs.dropna(subset=[column, SEED])).astype({SEED: int})
    return measured.pivot(index=SEED, columns="setting", values=column)


def leaderboard(runs: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Rank the settings by the mean of a figure over their seeds.

    Returns:
        A row a setting, the highest mean first: `seeds`, `mean`, its 95 % interval (`low`,
        `high`; NaN for one seed; see `figure_interval`), `lowest`, `highest`, and `minutes` a run.
    """
    column = figure_column(runs, figure)
    rows = {}
    for setting, group in newest(runs.dropna(subset=[column])).groupby("setting"):
        values, figures = group[column], figures_in(group, column)
        low, high = figure_interval(figures, is_share(column, figures))
        rows[setting] = {
            "seeds": len(values),
            "mean": values.mean(),
            "low": low,
            "high": high,
            "lowest": values.min(),
            "highest": values.max(),
            "minutes": group["minutes"].mean(),
        }
    return pd.DataFrame.from_dict(rows, orient="index").sort_values("mean", ascending=False)


def easy_to_read(table: pd.DataFrame) -> pd.DataFrame:
    """Round a table for people: figures to four decimals, times to one.

    Instead of `minutes` it has `seconds`, `minutes` or `hours`, as the longest time asks for.
    """
    unit, minutes = time_unit(table["minutes"].max())
    times = (table["minutes"] / minutes).round(1)
    return table.round(4).assign(minutes=times).rename(columns={"minutes": unit})


def mean_interval(values: Any) -> tuple[float, float]:
    """Return the 95 % interval of the mean of values of independent runs, by Student's t.

    Returns:
        (low, high); NaN where there are fewer than two values, or they do not scatter.

    Source: Student (1908), The probable error of a mean. It supposes values that scatter normally;
        accuracies close to 1 do not, quite.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2 or np.ptp(values) < 1e-12:
        return math.nan, math.nan
    low, high = stats.t.interval(CONFIDENCE, len(values) - 1, values.mean(), stats.sem(values))
    return float(low), float(high)


def figure_interval(figures: Sequence[Mapping[str, Any]], share: bool) -> tuple[float, float]:
    """Return the 95 % interval of the mean of a figure over seeds, and over pictures if possible.

    It is the best that the figures (from `figures_in`, one a seed) allow if they are shares, see
    `is_share`: `intervals.share_interval`, which knows what was right of each picture, or
    `intervals.seeds_interval`; else Student's, over seeds alone. NaN for one seed.
    """
    values = [figure["value"] for figure in figures]
    if len(values) < 2 or not share:
        return mean_interval(values)
    if told := told_of(figures):
        return share_interval(told)
    lows = [figure["low"] for figure in figures]
    return seeds_interval(values, [] if pd.isna(lows).any() else lows)


def is_share(name: str, figures: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a figure is a share of something, 0 to 1, by its name and its pictures."""
    known = "accuracy" in name or any(pd.notna(figure["low"]) for figure in figures)
    return known and all(0 <= figure["value"] <= 1 for figure in figures)


def told_of(figures: Sequence[Mapping[str, Any]]) -> Told | None:
    """Return what seeds got right of as many pictures, None where records do not say."""
    texts = [figure.get("right") for figure in figures]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        return None
    try:
        return together([read_told(text) for text in texts])
    except ValueError:  # more pictures, or fewer
        return None


def told_of_both(
    first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]]
) -> tuple[Told, Told] | None:
    """Return what two sides got right of the same pictures, None where records do not say."""
    one, other = told_of(first), told_of(second)
    same = one and other and np.array_equal(one.sizes, other.sizes)
    return (one, other) if same else None


def figures_in(runs: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """Return the figures of a column of a table of runs, in each of which there is one."""
    return [each[column] for each in runs["measured"]]


def paired_interval(
    differences: Mapping[int, float], told: tuple[Told, Told] | None
) -> tuple[float, float]:
    """Return the 95 % interval of a mean difference: over seeds, over pictures if these are told.

    `differences` are by seed (NaN for one, or if they do not scatter), `told` from `told_of_both`.
    """
    if told is None or len(differences) < 2:
        return mean_interval(list(differences.values()))
    return difference_interval(*told)


@dataclass(frozen=True)
class PairedDifference:
    """By how much the first setting's figure is higher than the second's, seed by seed.

    Attributes:
        first, second: settings.
        differences: by seed, the first's figure minus the second's.
        told: from `told_of_both`.
        pairs: how many pairs were compared, 1 where this one was named beforehand.
        corrected: p by Holm's correction for these pairs; None for a single one.
    """

    first: str
    second: str
    figure: str
    differences: Mapping[int, float]
    told: tuple[Told, Told] | None = None
    pairs: int = 1
    corrected: float | None = None

    @property
    def mean(self) -> float:
        """Mean difference over the common seeds."""
        return float(np.mean(list(self.differences.values())))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean difference, see `paired_interval`."""
        return paired_interval(self.differences, self.told)

    @property
    def p(self) -> float:
        """How probable so large a difference is if both settings are equal, for this pair alone."""
        if math.isnan(self.interval[0]):
            return 1.0
        if self.told is not None:
            return difference_p(*self.told)
        return float(stats.ttest_1samp(list(self.differences.values()), 0).pvalue)

    @property
    def is_real(self) -> bool:
        """Whether the interval lies on one side of zero, and p is low, corrected if need be."""
        low, high = self.interval
        p = self.p if self.corrected is None else self.corrected
        return (low > 0 or high < 0) and p <= 1 - CONFIDENCE

    @property
    def seeds_needed(self) -> int | None:
        """Seeds with which the interval would leave zero, should mean and scatter stay the same.

        None where they cannot be told: too few seeds, no scatter, or more than a thousand. Of this
        pair alone, and on these test pictures: more seeds do not make up for too few pictures.
        """
        values = list(self.differences.values())
        if len(values) < 2 or np.ptp(values) < 1e-12:
            return None
        counts = np.arange(2, 1001)
        reach = stats.t.ppf((1 + CONFIDENCE) / 2, counts - 1) * np.std(values, ddof=1)
        enough = counts[reach / np.sqrt(counts) < abs(self.mean)]
        return int(enough[0]) if len(enough) else None

    def __str__(self) -> str:
        seeds, (low, high) = len(self.differences), self.interval
        minus = f"{self.figure}: {self.first} minus {self.second} is {self.mean:+.4f}"
        if math.isnan(low):
            why = "do not scatter" if seeds > 1 else "cannot show how much is luck"
            runs = "1 common seed" if seeds == 1 else f"{seeds} common seeds"
            return (
                f"{minus}, but {runs} {why}, so they say nothing about other seeds; "
                "run both with more seeds."
            )
        known = f"{seeds} common seeds, p {self.p:.4f}"
        if self.corrected is not None:
            known += f", of {self.pairs} pairs by Holm {self.corrected:.4f}"
        if low <= 0 <= high:
            return (
                f"{minus} (95 % interval {low:+.4f} to {high:+.4f}, {known}): the interval "
                "contains 0, so these runs do not tell which is better."
            )
        higher, lower = (self.first, self.second)[:: 1 if self.mean >= 0 else -1]
        low, high = sorted((abs(low), abs(high)))
        among = f"of {self.pairs} pairs, " if self.pairs > 1 else ""
        verdict = (
            "the difference is real: luck would hardly make it."
            if self.is_real
            else f"but {among}luck may well make one such; these runs do not tell."
        )
        return (
            f"{self.figure}: {higher} is higher than {lower} by {abs(self.mean):.4f} (95 % "
            f"interval {low:.4f} to {high:.4f}, {known}): {verdict}"
        )


def _common(table: pd.DataFrame, first: str, second: str) -> pd.Series:
    """Return the difference of two settings by common seed; `table` is from `by_seed`."""
    return (table[first] - table[second]).dropna()


def seed_difference(runs: pd.DataFrame, figure: str, first: str, second: str) -> PairedDifference:
    """Compare two settings, as in the column `setting`, seed by seed.

    Each seed gives one difference, so whatever a seed does to both settings alike cancels out.
    Where the records say what was right of each picture, interval and p speak of other seeds and
    of other pictures (`intervals.difference_interval`); else they are those of the paired t-test
    and speak of other seeds on the same pictures. As text, the difference says whether it is real.

    This is for one pair that was named before its runs were seen; for a winner picked from the
    runs, see `against_the_best`.

    Raises:
        OneSentence: a setting or the figure is unknown, or there is no common seed.
    """
    table = by_seed(runs, figure)
    for setting in (first, second):
        if setting not in table:
            raise OneSentence(f"There is no setting {setting!r}; there are {'; '.join(table)}.")
    common = _common(table, first, second)
    if common.empty:
        raise OneSentence(f"{first} and {second} have no seed in common: run both with the same.")
    column = figure_column(runs, figure)
    table = newest(runs.dropna(subset=[column, SEED])).set_index(["setting", SEED])
    sides = (figures_in(table.loc[each].loc[common.index], column) for each in (first, second))
    return PairedDifference(first, second, figure, common.to_dict(), told_of_both(*sides))


def exact_tests(runs: pd.DataFrame, figure: str, first: str, second: str) -> pd.DataFrame:
    """Compare the networks of two settings picture by picture, a pair for each seed.

    Returns:
        A row a seed: pictures (or films, where frames are alike) on which the first is ahead, those
        on which the second is, and p of `intervals.sign_test`. It speaks of these very networks on
        other pictures. Empty where no seed is common, or records do not say what was right. Its
        `attrs["coins"]` tells whether p is that of fair coins, one for each picture; films weigh
        differently.
    """
    scores, told, rows = by_seed(runs, figure), None, {}
    apart = {first, second} <= {*scores} and _common(scores, first, second).empty
    if not apart:
        pair = seed_difference(runs, figure, first, second)
        told = pair.told
    if told:
        changes = told[0].hits - told[1].hits
        for seed, change, p in zip(pair.differences, changes, sign_tests(*told), strict=True):
            ahead, behind = int((change > 0).sum()), int((change < 0).sum())
            rows[seed] = {"first ahead": ahead, "second ahead": behind, "p": p}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("seed")
    table.attrs["coins"] = told is not None and bool((told[0].sizes == 1).all())
    return table


def against_the_best(runs: pd.DataFrame, figure: str) -> list[PairedDifference]:
    """Compare the first of the leaderboard with each other setting that has a seed in common.

    The runs themselves name the winner, so the luckiest setting is tested. Holm's correction for
    all pairs of settings keeps false alarms at 5 % whichever pair is looked at afterwards.
    """
    settings = list(leaderboard(runs, figure).index)
    table = by_seed(runs, figure)
    pairs = [
        seed_difference(runs, figure, first, second)
        for first, second in itertools.combinations(settings, 2)
        if not _common(table, first, second).empty
    ]
    corrected = holm([pair.p for pair in pairs])
    return [
        replace(pair, pairs=len(pairs), corrected=float(p))
        for pair, p in zip(pairs, corrected, strict=True)
        if pair.first == settings[0]
    ]


def trainings(runs: pd.DataFrame, quantity: str) -> list[str]:
    """List the trainings of which any run has a curve of a quantity, such as "val_accuracy"."""
    found = (name for each in runs["histories"] for name in each if quantity in each[name])
    return list(dict.fromkeys(found))


def curves(runs: pd.DataFrame, training: str, quantity: str) -> dict[str, list[list[float]]]:
    """Collect the learning curves of one training, by its name in the records' histories.

    Each setting has one curve a run, one number an epoch; runs without are left out.
    """
    found: dict[str, list[list[float]]] = {}
    for setting, histories in zip(runs["setting"], runs["histories"], strict=True):
        if curve := histories.get(training, {}).get(quantity):
            found.setdefault(setting, []).append([float(value) for value in curve])
    return found


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a record into a flat row."""
    finished = datetime.fromisoformat(record["finished"])
    started = record.get("started")
    took = finished - datetime.fromisoformat(started) if started else None
    row = {
        "lesson": record["lesson"],
        "finished": finished,
        "minutes": took.total_seconds() / 60 if took else math.nan,
        "data": record["data"],
        "histories": record["histories"],
    }
    for part in ("parameters", "versions", "machine"):
        row |= {f"{part}.{name}": value for name, value in record[part].items()}
    figures = {f"figures.{name}": figure for name, figure in record["figures"].items()}
    figures |= {f"published.{line['what']}": line["measured"] for line in record["published"]}
    measured = {
        name: figure | {end: float(figure[end]) for end in ENDS if figure[end] is not None}
        for name, figure in figures.items()
        if figure is not None
    }
    for name, figure in measured.items():
        row[name] = figure["value"] if math.isfinite(figure["value"]) else math.nan
    return row | {"measured": measured}


def _settings(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the setting of each record: those parameters, seeds aside, that its lesson's runs vary.

    The lesson stands before them where there are several lessons, or nothing varies.
    """
    values = defaultdict(set)
    for record in records:
        for name, value in record["parameters"].items():
            values[record["lesson"], name].add(repr(value))
    one_lesson = len({lesson for lesson, _ in values}) < 2
    labels = []
    for record in records:
        lesson, own = record["lesson"], record["parameters"]
        varied = [name for name in own if name != "SEED" and len(values[lesson, name]) > 1]
        label = ", ".join(f"{name}={own[name]}" for name in varied)
        alone = one_lesson and label
        labels.append(label if alone else ": ".join(filter(None, [lesson, label])))
    return labels
