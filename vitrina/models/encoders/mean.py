"""The mean of a text's token embeddings, for models that are linear in their tokens.

With n-grams as tokens and a linear head this is fastText's classifier (Joulin et al. 2017, "Bag of
tricks for efficient text classification").
"""

from __future__ import annotations

import numpy as np

from vitrina.models.encoders.base import Encoder
from vitrina.models.encoders.config import MeanConfig
from vitrina.models.layers.ragged import Ragged, pool_mean


class MeanEncoder(Encoder):
    """Makes one hidden state of each text; maximum and mean over it are the same."""

    def __init__(self, config: MeanConfig, in_dim: int) -> None:
        super().__init__()
        self.dim = in_dim

    def forward(self, x: Ragged) -> Ragged:
        return Ragged(pool_mean(x), np.ones(x.num_texts, dtype=np.int64))
