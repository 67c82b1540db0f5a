"""Calibration of probabilities: expected calibration error and Brier score.

Both are means over the reported labels: the positive one of two classes, else each class against
the rest (class-wise calibration error, Nixon et al., Measuring Calibration in Deep Learning, 2019).
"""

from __future__ import annotations

import numpy as np

from vitrina.tasks.metrics import Predictions, mean_of_defined

NUM_BINS = 15

CALIBRATION = ("ece", "brier")
"""Calibration scores, in [0, 1]; lower is better."""


def calibration(decisions: Predictions) -> dict[str, float]:
    """Compute the scores of `CALIBRATION`; NaN without texts."""
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
    """Compute the expected calibration error over bins of equal mass.

    The texts are sorted by probability and split into bins of equal size (within one text). The
    error is the mean of |share of texts with the label - mean probability|, weighted by bin size.
    Texts of equal probability share their mean truth, so the order of the texts does not matter.

    Args:
        occurs: bool [num_texts], whether a text has the label.
        probability: float64 [num_texts].

    >>> calibration_error(np.array([True, False]), np.array([0.75, 0.25]))
    0.25
    """
    if not len(occurs):
        return float("nan")
    _, which, counts = np.unique(probability, return_inverse=True, return_counts=True)
    share = np.bincount(which, weights=occurs.astype(np.float64)) / counts
    gap = (share[which] - probability)[np.argsort(probability, kind="stable")]
    bins = np.array_split(gap, num_bins)
    return float(sum(abs(each.sum()) for each in bins) / len(occurs))


def brier_score(occurs: np.ndarray, probability: np.ndarray) -> float:
    """Compute the mean squared difference of probability and truth (Brier 1950), for one label."""
    return float(((probability - occurs) ** 2).mean()) if len(occurs) else float("nan")
