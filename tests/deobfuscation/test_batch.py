"""Tests of deobfuscated texts, their offset maps and the cache of words."""

import json
import pickle
import re
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deobfuscation.test_word_deobfuscator import NOISE, SENTENCES, corpus_of, deobfuscator_of
from vitrina.deobfuscation.codes import CodesDeobfuscator
from vitrina.deobfuscation.config import CodesConfig
from vitrina.deobfuscation.words import WordDeobfuscator
from vitrina.text.batch import TextBatch

WORDS = deobfuscator_of(NOISE, spelling=True)
CODES = CodesDeobfuscator(CodesConfig(), CodesDeobfuscator.fit(CodesConfig(), corpus_of(NOISE)))
plain_of = st.lists(  # without one-letter words: three adjacent ones would be joined
    st.sampled_from([*re.findall(r"\S*\w\w\S*", " ".join(SENTENCES)), "", " ", "?!", "Мама"]),
    max_size=8,
).map(" ".join)
odd_of = st.text(st.sampled_from("жопаЖa0*. }|{z\u0301\u200b\n中👍й"), max_size=14)
texts_of = st.lists(st.one_of(plain_of, odd_of), min_size=1, max_size=5)


def deobfuscated(deobfuscator: CodesDeobfuscator, *strings: str) -> list[str]:
    return deobfuscator(TextBatch.from_strings(list(strings))).text().to_strings()


@pytest.mark.parametrize("deobfuscator", [WORDS, CODES], ids=["words", "codes"])
@given(text=plain_of)
def test_plain_text_is_unchanged(deobfuscator: CodesDeobfuscator, text: str) -> None:
    found = deobfuscator(TextBatch.from_strings([text]))
    assert found.text()[0] == text and not found.changed_W.any()


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("жοпa", "жопа"),  # Greek and Latin
        ("zhопа, Жοпa!", "жопа, Жопа!"),  # case and surrounding signs are kept
        ("(м.а.м.а) мыла", "(мама) мыла"),
        ("п р и в е т, как дела", "привет, как дела"),
        ("пр\u200bивет", "привет"),
        ("првет", "привет"),
        ("Привет, ппрриивет?", "Привет, привет?"),
        ("2024 год, :) cat", "2024 год, :) cat"),
    ],
)
def test_disguised_words_become_plain(disguised: str, plain: str) -> None:
    assert deobfuscated(WORDS, disguised) == [plain]


@given(texts_of)
def test_offsets_map_to_the_source(strings: list[str]) -> None:
    found = WORDS(TextBatch.from_strings(strings))
    texts = found.text().to_strings()
    for string, text, back in zip(strings, texts, found.offsets(), strict=True):
        assert len(back) == len(text) and back.length == len(string)
        for bounds in (back.starts, back.ends):
            assert (np.diff(bounds) >= 0).all()
            assert not len(bounds) or (bounds[0] >= 0 and bounds[-1] <= len(string))
        assert (back.starts <= back.ends).all()
    starts = found.start_L[np.flatnonzero(np.diff(found.word_L, prepend=-1))]
    assert (np.diff(starts) > 0).all() and (np.diff(found.word_L) <= 1).all()
    assert len(found.text_W) == len(found.changed_W) == len(found.gain_W) == len(starts)


def test_each_letter_maps_to_its_glyphs() -> None:
    text, back = WORDS.with_offsets("да zhопa, хорший")
    assert text == "да жопа, хороший"
    assert back.to_original(3, 7) == (3, 8) and back.to_original(3, 4) == (3, 5)
    assert back.to_original(9, 16) == (10, 16)
    assert back.to_original(12, 13) == (13, 13)  # the inserted letter
    assert back.from_original(0, 2) == (0, 2)


@given(texts_of, st.data())
def test_take_equals_deobfuscating_the_subset(strings: list[str], data: st.DataObject) -> None:
    found = WORDS(TextBatch.from_strings(strings))
    chosen = data.draw(st.lists(st.integers(0, len(strings) - 1), max_size=6))
    taken = found.take(np.array(chosen, dtype=np.int64))
    expected = WORDS(TextBatch.from_strings([strings[i] for i in chosen]))
    for name in ("codes_L", "word_L", "start_L", "end_L", "anchor_L", "changed_W", "text_W"):
        np.testing.assert_array_equal(getattr(taken, name), getattr(expected, name), name)
    np.testing.assert_allclose(taken.gain_W, expected.gain_W, rtol=1e-5)
    assert taken.glyphs.clusters == expected.glyphs.clusters
    assert taken.text().to_strings() == expected.text().to_strings()
    assert taken.text().to_strings() == [found.text()[i] for i in chosen]


def test_word_cache_is_bounded_and_does_not_change_results() -> None:
    disguised = ["zhοпa пpиʙeт", "м.а.м.а пи/\\ил }|{опа", "xοрошиӣ дeнь"]
    deobfuscator = deepcopy(WORDS)
    assert len(deobfuscator.search.cache) == 0
    deobfuscator.search.cache.size = 2
    first = [deobfuscated(deobfuscator, each)[0] for each in disguised]
    assert len(deobfuscator.search.cache) == 2
    assert deobfuscated(deobfuscator, *disguised) == first == deobfuscated(WORDS, *disguised)
    assert len(pickle.loads(pickle.dumps(WORDS)).search.cache) == 0
    assert deobfuscated(pickle.loads(pickle.dumps(WORDS)), *disguised) == first


def test_frequent_forms_of_the_training_texts_are_kept() -> None:
    corpus = corpus_of(NOISE)
    forms = ["кто-то ктото пришел", "кто-то", "ха-ха да", "м-а-м-а мама"] * 3
    clean = TextBatch.from_strings([*corpus.clean.to_strings(), *forms])
    state = WordDeobfuscator.fit(WORDS.settings, type(corpus)(clean, lambda: clean))
    assert json.loads(state.texts["literal"]) == ["кто-то"]
    again = WordDeobfuscator(WORDS.settings, state)
    assert deobfuscated(again, "кто-то м-а-м-а") == ["кто-то мама"]
