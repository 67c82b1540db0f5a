from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from vitrina.errors import InputError
from vitrina.tasks.thresholds import (
    MARGIN,
    best_threshold,
    choose_thresholds,
    read_thresholds,
    write_thresholds,
)
from vitrina.text.batch import TextBatch


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


@settings(max_examples=40)
@given(st.sampled_from([0.01, 0.05, 0.3]), st.integers(0, 10_000))
def test_false_alarms_hold_under_each_noise(share: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, 120)
    scores = {kind: random.random(120).round(2) ** 2 for kind in ("clean", "noisy", "typing")}
    scores["typing"] += 0.5 * random.random()
    benign = {kind: each[labels == 0] for kind, each in scores.items()}

    def texts(kind: str) -> TextBatch:
        return TextBatch.from_strings([f"{kind} {row}" for row in range(120)])

    def predict(batch: TextBatch) -> np.ndarray:
        found = [scores[kind][int(row)] for kind, row in (text.split() for text in batch)]
        return np.stack([1 - np.array(found), np.array(found)], axis=1)

    views: Any = [SimpleNamespace(texts=texts(kind), labels=labels) for kind in ("clean", "noisy")]
    used: list[dict[str, float]] = []
    task: Any = SimpleNamespace(
        waits_for_thresholds=True,
        false_alarms=share,
        threshold_names=["1"],
        label_names=["0", "1"],
        truth=lambda view: view.labels,
        use_thresholds=used.append,
    )

    def changed(clean: TextBatch) -> list[TextBatch]:
        return [TextBatch.from_strings([t.replace("clean", "typing") for t in clean])]

    with TemporaryDirectory() as folder:
        found = choose_thresholds(task, Path(folder), views, predict, changed)
        assert used == [found] and read_thresholds(Path(folder), ["1"]) == found
    allowed = {"clean": share, "noisy": share + MARGIN, "typing": share + MARGIN}

    def holds(threshold: float) -> bool:
        alarms = {kind: (each >= threshold).mean() for kind, each in benign.items()}
        return all(alarms[kind] <= allowed[kind] + 1e-9 for kind in allowed)

    assert holds(found["1"]) or found["1"] == 1.0
    lower = max((s for each in benign.values() for s in each if s < found["1"]), default=None)
    assert lower is None or not holds(lower)  # it is the lowest


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
