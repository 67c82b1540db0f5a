"""Counts of the replacements and insertions of a noise in noisy texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from vitrina.noise.perturbed import PerturbedBatch


@dataclass(frozen=True)
class Replacements:
    """Counts of edits.

    Attributes:
        replaced: count of each (letter, replacement); deletions do not count.
        inserted: count of each inserted string.
    """

    replaced: Counter[tuple[str, str]] = field(default_factory=Counter)
    inserted: Counter[str] = field(default_factory=Counter)


def count_replacements(drawn: Iterable[tuple[PerturbedBatch, list[str]]]) -> Replacements:
    """Count the edits of pairs of a noisy batch and its clean texts."""
    found = Replacements()
    for noisy, clean in drawn:
        edits, strings = noisy.edits, noisy.texts.to_strings()
        columns = (edits.text, edits.start, edits.end, edits.new_start, edits.new_end)
        for text, start, end, new_start, new_end in zip(
            *(c.tolist() for c in columns), strict=True
        ):
            new = strings[text][new_start:new_end]
            if start == end:
                found.inserted[new] += 1
            elif new:
                found.replaced[clean[text][start], new] += 1
    return found
