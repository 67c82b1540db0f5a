"""What a model makes of disguises that people wrote, beside the same texts corrected."""

from __future__ import annotations

from typing import Any

import numpy as np

from vitrina.data.ingestion import CORRECTED, RAW
from vitrina.evaluation.evaluate import Evaluation
from vitrina.tasks.task_metrics import LabelMetrics


def compare_pairs(evaluation: Evaluation) -> dict[str, Any]:
    """The part `pairs` of a run's `metrics.json`; empty if no pairs were scored.

    `recall_raw` and `recall_corrected` are the shares of the texts with the positive label (or of
    all labels that occur, their mean) of which it is said; `flip_rate` is the share of all pairs of
    whose two texts different things are said. None where a score is undefined.
    """
    if RAW not in evaluation.suites or CORRECTED not in evaluation.suites:
        return {}
    task_metrics = evaluation.task_metrics
    assert isinstance(task_metrics, LabelMetrics)
    raw, corrected = evaluation.suites[RAW], evaluation.suites[CORRECTED]
    said = [
        task_metrics.decide(evaluation.suites[name].truth, evaluation.predicted[name]).chosen
        for name in (RAW, CORRECTED)
    ]
    flipped = (said[0] != said[1]).any(axis=1)
    return {
        "count": len(flipped),
        "recall_raw": _known(raw.scores["recall"]),
        "recall_corrected": _known(corrected.scores["recall"]),
        "flip_rate": float(flipped.mean()),
    }


def pairs_line(pairs: dict[str, Any]) -> str:
    """What was found, in a sentence."""
    recalls = [
        "undefined" if value is None else f"{value:.3f}"
        for value in (pairs["recall_raw"], pairs["recall_corrected"])
    ]
    return (
        f"{pairs['count']:,} pairs written by people: recall {recalls[0]} as written, "
        f"{recalls[1]} corrected; of {pairs['flip_rate']:.1%} different things are said"
    )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
