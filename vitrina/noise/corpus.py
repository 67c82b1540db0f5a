"""The training texts that `fit` of each component sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vitrina.noise.replacements import Replacements
from vitrina.text.batch import TextBatch


@dataclass(frozen=True)
class Corpus:
    """The texts of the training split, as the component will be given them.

    Attributes:
        clean: the texts without noise.
        noisy: draws the training noise over them.
        replacements: counts what the training noise replaces by what.
    """

    clean: TextBatch
    noisy: Callable[[], TextBatch]
    replacements: Callable[[], Replacements] = Replacements

    def map(self, change: Callable[[TextBatch], TextBatch]) -> Corpus:
        """Return the corpus behind another step, such as a normalizer."""
        return Corpus(change(self.clean), lambda: change(self.noisy()), self.replacements)
