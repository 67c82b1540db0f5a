"""An embedder (tokenizer and table), an encoder and a head."""

from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.models.embedders.table import TableEmbedder, table_inputs
from vitrina.models.encoders.base import Encoder
from vitrina.models.layers.ragged import Ragged
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import Tokenizer
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch
from vitrina_extending.config import GatedConfig, HashedWordsConfig


class HashedWordsTokenizer(Tokenizer):
    """Tokenizer with one token per word."""

    def __init__(self, num_rows: int) -> None:
        self.num_rows = num_rows

    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> TokenBatch:
        words = [text.split() for text in texts.to_strings()]
        ids = [self._row(word) for each in words for word in each]
        return table_inputs(np.array(ids, np.int64), np.array([*map(len, words)]), empty_id=0)

    def _row(self, word: str) -> int:
        return crc32(word.encode("utf-8", "surrogatepass")) % self.num_rows


class HashedWordsEmbedder(TableEmbedder):
    """Embedding table of words, indexed by hash."""

    def __init__(self, config: HashedWordsConfig, state: FittedState) -> None:
        tokenizer = HashedWordsTokenizer(config.num_rows)
        super().__init__(tokenizer, config.num_rows, config.dim, dropout=0.0)


class GatedEncoder(Encoder):
    """Elementwise gate on each token embedding."""

    def __init__(self, config: GatedConfig, in_dim: int) -> None:
        super().__init__()
        self.dim = in_dim
        self.gate = nn.Linear(in_dim, in_dim)

    def forward(self, x: Ragged) -> Ragged:
        return x.with_values(x.values * self.gate(x.values).sigmoid())


class MaxHead(nn.Module):
    """Maximum of the logits over the tokens of a text."""

    def __init__(self, in_dim: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(in_dim, num_classes)

    def forward(self, states: Ragged) -> Tensor:
        logits = self.linear(states.values).float()
        lengths = torch.as_tensor(states.lengths, device=logits.device)
        return torch.segment_reduce(logits, "max", lengths=lengths)
