"""Retrieval of the imitated letter, compared with counts by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from tools.glyph_encoder.retrieval import Retrieval, imitated, retrieve, retrieve_by_confusables
from vitrina.noise.tables import ALPHABET, seen_glyphs
from vitrina.normalizers.confusables import unseen_confusables

PLACES = {
    "а": [1.0, 0.0],
    "б": [0.0, 1.0],
    "Б": [-1.0, 0.0],
    "1": [0.9, 0.3],  # nearest to а
    "2": [-5.0, 1.0],  # nearest to Б
    "3": [0.5, 0.6],  # nearest to б
}


def places(glyphs: Sequence[str]) -> np.ndarray:
    return np.array([PLACES[glyph] for glyph in glyphs])


def test_the_nearest_letter_is_found() -> None:
    found = retrieve({"а": ["1", "3"], "б": ["2"], "Б": []}, places)
    # 1 is nearest to а; 2 to Б, the upper case of б; 3 to б, but а is correct.
    assert found == Retrieval(pytest.approx(2 / 3), 1.0, 3)


def test_a_glyph_may_imitate_several_letters() -> None:
    assert imitated({"а": ["1"], "Б": ["1", "2"]}) == {"1": {"а", "б"}, "2": {"б"}}
    assert retrieve({"а": ["1"], "б": ["1"]}, places) == Retrieval(1.0, 1.0, 1)


def test_norms_of_features_do_not_matter() -> None:
    rows = {"а": ["1", "3"], "б": ["2"]}
    assert retrieve(rows, lambda glyphs: 7 * places(glyphs)) == retrieve(rows, places)


def test_top_5_uses_five_letters() -> None:
    circle = {letter: (np.cos(k), np.sin(k)) for k, letter in enumerate("абвгдеж")}
    points = circle | {"*": circle["а"]}  # г is farthest from а, в is the fifth: а ж б е в
    rows = {letter: [] for letter in "абвгдеж"}

    def features(glyphs: Sequence[str]) -> np.ndarray:
        return np.array([points[glyph] for glyph in glyphs])

    assert retrieve(rows | {"в": ["*"]}, features).top_5 == 1.0
    assert retrieve(rows | {"г": ["*"]}, features).top_5 == 0.0


def test_unicode_finds_listed_confusables() -> None:
    assert retrieve_by_confusables({"о": ["ο", "ж"], "а": ["ɑ"]}) == Retrieval(
        pytest.approx(2 / 3), pytest.approx(2 / 3), 3
    )
    unseen = unseen_confusables()
    assert retrieve_by_confusables(unseen).top_1 == 1.0
    glyphs = {glyph for alike in unseen.values() for glyph in alike}
    assert not glyphs & (seen_glyphs() | set(ALPHABET)) and len(glyphs) > 100
