"""One embedding for each word: any embedder embeds the word as a text, then its tokens are pooled.

Words see no other words before the encoder. Nothing is padded: all words of a batch are one ragged
batch for the inner embedder, and their embeddings are another one for the encoder.

Shapes: N tokens (slices, glyphs, word pieces) in the batch, W words, D dimension.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.models.embedders.base import Embedder
from vitrina.models.layers.convolution import RaggedConv
from vitrina.models.layers.ragged import Line, Ragged, to_device
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import Tokenizer
from vitrina.text.batch import TextBatch
from vitrina.text.spans import Spans
from vitrina.text.words import written_words


def shown_words(texts: TextBatch) -> Spans:
    """Return the words that a model sees; a text without words gets an empty one, never scored."""
    words = written_words(texts)
    blank = words.counts == 0
    if not blank.any():
        return words
    places = words.offsets[:-1][blank]
    starts, ends = np.insert(words.starts, places, 0), np.insert(words.ends, places, 0)
    return Spans.of(starts, ends, np.maximum(words.counts, 1))


@dataclass(frozen=True, kw_only=True)
class WordTokenBatch(TokenBatch):
    """Texts as words, each tokenized as a text of its own.

    `ids` and `tables` are those of `inner`, `lengths` and `num_tokens` the sums over the words.

    Attributes:
        words: spans of the words, ragged by text; at least one for each text.
        inner: the tokenized words, `num_tokens` [W].
    """

    words: Spans
    inner: TokenBatch

    def take(self, indices: np.ndarray) -> WordTokenBatch:
        """Return the texts at `indices`, in that order."""
        return _word_batch(self.words.take(indices), self.inner.take(self.words.rows(indices)))

    def to(self, device: torch.device) -> WordTokenBatch:
        return _word_batch(self.words, self.inner.to(device))

    def with_words(self, words: Spans) -> WordTokenBatch:
        """Return the batch with other spans of its words."""
        return replace(self, words=words)


def _word_batch(words: Spans, inner: TokenBatch) -> WordTokenBatch:
    def by_text(counts_W: np.ndarray) -> np.ndarray:
        return np.diff(np.append(0, np.cumsum(counts_W))[words.offsets])

    return WordTokenBatch(
        ids=inner.ids,
        lengths=by_text(inner.lengths),
        num_tokens=by_text(inner.num_tokens),
        tables=inner.tables,
        words=words,
        inner=inner,
    )


class WordsTokenizer(Tokenizer):
    """Tokenizes each word as a text of its own.

    Args:
        inner: tokenizes the words.
    """

    def __init__(self, inner: Tokenizer) -> None:
        self.inner = inner
        self.reads_codes = inner.reads_codes

    def units(self, texts: TextBatch) -> TextBatch:
        return shown_words(texts).texts(texts)

    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> WordTokenBatch:
        words = shown_words(texts)
        return _word_batch(words, self.inner(words.texts(texts), read))


class WordsEmbedder(Embedder):
    """Embeds words with any embedder, convolutions within each word, and pooling.

    Tokens of glyphs or windows do not encode their position in the word; the convolutions mix
    neighboring tokens before the pooling.

    Args:
        inner: embeds the tokens of each word.
        pool: max_mean, max or mean.
        kernels: kernel sizes of the convolutions.
    """

    def __init__(self, inner: Embedder, pool: str, kernels: list[int]) -> None:
        super().__init__()
        self.inner, self.tokenizer = inner, WordsTokenizer(inner.tokenizer)
        self.reductions = pool.split("_")
        self.dim = inner.dim * len(self.reductions)
        self.radius = max(kernel // 2 for kernel in [1, *kernels])
        self.blocks = nn.ModuleList(RaggedConv(inner.dim, inner.dim, kernel) for kernel in kernels)

    def load_pretrained(self) -> None:
        self.inner.load_pretrained()

    def forward(self, inputs: TokenBatch) -> Ragged:
        """Return word embeddings [W, D], ragged by the words of each text."""
        assert isinstance(inputs, WordTokenBatch)
        x = self.inner(inputs.inner)
        if len(self.blocks):
            line = Line.plan(x.lengths, self.radius, 1, x.values.device)
            for block in self.blocks:
                x = x.with_values(x.values + block(x.values, line))
        lengths_W = to_device(x.lengths.astype(np.int64, copy=False), x.values.device)
        values_ND = x.values.float()  # bf16 is too coarse for a mean over many tokens
        pooled = [
            torch.segment_reduce(values_ND, reduction, lengths=lengths_W, unsafe=True)
            for reduction in self.reductions
        ]
        return Ragged(torch.cat(pooled, dim=1), inputs.words.counts)
