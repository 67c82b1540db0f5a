"""Summaries of a score along the strength of noise, `s(p)`: areas, halves, worst cases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vitrina.tasks.calibration import calibration
from vitrina.tasks.intervals import mean_of_defined_rows, ratio, weighted_scores
from vitrina.tasks.metrics import Predictions, mean_of_defined, score

BETTER_HIGH = ("f1", "macro_f1", "roc_auc")
"""Scores of which more is better; they have a chance, and so a strength at which half is lost."""

BETTER_LOW = ("ece", "brier", "flip_rate", "false_alarms")

CURVE_METRICS = (*BETTER_HIGH, *BETTER_LOW)
"""What is scored at every strength."""

WORST_METRICS = ("accuracy", "recall", "f1", "macro_f1")
"""The scores of worst-of-K."""

RESAMPLED = ("f1", "macro_f1", "roc_auc", "brier", "flip_rate", "false_alarms")
"""Those of `CURVE_METRICS` that get intervals."""


def curve_scores(decisions: Predictions, clean: Predictions) -> dict[str, float]:
    """The scores of `CURVE_METRICS` of noisy texts.

    Args:
        decisions: of the noisy texts. clean: of the same texts without noise.
    """
    found = score(decisions)
    return {
        **{name: found[name] for name in BETTER_HIGH},
        **calibration(decisions),
        "flip_rate": float(flips(decisions, clean).mean()),
        "false_alarms": false_alarms(decisions),
    }


def flips(decisions: Predictions, clean: Predictions) -> np.ndarray:
    """bool [num_texts], where the prediction differs from that of the clean text."""
    return (decisions.chosen != clean.chosen).any(axis=1)


def false_alarms(decisions: Predictions) -> float:
    """False-positive rate, a mean over the reported labels.

    Of two classes: the share of benign texts that are called toxic. NaN where there are none.
    """
    rates = []
    for k in decisions.reported:
        without = ~decisions.occurs[:, k]
        rates.append(decisions.chosen[without, k].mean() if without.any() else float("nan"))
    return mean_of_defined(rates)


def resampled_curve_scores(
    decisions: Predictions, clean: Predictions, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """The scores of `RESAMPLED`, float64 [num_resamples] each, under each row of weights.

    Args:
        weights: float32 [num_resamples, num_texts], at least 0.
    """
    found = weighted_scores(decisions, weights)
    total = weights.sum(axis=1, dtype=np.float64)
    reported = list(decisions.reported)
    occurs, chosen = decisions.occurs[:, reported], decisions.chosen[:, reported]
    squares = ((decisions.probabilities[:, reported] - occurs) ** 2).mean(axis=1)
    alarms = (weights @ (chosen & ~occurs).astype(np.float32)).astype(np.float64)
    without = (weights @ (~occurs).astype(np.float32)).astype(np.float64)
    return {
        **{name: found[name] for name in BETTER_HIGH},
        "brier": weights.astype(np.float64) @ squares / total,
        "flip_rate": weights.astype(np.float64) @ flips(decisions, clean) / total,
        "false_alarms": mean_of_defined_rows(ratio(alarms, without)),
    }


def area(strengths: Sequence[float], clean: float | np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Area under the noise curve, `(1 / p_max) ∫ s(p) dp` by the trapezoid rule from p = 0 on.

    Args:
        strengths: rising, above 0. clean: s(0); or float64 [n].
        scores: float64 [num_strengths] or [num_strengths, n].

    Returns:
        float64 [] or [n].
    """
    p = np.array([0.0, *strengths])
    s = np.concatenate([np.broadcast_to(clean, scores[:1].shape), scores])
    return np.trapezoid(s, p, axis=0) / p[-1]


def half_degradation(
    strengths: Sequence[float], clean: float, scores: Sequence[float], chance: float
) -> float | None:
    """The smallest strength at which half of what lies above chance is lost (p50).

    Between strengths the curve is straight. None if that never happens, or nothing lies above.
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


def worst_decisions(draws: Sequence[Predictions]) -> Predictions:
    """Of every text and label the wrong answer, if any of the draws of noise gave it.

    A text is right here only if it is right under all draws. The probabilities are those of the
    first draw: what ranks texts has no worst case.
    """
    first = draws[0]
    chosen = np.stack([draw.chosen for draw in draws])
    worst = np.where(first.occurs, chosen.all(axis=0), chosen.any(axis=0))
    return Predictions(first.occurs, worst, first.probabilities, first.reported)


def worst_of_k(draws: Sequence[Predictions]) -> dict[str, float]:
    """The scores of `WORST_METRICS` where an item counts only if it is right under all draws."""
    found = score(worst_decisions(draws))
    return {name: found[name] for name in WORST_METRICS}


WORST_AT = 0.3
"""The strength, or the one nearest to it, for the worst family."""


def place_of_worst(strengths: Sequence[float]) -> int:
    """The index of the strength nearest to `WORST_AT`."""
    return int(np.argmin([abs(p - WORST_AT) for p in strengths]))
