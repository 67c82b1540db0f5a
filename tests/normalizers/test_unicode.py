import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vitrina.normalizers.base import NoNormalizer
from vitrina.normalizers.unicode import INVISIBLE, UnicodeNormalizer, normalize
from vitrina.text.batch import TextBatch

unicode = UnicodeNormalizer()
special = st.sampled_from(
    "еﬁ①ﾊﾞ\u0308\u0323\u200b\ufe0f\u00ad\ud800\u1100\u1161\u11a8각Ⓐ㎏\U000e0041😀"
)
anything = st.text(
    st.one_of(st.characters(), special, st.characters(max_codepoint=0x3FF)), max_size=20
)


@given(st.lists(anything, max_size=6))
def test_batch_equals_single_texts(strings: list[str]) -> None:
    assert unicode(TextBatch.from_strings(strings)).to_strings() == [normalize(s) for s in strings]


@given(anything)
def test_result_is_nfkc_visible_and_idempotent(text: str) -> None:
    normal = normalize(text)
    assert normalize(normal) == normal
    assert unicodedata.is_normalized("NFKC", normal)
    assert not any(first <= ord(c) <= last for c in normal for first, last in INVISIBLE)


@given(anything)
def test_offsets_map_characters_to_their_source(text: str) -> None:
    normal, offsets = unicode.with_offsets(text)
    assert normal == normalize(text)
    assert len(offsets) == len(normal)
    assert (np.diff(offsets.starts) >= 0).all()
    assert (np.diff(offsets.ends) >= 0).all()
    for position, character in enumerate(normal):
        start, end = offsets.to_original(position, position + 1)
        assert character in normalize(text[start:end])


def test_invisible_characters_and_compatibility_forms_are_normalized() -> None:
    texts = ["д\u200bу\u00adр\u2060а\ufe0fк", "\u202eдура\U000e0041к", "ｄｕｒａｋ", "ё", "е\u0308"]
    normal = unicode(TextBatch.from_strings(texts)).to_strings()
    assert normal == ["дурак", "дурак", "durak", "ё", "ё"]


def test_clean_batch_is_returned_unchanged() -> None:
    texts = TextBatch.from_strings(["простой текст", "ё и й"])
    assert unicode(texts) is texts


@given(anything)
def test_identity_normalizer_changes_nothing(text: str) -> None:
    none = NoNormalizer()
    texts = TextBatch.from_strings([text])
    assert none(texts) is texts
    same, offsets = none.with_offsets(text)
    assert same == text
    assert offsets.to_original(0, len(text)) == (0, len(text))
