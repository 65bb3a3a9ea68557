"""Comparing runs: the table, the leaderboard, and whether a difference is real."""

from __future__ import annotations

import itertools
import json
import math
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from helpers import comparison, results
from helpers.comparison import (
    EXAMPLES_FOLDER,
    PairedDifference,
    against_the_best,
    by_seed,
    cautions,
    curves,
    easy_to_read,
    exact_tests,
    figure_column,
    figure_names,
    gather,
    leaderboard,
    mean_interval,
    newest,
    records_folder,
    seed_difference,
    trainings,
)
from helpers.intervals import holm, seeds_interval
from helpers.messages import OneSentence
from helpers.results import Measured

# Accuracies by learning rate, one a seed.
ACCURACIES = {0.1: [0.90, 0.92, 0.94], 0.01: [0.80, 0.83, 0.83], 0.001: [0.91, 0.89, 0.95]}


def write(path: Path, monkeypatch, accuracy=0.5, lesson="01_tiny", **parameters) -> Path:
    monkeypatch.setenv("COURSE_RECORD", str(path))
    values = {"EPOCHS": 5, "LEARNING_RATE": 0.1, "SEED": 0} | parameters
    figures = {"accuracy": Measured(accuracy, 0.4, 0.6, 96), "loss": math.nan}
    history = {"net": {"accuracy": [0.1, 0.2], "val_accuracy": [0.1, accuracy]}}
    return results.record(lesson, values, "Drawn pictures.", figures, histories=history)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    for rate, accuracies in ACCURACIES.items():
        for seed, accuracy in enumerate(accuracies):
            path = tmp_path / "runs" / f"{rate}" / f"{seed}.json"
            write(path, monkeypatch, accuracy, LEARNING_RATE=rate, SEED=seed)
    return gather(tmp_path / "runs")


def test_all_records_of_a_folder_tree_become_rows(runs):
    assert len(runs) == 9
    assert runs["setting"].value_counts().to_dict() == {
        f"LEARNING_RATE={rate}": 3 for rate in ACCURACIES
    }
    row = runs[runs["file"] == "0.1/2.json"].iloc[0]
    assert row["parameters.SEED"] == 2
    assert row["figures.accuracy"] == 0.94
    assert row["measured"]["figures.accuracy"] == {"value": 0.94, "low": 0.4, "high": 0.6, "n": 96}
    assert math.isnan(row["figures.loss"])
    assert row["versions.numpy"] == np.__version__
    assert row["minutes"] >= 0
    assert figure_names(runs) == ["accuracy"]


def test_what_lessons_keep_beside_their_records_is_passed_over(tmp_path, monkeypatch, capsys):
    record = write(tmp_path / "04-abc.json", monkeypatch)
    network = results.models_folder() / "cats_and_dogs.json"
    network.write_text("{}")
    (tmp_path / "models").mkdir()
    network.rename(tmp_path / "models" / "a.json")
    network.write_text("{}")
    assert gather(tmp_path)["file"].tolist() == [record.name] and not capsys.readouterr().out
    assert len(gather(network.parent.parent)) == 1


def test_copies_count_once_and_repeated_runs_stay_until_only_the_newest_is_asked_for(
    tmp_path, monkeypatch
):
    path = write(tmp_path / "a.json", monkeypatch)
    shutil.copy(path, tmp_path / "copy.json")
    content = json.loads(path.read_text())
    content["figures"]["accuracy"]["value"] = 0.25
    (tmp_path / "b.json").write_text(
        json.dumps(content | {"finished": "2020-01-01T00:00:00+00:00"})
    )
    runs = gather(tmp_path)
    assert list(runs["figures.accuracy"]) == [0.25, 0.5]
    assert list(newest(runs)["figures.accuracy"]) == [0.5]


def test_a_setting_is_what_varies_in_a_lesson_seeds_aside(tmp_path, monkeypatch):
    write(tmp_path / "a.json", monkeypatch, SEED=1)
    write(tmp_path / "b.json", monkeypatch, SEED=2)
    assert set(gather(tmp_path)["setting"]) == {"01_tiny"}
    write(tmp_path / "c.json", monkeypatch, SEED=2, lesson="02_other", EPOCHS=6)
    assert set(gather(tmp_path)["setting"]) == {"01_tiny", "02_other"}
    write(tmp_path / "d.json", monkeypatch, lesson="02_other", LEARNING_RATE=0.2)
    settings = set(gather(tmp_path)["setting"])
    assert settings == {
        "01_tiny",
        "02_other: EPOCHS=6, LEARNING_RATE=0.1",
        "02_other: EPOCHS=5, LEARNING_RATE=0.2",
    }


def test_records_from_before_the_schema_are_gathered_too(tmp_path, monkeypatch):
    path = write(tmp_path / "a.json", monkeypatch)
    content = json.loads(path.read_text())
    del content["schema"], content["histories"]
    path.write_text(json.dumps(content))
    runs = gather(tmp_path)
    assert len(runs) == 1
    assert trainings(runs, "accuracy") == []


def test_a_folder_without_records_says_how_to_make_some(tmp_path):
    with pytest.raises(ValueError, match=r"no records in .*tools\.reruns sweep"):
        gather(tmp_path)


def test_the_leaderboard_ranks_settings_by_their_mean(runs):
    board = leaderboard(runs, "accuracy")
    assert list(board.index) == [f"LEARNING_RATE={rate}" for rate in (0.1, 0.001, 0.01)]
    last = board.loc["LEARNING_RATE=0.01"]
    assert last["seeds"] == 3
    assert last["mean"] == pytest.approx(0.82)
    assert (last["lowest"], last["highest"]) == (0.80, 0.83)
    expected = seeds_interval(ACCURACIES[0.01], [0.4] * 3)
    assert (last["low"], last["high"]) == pytest.approx(expected)


def test_tables_to_read_are_rounded_and_give_times_in_their_unit(runs):
    timed = runs.assign(minutes=np.linspace(0.1, 1.111111, len(runs)), accuracy=1 / 3)
    read = easy_to_read(timed[["setting", "accuracy", "minutes"]])
    assert list(read) == ["setting", "accuracy", "seconds"]
    assert set(read["accuracy"]) == {0.3333}
    assert (read["seconds"].min(), read["seconds"].max()) == (6.0, 66.7)
    assert timed["minutes"].max() == 1.111111, "the table itself stays as it was"
    longer = leaderboard(timed.assign(minutes=200.0), "accuracy")
    assert list(easy_to_read(longer))[-1] == "hours"


def test_a_mean_of_too_little_has_no_interval():
    assert all(map(math.isnan, mean_interval([0.5])))
    assert all(map(math.isnan, mean_interval([0.5, 0.5, 0.5])))
    assert all(map(math.isnan, mean_interval([])))


def test_a_large_difference_is_real_and_said_in_the_order_of_the_figures(runs):
    found = seed_difference(runs, "accuracy", "LEARNING_RATE=0.1", "LEARNING_RATE=0.01")
    expected = stats.ttest_rel(ACCURACIES[0.1], ACCURACIES[0.01]).confidence_interval(0.95)
    assert found.interval == pytest.approx((expected.low, expected.high))
    assert found.is_real
    said = str(found)
    assert said.startswith(
        "accuracy: LEARNING_RATE=0.1 is higher than LEARNING_RATE=0.01 by 0.1000 (95 % interval "
    )
    assert "3 common seeds, p 0.0033): the difference is real" in said
    turned = seed_difference(runs, "accuracy", "LEARNING_RATE=0.01", "LEARNING_RATE=0.1")
    assert turned.mean == pytest.approx(-found.mean)
    assert str(turned) == said


def test_a_small_difference_is_left_open(runs):
    found = seed_difference(runs, "accuracy", "LEARNING_RATE=0.1", "LEARNING_RATE=0.001")
    assert not found.is_real
    assert "the interval contains 0, so these runs do not tell which is better" in str(found)


def test_a_winner_that_luck_may_have_made_is_not_called_real():
    found = PairedDifference("a", "b", "accuracy", {0: 0.01, 1: 0.02, 2: 0.012}, None, 15, 0.6)
    assert found.interval[0] > 0 and found.p < 0.05 and not found.is_real
    assert str(found).endswith("luck may well make one such; these runs do not tell.")


def test_where_records_say_what_was_right_a_difference_speaks_of_pictures_too(
    tmp_path, monkeypatch
):
    for rate, hits in ((0.1, 96), (0.2, 90)):
        for seed in range(3):
            right = "1" * (hits + seed) + "0" * (6 - seed + 96 - hits)
            monkeypatch.setenv("COURSE_RECORD", str(tmp_path / f"{rate}-{seed}.json"))
            figure = Measured((hits + seed) / 102, 0.8, 0.99, 102, right)
            parameters = {"LEARNING_RATE": rate, "SEED": seed}
            results.record("01_tiny", parameters, "Drawn.", {"accuracy": figure})
    runs = gather(tmp_path)
    assert figure_names(runs) == ["accuracy"]
    found = seed_difference(runs, "accuracy", "LEARNING_RATE=0.1", "LEARNING_RATE=0.2")
    assert found.told[0].hits.shape == (3, 102)
    low, high = found.interval  # the seeds' differences do not scatter: pictures alone speak
    assert 0 < low < 6 / 102 < high and found.p < 0.05
    board = leaderboard(runs, "accuracy")
    assert 0.85 < board["low"].iloc[0] < board["mean"].iloc[0] < board["high"].iloc[0] < 1


@pytest.mark.parametrize(
    ("first", "second", "coins", "p"),
    [
        ("110111", "001110", True, 0.625),  # three against one
        ("6/9 5/9 4/9 3/9 0/9 0/9", "0/9 0/9 0/9 0/9 1/9 1/9", False, 0.125),  # films weigh
    ],
)
def test_the_coins_are_those_of_the_exact_test(tmp_path, monkeypatch, first, second, coins, p):
    for rate, right in ((0.1, first), (0.2, second)):
        monkeypatch.setenv("COURSE_RECORD", str(tmp_path / f"{rate}.json"))
        figure = Measured(0.5, 0.1, 0.9, 6, right)
        results.record(
            "01_tiny", {"LEARNING_RATE": rate, "SEED": 0}, "Drawn.", {"accuracy": figure}
        )
    exact = exact_tests(gather(tmp_path), "accuracy", "LEARNING_RATE=0.1", "LEARNING_RATE=0.2")
    assert exact.attrs["coins"] is coins and exact["p"].iloc[0] == pytest.approx(p)
    tossed = stats.binomtest(*map(int, (exact["first ahead"].iloc[0], exact.iloc[0, :2].sum())))
    assert math.isclose(tossed.pvalue, p) is coins


def test_networks_without_a_common_seed_are_not_compared_picture_by_picture(tmp_path, monkeypatch):
    for seed, rate in enumerate((0.1, 0.2)):
        write(tmp_path / f"{seed}.json", monkeypatch, LEARNING_RATE=rate, SEED=seed)
    runs = gather(tmp_path)
    exact = exact_tests(runs, "accuracy", "LEARNING_RATE=0.1", "LEARNING_RATE=0.2")
    assert exact.empty and exact.attrs["coins"] is False
    with pytest.raises(OneSentence, match="There is no setting"):
        exact_tests(runs, "accuracy", "LEARNING_RATE=0.1", "other")


@pytest.mark.parametrize("differences", [{0: 0.1}, {0: 0.1, 1: 0.1}, {0: 0.0, 1: 0.0}])
def test_seeds_that_show_no_scatter_prove_nothing(differences):
    found = PairedDifference("a", "b", "accuracy", differences)
    assert not found.is_real
    assert "they say nothing about other seeds" in str(found)


def test_the_seeds_needed_would_just_do():
    values = [0.00, 0.02, 0.01, -0.01]
    found = PairedDifference("a", "b", "accuracy", dict(enumerate(values)))
    count, scatter = found.seeds_needed, np.std(values, ddof=1)
    reach = {n: stats.t.ppf(0.975, n - 1) * scatter / n**0.5 for n in (count - 1, count)}
    assert reach[count] < found.mean <= reach[count - 1]
    assert PairedDifference("a", "b", "accuracy", {0: 0.1}).seeds_needed is None
    assert PairedDifference("a", "b", "accuracy", {0: 0.1, 1: -0.1}).seeds_needed is None


def test_only_common_seeds_count(tmp_path, monkeypatch):
    for name, rate, seed in (("a", 0.1, 0), ("b", 0.1, 1), ("c", 0.2, 1), ("d", 0.3, 2)):
        write(tmp_path / f"{name}.json", monkeypatch, LEARNING_RATE=rate, SEED=seed)
    runs = gather(tmp_path)
    found = seed_difference(runs, "accuracy", "LEARNING_RATE=0.1", "LEARNING_RATE=0.2")
    assert list(found.differences) == [1]
    with pytest.raises(ValueError, match="no seed in common"):
        seed_difference(runs, "accuracy", "LEARNING_RATE=0.1", "LEARNING_RATE=0.3")
    assert len(against_the_best(runs, "accuracy")) <= 1


def test_the_best_is_set_against_each_other_setting(runs):
    found = against_the_best(runs, "accuracy")
    best = leaderboard(runs, "accuracy").index[0]
    assert {each.first for each in found} == {best}
    assert len({each.second for each in found}) == 2
    pairs = list(itertools.combinations(leaderboard(runs, "accuracy").index, 2))
    every = holm([seed_difference(runs, "accuracy", *pair).p for pair in pairs])
    assert [each.corrected for each in found] == pytest.approx(every[:2])
    assert all(each.pairs == 3 and "of 3 pairs by Holm" in str(each) for each in found)
    assert by_seed(runs, "accuracy").shape == (3, 3)


def test_unknown_figures_and_settings_are_refused_with_those_there_are(runs):
    with pytest.raises(ValueError, match=r"figure 'speed'; there are accuracy\."):
        figure_column(runs, "speed")
    with pytest.raises(ValueError, match="No run has a number of the figure 'loss'"):
        leaderboard(runs, "loss")  # it ran away in every run
    assert figure_column(runs, "") == "figures.accuracy"
    with pytest.raises(ValueError, match=r"no setting 'x'; there are LEARNING_RATE"):
        seed_difference(runs, "accuracy", "x", "LEARNING_RATE=0.1")
    with pytest.raises(ValueError, match="no parameter SEED"):
        by_seed(runs.drop(columns="parameters.SEED"), "accuracy")


def test_what_else_differs_is_told(runs):
    assert cautions(runs) == []
    runs.loc[0, "versions.keras"] = "0.1"
    (said,) = cautions(runs)
    assert said.startswith("The runs of 01_tiny differ in versions.keras: 0.1; 3.")


def test_runs_that_ran_away_are_told_and_count_in_no_mean(tmp_path, monkeypatch):
    values = {1.0: [math.nan, math.inf, 0.95], 9.0: [math.nan] * 3, 0.1: [0.8, 0.81, 0.82]}
    for rate, accuracies in values.items():
        for seed, accuracy in enumerate(accuracies):
            path = tmp_path / "runs" / f"{rate}-{seed}.json"
            write(path, monkeypatch, accuracy, LEARNING_RATE=rate, SEED=seed)
    runs = gather(tmp_path / "runs")
    assert [each.split(":")[0] for each in cautions(runs)] == [
        "2 of 3 runs of LEARNING_RATE=1.0 have no number of accuracy",
        "3 of 3 runs of LEARNING_RATE=9.0 have no number of accuracy",
    ]
    assert leaderboard(runs, "accuracy")["seeds"].to_dict() == {
        "LEARNING_RATE=1.0": 1,
        "LEARNING_RATE=0.1": 3,
    }


def test_learning_curves_come_by_setting(runs):
    found = curves(runs, "net", "val_accuracy")
    assert sorted(found["LEARNING_RATE=0.1"]) == [[0.1, 0.90], [0.1, 0.92], [0.1, 0.94]]
    assert curves(runs, "net", "loss") == {}
    assert trainings(runs, "val_accuracy") == ["net"]
    assert trainings(runs, "loss") == []


def test_the_newest_sweep_or_the_examples_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(comparison, "SWEEPS_FOLDER", tmp_path)
    assert records_folder("") == EXAMPLES_FOLDER
    for age, name in enumerate(("new", "old")):
        path = write(tmp_path / name / "a.json", monkeypatch)
        os.utime(path, (1e9 - age, 1e9 - age))
    assert records_folder("") == tmp_path / "new"
    oldest = write(tmp_path / "new" / "z.json", monkeypatch)  # of a sweep that went on later
    os.utime(oldest, (1, 1))
    assert records_folder("") == tmp_path / "new"
    assert records_folder("examples") == EXAMPLES_FOLDER
    assert records_folder(str(tmp_path)) == tmp_path


def test_the_example_records_are_whole():
    runs = gather(EXAMPLES_FOLDER)
    assert by_seed(runs, "test_accuracy").notna().all(axis=None)
    assert by_seed(runs, "test_accuracy").shape == (5, 4)
    assert trainings(runs, "val_accuracy") == ["network"]
