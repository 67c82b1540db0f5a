"""What every task is: a head with its targets, its loss and its scores."""

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
    """Some texts of a split, on their way to the model.

    Attributes:
        split: where they are from.
        indices: int64 [B], which of its texts they are.
        noisy: what the noise made of them.
        shown: the texts that the tokenizer gets for them.
        normalizer: makes these texts; it knows the way back.
    """

    split: Split
    indices: np.ndarray
    noisy: PerturbedBatch
    shown: TextBatch
    normalizer: Normalizer


class Task(ABC):
    """What is asked of a text.

    Attributes:
        label_names: names of the labels that can be said.
        task_metrics: how what the model says is compared with what is true.
        waits_for_thresholds: whether the probabilities from which on a label is said are chosen
            when training has ended; `task_metrics` takes them for 0.5 until then.
    """

    label_names: list[str]
    task_metrics: TaskMetrics
    waits_for_thresholds: bool = False

    def embedder(self, embedder: Embedder) -> Embedder:
        """The embedder as this task uses it."""
        return embedder

    @abstractmethod
    def build_model(self, embedder: Embedder, encoder: Encoder) -> Model:
        """The model with the task's head, which is built now, without a CTC head."""

    @abstractmethod
    def targets(self, sample: Sample) -> Targets:
        """Those of the sample's texts."""

    @abstractmethod
    def truth(self, split: Split) -> Any:
        """What `task_metrics` compares predictions with, a row for each text of the split.

        Args:
            split: perhaps with noise over its texts; its labelled words stand where they are then.
        """

    @abstractmethod
    def loss(self, output: Tensor, targets: Targets) -> Tensor:
        """Of the head's output, added up over the texts (not averaged), as a scalar."""

    def divergence(self, first: Tensor, second: Tensor) -> Tensor:
        """How far apart two outputs for the same texts are, added up over them, as a scalar.

        A task for which this has no meaning is refused before (`TrainingConfig.check_others`).
        """
        raise AssertionError(f"{type(self).__name__} does not compare two views of a text")

    @abstractmethod
    def probabilities(self, output: Tensor) -> Tensor:
        """float32, a row for each row of the output."""

    def predictor(
        self, model: Model, pipeline: TextPipeline, *, max_tokens: int, precision: str
    ) -> Predictor:
        """Makes of texts what `task_metrics` compares with the truth."""
        return Predictor(
            model, pipeline, self.probabilities, max_tokens=max_tokens, precision=precision
        )

    def validation_score(self, scores: Mapping[str, float], metric: str) -> float:
        """By what the best weights are chosen; more is better.

        Args:
            scores: of `task_metrics` on validation texts, and `cer`, the character error rate,
                where the model reads.
            metric: what `training.metric` says.
        """
        return scores[metric]

    def notes(self, model: Model) -> list[str]:
        """What of a model this task does not train though one may think so, a sentence each."""
        return []

    def draw(
        self, model: Model, pipeline: TextPipeline, texts: TextBatch, folder: Path
    ) -> list[Path]:
        """Pictures of what the model does, written into the folder of a run; most have none.

        Args:
            pipeline: prepares texts for it.
            texts: some texts as its tokenizer gets them.
        """
        return []

    def choose_thresholds(self, truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
        """Thresholds by label, for a task that waits for them.

        Args:
            truth, predicted: of the validation texts, in the form that `task_metrics` takes.
        """
        assert not self.waits_for_thresholds
        return {}

    def use_thresholds(self, thresholds: dict[str, float]) -> None:
        """Let `task_metrics` say labels by these."""
        assert thresholds.keys() == set(self.threshold_names) == set()

    @property
    def threshold_names(self) -> list[str]:
        """The labels that have thresholds."""
        return []
