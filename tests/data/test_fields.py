from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.data.fields import RowError, brief, label_name, label_of, text_of, value_name

ONE = [1, 1.0, True, "1", " 1 ", "1.0", "true", "True"]
ZERO = [0, 0.0, False, "0", "0.00", "false", "FALSE "]
NO_LABELS = [None, "", "  ", 0.5, [], {}, float("nan"), float("inf"), 10**18]


@pytest.mark.parametrize(("values", "name"), [(ONE, "1"), (ZERO, "0"), ([-3, "-3", -3.0], "-3")])
def test_equivalent_values_have_the_same_label_name(values: list[Any], name: str) -> None:
    assert {label_of({"toxic": value}, "toxic") for value in values} == {name}


def test_other_label_names_are_unchanged() -> None:
    for name in ("грубо", "1.5", "0x1", "1,0", "-", "٣"):
        assert label_name(name) == name


@pytest.mark.parametrize("value", NO_LABELS, ids=repr)
def test_invalid_labels_raise_an_error(value: Any) -> None:
    with pytest.raises(RowError, match=r"^the field 'toxic' is not a label but .*whole number"):
        label_of({"toxic": value}, "toxic")


def test_values_that_are_not_text_raise_an_error() -> None:
    assert text_of({"text": ""}, "text") == ""
    for value, written in ((5, "5"), (None, "null"), (["а"], '["\\u0430"]')):
        with pytest.raises(RowError) as caught:
            text_of({"text": value}, "text")
        assert str(caught.value) == f"the field 'text' is not text but {written}"


def test_error_for_a_missing_field_names_the_fields() -> None:
    for get in (text_of, label_of):
        with pytest.raises(RowError) as caught:
            get({"b": 1, "a\nb": 1, "c" * 100: 1}, "text")
        assert str(caught.value) == "no field 'text'; the fields are: a\\nb, b, " + "c" * 57 + "..."
        with pytest.raises(RowError, match="the fields are: none"):
            get({}, "text")


def test_value_name_of_equivalent_values() -> None:
    pairs = [(0.5, "0.5"), (10**20, str(10**20)), (True, "1"), (None, "null"), ("detox ", "detox")]
    for value, written in pairs:
        assert value_name(value) == value_name(written)
    assert value_name("") == "" != value_name(None)


@given(st.text(st.characters()))
def test_brief_names_are_short_and_have_one_line(name: str) -> None:
    shown = brief(name)
    assert len(shown) <= 60
    assert len(shown.splitlines()) <= 1
    if name.isprintable() and len(name) <= 60:
        assert shown == name
