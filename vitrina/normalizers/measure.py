"""What a normaliser restores and what it damages, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from vitrina.text.batch import TextBatch


@dataclass(frozen=True)
class Restoring:
    """Counts of words, as parts that stand between spaces.

    Attributes:
        words: words of the clean texts.
        noisy: those of them that the noisy texts lack.
        normal: those of them that the normalised texts lack.
    """

    words: int
    noisy: int
    normal: int

    @property
    def restored(self) -> float:
        """1 if all words that noise changed are as before, 0 if nothing is won."""
        return 1 - self.normal / self.noisy if self.noisy else 0.0

    @property
    def intact(self) -> float:
        """Share of the clean texts' words that the normalised texts hold."""
        return 1 - self.normal / self.words if self.words else 1.0


def compare_words(clean: TextBatch, noisy: TextBatch, normal: TextBatch) -> Restoring:
    """Count words of clean texts that noisy and normalised texts lack, each text with its own."""
    words = noisy_lacks = normal_lacks = 0
    for one, other, last in zip(_words(clean), _words(noisy), _words(normal), strict=True):
        words += len(one)
        noisy_lacks += _lacking(one, other)
        normal_lacks += _lacking(one, last)
    return Restoring(words, noisy_lacks, normal_lacks)


def _words(texts: TextBatch) -> Iterable[list[str]]:
    for text in texts:
        yield text.split()


def _lacking(words: list[str], others: list[str]) -> int:
    """How many of `words` have no partner in `others`, in their order."""
    if words == others:
        return 0
    blocks = SequenceMatcher(None, words, others, autojunk=False).get_matching_blocks()
    return len(words) - sum(block.size for block in blocks)
