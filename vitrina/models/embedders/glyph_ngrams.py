"""Glyph tokens that also know the n-grams around them, hashed from visual codes.

Hashed n-grams learn from few examples what a word is, but any sign in place of a letter makes them
other n-grams. Here they are n-grams of the codes that a deobfuscator finds
(`vitrina.deobfuscation`): look-alikes share a code. A token's embedding is that of its glyph plus
the projected mean of the n-grams that cover it. N-grams stay within words, as in fastText (see
`vitrina.text.ngrams`); their embeddings start at zero, so that the model starts as `glyphs` does
and what was never seen in training adds nothing.

Shapes: N tokens, U distinct n-grams in the batch, M n-grams that begin at one place, P places of
words with their marks, L letters, W words, C n-grams that cover a token at most, E dim of an
n-gram's embedding.
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
from vitrina.text.ngrams import MarkedWords, hash_places


class GlyphNgramsTokenizer(GlyphsTokenizer):
    """A token for each drawn glyph, with the n-grams of visual codes that cover it.

    Args:
        config: the option's values.
    """

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
        rows, numbers_PM = _numbered(rows_of(hashes_PM, config.num_buckets), present_PM)
        ngram_spans = find_ngram_spans(
            words,
            numbers_PM,
            len(rows),
            min_n=config.min_n,
            max_n=config.max_n,
            whole_words=config.whole_words,
        )
        shape = (len(read.glyphs.ids), ngram_spans.shape[1])
        covering_NC = np.full(shape, len(rows), dtype=np.int32)
        shown = read.anchor_L >= 0
        covering_NC[read.anchor_L[shown]] = ngram_spans[shown]
        inputs = self.inputs(read.glyphs)
        inputs.tables["rows"] = torch.from_numpy(rows)
        return NgramTokenBatch.of(inputs, covering_NC)


class GlyphNgramsEmbedder(GlyphsEmbedder):
    """Whitened glyphs plus the projected mean of the n-grams of visual codes that cover them.

    Args:
        config: the option's values.
        fitted: what `fit` returned.
    """

    config: GlyphNgramsConfig

    def __init__(self, config: GlyphNgramsConfig, fitted: FittedState) -> None:
        super().__init__(config, fitted)
        self.tokenizer = GlyphNgramsTokenizer(config)
        self.table = nn.Embedding(config.num_buckets, config.ngram_dim, sparse=config.sparse)
        nn.init.zeros_(self.table.weight)
        self.projection = nn.Linear(config.ngram_dim, config.dim, bias=False)
        nn.init.normal_(self.projection.weight, std=config.ngram_dim**-0.5)

    def mask(self, inputs: TokenBatch, masked: np.ndarray) -> TokenBatch:
        # The n-grams around a hidden glyph would tell which it is: nothing knows any then.
        assert isinstance(inputs, NgramTokenBatch)
        tables = inputs.tables | {"rows": inputs.tables["rows"][:0]}
        nothing = replace(inputs, tables=tables, ngram_spans=np.zeros_like(inputs.ngram_spans))
        return super().mask(nothing, masked)

    def _dropped(self, ngrams_UE: Tensor) -> Tensor:
        """Whole n-grams are left out of the batch in training, each wherever it stands."""
        p = self.config.ngram_dropout
        if not self.training or p == 0:
            return ngrams_UE
        kept_U1 = torch.rand(len(ngrams_UE), 1, device=ngrams_UE.device) >= p
        return ngrams_UE * kept_U1 / (1 - p)

    def forward(self, inputs: TokenBatch) -> Ragged:
        assert isinstance(inputs, NgramTokenBatch)
        ngrams_UE = self._dropped(self.table(inputs.tables["rows"]))
        covering_NE = mean_of_ngrams(ngrams_UE, inputs.ngram_spans)
        x = super().forward(inputs)
        return x.with_values(x.values + self.projection(covering_NE))


def _numbered(rows_PM: np.ndarray, present_PM: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows int64 [U], rising, and int32 [P, M] the index of each; U for none."""
    rows, numbers = np.unique(rows_PM[present_PM], return_inverse=True)
    numbers_PM = np.full(rows_PM.shape, len(rows), dtype=np.int32)
    numbers_PM[present_PM] = numbers
    return rows, numbers_PM
