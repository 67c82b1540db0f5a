"""Classification of whole texts into two or more classes."""

from __future__ import annotations

import json

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vitrina.errors import require
from vitrina.evaluation.metrics import score
from vitrina.models.artefacts import Artefacts
from vitrina.models.heads.classification import ClassificationHead
from vitrina.tasks.config import ClassificationConfig


class ClassificationTask:
    """One class for each text.

    Args:
        config: the option's values.
        artefacts: what `fit` gave: the names of the classes.

    Attributes:
        label_names: names of the classes, sorted.
        positive: index of the class whose F1 and probability are reported, with two classes.
    """

    def __init__(self, config: ClassificationConfig, artefacts: Artefacts) -> None:
        self.config = config
        self.label_names: list[str] = json.loads(artefacts.texts["label_names"])
        self.positive: int | None = None
        names = self.label_names
        if len(names) == 2:
            self.positive = 1 if config.positive is None else names.index(config.positive)

    @staticmethod
    def fit(config: ClassificationConfig, label_names: list[str]) -> Artefacts:
        """The label vocabulary of the training texts.

        Raises:
            InputError: if the positive class of the configuration is not in it.
        """
        known = config.positive is None or config.positive in label_names
        require(known, "task.positive", config.positive, f"one of {', '.join(label_names)}")
        return Artefacts(texts={"label_names": json.dumps(label_names, ensure_ascii=False)})

    def build_head(self, in_width: int) -> nn.Module:
        return ClassificationHead(in_width, len(self.label_names), self.config.dropout)

    def loss(self, logits_BC: Tensor, labels_B: np.ndarray) -> Tensor:
        """Cross entropy, added up over the texts (not averaged), as a scalar."""
        targets = torch.from_numpy(labels_B).to(logits_BC.device, non_blocking=True)
        smoothing = self.config.label_smoothing
        return F.cross_entropy(logits_BC, targets, label_smoothing=smoothing, reduction="sum")

    def probabilities(self, logits_BC: Tensor) -> Tensor:
        """float32 [B, C]."""
        return logits_BC.float().softmax(dim=1)

    def score(self, labels_B: np.ndarray, probabilities_BC: np.ndarray) -> dict[str, float]:
        return score(labels_B, probabilities_BC, self.positive)
