"""Glyph tokens with hashed n-grams of visual codes.

Hashed n-grams learn words from few examples, but any replaced letter changes them. Here they are
n-grams of the codes of a deobfuscator (`vitrina.deobfuscation`), which look-alikes share. A token's
embedding is that of its glyph plus the projected mean of the n-grams that cover it. N-grams stay
within words, as in fastText (see `vitrina.text.ngrams`). Their embeddings start at zero: the model
starts as `glyphs` does, and n-grams unseen in training add nothing.

Shapes: N tokens, U distinct n-grams in the batch, M n-grams that start at one position, P positions
of words with their boundary marks, L letters, W words, C maximum number of n-grams that cover a
token, E dimension of an n-gram's embedding.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.models.embedders.glyphs import GlyphsEmbedder, GlyphsTokenizer
from vitrina.models.embedders.glyphs_config import GlyphNgramsConfig
from vitrina.models.embedders.ngram_spans import NgramTokenBatch, find_ngram_spans, mean_of_ngrams
from vitrina.models.embedders.ngrams import rows_of
from vitrina.models.layers.ragged import Ragged
from vitrina.models.token_batch import TokenBatch
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch
from vitrina.text.ngrams import MarkedWords, hash_places, with_lemmas


class GlyphNgramsTokenizer(GlyphsTokenizer):
    """Makes a token of each drawn glyph, with the n-grams of visual codes that cover it."""

    reads_codes = True

    def __init__(self, config: GlyphNgramsConfig) -> None:
        super().__init__(config)
        self.config = config

    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> NgramTokenBatch:
        assert read is not None, "embedder=glyph_ngrams needs a deobfuscator"
        config = self.config
        words = MarkedWords.of(
            read.codes_L, read.word_L, read.text_of_word_W[read.word_L], len(texts)
        )
        hashes_PM, present_PM = hash_places(
            words, config.min_n, config.max_n, whole_words=config.whole_words
        )
        word_columns = int(config.whole_words)
        if self.dictionary is not None:
            begins = np.flatnonzero(np.diff(read.word_L, prepend=-1))
            hashes_PM, present_PM = with_lemmas(
                words, hashes_PM, present_PM, read.lemma_L[begins], whole_words=config.whole_words
            )
            word_columns += 1
        rows, numbers_PM = _numbered(rows_of(hashes_PM, config.num_buckets), present_PM)
        ngram_spans = find_ngram_spans(
            words,
            numbers_PM,
            len(rows),
            min_n=config.min_n,
            max_n=config.max_n,
            word_columns=word_columns,
        )
        shape = (len(read.glyphs.ids), ngram_spans.shape[1])
        covering_NC = np.full(shape, len(rows), dtype=np.int32)
        shown = read.anchor_L >= 0
        covering_NC[read.anchor_L[shown]] = ngram_spans[shown]
        inputs = self.inputs(read.glyphs)
        inputs.tables["rows"] = torch.from_numpy(rows)
        return NgramTokenBatch.of(inputs, covering_NC)


class GlyphNgramsEmbedder(GlyphsEmbedder):
    """Whitened glyphs plus the projected mean of the n-grams of visual codes that cover them."""

    config: GlyphNgramsConfig

    def __init__(self, config: GlyphNgramsConfig, fitted: FittedState) -> None:
        super().__init__(config, fitted)
        self.tokenizer = GlyphNgramsTokenizer(config)
        self.table = nn.Embedding(config.num_buckets, config.ngram_dim, sparse=config.sparse)
        nn.init.zeros_(self.table.weight)
        self.projection = nn.Linear(config.ngram_dim, config.dim, bias=False)
        nn.init.normal_(self.projection.weight, std=config.ngram_dim**-0.5)

    def mask(self, inputs: TokenBatch, masked: np.ndarray) -> TokenBatch:
        # The n-grams around a masked glyph would reveal it, so all n-grams are removed.
        assert isinstance(inputs, NgramTokenBatch)
        tables = inputs.tables | {"rows": inputs.tables["rows"][:0]}
        no_ngrams = replace(inputs, tables=tables, ngram_spans=np.zeros_like(inputs.ngram_spans))
        return super().mask(no_ngrams, masked)

    def _drop(self, ngrams_UE: Tensor) -> Tensor:
        """Drop whole n-grams in training, each at all its positions in the batch."""
        p = self.config.ngram_dropout
        if not self.training or p == 0:
            return ngrams_UE
        kept_U1 = torch.rand(len(ngrams_UE), 1, device=ngrams_UE.device) >= p
        return ngrams_UE * kept_U1 / (1 - p)

    def forward(self, inputs: TokenBatch) -> Ragged:
        assert isinstance(inputs, NgramTokenBatch)
        ngrams_UE = self._drop(self.table(inputs.tables["rows"]))
        covering_NE = mean_of_ngrams(ngrams_UE, inputs.ngram_spans)
        x = super().forward(inputs)
        return x.with_values(x.values + self.projection(covering_NE))


def _numbered(rows_PM: np.ndarray, present_PM: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct rows, int64 [U], ascending, and indices into them, int32 [P, M].

    The index U means that there is no n-gram.
    """
    rows, numbers = np.unique(rows_PM[present_PM], return_inverse=True)
    numbers_PM = np.full(rows_PM.shape, len(rows), dtype=np.int32)
    numbers_PM[present_PM] = numbers
    return rows, numbers_PM
