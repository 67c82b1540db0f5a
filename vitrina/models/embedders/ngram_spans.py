"""N-grams that cover a token, and the means of their embeddings.

Shapes: N tokens, U distinct n-grams in the batch, M n-grams that start at one position, P positions
of words with their boundary marks, C maximum number of n-grams that cover a token, K pairs of a
token and an n-gram that covers it, E dimension.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vitrina.models.layers.ragged import exclusive_sum, to_device
from vitrina.models.token_batch import TokenBatch
from vitrina.text.batch import offsets_of, ranges
from vitrina.text.ngrams import MarkedWords


@dataclass(frozen=True, kw_only=True)
class NgramTokenBatch(TokenBatch):
    """Tokens with the n-grams that cover them.

    `tables["rows"]` int64 [U] are the rows of the batch's distinct n-grams, ascending.

    Attributes:
        ngram_spans: int32 numpy [N, C], indices into `rows`, U where there is no n-gram. It stays
            on the host, as `lengths` does.
    """

    ngram_spans: np.ndarray

    @classmethod
    def of(cls, inputs: TokenBatch, ngram_spans: np.ndarray) -> NgramTokenBatch:
        """Return `inputs` with `ngram_spans`."""
        return cls(
            ids=inputs.ids,
            lengths=inputs.lengths,
            num_tokens=inputs.num_tokens,
            tables=inputs.tables,
            line_px=inputs.line_px,
            ngram_spans=ngram_spans,
        )

    def take(self, indices: np.ndarray) -> NgramTokenBatch:
        """Return the texts at `indices`, in that order; the tables are shared."""
        rows = ranges(exclusive_sum(self.lengths)[indices], self.lengths[indices])
        return NgramTokenBatch.of(super().take(indices), self.ngram_spans[rows])

    def to(self, device: torch.device) -> NgramTokenBatch:
        return NgramTokenBatch.of(super().to(device), self.ngram_spans)


def find_ngram_spans(
    words: MarkedWords,
    numbers_PM: np.ndarray,
    none: int,
    *,
    min_n: int,
    max_n: int,
    word_columns: int,
) -> np.ndarray:
    """Return the n-grams that cover each symbol of words.

    Args:
        numbers_PM: numbers of the n-grams that start at each position, in the order of
            `hash_places`.
        none: number that means no n-gram.
        word_columns: first columns that hold a number for the whole word, at its first position.

    Returns:
        int32 [num_symbols, C].
    """
    places, in_word = words.places, words.places_in_words()[words.places]
    columns = [numbers_PM[places - in_word, column] for column in range(word_columns)]
    for column, n in enumerate(range(min_n, max_n + 1), start=len(columns)):
        for back in range(n):
            begins = numbers_PM[np.maximum(places - back, 0), column]
            columns.append(np.where(in_word >= back, begins, none))
    return np.stack(columns, axis=1).astype(np.int32, copy=False)


def mean_of_ngrams(values_UE: Tensor, covering_NC: np.ndarray) -> Tensor:
    """Return the mean [N, E] of the n-grams that cover each token; 0 where none does."""
    covered = covering_NC != len(values_UE)
    counts_N, numbers_K = covered.sum(axis=1), covering_NC[covered]
    total_NE = _SumOfCovering.apply(values_UE, numbers_K, counts_N)
    assert isinstance(total_NE, Tensor)
    divisors_N = to_device(np.maximum(counts_N, 1).astype(np.float32), values_UE.device)
    return total_NE / divisors_N.unsqueeze(1)


class _SumOfCovering(torch.autograd.Function):
    """Sums rows of values [U, E] for each token [N, E]; the backward pass sums over tokens.

    Both passes gather: scattering takes several times as long on a CPU, and a GPU adds in a random
    order.
    """

    @staticmethod
    def forward(ctx: Any, values_UE: Tensor, numbers_K: np.ndarray, counts_N: np.ndarray) -> Tensor:
        ctx.pairs = numbers_K, counts_N, len(values_UE)
        return _sums(values_UE, numbers_K, counts_N)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        numbers_K, counts_N, num_values = ctx.pairs
        # NumPy sorts 16-bit numbers by radix, several times as fast.
        narrow = np.uint16 if num_values <= 1 << 16 else np.int32
        order_K = np.argsort(numbers_K.astype(narrow), kind="stable")
        tokens_K = np.repeat(np.arange(len(counts_N), dtype=np.int32), counts_N)[order_K]
        counts_U = np.bincount(numbers_K, minlength=num_values)
        return _sums(gradients[0].contiguous(), tokens_K, counts_U), None, None


def _sums(rows: Tensor, indices_K: np.ndarray, counts: np.ndarray) -> Tensor:
    """Sum the first `counts[0]` of the rows at `indices_K`, the next `counts[1]`, …."""
    starts = offsets_of(counts)[:-1].astype(np.int32)
    indices, offsets = to_device(indices_K, rows.device), to_device(starts, rows.device)
    return F.embedding_bag(indices, rows, offsets, mode="sum")
