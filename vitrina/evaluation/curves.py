"""Summaries of a noise curve `s(p)`, a score against noise strength: area, p50, worst case."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vitrina.tasks.calibration import calibration
from vitrina.tasks.intervals import mean_of_defined_rows, ratio, weighted_scores
from vitrina.tasks.metrics import Predictions, mean_of_defined, score

BETTER_HIGH = ("f1", "macro_f1", "roc_auc")
"""Scores for which higher is better. Only these have a chance level, so only these have a p50."""

BETTER_LOW = ("ece", "brier", "flip_rate", "false_alarms")

CURVE_METRICS = (*BETTER_HIGH, *BETTER_LOW)
WORST_METRICS = ("accuracy", "recall", "f1", "macro_f1")

RESAMPLED = ("f1", "macro_f1", "roc_auc", "brier", "flip_rate", "false_alarms")
"""Metrics of `CURVE_METRICS` with intervals."""


def curve_scores(predictions: Predictions, clean: Predictions) -> dict[str, float]:
    """Return the scores `CURVE_METRICS`.

    Args:
        predictions: for the noisy texts. clean: for the same texts without noise.
    """
    found = score(predictions)
    return {
        **{name: found[name] for name in BETTER_HIGH},
        **calibration(predictions),
        "flip_rate": float(flips(predictions, clean).mean()),
        "false_alarms": false_alarms(predictions),
    }


def flips(predictions: Predictions, clean: Predictions) -> np.ndarray:
    """Return bool [num_texts]: whether the prediction differs from that for the clean text."""
    return (predictions.chosen != clean.chosen).any(axis=1)


def false_alarms(predictions: Predictions) -> float:
    """Return the false-positive rate, averaged over the reported labels.

    For two classes it is the share of benign texts predicted toxic. NaN without benign texts.
    """
    rates = []
    for k in predictions.reported:
        without = ~predictions.occurs[:, k]
        rates.append(predictions.chosen[without, k].mean() if without.any() else float("nan"))
    return mean_of_defined(rates)


def resampled_curve_scores(
    predictions: Predictions, clean: Predictions, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the scores `RESAMPLED`, float64 [num_resamples] each, for each row of weights.

    Args:
        weights: float32 [num_resamples, num_texts], at least 0.
    """
    found = weighted_scores(predictions, weights)
    total = weights.sum(axis=1, dtype=np.float64)
    reported = list(predictions.reported)
    occurs, chosen = predictions.occurs[:, reported], predictions.chosen[:, reported]
    squares = ((predictions.probabilities[:, reported] - occurs) ** 2).mean(axis=1)
    alarms = (weights @ (chosen & ~occurs).astype(np.float32)).astype(np.float64)
    without = (weights @ (~occurs).astype(np.float32)).astype(np.float64)
    return {
        **{name: found[name] for name in BETTER_HIGH},
        "brier": weights.astype(np.float64) @ squares / total,
        "flip_rate": weights.astype(np.float64) @ flips(predictions, clean) / total,
        "false_alarms": mean_of_defined_rows(ratio(alarms, without)),
    }


def area(strengths: Sequence[float], clean: float | np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the area under the noise curve, `(1 / p_max) ∫ s(p) dp` from p = 0 (trapezoid rule).

    Args:
        strengths: increasing, above 0. clean: s(0), float or float64 [n].
        scores: float64 [num_strengths] or [num_strengths, n].

    Returns:
        float64 [] or [n].

    >>> float(area([0.5, 1.0], 1.0, np.array([0.5, 0.0])))
    0.5
    """
    p = np.array([0.0, *strengths])
    s = np.concatenate([np.broadcast_to(clean, scores[:1].shape), scores])
    return np.trapezoid(s, p, axis=0) / p[-1]


def half_degradation(
    strengths: Sequence[float], clean: float, scores: Sequence[float], chance: float
) -> float | None:
    """Return p50, the smallest strength at which the score loses half of its margin over chance.

    The curve is interpolated linearly. None if the score never loses half or has no margin.

    >>> half_degradation([0.5, 1.0], 0.9, [0.7, 0.5], 0.5)
    0.5
    """
    half = (clean + chance) / 2
    before_p, before_s = 0.0, clean
    if not clean > chance:
        return None
    for p, s in zip(strengths, scores, strict=True):
        if s <= half:
            return before_p + (p - before_p) * (before_s - half) / (before_s - s)
        before_p, before_s = p, s
    return None


def worst_predictions(draws: Sequence[Predictions]) -> Predictions:
    """Return predictions that are correct for a text and label only if those of all draws are.

    The probabilities are those of the first draw, because a ranking has no worst case.
    """
    first = draws[0]
    chosen = np.stack([draw.chosen for draw in draws])
    worst = np.where(first.occurs, chosen.all(axis=0), chosen.any(axis=0))
    return Predictions(first.occurs, worst, first.probabilities, first.reported)


def worst_of_k(draws: Sequence[Predictions]) -> dict[str, float]:
    """Return the scores `WORST_METRICS` of `worst_predictions`."""
    found = score(worst_predictions(draws))
    return {name: found[name] for name in WORST_METRICS}


WORST_AT = 0.3
"""Strength at which families are compared for the worst one; the nearest measured one counts."""


def worst_strength_index(strengths: Sequence[float]) -> int:
    """Return the index of the strength nearest to `WORST_AT`."""
    return int(np.argmin([abs(p - WORST_AT) for p in strengths]))
