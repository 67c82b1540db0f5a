"""Deobfuscation of whole words.

First, `vitrina.deobfuscation.word_search` finds the codes of doubtful glyphs; then,
`vitrina.deobfuscation.spelling` corrects unknown words to known ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vitrina.deobfuscation.beam_search import SKIP
from vitrina.deobfuscation.codebook import UNKNOWN
from vitrina.deobfuscation.codes import CodesDeobfuscator
from vitrina.deobfuscation.config import WordsConfig
from vitrina.deobfuscation.deletion_index import fit_deletion_index
from vitrina.deobfuscation.language_model import NgramLanguageModel, fit_language_model
from vitrina.deobfuscation.noise_channel import NoiseChannel, fit_noise_channel
from vitrina.deobfuscation.spelling import Letters, SpellingCorrector
from vitrina.deobfuscation.word_search import WordSearch
from vitrina.deobfuscation.writer import WordWriter
from vitrina.glyphs.segmentation import GlyphTokens, segment
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text.batch import pieces
from vitrina.text.ngrams import MarkedWords

MIN_COUNT = 2
"""Minimum number of occurrences of a context of the language model."""


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
        self.search = WordSearch(
            book,
            model,
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
                fitted.part("known"),
                model,
                book.is_letter,
                deletion_score=settings.deletion_score,
                mask_score=settings.mask_score,
                swap_score=settings.swap_score,
                margin=settings.spelling_margin,
            )
        known = self.corrector and self.corrector.known_words
        self.writer = WordWriter(book, self.writer.literal, model, known, settings.min_gain)

    @classmethod
    def fit_words(cls, settings: Any, fitted: FittedState, corpus: Corpus) -> FittedState:
        """Add the language model, the noise channel and the index of known words."""
        codes, clean = CodesDeobfuscator(settings, fitted), corpus.clean
        tokens = [segment(clean.part(*piece)) for piece in pieces(clean.offsets)]
        codes_N = np.concatenate([codes.codebook(part.clusters)[part.ids] for part in tokens])
        lengths = np.concatenate([part.lengths for part in tokens])
        word_of, kept = codes.cut(codes_N, lengths)
        text_of = np.repeat(np.arange(len(lengths)), lengths)
        words = MarkedWords.of(codes_N[kept], word_of[kept], text_of[kept], len(lengths))
        num_codes = len(codes.codebook.is_sign)
        parts = {
            "model": fit_language_model(
                words, num_codes, order=settings.order, min_count=MIN_COUNT
            ),
            "channel": fit_noise_channel(corpus.replacements()),
        }
        if settings.spelling:
            parts["known"] = fit_deletion_index(words, codes.codebook.is_letter)
        added = FittedState.join(parts)
        return FittedState({**fitted.arrays, **added.arrays}, {**fitted.texts, **added.texts})

    def letters(self, glyphs: GlyphTokens) -> Letters:
        own_N = self.codebook(glyphs.clusters)[glyphs.ids]
        word_of, kept = self.cut(own_N, glyphs.lengths)
        lemmas_N = self.lemmas(glyphs, word_of, kept)
        found = self.search(glyphs.clusters, glyphs.ids, own_N, word_of, lemmas_N == 0)
        kept = np.where(found.codes != own_N, found.codes != SKIP, kept)
        sign = (self.codebook.is_sign[own_N] | (own_N == UNKNOWN)) & ~kept
        letters = Letters.of(
            found.codes, word_of, kept, found.lengths, sign, found.scores, lemmas_N
        )
        return letters if self.corrector is None else self.corrector(letters)
