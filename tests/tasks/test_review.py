"""Thresholds of human review."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import InputError
from vitrina.models.coverage import Coverage
from vitrina.tasks.review import (
    MIN_UNSUPPORTED,
    ReviewThresholds,
    choose_review_thresholds,
    read_review_thresholds,
    write_review_thresholds,
)

SHARES = st.sampled_from([0.0, 0.1, 0.25, 0.9, 1.0])


@given(st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=50), st.sampled_from([1, 10, 30]))
def test_at_most_the_share_goes_to_review(pairs: list[tuple[float, float]], percent: int) -> None:
    unread, unsupported = np.array(pairs).T
    coverage = Coverage(unread, unsupported)
    found = choose_review_thresholds(coverage, percent / 100)
    empty = unread == 1  # such texts go to review, however many they are
    assert (found.sends(coverage) & ~empty).sum() * 100 <= percent * len(pairs)
    assert found.sends(coverage)[empty].all()
    lower = unsupported[unsupported < found.unsupported]
    if len(lower) and found.unsupported > MIN_UNSUPPORTED:  # any lower threshold sends too many
        more = ReviewThresholds(found.unread, float(lower.max())).sends(coverage)
        assert 100 * more.sum() > percent * len(pairs)


def test_thresholds_are_read_as_written(tmp_path: Path) -> None:
    thresholds = ReviewThresholds(0.1 + 0.2, 5e-324)
    write_review_thresholds(tmp_path, thresholds)
    assert read_review_thresholds(tmp_path) == thresholds
    assert [path.name for path in tmp_path.iterdir()] == ["review.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        ("{", "cannot be read ("),
        ("[0.5]", "must map unread and unsupported to thresholds"),
        (json.dumps({"unread": 0.5}), "must map unread and unsupported to thresholds"),
        (json.dumps({"unread": 0.5, "unsupported": True}), "thresholds must be numbers"),
        ('{"unread": 0.5, "unsupported": NaN}', "thresholds must be numbers"),
    ],
)
def test_invalid_files_are_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "review.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError) as error:
        read_review_thresholds(tmp_path)
    assert str(error.value).startswith(f"{path}: {message}") and "\n" not in str(error.value)


def test_few_texts_do_not_make_the_thresholds_unreachable() -> None:
    texts = Coverage(np.append(np.zeros(60), 1.0), np.zeros(61))
    thresholds = choose_review_thresholds(texts, 0.0)
    assert thresholds.unread == 1.0 and 0.05 < thresholds.unsupported < 1
    assert thresholds.sends(texts).sum() == 1
