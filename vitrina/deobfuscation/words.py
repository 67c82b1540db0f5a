"""Deobfuscation of whole words.

First, `vitrina.deobfuscation.word_search` finds the codes of doubtful glyphs; then,
`vitrina.deobfuscation.spelling` corrects unknown words to known ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vitrina.deobfuscation.beam_search import SKIP
from vitrina.deobfuscation.codebook import BLANK, UNKNOWN
from vitrina.deobfuscation.codes import CodesDeobfuscator
from vitrina.deobfuscation.config import WordsConfig
from vitrina.deobfuscation.deletion_index import DeletionIndex, fit_deletion_index
from vitrina.deobfuscation.language_model import NgramLanguageModel, fit_language_model
from vitrina.deobfuscation.noise_channel import NoiseChannel, fit_noise_channel
from vitrina.deobfuscation.other_readings import OtherReadings
from vitrina.deobfuscation.spelling import Letters, SpellingCorrector
from vitrina.deobfuscation.word_cutter import WordCutter
from vitrina.deobfuscation.word_prior import WordPrior
from vitrina.deobfuscation.word_search import WordSearch
from vitrina.deobfuscation.writer import WordWriter
from vitrina.glyphs.segmentation import GlyphTokens, segment
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text.batch import pieces
from vitrina.text.ngrams import MarkedWords

MIN_COUNT = 2
"""Minimum number of occurrences of a context of the language model."""


UNLIKELY = -14.0
SEPARATORS = frozenset(" .,:;!?…()[]{}<>\"'«»„“”‘’-‐‑–—/\\&+")
"""Signs that separate words: `день,ночь`."""


class WordDeobfuscator(CodesDeobfuscator):
    """Deobfuscates words with a noise channel and a language model.

    Args:
        settings: settings of the deobfuscator.
        fitted: the result of `fit`.
    """

    settings: WordsConfig

    def __init__(self, settings: WordsConfig, fitted: FittedState) -> None:
        super().__init__(settings, fitted)
        book = self.codebook
        model = NgramLanguageModel(fitted.part("model"), len(book.is_sign))
        prior = WordPrior(model, DeletionIndex(fitted.part("known")))
        self.cutter = WordCutter(prior)
        self.others = OtherReadings(book, prior)
        self.search = WordSearch(
            book,
            prior,
            NoiseChannel.of(fitted.part("channel"), book),
            cosine_weight=settings.cosine_weight,
            num_candidates=settings.num_candidates,
            skip_score=settings.skip_score,
            repeat_score=settings.repeat_score,
            beam_size=settings.beam_size,
        )
        self.corrector = None
        if settings.spelling:
            self.corrector = SpellingCorrector(
                prior,
                book.is_letter,
                deletion_score=settings.deletion_score,
                mask_score=settings.mask_score,
                swap_score=settings.swap_score,
                margin=settings.spelling_margin,
            )
        self.writer = WordWriter(book, self.writer.literal, prior, settings.min_gain)

    @classmethod
    def fit_words(cls, settings: Any, fitted: FittedState, corpus: Corpus) -> FittedState:
        """Add the language model, the noise channel and the index of known words."""
        codes, clean = CodesDeobfuscator(settings, fitted), corpus.clean
        book = codes.codebook
        tokens = [segment(clean.part(*piece)) for piece in pieces(clean.offsets)]
        codes_N = np.concatenate([book(part.clusters)[part.ids] for part in tokens])
        digit_N = np.concatenate([is_digit(part.clusters)[part.ids] for part in tokens])
        separator_N = np.concatenate([is_separator(part.clusters)[part.ids] for part in tokens])
        lengths = np.concatenate([part.lengths for part in tokens])
        word_of, kept = codes.cut(codes_N, lengths)
        text_of = np.repeat(np.arange(len(lengths)), lengths)

        def fit_prior(word_of: np.ndarray) -> dict[str, FittedState]:
            plain = kept & ~_has_signs(word_of, kept)  # signs can mask letters
            words = MarkedWords.of(codes_N[plain], word_of[plain], text_of[plain], len(lengths))
            model = fit_language_model(
                words, len(book.is_sign), order=settings.order, min_count=MIN_COUNT
            )
            return {"model": model, "known": fit_deletion_index(words, book.is_letter)}

        model, known = fit_prior(word_of).values()
        prior = WordPrior(NgramLanguageModel(model, len(book.is_sign)), DeletionIndex(known))
        word_of = WordCutter(prior).split(codes_N, word_of, kept, digit_N, separator_N)
        parts = {"channel": fit_noise_channel(corpus.replacements()), **fit_prior(word_of)}
        added = FittedState.join(parts)
        return FittedState({**fitted.arrays, **added.arrays}, {**fitted.texts, **added.texts})

    def letters(self, glyphs: GlyphTokens) -> Letters:
        own_N = self.codebook(glyphs.clusters)[glyphs.ids]
        word_of, kept = self.cut(own_N, glyphs.lengths)
        text_of = np.repeat(np.arange(len(glyphs.lengths)), glyphs.lengths)
        digit_N, separator_N = is_digit(glyphs.clusters), is_separator(glyphs.clusters)
        digit_N, separator_N = digit_N[glyphs.ids], separator_N[glyphs.ids]
        word_of = self.cutter.split(own_N, word_of, kept, digit_N, separator_N)
        word_of = self.cutter.join(own_N, word_of, kept, text_of, (own_N != BLANK) & ~kept)
        lemmas_N = self.lemmas(glyphs, word_of, kept)
        found = self.search(glyphs.clusters, glyphs.ids, own_N, word_of, lemmas_N == 0)
        kept = np.where(found.codes != own_N, found.codes != SKIP, kept)
        self._read_otherwise(glyphs, own_N, word_of, lemmas_N, found, kept)
        sign = (self.codebook.is_sign[own_N] | (own_N == UNKNOWN)) & ~kept
        letters = Letters.of(
            found.codes, word_of, kept, found.lengths, sign, found.scores, lemmas_N
        )
        return letters if self.corrector is None else self.corrector(letters)

    def _read_otherwise(self, glyphs, own_N, word_of, lemmas_N, found, kept):
        """Replace words by other readings of them; changes `found` and `kept`."""
        places = np.flatnonzero((own_N != BLANK) & kept)
        if not len(places):
            return
        begins = np.flatnonzero(np.diff(word_of[places], prepend=-1))
        ends = np.append(begins[1:], len(places)) - 1
        first, last = places[begins], places[ends]
        codes, lengths = own_N[places], ends - begins + 1
        inside = np.arange(lengths.max()) < lengths[:, None]
        symbols = np.zeros(inside.shape, dtype=np.int64)
        symbols[inside] = codes
        scores = found.scores[first]
        literal = self.search.prior.log_p(symbols, inside)
        scores = np.where(np.isnan(scores), literal, scores)
        chosen = np.flatnonzero((lemmas_N[first] == 0) & (scores < UNLIKELY))
        words = []
        for w in chosen.tolist():
            here = slice(first[w], last[w] + 1)
            words.append(([glyphs.clusters[i] for i in glyphs.ids[here].tolist()], own_N[here].tolist(), kept[here].tolist()))
        for w, (new, at), score in self.others(words, scores[chosen]):
            w = chosen[w]
            here = slice(first[w], last[w] + 1)
            kept[here] = False
            spots = first[w] + np.array(at)
            kept[spots] = True
            found.codes[spots] = new
            found.lengths[here] = 1
            found.scores[here] = score


def is_digit(clusters: Sequence[str]) -> np.ndarray:
    """Return bool [num_clusters], whether a glyph is a digit."""
    return np.array([each.isdigit() for each in clusters], dtype=bool)


def is_separator(clusters: Sequence[str]) -> np.ndarray:
    """Return bool [num_clusters], whether a glyph can separate words."""
    return np.array([each in SEPARATORS for each in clusters], dtype=bool)


def _has_signs(word_of: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return bool [N], whether the glyph's word has glyphs between its letters."""
    places = np.flatnonzero(kept)
    words = word_of[places]
    gaps = (np.diff(words, prepend=-1) == 0) & (np.diff(places, prepend=-1) > 1)
    return np.isin(word_of, words[gaps])
