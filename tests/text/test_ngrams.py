"""Compare hashed n-grams with a loop over words."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vitrina.text.batch import TextBatch
from vitrina.text.dictionary import UNSEEN
from vitrina.text.hashing import FIRST_MIX, GOLDEN, SECOND_MIX
from vitrina.text.ngrams import BASE, BEGIN, END, hash_ngrams

anything = st.text(st.one_of(st.characters(), st.sampled_from("аб \t\u3000\ud83d\ude00")))


def slow_hash(symbols: list[int], key: int) -> int:
    total = sum(symbol * BASE**i for i, symbol in enumerate(symbols)) + key * GOLDEN
    state = total % 2**64
    state = (state ^ (state >> 30)) * FIRST_MIX % 2**64
    state = (state ^ (state >> 27)) * SECOND_MIX % 2**64
    return state ^ (state >> 31)


def slow_ngrams(text: str, min_n: int, max_n: int, whole_words: bool) -> list[int]:
    hashes = []
    for word in text.split():
        symbols = [BEGIN, *map(ord, word), END]
        if whole_words:
            hashes.append(slow_hash(symbols, 0))
        for start in range(len(symbols)):
            for n in range(min_n, max_n + 1):
                part = symbols[start : start + n]
                if len(part) == n and part not in ([BEGIN], [END]):
                    hashes.append(slow_hash(part, n))
    return hashes


@given(st.lists(anything, max_size=6), st.integers(1, 4), st.integers(0, 4), st.booleans())
def test_ngrams_equal_a_loop_over_words(
    strings: list[str], min_n: int, more: int, whole_words: bool
) -> None:
    found, lengths = hash_ngrams(
        TextBatch.from_strings(strings), min_n, min_n + more, whole_words=whole_words
    )
    expected = [slow_ngrams(text, min_n, min_n + more, whole_words) for text in strings]
    assert found.dtype == np.uint64 and lengths.dtype == np.int64
    assert lengths.tolist() == [len(part) for part in expected]
    assert found.tolist() == [number for part in expected for number in part]


def test_ngrams_include_marks_and_do_not_cross_words() -> None:
    texts = TextBatch.from_strings(["аб", "аб аб", "ба", "абв"])
    found, lengths = hash_ngrams(texts, 2, 3, whole_words=False)
    one, two, other, longer = np.split(found, np.cumsum(lengths)[:-1])
    assert len(one) == 3 + 2 and two.tolist() == [*one, *one]
    assert not set(one.tolist()) & set(other.tolist())
    assert len(set(one.tolist()) & set(longer.tolist())) == 3  # ⟨а, ⟨аб and аб


def test_a_short_word_and_the_ngram_of_its_letters_have_different_hashes() -> None:
    found, _ = hash_ngrams(TextBatch.from_strings(["а"]), 3, 3, whole_words=True)
    assert len(set(found.tolist())) == len(found) == 2


def test_hashes_of_many_ngrams_are_distinct() -> None:
    letters = [chr(code) for code in range(0x430, 0x450)]
    words = " ".join(a + b + c for a in letters for b in letters for c in letters)
    found, _ = hash_ngrams(TextBatch.from_strings([words]), 5, 5, whole_words=False)
    assert len(found) == len(np.unique(found)) == 32**3
    # Embedding tables select rows by the upper bits.
    share = len(np.unique(found >> np.uint64(46))) / 2**18
    assert abs(share - (1 - np.exp(-(2**15) / 2**18))) < 0.002


def test_a_known_word_has_its_lemma_in_place_of_its_ngrams() -> None:
    texts, lemmas = TextBatch.from_strings(["аб вг", "аб"]), np.array([0, 7, 9], dtype=np.uint64)
    for whole_words in (True, False):
        plain = [
            hash_ngrams(TextBatch.from_strings([w]), 1, 3, whole_words=whole_words)[0]
            for w in ("аб", "вг")
        ]
        found, lengths = hash_ngrams(texts, 1, 3, whole_words=whole_words, lemmas_W=lemmas)
        first, second = np.split(found, lengths[:1])
        assert first.tolist() == [*plain[0], 7, *plain[1][: int(whole_words)]]
        assert second.tolist() == [9, *plain[0][: int(whole_words)]]


def test_a_known_but_unseen_word_is_its_lemma_alone() -> None:
    texts = TextBatch.from_strings(["аб вг"])
    lemmas = np.array([7, UNSEEN], dtype=np.uint64)
    found, _ = hash_ngrams(texts, 1, 3, whole_words=True, lemmas_W=lemmas)
    assert len(found) == 3 and [found[0], found[2]] == [7, UNSEEN]
