"""Words of texts, in columns: runs of letters, and whatever white space separates.

Noise works on runs of letters (`find_words`): letters, digits and combining marks (Unicode
categories L, N and M), joined by apostrophes between two of them («об'єкт», "don't"). A hyphen or
an underscore ends a word: «какой-то» is two.

A word that noise has changed is no such run any more (`}|{0па`, `ж*па`), so models that label words
take what white space separates (`written_words`). Punctuation at both ends of it is a word of its
own, and so are signs that separate words anywhere («нет,дурак»).
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np

from vitrina.text.batch import NUM_CODE_POINTS, TextBatch, pieces
from vitrina.text.spans import Spans

APOSTROPHES = "'`ʼ’"
AT_ENDS = ".'’‘-–—()[]/\\"
"""Signs that are separated from a word at its ends, but not within: there they may replace a letter
or belong to the word (`какой-то`)."""
ANYWHERE = ',;:!?…"«»„“”'
"""Signs that end a word anywhere."""
_LETTER, _AT_ENDS, _ANYWHERE, _SPACE = range(4)


class Words(Spans):
    """Words of texts; the label 1 marks those that the lexicon calls toxic, once it has judged."""

    @property
    def toxic(self) -> np.ndarray:
        """bool [num_words]."""
        return self.labels > 0


@cache
def _character_classes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three tables, bool [0x110000]: code points of words, letters, combining marks."""
    first = [unicodedata.category(chr(code))[0] for code in range(NUM_CODE_POINTS)]
    kinds = np.array(first, dtype="U1")
    letters, marks = kinds == "L", kinds == "M"
    return letters | (kinds == "N") | marks, letters, marks


def is_letter(code_points: np.ndarray) -> np.ndarray:
    """bool, of the shape of `code_points`: which are letters (Unicode category L)."""
    return _character_classes()[1][code_points]


def is_mark(code_points: np.ndarray) -> np.ndarray:
    """bool, of the shape of `code_points`: which are combining marks (category M)."""
    return _character_classes()[2][code_points]


def find_words(texts: TextBatch) -> Words:
    """The runs of letters of all texts, not yet marked as toxic."""
    return Words.join([_find_words(texts.part(*piece)) for piece in pieces(texts.offsets)])


def _find_words(texts: TextBatch) -> Words:
    """The runs of letters of texts that are few enough for one pass."""
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
    """uint8 [0x110000]: what each code point is to a word."""
    kinds = np.zeros(NUM_CODE_POINTS, dtype=np.uint8)
    for kind, signs in ((_AT_ENDS, AT_ENDS), (_ANYWHERE, ANYWHERE)):
        kinds[[ord(sign) for sign in signs]] = kind
    # All white space of Unicode is below U+3001; the empty braille pattern looks like it.
    kinds[[code for code in range(0x3001) if chr(code).isspace() or code == 0x2800]] = _SPACE
    return kinds


def written_words(texts: TextBatch) -> Spans:
    """The words of all texts and the signs between them, without labels."""
    return Spans.join([_written_words(texts.part(*piece)) for piece in pieces(texts.offsets)])


def _written_words(texts: TextBatch) -> Spans:
    """The words of texts that are few enough for one pass."""
    kinds = _kinds()[texts.code_points]
    inside = kinds != _SPACE
    first_of_text = _first_of_text(texts)
    starts, ends = _runs(inside, first_of_text)  # of the stretches without white space
    letters = np.append(0, np.cumsum(kinds == _LETTER))  # before each place
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
    """bool [num_code_points + 1]: whether a text begins, or all end, at each place."""
    first = np.zeros(len(texts.code_points) + 1, dtype=bool)
    first[texts.offsets] = True
    return first


def _in_texts(
    texts: TextBatch, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Starts and ends counted from the start of each text, and the number of each text's runs."""
    counts = np.diff(np.searchsorted(starts, texts.offsets))
    text_start = np.repeat(texts.offsets[:-1], counts)
    return starts - text_start, ends - text_start, counts


def _runs(inside: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends of the maximal runs of `inside` [n]; where `first` [n + 1], one begins."""
    continues = np.zeros(len(inside) + 1, dtype=bool)
    continues[1:-1] = inside[1:] & inside[:-1] & ~first[1:-1]
    return np.flatnonzero(inside & ~continues[:-1]), np.flatnonzero(inside & ~continues[1:]) + 1
