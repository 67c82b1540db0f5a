"""Base class of embedders that look tokens up in a table.

Shapes: N tokens in the batch, B texts, V rows of the table, D dimension.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from vitrina.models.embedders.base import Embedder
from vitrina.models.layers.dropout import Dropout
from vitrina.models.layers.ragged import Ragged
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import Tokenizer


class TableEmbedder(Embedder):
    """A table of embeddings, one row for each id.

    Args:
        tokenizer: maps texts to ids.
        num_ids: rows V of the table.
        dim: dimension D of a token embedding.
        dropout: probability that an entry of a token embedding is dropped in training.
        sparse: whether the table's gradient is sparse.
    """

    def __init__(
        self, tokenizer: Tokenizer, num_ids: int, dim: int, dropout: float, *, sparse: bool = False
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.dim = dim
        self.table = nn.Embedding(num_ids, dim, sparse=sparse)
        nn.init.normal_(self.table.weight, std=dim**-0.5)
        self.dropout = Dropout(dropout)

    def forward(self, inputs: TokenBatch) -> Ragged:
        return Ragged(self.dropout(self.table(inputs.ids)), inputs.num_tokens)


def table_inputs(ids_N: np.ndarray, lengths_B: np.ndarray, empty_id: int) -> TokenBatch:
    """Return ragged ids of any integer dtype as tokens; a text without ids gets `empty_id`."""
    ids_N, empty = ids_N.astype(np.int64, copy=False), np.flatnonzero(lengths_B == 0)
    if len(empty):
        ids_N = np.insert(ids_N, np.cumsum(lengths_B)[empty], empty_id)
        lengths_B = np.maximum(lengths_B, 1)
    return TokenBatch(torch.from_numpy(ids_N), lengths_B, lengths_B)
