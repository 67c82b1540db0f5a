"""NFKC (Unicode Standard Annex 15) and removal of invisible characters.

Invisible characters have the property Default_Ignorable_Code_Point or are annotation marks.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np

from vitrina.text.batch import TextBatch
from vitrina.text.offsets import OffsetMap

INVISIBLE = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian selectors and vowel separator
    (0x200B, 0x200F),  # zero width space and joiners, direction marks
    (0x202A, 0x202E),  # direction embeddings and overrides
    (0x2060, 0x206F),  # word joiner, invisible operators, isolates
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0xFFF0, 0xFFFB),  # reserved, interlinear annotation
    (0x1BCA0, 0x1BCA3),  # shorthand format controls
    (0x1D173, 0x1D17A),  # musical format controls
    (0xE0000, 0xE0FFF),  # tags, more variation selectors
)
"""First and last code points of the ranges of invisible characters."""


class UnicodeNormalizer:
    """Applies NFKC and removes invisible characters."""

    def __call__(self, texts: TextBatch) -> TextBatch:
        points = np.flatnonzero(_may_change()[texts.code_points])
        if len(points) == 0:
            return texts
        changed = np.unique(np.searchsorted(texts.offsets, points, side="right") - 1)
        normal = TextBatch.from_strings([normalize(text) for text in texts.take(changed)])
        joined = TextBatch(
            np.concatenate([texts.code_points, normal.code_points]),
            np.concatenate([texts.offsets, normal.offsets[1:] + texts.offsets[-1]]),
        )
        chosen = np.arange(len(texts))
        chosen[changed] = len(texts) + np.arange(len(changed))
        return joined.take(chosen)

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        parts, starts, ends = [], [], []
        for start, end in _segments(text):
            part = normalize(text[start:end])
            parts.append(part)
            starts += [start] * len(part)
            ends += [end] * len(part)
        columns = np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)
        return "".join(parts), OffsetMap(*columns, len(text))


def normalize(text: str) -> str:
    """Apply NFKC and remove invisible characters; idempotent.

    >>> normalize("ｄｕ\\u200bｒａｋ")
    'durak'
    """
    return unicodedata.normalize("NFKC", _without_invisible(text))


def _without_invisible(text: str) -> str:
    return text.translate(_removals())


@cache
def _removals() -> dict[int, None]:
    return {code: None for first, last in INVISIBLE for code in range(first, last + 1)}


def _segments(text: str) -> list[tuple[int, int]]:
    """Return the spans of visible code points that NFKC changes independently."""
    joins, removals = _joins_before(), _removals()
    spans: list[tuple[int, int]] = []
    for position, character in enumerate(text):
        if ord(character) in removals:
            continue
        if spans and character in joins:
            spans[-1] = (spans[-1][0], position + 1)
        else:
            spans.append((position, position + 1))
    return spans


@cache
def _tables() -> tuple[np.ndarray, frozenset[str]]:
    """Compute which code points NFKC can change, and which can join with previous ones."""
    may_change = np.zeros(0x110000, dtype=bool)
    second = {
        chr(code)
        for first, last in ((0x1161, 0x1175), (0x11A8, 0x11C2))
        for code in range(first, last + 1)
    }
    assigned = [chr(code) for code in range(0x33480) if unicodedata.category(chr(code)) != "Cn"]
    for character in assigned:
        parts = unicodedata.decomposition(character).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            second.add(chr(int(parts[1], 16)))
    joins = set()
    for character in assigned:
        first = unicodedata.normalize("NFKC", character)[:1]
        if unicodedata.combining(first) or first in second:
            joins.add(character)
        if character in joins or not unicodedata.is_normalized("NFKC", character):
            may_change[ord(character)] = True
    for first, last in INVISIBLE:
        may_change[first : last + 1] = True
    return may_change, frozenset(joins)


def _may_change() -> np.ndarray:
    """Return bool [0x110000]; a text without these code points is already normalized."""
    return _tables()[0]


def _joins_before() -> frozenset[str]:
    """Return the characters that NFKC may reorder or compose with previous ones."""
    return _tables()[1]
