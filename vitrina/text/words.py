"""Columnar words of texts: runs of letters, or text between white space.

Noise works on runs (`find_words`) of letters, digits and combining marks (Unicode categories L, N
and M), with apostrophes inside («об'єкт», "don't"). A hyphen or an underscore ends a word, so
«какой-то» is two words.

Noise breaks such runs (`}|{0па`, `ж*па`), so models that label words split at white space instead
(`written_words`). Punctuation at both ends is a separate word, and so are separators at any place
(«нет,дурак»).
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np

from vitrina.text.batch import NUM_CODE_POINTS, TextBatch, pieces
from vitrina.text.spans import Spans

APOSTROPHES = "'`ʼ’"
AT_ENDS = ".'’‘-–—()[]/\\"
"""Punctuation that is separated at the ends of a word only: inside it may replace a letter or
belong to the word (`какой-то`)."""
ANYWHERE = ',;:!?…"«»„“”'
"""Punctuation that ends a word at any place."""
_LETTER, _AT_ENDS, _ANYWHERE, _SPACE = range(4)


class Words(Spans):
    """Words of texts; `Lexicon.mark` sets label 1 for toxic words."""

    @property
    def toxic(self) -> np.ndarray:
        """Whether each word is toxic, bool [num_words]."""
        return self.labels > 0


@cache
def _character_classes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return three tables, bool [0x110000]: code points of words, letters, combining marks."""
    first = [unicodedata.category(chr(code))[0] for code in range(NUM_CODE_POINTS)]
    kinds = np.array(first, dtype="U1")
    letters, marks = kinds == "L", kinds == "M"
    return letters | (kinds == "N") | marks, letters, marks


def is_letter(code_points: np.ndarray) -> np.ndarray:
    """Return bool, same shape: whether each code point is a letter (Unicode category L)."""
    return _character_classes()[1][code_points]


def is_mark(code_points: np.ndarray) -> np.ndarray:
    """Return bool, same shape: whether each code point is a combining mark (category M)."""
    return _character_classes()[2][code_points]


def find_words(texts: TextBatch) -> Words:
    """Find the runs of letters of all texts; no word is marked as toxic yet.

    >>> texts = TextBatch.from_strings(["что-то, да"])
    >>> find_words(texts).texts(texts).to_strings()
    ['что', 'то', 'да']
    """
    return Words.join([_find_words(texts.part(*piece)) for piece in pieces(texts.offsets)])


def _find_words(texts: TextBatch) -> Words:
    inside = _character_classes()[0][texts.code_points]
    first_of_text = _first_of_text(texts)
    joins = np.isin(texts.code_points, [ord(character) for character in APOSTROPHES])
    if joins.any():
        between = np.zeros_like(joins)
        between[1:-1] = joins[1:-1] & inside[:-2] & inside[2:]
        between[1:] &= ~first_of_text[1:-1]
        between &= ~first_of_text[1:]
        inside = inside | between
    return Words.of(*_in_texts(texts, *_runs(inside, first_of_text)))


@cache
def _kinds() -> np.ndarray:
    """Return uint8 [0x110000]: the word class of each code point."""
    kinds = np.zeros(NUM_CODE_POINTS, dtype=np.uint8)
    for kind, signs in ((_AT_ENDS, AT_ENDS), (_ANYWHERE, ANYWHERE)):
        kinds[[ord(sign) for sign in signs]] = kind
    # No white space is above U+3000; the empty braille pattern looks like a space.
    kinds[[code for code in range(0x3001) if chr(code).isspace() or code == 0x2800]] = _SPACE
    return kinds


def written_words(texts: TextBatch) -> Spans:
    """Split texts into words and punctuation, without labels.

    >>> texts = TextBatch.from_strings(["ж*па, да!"])
    >>> written_words(texts).texts(texts).to_strings()
    ['ж*па', ',', 'да', '!']
    """
    return Spans.join([_written_words(texts.part(*piece)) for piece in pieces(texts.offsets)])


def _written_words(texts: TextBatch) -> Spans:
    kinds = _kinds()[texts.code_points]
    inside = kinds != _SPACE
    first_of_text = _first_of_text(texts)
    starts, ends = _runs(inside, first_of_text)  # stretches without white space
    letters = np.append(0, np.cumsum(kinds == _LETTER))  # number of letters before each place
    stretch = np.repeat(np.arange(len(starts)), ends - starts)
    places = np.flatnonzero(inside)
    at_an_end = (letters[places] == letters[starts[stretch]]) | (
        letters[places] == letters[ends[stretch]]
    )
    signs = kinds[places]
    apart = np.zeros(len(kinds), dtype=bool)
    apart[places] = (signs == _ANYWHERE) | ((signs == _AT_ENDS) & at_an_end)
    new = first_of_text.copy()
    new[1:-1] |= apart[1:] != apart[:-1]
    return Spans.of(*_in_texts(texts, *_runs(inside, new)))


def _first_of_text(texts: TextBatch) -> np.ndarray:
    """Return bool [num_code_points + 1]: whether a text starts or the last text ends here."""
    first = np.zeros(len(texts.code_points) + 1, dtype=bool)
    first[texts.offsets] = True
    return first


def _in_texts(
    texts: TextBatch, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return starts and ends relative to each text, and the number of runs per text."""
    counts = np.diff(np.searchsorted(starts, texts.offsets))
    text_start = np.repeat(texts.offsets[:-1], counts)
    return starts - text_start, ends - text_start, counts


def _runs(inside: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return starts and ends of the maximal runs of `inside` [n]; `first` [n + 1] splits runs."""
    continues = np.zeros(len(inside) + 1, dtype=bool)
    continues[1:-1] = inside[1:] & inside[:-1] & ~first[1:-1]
    return np.flatnonzero(inside & ~continues[:-1]), np.flatnonzero(inside & ~continues[1:]) + 1
