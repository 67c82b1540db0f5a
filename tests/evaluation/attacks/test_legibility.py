import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.evaluation.attacks.edits import legible_glyphs
from vitrina.evaluation.attacks.legibility import change, draw_columns, ink, visual_distance

drawn = st.text(alphabet="аоыЖщ0o|.\u200b\u0301 ♫", max_size=4)


def slow_change(before: str, after: str) -> int:
    """Compute the distance by its definition, with the full table."""
    a = draw_columns(before) if before else np.zeros((0, 32), dtype=np.int64)
    b = draw_columns(after) if after else np.zeros((0, 32), dtype=np.int64)
    table = np.zeros((len(a) + 1, len(b) + 1), dtype=np.int64)
    table[1:, 0], table[0, 1:] = np.cumsum(a.sum(axis=1)), np.cumsum(b.sum(axis=1))
    for i, one in enumerate(a, start=1):
        for j, other in enumerate(b, start=1):
            table[i, j] = min(
                table[i - 1, j - 1] + np.abs(one - other).sum(),
                table[i - 1, j] + one.sum(),
                table[i, j - 1] + other.sum(),
            )
    return int(table[-1, -1])


@pytest.mark.parametrize(
    ("before", "after"), [("о", "о."), ("ж", "}|{"), ("дом", "мод"), ("щит", ""), ("ы", "ь1")]
)
def test_change_matches_definition(before: str, after: str) -> None:
    assert change(before, after) == slow_change(before, after)


@given(drawn, drawn, drawn)
@settings(max_examples=40)
def test_change_is_metric(a: str, b: str, c: str) -> None:
    assert 0 <= visual_distance(a, b) <= 1
    assert visual_distance(a, b) == visual_distance(b, a)
    assert change(a, c) <= change(a, b) + change(b, c)
    assert change(a, b) >= abs(ink(a) - ink(b))


def test_change_does_not_depend_on_rest_of_word() -> None:
    assert change("дом", "дам") == change("о", "а") == change("слово", "слава") - change("о", "а")


def test_invisible_characters_are_free_and_deleted_letters_cost_their_ink() -> None:
    assert visual_distance("дом", "д\u200bо\u00adм") == 0
    assert change("дом", "дм") == ink("о")
    assert visual_distance("дом", "") == 1 and visual_distance("", "") == 0


def test_only_look_alikes_are_legible() -> None:
    assert visual_distance("о", "o") == 0
    assert legible_glyphs("о", ["o", "0", "♫"], 0.55) == ["o", "0"]
    assert legible_glyphs("ж", ["♫", "җ", "}|{"], 0.55) == ["җ", "}|{"]
