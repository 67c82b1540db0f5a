"""Measures how often the nearest letter of a look-alike is the letter that it imitates.

Tests glyph features without any text. Case is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.normalizers.confusables import confusable_with


@dataclass(frozen=True)
class Retrieval:
    """Shares of the look-alikes whose letter is found.

    Attributes:
        top_1, top_5: the letter is the nearest one; it is among the five nearest.
        count: number of look-alikes.
    """

    top_1: float
    top_5: float
    count: int


def imitated(look_alikes: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """Return the lower-case letters that each look-alike imitates.

    >>> imitated({"А": ["Λ", "@"]})
    {'@': frozenset({'а'}), 'Λ': frozenset({'а'})}
    """
    found: dict[str, set[str]] = {}
    for letter, glyphs in look_alikes.items():
        for glyph in glyphs:
            found.setdefault(glyph, set()).add(letter.lower())
    return {glyph: frozenset(letters) for glyph, letters in sorted(found.items())}


def retrieve(
    look_alikes: Mapping[str, Sequence[str]], features: Callable[[Sequence[str]], np.ndarray]
) -> Retrieval:
    """Retrieve the letter of each look-alike among all letters, by cosine.

    Args:
        look_alikes: look-alikes by letter.
        features: maps glyphs to features, floating [G, K].
    """
    letters, wanted = list(look_alikes), imitated(look_alikes)
    cosines = _unit(features(list(wanted))) @ _unit(features(letters)).T
    nearest = np.argsort(-cosines, axis=1, kind="stable")
    lower = np.array([letter.lower() for letter in letters])
    correct = [
        [letter in imitates for letter in lower[row[:5]]]
        for row, imitates in zip(nearest, wanted.values(), strict=True)
    ]
    top_1 = float(np.mean([row[0] for row in correct]))
    return Retrieval(top_1, float(np.mean([any(row) for row in correct])), len(wanted))


def retrieve_by_confusables(look_alikes: Mapping[str, Sequence[str]]) -> Retrieval:
    """Retrieve letters by Unicode's list of confusables (TS 39), which has no ranking."""
    confusable: dict[str, set[str]] = {}
    for letter in look_alikes:
        for character in confusable_with(letter):
            confusable.setdefault(character, set()).add(letter.lower())
    wanted = imitated(look_alikes)
    found = [bool(confusable.get(glyph, set()) & letters) for glyph, letters in wanted.items()]
    share = float(np.mean(found))
    return Retrieval(share, share, len(wanted))


def _unit(features_GK: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(features_GK, axis=1, keepdims=True)
    return features_GK / norms.clip(min=1e-12)
