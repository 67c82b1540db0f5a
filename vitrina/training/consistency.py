"""Loss of two views of each text, for which a model should predict the same.

The loss of a text is the mean of the losses of its views, plus a weight times the symmetric
Kullback-Leibler divergence between their predictions: with the clean text as second view this is
the stability training of Zheng et al. 2016, with a second noise (and dropout) R-Drop of Liang et
al. 2021. All first views of a batch come before all second ones; both pass through the model
together, so that normalizations see one batch of both.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from torch import Tensor

from vitrina.tasks.base import Task
from vitrina.tasks.targets import Targets
from vitrina.training.config import TrainingConfig


class Loss(Protocol):
    """A task's loss: output of the model and targets to a sum over the texts."""

    def __call__(self, output: Tensor, targets: Targets, /) -> Tensor: ...


def training_loss(config: TrainingConfig, task: Task) -> Loss:
    """Return the task's loss, or that of two views of each text."""
    if config.num_views == 1:
        return task.loss

    def loss(output: Tensor, targets: Targets) -> Tensor:
        first, second = output.chunk(2)
        divergence = task.divergence(first, second)
        return task.loss(output, targets) / 2 + config.consistency * divergence

    return loss


def rows_of_views(texts: np.ndarray, num_texts: int, num_views: int) -> np.ndarray:
    """Return the rows of all views of some texts of a batch, first views before second ones.

    Args:
        texts: int64, indices of texts.
        num_texts: texts in the whole batch.
    """
    return np.concatenate([texts + view * num_texts for view in range(num_views)])
