"""Counter-based random numbers: a hash of (seed, epoch, text index, position, stream).

A draw does not depend on other texts of the batch, earlier draws or the number of processes.

The hash is SplitMix64 (`vitrina.text.hashing`): draw `v` of a key is output `v` of a generator
with the key as its initial state.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from vitrina.text.hashing import GOLDEN, mix

MASK = 2**64 - 1


class Stream(IntEnum):
    """The purpose of a draw; its value is part of the key."""

    TEXT = 0
    """Whether the text is touched; position 0."""
    WORD = 1
    """Whether a word is touched; position of its first code point."""
    RATE = 2
    """The letter rate of a touched word; position of its first code point."""
    LETTER = 3
    """Whether a letter is replaced."""
    OPTION = 4
    """The replacement of a letter."""
    INSERT = 5
    """Whether a space or another string is inserted after a letter."""
    INSERTED = 6
    """The inserted string."""
    FAMILY = 7
    """The noise family of a touched word; position of its first code point."""


NUM_STREAMS = 8


def _draw(keys: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return uint64: outputs `numbers` of the generators with states `keys`, modulo 2^64."""
    return mix(keys + (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(GOLDEN))


def text_keys(seed: int, epoch: int, indices: np.ndarray) -> np.ndarray:
    """Return uint64 [num_texts]: the keys of texts by their indices in the dataset."""
    key = np.array([seed & MASK], dtype=np.uint64)
    key = _draw(key, np.array([epoch & MASK], dtype=np.uint64))
    return _draw(key, np.asarray(indices, dtype=np.int64).view(np.uint64))


def uniforms(keys: np.ndarray, positions: np.ndarray, stream: Stream) -> np.ndarray:
    """Return float64 [n] in [0, 1), one draw for each key and position.

    Args:
        keys: uint64 [n] of `text_keys`, repeated for each position of a text.
        positions: int64 [n], counted from the start of the text.
        stream: the purpose of the draws.
    """
    bits = _draw(keys, positions * NUM_STREAMS + int(stream))
    return (bits >> np.uint64(11)) * 2.0**-53
