"""Compare runs: their records in one table, the leaderboard, and whether a difference is real.

A *setting* is what distinguishes runs of a lesson, seeds aside. Runs of one setting differ by their
seed alone, so they show how much is luck; two settings are compared seed by seed.
"""

from __future__ import annotations

import itertools
import json
import math
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
    Told,
    difference_interval,
    difference_p,
    exact_test,
    holm,
    read_told,
    seeds_interval,
    share_interval,
    sign_test,
    together,
)
from helpers.messages import OneSentence
from helpers.results import load_record

EXAMPLES_FOLDER = PROJECT / "examples" / "records"
EXAMPLES = "examples"
MODELS = "models"  # below runs/, where lessons keep their networks, some as JSON
SEED = "parameters.SEED"
CONFIDENCE = 0.95


class NoRecords(OneSentence):
    """A folder holds no record."""


def records_folder(name: str) -> Path:
    """Find the records that a notebook's parameter RECORDS means.

    Args:
        name: a folder, "examples", or "" for the newest sweep, or else the examples.

    Returns:
        The folder.
    """
    if name not in ("", EXAMPLES):
        return Path(name).expanduser()
    records = list(SWEEPS_FOLDER.glob("*/*.json"))
    if name or not records:
        return EXAMPLES_FOLDER
    return max(records, key=lambda path: path.stat().st_mtime).parent


def record_files(folder: Path) -> list[Path]:
    """List the records of a folder and its subfolders, but for those named `models`."""
    found = sorted(Path(folder).rglob("*.json"))
    return [path for path in found if MODELS not in path.relative_to(folder).parts]


def gather(folder: Path) -> pd.DataFrame:
    """Gather all records of a folder and its subfolders into one table.

    A file that is no record is left out, which one line says.

    Args:
        folder: where the records are; copies of one record count once.

    Returns:
        A row a run, oldest first: `file`, `lesson`, `setting`, `finished`, `minutes`, `data`,
        `parameters.<name>`, `figures.<name>` with `.low`, `.high`, `.n` and `.right`, likewise
        `published.<name>` for what was measured in the table published | measured,
        `versions.<name>`, `machine.<name>`, and `histories` as in the record.

    Raises:
        NoRecords: there are none.
    """
    records = {}
    for path in record_files(folder):
        try:
            records[path] = load_record(path)
        except (ValueError, OSError) as error:
            print(f"Left out: {error}")
    if not records:
        raise NoRecords(
            f"There are no records in {folder}: name a folder that holds some, or make them by "
            "python -m tools.reruns sweep."
        )
    once = {json.dumps(record, sort_keys=True): path for path, record in records.items()}
    kept = [records[path] for path in once.values()]
    rows = [
        {"file": path.relative_to(folder).as_posix(), "setting": setting, **_row(record)}
        for path, record, setting in zip(once.values(), kept, _settings(kept), strict=True)
    ]
    return pd.DataFrame(rows).sort_values("finished", kind="stable", ignore_index=True)


def newest(runs: pd.DataFrame) -> pd.DataFrame:
    """Keep, of several runs with one lesson, setting and seed, only the newest."""
    same = ["lesson", "setting", *([SEED] if SEED in runs else [])]
    return runs.drop_duplicates(same, keep="last").reset_index(drop=True)


def cautions(runs: pd.DataFrame) -> list[str]:
    """Say in what else the runs differ, besides settings and seeds.

    Args:
        runs: from `gather`.

    Returns:
        A sentence for each lesson and each column in which its runs are not alike.
    """
    told = ["data", "machine.device", "machine.precision", "machine.cpu_count"]
    columns = [name for name in runs if name in told or name.startswith("versions.")]
    return [
        f"The runs of {lesson} differ in {name}: {'; '.join(map(str, values))}."
        for lesson, group in runs.groupby("lesson")
        for name in columns
        if len(values := group[name].dropna().unique()) > 1
    ]


def figure_names(runs: pd.DataFrame) -> list[str]:
    """List the names of the figures in a table of runs."""
    ends = (".low", ".high", ".n", ".right")
    names = [name.removeprefix("figures.") for name in runs if name.startswith("figures.")]
    return [
        name for name in names if not (name.endswith(ends) and name.rpartition(".")[0] in names)
    ]


def figure_column(runs: pd.DataFrame, figure: str) -> str:
    """Return the column of a figure.

    Args:
        runs: from `gather`.
        figure: its name in the records; "" for the first.

    Raises:
        ValueError: no run has this figure.
    """
    names = figure_names(runs)
    if (figure and figure not in names) or not names:
        raise ValueError(
            f"No run has the figure {figure!r}; there are {', '.join(names) or 'none'}."
        )
    return f"figures.{figure or names[0]}"


def by_seed(runs: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Lay out one figure by seed and setting.

    Args:
        runs: from `gather`.
        figure: its name in the records.

    Returns:
        A row a seed, a column a setting; NaN where a setting was not run with a seed.

    Raises:
        ValueError: no run has this figure, or the runs have no parameter SEED.
    """
    column = figure_column(runs, figure)
    if SEED not in runs:
        raise ValueError("The runs have no parameter SEED, so they cannot be compared by seed.")
    measured = newest(runs.dropna(subset=[column, SEED])).astype({SEED: int})
    return measured.pivot(index=SEED, columns="setting", values=column)


def leaderboard(runs: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Rank the settings by the mean of a figure over their seeds.

    Args:
        runs: from `gather`.
        figure: its name in the records.

    Returns:
        A row a setting, the highest mean first: `seeds`, `mean`, its 95 % interval (`low`,
        `high`; NaN for one seed; see `figure_interval`), `lowest`, `highest`, and `minutes` a run.
    """
    column = figure_column(runs, figure)
    groups = newest(runs.dropna(subset=[column])).groupby("setting")
    rows = {setting: _spread(group, column) for setting, group in groups}
    return pd.DataFrame.from_dict(rows, orient="index").sort_values("mean", ascending=False)


def time_unit(longest: float) -> tuple[str, float]:
    """Choose the unit in which times are easy to read.

    Args:
        longest: the longest of the times, in minutes.

    Returns:
        Seconds below two minutes, hours above two hours, minutes between; and how many minutes
        the unit has.
    """
    if longest < 2:
        return "seconds", 1 / 60
    return ("hours", 60) if longest > 120 else ("minutes", 1)


def easy_to_read(table: pd.DataFrame) -> pd.DataFrame:
    """Round a table for people, and give its times in the unit that the longest asks for.

    Args:
        table: from `gather` or `leaderboard`, or some of its columns, `minutes` among them.

    Returns:
        Figures to four decimals; instead of `minutes` a column `seconds`, `minutes` or `hours`, to
        one decimal.
    """
    unit, minutes = time_unit(table["minutes"].max())
    times = (table["minutes"] / minutes).round(1)
    return table.round(4).assign(minutes=times).rename(columns={"minutes": unit})


def mean_interval(values: Any) -> tuple[float, float]:
    """Return the 95 % interval of the mean of a few values, by Student's t distribution.

    Args:
        values: numbers, from independent runs.

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

    Args:
        figures: as records hold them, one a seed.
        share: the figure is one, 0 to 1, such as an accuracy.

    Returns:
        (low, high) by the best of these that the figures allow: `intervals.share_interval`, which
        knows what was right of each picture; `intervals.seeds_interval`; Student's, over seeds
        alone. NaN for one seed.
    """
    values = [float(figure["value"]) for figure in figures]
    if len(values) < 2 or not share:
        return mean_interval(values)
    if (told := told_of(figures)) is not None:
        return share_interval(told)
    lows = [figure.get("low") for figure in figures]
    known = [] if any(low is None or math.isnan(float(low)) for low in lows) else lows
    return seeds_interval(values, [float(low) for low in known])


def is_share(name: str, figures: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a figure is a share of something, 0 to 1, by its name and its pictures."""
    known = "accuracy" in name or any(not _missing(figure.get("low")) for figure in figures)
    return known and all(0 <= float(figure["value"]) <= 1 for figure in figures)


def told_of(figures: Sequence[Mapping[str, Any]]) -> Told | None:
    """Return what seeds got right of the same pictures, None where records do not say."""
    texts = [figure.get("right") for figure in figures]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        return None
    try:
        return together([read_told(text) for text in texts])
    except ValueError:  # other pictures
        return None


def told_of_both(
    first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]]
) -> tuple[Told, Told] | None:
    """Return what two sides got right of the same pictures, None where records do not say."""
    told = told_of(first), told_of(second)
    same = None not in told and np.array_equal(told[0].sizes, told[1].sizes)
    return told if same else None


def figures_in(runs: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """Return the figures of a column of a table of runs as records hold them."""
    ends = [end for end in ("low", "high", "n", "right") if f"{column}.{end}" in runs]
    return [
        {"value": run[column]} | {end: run[f"{column}.{end}"] for end in ends}
        for _, run in runs.iterrows()
    ]


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


@dataclass(frozen=True)
class PairedDifference:
    """By how much the first setting's figure is higher than the second's, seed by seed.

    Attributes:
        first: a setting.
        second: another one.
        figure: the figure's name.
        differences: by seed, the first's figure minus the second's.
        told: what both got right of the same pictures, None where the records do not say.
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
        """95 % interval of the mean difference: over seeds, and over pictures if these are told."""
        known = mean_interval(list(self.differences.values()))
        if self.told is None or len(self.differences) < 2:
            return known
        return difference_interval(*self.told)

    @property
    def p(self) -> float:
        """How probable so large a difference is if both settings are equal, for this pair alone."""
        values = list(self.differences.values())
        if math.isnan(self.interval[0]):
            return 1.0
        if self.told is not None:
            return difference_p(*self.told)
        return float(stats.ttest_1samp(values, 0).pvalue)

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
        if math.isnan(low):
            why = "do not scatter" if seeds > 1 else "cannot show how much is luck"
            runs = "1 common seed" if seeds == 1 else f"{seeds} common seeds"
            return (
                f"{self.figure}: {self.first} minus {self.second} is {self.mean:+.4f}, but "
                f"{runs} {why}, so they say nothing about other seeds; run both with more seeds."
            )
        higher, lower = (self.first, self.second)[:: 1 if self.mean >= 0 else -1]
        ends = sorted((abs(low), abs(high)))
        p = f"p {self.p:.4f}"
        if self.corrected is not None:
            p += f", of {self.pairs} pairs by Holm {self.corrected:.4f}"
        if low > 0 or high < 0:
            told = (
                f"{self.figure}: {higher} is higher than {lower} by {abs(self.mean):.4f} (95 % "
                f"interval {ends[0]:.4f} to {ends[1]:.4f}, {seeds} common seeds, {p}): "
            )
            if self.is_real:
                return told + "the difference is real: luck would hardly make it."
            return (
                told
                + f"luck, too, makes such a best of {self.pairs} pairs; these runs do not tell."
            )
        return (
            f"{self.figure}: {self.first} minus {self.second} is {self.mean:+.4f} (95 % interval "
            f"{low:+.4f} to {high:+.4f}, {seeds} common seeds, {p}): the interval contains 0, so "
            "these runs do not tell which is better."
        )


def seed_difference(runs: pd.DataFrame, figure: str, first: str, second: str) -> PairedDifference:
    """Compare two settings seed by seed.

    Each seed gives one difference, so whatever a seed does to both settings alike cancels out.
    Where the records say what was right of each picture, interval and p speak of other seeds and
    of other pictures (`intervals.difference_interval`); else they are those of the paired t-test
    and speak of other seeds on the same pictures.

    This is for one pair that was named before its runs were seen; for a winner picked from the
    runs, see `against_the_best`.

    Args:
        runs: from `gather`.
        figure: its name in the records.
        first: a setting, as in the column `setting`.
        second: another one.

    Returns:
        The difference; as text, it says whether it is real.

    Raises:
        ValueError: a setting or the figure is unknown, or there is no common seed.
    """
    table = by_seed(runs, figure)
    for setting in (first, second):
        if setting not in table:
            raise ValueError(f"There is no setting {setting!r}; there are {'; '.join(table)}.")
    common = (table[first] - table[second]).dropna()
    if common.empty:
        raise ValueError(f"{first} and {second} have no seed in common: run both with the same.")
    column = figure_column(runs, figure)
    table = newest(runs.dropna(subset=[column, SEED])).set_index(SEED)
    sides = (
        figures_in(table[table["setting"] == setting].loc[common.index], column)
        for setting in (first, second)
    )
    return PairedDifference(first, second, figure, common.to_dict(), told_of_both(*sides))


def exact_tests(runs: pd.DataFrame, figure: str, first: str, second: str) -> pd.DataFrame:
    """Compare the networks of two settings picture by picture, a pair for each seed.

    Args:
        runs: from `gather`.
        figure: its name in the records.
        first: a setting, as in the column `setting`.
        second: another one.

    Returns:
        A row a seed: pictures (or films, where frames are alike) on which the first is ahead, those
        on which the second is, and p of the exact test, see `intervals.exact_test`. It speaks of
        these very networks on other pictures. Empty where records do not say what was right.
    """
    pair = seed_difference(runs, figure, first, second)
    rows = {}
    for seed, *hits in zip(
        pair.differences, *(each.hits for each in pair.told or ()), strict=False
    ):
        if hits:
            difference = hits[0] - hits[1]
            ahead, behind = int((difference > 0).sum()), int((difference < 0).sum())
            if (pair.told[0].sizes == 1).all():
                p = exact_test(*(each == 1 for each in hits)).p
            else:
                p = sign_test(difference)
            rows[seed] = {"first ahead": ahead, "second ahead": behind, "p": p}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("seed")


def against_the_best(runs: pd.DataFrame, figure: str) -> list[PairedDifference]:
    """Compare the first of the leaderboard with each of the others, corrected for having picked it.

    The runs themselves name the winner, so the luckiest setting is tested. Holm's correction for
    all pairs of settings keeps false alarms at 5 % whichever pair is looked at afterwards.

    Args:
        runs: from `gather`.
        figure: its name in the records.

    Returns:
        A difference for each other setting that has a seed in common with the first.
    """
    settings = list(leaderboard(runs, figure).index)
    table = by_seed(runs, figure)
    pairs = [
        seed_difference(runs, figure, first, second)
        for first, second in itertools.combinations(settings, 2)
        if not (table[first] - table[second]).dropna().empty
    ]
    corrected = holm([pair.p for pair in pairs])
    return [
        replace(pair, pairs=len(pairs), corrected=float(p))
        for pair, p in zip(pairs, corrected, strict=True)
        if pair.first == settings[0]
    ]


def trainings(runs: pd.DataFrame, quantity: str) -> list[str]:
    """List the trainings of which any run has a learning curve.

    Args:
        runs: from `gather`.
        quantity: such as "val_accuracy".
    """
    found = (name for each in runs["histories"] for name in each if quantity in each[name])
    return list(dict.fromkeys(found))


def curves(runs: pd.DataFrame, training: str, quantity: str) -> dict[str, list[list[float]]]:
    """Collect the learning curves of one training.

    Args:
        runs: from `gather`.
        training: its name in the records' histories.
        quantity: such as "val_accuracy".

    Returns:
        For each setting a list with one curve a run, one number an epoch; runs without are left
        out.
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
    for name, figure in figures.items():
        if figure is not None:
            row[name] = float(figure["value"])
            row |= {f"{name}.{end}": _number(figure[end]) for end in ("low", "high", "n")}
            row |= {f"{name}.right": figure["right"]} if figure.get("right") else {}
    return row


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _settings(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the setting of each record: those parameters, seeds aside, that its lesson's runs vary.

    The lesson stands before them where there are several lessons, or nothing varies.
    """
    values: dict[str, dict[str, set[str]]] = {}
    for record in records:
        for name, value in record["parameters"].items():
            values.setdefault(record["lesson"], {}).setdefault(name, set()).add(repr(value))
    labels = []
    for record in records:
        lesson, own = record["lesson"], record["parameters"]
        varied = [name for name in own if name != "SEED" and len(values[lesson][name]) > 1]
        label = ", ".join(f"{name}={own[name]}" for name in varied)
        if len(values) > 1 or not label:
            label = f"{lesson}: {label}" if label else lesson
        labels.append(label)
    return labels


def _spread(group: pd.DataFrame, column: str) -> dict[str, float]:
    values, figures = group[column], figures_in(group, column)
    low, high = figure_interval(figures, is_share(column, figures))
    return {
        "seeds": len(values),
        "mean": values.mean(),
        "low": low,
        "high": high,
        "lowest": values.min(),
        "highest": values.max(),
        "minutes": group["minutes"].mean(),
    }
