"""The replacement tables read backwards: which letters a sequence of signs may stand for."""

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
"""Shares of the letters in Russian text."""

_LOOK_ALIKE = 0.25
"""Weight of a look-alike that only the Unicode data name, against one of a table."""

_OTHER_LETTER = 4.0
"""Cost of taking a Russian letter for another one."""


@dataclass(frozen=True)
class InverseRule:
    """One letter that a sequence of signs may stand for.

    Attributes:
        letter: a small letter.
        cost: negative logarithm of its probability.
        capital: whether it is written as a capital; None if its signs have no case.
    """

    letter: str
    cost: float
    capital: bool | None


class InverseTables:
    """Sequence of signs → what it may stand for."""

    def __init__(self, level: int, clusters: str | None) -> None:
        """Args:
        level: of the replacements that are known, 0 to 4.
        clusters: file of glyph clusters for level 4; None is the project's own.

        Raises:
            InputError: if level 4 is asked for and the clusters cannot be read.
        """
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
                        share = FREQUENCIES[letter.lower()] * _LOOK_ALIKE / 4
                        weights[character].setdefault(letter.lower(), share)
        self.deletes_hard_sign = "" in options.get("ъ", ())
        self._level = level
        self._table = {sequence: _readings(sequence, found) for sequence, found in weights.items()}
        self.longest = max(map(len, self._table), default=1)
        self.beginnings = frozenset(sequence[0] for sequence in self._table if len(sequence) > 1)
        self.signs = frozenset(sign for sequence in self._table for sign in sequence)

    def of(self, sequence: str) -> tuple[InverseRule, ...]:
        """What a sequence may stand for; a single letter is read without its marks if need be."""
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


def _readings(sequence: str, weights: dict[str, float]) -> tuple[InverseRule, ...]:
    total = sum(weights.values())
    cased = [sign for sign in sequence if sign.isupper() or sign.islower()]
    capital = cased[0].isupper() if cased else None
    other = _OTHER_LETTER if sequence.lower() in FREQUENCIES else 0.0
    found = [
        InverseRule(letter, other - math.log(weight / total), capital)
        for letter, weight in weights.items()
    ]
    return tuple(sorted(found, key=lambda reading: (reading.cost, reading.letter)))


@cache
def _base(character: str) -> str:
    """A letter without what its Unicode name says behind `WITH`, such as a descender."""
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
