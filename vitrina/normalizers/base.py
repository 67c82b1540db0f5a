"""The protocol of normalizers, and the normalizer that changes nothing."""

from __future__ import annotations

from typing import Protocol

from vitrina.registry import Settings
from vitrina.text.batch import TextBatch
from vitrina.text.offsets import OffsetMap


class Normalizer(Protocol):
    """Changes texts before a model sees them. Built with its settings as the only argument."""

    def __call__(self, texts: TextBatch) -> TextBatch:
        """Return the texts in their normal form, in the same order."""
        ...

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        """Return the normal form of one text, and the map back to the text."""
        ...


class NoNormalizer:
    """Returns texts unchanged."""

    def __init__(self, settings: Settings | None = None) -> None:
        pass

    def __call__(self, texts: TextBatch) -> TextBatch:
        return texts

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        return text, OffsetMap.identity(len(text))
