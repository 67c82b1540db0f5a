"""Settings of attacks and classifiers with known weaknesses."""

from collections.abc import Callable
from typing import Any

import numpy as np

from vitrina.evaluation.attacks.config import EDITS
from vitrina.evaluation.config import AttackEvaluationConfig
from vitrina.text.batch import TextBatch


def settings(**changed: Any) -> AttackEvaluationConfig:
    values: dict[str, Any] = {
        "searches": ["greedy", "evolution"],
        "edits": list(EDITS),
        "tables": ["level_1", "level_2", "level_4", "unseen"],
        "invisible": "\u200b\u00ad",
        "punctuation": ".-",
        "max_edits": 3,
        "candidates": 12,
        "words": 2,
        "population": 6,
        "generations": 3,
        "texts": 500,
        "labels": "positive",
        "max_distance": 0.2,
        "max_glyph_distance": 0.55,
        "seed": 7,
    }
    return AttackEvaluationConfig(**(values | changed))


def keyword_filter(*words: str) -> Callable[[TextBatch], np.ndarray]:
    """Predict positive if a text contains any of `words`; more words give a higher score."""

    def predict(texts: TextBatch) -> np.ndarray:
        found = np.array([sum(word in text for word in words) for text in texts.to_strings()])
        positive = np.where(found == 0, 0.1, 0.6 + 0.3 * found / len(words))
        return np.stack([1 - positive, positive], axis=1)

    return predict


def constant_model(texts: TextBatch) -> np.ndarray:
    """Predict positive for every text."""
    return np.tile([0.2, 0.8], (len(texts), 1))
