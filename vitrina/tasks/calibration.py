"""How far probabilities can be taken at their word: calibration error and Brier score.

Of several labels both are means over those that are reported: of two classes they are those of the
positive one, of more of each class against the rest (class-wise calibration error, Nixon et al.,
Measuring Calibration in Deep Learning, 2019).
"""

from __future__ import annotations

import numpy as np

from vitrina.tasks.metrics import Predictions, mean_of_defined

NUM_BINS = 15

CALIBRATION = ("ece", "brier")
"""The scores of calibration; they lie in [0, 1], and less is better."""


def calibration(decisions: Predictions) -> dict[str, float]:
    """The scores of `CALIBRATION`; NaN where there are no texts."""
    columns = [
        (decisions.occurs[:, k], decisions.probabilities[:, k].astype(np.float64))
        for k in decisions.reported
    ]
    return {
        "ece": mean_of_defined([calibration_error(*column) for column in columns]),
        "brier": mean_of_defined([brier_score(*column) for column in columns]),
    }


def calibration_error(
    occurs: np.ndarray, probability: np.ndarray, num_bins: int = NUM_BINS
) -> float:
    """Expected calibration error over bins of equal mass.

    The texts, sorted by probability, are cut into bins of as many texts each, give or take one; the
    error is the mean of |share of texts with the label - mean probability| over the texts. Where a
    cut falls among texts of equal probability, each of these counts for their mean, so that the
    order of the texts does not matter.

    Args:
        occurs: bool [num_texts]. probability: float64 [num_texts].
    """
    if not len(occurs):
        return float("nan")
    _, which, counts = np.unique(probability, return_inverse=True, return_counts=True)
    share = np.bincount(which, weights=occurs.astype(np.float64)) / counts
    gap = (share[which] - probability)[np.argsort(probability, kind="stable")]
    bins = np.array_split(gap, num_bins)
    return float(sum(abs(each.sum()) for each in bins) / len(occurs))


def brier_score(occurs: np.ndarray, probability: np.ndarray) -> float:
    """Mean squared difference of probability and truth (Brier 1950, of one label by itself)."""
    return float(((probability - occurs) ** 2).mean()) if len(occurs) else float("nan")
