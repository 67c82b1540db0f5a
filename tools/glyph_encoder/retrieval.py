"""Measures how often a look-alike lies nearest to the letter that it imitates.

A test of glyph features by themselves, without any text. Case does not count, as a small letter
and its capital are one letter to a reader.
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
        top_1, top_5: it is the nearest; it is among the five nearest.
        count: number of look-alikes.
    """

    top_1: float
    top_5: float
    count: int


def imitated(look_alikes: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """Look-alike → the letters that it imitates, in small letters."""
    found: dict[str, set[str]] = {}
    for letter, glyphs in look_alikes.items():
        for glyph in glyphs:
            found.setdefault(glyph, set()).add(letter.lower())
    return {glyph: frozenset(letters) for glyph, letters in sorted(found.items())}


def retrieve(
    look_alikes: Mapping[str, Sequence[str]], features: Callable[[Sequence[str]], np.ndarray]
) -> Retrieval:
    """Look for each look-alike's letter among all letters of `look_alikes`, by cosine.

    Args:
        look_alikes: letter → glyphs that look like it.
        features: of glyphs, floating [G, K].
    """
    letters, wanted = list(look_alikes), imitated(look_alikes)
    cosines = _unit(features(list(wanted))) @ _unit(features(letters)).T
    nearest = np.argsort(-cosines, axis=1, kind="stable")
    small = np.array([letter.lower() for letter in letters])
    right = [
        [letter in imitates for letter in small[row[:5]]]
        for row, imitates in zip(nearest, wanted.values(), strict=True)
    ]
    top_1 = float(np.mean([row[0] for row in right]))
    return Retrieval(top_1, float(np.mean([any(row) for row in right])), len(wanted))


def retrieve_by_confusables(look_alikes: Mapping[str, Sequence[str]]) -> Retrieval:
    """What Unicode's list of confusable characters (TS 39) finds; it ranks nothing."""
    confusable: dict[str, set[str]] = {}
    for letter in look_alikes:
        for character in confusable_with(letter):
            confusable.setdefault(character, set()).add(letter.lower())
    wanted = imitated(look_alikes)
    found = [bool(confusable.get(glyph, set()) & letters) for glyph, letters in wanted.items()]
    share = float(np.mean(found))
    return Retrieval(share, share, len(wanted))


def _unit(features_GK: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(features_GK, axis=1, keepdims=True)
    return features_GK / lengths.clip(min=1e-12)
