"""Tests of other readings of improbable words."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.deobfuscation.test_word_prior import prior_of
from vitrina.deobfuscation.other_readings import LAYOUT, OtherReadings

LETTERS = "?_абвгдежзийклмнопрстуфхцчшщъыьэюяё"
WORDS = ["привет", "дела", "хорошо", "мама"]
PRIOR = prior_of(
    [[LETTERS.index(letter) for letter in word] for word in WORDS for _ in range(50)],
    np.ones(len(LETTERS), dtype=bool),
)
BOOK: Any = SimpleNamespace(
    code=lambda letter: max(LETTERS.find(letter), 1),
    contains=lambda cluster: cluster in LETTERS[2:],
)


def read(text: str, score: float = -3.0) -> str:
    """Return the other reading of a word, or "" without one."""
    codes = [max(LETTERS.find(each), 0) for each in text]
    kept = [each.isalnum() for each in text]
    scores = PRIOR.log_p_of(np.array(codes), np.array([0]))
    found = OtherReadings(BOOK, PRIOR, score)([(list(text), codes, kept)], scores)
    if not found:
        return ""
    assert list(found[0].places) == sorted(found[0].places)
    assert len(found[0].places) == len(found[0].codes) and found[0].score > scores[0]
    return "".join(LETTERS[code] for code in found[0].codes)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("тевирп", "привет"),
        ("ghbdtn", "привет"),  # typed in the US layout
        ("[jhjij", "хорошо"),  # a sign is a key of a letter
        ("приdtn", "привет"),  # half of it
        ("дxеxлxа", "дела"),
        ("abcприветxyz", "привет"),
        ("7привет", "привет"),
        ("привет", ""),
        ("ad", ""),
        ("😀😀😀", ""),
    ],
)
def test_readings(text: str, reading: str) -> None:
    assert read(text) == reading


def test_a_rare_reading_needs_a_higher_gain() -> None:
    assert read("тевирп", score=-3.0) == "привет"
    assert read("тевирп", score=-1000.0) == ""


def test_highest_score_is_a_bound() -> None:
    others = OtherReadings(BOOK, PRIOR, -3.0)
    codes = [LETTERS.index(letter) for letter in "тевирп"]
    word = (list("тевирп"), codes, [True] * 6)
    assert not others([word], np.array([others.highest_score]))


def test_the_layout_has_every_russian_letter() -> None:
    assert set(LAYOUT.values()) == set("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")


def test_no_words() -> None:
    assert OtherReadings(BOOK, PRIOR, -3.0)([], np.zeros(0)) == {}
