"""Scores over training seeds: intervals of means, paired tests, and Holm's correction.

A seed is one observation. Intervals and tests here show how much a score depends on the training;
`vitrina.tasks.intervals` shows how much it depends on the choice of the test texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit
from scipy.stats import bootstrap, permutation_test

FEW_SEEDS = 10
"""Below this a t-interval: a bootstrap of fewer values is too narrow (Efron and Tibshirani 1993,
section 14.3; of n values a resample never leaves their range, and underestimates their variance by
(n - 1) / n)."""

RESAMPLES = 10_000

MOST_EXACT = 15
"""Pairs up to which all signs are tried; of more pairs as many random signs are."""

NUM_SIGNS = 2**MOST_EXACT

LEVEL = 0.05
"""The level of significance."""


@dataclass(frozen=True)
class SeedMean:
    """The mean of a score over seeds and its interval.

    Attributes:
        low, high: NaN with fewer than two seeds.
        method: `t`, `bca`, or empty where there is no interval.
    """

    mean: float
    low: float
    high: float
    num_seeds: int
    method: str

    @property
    def text(self) -> str:
        """The mean with its interval, as it is shown."""
        return self.rounded(3 if abs(self.mean) < 100 else 0)

    def rounded(self, digits: int) -> str:
        """Return the mean with its interval, to so many digits."""
        mean = f"{self.mean:,.{digits}f}"
        if self.method == "t":
            return f"{mean} ± {self.high - self.mean:,.{digits}f}"
        if self.method == "bca":
            return f"{mean} [{self.low:,.{digits}f}–{self.high:,.{digits}f}]"
        return mean


def mean_over_seeds(values: Sequence[float], *, level: float = 0.95, seed: int = 0) -> SeedMean:
    """The mean with its interval: Student's t with few seeds, the BCa bootstrap from `FEW_SEEDS`.

    Args:
        values: one for each seed, finite, at least one.
        level: coverage aimed at.
        seed: of the resamples.
    """
    found = np.asarray(values, dtype=np.float64)
    num_seeds = len(found)
    assert num_seeds >= 1 and np.isfinite(found).all()
    mean = float(found.mean())
    if num_seeds == 1:
        return SeedMean(mean, float("nan"), float("nan"), 1, "")
    if num_seeds < FEW_SEEDS or np.ptp(found) == 0:
        quantile = float(stdtrit(num_seeds - 1, (1 + level) / 2))
        half = quantile * float(found.std(ddof=1)) / num_seeds**0.5
        return SeedMean(mean, mean - half, mean + half, num_seeds, "t")

    interval = bootstrap(
        (found,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=level,
        method="BCa",
        rng=np.random.default_rng([seed, num_seeds]),
    ).confidence_interval
    return SeedMean(mean, float(interval.low), float(interval.high), num_seeds, "bca")


def sign_flip_test(differences: Sequence[float], *, seed: int = 0) -> float:
    """The two-sided p of a paired sign-flip test that the mean difference is zero.

    p is the share of all choices of signs under which the sum is at least as far from zero (Fisher,
    The Design of Experiments, 1935, section 21). It is exact up to `MOST_EXACT` pairs; beyond, it
    counts `NUM_SIGNS` random choices and the observed one (Phipson and Smyth 2010, "Permutation
    p-values should never be zero").

    Args:
        differences: one for each pair, finite. Pairs that do not differ count too.
        seed: of the random signs.

    Returns:
        p, from `smallest_p(len(differences))` to 1; NaN without a pair.
    """
    found = np.asarray(differences, dtype=np.float64)
    if len(found) < 2:
        return 1.0 if len(found) else float("nan")

    def distance(values: np.ndarray, axis: int) -> np.ndarray:
        # Rounded: sums that are equal but for the order of their terms count as equal.
        return np.round(np.abs(values.sum(axis=axis)), 12)

    test = permutation_test(
        (found,),
        distance,
        permutation_type="samples",
        alternative="greater",
        vectorized=True,
        n_resamples=NUM_SIGNS,
        rng=np.random.default_rng([seed, len(found)]),
    )
    return float(test.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values by Holm's step-down method (Holm 1979), in the order given.

    The chance of one false finding or more among all tests is at most the level that adjusted
    p-values are compared with. NaN stays NaN and is not counted as a test.
    """
    found = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(len(found), np.nan)
    order = np.argsort(found, kind="stable")
    order = order[~np.isnan(found[order])]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.maximum.accumulate(np.minimum(found[order] * factors, 1.0))
    return adjusted.tolist()


def smallest_p(num_pairs: int) -> float:
    """The smallest p that the two-sided test of so many pairs can give: both signs of all alike."""
    if num_pairs > MOST_EXACT:
        return 1 / (NUM_SIGNS + 1)
    return min(1.0, 2.0 ** (1 - num_pairs))


def pairs_needed(num_tests: int = 1, level: float = LEVEL) -> int:
    """Pairs from which on the smallest of `num_tests` p-values can reach `level` after Holm."""
    num_pairs = 1
    while smallest_p(num_pairs) * num_tests > level:
        num_pairs += 1
        if num_pairs > MOST_EXACT:
            break
    return num_pairs


def too_few(num_pairs: int, num_tests: int = 1, level: float = LEVEL) -> str:
    """Plain words where no test of `num_pairs` seeds can reach `level`; empty where one can."""
    if num_pairs < 1 or smallest_p(num_pairs) * num_tests <= level:
        return ""
    seeds = f"{num_pairs} paired seed{'s' if num_pairs > 1 else ''}"
    least = min(1.0, smallest_p(num_pairs) * num_tests)
    tests = "" if num_tests == 1 else f", corrected for {num_tests} tests"
    return (
        f"too few seeds: a two-sided sign-flip test of {seeds} cannot give a p below "
        f"{least:.3g}{tests}; {pairs_needed(num_tests, level)} seeds or more can reach {level}"
    )
