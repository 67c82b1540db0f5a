from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from vitrina.errors import InputError
from vitrina.tasks.thresholds import best_threshold, read_thresholds, write_thresholds


@settings(max_examples=60)
@given(st.integers(1, 15), st.sampled_from([0, 1, 6]), st.integers(0, 10_000))
def test_no_other_threshold_has_a_higher_f1(num_texts: int, decimals: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    occurs = random.random(num_texts) < 0.4
    probability = np.round(random.random(num_texts), decimals).astype(np.float32)
    found = best_threshold(occurs, probability)
    assert 0 <= found <= 1
    if not occurs.any():
        assert found == 0.5
        return

    def f1(threshold: float) -> float:
        return float(f1_score(occurs, probability.astype(np.float64) >= threshold))

    scores = [f1(threshold) for threshold in (*probability.tolist(), 0.0, 1.1)]
    assert f1(found) == pytest.approx(max(scores))


def test_ties_and_ends() -> None:
    yes_no = np.array([True, False])
    assert best_threshold(yes_no, np.array([0.8, 0.4])) == pytest.approx(0.6)
    # Two thresholds have F1 2/3: the one nearer to 0.5 is chosen, else the higher one.
    occurs = np.array([True, False, False, True])
    assert best_threshold(occurs, np.array([0.96, 0.9, 0.4, 0.2])) == pytest.approx(0.1)
    assert best_threshold(occurs, np.array([0.9, 0.7, 0.5, 0.1])) == pytest.approx(0.8)
    assert best_threshold(occurs, np.array([1.0, 0.75, 0.5, 0.25])) == 0.875
    assert best_threshold(np.array([True, True]), np.array([0.9, 0.6])) == pytest.approx(0.3)
    assert best_threshold(np.array([True, True]), np.array([0.0, 0.0])) == 0.0
    assert best_threshold(np.array([False, False]), np.array([0.9, 0.6])) == 0.5


def test_thresholds_are_read_as_written(tmp_path: Path) -> None:
    write_thresholds(tmp_path, {"ТРИ": 0.1 + 0.2, "b": 0.0})
    assert read_thresholds(tmp_path, ["b", "ТРИ"]) == {"b": 0.0, "ТРИ": 0.1 + 0.2}
    assert [path.name for path in tmp_path.iterdir()] == ["thresholds.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file; task.threshold=validation or task.false_alarms"),
        ("{", "cannot be read ("),
        ("[" * 100_000, "cannot be read ("),
        ("[0.5]", "must map the labels a to thresholds"),
        (json.dumps({"a": 0.5, "b": 0.5}), "must map the labels a to thresholds"),
        (json.dumps({"a": "0.5"}), "thresholds must be numbers from 0 to 1"),
        (json.dumps({"a": True}), "thresholds must be numbers from 0 to 1"),
        ('{"a": NaN}', "thresholds must be numbers from 0 to 1"),
        (json.dumps({"a": 1.5}), "thresholds must be numbers from 0 to 1"),
    ],
)
def test_invalid_files_are_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "thresholds.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError) as error:
        read_thresholds(tmp_path, ["a"])
    assert str(error.value).startswith(f"{path}: {message}") and "\n" not in str(error.value)
