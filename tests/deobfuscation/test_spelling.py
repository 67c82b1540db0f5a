"""Unknown words read as known ones: against a loop over all known words, and what is left alone."""

from collections import Counter
from itertools import combinations, groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deobfuscation.test_language_model import marked
from vitrina.deobfuscation import deletion_index
from vitrina.deobfuscation.deletion_index import LEAST, LONGEST, fit_deletion_index
from vitrina.deobfuscation.language_model import NgramLanguageModel, fit_language_model
from vitrina.deobfuscation.spelling import Letters, SpellingCorrector

NUM_CODES = 7
DIGIT = 6
IS_LETTER = np.arange(NUM_CODES) != DIGIT
SCORES = {"deletion_score": -1.0, "mask_score": -0.25, "swap_score": -2.0, "margin": 0.5}
Word = list[int]
letters_of = st.lists(st.integers(0, 3), min_size=1, max_size=8)
words_of = st.lists(letters_of, min_size=1, max_size=10)


def respeller_of(known: list[Word], **changes: Any) -> SpellingCorrector:
    words = marked(known)
    model = NgramLanguageModel(
        fit_language_model(words, NUM_CODES, order=3, min_count=1), NUM_CODES
    )
    return SpellingCorrector(
        fit_deletion_index(words, IS_LETTER), model, IS_LETTER, **(SCORES | changes)
    )


def letters(words: list[Word], hidden: list[Word] | None = None) -> Letters:
    lengths = [len(word) for word in words]
    codes = np.array([code for word in words for code in word], dtype=np.int64)
    before = [[0] * n for n in lengths] if hidden is None else hidden
    return Letters(
        codes,
        np.repeat(3 * np.arange(len(words)), lengths),
        *(n + np.arange(len(codes)) for n in (10, 11, 10)),
        np.array([count for word in before for count in word], dtype=np.int64),
        np.full(len(codes), np.nan, dtype=np.float32),
    )


def split(found: Letters) -> list[tuple[Word, Word]]:
    """The words, and of each letter the token."""
    whole = zip(found.word_of.tolist(), found.codes.tolist(), found.anchor.tolist(), strict=True)
    groups = [list(group) for _, group in groupby(whole, key=lambda each: each[0])]
    return [([code for _, code, _ in g], [token for _, _, token in g]) for g in groups]


def log_p(model: NgramLanguageModel, word: Word) -> float:
    state, total = model.start, 0.0
    for code in word:
        total += model.log_p_SV[state, code]
        state = model.next_SV[state, code]
    return total + model.log_p_SV[state, -1]


def slow_ways(word: Word, hidden: Word, known: Word) -> list[float]:
    """Scores of the ways in which a known word becomes what stands there."""
    missing, scores = len(known) - len(word), []
    if missing in (1, 2):
        if sum(hidden) == 0:
            rests = combinations(known, len(word))
            scores += [missing * SCORES["deletion_score"]] * (tuple(word) in rests)
        elif sum(hidden) == missing:
            shown: list[int | None] = []
            for code, signs in zip(word, hidden, strict=True):
                shown += [None] * signs + [code]
            fits = all(a in (None, b) for a, b in zip(shown, known, strict=True))
            scores += [missing * SCORES["mask_score"]] * fits
    if missing == 0 and sum(hidden) == 0:
        place, pairs, left = 0, 0, list(word)
        while place + 1 < len(word):
            if left[place] != known[place]:
                left[place : place + 2] = left[place : place + 2][::-1]
                pairs, place = pairs + 1, place + 1
            place += 1
        scores += [pairs * SCORES["swap_score"]] * (left == known)
    return scores


def slow(
    known: list[Word], model: NgramLanguageModel, word: Word, hidden: Word
) -> tuple[Word, float]:
    """The word as it is read, and how much better that is than the next best reading."""
    counts = Counter(tuple(each) for each in known)
    possible = LEAST <= len(word) <= LONGEST and DIGIT not in word and tuple(word) not in counts
    readings = [(log_p(model, word) + SCORES["margin"], word)]
    for each, count in counts.items() if possible else []:
        seen = float(np.log(count / len(known)))
        readings += [(score + seen, list(each)) for score in slow_ways(word, hidden, list(each))]
    readings.sort(reverse=True)
    apart = readings[0][0] - readings[1][0] if len(readings) > 1 else np.inf
    return readings[0][1], apart


@settings(max_examples=200, deadline=None)
@given(words_of, words_of, st.data())
def test_words_are_read_as_by_a_loop_over_all_known_words(
    known: list[Word], asked: list[Word], data: st.DataObject
) -> None:
    hidden = [
        [0, *(data.draw(st.sampled_from([0, 0, 0, 1, 2])) for _ in word[1:])] for word in asked
    ]
    respeller = respeller_of(known)
    found = split(respeller(letters(asked, hidden)))
    first = 10
    for word, signs, (read, tokens) in zip(asked, hidden, found, strict=True):
        wanted, apart = slow(known, respeller.model, word, signs)
        if apart > 1e-4:
            assert read == wanted
        shown = [token for token in tokens if token >= 0]
        assert shown == list(range(first, first + len(word)))
        first += len(word)


def test_letters_keep_their_tokens_and_what_is_missing_has_none() -> None:
    known = [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2]] * 9
    missing, hidden, exchanged = [0, 2, 3, 5], [0, 1, 3, 4, 5], [4, 5, 3, 2]
    given = letters([missing, hidden, exchanged], [[0] * 4, [0, 0, 1, 0, 0], [0] * 4])
    found = split(respeller_of(known)(given))
    assert [word for word, _ in found] == [known[0], known[0], known[1]]
    assert found[0][1] == [10, -1, 11, 12, -1, 13]
    assert found[1][1] == [14, 15, -1, 16, 17, 18]
    assert found[2][1] == [19, 20, 21, 22]


@pytest.mark.parametrize(
    "word",
    [
        [0, 1, 2, 3, 4],  # a known one
        [0, 4],  # too short
        [0, 1, DIGIT, 3],  # holds what is no letter
        [0, 1, 5, 5, 4],  # another letter is not a missing one
        [4, 3, 2, 1, 0],
        [0, 1, 2] * 9,  # too long
    ],
)
def test_what_is_known_or_nothing_like_it_stays(word: Word) -> None:
    given = letters([word])
    found = respeller_of([[0, 1, 2, 3, 4], [0, 1, 2] * 8 + [0, 1]] * 5)(given)
    assert found.codes.tolist() == word and found.anchor.tolist() == given.anchor.tolist()


def test_signs_hide_letters_where_they_stand_and_nowhere_else() -> None:
    respeller = respeller_of([[0, 1, 2, 3, 4, 5]] * 5)
    word = [0, 1, 3, 4, 5]
    there, elsewhere = [0, 0, 1, 0, 0], [0, 0, 0, 0, 1]
    found = split(respeller(letters([word, word], [there, elsewhere])))
    assert [read for read, _ in found] == [[0, 1, 2, 3, 4, 5], word]


@pytest.mark.parametrize("often", [0, 1])
def test_of_several_known_words_the_likeliest_is_read(often: int) -> None:
    known = [[0, 1, 2, 3, 4], [0, 1, 5, 3, 4]]
    found = respeller_of([*known, *[known[often]] * 8])(letters([[0, 1, 3, 4]]))
    assert found.codes.tolist() == known[often]


def test_a_word_that_is_likelier_as_it_stands_stays() -> None:
    known, word = [[0, 1, 2, 3, 4]] * 5 + [[0, 1, 2]], [0, 1, 3, 4]
    assert split(respeller_of(known)(letters([word])))[0][0] == known[0]
    stays = respeller_of(known, margin=100.0)(letters([word]))
    assert split(stays)[0][0] == word


def test_a_reading_does_not_depend_on_the_words_beside_it() -> None:
    rng = np.random.default_rng(1)
    known = [rng.integers(0, 5, rng.integers(3, 9)).tolist() for _ in range(60)]
    asked = [[each for each in word if rng.random() > 0.2] or [0] for word in known]
    respeller = respeller_of(known, margin=0.0)
    together = [word for word, _ in split(respeller(letters(asked)))]
    alone = [split(respeller(letters([word])))[0][0] for word in asked]
    assert together == alone and together != asked


def test_the_most_frequent_words_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion_index, "MOST_KNOWN", 2)
    known = [[0, 1, 2], [3, 2, 1, 0], [3, 2, 1, 0], [1, 1, 1], [1, 1, 1], [1, 1, 1]]
    fitted = fit_deletion_index(marked(known), IS_LETTER)
    assert sorted(zip(fitted.arrays["lengths"], fitted.arrays["counts"], strict=True)) == [
        (3, 3),
        (4, 2),
    ]


def test_a_hash_that_two_words_share_respells_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [[0, 1, 2, 3, 4], [4, 4, 4, 4]]
    respeller = respeller_of(known * 3)
    everything = np.arange(2)
    for name in ("with_missing", "with_same_letters"):
        pairs = np.zeros(2, dtype=np.int64), everything
        monkeypatch.setattr(respeller.known_words, name, lambda hashes, pairs=pairs: pairs)
    words = [[3, 2, 0], [0, 1, 2, 3, 4, 0, 1], [4, 4, 4, 3]]
    for word in words:
        assert split(respeller(letters([word])))[0][0] == word
    assert split(respeller(letters([[0, 1, 3]])))[0][0] == known[0]


def test_nothing_known_and_nothing_asked() -> None:
    nothing = respeller_of([[DIGIT]])
    assert split(nothing(letters([[0, 1, 2, 3]])))[0][0] == [0, 1, 2, 3]
    assert len(nothing(letters([])).codes) == 0
    assert len(respeller_of([[0, 1, 2, 3]])(letters([])).codes) == 0
