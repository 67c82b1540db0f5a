import re

from hypothesis import given
from hypothesis import strategies as st

from vitrina.text.edits import substitute
from vitrina.text.offsets import OffsetMap


def test_identity() -> None:
    same = OffsetMap.identity(3)
    assert [same.to_original(i, j) for i in range(4) for j in range(i, 4)] == [
        (i, j) for i in range(4) for j in range(i, 4)
    ]


@given(st.text("abx ", max_size=12))
def test_compose_equals_two_maps_in_sequence(text: str) -> None:
    middle, first = substitute(text, re.compile("a"), lambda match: "bb")
    latest, second = substitute(middle, re.compile("bx|b(?= )"), lambda match: "")
    whole = second.compose(first)
    assert len(whole) == len(latest)
    for start in range(len(latest) + 1):
        for end in range(start + 1, len(latest) + 1):
            assert whole.to_original(start, end) == first.to_original(
                *second.to_original(start, end)
            )
    for position, character in enumerate(latest):
        start, end = whole.to_original(position, position + 1)
        assert text[start:end] in ({"a", "b"} if character == "b" else {character})


def test_empty_spans_map_to_positions() -> None:
    _, offsets = substitute("xaay", re.compile("aa"), lambda match: "")
    assert offsets.to_original(1, 1) == (3, 3)
    assert offsets.to_original(2, 2) == (4, 4)
    assert offsets.to_original(0, 2) == (0, 4)
