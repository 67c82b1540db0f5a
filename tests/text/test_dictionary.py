"""Dictionaries contain honest words with their lemmas."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import InputError
from vitrina.text.batch import TextBatch
from vitrina.text.config import FileDictionaryConfig, RussianDictionaryConfig
from vitrina.text.dictionary import UNSEEN, FileDictionary, RussianDictionary
from vitrina.text.held_out import is_held_out

RUSSIAN = RussianDictionary(
    RussianDictionaryConfig(), RussianDictionary.fit(RussianDictionaryConfig())
)
COPY = pickle.loads(pickle.dumps(RUSSIAN))


def test_forms_of_a_word_share_a_lemma_and_case_does_not_count() -> None:
    forms = RUSSIAN.lemma_hashes(["гребля", "греблю", "ГРЕБЛЕЙ", "сабля", "ёжик", "ежик"])
    assert len(set(forms[:3].tolist())) == 1 and forms[0] != forms[3]
    assert forms[4] == forms[5] != 0 and forms.dtype == np.uint64


@pytest.mark.parametrize("word", ["сука", "дурак", "греблйя", "", "!", "hello", "су-ка", "т. е."])
def test_toxic_and_unknown_words_have_no_lemma(word: str) -> None:
    assert RUSSIAN.lemma_hashes([word]).tolist() == [0]


@given(st.lists(st.text(max_size=8), max_size=5))
def test_any_text_can_be_looked_up_also_in_another_process(words: list[str]) -> None:
    assert np.array_equal(RUSSIAN.lemma_hashes(words), COPY.lemma_hashes(words))


def test_held_out_lemmas_can_be_left_out() -> None:
    config = RussianDictionaryConfig(hold_out=True)
    fewer = RussianDictionary(config, RussianDictionary.fit(config))
    words = ["гребля", "сабля", "барсук", "скипидар", "команда", "хлебать", "рубль", "корабль"]
    expected = [0 if is_held_out(word) else 1 for word in words]
    assert 0 < sum(expected) < len(words)
    assert (fewer.lemma_hashes(words) != 0).tolist() == [each == 1 for each in expected]


def test_lemmas_that_the_comments_hold_once_or_never_share_a_hash() -> None:
    texts = TextBatch.from_strings(["Сабля и две сабли", "корабль, команда", "команду"])
    settings = RussianDictionaryConfig()
    state = RussianDictionary.fit(settings, texts)
    dictionary = RussianDictionary(settings, state)
    words = ["саблей", "командам", "корабль", "байкал", "сука", "саблйя"]
    plain = RUSSIAN.lemma_hashes(words)
    assert dictionary.lemma_hashes(words).tolist() == [*plain[:2], UNSEEN, UNSEEN, 0, 0]
    assert UNSEEN not in plain


def test_a_file_lists_words_and_lemmas(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("barge\nbarges\tbarge\n\nсука\n", encoding="utf-8")
    config = FileDictionaryConfig(path=str(path))
    dictionary = FileDictionary(config, FileDictionary.fit(config))
    known = dictionary.lemma_hashes(["Barge", "barges", "bargee", "сука"]).tolist()
    assert known[0] == known[1] != 0 and known[2:] == [0, 0]


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("a\n")
    config = FileDictionaryConfig(path=str(path))
    state = FileDictionary.fit(config)
    path.write_text("b\n")
    with pytest.raises(
        InputError, match=r"dictionary = file: this run needs blake2b .*, not blake"
    ):
        FileDictionary(config, state)


def test_broken_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    config = FileDictionaryConfig(path=str(path))
    with pytest.raises(InputError, match=r"words\.txt: cannot be read"):
        FileDictionary.fit(config)
    path.write_bytes(b"a\xff")
    with pytest.raises(InputError, match=r"words\.txt: is not UTF-8 text \(byte 1\)"):
        FileDictionary(config, FileDictionary.fit(config)).lemma_hashes(["a"])
    with pytest.raises(InputError, match=r"dictionary\.path = None: must be the path"):
        FileDictionaryConfig().check("dictionary")


def test_frequent_words_hold_rude_ones_but_no_held_out_lemma() -> None:
    settings = RussianDictionaryConfig()
    counts = RussianDictionary(settings, RussianDictionary.fit(settings)).frequent_words()
    assert counts["и"] > counts["дом"] > 0 and "блядь" in counts
    assert all(word.isalpha() and count >= 1 for word, count in counts.items())
    held_out = RussianDictionaryConfig(hold_out=True)
    dictionary = RussianDictionary(held_out, RussianDictionary.fit(held_out))
    fewer = dictionary.frequent_words()
    assert 0.7 < len(fewer) / len(counts) < 0.9
    assert not any(is_held_out(dictionary.lemma(word) or word) for word in list(fewer)[:500])
