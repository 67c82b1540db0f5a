"""The base class of tokenizers: texts → integers, on the host."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.models.token_batch import TokenBatch
from vitrina.text.batch import TextBatch


class Tokenizer(ABC):
    """Turns texts into integers. A tokenizer can be pickled and used by several threads.

    Attributes:
        reads_codes: whether it takes the letters of a deobfuscator, in visual codes. Others get
            the deobfuscated text.
    """

    reads_codes: bool = False

    def units(self, texts: TextBatch) -> TextBatch:
        """Return the texts that `read` is of: all of each text, or each word by itself."""
        return texts

    @abstractmethod
    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> TokenBatch:
        """Return the integers of a batch of texts; every text gets at least one token.

        Args:
            read: the letters of `units(texts)`, if the tokenizer reads codes.
        """

    def spans(self, texts: TextBatch) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the code points that each token shows, None if tokens have no place in the text.

        Returns:
            int64 [N] first ones and ones behind the last, counted from the start of the token's
            text; neither ever falls within a text, but at special tokens, which show nothing.
        """
        return None


class VisualTokenizer(Tokenizer):
    """Tokens that each show a part of the drawn text.

    Attributes:
        renderer: draws the glyphs.
    """

    renderer: GlyphRenderer

    @abstractmethod
    def spans(self, texts: TextBatch) -> tuple[np.ndarray, np.ndarray]:
        """Return the code points that each token shows, as for any tokenizer."""


def piece_spans(offsets: Iterable[Sequence[tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray]:
    """Return `Tokenizer.spans` of pieces, of the library tokenizers' offsets of each text."""
    pairs = np.array([pair for each in offsets for pair in each], dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
