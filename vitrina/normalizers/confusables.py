"""Replaces confusable characters (Unicode Technical Standard 39) by the script of their word.

Characters are confusable if they have the same skeleton. Skeletons mix scripts, mostly in favor of
Latin, so each character is replaced by the one with its skeleton in the script of the word
(`vitrina.text.words` defines words):

1. A word with a letter that exists only in Cyrillic (`й` in `xyй`) is Cyrillic.
2. Any other word with a letter that exists only in Latin (`l` in `pаypal`) is Latin, unless it
   mixes scripts and the text has words of rule 1: then it is Cyrillic (`хуeta`).
3. A word of ambiguous letters only (`xop`, `PC`) is Cyrillic if the text has words of rule 1 and
   none of rule 2; otherwise it is unchanged.
4. A word of other scripts only is unchanged.

The pairs і-i, г-r and ш-w are only loosely similar and do not make a letter ambiguous.

Case is kept, so that `b` does not become `Ь`. The digits 0, 3 and 6 become letters in Cyrillic
words if they have letters on both sides or at least three letters after them (`3аписал`, not `3й`);
0 also at the end (`кин0`). Data: the package homoglyphs-fork.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np

from vitrina.glyphs.fonts import default_font, font_characters
from vitrina.noise.tables import ALPHABET, seen_glyphs
from vitrina.normalizers.unicode import UnicodeNormalizer
from vitrina.registry import Settings
from vitrina.text.batch import NUM_CODE_POINTS, TextBatch, ranges
from vitrina.text.offsets import OffsetMap
from vitrina.text.words import find_words, is_mark

CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя" + "ґєіїў"
"""Lowercase letters of Russian, Ukrainian and Belarusian, the targets of replacement."""
LATIN = "abcdefghijklmnopqrstuvwxyz"
_LOOSE_CYRILLIC, _LOOSE_LATIN = "ігш", "irw"

# Flags of code points.
_ONLY_CYRILLIC, _ONLY_LATIN, _AMBIGUOUS, _DIGIT, _CYRILLIC, _LATIN = 1, 2, 4, 8, 16, 32

_INSIDE = re.compile(r"(?<=[^\W\d_])[036](?=[^\W\d_])")
_AT_START = re.compile(r"\A[036](?=[^\W\d_]{3})")
_AT_END = re.compile(r"(?<=[^\W\d_]{2})0\Z")


@dataclass(frozen=True)
class _CodePoints:
    """Tables indexed by code point, each [0x110000].

    Attributes:
        kinds: uint8, sum of the flags above.
        cyrillic: uint32, replacement in a Cyrillic word.
        latin: uint32, replacement in a Latin word.
    """

    kinds: np.ndarray
    cyrillic: np.ndarray
    latin: np.ndarray


@cache
def confusable_with(letter: str) -> tuple[str, ...]:
    """Return the single characters with the skeleton of `letter`, itself included, sorted."""
    found = _homoglyphs().get_combinations(letter)
    return tuple(sorted(character for character in found if len(character) == 1))


def unseen_confusables() -> dict[str, list[str]]:
    """Return the confusable characters of each letter (TS 39) that no noise level uses.

    Characters that the default font cannot draw are excluded, as are letters without any.
    """
    drawn, seen = font_characters(default_font()), seen_glyphs() | frozenset(ALPHABET)
    kept = {
        letter: [
            each for each in confusable_with(letter) if ord(each) in drawn and each not in seen
        ]
        for letter in ALPHABET
    }
    return {letter: characters for letter, characters in kept.items() if characters}


@cache
def _homoglyphs():
    from homoglyphs_fork import Homoglyphs

    return Homoglyphs(alphabet={chr(code) for code in range(0x20000)})  # all letters except Han


def _replacements(letters: str) -> np.ndarray:
    """Return uint32 [0x110000], the one of `letters` with the skeleton and case of a character."""
    replacements = np.arange(NUM_CODE_POINTS, dtype=np.uint32)
    for letter in letters + letters.upper():
        for character in confusable_with(letter):
            cased = character.isupper() or character.islower()
            if cased and character.isupper() == letter.isupper():
                replacements[ord(character)] = ord(letter)
    replacements[_codes(letters)] = _codes(letters)
    return replacements


def _codes(small: str) -> list[int]:
    return [ord(letter) for letter in small + small.upper()]


@cache
def _table() -> _CodePoints:
    cyrillic, latin = _replacements(CYRILLIC), _replacements(LATIN)
    code = np.arange(NUM_CODE_POINTS)
    own_cyrillic, own_latin = (np.isin(code, _codes(letters)) for letters in (CYRILLIC, LATIN))
    to_cyrillic = own_cyrillic | (cyrillic != code)
    to_latin = own_latin | (latin != code)
    kinds = np.zeros(NUM_CODE_POINTS, dtype=np.uint8)
    loose = [np.isin(code, _codes(letters)) for letters in (_LOOSE_CYRILLIC, _LOOSE_LATIN)]
    kinds[own_cyrillic & (~to_latin | loose[0])] = _ONLY_CYRILLIC
    kinds[own_latin & (~to_cyrillic | loose[1])] = _ONLY_LATIN
    kinds[(to_cyrillic | to_latin) & (kinds == 0)] = _AMBIGUOUS
    kinds[[ord(digit) for digit in "036"]] = _DIGIT
    kinds[own_cyrillic] |= _CYRILLIC
    kinds[own_latin] |= _LATIN
    return _CodePoints(kinds, cyrillic, latin)


class ConfusablesNormalizer:
    """Applies NFKC and replaces confusable characters by the script of their word."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._unicode = UnicodeNormalizer()

    def __call__(self, texts: TextBatch) -> TextBatch:
        texts = self._unicode(texts)
        return TextBatch(_replaced(texts), texts.offsets)

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        normal, offsets = self._unicode.with_offsets(text)
        one = TextBatch.from_strings([normal])
        return TextBatch(_replaced(one), one.offsets)[0], offsets


def _replaced(texts: TextBatch) -> np.ndarray:
    """Return uint32, the code points of `texts` with confusable ones replaced one to one."""
    table, code_points = _table(), texts.code_points
    words = find_words(texts)
    if len(words) == 0:
        return code_points
    text = words.text_indices()
    starts, ends = words.starts + texts.offsets[text], words.ends + texts.offsets[text]
    kinds = table.kinds[code_points]
    bounds = np.stack([starts, ends], axis=1).ravel()
    holds = np.bitwise_or.reduceat(np.append(kinds, np.uint8(0)), bounds)[::2]  # [num_words]
    cyrillic = (holds & _ONLY_CYRILLIC) > 0
    latin = ~cyrillic & ((holds & _ONLY_LATIN) > 0)
    in_cyrillic = (np.bincount(text[cyrillic], minlength=len(texts)) > 0)[text]
    mixed = latin & ((holds & _CYRILLIC) > 0) & in_cyrillic
    cyrillic, latin = cyrillic | mixed, latin & ~mixed
    in_latin = (np.bincount(text[latin], minlength=len(texts)) > 0)[text]
    cyrillic |= ~latin & ((holds & (_CYRILLIC | _LATIN)) > 0) & in_cyrillic & ~in_latin
    new = code_points.copy()
    for replacements, chosen in ((table.cyrillic, cyrillic), (table.latin, latin)):
        indices = ranges(starts[chosen], (ends - starts)[chosen])
        indices = indices[~_precedes_mark(texts, indices)]
        new[indices] = replacements[code_points[indices]]
    for word in np.flatnonzero(cyrillic & ((holds & _DIGIT) > 0)):
        here = slice(starts[word], ends[word])
        new[here] = _without_digits(new[here])
    return new


def _precedes_mark(texts: TextBatch, indices: np.ndarray) -> np.ndarray:
    """Return whether a combining mark follows each code point, bool [len(indices)].

    Such a mark could compose with a replacement.
    """
    return is_mark(np.append(texts.code_points[1:], np.uint32(0))[indices])


def _without_digits(word: np.ndarray) -> np.ndarray:
    """Return a Cyrillic word with its look-alike digits replaced by letters."""
    string = word.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    letters = [character for character in string if character.lower() != character.upper()]
    capital = sum(letter.isupper() for letter in letters) * 2 > len(letters)
    letter_of = str.maketrans("036", "ОЗБ" if capital else "озб")
    for pattern in (_INSIDE, _AT_START, _AT_END):
        string = pattern.sub(lambda match: match[0].translate(letter_of), string)
    return np.frombuffer(string.encode("utf-32-le", "surrogatepass"), dtype="<u4")
