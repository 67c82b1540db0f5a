from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data import chunks
from vitrina.data.chunks import ChunkBuilder
from vitrina.data.splits import near_duplicate_hashes
from vitrina.text.batch import TextBatch

texts = st.text(st.one_of(st.characters(), st.sampled_from("аА1 \ud83d\ude00")), max_size=8)
groups = st.one_of(st.none(), st.sampled_from(["", "а", "б", "\ud800"]))
entries = st.lists(st.tuples(texts, st.integers(0, 2), groups), max_size=12)


def built(rows: list[tuple[str, int, str | None]]) -> ChunkBuilder:
    builder = ChunkBuilder()
    for number, (text, label, group) in enumerate(rows):
        row: dict[str, Any] = {"n": number, "of": text[:1]}
        builder.append(text, label, group, row)
    return builder


@settings(deadline=None)
@given(entries, st.integers(1, 200), st.data())
def test_rows_are_dealt_whatever_the_size_of_blocks(
    rows: list[tuple[str, int, str | None]], block_bytes: int, data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "BLOCK_BYTES", block_bytes)
        builder = built(rows)
        assert len(builder) == len(rows)
        part = builder.chunk()
    to = [data.draw(st.integers(-1, 2)) for _ in rows]
    dealt = part.materialize(np.array(to, dtype=np.int64), 3)
    assert part.texts == [] and part.rows == []
    for split, (found, found_rows, _) in enumerate(dealt):
        expected = [number for number, of in enumerate(to) if of == split]
        assert found.to_strings() == [rows[number][0] for number in expected]
        assert [row["n"] for row in found_rows] == expected
        assert [row["of"] for row in found_rows] == [rows[number][0][:1] for number in expected]


@settings(deadline=None)
@given(entries, st.integers(1, 200))
def test_every_row_has_its_numbers(
    rows: list[tuple[str, int, str | None]], block_bytes: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "BLOCK_BYTES", block_bytes)
        part = built(rows).chunk()
    strings = [text for text, _, _ in rows]
    assert part.labels.tolist() == [label for _, label, _ in rows]
    assert part.letters.tolist() == near_duplicate_hashes(TextBatch.from_strings(strings)).tolist()
    found = part.groups.tolist()
    for i, (_, _, group) in enumerate(rows):
        alike = [k for k, other in enumerate(found) if other == found[i]]
        same = [k for k, (_, _, other) in enumerate(rows) if other == group]
        assert alike == ([i] if group is None else same)
