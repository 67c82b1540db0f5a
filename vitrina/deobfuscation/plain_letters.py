"""Plain letters of styled and Latin letters: Unicode's own names and forms, and transliteration."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_STYLED = re.compile(
    r"(?:NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER|REGIONAL INDICATOR SYMBOL LETTER"
    r"|LATIN LETTER SMALL CAPITAL) ([A-Z])\Z"
)
"""Names of styled letters that Unicode does not decompose."""

_RUSSIAN = {
    "а": "a", "б": "b", "в": "v w", "г": "g", "д": "d", "е": "e ye je", "ё": "yo jo io",
    "ж": "zh j g", "з": "z s", "и": "i y ee", "й": "j y i", "к": "k c q ck", "л": "l",
    "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s c", "т": "t",
    "у": "u oo w", "ф": "f ph", "х": "h x kh", "ц": "ts c tz", "ч": "ch 4", "ш": "sh w",
    "щ": "sch shh w", "ы": "y i", "ь": "' j", "э": "e", "ю": "yu ju iu u", "я": "ya ja ia q",
}  # fmt: skip
"""Latin spellings of Russian letters: GOST 7.79, ISO 9 and the habits of short messages."""
USUAL, UNUSUAL = -0.5, -1.5
"""Scores, in nats, of the first spelling and of the others."""

_OPTIONS: dict[str, dict[str, float]] = {}
for _letter, _spellings in _RUSSIAN.items():
    for _rank, _spelling in enumerate(_spellings.split()):
        _OPTIONS.setdefault(_spelling, {})[_letter] = UNUSUAL if _rank else USUAL


def transliterations(latin: str) -> dict[str, float]:
    """Return the Cyrillic letters that a Latin spelling can mean, with their scores in nats."""
    return _OPTIONS.get(latin.lower(), {})


@lru_cache(maxsize=1 << 14)
def plain_letter(cluster: str) -> str:
    """Return the plain letter of a styled or marked one (`ⓐ`, `𝔞`, `🅰`, `а̶`), or "".

    >>> [plain_letter(each) for each in ("ⓐ", "𝔞", "🅰", "a\u0336", "a", "@")]
    ['a', 'a', 'A', 'a', '', '']
    """
    base = _without_marks(unicodedata.normalize("NFKC", cluster))
    if base == cluster:
        base = _without_marks(unicodedata.normalize("NFKD", cluster))
    named = _STYLED.match(unicodedata.name(base, "")) if len(base) == 1 else None
    letter = named[1] if named else base
    return letter if letter != cluster and len(letter) == 1 and letter.isalnum() else ""


def _without_marks(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c)[0] != "M")
