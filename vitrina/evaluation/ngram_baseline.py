"""Baseline that trains in seconds: character n-grams, TF-IDF and logistic regression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from vitrina.text.batch import TextBatch


def fit_ngrams(texts: TextBatch, labels: np.ndarray) -> Callable[[TextBatch], np.ndarray]:
    """Fit the baseline to `texts`, which may contain noise.

    Args:
        labels: int64 [num_texts], classes from 0, all of which occur; or bool
            [num_texts, num_labels], with an independent regression per label.

    Returns:
        A function from texts to probabilities, float64 [num_texts, num_labels].
    """
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
    seen = vectors.fit_transform(texts.to_strings())
    if labels.ndim == 1:
        model = _regression(seen, labels)
        return lambda given: model.predict_proba(vectors.transform(given.to_strings()))
    models = [_label_predictor(seen, column) for column in labels.T]

    def predict(given: TextBatch) -> np.ndarray:
        transformed = vectors.transform(given.to_strings())
        return np.stack([model(transformed) for model in models], axis=1)

    return predict


def _label_predictor(seen: Any, occurs: np.ndarray) -> Callable[[Any], np.ndarray]:
    # A regression needs both classes: a label of no or every text has the probability 0 or 1.
    if occurs.all() or not occurs.any():
        return lambda given: np.full(given.shape[0], float(occurs.any()))
    model = _regression(seen, occurs)
    return lambda given: model.predict_proba(given)[:, 1]


def _regression(seen: Any, labels: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=10.0, max_iter=300).fit(seen, labels)
