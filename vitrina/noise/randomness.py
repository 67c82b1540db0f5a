"""Random numbers without a state: each is a function of what it is for.

A draw is keyed by (seed, epoch, index of the text, position in the text, stream). It is the same
whatever stands in the batch beside the text, whatever came before and however many processes work.

The hash is SplitMix64 (`vitrina.text.hashing`): its generator's state grows by the golden ratio
and its finaliser mixes the state. Draw `v` under a key is output `v` of a generator started at the
key.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from vitrina.text.hashing import GOLDEN, mix

MASK = 2**64 - 1


class Stream(IntEnum):
    """What a draw decides."""

    TEXT = 0
    """Whether the text is touched; position 0."""
    WORD = 1
    """Whether a word is touched; position of its first code point."""
    RATE = 2
    """The letter rate of a touched word; position of its first code point."""
    LETTER = 3
    """Whether a letter is replaced."""
    OPTION = 4
    """By what a letter is replaced."""
    INSERT = 5
    """Whether something is inserted after a letter, and of which sort."""
    INSERTED = 6
    """What is inserted after a letter."""
    FAMILY = 7
    """The family of noise of a touched word; position of its first code point."""


NUM_STREAMS = 8


def _draw(keys: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """uint64: output `numbers` of the generators started at `keys`; wraps around at 2^64."""
    return mix(keys + (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(GOLDEN))


def text_keys(seed: int, epoch: int, indices: np.ndarray) -> np.ndarray:
    """uint64 [num_texts], the keys of the texts with these indices in the dataset."""
    key = np.array([seed & MASK], dtype=np.uint64)
    key = _draw(key, np.array([epoch & MASK], dtype=np.uint64))
    return _draw(key, np.asarray(indices, dtype=np.int64).view(np.uint64))


def uniforms(keys: np.ndarray, positions: np.ndarray, stream: Stream) -> np.ndarray:
    """float64 in [0, 1), one for each position under the key beside it.

    Args:
        keys: uint64 [n] of `text_keys`, repeated for each position of a text.
        positions: int64 [n], counted from the text's start.
        stream: what the draws decide.
    """
    bits = _draw(keys, positions * NUM_STREAMS + int(stream))
    return (bits >> np.uint64(11)) * 2.0**-53
