"""Look-alikes by Unicode Technical Standard 39, written in the script of their word.

Two characters are confusable there if they have the same skeleton. A skeleton itself is no text: it
mixes scripts and stands mostly in Latin. So of the characters with one skeleton that one is taken
which belongs to the script of the word (as `vitrina.text.words` cuts words):

1. A word with a letter that only Cyrillic has (`й` in `xyй`) is Cyrillic.
2. Another word with a letter that only Latin has (`l` in `pаypal`) is Latin, unless it mixes the
   scripts and the text has words of rule 1: there it is Cyrillic (`хуeta`).
3. A word in which every letter could be either (`xop`, `PC`) is Cyrillic if the text has words of
   rule 1 and none of rule 2; otherwise it stays as it is.
4. A word of other scripts alone stays as it is.

The pairs і-i, г-r and ш-w, whose likeness is loose, do not make a letter count as either.

Case is kept, so that `b` does not become `Ь`. The digits 0, 3 and 6 stand for letters in Cyrillic
words that have a letter on either side of them, or at least three letters behind them (`3аписал`,
not `3й`), a 0 also at the end (`кин0`). Data: the package homoglyphs-fork.
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
"""Small letters of Russian, Ukrainian and Belarusian: what look-alikes become."""
LATIN = "abcdefghijklmnopqrstuvwxyz"
_LOOSE_CYRILLIC, _LOOSE_LATIN = "ігш", "irw"

# What a code point can be part of.
_CYRILLIC_ALONE, _LATIN_ALONE, _EITHER, _DIGIT, _CYRILLIC, _LATIN = 1, 2, 4, 8, 16, 32

_INSIDE = re.compile(r"(?<=[^\W\d_])[036](?=[^\W\d_])")
_BEFORE = re.compile(r"\A[036](?=[^\W\d_]{3})")
_BEHIND = re.compile(r"(?<=[^\W\d_]{2})0\Z")


@dataclass(frozen=True)
class _CodePoints:
    """Arrays over all code points.

    Attributes:
        kinds: uint8 [0x110000], sum of the constants above.
        cyrillic: uint32 [0x110000], what each becomes in a Cyrillic word.
        latin: uint32 [0x110000], what each becomes in a Latin word.
    """

    kinds: np.ndarray
    cyrillic: np.ndarray
    latin: np.ndarray


@cache
def confusable_with(letter: str) -> tuple[str, ...]:
    """The single characters with the skeleton of `letter`, itself among them, in rising order."""
    found = _homoglyphs().get_combinations(letter)
    return tuple(sorted(character for character in found if len(character) == 1))


def unseen_confusables() -> dict[str, list[str]]:
    """Return the confusable characters of each letter (TS 39) that no level of noise holds.

    Only characters that the default font can draw; letters without any are left out.
    """
    drawn, known = font_characters(default_font()), seen_glyphs() | frozenset(ALPHABET)
    listed = {letter: confusable_with(letter) for letter in ALPHABET}
    kept = {
        letter: [each for each in characters if ord(each) in drawn and each not in known]
        for letter, characters in listed.items()
    }
    return {letter: characters for letter, characters in kept.items() if characters}


@cache
def _homoglyphs():
    from homoglyphs_fork import Homoglyphs

    return Homoglyphs(alphabet={chr(code) for code in range(0x20000)})  # all letters but Han


def _towards(letters: str) -> np.ndarray:
    """uint32 [0x110000]: the one of `letters` with the skeleton and the case of a character."""
    becomes = np.arange(NUM_CODE_POINTS, dtype=np.uint32)
    for letter in letters + letters.upper():
        for character in confusable_with(letter):
            cased = character.isupper() or character.islower()
            if cased and character.isupper() == letter.isupper():
                becomes[ord(character)] = ord(letter)
    becomes[_codes(letters)] = _codes(letters)
    return becomes


def _codes(small: str) -> list[int]:
    return [ord(letter) for letter in small + small.upper()]


@cache
def _table() -> _CodePoints:
    cyrillic, latin = _towards(CYRILLIC), _towards(LATIN)
    code = np.arange(NUM_CODE_POINTS)
    own_cyrillic, own_latin = (np.isin(code, _codes(letters)) for letters in (CYRILLIC, LATIN))
    to_cyrillic = own_cyrillic | (cyrillic != code)
    to_latin = own_latin | (latin != code)
    kinds = np.zeros(NUM_CODE_POINTS, dtype=np.uint8)
    loose = [np.isin(code, _codes(letters)) for letters in (_LOOSE_CYRILLIC, _LOOSE_LATIN)]
    kinds[own_cyrillic & (~to_latin | loose[0])] = _CYRILLIC_ALONE
    kinds[own_latin & (~to_cyrillic | loose[1])] = _LATIN_ALONE
    kinds[(to_cyrillic | to_latin) & (kinds == 0)] = _EITHER
    kinds[[ord(digit) for digit in "036"]] = _DIGIT
    kinds[own_cyrillic] |= _CYRILLIC
    kinds[own_latin] |= _LATIN
    return _CodePoints(kinds, cyrillic, latin)


class ConfusablesNormalizer:
    """Compatibility forms (NFKC), then confusable characters in the script of their word."""

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
    """uint32, the code points of `texts` with the confusable ones replaced one by one."""
    table, code_points = _table(), texts.code_points
    words = find_words(texts)
    if len(words) == 0:
        return code_points
    text = words.text_indices()
    starts, ends = words.starts + texts.offsets[text], words.ends + texts.offsets[text]
    kinds = table.kinds[code_points]
    bounds = np.stack([starts, ends], axis=1).ravel()
    holds = np.bitwise_or.reduceat(np.append(kinds, np.uint8(0)), bounds)[::2]  # [num_words]
    cyrillic = (holds & _CYRILLIC_ALONE) > 0
    latin = ~cyrillic & ((holds & _LATIN_ALONE) > 0)
    in_cyrillic = (np.bincount(text[cyrillic], minlength=len(texts)) > 0)[text]
    mixed = latin & ((holds & _CYRILLIC) > 0) & in_cyrillic
    cyrillic, latin = cyrillic | mixed, latin & ~mixed
    in_latin = (np.bincount(text[latin], minlength=len(texts)) > 0)[text]
    cyrillic |= ~latin & ((holds & (_CYRILLIC | _LATIN)) > 0) & in_cyrillic & ~in_latin
    new = code_points.copy()
    for becomes, chosen in ((table.cyrillic, cyrillic), (table.latin, latin)):
        places = ranges(starts[chosen], (ends - starts)[chosen])
        places = places[~_before_mark(texts, places)]
        new[places] = becomes[code_points[places]]
    for word in np.flatnonzero(cyrillic & ((holds & _DIGIT) > 0)):
        here = slice(starts[word], ends[word])
        new[here] = _without_digits(new[here])
    return new


def _before_mark(texts: TextBatch, places: np.ndarray) -> np.ndarray:
    """bool: whether a combining mark follows, with which a replacement could grow together."""
    following = np.append(texts.code_points[1:], np.uint32(0))[places]
    return is_mark(following)


def _without_digits(word: np.ndarray) -> np.ndarray:
    """uint32, a Cyrillic word with the letters that its digits stand for."""
    string = word.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    letters = [character for character in string if character.lower() != character.upper()]
    capital = sum(letter.isupper() for letter in letters) * 2 > len(letters)
    stand_for = str.maketrans("036", "ОЗБ" if capital else "озб")
    for pattern in (_INSIDE, _BEFORE, _BEHIND):
        string = pattern.sub(lambda match: match[0].translate(stand_for), string)
    return np.frombuffer(string.encode("utf-32-le", "surrogatepass"), dtype="<u4")
