"""Protocol of normalizers, and the identity normalizer."""

from __future__ import annotations

from typing import Protocol

from vitrina.registry import Settings
from vitrina.text.batch import TextBatch
from vitrina.text.offsets import OffsetMap


class Normalizer(Protocol):
    """Normalizes texts before the model. The constructor takes only the settings."""

    def __call__(self, texts: TextBatch) -> TextBatch:
        """Return the normalized texts in the same order."""
        ...

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        """Return one normalized text and its map to the source text."""
        ...


class NoNormalizer:
    """Returns texts unchanged."""

    def __init__(self, settings: Settings | None = None) -> None:
        pass

    def __call__(self, texts: TextBatch) -> TextBatch:
        return texts

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        return text, OffsetMap.identity(len(text))
