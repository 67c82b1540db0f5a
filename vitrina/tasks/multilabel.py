"""Any number of labels for each whole text."""

from __future__ import annotations

import json

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
from vitrina.tasks.multilabel_metrics import MultilabelMetrics
from vitrina.tasks.targets import Targets
from vitrina.tasks.thresholds import EVEN, best_threshold


class MultilabelTask(Task):
    """Each label said or not, whatever the others are: one logit a label.

    Splits number the distinct label sets; a matrix tells which labels stand in each.

    Args:
        config: the option's values.
        artefacts: what `fit` gave: the names of the labels, their weights, and the matrix.
    """

    def __init__(self, config: MultilabelConfig, fitted: FittedState) -> None:
        self.config = config
        self.label_names = json.loads(fitted.texts["label_names"])
        self._sets = fitted.arrays["sets"]  # bool [num_sets, C]
        self._weights = torch.from_numpy(fitted.arrays["weights"])
        self.waits_for_thresholds = config.threshold == VALIDATION
        fixed = EVEN if config.threshold == VALIDATION else config.threshold
        thresholds = [fixed] * len(self.label_names)
        self.task_metrics = MultilabelMetrics(self.label_names, thresholds, config.metrics)

    @staticmethod
    def fit(config: MultilabelConfig, train: Split, label_names: list[str]) -> FittedState:
        """The labels that the sets are made of, and their weights in the training texts.

        Sets that stand in no training row are there too, made of labels that do.

        Args:
            label_names: of the sets, as `vitrina.data.labels.set_name` gives them.

        Raises:
            InputError: if the configuration gives a weight to a label that is not one.
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
        """bool [B, C]."""
        return Targets(self._sets[sample.split.labels[sample.indices]])

    def truth(self, split: Split) -> np.ndarray:
        """bool [num_texts, C], the labels of each text."""
        return self._sets[split.labels]

    def loss(self, output: Tensor, targets: Targets) -> Tensor:
        """Binary cross entropy or focal loss of logits [B, C], added up over the labels too."""
        targets_BC = torch.from_numpy(targets.labels).to(output.device, non_blocking=True)
        self._weights = self._weights.to(output.device)
        smoothing, gamma = self.config.label_smoothing, self.config.gamma
        return binary_loss(output, targets_BC, self._weights, smoothing=smoothing, gamma=gamma)

    def divergence(self, first: Tensor, second: Tensor) -> Tensor:
        return binary_divergence(first, second)

    def probabilities(self, output: Tensor) -> Tensor:
        """float32 [B, C], of each label by itself."""
        return output.float().sigmoid()

    def choose_thresholds(self, truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
        """That of each label."""
        columns = zip(self.label_names, truth.T, predicted.T, strict=True)
        return {name: best_threshold(occurs, p) for name, occurs, p in columns}

    def use_thresholds(self, thresholds: dict[str, float]) -> None:
        values = [thresholds[name] for name in self.label_names]
        self.task_metrics = MultilabelMetrics(self.label_names, values, self.config.metrics)

    @property
    def threshold_names(self) -> list[str]:
        return self.label_names
