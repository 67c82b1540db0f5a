"""Tests of spelling correction against a loop over all known words."""

from collections import Counter
from dataclasses import replace
from itertools import combinations, groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deobfuscation.test_language_model import marked
from tests.deobfuscation.test_word_prior import prior_of, slow_log_p
from vitrina.deobfuscation import deletion_index
from vitrina.deobfuscation.deletion_index import MAX_LENGTH, MIN_LENGTH, fit_deletion_index
from vitrina.deobfuscation.spelling import Letters, SpellingCorrector
from vitrina.deobfuscation.word_prior import DISCOUNT, WordPrior

NUM_CODES = 7
DIGIT = 6
IS_LETTER = np.arange(NUM_CODES) != DIGIT
SCORES = {"deletion_score": -1.0, "swap_score": -2.0, "margin": 0.5}
Word = list[int]
letters_of = st.lists(st.integers(0, 3), min_size=1, max_size=8)
words_of = st.lists(letters_of, min_size=1, max_size=10)


def corrector_of(known: list[Word], **changes: Any) -> SpellingCorrector:
    prior = prior_of(known, IS_LETTER, order=3)
    return SpellingCorrector(prior, IS_LETTER, **(SCORES | changes))


def letters(words: list[Word]) -> Letters:
    lengths = [len(word) for word in words]
    codes = np.array([code for word in words for code in word], dtype=np.int64)
    return Letters(
        codes,
        np.repeat(3 * np.arange(len(words)), lengths),
        10 + np.arange(len(codes)),
        11 + np.arange(len(codes)),
        10 + np.arange(len(codes)),
        np.full(len(codes), np.nan, dtype=np.float32),
        np.zeros(len(codes), dtype=np.uint64),
    )


def split(found: Letters) -> list[tuple[Word, Word]]:
    """Return the codes and the glyph indices of each word."""
    whole = zip(found.word_of.tolist(), found.codes.tolist(), found.anchor.tolist(), strict=True)
    groups = [list(group) for _, group in groupby(whole, key=lambda each: each[0])]
    return [([code for _, code, _ in g], [glyph for _, _, glyph in g]) for g in groups]


def slow_scores(word: Word, known: Word) -> list[float]:
    """Return the scores of all noise events that turn `known` into `word`."""
    missing, scores = len(known) - len(word), []
    if missing in (1, 2):
        shortened = combinations(known, len(word))
        scores += [missing * SCORES["deletion_score"]] * (tuple(word) in shortened)
    if missing == 0:
        place, pairs, left = 0, 0, list(word)
        while place + 1 < len(word):
            if left[place] != known[place]:
                left[place : place + 2] = left[place : place + 2][::-1]
                pairs, place = pairs + 1, place + 1
            place += 1
        scores += [pairs * SCORES["swap_score"]] * (left == known)
    return scores


def slow_correction(known: list[Word], prior: WordPrior, word: Word) -> tuple[Word, float]:
    """Return the best correction of a word and its margin over the second best."""
    counts = Counter(tuple(each) for each in known)
    possible = (
        MIN_LENGTH <= len(word) <= MAX_LENGTH and DIGIT not in word and tuple(word) not in counts
    )
    results = [(slow_log_p(prior, known, word) + SCORES["margin"], word)]
    for each, count in counts.items() if possible else []:
        log_p = float(np.log((count - DISCOUNT) / counts.total()))
        results += [(score + log_p, list(each)) for score in slow_scores(word, list(each))]
    results.sort(reverse=True)
    margin = results[0][0] - results[1][0] if len(results) > 1 else np.inf
    return results[0][1], margin


@settings(max_examples=200)
@given(words_of, words_of)
def test_equals_a_loop_over_all_known_words(known: list[Word], words: list[Word]) -> None:
    corrector = corrector_of(known)
    found = split(corrector(letters(words)))
    first = 10
    for word, (corrected, glyphs) in zip(words, found, strict=True):
        expected, margin = slow_correction(known, corrector.prior, word)
        if margin > 1e-4:
            assert corrected == expected
        kept = [glyph for glyph in glyphs if glyph >= 0]
        assert kept == list(range(first, first + len(word)))
        first += len(word)


def test_letters_keep_their_glyphs_and_inserted_letters_have_none() -> None:
    known = [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2]] * 9
    deleted, swapped = [0, 2, 3, 5], [4, 5, 3, 2]
    found = split(corrector_of(known)(letters([deleted, swapped])))
    assert [word for word, _ in found] == [known[0], known[1]]
    assert found[0][1] == [10, -1, 11, 12, -1, 13]
    assert found[1][1] == [14, 15, 16, 17]


@pytest.mark.parametrize(
    "word",
    [
        [0, 1, 2, 3, 4],  # known
        [0, 4],  # too short
        [0, 1, DIGIT, 3],  # contains a digit
        [0, 1, 5, 5, 4],  # a replaced letter is not a deleted one
        [4, 3, 2, 1, 0],
        [0, 1, 2] * 9,  # too long
    ],
)
def test_known_words_and_words_without_a_correction_are_unchanged(word: Word) -> None:
    source = letters([word])
    found = corrector_of([[0, 1, 2, 3, 4], [0, 1, 2] * 8 + [0, 1]] * 5)(source)
    assert found.codes.tolist() == word and found.anchor.tolist() == source.anchor.tolist()


def test_short_words_with_glyphs_between_letters_are_kept() -> None:
    corrector = corrector_of([[0, 1, 2, 3, 4]] * 5 + [[5, 4, 3, 2]] * 5)
    words = letters([[0, 1, 3, 4], [5, 4, 2]])
    spaced = replace(words, start=2 * words.start, end=2 * words.start + 1)
    assert [word for word, _ in split(corrector(words))] == [[0, 1, 2, 3, 4], [5, 4, 3, 2]]
    assert [word for word, _ in split(corrector(spaced))] == [[0, 1, 2, 3, 4], [5, 4, 2]]


@pytest.mark.parametrize("frequent", [0, 1])
def test_the_most_frequent_match_is_chosen(frequent: int) -> None:
    known = [[0, 1, 2, 3, 4], [0, 1, 5, 3, 4]]
    found = corrector_of([*known, *[known[frequent]] * 8])(letters([[0, 1, 3, 4]]))
    assert found.codes.tolist() == known[frequent]


def test_a_word_is_kept_unless_the_gain_exceeds_the_margin() -> None:
    known, word = [[0, 1, 2, 3, 4]] * 5 + [[0, 1, 2]], [0, 1, 3, 4]
    assert split(corrector_of(known)(letters([word])))[0][0] == known[0]
    kept = corrector_of(known, margin=100.0)(letters([word]))
    assert split(kept)[0][0] == word


def test_a_correction_does_not_depend_on_the_batch() -> None:
    rng = np.random.default_rng(1)
    known = [rng.integers(0, 5, rng.integers(3, 9)).tolist() for _ in range(60)]
    words = [[each for each in word if rng.random() > 0.2] or [0] for word in known]
    corrector = corrector_of(known, margin=0.0)
    batched = [word for word, _ in split(corrector(letters(words)))]
    single = [split(corrector(letters([word])))[0][0] for word in words]
    assert batched == single and batched != words


def test_the_index_keeps_the_most_frequent_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion_index, "MAX_KNOWN_WORDS", 2)
    known = [[0, 1, 2], [3, 2, 1, 0], [3, 2, 1, 0], [1, 1, 1], [1, 1, 1], [1, 1, 1]]
    fitted = fit_deletion_index(marked(known), IS_LETTER)
    assert sorted(zip(fitted.arrays["lengths"], fitted.arrays["counts"], strict=True)) == [
        (3, 3),
        (4, 2),
    ]


def test_hash_collisions_do_not_correct_words(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [[0, 1, 2, 3, 4], [4, 4, 4, 4]]
    corrector = corrector_of(known * 3)
    for name in ("with_missing", "with_same_letters"):
        pairs = np.zeros(2, dtype=np.int64), np.arange(2)
        monkeypatch.setattr(corrector.known_words, name, lambda hashes, pairs=pairs: pairs)
    words = [[3, 2, 0], [0, 1, 2, 3, 4, 0, 1], [4, 4, 4, 3]]
    for word in words:
        assert split(corrector(letters([word])))[0][0] == word
    assert split(corrector(letters([[0, 1, 3]])))[0][0] == known[0]


def test_an_empty_index_and_an_empty_batch() -> None:
    empty = corrector_of([[DIGIT]])
    assert split(empty(letters([[0, 1, 2, 3]])))[0][0] == [0, 1, 2, 3]
    assert len(empty(letters([])).codes) == 0
    assert len(corrector_of([[0, 1, 2, 3]])(letters([])).codes) == 0
