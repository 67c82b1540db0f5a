"""Tests of plain letters of styled and Latin letters."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.deobfuscation.plain_letters import plain_letter, transliterations


@pytest.mark.parametrize(
    ("styled", "plain"),
    [
        ("\N{MATHEMATICAL FRAKTUR SMALL A}", "a"),
        ("\N{CIRCLED LATIN SMALL LETTER A}", "a"),
        ("\N{NEGATIVE SQUARED LATIN CAPITAL LETTER A}", "A"),
        ("\N{REGIONAL INDICATOR SYMBOL LETTER A}", "A"),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}", "a"),
        ("\N{LATIN LETTER SMALL CAPITAL A}", "A"),
        ("\N{MODIFIER LETTER SMALL A}", "a"),
        ("\N{CIRCLED DIGIT THREE}", "3"),
        ("а\N{COMBINING LONG STROKE OVERLAY}", "а"),
        ("й\N{COMBINING LONG STROKE OVERLAY}", "й"),
        ("a", ""),
        ("й", "и"),
        ("@", ""),
        ("\N{SNOWMAN}", ""),
    ],
)
def test_plain_letters(styled: str, plain: str) -> None:
    assert plain_letter(styled) == plain


@given(st.characters(exclude_categories=["Cs"]))
def test_a_plain_letter_is_one_letter_or_digit_without_marks(character: str) -> None:
    plain = plain_letter(character)
    assert plain == "" or (len(plain) == 1 and plain.isalnum() and plain != character)
    assert all(unicodedata.category(each)[0] != "M" for each in plain)


def test_transliterations() -> None:
    assert list(transliterations("sh")) == ["ш"]
    assert transliterations("ZH") == transliterations("zh")
    assert transliterations("h")["х"] > transliterations("w")["у"]
    assert not transliterations("ж") and not transliterations("shchx")
