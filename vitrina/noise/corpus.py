"""The training texts that `fit` of each component receives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from vitrina.noise.replacements import Replacements
from vitrina.text.batch import TextBatch
from vitrina.text.dictionary import Dictionary


@dataclass(frozen=True)
class Corpus:
    """The texts of the training split as a component receives them.

    Attributes:
        clean: the texts without noise.
        noisy: returns the texts with the training noise.
        replacements: counts the replacements of the training noise.
        dictionary: honest words of the language; None: there is none.
    """

    clean: TextBatch
    noisy: Callable[[], TextBatch]
    replacements: Callable[[], Replacements] = Replacements
    dictionary: Dictionary | None = None

    def map(self, change: Callable[[TextBatch], TextBatch]) -> Corpus:
        """Return the corpus behind a further step, such as a normalizer."""
        return replace(self, clean=change(self.clean), noisy=lambda: change(self.noisy()))
