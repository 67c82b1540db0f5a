from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.text import batch
from vitrina.text.batch import TextBatch, offsets_of, pieces

strings_of = st.lists(
    st.text(st.one_of(st.characters(), st.sampled_from("а\ud83d\ude00")), max_size=6), max_size=12
)
sizes = st.integers(1, 10)


@given(strings_of, sizes, st.data())
def test_batch_round_trip_take_and_part(strings: list[str], size: int, data: st.DataObject) -> None:
    texts = TextBatch.from_strings(strings)
    indices = data.draw(st.lists(st.integers(0, len(strings) - 1)) if strings else st.just([]))
    start = data.draw(st.integers(0, len(strings)))
    stop = data.draw(st.integers(start, len(strings)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "PIECE", size)
        assert texts.to_strings() == list(texts) == strings
        taken = texts.take(np.array(indices, dtype=np.int64)).to_strings()
    assert taken == [strings[i] for i in indices]
    assert texts.part(start, stop).to_strings() == strings[start:stop]
    assert texts.lengths.tolist() == list(map(len, strings))


@given(st.lists(st.integers(0, 12)), sizes)
def test_pieces_cover_every_row_once_within_the_size_limit(lengths: list[int], size: int) -> None:
    offsets = offsets_of(lengths)
    assert offsets.tolist() == [sum(lengths[:i]) for i in range(len(lengths) + 1)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "PIECE", size)
        cut = pieces(offsets)
    assert cut[0][0] == 0 and cut[-1][1] == len(lengths)
    assert all(before[1] == after[0] for before, after in pairwise(cut))
    for start, stop in cut:
        assert sum(lengths[start : stop - 1]) < size or sum(lengths[start:stop]) <= size
