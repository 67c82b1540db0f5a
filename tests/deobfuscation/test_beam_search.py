"""Tests of the beam search against an exhaustive search."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deobfuscation.test_word_prior import prior_of, slow_log_p
from vitrina.deobfuscation.beam_search import LOG_ZERO, SKIP, Candidates, beam_search

WORDS = ["abca", "abd", "cab", "dada", "bca"]
SYMBOLS = "abcd"


KNOWN = [[SYMBOLS.index(letter) for letter in word] for word in WORDS]
PRIOR = prior_of(KNOWN, np.ones(4, dtype=bool))


def score_of(symbols: list[int]) -> float:
    """Return the log-probability of a word; an empty one has only that of its end."""
    if symbols:
        return slow_log_p(PRIOR, KNOWN, symbols)
    return float(PRIOR.model.log_p_SV[PRIOR.model.start, -1] + PRIOR.log_unknown)


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


@settings(max_examples=50)
@given(st.integers(1, 4), st.integers(0, 2**31))
def test_equals_the_exhaustive_search(num_glyphs: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    single = -rng.exponential(3, (num_glyphs, 4)).astype(np.float32)
    pairs = -rng.exponential(4, (num_glyphs, 4)).astype(np.float32)
    skip_scores = -rng.exponential(4, num_glyphs).astype(np.float32)
    candidates = Candidates.of([(range(4), row) for row in (*single, *pairs)])
    rows = np.stack([np.arange(num_glyphs), num_glyphs + np.arange(num_glyphs)])
    rows[1, -1] = -1  # a pair must not cross the end of the word
    offsets = np.array([0, num_glyphs])
    found = beam_search(PRIOR, offsets, rows, candidates, skip_scores, beam=512)
    best, expected = exhaustive_search(single, pairs, skip_scores)
    assert found.symbols.tolist() in expected
    assert abs(found.scores[0] - best) < 1e-3


def test_a_narrow_beam_finds_valid_symbols_and_never_more_than_a_wide_one() -> None:
    rng = np.random.default_rng(2)
    scores = -rng.exponential(2, (40, 4)).astype(np.float32)
    candidates = Candidates.of([(range(4), row) for row in scores])
    offsets = np.arange(0, 41, 8)
    skip_scores = np.full(40, LOG_ZERO, dtype=np.float32)
    rows = np.arange(40)[None]
    wide = beam_search(PRIOR, offsets, rows, candidates, skip_scores, beam=256)
    narrow = beam_search(PRIOR, offsets, rows, candidates, skip_scores, beam=1)
    assert (narrow.scores <= wide.scores + 1e-4).all()
    assert (narrow.symbols != SKIP).all() and (narrow.lengths == 1).all()


def test_result_does_not_depend_on_the_batch() -> None:
    rng = np.random.default_rng(0)
    scores = -rng.exponential(2, (6, 4)).astype(np.float32)
    certain = [([symbol], [0.0]) for symbol in range(3)]
    candidates = Candidates.of([*((range(4), row) for row in scores), *certain])
    words = [rng.integers(9, size=length) for length in (1, 2, 3, 5, 5, 8)]
    offsets = np.cumsum([0, *map(len, words)])
    skips = [np.where(word < 6, -1, LOG_ZERO).astype(np.float32) for word in words]
    line, skip_scores = np.concatenate(words)[None], np.concatenate(skips)
    batched = beam_search(PRIOR, offsets, line, candidates, skip_scores, beam=3)
    for number, (word, skip) in enumerate(zip(words, skips, strict=True)):
        single = beam_search(PRIOR, np.array([0, len(word)]), word[None], candidates, skip, beam=3)
        here = slice(offsets[number], offsets[number + 1])
        assert batched.symbols[here].tolist() == single.symbols.tolist()
        assert batched.scores[number] == single.scores[0]
