"""Any number of labels for each whole text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from vitrina.data.dataset import Split
from vitrina.data.labels import members, sorted_labels
from vitrina.models.embedders.base import Embedder
from vitrina.models.encoders.base import Encoder
from vitrina.models.model import Model
from vitrina.registry import component
from vitrina.state import FittedState
from vitrina.tasks.base import Sample, Task
from vitrina.tasks.config import VALIDATION, MultilabelConfig
from vitrina.tasks.losses import binary_divergence, binary_loss, binary_weights
from vitrina.tasks.metrics import Predictions
from vitrina.tasks.targets import Targets
from vitrina.tasks.task_metrics import LabelMetrics
from vitrina.tasks.thresholds import DEFAULT_THRESHOLD, best_threshold


class MultilabelTask(Task):
    """Predicts each label independently, with one logit a label.

    The labels of a split are indices of distinct label sets; a matrix lists the labels of each set.

    Args:
        config: settings of the task.
        fitted: state from `fit`: names and weights of the labels, and the matrix.
    """

    def __init__(self, config: MultilabelConfig, fitted: FittedState) -> None:
        self.config = config
        self.label_names = json.loads(fitted.texts["label_names"])
        self._sets = fitted.arrays["sets"]  # bool [num_sets, C]
        self._weights = torch.from_numpy(fitted.arrays["weights"])
        self.waits_for_thresholds = config.threshold == VALIDATION
        fixed = DEFAULT_THRESHOLD if self.waits_for_thresholds else config.threshold
        thresholds = [fixed] * len(self.label_names)
        self.task_metrics = MultilabelMetrics(self.label_names, thresholds, config.metrics)

    @staticmethod
    def fit(config: MultilabelConfig, train: Split, label_names: list[str]) -> FittedState:
        """Return the label names, the labels of each set, and the label weights of the loss.

        Args:
            label_names: names of the sets from `vitrina.data.labels.set_name`, including sets that
                occur only in other splits.

        Raises:
            InputError: if the configuration gives a weight to an unknown label.
        """
        sets = [members(name) for name in label_names]
        names = config.label_order or sorted_labels({name for each in sets for name in each})
        places = {name: place for place, name in enumerate(names)}
        matrix = np.zeros((len(sets), len(names)), dtype=bool)
        for row, labels in enumerate(sets):
            matrix[row, [places[name] for name in labels]] = True
        counts = np.bincount(train.labels, minlength=len(sets)) @ matrix
        weights = binary_weights(config.class_weights, names, counts, len(train))
        return FittedState(
            arrays={"sets": matrix, "weights": weights},
            texts={"label_names": json.dumps(names, ensure_ascii=False)},
        )

    def build_model(self, embedder: Embedder, encoder: Encoder) -> Model:
        head = component("head", self.config.head).load()
        head = head(encoder.dim, len(self.label_names), self.config.dropout)
        return Model(embedder, encoder, head)

    def targets(self, sample: Sample) -> Targets:
        """Return the labels of each text, bool [B, C]."""
        return Targets(self._sets[sample.split.labels[sample.indices]])

    def truth(self, split: Split) -> np.ndarray:
        """Return bool [num_texts, C], the labels of each text."""
        return self._sets[split.labels]

    def loss(self, output: Tensor, targets: Targets) -> Tensor:
        """Compute binary cross entropy or focal loss of logits [B, C], also summed over labels."""
        targets_BC = torch.from_numpy(targets.labels).to(output.device, non_blocking=True)
        self._weights = self._weights.to(output.device)
        smoothing, gamma = self.config.label_smoothing, self.config.gamma
        return binary_loss(output, targets_BC, self._weights, smoothing=smoothing, gamma=gamma)

    def divergence(self, first: Tensor, second: Tensor) -> Tensor:
        return binary_divergence(first, second)

    def probabilities(self, output: Tensor) -> Tensor:
        """Return float32 [B, C], an independent probability for each label."""
        return output.float().sigmoid()

    def choose_thresholds(self, truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
        """Return the threshold of each label."""
        columns = zip(self.label_names, truth.T, predicted.T, strict=True)
        return {name: best_threshold(occurs, p) for name, occurs, p in columns}

    def use_thresholds(self, thresholds: dict[str, float]) -> None:
        values = [thresholds[name] for name in self.label_names]
        self.task_metrics = MultilabelMetrics(self.label_names, values, self.config.metrics)

    @property
    def threshold_names(self) -> list[str]:
        return self.label_names


class MultilabelMetrics(LabelMetrics):
    """Metrics of label sets; truth is bool, predictions are probabilities [num_texts, num_labels].

    A label is predicted if its probability is at least its threshold. `f1`, `precision`, `recall`,
    `roc_auc` and `average_precision` are means over the labels, `accuracy` is the share of texts
    with exactly the right labels.

    Args:
        label_names: names of the labels.
        thresholds: decision threshold of each label.
        metrics: further metrics, from plugins.
    """

    shown: ClassVar[dict[str, str]] = {
        "f1": "macro F1",
        "micro_f1": "micro F1",
        "roc_auc": "ROC-AUC",
        "average_precision": "avg. prec.",
        "accuracy": "exact match",
    }

    def __init__(
        self, label_names: Sequence[str], thresholds: Sequence[float], metrics: Sequence[str] = ()
    ) -> None:
        self.extra = list(metrics)
        assert len(label_names) == len(thresholds)
        self.label_names = list(label_names)
        self.thresholds = np.array(thresholds, dtype=np.float64)

    @property
    def what(self) -> str:
        return "F1, ROC-AUC and avg. prec.: means over the labels"

    @property
    def reported(self) -> list[int]:
        return list(range(len(self.label_names)))

    def decide(self, truth: np.ndarray, predicted: np.ndarray) -> Predictions:
        return Predictions(truth, self._choose(predicted), predicted, self.reported)

    def occurs(self, truth: np.ndarray) -> np.ndarray:
        return truth

    def fields(self, predicted: np.ndarray) -> dict[str, Any]:
        """Return `score`, probabilities by label, and `label`, the list of predicted labels."""
        chosen = zip(self.label_names, self._choose(predicted), strict=True)
        return {"score": self.named(predicted), "label": [name for name, yes in chosen if yes]}

    def _choose(self, predicted: np.ndarray) -> np.ndarray:
        # In float64: a threshold between two float32 probabilities must not be rounded to one.
        return predicted.astype(np.float64) >= self.thresholds
