"""Statistics over training seeds: intervals of means, paired tests, Holm's correction.

A seed is one observation, so these intervals and tests measure the variance of training.
`vitrina.tasks.intervals` measures the variance of sampling the test texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit
from scipy.stats import bootstrap, permutation_test

FEW_SEEDS = 10
"""Minimum number of seeds for the bootstrap; below it t-intervals are used. The bootstrap
underestimates the variance of n values by a factor of (n - 1) / n, so its intervals are too narrow
for few values (Efron and Tibshirani 1993, section 14.3)."""

RESAMPLES = 10_000

MOST_EXACT = 15
"""Maximum number of pairs for the exact test; above it `NUM_SIGNS` random signs are drawn."""

NUM_SIGNS = 2**MOST_EXACT

LEVEL = 0.05
"""Significance level."""


@dataclass(frozen=True)
class SeedMean:
    """The mean of a score over seeds and its interval.

    Attributes:
        low, high: ends of the interval; NaN with fewer than two seeds.
        method: `t`, `bca`, or empty without interval.
    """

    mean: float
    low: float
    high: float
    num_seeds: int
    method: str

    @property
    def text(self) -> str:
        """The formatted mean with its interval."""
        return self.rounded(3 if abs(self.mean) < 100 else 0)

    def rounded(self, digits: int) -> str:
        """Return the mean with its interval, with that many decimals."""
        mean = f"{self.mean:,.{digits}f}"
        if self.method == "t":
            return f"{mean} ± {self.high - self.mean:,.{digits}f}"
        if self.method == "bca":
            return f"{mean} [{self.low:,.{digits}f}–{self.high:,.{digits}f}]"
        return mean


def mean_over_seeds(values: Sequence[float], *, level: float = 0.95, seed: int = 0) -> SeedMean:
    """Return the mean and its interval: Student's t, or BCa bootstrap from `FEW_SEEDS` seeds.

    Args:
        values: one per seed, finite, at least one.
        level: nominal coverage.
        seed: seed of the resamples.
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
    """Return the two-sided p-value of a paired sign-flip test of zero mean difference.

    p is the share of sign assignments with an absolute sum at least as large as the observed one
    (Fisher, The Design of Experiments, 1935, section 21). Above `MOST_EXACT` pairs it uses
    `NUM_SIGNS` random assignments and the observed one (Phipson and Smyth 2010, "Permutation
    p-values should never be zero").

    Args:
        differences: one per pair, finite; zeros count.
        seed: seed of the random signs.

    Returns:
        p from `smallest_p(len(differences))` to 1; NaN without pairs.

    >>> sign_flip_test([0.1, 0.2, 0.3])
    0.25
    """
    found = np.asarray(differences, dtype=np.float64)
    if len(found) < 2:
        return 1.0 if len(found) else float("nan")

    def distance(values: np.ndarray, axis: int) -> np.ndarray:
        # Rounding makes sums equal that differ only in the order of their terms.
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
    """Adjust p-values by Holm's step-down method (Holm 1979), which controls the family-wise error.

    NaN stays NaN and does not count as a test.

    >>> holm([0.01, 0.04])
    [0.02, 0.04]
    """
    found = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(len(found), np.nan)
    order = np.argsort(found, kind="stable")
    order = order[~np.isnan(found[order])]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.maximum.accumulate(np.minimum(found[order] * factors, 1.0))
    return adjusted.tolist()


def smallest_p(num_pairs: int) -> float:
    """Return the smallest p-value that `sign_flip_test` can give for this number of pairs."""
    if num_pairs > MOST_EXACT:
        return 1 / (NUM_SIGNS + 1)
    return min(1.0, 2.0 ** (1 - num_pairs))


def pairs_needed(num_tests: int = 1, level: float = LEVEL) -> int:
    """Return the number of pairs for which the smallest p-value after Holm can reach `level`."""
    num_pairs = 1
    while smallest_p(num_pairs) * num_tests > level:
        num_pairs += 1
        if num_pairs > MOST_EXACT:
            break
    return num_pairs


def too_few(num_pairs: int, num_tests: int = 1, level: float = LEVEL) -> str:
    """Return a note if no test of `num_pairs` seeds can reach `level`, otherwise ``""``."""
    if num_pairs < 1 or smallest_p(num_pairs) * num_tests <= level:
        return ""
    seeds = f"{num_pairs} paired seed{'s' if num_pairs > 1 else ''}"
    least = min(1.0, smallest_p(num_pairs) * num_tests)
    tests = "" if num_tests == 1 else f", corrected for {num_tests} tests"
    return (
        f"too few seeds: a two-sided sign-flip test of {seeds} cannot give p below "
        f"{least:.3g}{tests}; p = {level} requires {pairs_needed(num_tests, level)} seeds or more"
    )
