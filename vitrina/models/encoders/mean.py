"""The mean of a text's token embeddings: a model that is linear in its tokens.

With n-grams as tokens and one linear layer behind it this is fastText's classifier (Joulin et al.
2017, "Bag of tricks for efficient text classification").

Shapes: N tokens in the batch, B texts, D dim.
"""

from __future__ import annotations

import numpy as np

from vitrina.models.encoders.base import Encoder
from vitrina.models.encoders.config import MeanConfig
from vitrina.models.layers.ragged import Ragged, pool_mean


class MeanEncoder(Encoder):
    """One state for each text; a head that pools it sees the mean in each of its forms.

    Args:
        config: the option's values.
        in_dim: dim of the token embeddings.
    """

    def __init__(self, config: MeanConfig, in_dim: int) -> None:
        super().__init__()
        self.dim = in_dim

    def forward(self, x: Ragged) -> Ragged:
        return Ragged(pool_mean(x), np.ones(x.num_texts, dtype=np.int64))
