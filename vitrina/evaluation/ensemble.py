"""Several models scored as one: the mean of their probabilities.

An ensemble costs what its models cost together; it is there as a reference of what one model could
still learn (Lakshminarayanan et al. 2017, "Simple and scalable predictive uncertainty estimation
using deep ensembles").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vitrina.text.batch import TextBatch


class Ensemble:
    """The mean of what predictors say of texts.

    Args:
        predictors: each gives probabilities [num_texts, num_classes] of the same classes.
    """

    def __init__(self, predictors: Sequence[Callable[[TextBatch], np.ndarray]]) -> None:
        self.predictors = list(predictors)

    def __call__(self, texts: TextBatch) -> np.ndarray:
        """float64 [num_texts, num_classes]."""
        said = [np.asarray(each(texts), dtype=np.float64) for each in self.predictors]
        return np.mean(said, axis=0)
