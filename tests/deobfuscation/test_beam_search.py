"""Tests of the beam search against an exhaustive search."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.deobfuscation.beam_search import LOG_ZERO, SKIP, Candidates, beam_search
from vitrina.deobfuscation.language_model import NgramLanguageModel, fit_language_model
from vitrina.text.ngrams import MarkedWords

WORDS = ["abca", "abd", "cab", "dada", "bca"]
SYMBOLS = "abcd"


def fitted_model() -> NgramLanguageModel:
    codes = [SYMBOLS.index(letter) for word in WORDS for letter in word]
    word_of = np.repeat(np.arange(len(WORDS)), [len(word) for word in WORDS])
    words = MarkedWords.of(np.array(codes), word_of, np.zeros_like(word_of), 1)
    return NgramLanguageModel(fit_language_model(words, 4, order=3, min_count=1), 4)


MODEL = fitted_model()


def score_of(symbols: list[int]) -> float:
    state, total = MODEL.start, 0.0
    for symbol in symbols:
        total += MODEL.log_p_SV[state, symbol]
        state = MODEL.next_SV[state, symbol]
    return float(total + MODEL.log_p_SV[state, -1])


def exhaustive_search(
    single: np.ndarray, pairs: np.ndarray, skip_scores: np.ndarray
) -> tuple[float, list[list[int]]]:
    """Return the best score of a word and all symbol sequences with that score."""
    num_glyphs = len(single)
    found: dict[tuple[int, ...], float] = {}
    for choice in product(range(SKIP, 8), repeat=num_glyphs):
        total, position, symbols = 0.0, 0, [SKIP] * num_glyphs
        while position < num_glyphs:
            symbol = choice[position]
            if symbol >= 4:  # a symbol of two glyphs
                if position + 1 == num_glyphs or choice[position + 1] != SKIP:
                    break
                total, length = total + pairs[position, symbol - 4], 2
            else:
                total += skip_scores[position] if symbol == SKIP else single[position, symbol]
                length = 1
            symbols[position] = symbol % 4 if symbol != SKIP else SKIP
            position += length
        else:
            key = tuple(symbols)
            total += score_of([symbol for symbol in symbols if symbol != SKIP])
            found[key] = max(found.get(key, -1e30), total)
    best = max(found.values())
    return best, [list(key) for key, total in found.items() if total > best - 1e-4]


@settings(max_examples=25)
@given(st.integers(1, 4), st.integers(0, 2**31))
def test_equals_the_exhaustive_search(num_glyphs: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    single = -rng.exponential(3, (num_glyphs, 4)).astype(np.float32)
    pairs = -rng.exponential(4, (num_glyphs, 4)).astype(np.float32)
    skip_scores = -rng.exponential(4, num_glyphs).astype(np.float32)
    all_symbols, counts = np.tile(np.arange(4), (num_glyphs, 1)), np.full(num_glyphs, 4)
    ids = np.arange(num_glyphs)[None]
    found = beam_search(
        MODEL,
        [ids, ids],
        [Candidates(all_symbols, single, counts), Candidates(all_symbols, pairs, counts)],
        skip_scores[None],
        beam=64,
    ).symbols
    _, expected = exhaustive_search(single, pairs, skip_scores)
    assert found[0].tolist() in expected


def test_result_does_not_depend_on_the_batch_or_on_padding() -> None:
    rng = np.random.default_rng(0)
    symbols, scores = np.tile(np.arange(4), (9, 1)), -rng.exponential(2, (9, 4))
    symbols = np.concatenate([symbols, np.zeros((1, 4), dtype=np.int64)])  # padding: no candidates
    scores = np.concatenate([scores, np.full((1, 4), LOG_ZERO)]).astype(np.float32)
    scores[6:9, 1:] = LOG_ZERO  # certain glyphs
    counts = np.array([4] * 6 + [1] * 3 + [0])
    candidates = Candidates(symbols, scores, counts)
    words = [rng.integers(9, size=length) for length in (1, 2, 3, 5, 5, 8)]
    ids_WT = np.full((len(words), 8), 9)
    skip_scores_WT = np.zeros((len(words), 8), dtype=np.float32)
    for row, word in enumerate(words):
        ids_WT[row, : len(word)] = word
        skip_scores_WT[row, : len(word)] = np.where(word < 6, -1, LOG_ZERO)
    batched = beam_search(MODEL, [ids_WT], [candidates], skip_scores_WT, beam=3).symbols
    for row, word in enumerate(words):
        skip_scores = np.where(word < 6, -1, LOG_ZERO).astype(np.float32)[None]
        single = beam_search(MODEL, [word[None]], [candidates], skip_scores, beam=3).symbols
        assert batched[row, : len(word)].tolist() == single[0].tolist()
        assert (batched[row, len(word) :] == SKIP).all()
