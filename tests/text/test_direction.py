import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.text.direction import MAX_OVERRIDE, shown_order
from vitrina.text.edits import edited


def read(text: str) -> str:
    return edited(text, shown_order(text))[0]


@given(st.text("абв ,(", min_size=1, max_size=12), st.text("где ", max_size=5))
def test_an_override_shows_text_backwards(turned: str, after: str) -> None:
    backwards = turned[::-1].replace("(", ")")
    assert read(f"да \u202e{turned}\u202c{after}") == f"да {backwards}{after}"
    assert read(f"\u202e{turned}\n{after}") == f"{backwards}\n{after}"
    # An override inside an override reads forward, in its place.
    assert read(f"\u202e{turned}\u202d{after}\u202c\u202c") == after + backwards


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ду\u202cра\u200fк\u2067 да\u2069", "дурак да"),
        ("\u202eрак\u0438\u0306а", "аи\u0306кар"),  # a mark stays with its letter
        ("\u202eשלום\u202c", "שלום"),  # Hebrew is written in this direction anyway
        ("\u202dשלום\u202c", "םולש"),
        ("\u202e(да\u202c)", "ад)" + ")"),
        ("\u202e", ""),
    ],
)
def test_controls_vanish(text: str, shown: str) -> None:
    assert read(text) == shown


def test_an_override_is_bounded() -> None:
    long = "аб" * MAX_OVERRIDE
    turned = MAX_OVERRIDE - 1  # the control counts
    assert read(f"\u202e{long}") == long[:turned][::-1] + long[turned:]
    assert len(read("\u202e\u202d" * 3000 + "аб")) == 2
    text = "\u202eдурак\u202c"
    assert edited(text, shown_order(text))[1].to_original(1, 2) == (0, 7)
