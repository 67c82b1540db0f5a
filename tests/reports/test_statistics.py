"""Statistics over seeds against slow references and known values."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.reports.statistics import (
    FEW_SEEDS,
    MOST_EXACT,
    holm,
    mean_over_seeds,
    pairs_needed,
    sign_flip_test,
    smallest_p,
    too_few,
)

SCORES = st.floats(-1, 1, allow_nan=False).map(lambda value: round(value, 3))


def slow_sign_flip(differences: list[float]) -> float:
    observed = abs(sum(differences))
    sums = [
        abs(sum(sign * each for sign, each in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    return sum(total >= observed - 1e-9 for total in sums) / len(sums)


def slow_holm(p_values: list[float]) -> list[float]:
    adjusted = []
    for p in p_values:
        smaller = [q for q in p_values if q <= p]
        adjusted.append(
            min(1.0, max(q * sum(other >= q for other in p_values) for q in set(smaller)))
        )
    return adjusted


def test_t_interval_of_few_seeds() -> None:
    found = mean_over_seeds([1, 2, 3, 4, 5])
    # 97.5 % quantile of t with 4 degrees of freedom: 2.776; standard error: sqrt(2.5 / 5).
    assert found.mean == 3 and found.method == "t" and found.num_seeds == 5
    assert found.high - 3 == pytest.approx(2.77645 * 0.5**0.5, abs=1e-4)
    assert 3 - found.low == pytest.approx(found.high - 3)
    two = mean_over_seeds([0.0, 1.0])
    assert two.high == pytest.approx(0.5 + 12.7062 * 0.5, abs=1e-3)


def test_one_seed_has_no_interval() -> None:
    found = mean_over_seeds([0.7])
    assert found.mean == 0.7 and found.method == "" and np.isnan([found.low, found.high]).all()


def test_many_seeds_use_bootstrap() -> None:
    values = np.random.default_rng(1).normal(0.8, 0.02, 20)
    found = mean_over_seeds(values.tolist())
    assert found.method == "bca" and len(values) >= FEW_SEEDS
    error = values.std(ddof=1) / 20**0.5
    assert found.low < found.mean < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.15)
    assert mean_over_seeds(values.tolist()) == found
    skewed = mean_over_seeds(np.random.default_rng(2).exponential(1.0, 30).tolist())
    assert skewed.high - skewed.mean > skewed.mean - skewed.low


def test_equal_seeds_have_zero_width_interval() -> None:
    found = mean_over_seeds([0.5] * 12)
    assert (found.low, found.high) == (0.5, 0.5)


@settings(max_examples=30)
@given(st.lists(SCORES, min_size=1, max_size=7))
def test_sign_flip_test_matches_enumeration(differences: list[float]) -> None:
    found = sign_flip_test(differences)
    assert found == pytest.approx(slow_sign_flip(differences))
    assert found >= smallest_p(len(differences)) or found == pytest.approx(1.0)
    assert found == sign_flip_test([-each for each in differences])


def test_sign_flip_test_known_values() -> None:
    assert sign_flip_test([1, 1, 1]) == 0.25
    assert sign_flip_test([0.1, 0.2, 0.3, 0.4, 0.5]) == 0.0625
    assert sign_flip_test([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) == 0.03125
    assert sign_flip_test([0.0, 0.0]) == 1.0
    # Darwin's maize, 15 pairs, tested by Fisher: 863 of 2^14 sums in one tail, 0.05267 in both.
    darwin = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    assert sign_flip_test(darwin) == pytest.approx(0.0527, abs=1e-4)
    assert np.isnan(sign_flip_test([]))


def test_many_pairs_use_random_signs() -> None:
    values = np.random.default_rng(3).normal(0.3, 1.0, MOST_EXACT + 5)
    found = sign_flip_test(values.tolist())
    # All 2^20 sums, by adding the sums of both halves.
    left, right = (
        np.array(list(product((1, -1), repeat=10))) @ half for half in np.split(values, 2)
    )
    sums = np.abs(left[:, None] + right[None, :])
    assert found == pytest.approx((sums >= abs(values.sum()) - 1e-9).mean(), abs=0.006)
    assert sign_flip_test([1.0] * (MOST_EXACT + 5)) > 0
    assert sign_flip_test(values.tolist()) == found


@settings(max_examples=30)
@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=6, unique=True))
def test_holm_matches_definition(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(slow_holm(p_values))


def test_holm_known_values() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    found = holm([0.04, float("nan"), 0.01])
    assert found[0] == pytest.approx(0.04) and found[2] == pytest.approx(0.02)
    assert np.isnan(found[1]) and holm([]) == []


def test_too_few_seeds() -> None:
    assert "5 paired seeds cannot give p below 0.0625; p = 0.05 requires 6 seeds" in too_few(5)
    assert too_few(6) == "" and pairs_needed() == 6
    assert "corrected for 4 tests" in too_few(6, 4) and pairs_needed(4) == 8
    assert "1 paired seed cannot" in too_few(1) and too_few(0) == ""
