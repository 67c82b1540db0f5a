"""Classification of whole texts into two or more classes."""

from __future__ import annotations

import json

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vitrina.data.dataset import Split
from vitrina.errors import require
from vitrina.evaluation.scoring import ClassScoring
from vitrina.models.artefacts import Artefacts
from vitrina.models.heads.classification import ClassificationHead
from vitrina.tasks.base import Sample, Task
from vitrina.tasks.config import ClassificationConfig
from vitrina.tasks.targets import Targets


class ClassificationTask(Task):
    """One class for each text.

    Args:
        config: the option's values.
        artefacts: what `fit` gave: the names of the classes.
    """

    def __init__(self, config: ClassificationConfig, artefacts: Artefacts) -> None:
        self.config = config
        self.label_names = json.loads(artefacts.texts["label_names"])
        names, positive = self.label_names, None
        if len(names) == 2 and config.positive is not None:
            positive = names.index(config.positive)
        self.scoring = ClassScoring(names, positive)

    @staticmethod
    def fit(config: ClassificationConfig, train: Split, label_names: list[str]) -> Artefacts:
        """The label vocabulary of the training texts.

        Raises:
            InputError: if the positive class of the configuration is not in it.
        """
        known = config.positive is None or config.positive in label_names
        require(known, "task.positive", config.positive, f"one of {', '.join(label_names)}")
        return Artefacts(texts={"label_names": json.dumps(label_names, ensure_ascii=False)})

    def build_head(self, in_width: int) -> nn.Module:
        return ClassificationHead(in_width, len(self.label_names), self.config.dropout)

    def targets(self, sample: Sample) -> Targets:
        return Targets(sample.split.labels[sample.indices])

    def truth(self, split: Split) -> np.ndarray:
        """int64 [num_texts], index into `label_names`."""
        return split.labels

    def loss(self, output: Tensor, targets: Targets) -> Tensor:
        """Cross entropy of logits [B, C]."""
        labels_B = torch.from_numpy(targets.labels).to(output.device, non_blocking=True)
        smoothing = self.config.label_smoothing
        return F.cross_entropy(output, labels_B, label_smoothing=smoothing, reduction="sum")

    def probabilities(self, output: Tensor) -> Tensor:
        """float32 [B, C]."""
        return output.float().softmax(dim=1)
