"""Counts the words that a normalizer restores and damages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from vitrina.text.batch import TextBatch


@dataclass(frozen=True)
class RestorationCounts:
    """Counts of white-space separated words.

    Attributes:
        words: words of the clean texts.
        noisy: words of the clean texts that are missing in the noisy texts.
        normal: words of the clean texts that are missing in the normalized texts.
    """

    words: int
    noisy: int
    normal: int

    @property
    def restored(self) -> float:
        """Share of the changed words that are restored; negative if more words are damaged."""
        return 1 - self.normal / self.noisy if self.noisy else 0.0

    @property
    def intact(self) -> float:
        """Share of the words of the clean texts that are in the normalized texts."""
        return 1 - self.normal / self.words if self.words else 1.0


def compare_words(clean: TextBatch, noisy: TextBatch, normal: TextBatch) -> RestorationCounts:
    """Count the words of clean texts that are missing in the noisy and normalized texts."""
    words = missing_noisy = missing_normal = 0
    for one, other, last in zip(_words(clean), _words(noisy), _words(normal), strict=True):
        words += len(one)
        missing_noisy += _num_missing(one, other)
        missing_normal += _num_missing(one, last)
    return RestorationCounts(words, missing_noisy, missing_normal)


def _words(texts: TextBatch) -> Iterable[list[str]]:
    for text in texts:
        yield text.split()


def _num_missing(reference: list[str], words: list[str]) -> int:
    """Return how many words of `reference` are not aligned with an equal one of `words`.

    >>> _num_missing(["one", "two", "three"], ["one", "t", "wo", "three"])
    1
    """
    if reference == words:
        return 0
    blocks = SequenceMatcher(None, reference, words, autojunk=False).get_matching_blocks()
    return len(reference) - sum(block.size for block in blocks)
