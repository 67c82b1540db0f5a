"""The rival that costs seconds: character n-grams, TF-IDF and logistic regression.

A neural model that does not beat it on noisy texts has no reason to exist.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from vitrina.text.columns import Texts


def fit_ngrams(texts: Texts, labels: np.ndarray) -> Callable[[Texts], np.ndarray]:
    """Train on texts as they are given, noise included.

    Args:
        labels: int64 [num_texts], every class from 0 on.

    Returns:
        texts to float64 [num_texts, num_classes], the probability of each class.
    """
    model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True),
        LogisticRegression(C=10.0, max_iter=300),
    )
    model.fit(texts.to_strings(), labels)
    return lambda given: model.predict_proba(given.to_strings())
