"""Prior probability of words: known words by their frequency, all other words by their letters.

A known word has its share of the training texts, less an absolute discount. The discounts together
are the probability of unknown words, which the n-gram language model divides among them (Ney, Essen
& Kneser 1994, "On structuring probabilistic dependences in stochastic language modelling"). All
readings of a word, the literal one too, are compared under this one prior.

Shapes: W words, L letters of the longest word, K known words.
"""

from __future__ import annotations

import numpy as np

from vitrina.deobfuscation.deletion_index import DeletionIndex, hashes_of
from vitrina.deobfuscation.language_model import NgramLanguageModel
from vitrina.text.batch import offsets_of, ranges

DISCOUNT = 0.5
"""Occurrences taken from each known word and given to unknown words."""


class WordPrior:
    """Log-probabilities of words of visual codes.

    Args:
        model: language model of the codes of words.
        known: the known words.
    """

    def __init__(self, model: NgramLanguageModel, known: DeletionIndex) -> None:
        self.model, self.known = model, known
        total = max(float(known.counts.sum()), 1.0)
        self.log_known_K = np.log((known.counts - DISCOUNT) / total).astype(np.float32)
        unknown = DISCOUNT * len(known.counts) / total
        self.log_unknown = np.float32(np.log(unknown) if unknown else 0.0)

    def log_p(self, symbols_WL: np.ndarray, inside_WL: np.ndarray) -> np.ndarray:
        """Return float32 [W], log-probabilities of words.

        Args:
            symbols_WL: codes of each word, padded at the end.
            inside_WL: bool, False for padding.
        """
        log_p_W = self.log_unknown + self.model.log_p(symbols_WL, inside_WL)
        filled = np.flatnonzero(inside_WL.any(axis=1))
        inside = inside_WL[filled]
        hashes = hashes_of(symbols_WL[filled][inside], offsets_of(inside.sum(axis=1)))
        known = self.known.find(hashes)
        rows = filled[known >= 0]
        log_p_W[rows] = np.logaddexp(log_p_W[rows], self.log_known_K[known[known >= 0]])
        return log_p_W

    def log_p_of(self, codes: np.ndarray, begins: np.ndarray) -> np.ndarray:
        """Return float32 [W], log-probabilities of the words of `codes` that begin at `begins`."""
        lengths = np.diff(begins, append=len(codes))
        inside_WL = np.arange(lengths.max(initial=0)) < lengths[:, None]
        symbols_WL = np.zeros(inside_WL.shape, dtype=np.int64)
        symbols_WL[inside_WL] = codes
        return self.log_p(symbols_WL, inside_WL)

    def log_known(self, codes: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return float32 [W], log-probabilities of known words; -inf for unknown ones.

        Args:
            codes: visual codes in one line.
            starts, ends: int64 [W], span of each word, not empty.
        """
        lengths = ends - starts
        known = self.known.find(hashes_of(codes[ranges(starts, lengths)], offsets_of(lengths)))
        if not len(self.log_known_K):
            return np.full(len(starts), -np.inf, dtype=np.float32)
        return np.where(known >= 0, self.log_known_K[known], np.float32(-np.inf))
