import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.normalizers.build import build_normalizer
from vitrina.normalizers.config import ConfusablesNormalizerConfig
from vitrina.normalizers.confusables import CYRILLIC, confusable_with
from vitrina.text.batch import TextBatch

confusables = build_normalizer(ConfusablesNormalizerConfig(kind="confusables"))
tricky = st.sampled_from("аоехрсутпжйкабвгдшЖНaoexpcythkbinrwINW036αοɡʜ\u0301\u0306\u200b’- _.é")
anything = st.text(st.one_of(tricky, tricky, st.characters()), max_size=20)


def normal(text: str) -> str:
    return confusables(TextBatch.from_strings([text])).to_strings()[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("жοпа и xyй", "жопа и хуй"),
        ("ЖOПA", "ЖОПА"),
        ("0пять 3аписал х0рoшо кин0", "опять записал хорошо кино"),
        ("в 10 раз, 3й, 10го, 3D", "в 10 раз, 3й, 10го, 3D"),
        ("I went to the cop", "I went to the cop"),
        ("купил PC на Windows", "купил PC на Windows"),
        ("он xop", "он хор"),
        ("xop", "xop"),
        ("pаypal Windоws", "paypal Windows"),
        ("вся хуeta", "вся хуеtа"),
        ("bляdь", "bляdь"),
        ("нема менi", "нема мені"),
        ("ʜет", "нет"),
        ("α и β", "α и β"),
    ],
)
def test_confusables_take_the_script_of_their_word(text: str, expected: str) -> None:
    assert normal(text) == expected


@given(st.lists(anything, max_size=5))
def test_result_does_not_depend_on_the_batch_and_is_idempotent(strings: list[str]) -> None:
    once = confusables(TextBatch.from_strings(strings)).to_strings()
    assert once == [normal(string) for string in strings]
    assert confusables(TextBatch.from_strings(once)).to_strings() == once


@given(anything)
def test_result_is_nfkc_and_offsets_are_valid(text: str) -> None:
    result, offsets = confusables.with_offsets(text)
    assert result == normal(text)
    assert unicodedata.is_normalized("NFKC", result)
    assert (np.diff(offsets.starts) >= 0).all()
    assert (np.diff(offsets.ends) >= 0).all()
    for position in range(len(result)):
        start, end = offsets.to_original(position, position + 1)
        assert 0 <= start < end <= len(text)


def test_plain_cyrillic_is_unchanged() -> None:
    alphabet = CYRILLIC + " " + CYRILLIC.upper()
    assert normal(alphabet) == alphabet


def test_confusables_of_a_letter_include_latin_and_greek() -> None:
    assert {"о", "o", "ο"} <= set(confusable_with("о"))
