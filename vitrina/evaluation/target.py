"""A predictor and its test data, what an evaluation measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.data.config import DatasetConfig
from vitrina.data.dataset import Split
from vitrina.noise.config import NoiseConfig
from vitrina.tasks.task_metrics import TaskMetrics
from vitrina.text.batch import TextBatch
from vitrina.text.cleaning import clean


@dataclass(frozen=True)
class EvaluationTarget:
    """A predictor and its test data.

    Attributes:
        predict: texts to probabilities, float [num_texts, num_classes].
        task_metrics: compares probabilities with targets.
        test: the clean test texts.
        truth: targets in the form that `task_metrics` expects; None: the labels of `test`.
        trained_on: the training noise; None if unknown.
        dataset: settings by which further texts are cleaned and cut; None: they are not.
        review: texts to bool [num_texts], which of them go to human review; None: unknown.
    """

    predict: Callable[[TextBatch], np.ndarray]
    task_metrics: TaskMetrics
    test: Split
    truth: np.ndarray | None = None
    trained_on: NoiseConfig | None = None
    dataset: DatasetConfig | None = None
    review: Callable[[TextBatch], np.ndarray] | None = None

    def cleaned(self, texts: Sequence[str]) -> TextBatch:
        """Clean and cut further texts like the test texts."""
        settings = self.dataset
        if settings is not None:
            texts = [clean(text, settings.cleaning).text[: settings.max_length] for text in texts]
        return TextBatch.from_strings(texts)
