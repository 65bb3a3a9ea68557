"""Intervals hold what they promise: seeds, pictures and films, simulated; tests do not cry wolf."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers import intervals
from helpers.environment import PROJECT
from helpers.intervals import (
    Told,
    difference_interval,
    difference_p,
    holm,
    read_told,
    seeds_interval,
    share_interval,
    sign_test,
    together,
    told,
)
from tools.execution import cells_of

LESSON = PROJECT / "notebooks" / "06_compare_runs.ipynb"

DRAWS = 4000
FILMS, FRAMES = 12, 31
# Shares of the variance behind right or wrong: of films, films by seed, frames; the seeds' is 0.01.
ALONE = (0, 0, 0.6)
A_LITTLE = (0.1, 0.05, 0.5)  # intraclass correlation of right or wrong about 0.08
ALIKE = (0.3, 0.1, 0.3)  # about 0.2
THE_SAME = (0.6, 0.1, 0.2)  # about 0.4


def draw(
    accuracy, shares, seeds=3, groups=FILMS, frames=FRAMES, of_seeds=0.01, settings=1, draws=DRAWS
):
    """Draw hits of (draws, settings, seeds, groups): a normal quantity above 0 is right.

    All settings have the same films and frames; `accuracy` is one for all, or one for each.
    """
    rng = np.random.default_rng(0)
    of_films, of_both, of_frames = shares
    parts = [
        ((1, 1, groups, 1), of_films),
        ((1, 1, groups, frames), of_frames),
        ((settings, seeds, 1, 1), of_seeds),
        ((settings, seeds, groups, 1), of_both),
        ((settings, seeds, groups, frames), 1 - sum(shares) - of_seeds),
    ]
    hits = np.empty((draws, settings, seeds, groups), int)
    for one in range(0, draws, 100):
        quantity = np.float32(stats.norm.ppf(accuracy)).reshape(-1, 1, 1, 1)
        for shape, share in parts:
            if share:
                normal = rng.standard_normal((100, *shape), dtype=np.float32)
                quantity = quantity + np.float32(share**0.5) * normal
        hits[one : one + 100] = (quantity > 0).sum(axis=-1)
    return hits, np.full(groups, frames)


def coverage(intervals, truth) -> float:
    intervals = np.array(intervals)
    return ((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])).mean()


def covered(accuracy, shares, **how) -> float:
    hits, sizes = draw(accuracy, shares, **how)
    return coverage([share_interval(Told(each[0], sizes)) for each in hits], accuracy)


@pytest.mark.parametrize("accuracy", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("shares", [ALONE, A_LITTLE, ALIKE], ids=["alone", "a little", "alike"])
def test_three_seeds_on_372_pictures_are_covered_as_often_as_promised(accuracy, shares):
    shape = {"groups": 372, "frames": 1} if shares == ALONE else {}
    assert 0.93 <= covered(accuracy, shares, **shape) <= 0.97


@pytest.mark.parametrize("of_seeds", [0, 0.05])
@pytest.mark.parametrize("shares", [ALONE, ALIKE], ids=["alone", "alike"])
def test_seeds_may_scatter_not_at_all_or_much(of_seeds, shares):
    shape = {"groups": 372, "frames": 1} if shares == ALONE else {}
    assert 0.92 <= covered(0.95, shares, of_seeds=of_seeds, **shape) <= 0.97


@pytest.mark.parametrize("accuracy", [0.9, 0.95, 0.99])
def test_each_seed_may_have_pictures_of_its_own(accuracy):
    """As where the seed chooses what is held out: then nothing is shared by a column."""
    assert 0.92 <= covered(accuracy, (0, 0, 0), groups=372, frames=1) <= 0.97


@pytest.mark.parametrize(("seeds", "low", "high"), [(3, 0.88, 0.92), (1, 0.84, 0.89)])
def test_it_covers_too_little_where_frames_of_few_films_are_the_same(seeds, low, high):
    """As the module says; should it ever get better, so must its text."""
    of_seeds = 0.01 if seeds > 1 else 0  # one run says nothing of other seeds
    assert low <= covered(0.95, THE_SAME, seeds=seeds, of_seeds=of_seeds) <= high


@pytest.mark.parametrize("accuracy", [0.9, 0.95])
def test_one_run_on_films_is_covered(accuracy):
    assert 0.93 <= covered(accuracy, A_LITTLE, seeds=1, of_seeds=0) <= 0.97


def pairs_of(accuracies, shares, **how) -> list[tuple[Told, Told]]:
    hits, sizes = draw(np.array(accuracies), shares, settings=2, draws=1000, **how)
    return [(Told(first, sizes), Told(second, sizes)) for first, second in hits]


def covered_difference(accuracies, shares, **how) -> float:
    pairs = pairs_of(accuracies, shares, **how)
    return coverage([difference_interval(*pair) for pair in pairs], accuracies[0] - accuracies[1])


PICTURES, THREE = {"groups": 372, "frames": 1}, {"groups": 3, "frames": 120}
ONE = {"seeds": 1, "of_seeds": 0}


@pytest.mark.parametrize("accuracies", [(0.9, 0.8), (0.7, 0.7)], ids=str)
@pytest.mark.parametrize("seeds", [{}, ONE], ids=["three seeds", "one seed"])
@pytest.mark.parametrize(
    ("shares", "shape"),
    [(ALONE, PICTURES), (ALIKE, {}), (A_LITTLE, {}), (A_LITTLE, THREE)],
    ids=["alone", "alike", "a little", "three films"],
)
def test_differences_are_covered_as_often_as_promised(accuracies, shares, shape, seeds):
    assert 0.91 <= covered_difference(accuracies, shares, **shape, **seeds) <= 0.99


@pytest.mark.parametrize(("shares", "low", "high"), [(ALIKE, 0.87, 0.93), (THE_SAME, 0.76, 0.85)])
def test_differences_are_covered_too_little_where_few_films_decide(shares, low, high):
    """As the module says; should it ever get better, so must its text."""
    assert low <= covered_difference((0.99, 0.97), shares) <= high


def test_a_difference_that_is_there_is_found():
    pairs = pairs_of((0.95, 0.85), ALONE, **PICTURES)
    assert np.mean([difference_p(*pair) < 0.05 for pair in pairs[:300]]) > 0.5
    assert np.mean([difference_interval(*pair)[0] > 0 for pair in pairs]) > 0.5


def test_films_on_which_nothing_differs_count_as_pictures():
    films, pictures = (Told(np.full(12, size), np.full(12, size)) for size in (31, 1))
    low, high = difference_interval(films, films)
    assert (low, high) == pytest.approx(difference_interval(pictures, pictures), rel=0.05)
    assert -low == high > 0.19 and difference_p(films, films) == 1


def test_one_film_says_nothing_of_others_and_two_little():
    whole, none = Told(np.array([31]), np.array([31])), Told(np.array([0]), np.array([31]))
    assert difference_interval(whole, none) == (-1, 1) and difference_p(whole, none) == 1
    better, worse = (
        Told(np.array([31, 30]), np.full(2, 31)),
        Told(np.array([21, 25]), np.full(2, 31)),
    )
    assert difference_p(better, worse) > 0.05


@pytest.mark.parametrize(
    ("accuracy", "shares", "how", "low", "high"),
    [(0.95, ALONE, {"seeds": 2, **PICTURES}, 0.88, 0.93), (0.99, ALIKE, {"seeds": 5}, 0.85, 0.97)],
    ids=["two seeds", "five seeds on films"],
)
def test_it_covers_too_little_of_two_seeds_and_of_many_on_few_films(
    accuracy, shares, how, low, high
):
    assert low <= covered(accuracy, shares, of_seeds=0.03, **how) <= high


def test_what_seeds_alone_say_is_too_narrow():
    """Why pictures must be in it: Student's interval of three seeds, on films that are alike."""
    hits, sizes = draw(0.95, ALIKE)
    means = hits[:, 0].sum(axis=-1) / sizes.sum()
    reach = stats.t.ppf(0.975, 2) * stats.sem(means, axis=1)
    assert (abs(means.mean(axis=1) - 0.95) <= reach).mean() < 0.85


def test_without_hits_of_each_picture_it_is_wider_never_narrower():
    hits, sizes = draw(0.95, ALONE, groups=372, frames=1)
    for each in hits[:200, 0]:
        own = [share_interval(Told(seed, sizes))[0] for seed in each]
        low, high = seeds_interval(each.mean(axis=1), own)
        whole = share_interval(Told(each, sizes))
        assert high - low > (whole[1] - whole[0]) * 0.999


def test_no_interval_leaves_0_to_1():
    certain = Told(np.full((3, 12), 31), np.full(12, 31))
    low, high = share_interval(certain)
    assert low == pytest.approx(0.7575, abs=1e-4) and high == 1
    assert share_interval(Told(certain.hits * 0, certain.sizes)) == (0, pytest.approx(1 - low))
    low, high = seeds_interval([0.94, 1.0, 0.99])
    assert 0 < low < 0.98 < high < 1
    assert seeds_interval([1.0, 1.0, 1.0], [0.99, 0.99, 0.99]) == pytest.approx((0.99, 1), abs=1e-3)
    assert np.isnan(seeds_interval([0.9, 0.9])).all()


def test_of_one_run_on_pictures_it_is_wilsons():
    """8 of 10 give 0.490 to 0.943 (Agresti and Coull, 1998); the spread counts 10 - 1, too."""
    right = np.arange(1000) < 800
    wilson = stats.binomtest(800, 1000).proportion_ci(method="wilson")
    assert share_interval(told(right)) == pytest.approx((wilson.low, wilson.high), abs=1e-4)


def test_hits_are_written_and_read():
    right, films = np.array([1, 1, 0, 1, 1], bool), np.array(list("ababb"))
    for groups, text in ((None, "11011"), (films, "1/2 3/3")):
        written = told(right, groups)
        assert str(written) == text
        read = read_told(text)
        assert (read.hits == written.hits).all() and (read.sizes == written.sizes).all()
    for wrong in ("12", "3/2", "", "x"):
        with pytest.raises(ValueError):
            read_told(wrong)
    with pytest.raises(ValueError, match="different pictures"):
        together([read_told("11"), read_told("111")])
    assert together([read_told("10"), read_told("11")]).hits.shape == (2, 2)


@pytest.mark.parametrize(("first_only", "real"), [(4, False), (5, False), (6, True)])
def test_the_interval_of_a_difference_agrees_with_the_exact_test(first_only, real):
    """4 against 0 of 372: Wald's interval called that real, p is 0.125."""
    first, second = np.ones(372, bool), np.arange(372) >= first_only
    pair = told(first), told(second)
    low, high = difference_interval(*pair)
    assert (low > 0) == real == (sign_test(*pair) < 0.05) == (difference_p(*pair) < 0.05)
    assert -1 <= low < high <= 1


def test_the_coin_is_tossed_for_films_where_there_are_films():
    first, films = np.ones(60, bool), np.repeat(np.arange(6), 10)
    second = films >= 5  # the first is right on five films, the second on one
    assert sign_test(told(first), told(second)) < 1e-10
    assert sign_test(told(first, films), told(second, films)) == pytest.approx(2 / 2**5)
    assert sign_test(told(first, films), told(first, films)) == 1
    five, one = np.array([1, 1, 1, 1, 1, 0]), np.array([0, 0, 0, 0, 0, 1])
    for frames in (1, 2):  # pictures, and films of two frames
        pair = (Told(hits, np.full(6, frames)) for hits in (five, one))
        assert sign_test(*pair) == pytest.approx(14 / 64)


def test_films_on_which_both_are_alike_do_not_make_the_test_one_of_chance():
    """Fifty films, of which six decide: exactly 2 of the 64 ways are as uneven."""
    hits = np.full(50, 2)
    behind = hits - (np.arange(50) < 6)
    assert sign_test(Told(hits, hits), Told(behind, hits)) == pytest.approx(2 / 64, abs=1e-12)
    assert sign_test(Told(hits, hits), Told(hits - (np.arange(50) < 1), hits)) == 1


def test_holms_correction_of_a_textbook_case():
    """Four tests, as in many textbooks: 0.01, 0.04, 0.03, 0.005."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([[0.5, 0.9], [0.01, 0.02]]) == pytest.approx(np.array([[1, 1], [0.02, 0.02]]))


@pytest.mark.parametrize("settings", [3, 6, 9])
def test_a_winner_of_equal_settings_is_seldom_called_real(settings):
    """Lesson 6's own cell: 4,000 sweeps over five seeds."""
    (cell,) = (cell for cell in cells_of(LESSON) if cell.id == "winner-alarms")
    code = cell.source.partition("\n\n\nplain")[0]
    lesson = {"np": np, "stats": stats, "intervals": intervals}
    lesson["rng"] = np.random.default_rng(0)
    exec(code, lesson)
    assert lesson["alarms"](settings, corrected=True) <= 0.06
    assert lesson["alarms"](settings, corrected=False) > 0.1


def test_lesson_6_writes_out_what_two_networks_that_agree_say(capsys):
    (cell,) = (cell for cell in cells_of(LESSON) if cell.id == "by-hand")
    lesson = {"np": np, "stats": stats, "by_seed": pd.DataFrame({"a": [0.9, 0.8], "b": [0.8, 0.8]})}
    lesson |= {"first": "a", "second": "b", "last": {"first ahead": 0, "second ahead": 0}}
    exec(cell.source, lesson | {"exact": SimpleNamespace(attrs={"coins": True})})
    assert "0 against 0, p 1.0000" in capsys.readouterr().out


@pytest.mark.parametrize("settings", [3, 6, 9])
def test_neither_is_one_judged_by_seeds_and_pictures(settings):
    """Holm's first step: is any pair's p below 0.05 by the number of pairs?"""
    hits, sizes = draw(0.95, ALONE, settings=settings, groups=372, frames=1, draws=300)
    pairs = list(itertools.combinations(range(settings), 2))
    bound = 0.05 / len(pairs)
    alarms = 0
    for sweep in hits:
        told = [Told(each, sizes) for each in sweep]
        ends = {(a, b): difference_interval(told[a], told[b], 1 - bound) for a, b in pairs}
        far = [pair for pair, (low, high) in ends.items() if low > 0 or high < 0]
        alarms += any(difference_p(told[a], told[b]) < bound for a, b in far)
    assert alarms / len(hits) <= 0.06
