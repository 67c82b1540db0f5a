import math

from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.tasks.ocr.error_rate import character_error_rate


def slow_distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


pairs = st.tuples(st.text("абв \U00013000", max_size=8), st.text("абв \U00013000", max_size=8))


@settings(max_examples=30)
@given(st.lists(pairs, max_size=5))
def test_the_rate_pools_all_texts(texts: list[tuple[str, str]]) -> None:
    read, wanted = [a for a, _ in texts], [b for _, b in texts]
    found, length = character_error_rate(read, wanted), sum(map(len, wanted))
    if length == 0:
        assert math.isnan(found)
    else:
        assert found == sum(slow_distance(a, b) for a, b in texts) / length
