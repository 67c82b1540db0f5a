"""Words as they are written, and which spans overlap, against slow and obvious forms."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
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


def test_words_of_ordinary_and_of_noisy_texts() -> None:
    assert words_of("скотина!", "", " ", "нет,дурак… какой-то (3.5) :)") == [
        ["скотина", "!"],
        [],
        [],
        ["нет", ",", "дурак", "…", "какой-то", "(", "3.5", ")", ":)"],
    ]
    assert words_of("}|{0па! п*зда ж.па цuu,") == [["}|{0па", "!", "п*зда", "ж.па", "цuu", ","]]


@settings(deadline=None)
@given(st.lists(texts_with_signs, max_size=4), st.integers(1, 8))
def test_words_equal_those_of_each_text_alone(strings: list[str], piece: int) -> None:
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


@settings(deadline=None)
@given(st.integers(0, 4).flatmap(lambda n: st.tuples(spans_of_texts(n), spans_of_texts(n))))
def test_overlaps_equal_comparing_all_with_all(both: tuple[Spans, Spans]) -> None:
    these, others = both
    wanted = [
        (i, k, min(a[2], b[2]) - max(a[1], b[1]))
        for i, a in enumerate(listed(these))
        for k, b in enumerate(listed(others))
        if a[0] == b[0] and min(a[2], b[2]) > max(a[1], b[1])
    ]
    found = zip(*(column.tolist() for column in overlaps(these, others)), strict=True)
    assert list(found) == wanted
    labels = []
    for i in range(len(these)):
        sizes = {k: size for mine, k, size in wanted if mine == i}
        best = max(sizes, key=lambda k: (sizes[k], -k), default=None)
        labels.append(0 if best is None else int(others.labels[best]))
    assert labels_by_overlap(these, others).tolist() == labels


@given(st.integers(1, 4).flatmap(spans_of_texts), st.data())
def test_spans_are_taken_by_text(spans: Spans, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, spans.num_texts - 1), max_size=4))
    taken = spans.take(np.array(chosen, dtype=np.int64))
    texts = [[(start, end) for of, start, end in listed(spans) if of == text] for text in chosen]
    assert [(start, end) for _, start, end in listed(taken)] == [s for text in texts for s in text]
    assert taken.counts.tolist() == list(map(len, texts))
    kept = spans.lengths > 0
    assert listed(spans.keep(kept)) == [span for span in listed(spans) if span[1] < span[2]]
    halves = [spans.part(0, 1), spans.part(1, spans.num_texts)]
    assert listed(Spans.join(halves)) == listed(spans)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=6))
def test_a_span_goes_to_a_later_form_by_its_code_points(steps: list[tuple[int, int]]) -> None:
    origin: list[tuple[int, int]] = []  # of each code point of the later form
    length = 0
    for taken, made in steps:  # `taken` code points became `made`
        origin += [(length, length + taken)] * made
        length += taken
    columns_ = np.array(origin, dtype=np.int64).reshape(-1, 2).T
    back = OffsetMap(columns_[0], columns_[1], length)
    for start in range(length):
        for end in range(start + 1, length + 1):
            first, behind = back.from_original(start, end)
            touched = [i for i, (a, b) in enumerate(origin) if a < end and b > start]
            inside = list(range(first, behind))
            assert set(touched) <= set(inside)
            # What was inserted between two that came from the span may lie in it as well.
            assert all(origin[i][0] == origin[i][1] for i in set(inside) - set(touched))
