import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.text import batch
from vitrina.text.batch import TextBatch
from vitrina.text.words import APOSTROPHES, Words, find_words, is_letter

anything = st.text(
    st.one_of(st.characters(), st.sampled_from("аб'’ -_1\u0301\ud800😀")), max_size=30
)


def slow_words(text: str) -> list[tuple[int, int]]:
    def builds(character: str) -> bool:
        return unicodedata.category(character)[0] in "LNM"

    inside = [builds(character) for character in text]
    for i in range(1, len(text) - 1):
        if text[i] in APOSTROPHES and builds(text[i - 1]) and builds(text[i + 1]):
            inside[i] = True
    spans, start = [], None
    for i, flag in enumerate([*inside, False]):
        if flag and start is None:
            start = i
        elif not flag and start is not None:
            spans.append((start, i))
            start = None
    return spans


def spans(words: Words) -> list[list[tuple[int, int]]]:
    pairs = list(zip(words.starts.tolist(), words.ends.tolist(), strict=True))
    bounds = words.offsets.tolist()
    return [pairs[a:b] for a, b in pairwise(bounds)]


@given(st.lists(anything, max_size=6), st.sampled_from([5, batch.PIECE]))
def test_words_of_a_batch_equal_the_reference(strings: list[str], piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "PIECE", piece)
        found = find_words(TextBatch.from_strings(strings))
    assert spans(found) == [slow_words(text) for text in strings]


def test_words_as_documented() -> None:
    texts = TextBatch.from_strings(["что-то об'єкт 'да' не_х", "", "е\u0301ж №5"])
    words = find_words(texts)
    assert words.texts(texts).to_strings() == [
        *("что", "то", "об'єкт", "да", "не", "х"),
        *("е\u0301ж", "5"),
    ]
    assert not words.toxic.any()


@given(st.lists(anything, min_size=1, max_size=5), st.data())
def test_take_and_part_select_the_words_of_texts(strings: list[str], data: st.DataObject) -> None:
    places = st.integers(0, len(strings) - 1)
    indices = np.array(data.draw(st.lists(places, max_size=8)), dtype=np.int64)
    texts = TextBatch.from_strings(strings)
    words = find_words(texts)
    taken, found = words.take(indices), find_words(texts.take(indices))
    assert spans(taken) == spans(found)
    start, stop = sorted((data.draw(places), data.draw(places)))
    assert spans(words.part(start, stop)) == spans(words)[start:stop]


def test_is_letter() -> None:
    codes = np.array([ord(c) for c in "яZ5\u0301 !"])
    assert is_letter(codes).tolist() == [True, True, False, False, False, False]
