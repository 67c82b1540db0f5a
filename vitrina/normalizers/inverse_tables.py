"""Inverse replacement tables: character sequence → candidate letters."""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from vitrina.noise.tables import HIGHEST_LEVEL, letter_options
from vitrina.normalizers.confusables import confusable_with
from vitrina.normalizers.vocabulary import LETTERS

FREQUENCIES = dict(
    zip(
        LETTERS,
        (
            *(0.110, 0.085, 0.080, 0.074, 0.067, 0.063, 0.055, 0.047, 0.045, 0.044, 0.035),
            *(0.032, 0.030, 0.028, 0.026, 0.020, 0.019, 0.017, 0.017, 0.016, 0.016, 0.014),
            *(0.012, 0.010, 0.009, 0.007, 0.006, 0.005, 0.004, 0.003, 0.003, 0.0004, 0.0004),
        ),
        strict=True,
    )
)
"""Relative frequencies of letters in Russian text."""

_CONFUSABLE_WEIGHT = 0.25
"""Weight of a confusable character of TS 39 relative to a replacement of the noise tables."""

_LETTER_COST = 4.0
"""Cost of replacing a Russian letter by another one."""


@dataclass(frozen=True)
class InverseRule:
    """A candidate letter of a character sequence.

    Attributes:
        letter: lowercase letter.
        cost: negative log-probability.
        capital: whether the sequence is upper-case; None if it has no case.
    """

    letter: str
    cost: float
    capital: bool | None


class InverseTables:
    """Maps character sequences to candidate letters.

    Args:
        level: highest noise level of the known replacements, 0 to 4.
        clusters: file of glyph clusters for level 4; None: the built-in file.

    Raises:
        InputError: if `level` is 4 and the clusters cannot be read.
    """

    def __init__(self, level: int, clusters: str | None) -> None:
        options = letter_options(level, clusters=clusters)
        weights: dict[str, dict[str, float]] = defaultdict(dict)
        for letter, replacements in options.items():
            small = letter.lower()
            for sequence in filter(None, replacements):
                share = FREQUENCIES[small] / len(replacements)
                for written in {sequence, sequence.capitalize() if letter != small else sequence}:
                    weights[written].setdefault(small, share)
        if level == HIGHEST_LEVEL:
            for letter in LETTERS + LETTERS.upper():
                for character in confusable_with(letter):
                    if character.lower() not in FREQUENCIES:
                        share = FREQUENCIES[letter.lower()] * _CONFUSABLE_WEIGHT / 4
                        weights[character].setdefault(letter.lower(), share)
        self._level = level
        self._table = {sequence: _rules(sequence, found) for sequence, found in weights.items()}
        self.longest = max(map(len, self._table), default=1)
        self.first_characters = frozenset(
            sequence[0] for sequence in self._table if len(sequence) > 1
        )
        self.characters = frozenset(each for sequence in self._table for each in sequence)

    def of(self, sequence: str) -> tuple[InverseRule, ...]:
        """Return the candidates of a sequence; level 4 falls back to a character without marks."""
        found = self._table.get(sequence)
        if found is not None or len(sequence) > 1 or self._level < HIGHEST_LEVEL:
            return found or ()
        if sequence.lower() in FREQUENCIES:
            return ()
        base = _base(sequence)
        if base == sequence:
            return ()
        if base.lower() in FREQUENCIES:
            return (InverseRule(base.lower(), 0.3, base.isupper()),)
        return self._table.get(base, ())


def _rules(sequence: str, weights: dict[str, float]) -> tuple[InverseRule, ...]:
    total = sum(weights.values())
    cased = [character for character in sequence if character.isupper() or character.islower()]
    capital = cased[0].isupper() if cased else None
    added = _LETTER_COST if sequence.lower() in FREQUENCIES else 0.0
    rules = [
        InverseRule(letter, added - math.log(weight / total), capital)
        for letter, weight in weights.items()
    ]
    return tuple(sorted(rules, key=lambda rule: (rule.cost, rule.letter)))


@cache
def _base(character: str) -> str:
    """Return a letter without its marks, including those that its Unicode name has after `WITH`."""
    bare = unicodedata.normalize("NFD", character)[0]
    if bare != character:
        return bare
    name = unicodedata.name(character, "")
    if " WITH " not in name or not unicodedata.category(character).startswith("L"):
        return character
    try:
        return unicodedata.lookup(name.split(" WITH ")[0])
    except KeyError:
        return character
