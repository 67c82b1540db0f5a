import re

from hypothesis import given
from hypothesis import strategies as st

from vitrina.text.edits import edited, substitute


@given(st.text("ab ", max_size=12), st.text("abx", max_size=3))
def test_substitute_equals_re_sub(text: str, new: str) -> None:
    pattern = re.compile("ab|a")
    assert substitute(text, pattern, lambda match: new)[0] == pattern.sub(new, text)


@given(st.text("abc", max_size=10), st.data())
def test_edits_equal_slices(text: str, data: st.DataObject) -> None:
    """The slow reference replaces from the right, one edit at a time."""
    bounds = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = list(zip(bounds[::2], bounds[1::2], strict=False))
    edits = [(a, b, data.draw(st.text("xy", max_size=2))) for a, b in spans]
    expected = text
    origins = [(i, i + 1) for i in range(len(text))]
    for a, b, new in reversed(edits):
        expected = expected[:a] + new + expected[b:]
        origins[a:b] = [(a, b)] * len(new)
    got, offsets = edited(text, edits)
    assert got == expected
    assert list(zip(offsets.starts.tolist(), offsets.ends.tolist(), strict=True)) == origins
    assert offsets.length == len(text)


def test_a_kept_end_maps_to_itself() -> None:
    _, offsets = edited("a.b!", [(0, 4, "b!")])
    assert offsets.to_original(0, 1) == (2, 3)
