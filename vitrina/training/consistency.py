"""Consistency loss over two views of each text.

The loss of a text is the mean loss of its views, plus a weight times the symmetric Kullback-Leibler
divergence between their predictions. With the clean text as second view this is stability training
(Zheng et al. 2016), with a second noise (and dropout) R-Drop (Liang et al. 2021). All first views
of a batch precede all second ones; normalization layers see both in one batch.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from torch import Tensor

from vitrina.tasks.base import Task
from vitrina.tasks.targets import Targets
from vitrina.training.config import TrainingConfig


class Loss(Protocol):
    """Loss of a task: maps output and targets to a sum over the texts."""

    def __call__(self, output: Tensor, targets: Targets, /) -> Tensor: ...


def training_loss(config: TrainingConfig, task: Task) -> Loss:
    """Return the loss of the task, for one or two views of each text."""
    if config.num_views == 1:
        return task.loss

    def loss(output: Tensor, targets: Targets) -> Tensor:
        first, second = output.chunk(2)
        divergence = task.divergence(first, second)
        return task.loss(output, targets) / 2 + config.consistency * divergence

    return loss


def rows_of_views(texts: np.ndarray, num_texts: int, num_views: int) -> np.ndarray:
    """Return the rows of all views of texts of a batch, first views before second ones.

    Args:
        texts: int64, indices of texts.
        num_texts: texts in the whole batch.
    """
    return np.concatenate([texts + view * num_texts for view in range(num_views)])
