from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.data import chunks
from vitrina.data.chunks import ChunkBuilder
from vitrina.data.splits import near_duplicate_hashes
from vitrina.text.batch import TextBatch

texts = st.text(st.one_of(st.characters(), st.sampled_from("аА1 \ud83d\ude00")), max_size=8)
groups = st.one_of(st.none(), st.sampled_from(["", "а", "б", "\ud800"]))
entries = st.lists(st.tuples(texts, st.integers(0, 2), groups), max_size=12)


def build_chunk(rows: list[tuple[str, int, str | None]]) -> ChunkBuilder:
    builder = ChunkBuilder()
    for number, (text, label, group) in enumerate(rows):
        row: dict[str, Any] = {"n": number, "first": text[:1]}
        builder.append(text, label, group, row)
    return builder


@given(entries, st.integers(1, 200), st.data())
def test_materialize_moves_rows_to_splits_for_any_block_size(
    rows: list[tuple[str, int, str | None]], block_bytes: int, data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "BLOCK_BYTES", block_bytes)
        builder = build_chunk(rows)
        assert len(builder) == len(rows)
        chunk = builder.chunk()
    split_of = [data.draw(st.integers(-1, 2)) for _ in rows]
    splits = chunk.materialize(np.array(split_of, dtype=np.int64), 3)
    assert chunk.texts == [] and chunk.rows == []
    for split, (found, found_rows, _) in enumerate(splits):
        expected = [number for number, other in enumerate(split_of) if other == split]
        assert found.to_strings() == [rows[number][0] for number in expected]
        assert [row["n"] for row in found_rows] == expected
        assert [row["first"] for row in found_rows] == [rows[number][0][:1] for number in expected]


@given(entries, st.integers(1, 200))
def test_chunk_columns_for_any_block_size(
    rows: list[tuple[str, int, str | None]], block_bytes: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "BLOCK_BYTES", block_bytes)
        chunk = build_chunk(rows).chunk()
    texts = TextBatch.from_strings([text for text, _, _ in rows])
    assert chunk.labels.tolist() == [label for _, label, _ in rows]
    assert chunk.letters.tolist() == near_duplicate_hashes(texts).tolist()
    numbers = chunk.groups.tolist()
    for i, (_, _, group) in enumerate(rows):
        equal_numbers = [k for k, other in enumerate(numbers) if other == numbers[i]]
        same_group = [k for k, (_, _, other) in enumerate(rows) if other == group]
        assert equal_numbers == ([i] if group is None else same_group)
