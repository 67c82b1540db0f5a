"""Tests of the segmentation of texts into glyphs."""

import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vitrina.glyphs.segmentation import BASE, BLANK, INVISIBLE, MARK, kind_of, segment
from vitrina.text.batch import TextBatch


def clusters_of(text: str) -> list[str]:
    tokens = segment(TextBatch.from_strings([text]))
    return [tokens.clusters[i] for i in tokens.ids]


def slow_clusters(text: str) -> list[str]:
    """Segment a text character by character."""
    clusters: list[str] = []
    for character in text:
        kind = kind_of(ord(character))
        if kind == INVISIBLE:
            continue
        if kind == MARK and clusters:
            clusters[-1] += character
        elif kind == MARK:
            clusters.append(" " + character)
        else:
            clusters.append(" " if kind == BLANK else character)
    return clusters or [" "]


texts = st.lists(
    st.text(alphabet=st.one_of(st.characters(), st.sampled_from("аеё \u0301\u0336\u200b\ufe0f"))),
    min_size=1,
    max_size=5,
)


@given(texts)
def test_equals_the_slow_segmentation(strings: list[str]) -> None:
    tokens = segment(TextBatch.from_strings(strings))
    assert tokens.lengths.sum() == len(tokens.ids)
    assert (tokens.lengths >= 1).all()
    bounds = np.cumsum([0, *tokens.lengths])
    for i, text in enumerate(strings):
        found = [tokens.clusters[k] for k in tokens.ids[bounds[i] : bounds[i + 1]]]
        assert found == slow_clusters(text)


@given(texts)
def test_clusters_are_distinct_and_used(strings: list[str]) -> None:
    tokens = segment(TextBatch.from_strings(strings))
    assert len(set(tokens.clusters)) == len(tokens.clusters)
    assert set(tokens.ids) == set(range(len(tokens.clusters)))


def test_invisible_characters_are_dropped() -> None:
    assert clusters_of("ж\u200bо\u00adп\U000e0061а\ufe0f") == list("жопа")


def test_marks_belong_to_their_base() -> None:
    assert clusters_of("жо\u0301\u0336па") == ["ж", "о\u0301\u0336", "п", "а"]
    assert clusters_of("\u0301а") == [" \u0301", "а"]


def test_all_white_space_is_the_same_blank() -> None:
    assert clusters_of("а\u00a0б\u2003в\tг") == ["а", " ", "б", " ", "в", " ", "г"]


def test_an_invisible_text_is_one_blank() -> None:
    tokens = segment(TextBatch.from_strings(["", "а", "\u200b", ""]))
    assert tokens.lengths.tolist() == [1, 1, 1, 1]
    assert [tokens.clusters[i] for i in tokens.ids] == [" ", "а", " ", " "]


def test_kinds_of_plain_letters_and_digits() -> None:
    for character in "жЖaZ09!?—№":
        assert kind_of(ord(character)) == BASE, unicodedata.name(character)
