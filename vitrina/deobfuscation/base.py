"""Base class of deobfuscators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch
from vitrina.text.dictionary import Dictionary
from vitrina.text.offsets import OffsetMap


class Deobfuscator(ABC):
    """Recovers the plain letters of disguised words.

    It uses no labels and no random numbers. The letters of a word depend only on the word.
    A deobfuscator is picklable and thread-safe.

    Attributes:
        dictionary: words that it leaves as they are; None: there is none.
    """

    dictionary: Dictionary | None = None

    @classmethod
    @abstractmethod
    def fit(cls, settings: Any, corpus: Corpus) -> FittedState:
        """Return the state fitted on the training texts; `cls(settings, state)` builds it.

        Args:
            corpus: normalized training texts.
        """

    @abstractmethod
    def __call__(self, texts: TextBatch) -> DeobfuscatedBatch:
        """Return the letters of normalized texts."""

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        """Return one text with disguised words in plain letters, and the map to its source."""
        batch = self(TextBatch.from_strings([text]))
        return batch.text()[0], batch.offsets()[0]
