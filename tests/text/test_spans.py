"""Compare word spans and overlaps with slow reference implementations."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.text import batch
from vitrina.text.batch import TextBatch
from vitrina.text.offsets import OffsetMap
from vitrina.text.spans import Spans, labels_by_overlap, overlaps
from vitrina.text.words import ANYWHERE, AT_ENDS, written_words

texts_with_signs = st.text(
    st.one_of(st.sampled_from("аб }{|*.,!-'(»\n\u2800\u200b"), st.characters()), max_size=12
)


def words_of(*strings: str) -> list[list[str]]:
    texts = TextBatch.from_strings(strings)
    words = written_words(texts)
    return [
        words.take(np.array([i])).texts(texts.take([i])).to_strings() for i in range(len(texts))
    ]


def slow_words(text: str) -> list[tuple[int, int]]:
    anywhere, signs = re.escape(ANYWHERE), re.escape(ANYWHERE + AT_ENDS)
    found = []
    for stretch in re.finditer(r"[^\s\u2800]+", text):
        parts = re.fullmatch(f"([{signs}]*)(.*?)([{signs}]*)", stretch[0], re.S)
        assert parts is not None
        position = stretch.start()
        for part in (parts[1], *re.split(f"([{anywhere}]+)", parts[2]), parts[3]):
            if part:
                found.append((position, position + len(part)))
            position += len(part)
    return found


def test_words_of_ordinary_and_noisy_texts() -> None:
    assert words_of("скотина!", "", " ", "нет,дурак… какой-то (3.5) :)") == [
        ["скотина", "!"],
        [],
        [],
        ["нет", ",", "дурак", "…", "какой-то", "(", "3.5", ")", ":)"],
    ]
    assert words_of("}|{0па! п*зда ж.па цuu,") == [["}|{0па", "!", "п*зда", "ж.па", "цuu", ","]]


@given(st.lists(texts_with_signs, max_size=4), st.integers(1, 8))
def test_words_of_a_batch_equal_the_reference(strings: list[str], piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "PIECE", piece)
        words = written_words(TextBatch.from_strings(strings))
    found = list(zip(words.starts.tolist(), words.ends.tolist(), strict=True))
    assert found == [span for text in strings for span in slow_words(text)]
    assert words.counts.tolist() == [len(slow_words(text)) for text in strings]


@st.composite
def spans_of_texts(draw: st.DrawFn, num_texts: int) -> Spans:
    texts = []
    for _ in range(num_texts):
        ends = sorted(draw(st.lists(st.integers(0, 9), max_size=8)))
        pairs = zip(ends[::2], ends[1::2], strict=False)
        texts.append([(start, end, draw(st.integers(0, 3))) for start, end in pairs])
    return Spans.from_lists(texts)


def listed(spans: Spans) -> list[tuple[int, int, int]]:
    columns_ = (spans.text_indices(), spans.starts, spans.ends)
    return list(zip(*(column.tolist() for column in columns_), strict=True))


@given(st.integers(0, 4).flatmap(lambda n: st.tuples(spans_of_texts(n), spans_of_texts(n))))
def test_overlaps_equal_a_comparison_of_all_pairs(both: tuple[Spans, Spans]) -> None:
    first, second = both
    expected = [
        (i, k, min(a[2], b[2]) - max(a[1], b[1]))
        for i, a in enumerate(listed(first))
        for k, b in enumerate(listed(second))
        if a[0] == b[0] and min(a[2], b[2]) > max(a[1], b[1])
    ]
    found = zip(*(column.tolist() for column in overlaps(first, second)), strict=True)
    assert list(found) == expected
    labels = []
    for i in range(len(first)):
        sizes = {k: size for index, k, size in expected if index == i}
        best = max(sizes, key=lambda k: (sizes[k], -k), default=None)
        labels.append(0 if best is None else int(second.labels[best]))
    assert labels_by_overlap(first, second).tolist() == labels


@given(st.integers(1, 4).flatmap(spans_of_texts), st.data())
def test_take_keep_part_and_join(spans: Spans, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, spans.num_texts - 1), max_size=4))
    taken = spans.take(np.array(chosen, dtype=np.int64))
    texts = [[(start, end) for i, start, end in listed(spans) if i == text] for text in chosen]
    assert [(start, end) for _, start, end in listed(taken)] == [s for text in texts for s in text]
    assert taken.counts.tolist() == list(map(len, texts))
    kept = spans.lengths > 0
    assert listed(spans.keep(kept)) == [span for span in listed(spans) if span[1] < span[2]]
    halves = [spans.part(0, 1), spans.part(1, spans.num_texts)]
    assert listed(Spans.join(halves)) == listed(spans)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=6))
def test_from_original_covers_the_code_points_of_a_span(steps: list[tuple[int, int]]) -> None:
    origin: list[tuple[int, int]] = []  # per code point of the changed text
    length = 0
    for old, new in steps:  # `old` code points become `new` ones
        origin += [(length, length + old)] * new
        length += old
    columns_ = np.array(origin, dtype=np.int64).reshape(-1, 2).T
    back = OffsetMap(columns_[0], columns_[1], length)
    for start in range(length):
        for end in range(start + 1, length + 1):
            inside = set(range(*back.from_original(start, end)))
            touched = {i for i, (a, b) in enumerate(origin) if a < end and b > start}
            assert touched <= inside
            # The result may also contain insertions inside the span.
            assert all(origin[i][0] == origin[i][1] for i in inside - touched)
