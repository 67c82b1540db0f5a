"""Tests of cutting texts into words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deobfuscation.test_word_prior import prior_of
from vitrina.deobfuscation.word_cutter import CutWords, WordCutter, cut_words

LETTERS = " ,*абвгде0123456789"
CODES = {letter: number for number, letter in enumerate(LETTERS)}
IS_LETTER = np.array([each.isalpha() for each in LETTERS])
VOCABULARY = ["где", "баба", "вега", "бег", "вебе"]
KNOWN = [[CODES[letter] for letter in word] for word in VOCABULARY for _ in range(5)]
PRIOR = prior_of(KNOWN, IS_LETTER)


def cut(text: str) -> CutWords:
    codes = np.array([CODES[each] for each in text], dtype=np.int64)
    sign = np.array([each in ",*" for each in text], dtype=bool)
    word_of, kept = cut_words(codes, np.array([len(text)]), sign_N=sign, join_spaced=True)
    digit = np.array([each.isdigit() for each in text], dtype=bool)
    separator = np.array([each == "," for each in text], dtype=bool)
    return CutWords(codes, word_of, kept, digit, separator, np.array([len(text)]))


def words_of(cut: CutWords) -> list[str]:
    """Return the letters of each word."""
    words: dict[int, str] = {}
    for code, word, kept in zip(cut.codes, cut.word_of.tolist(), cut.kept, strict=True):
        if kept:
            words[word] = words.get(word, "") + LETTERS[code]
    return list(words.values())


def cut_twice(text: str, honest: str = "") -> list[str]:
    cutter = WordCutter(PRIOR, blank_score=-2.0)
    split = cutter.split(cut(text))
    is_honest = [word in honest.split() for word in words_of(split)]
    first = np.cumsum(np.diff(split.word_of, prepend=-1) != 0) - 1
    places = np.array(is_honest, dtype=bool)[first.clip(max=len(is_honest) - 1)]
    return words_of(cutter.join(split, places & split.kept))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("где,баба", ["где", "баба"]),  # both are known words
        ("ба,ба", ["баба"]),
        ("г,д,е", ["где"]),  # pieces of one letter
        ("где*баба", ["гдебаба"]),  # a sign that separates no words
        ("где,абаба", ["гдеабаба"]),  # an unknown piece
        ("12где", ["12", "где"]),
        ("где12", ["где", "12"]),
        ("где,1", ["где", "1"]),
        ("5где", ["5где"]),  # may be a letter
        ("5г", ["5", "г"]),
        ("1г2д3е", ["1г2д3е"]),
        ("12,34", ["1234"]),
        ("ба ба", ["баба"]),
        ("г де", ["где"]),
        ("г, де", ["г", "де"]),  # not across a sign
        ("где баба", ["где", "баба"]),
        ("ве ге", ["ве", "ге"]),  # not a known word
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert cut_twice(text) == words


def test_honest_words_are_not_joined_among_themselves() -> None:
    assert cut_twice("ба ба", honest="ба") == ["ба", "ба"]
    assert cut_twice("г де", honest="де") == ["где"]


@given(st.text(alphabet=LETTERS, max_size=12), st.text(alphabet=LETTERS, max_size=12))
def test_texts_are_cut_alone(first: str, second: str) -> None:
    parts = [cut(text) for text in (first, second)]
    cutter = WordCutter(PRIOR, blank_score=-2.0)
    together = cutter.split(CutWords.join(parts))
    together = cutter.join(together, np.zeros(len(together.codes), dtype=bool))
    alone = []
    for part in parts:
        split = cutter.split(part)
        alone += words_of(cutter.join(split, np.zeros(len(split.codes), dtype=bool)))
    assert words_of(together) == alone
    assert (np.diff(together.word_of[together.kept]) >= 0).all()
    for text in (0, 1):  # no glyph belongs to a word of the other text
        own = set(together.word_of[(together.text_of == text) & (together.codes != 0)])
        other = set(together.word_of[(together.text_of != text) & (together.codes != 0)])
        assert not own & other
