"""The base class of tokenizers: texts → integers, on the host."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.models.token_batch import TokenBatch
from vitrina.text.batch import TextBatch
from vitrina.text.dictionary import Dictionary


class Tokenizer(ABC):
    """Maps texts to integers. A tokenizer can be pickled and is thread-safe.

    Attributes:
        reads_codes: whether it takes deobfuscated letters as visual codes; otherwise it gets the
            deobfuscated text.
        dictionary: words without n-grams inside, for tokenizers of n-grams; None: none.
    """

    reads_codes: bool = False
    dictionary: Dictionary | None = None

    def units(self, texts: TextBatch) -> TextBatch:
        """Return the texts to deobfuscate: the texts themselves, or each word as a text."""
        return texts

    @abstractmethod
    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> TokenBatch:
        """Return the tokens of a batch of texts, at least one for each text.

        Args:
            read: the deobfuscated `units(texts)`, if `reads_codes`.
        """

    def spans(self, texts: TextBatch) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the code points that each token covers, None if tokens have no place in the text.

        Returns:
            int64 [N] start and end (exclusive) of each token in its text. Neither decreases within
            a text, except at special tokens, whose spans are empty.
        """
        return None


class VisualTokenizer(Tokenizer):
    """A tokenizer whose tokens each show a part of the drawn text.

    Attributes:
        renderer: draws the glyphs.
    """

    renderer: GlyphRenderer

    @abstractmethod
    def spans(self, texts: TextBatch) -> tuple[np.ndarray, np.ndarray]:
        """Return start and end (exclusive) of the code points that each token shows, int64 [N]."""


def piece_spans(offsets: Iterable[Sequence[tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray]:
    """Return `Tokenizer.spans` for the offsets of each text from the library tokenizers.

    >>> [array.tolist() for array in piece_spans([[(0, 2), (2, 5)], [(0, 1)]])]
    [[0, 2, 0], [2, 5, 1]]
    """
    pairs = np.array([pair for text in offsets for pair in text], dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
