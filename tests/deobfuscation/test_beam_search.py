"""Beam search over doubtful signs, against all readings one by one."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.deobfuscation.beam_search import LOG_ZERO, SKIP, Candidates, beam_search
from vitrina.deobfuscation.language_model import NgramLanguageModel, fit_language_model
from vitrina.text.ngrams import MarkedWords

WORDS = ["abca", "abd", "cab", "dada", "bca"]
SYMBOLS = "abcd"


def character_model() -> NgramLanguageModel:
    codes = [SYMBOLS.index(letter) for word in WORDS for letter in word]
    word_of = np.repeat(np.arange(len(WORDS)), [len(word) for word in WORDS])
    words = MarkedWords.of(np.array(codes), word_of, np.zeros_like(word_of), 1)
    return NgramLanguageModel(fit_language_model(words, 4, order=3, min_count=1), 4)


MODEL = character_model()


def score_of(symbols: list[int]) -> float:
    state, total = MODEL.start, 0.0
    for symbol in symbols:
        total += MODEL.log_p_SV[state, symbol]
        state = MODEL.next_SV[state, symbol]
    return float(total + MODEL.log_p_SV[state, -1])


def slow_best(
    alone: np.ndarray, pairs: np.ndarray, left_out: np.ndarray
) -> tuple[float, list[list[int]]]:
    """The best score of a word and all readings that have it; of the whole word at once."""
    num_signs = len(alone)
    found: dict[tuple[int, ...], float] = {}
    for choice in product(range(SKIP, 8), repeat=num_signs):
        total, place, read = 0.0, 0, [SKIP] * num_signs
        while place < num_signs:
            symbol = choice[place]
            if symbol >= 4:  # with the sign behind it
                if place + 1 == num_signs or choice[place + 1] != SKIP:
                    break
                total, step = total + pairs[place, symbol - 4], 2
            else:
                total += left_out[place] if symbol == SKIP else alone[place, symbol]
                step = 1
            read[place] = symbol % 4 if symbol != SKIP else SKIP
            place += step
        else:
            key = tuple(read)
            total += score_of([symbol for symbol in read if symbol != SKIP])
            found[key] = max(found.get(key, -1e30), total)
    best = max(found.values())
    return best, [list(key) for key, total in found.items() if total > best - 1e-4]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(0, 2**31))
def test_the_best_reading_is_found(num_signs: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    alone = -rng.exponential(3, (num_signs, 4)).astype(np.float32)
    pairs = -rng.exponential(4, (num_signs, 4)).astype(np.float32)
    left_out = -rng.exponential(4, num_signs).astype(np.float32)
    every, counts = np.tile(np.arange(4), (num_signs, 1)), np.full(num_signs, 4)
    ids = np.arange(num_signs)[None]
    read = beam_search(
        MODEL,
        [ids, ids],
        [Candidates(every, alone, counts), Candidates(every, pairs, counts)],
        left_out[None],
        beam=64,
    ).symbols
    _, wanted = slow_best(alone, pairs, left_out)
    assert read[0].tolist() in wanted


def test_words_are_read_each_by_itself() -> None:
    """Neither the words beside a word nor the room behind it change what it says."""
    rng = np.random.default_rng(0)
    symbols, scores = np.tile(np.arange(4), (9, 1)), -rng.exponential(2, (9, 4))
    symbols = np.concatenate([symbols, np.zeros((1, 4), dtype=np.int64)])  # behind words: none
    scores = np.concatenate([scores, np.full((1, 4), LOG_ZERO)]).astype(np.float32)
    scores[6:9, 1:] = LOG_ZERO  # in no doubt
    counts = np.array([4] * 6 + [1] * 3 + [0])
    candidates = Candidates(symbols, scores, counts)
    words = [rng.integers(9, size=length) for length in (1, 2, 3, 5, 5, 8)]
    ids_WT = np.full((len(words), 8), 9)
    left_out_WT = np.zeros((len(words), 8), dtype=np.float32)
    for row, word in enumerate(words):
        ids_WT[row, : len(word)] = word
        left_out_WT[row, : len(word)] = np.where(word < 6, -1, LOG_ZERO)
    together = beam_search(MODEL, [ids_WT], [candidates], left_out_WT, beam=3).symbols
    for row, word in enumerate(words):
        left_out = np.where(word < 6, -1, LOG_ZERO).astype(np.float32)[None]
        alone = beam_search(MODEL, [word[None]], [candidates], left_out, beam=3).symbols
        assert together[row, : len(word)].tolist() == alone[0].tolist()
        assert (together[row, len(word) :] == SKIP).all()
