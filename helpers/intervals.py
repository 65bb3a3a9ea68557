"""Intervals and tests of accuracies: over test pictures, over films of them, and over seeds.

**The method.** An accuracy depends on two draws of luck: which seeds, and which test pictures, or
which films where frames are alike. Over `seeds` rows and `groups` columns (a picture that has
nothing to do with others is a group of its own), the variance of the mean is that of a crossed
two-way layout with random effects: the part of the groups, plus the part of the seeds less what
both share. Each part gets Student's t of its own: the seeds' with one degree of freedom less than
there are seeds, the films' with as many as their kurtosis leaves them (a single bad film out of
twelve tells little about films), the pictures' the normal quantile. The sum becomes an *effective
number of pictures* for Wilson's interval, so it never leaves 0 to 1; of one run on independent
pictures it is Wilson's interval.

Sources: J. Cornfield, J. W. Tukey (1956), Average values of mean squares in factorials (the
variance); W. G. Cochran (1964), Approximate significance levels of the Behrens-Fisher test (a t for
each part); E. L. Korn, B. I. Graubard (1998), Confidence intervals for proportions with small
expected number of positive counts estimated from survey data (the effective number); E. B. Wilson
(1927), Probable inference, the law of succession, and statistical inference.

**How well it covers**, simulated in tests/helpers/test_intervals.py: three seeds and 372 pictures,
alone or in 12 films, accuracies of 0.9, 0.95 and 0.99: 93 to 97 % instead of 95. Too little where
the frames of a film share nearly all their luck (intraclass correlation of 0.4, 12 films, accuracy
0.95: about 90 %; one seed 87 %), of five seeds on 12 films at 0.99 (85 to 95 %), and of two seeds
(about 90 %); too much for one run on 12 films at 0.99. One run says nothing of other seeds. Where
each seed has as many pictures of its own, as where it chooses what is held out: 92 to 97 %.
Differences of two settings: 91 to 99 %, of 0.9 and 0.8 or of equal ones, on 372 pictures, on 12
films and on 3. Too little where few films decide: 0.99 against 0.97 on 12 films, about 90 %, and
80 % where frames share nearly all their luck. Where nothing differs, or nothing is wrong, nothing
shows how alike frames are, so each film counts as one picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats

CONFIDENCE = 0.95
Z = special.ndtri((1 + CONFIDENCE) / 2)  # 1.96


class Told(NamedTuple):
    """What one network, or one of each seed, got right.

    Attributes:
        hits: pictures classified correctly in each group, shape (groups,) or (seeds, groups).
        sizes: pictures in each group, shape (groups,); all 1 where pictures are independent.
    """

    hits: np.ndarray
    sizes: np.ndarray

    def __str__(self) -> str:
        """Write it for a record: "1101", or of films right and all pictures, "31/31 30/31"."""
        if (self.sizes == 1).all():
            return "".join(map(str, self.hits))
        return " ".join(f"{hit}/{size}" for hit, size in zip(self.hits, self.sizes, strict=True))


def told(right: np.ndarray, groups: np.ndarray | None = None) -> Told:
    """Count by group, such as films, of which pictures a network was right, boolean, shape (n,).

    `groups` has the group of each picture, shape (n,); None where they are independent.
    """
    if groups is None:
        return Told(right.astype(int), np.ones(len(right), int))
    _, places = np.unique(groups, return_inverse=True)
    return Told(np.bincount(places, right).astype(int), np.bincount(places))


def read_told(text: str) -> Told:
    """Read what `str` of a `Told` wrote; a ValueError where the text is something else."""
    parts = text.split() if "/" in text else [f"{hit}/1" for hit in text]
    hits, sizes = np.array([part.split("/") for part in parts], int).T
    if not ((hits >= 0) & (hits <= sizes) & (sizes > 0)).all():
        raise ValueError(f"{text[:40]!r} counts more right pictures than pictures.")
    return Told(hits, sizes)


def together(seeds: Sequence[Told]) -> Told:
    """Join what networks of several seeds got right; a ValueError if of different groups."""
    sizes = seeds[0].sizes
    if not all(np.array_equal(each.sizes, sizes) for each in seeds):
        raise ValueError("The networks classified different pictures.")
    return Told(np.stack([each.hits for each in seeds]), sizes)


def share_interval(told: Told) -> tuple[float, float]:
    """Return the 95 % interval of an accuracy: other pictures or films, and other seeds if several.

    `told` is of one network or of several seeds, of two groups at least; (low, high) are 0 to 1.
    """
    hits, sizes = np.atleast_2d(told.hits), told.sizes
    share = hits.sum() / (len(hits) * sizes.sum())
    deviations = (hits - share * sizes) * len(sizes) / sizes.sum()
    reach = _squared_reach(deviations, (sizes == 1).all(), CONFIDENCE)
    reach = max(reach, Z**2 * share * (1 - share) / hits.size / sizes.mean())
    return _wilson(share, reach, len(sizes))


def seeds_interval(values: Sequence[float], lows: Sequence[float] = ()) -> tuple[float, float]:
    """Return the 95 % interval of a mean accuracy of seeds of which only the values are known.

    What both kinds of luck share is counted twice, so this is wider than `share_interval`.

    Args:
        values: accuracies, 0 to 1, two seeds or more.
        lows: the lower end of each one's own interval over pictures; empty where that is not
            known: then the interval speaks of other seeds on the same pictures.

    Returns:
        (low, high), both 0 to 1; NaN where values are alike and no interval over pictures is known.
    """
    share, seeds = np.mean(values), len(values)
    reach = special.stdtrit(seeds - 1, 0.975) ** 2 * np.var(values, ddof=1) / seeds
    known = [(value, low) for value, low in zip(values, lows, strict=False) if 0 < low < value]
    if known:  # Wilson's equation, solved for the squared reach
        widths = [(value - low) ** 2 / (low * (1 - low)) for value, low in known]
        reach += np.mean(widths) * share * (1 - share)
        return _wilson(share, reach, 1 / np.mean(widths) * Z**2)
    return _wilson(share, reach, 1) if reach > 1e-24 else (np.nan, np.nan)


def difference_interval(
    first: Told, second: Told, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the interval of the difference of two accuracies on the same pictures.

    Args:
        first, second: of one network each, or of the same seeds; of the same groups.
        confidence: above 0 and below 1.

    Returns:
        (low, high), both -1 to 1, of the first minus the second; the method above, of differences.
        A single film says nothing of others: -1 and 1.

    Source: of one run on independent pictures it is D. G. Bonett, R. M. Price (2012), Adjusted Wald
        confidence interval for a difference of binomial proportions based on paired data: a
        picture is added that only the first gets right, and one that only the second does. Of
        films, these two pictures only keep the interval from being shorter than theirs.
    """
    sizes, differences = first.sizes, np.atleast_2d(first.hits - second.hits)
    if (sizes == 1).all():
        differences = np.hstack([differences, np.tile([1, -1], (len(differences), 1))])
        mean = differences.mean()
        squared_reach = _squared_reach(differences - mean, True, confidence)
    elif len(sizes) == 1:
        return -1.0, 1.0
    else:
        mean = differences.sum() / (len(differences) * sizes.sum())
        deviations = (differences - mean * sizes) * len(sizes) / sizes.sum()
        counted = sizes.sum() if differences.any() else len(sizes)
        squared_reach = _squared_reach(deviations, False, confidence)
        squared_reach += 2 * (special.ndtri((1 + confidence) / 2) / (counted + 2)) ** 2
    reach = squared_reach**0.5
    return float(max(mean - reach, -1)), float(min(mean + reach, 1))


def difference_p(first: Told, second: Told) -> float:
    """Return how probable so large a difference is if both settings are equally good.

    It is the p value that belongs to `difference_interval`, one minus the confidence at which the
    interval reaches 0, or that of the paired t-test over seeds, if there are several and that is
    larger: far out, where Holm's correction looks, few seeds need the more careful of the two.
    """

    def nearest_end(logarithm: float) -> float:
        low, high = difference_interval(first, second, 1 - 10**logarithm)
        return max(low, -high)

    ends = (-12.0, -1e-9)
    if nearest_end(ends[1]) <= 0:
        return 1.0
    p = 10 ** optimize.brentq(nearest_end, *ends) if nearest_end(ends[0]) < 0 else 1e-12
    by_seed = np.atleast_2d(first.hits - second.hits).sum(axis=1)
    if len(by_seed) > 1 and np.ptp(by_seed):
        p = max(p, stats.ttest_1samp(by_seed, 0).pvalue)
    return float(p)


class PairedTest(NamedTuple):
    """Two networks on the same pictures, by the number of those that only one of them gets right.

    `p` is how probable numbers at least as uneven are if both are equally good, 1 if none decides.
    """

    first_only: int
    second_only: int
    p: float


def sign_test(first: Told, second: Told) -> float:
    """Return how probable hits at least as uneven are, if a coin decides who was better where.

    The coin is tossed for each picture that decides, which is McNemar's exact test; where there
    are groups, for each group, not for each picture: all that a film says turns round at once.

    Args:
        first, second: of one network each, of the same groups. Of groups of several pictures, up
            to 13 that differ are tried in all ways, of more, 10,000 ways at random.

    Source: A. Agresti (2013), Categorical Data Analysis, section 11.1.4; R. A. Fisher (1935), The
        Design of Experiments, section 21: the signs of paired differences are fair coins.
    """
    differences = first.hits - second.hits
    differences = differences[differences != 0]  # the others say nothing in any way
    if differences.size < 2:  # one coin falls on either side alike
        return 1.0
    if (first.sizes == 1).all():
        return float(stats.binomtest(int((differences > 0).sum()), differences.size).pvalue)
    return float(
        stats.permutation_test(
            (differences,),
            lambda each, axis: abs(each.sum(axis)),
            permutation_type="samples",
            alternative="greater",
            vectorized=True,
            n_resamples=10_000,
            rng=0,
        ).pvalue
    )


def sign_tests(first: Told, second: Told) -> list[float]:
    """Return p of `sign_test` for each seed's networks; hits have the shape (seeds, groups)."""
    return [
        sign_test(Told(one, first.sizes), Told(other, first.sizes))
        for one, other in zip(first.hits, second.hits, strict=True)
    ]


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Correct the p values of several tests, so that one false alarm among all stays improbable.

    Returns:
        Corrected ones, 0 to 1, shape (..., tests) like the others: where all hypotheses hold, one
        below 0.05 comes up in 5 % of the cases at most, whatever the tests have to do with each
        other.

    Source: S. Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    p_values = np.asarray(p_values, float)
    order = p_values.argsort(axis=-1)
    tests = p_values.shape[-1]
    steps = np.take_along_axis(p_values, order, -1) * np.arange(tests, 0, -1)
    corrected = np.empty_like(p_values)
    np.put_along_axis(corrected, order, np.maximum.accumulate(steps, -1).clip(0, 1), -1)
    return corrected


def _squared_reach(deviations: np.ndarray, independent: bool, confidence: float) -> float:
    """Return the square of how far an interval reaches from the mean, see the method above.

    Args:
        deviations: from the mean, shape (seeds, groups), weighted by the groups' sizes.
        independent: each group is one picture.
    """
    tail = (1 + confidence) / 2
    seeds, groups = deviations.shape
    by_seed, by_group = deviations.mean(axis=1), deviations.mean(axis=0)
    t = special.ndtri(tail) if independent else special.stdtrit(_freedom(by_group), tail)
    reach = t**2 * by_group.var(ddof=1) / groups
    if seeds > 1:
        rest = deviations - by_seed[:, None] - by_group + deviations.mean()
        both = (rest**2).sum() / (seeds - 1) / (groups - 1) / deviations.size
        of_seeds = by_seed.var(ddof=1) / seeds - both
        reach += special.stdtrit(seeds - 1, tail) ** 2 * max(of_seeds, 0)
    return float(reach)


def _freedom(values: np.ndarray) -> float:
    """Return the degrees of freedom of a variance, by the kurtosis of the values."""
    number = len(values)
    squares = (values - values.mean()) ** 2
    if squares.sum() == 0:
        return number - 1
    kurtosis = number * (squares**2).sum() / squares.sum() ** 2
    spread = kurtosis / number - (number - 3) / (number * (number - 1))
    return float(np.clip(2 / max(spread, 1e-9), 1, number - 1))


def _wilson(share: float, squared_reach: float, at_the_edge: float) -> tuple[float, float]:
    """Return Wilson's interval of a share whose normal interval would reach so far, squared.

    `at_the_edge` is the effective number of pictures where the share is 0 or 1.
    """
    sure = share * (1 - share)
    k = squared_reach / sure if sure > 1e-12 else Z**2 / at_the_edge
    middle = (share + k / 2) / (1 + k)
    half = (k * max(sure, 0) + k * k / 4) ** 0.5 / (1 + k)
    return float(max(middle - half, 0)), float(min(middle + half, 1))
