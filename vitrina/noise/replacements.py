"""What a noise puts in place of letters, counted on texts that it was drawn over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from vitrina.noise.perturbed import PerturbedBatch


@dataclass(frozen=True)
class Replacements:
    """Counts of edits.

    Attributes:
        replaced: how often a letter was replaced by what; nothing is replaced by nothing.
        inserted: how often what was put between letters.
    """

    replaced: Counter[tuple[str, str]] = field(default_factory=Counter)
    inserted: Counter[str] = field(default_factory=Counter)


def count_replacements(drawn: Iterable[tuple[PerturbedBatch, list[str]]]) -> Replacements:
    """Count the edits of noisy texts, each part of them with its clean texts."""
    found = Replacements()
    for noisy, clean in drawn:
        edits, strings = noisy.edits, noisy.texts.to_strings()
        columns = (edits.text, edits.start, edits.end, edits.new_start, edits.new_end)
        for text, start, end, new_start, new_end in zip(
            *(c.tolist() for c in columns), strict=True
        ):
            put = strings[text][new_start:new_end]
            if start == end:
                found.inserted[put] += 1
            elif put:
                found.replaced[clean[text][start], put] += 1
    return found
