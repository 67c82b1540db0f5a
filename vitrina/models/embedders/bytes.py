"""One token for each byte of UTF-8: no vocabulary to fit, no unknown token.

A Cyrillic letter is two tokens, and the first carries little information. Look-alikes from other
scripts share no byte with the letters that they imitate.
"""

from __future__ import annotations

import numpy as np

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.models.embedders.config import BytesConfig
from vitrina.models.embedders.table import TableEmbedder, table_inputs
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import Tokenizer
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch, offsets_of

EMPTY_ID = 256
"""Token of a text without bytes."""

REPLACEMENT = 0xFFFD
"""U+FFFD replaces lone surrogates, which UTF-8 cannot encode (The Unicode Standard, chapter 23)."""


def utf8_bytes(texts: TextBatch) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes of all texts, uint8 [num_bytes], and the count of each, int64 [num_texts].

    >>> [array.tolist() for array in utf8_bytes(TextBatch.from_strings(["ab", "я"]))]
    [[97, 98, 209, 143], [2, 2]]
    """
    code_points = texts.code_points
    surrogate = (code_points >= 0xD800) & (code_points < 0xE000)
    code_points = np.where(surrogate, np.uint32(REPLACEMENT), code_points).astype("<u4")
    encoded = code_points.tobytes().decode("utf-32-le").encode("utf-8")
    sizes = np.searchsorted([0x80, 0x800, 0x10000], code_points, side="right") + 1
    ends = offsets_of(sizes)[texts.offsets]
    return np.frombuffer(encoded, dtype=np.uint8), np.diff(ends)


class BytesTokenizer(Tokenizer):
    """Makes a token of each byte."""

    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> TokenBatch:
        return table_inputs(*utf8_bytes(texts), EMPTY_ID)


class BytesEmbedder(TableEmbedder):
    """A table of byte embeddings."""

    def __init__(self, config: BytesConfig, fitted: FittedState) -> None:
        super().__init__(BytesTokenizer(), 1 + EMPTY_ID, config.dim, config.dropout)
