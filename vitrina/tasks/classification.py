"""Classification of whole texts into two or more classes."""

from __future__ import annotations

import json

import numpy as np
import torch
from torch import Tensor

from vitrina.data.dataset import Split
from vitrina.errors import require
from vitrina.models.embedders.base import Embedder
from vitrina.models.encoders.base import Encoder
from vitrina.models.model import Model
from vitrina.registry import component
from vitrina.state import FittedState
from vitrina.tasks.base import Sample, Task
from vitrina.tasks.config import DEFAULT_THRESHOLD, VALIDATION, ClassificationConfig
from vitrina.tasks.losses import class_divergence, class_loss, class_weights
from vitrina.tasks.metrics import reported_classes
from vitrina.tasks.targets import Targets
from vitrina.tasks.task_metrics import ClassMetrics
from vitrina.tasks.thresholds import best_threshold


class ClassificationTask(Task):
    """Assigns one class to each text.

    Args:
        config: settings of the task.
        fitted: state from `fit`: names and weights of the classes.
    """

    def __init__(self, config: ClassificationConfig, fitted: FittedState) -> None:
        self.config = config
        self.label_names = json.loads(fitted.texts["label_names"])
        names, positive = self.label_names, None
        if len(names) == 2 and config.positive is not None:
            positive = names.index(config.positive)
        self._weights = torch.from_numpy(fitted.arrays["weights"])
        self._positive = positive
        self.false_alarms = config.false_alarms
        self.waits_for_thresholds = (
            config.threshold == VALIDATION or config.false_alarms is not None
        )
        argmax = self.waits_for_thresholds or config.threshold == DEFAULT_THRESHOLD
        fixed = None if argmax else float(config.threshold)
        self.task_metrics = ClassMetrics(names, positive, fixed, config.metrics)

    @staticmethod
    def fit(config: ClassificationConfig, train: Split, label_names: list[str]) -> FittedState:
        """Return the names of the classes, and their weights in the training texts.

        Raises:
            InputError: if the configuration names an unknown label, or sets a threshold with more
                than two classes.
        """
        known = config.positive is None or config.positive in label_names
        require(known, "task.positive", config.positive, f"one of {', '.join(label_names)}")
        fits = config.threshold == DEFAULT_THRESHOLD or len(label_names) == 2
        allowed = f"{DEFAULT_THRESHOLD} with {len(label_names)} classes"
        require(fits, "task.threshold", config.threshold, allowed)
        fits = config.false_alarms is None or len(label_names) == 2
        allowed = f"null with {len(label_names)} classes"
        require(fits, "task.false_alarms", config.false_alarms, allowed)
        counts = np.bincount(train.labels, minlength=len(label_names))
        return FittedState(
            arrays={"weights": class_weights(config.class_weights, label_names, counts)},
            texts={"label_names": json.dumps(label_names, ensure_ascii=False)},
        )

    def build_model(self, embedder: Embedder, encoder: Encoder) -> Model:
        head = component("head", self.config.head).load()
        head = head(encoder.dim, len(self.label_names), self.config.dropout)
        return Model(embedder, encoder, head)

    def targets(self, sample: Sample) -> Targets:
        return Targets(sample.split.labels[sample.indices])

    def truth(self, split: Split) -> np.ndarray:
        """Return int64 [num_texts], indices into `label_names`."""
        return split.labels

    def loss(self, output: Tensor, targets: Targets) -> Tensor:
        """Compute cross entropy or focal loss of logits [B, C].

        Only two classes can have shifts.
        """
        labels_B = torch.from_numpy(targets.labels).to(output.device, non_blocking=True)
        weights_B = None
        if targets.weights is not None:
            weights_B = torch.from_numpy(targets.weights).to(output.device, non_blocking=True)
        if targets.shifts is not None:
            shifts_BC = np.zeros(output.shape, dtype=np.float32)
            shifts_BC[:, self.positive] = targets.shifts
            output = output.float() + torch.from_numpy(shifts_BC).to(output.device)
        self._weights = self._weights.to(output.device)
        smoothing, gamma = self.config.label_smoothing, self.config.gamma
        kind = {"smoothing": smoothing, "gamma": gamma, "of_texts": weights_B}
        return class_loss(output, labels_B, self._weights, **kind)

    def divergence(self, first: Tensor, second: Tensor) -> Tensor:
        return class_divergence(first, second)

    def probabilities(self, output: Tensor) -> Tensor:
        """Return the probability of each class, float32 [B, C]."""
        return output.float().softmax(dim=1)

    @property
    def positive(self) -> int:
        """Index of the positive one of two classes."""
        (index,) = reported_classes(len(self.label_names), self._positive)
        return index

    def choose_thresholds(self, truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
        """Return the threshold of the positive class."""
        index = self.positive
        return {self.label_names[index]: best_threshold(truth == index, predicted[:, index])}

    def use_thresholds(self, thresholds: dict[str, float]) -> None:
        (threshold,) = thresholds.values()
        self.task_metrics = ClassMetrics(
            self.label_names, self._positive, threshold, self.config.metrics
        )

    @property
    def threshold_names(self) -> list[str]:
        return [self.label_names[self.positive]]
