"""What a normaliser is, and the one that does nothing."""

from __future__ import annotations

from typing import Protocol

from vitrina.text.batch import TextBatch
from vitrina.text.offsets import OffsetMap


class Normalizer(Protocol):
    """Changes texts before a model sees them."""

    def __call__(self, texts: TextBatch) -> TextBatch:
        """The texts in their normal form, in the same order."""
        ...

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        """The normal form of one text, with the way back."""
        ...


class NoNormalizer:
    """Leaves texts as they are."""

    def __call__(self, texts: TextBatch) -> TextBatch:
        return texts

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        return text, OffsetMap.identity(len(text))
