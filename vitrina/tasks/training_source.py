"""Source of training batches, and the share of a batch of one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.models.token_batch import TokenBatch
from vitrina.tasks.targets import Targets


@dataclass(frozen=True)
class TrainingSource:
    """Source of training batches.

    Attributes:
        lengths: maps an epoch to int64 [num_texts], lengths of its clean texts, by which batches
            are bucketed. The number of texts is the same in each epoch.
        batch: maps (indices int64 [B], epoch) to tokenized noisy texts and their targets. With two
            views of each text both have 2 B rows, the first views before the second ones.
        mine: maps an epoch to words that the model gets wrong, as it is when the epoch begins;
            None: there is no such part.
        use_mined: makes further batches from these words.
    """

    lengths: Callable[[int], np.ndarray]
    batch: Callable[[np.ndarray, int], tuple[TokenBatch, Targets]]
    mine: Callable[[int], list[str]] | None = None
    use_mined: Callable[[Sequence[str]], None] = lambda words: None


@dataclass(frozen=True)
class Batch:
    """Share of a batch of one process.

    Attributes:
        inputs: tokens of the texts, all views of them.
        targets: targets of each view.
        num_texts: texts in the whole batch.
        weight: weight of each text in the sum over the processes.
    """

    inputs: TokenBatch
    targets: Targets
    num_texts: int
    weight: float
