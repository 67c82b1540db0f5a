"""The base class of deobfuscators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch
from vitrina.text.offsets import OffsetMap


class Deobfuscator(ABC):
    """Finds the letters that disguised words mean.

    It needs no labels and draws no random numbers, and the letters of a word depend on the word
    alone. A deobfuscator can be pickled and used by several threads.
    """

    @classmethod
    @abstractmethod
    def fit(cls, settings: Any, corpus: Corpus) -> FittedState:
        """Return what it needs to know of the training texts; `cls(settings, state)` builds it.

        Args:
            corpus: normalized training texts.
        """

    @abstractmethod
    def __call__(self, texts: TextBatch) -> DeobfuscatedBatch:
        """Return the letters of normalized texts."""

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        """Return one text with disguised words in plain letters, and the way back."""
        read = self(TextBatch.from_strings([text]))
        return read.text()[0], read.offsets()[0]
