"""Chooses the masked tokens of texts: random spans, a fixed share of each text.

Random numbers are hashes of a key for each text, so that masks do not depend on the batch. In
training the keys come from torch's generator, which the loop seeds for each step. Otherwise a
text's key is its number of tokens, so that models with equal numbers of tokens get equal masks.

Shapes: B texts, N tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from vitrina.models.layers.ragged import exclusive_sum
from vitrina.noise.randomness import Stream, text_keys, uniforms
from vitrina.text.batch import ranges

SEED = 0x3A5C
"""Separates the keys of texts from those of noise."""


@dataclass(frozen=True)
class Masking:
    """Masks random spans of tokens, in units of `stride` tokens.

    Attributes:
        share: share of masked tokens; in each text at least one unit is masked.
        span: mean number of tokens in a span.
        stride: tokens of a hidden state of the encoder, which are masked together.
    """

    share: float
    span: float
    stride: int

    def draw(self, num_tokens: np.ndarray, *, training: bool) -> np.ndarray:
        """Return the masked tokens, bool [N], of texts with `num_tokens` tokens, int64 [B].

        Args:
            training: whether to draw new spans in each call.
        """
        if training:
            drawn = torch.randint(2**63 - 1, (len(num_tokens),))  # from the CPU generator
            return self.spans(num_tokens, drawn.numpy())
        return self.spans(num_tokens, num_tokens)

    def spans(self, num_tokens: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Return spans of masked tokens, bool [N], at least one unit of `stride` tokens apart.

        Each text has `round(share · units)` masked units (at least one). The number of spans brings
        their mean length nearest to `span`. All partitions of the units into spans, and all
        positions of the spans between unmasked units, are equally likely.

        Args:
            num_tokens: int64 [B], at least 1.
            numbers: int64 [B], keys; equal keys give equal spans.
        """
        keys = text_keys(SEED, 0, numbers)
        units_B = -(-num_tokens // self.stride)
        masked_B = np.maximum(1, np.rint(self.share * units_B).astype(np.int64))
        places_B = units_B - masked_B + 1  # before, between and after unmasked units
        spans_B = np.rint(masked_B * self.stride / self.span).astype(np.int64)
        spans_B = np.clip(spans_B, 1, np.minimum(masked_B, places_B))
        place_of_span = ranges(np.zeros_like(places_B), places_B)[
            _choose(places_B, spans_B, keys, Stream.WORD)
        ]
        # The first masked unit starts a span; which of the later ones do is random.
        begins = np.insert(
            _choose(masked_B - 1, spans_B - 1, keys, Stream.LETTER),
            exclusive_sum(masked_B - 1),
            True,
        )
        span_of_unit = np.cumsum(begins) - 1
        nth = ranges(np.zeros_like(masked_B), masked_B)
        unit = nth + place_of_span[span_of_unit]
        units = np.zeros(int(units_B.sum()), dtype=bool)
        units[np.repeat(exclusive_sum(units_B), masked_B) + unit] = True
        # Tokens get the mask of their unit; the last unit of a text may have fewer tokens.
        place = ranges(np.zeros_like(num_tokens), num_tokens) // self.stride
        return units[np.repeat(exclusive_sum(units_B), num_tokens) + place]


def _choose(
    counts_B: np.ndarray, chosen_B: np.ndarray, keys_B: np.ndarray, stream: Stream
) -> np.ndarray:
    """Choose `chosen_B` of `counts_B` candidates of each text, uniformly: bool [sum(counts)]."""
    position = ranges(np.zeros_like(counts_B), counts_B)
    text = np.repeat(np.arange(len(counts_B)), counts_B)
    order = np.lexsort((uniforms(keys_B[text], position, stream), text))
    flags = np.zeros(len(position), dtype=bool)
    rank = position  # of a candidate in the random order of its text
    flags[order] = rank < chosen_B[text]
    return flags
