from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vitrina.errors import InputError
from vitrina.evaluation.config import EvaluationConfig
from vitrina.evaluation.evaluate import evaluate
from vitrina.evaluation.suites import Suite
from vitrina.tasks.calibration import calibration
from vitrina.tasks.metrics import chance, decide, score
from vitrina.tasks.task_metrics import ClassMetrics
from vitrina.text.batch import TextBatch

CONFIG = EvaluationConfig(
    kind="levels",
    suites=["clean"],
    seed=1,
    uniform_p=0.3,
    diacritics_p=0.3,
    unseen=None,
    known_level=4,
    bootstrap=100,
    predictions=True,
    plot=True,
)

METRICS = ClassMetrics(["0", "1"], 1)


def suite(name: str, texts: list[str], labels: list[int]) -> Suite:
    rows: Any = [{"text": text} for text in texts]
    return Suite(name, f"suite {name}", TextBatch.from_strings(texts), np.array(labels), rows, {})


def by_length(texts: TextBatch) -> np.ndarray:
    """Predict class 1 with a probability that increases with the length of the text."""
    high = np.minimum(texts.lengths / 10, 1.0)
    return np.stack([1 - high, high], axis=1)


CLEAN = suite("clean", ["а" * n for n in (1, 2, 3, 4, 7, 8, 9, 6)], [0, 0, 0, 1, 1, 1, 1, 0])
WORSE = suite("level_1", ["а" * n for n in (1, 9, 3, 4, 2, 8, 1, 6)], [0, 0, 0, 1, 1, 1, 1, 0])


def test_scores_are_relative_to_clean() -> None:
    progress: list[str] = []
    seen: dict[str, np.ndarray] = {}
    found = evaluate(
        by_length,
        iter([CLEAN, WORSE]),
        METRICS,
        CONFIG,
        progress=progress.append,
        on_suite=lambda suite, probabilities: seen.update({suite.name: probabilities}),
    )
    assert list(found.suites) == ["clean", "level_1"] == list(seen)
    predictions = decide(WORSE.truth, by_length(WORSE.texts), 1)
    assert found.suites["level_1"].scores == score(predictions) | calibration(predictions)
    assert np.array_equal(found.predicted["clean"], by_length(CLEAN.texts))
    assert progress == ["scoring clean: suite clean", "scoring level_1: suite level_1"]
    assert found.notes == []
    metrics = found.metrics()
    s0, s = metrics["clean"]["roc_auc"], metrics["level_1"]["roc_auc"]
    c = chance(np.eye(2, dtype=bool)[CLEAN.truth], [1])["roc_auc"]
    assert metrics["level_1"]["relative"]["roc_auc"] == pytest.approx(s / s0)
    assert metrics["level_1"]["above_chance"]["roc_auc"] == pytest.approx((s - c) / (s0 - c))
    assert metrics["clean"]["relative"]["f1"] == 1.0
    low, high = metrics["level_1"]["intervals"]["f1"]
    assert low <= metrics["level_1"]["f1"] <= high


def test_other_texts_have_no_relative_scores() -> None:
    other = suite("other", ["а", "ааааааааа"], [0, 1])
    found = evaluate(by_length, [CLEAN, other], METRICS, CONFIG)
    assert found.relative("other") == {}
    assert "relative" not in found.metrics()["other"]


def test_single_class_gives_note() -> None:
    only = suite("only", ["а", "ааааааааа"], [1, 1])
    found = evaluate(by_length, [only], METRICS, CONFIG)
    assert found.notes == ["only: roc_auc undefined; labels that occur: 1"]
    assert np.isnan(found.suites["only"].scores["roc_auc"])


def test_diverged_model_is_refused() -> None:
    with pytest.raises(InputError, match=r"suite clean: the model predicts NaN .*learning_rate"):
        evaluate(lambda texts: by_length(texts) * np.nan, [CLEAN], METRICS, CONFIG)
