import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.rows import Rows, encode_row

odd = st.one_of(st.characters(), st.sampled_from('да\ud83d\ude00\u2028\n"\\'))
texts = st.text(odd, max_size=8)
numbers = st.one_of(st.integers(), st.floats(), st.integers(10**18, 10**30))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
# A JSON round trip gives rows that a file can contain: it joins surrogate pairs.
json_rows = st.dictionaries(texts, values, max_size=4).map(lambda row: json.loads(json.dumps(row)))
many_rows = st.lists(json_rows, max_size=5)


def text_of(rows: Any) -> str:
    """Return a string that is equal for equal rows, including NaN."""
    return json.dumps(list(rows))


@settings(max_examples=50)
@given(many_rows)
def test_rows_round_trip(rows: list[dict[str, Any]]) -> None:
    stored = Rows.from_dicts(rows)
    assert len(stored) == len(rows)
    assert text_of(stored) == text_of(rows)
    assert text_of(stored[i] for i in range(-len(rows), 0)) == text_of(rows)


@settings(max_examples=50)
@given(many_rows.filter(bool), st.data())
def test_take_gives_rows_in_the_order_of_the_indices(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    indices = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8))
    taken = Rows.from_dicts(rows).take(np.array(indices, dtype=np.int64))
    assert text_of(taken) == text_of(rows[i] for i in indices)


def test_an_index_out_of_range_raises_an_error() -> None:
    rows = Rows.from_dicts([{"a": 1}])
    for index in (1, -2):
        with pytest.raises(IndexError):
            rows[index]


def test_encoded_rows_are_compact() -> None:
    assert encode_row({"text": "да", "n": 1}) == '{"text":"да","n":1}'.encode()
