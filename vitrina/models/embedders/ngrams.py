"""Hashed character n-grams looked up in a table; with the encoder `mean`, this is fastText.

Bojanowski et al. 2017, "Enriching word vectors with subword information"; Joulin et al. 2017, "Bag
of tricks for efficient text classification". N-grams with the same row of the table share an
embedding. The gradient can be sparse, so that a step costs as much as its batch, not its table.
"""

from __future__ import annotations

import re

import numpy as np
from torch import nn

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.models.embedders.config import NgramsConfig
from vitrina.models.embedders.table import TableEmbedder, table_inputs
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import Tokenizer
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch
from vitrina.text.case import lower_case
from vitrina.text.ngrams import hash_ngrams

OUTER_SIGNS = re.compile(r"^\W+|\W+$")
"""Signs around a word, which a dictionary does not contain."""


class NgramsTokenizer(Tokenizer):
    """Makes a token of each n-gram."""

    def __init__(self, config: NgramsConfig) -> None:
        self.config = config

    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> TokenBatch:
        config = self.config
        lemmas_W = None
        if self.dictionary is not None:
            words = (word for text in texts.to_strings() for word in text.split())
            lemmas_W = self.dictionary.lemma_hashes([OUTER_SIGNS.sub("", word) for word in words])
        if config.lowercase:
            texts = TextBatch(lower_case(texts.code_points), texts.offsets)
        hashes_N, lengths_B = hash_ngrams(
            texts,
            config.min_n,
            config.max_n,
            whole_words=config.whole_words,
            lemmas_W=lemmas_W,
        )
        return table_inputs(rows_of(hashes_N, config.num_buckets), lengths_B, config.num_buckets)


class NgramsEmbedder(TableEmbedder):
    """A table of n-gram embeddings."""

    def __init__(self, config: NgramsConfig, fitted: FittedState) -> None:
        # The last row is for texts without n-grams.
        rows = config.num_buckets + 1
        super().__init__(NgramsTokenizer(config), rows, config.dim, 0.0, sparse=config.sparse)
        # Small values as in fastText: n-grams unseen in training hardly change a mean.
        nn.init.uniform_(self.table.weight, -1 / config.dim, 1 / config.dim)


def rows_of(hashes: np.ndarray, num_buckets: int) -> np.ndarray:
    """Map the upper half of each hash to int64 in [0, num_buckets).

    Lemire 2019, "Fast random integer generation in an interval", section 4.
    """
    return ((hashes >> np.uint64(32)) * np.uint64(num_buckets) >> np.uint64(32)).astype(np.int64)
