"""Two views of each text, of which a model should say the same.

The loss of a text is the mean of the losses of its views, plus a weight times the symmetric
Kullback-Leibler divergence between what is said of them: with the clean text as second view the
stability training of Zheng et al. 2016, with a second draw of noise (and of dropout) R-Drop of
Liang et al. 2021.

All first views of a batch come before all second ones. Both pass through the model together, so
that normalisations see one batch of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

if TYPE_CHECKING:
    from vitrina.tasks.base import Task
    from vitrina.tasks.targets import Targets
    from vitrina.training.config import TrainingConfig
    from vitrina.training.loop import Loss


def training_loss(config: TrainingConfig, task: Task) -> Loss:
    """The task's loss; of two views of each text where the configuration asks for them."""
    if config.num_views == 1:
        return task.loss

    def loss(output: Tensor, targets: Targets) -> Tensor:
        first, second = output.chunk(2)
        divergence = task.divergence(first, second)
        return task.loss(output, targets) / 2 + config.consistency * divergence

    return loss


def rows_of_views(texts: np.ndarray, num_texts: int, num_views: int) -> np.ndarray:
    """The rows of all views of some texts of a batch, all first ones before all second ones.

    Args:
        texts: int64, indices of texts.
        num_texts: of the whole batch.
    """
    return np.concatenate([texts + view * num_texts for view in range(num_views)])
