"""The baseline that costs seconds: character n-grams, TF-IDF and logistic regression.

A neural model that does not beat it on noisy texts has no reason to exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from vitrina.text.batch import TextBatch


def fit_ngrams(texts: TextBatch, labels: np.ndarray) -> Callable[[TextBatch], np.ndarray]:
    """Train on texts as they are given, noise included.

    Args:
        labels: int64 [num_texts], every class from 0 on; or bool [num_texts, num_labels], the
            labels of each text, of which each has a regression of its own then.

    Returns:
        texts to float64 [num_texts, num_labels], the probability of each class or label.
    """
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
    seen = vectors.fit_transform(texts.to_strings())
    if labels.ndim == 1:
        model = _regression(seen, labels)
        return lambda given: model.predict_proba(vectors.transform(given.to_strings()))
    models = [_said(seen, column) for column in labels.T]

    def predict(given: TextBatch) -> np.ndarray:
        transformed = vectors.transform(given.to_strings())
        return np.stack([model(transformed) for model in models], axis=1)

    return predict


def _said(seen: Any, occurs: np.ndarray) -> Callable[[Any], np.ndarray]:
    """The probability of one label; of one that no text or every text has it is 0 or 1."""
    if occurs.all() or not occurs.any():
        return lambda given: np.full(given.shape[0], float(occurs.any()))
    model = _regression(seen, occurs)
    return lambda given: model.predict_proba(given)[:, 1]


def _regression(seen: Any, labels: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=10.0, max_iter=300).fit(seen, labels)
