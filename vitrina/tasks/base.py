"""Base class of tasks: a head with its targets, loss and metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from vitrina.data.dataset import Split
from vitrina.models.embedders.base import Embedder
from vitrina.models.encoders.base import Encoder
from vitrina.models.model import Model
from vitrina.models.predictor import Predictor
from vitrina.models.prepare import TextPipeline
from vitrina.noise.perturbed import PerturbedBatch
from vitrina.normalizers.base import Normalizer
from vitrina.tasks.targets import Targets
from vitrina.tasks.task_metrics import TaskMetrics
from vitrina.text.batch import TextBatch


@dataclass(frozen=True)
class Sample:
    """Texts of a split, with noise, prepared for the tokenizer.

    Attributes:
        split: source of the texts.
        indices: int64 [B], indices of the texts in `split`.
        noisy: the noisy texts.
        shown: the normalized noisy texts, as the tokenizer gets them.
        normalizer: maps `noisy` to `shown`, with offsets.
    """

    split: Split
    indices: np.ndarray
    noisy: PerturbedBatch
    shown: TextBatch
    normalizer: Normalizer


class Task(ABC):
    """Base class of tasks.

    Attributes:
        label_names: names of the labels that can be predicted.
        task_metrics: compares predictions with the truth.
        waits_for_thresholds: whether the decision thresholds are chosen after training; until then
            `task_metrics` uses 0.5.
        false_alarms: with two classes, the share of benign texts that the chosen threshold may
            call positive; None: `choose_thresholds` chooses.
    """

    label_names: list[str]
    task_metrics: TaskMetrics
    waits_for_thresholds: bool = False
    false_alarms: float | None = None

    def embedder(self, embedder: Embedder) -> Embedder:
        """Return the embedder, wrapped if the task needs other tokens (such as words)."""
        return embedder

    @abstractmethod
    def build_model(self, embedder: Embedder, encoder: Encoder) -> Model:
        """Build the model with the task's head, without a CTC head."""

    @abstractmethod
    def targets(self, sample: Sample) -> Targets:
        """Return the targets of the texts of a sample."""

    @abstractmethod
    def truth(self, split: Split) -> Any:
        """Return the truth that `task_metrics` takes, one row for each text of the split.

        Args:
            split: clean or noisy; the spans of its labeled words match its texts.
        """

    @abstractmethod
    def loss(self, output: Tensor, targets: Targets) -> Tensor:
        """Compute the loss of the head's output, summed over the texts (not averaged), a scalar."""

    def divergence(self, first: Tensor, second: Tensor) -> Tensor:
        """Compute the divergence of two outputs for the same texts, summed over them, a scalar.

        `TrainingConfig.check_with` refuses tasks that do not implement it.
        """
        raise AssertionError(f"{type(self).__name__} does not compare two views of a text")

    @abstractmethod
    def probabilities(self, output: Tensor) -> Tensor:
        """Return probabilities, float32, one row for each row of the output."""

    def predictor(
        self, model: Model, pipeline: TextPipeline, *, max_tokens: int, precision: str
    ) -> Predictor:
        """Return a predictor from texts to the predictions that `task_metrics` takes."""
        return Predictor(
            model, pipeline, self.probabilities, max_tokens=max_tokens, precision=precision
        )

    def validation_score(self, scores: Mapping[str, float], metric: str) -> float:
        """Return the score that chooses the best weights; higher is better.

        Args:
            scores: scores of `task_metrics` on validation texts; with a CTC head also `cer`, the
                character error rate.
            metric: value of `training.metric`.
        """
        return scores[metric]

    def notes(self, model: Model) -> list[str]:
        """Return warnings about parts of a model that this task does not train, a sentence each."""
        return []

    def draw(
        self, model: Model, pipeline: TextPipeline, texts: TextBatch, folder: Path
    ) -> list[Path]:
        """Write images of the model's output to the folder of a run; return their paths.

        Args:
            pipeline: prepares texts for the model.
            texts: some texts as the tokenizer gets them.
        """
        return []

    def choose_thresholds(self, truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
        """Return thresholds by label; called only if `waits_for_thresholds`.

        Args:
            truth, predicted: validation texts, in the form that `task_metrics` takes.
        """
        assert not self.waits_for_thresholds
        return {}

    def use_thresholds(self, thresholds: dict[str, float]) -> None:
        """Make `task_metrics` decide with these thresholds."""
        assert thresholds.keys() == set(self.threshold_names) == set()

    @property
    def threshold_names(self) -> list[str]:
        """Names of the labels that have thresholds."""
        return []
