"""Which tokens of a text are hidden: random spans, a set share of each text.

Random numbers are hashes of a key for each text, so that what is hidden in one text does not depend
on its batch. In a training the keys are drawn from torch's generator, which the loop seeds for each
step; elsewhere a text's key is its number of tokens alone, so that a text is scored alike in any
batch and by any model with equally many tokens.

Shapes: B texts, N tokens, U units of all texts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from vitrina.models.layers.ragged import exclusive_sum
from vitrina.noise.randomness import Stream, text_keys, uniforms
from vitrina.text.batch import ranges

SEED = 0x3A5C
"""By which the keys of texts are told from those of noise."""


@dataclass(frozen=True)
class Masking:
    """How much is hidden.

    Attributes:
        share: of the tokens of a text; of each text at least one unit is hidden.
        span: mean tokens of a span.
        stride: tokens that the encoder makes one state of; these are hidden together or not at all.
    """

    share: float
    span: float
    stride: int

    def draw(self, num_tokens: np.ndarray, *, training: bool) -> np.ndarray:
        """bool [N]: the tokens that are hidden in texts of so many tokens, int64 [B].

        Args:
            training: whether other spans are wanted each time.
        """
        if training:
            drawn = torch.randint(2**63 - 1, (len(num_tokens),))  # of the CPU's generator
            return self.spans(num_tokens, drawn.numpy())
        return self.spans(num_tokens, num_tokens)

    def spans(self, num_tokens: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """bool [N]: spans of hidden tokens, at least one unit of `stride` tokens apart.

        Each text has `round(share · units)` hidden units (at least one), in so many spans that
        their mean length is nearest to `span`. All ways to deal the units to spans, and the spans
        to places between the units that stay, are equally likely.

        Args:
            num_tokens: int64 [B], at least 1.
            numbers: int64 [B], keys: equal ones give equal spans.
        """
        keys = text_keys(SEED, 0, numbers)
        units_B = -(-num_tokens // self.stride)
        hidden_B = np.maximum(1, np.rint(self.share * units_B).astype(np.int64))
        places_B = units_B - hidden_B + 1  # before, between and behind the units that stay
        spans_B = np.rint(hidden_B * self.stride / self.span).astype(np.int64)
        spans_B = np.clip(spans_B, 1, np.minimum(hidden_B, places_B))
        place_of_span = ranges(np.zeros_like(places_B), places_B)[
            _choose(places_B, spans_B, keys, Stream.WORD)
        ]
        # The first hidden unit begins a span; which of the others do is drawn.
        begins = np.insert(
            _choose(hidden_B - 1, spans_B - 1, keys, Stream.LETTER),
            exclusive_sum(hidden_B - 1),
            True,
        )
        span_of_unit = np.cumsum(begins) - 1
        nth = ranges(np.zeros_like(hidden_B), hidden_B)
        unit = nth + place_of_span[span_of_unit]
        units = np.zeros(int(units_B.sum()), dtype=bool)
        units[np.repeat(exclusive_sum(units_B), hidden_B) + unit] = True
        # Each token has what its unit has; the last unit of a text may have fewer tokens.
        place = ranges(np.zeros_like(num_tokens), num_tokens) // self.stride
        return units[np.repeat(exclusive_sum(units_B), num_tokens) + place]


def _choose(
    counts_B: np.ndarray, chosen_B: np.ndarray, keys_B: np.ndarray, stream: Stream
) -> np.ndarray:
    """bool [sum(counts)]: so many of the candidates of each text, any of them alike likely."""
    position = ranges(np.zeros_like(counts_B), counts_B)
    text = np.repeat(np.arange(len(counts_B)), counts_B)
    order = np.lexsort((uniforms(keys_B[text], position, stream), text))
    flags = np.zeros(len(position), dtype=bool)
    rank = position  # of a candidate in its text's order
    flags[order] = rank < chosen_B[text]
    return flags
