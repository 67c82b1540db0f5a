"""Deobfuscation of whole words.

Words are cut (`vitrina.deobfuscation.word_cutter`), the codes of their doubtful glyphs are found
(`vitrina.deobfuscation.word_search`), improbable words are read in another way
(`vitrina.deobfuscation.other_readings`), and unknown words are corrected to known ones
(`vitrina.deobfuscation.spelling`). All steps compare readings by one prior of words.

Shapes: N glyphs, L letters, W words.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vitrina.deobfuscation.beam_search import SKIP
from vitrina.deobfuscation.codes import CodesDeobfuscator
from vitrina.deobfuscation.config import WordsConfig
from vitrina.deobfuscation.deletion_index import DeletionIndex, fit_deletion_index
from vitrina.deobfuscation.language_model import NgramLanguageModel, fit_language_model
from vitrina.deobfuscation.noise_channel import NoiseChannel, fit_noise_channel
from vitrina.deobfuscation.other_readings import OtherReadings
from vitrina.deobfuscation.spelling import Letters, SpellingCorrector
from vitrina.deobfuscation.word_cutter import CutWords, WordCutter
from vitrina.deobfuscation.word_prior import WordPrior
from vitrina.deobfuscation.word_search import FoundWord, WordSearch
from vitrina.deobfuscation.writer import WordWriter
from vitrina.glyphs.segmentation import GlyphTokens, segment
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch, pieces
from vitrina.text.ngrams import MarkedWords

MIN_COUNT = 2
"""Minimum number of occurrences of a context of the language model."""


class WordDeobfuscator(CodesDeobfuscator):
    """Deobfuscates words with a noise channel and a prior of words.

    Args:
        settings: settings of the deobfuscator.
        fitted: the result of `fit`.
    """

    settings: WordsConfig

    def __init__(self, settings: WordsConfig, fitted: FittedState) -> None:
        super().__init__(settings, fitted)
        book = self.codebook
        prior = _prior(fitted, len(book.is_sign))
        self.cutter = WordCutter(prior, settings.blank_score)
        self.search = WordSearch(
            book,
            prior,
            NoiseChannel.of(fitted.part("channel"), book),
            cosine_weight=settings.cosine_weight,
            num_candidates=settings.num_candidates,
            unknown_score=settings.unknown_score,
            foreign_score=settings.foreign_score,
            mask_score=settings.mask_score,
            skip_score=settings.skip_score,
            repeat_score=settings.repeat_score,
            beam_size=settings.beam_size,
        )
        self.others = OtherReadings(book, prior, settings.other_score)
        self.corrector = None
        if settings.spelling:
            self.corrector = SpellingCorrector(
                prior,
                book.is_letter,
                deletion_score=settings.deletion_score,
                swap_score=settings.swap_score,
                margin=settings.spelling_margin,
            )
        self.writer = WordWriter(
            book, self.writer.literal, prior, settings.unknown_score, settings.min_gain
        )

    @classmethod
    def fit_words(cls, settings: Any, fitted: FittedState, corpus: Corpus) -> FittedState:
        """Add the language model, the noise channel and the index of known words.

        The words are those of the training texts and the frequent ones of the dictionary.
        """
        codes = CodesDeobfuscator(settings, fitted)
        num_codes = len(codes.codebook.is_sign)

        def cut_texts(texts: TextBatch) -> list[CutWords]:
            parts = [texts.part(*piece) for piece in pieces(texts.offsets)]
            return [codes.cut(segment(part)) for part in parts]

        cut = CutWords.join(cut_texts(corpus.clean))
        first = _fit_prior(settings, cut, codes.codebook.is_letter)
        # The words without signs inside split the other ones (`день,ночь`), which are then added.
        cut = WordCutter(_prior(FittedState.join(first), num_codes)).split(cut)
        if corpus.dictionary is not None:
            words = [[word] * n for word, n in corpus.dictionary.frequent_words().items()]
            general = TextBatch.from_strings([" ".join(each) for each in words])
            cut = CutWords.join([cut, *cut_texts(general)])
        added = FittedState.join(
            {
                "channel": fit_noise_channel(corpus.replacements()),
                **_fit_prior(settings, cut, codes.codebook.is_letter),
            }
        )
        return FittedState({**fitted.arrays, **added.arrays}, {**fitted.texts, **added.texts})

    def letters(self, glyphs: GlyphTokens) -> Letters:
        cut = self.cutter.split(self.cut(glyphs))
        lemmas_N = self.lemmas(glyphs, cut.word_of, cut.kept)
        joined = self.cutter.join(cut, lemmas_N != 0)
        lemmas_N[joined.word_of != cut.word_of] = 0
        codes, words = joined.codes, joined.word_of
        found = self.search(glyphs.clusters, glyphs.ids, codes, words, lemmas_N == 0)
        kept = np.where(found.codes != codes, found.codes != SKIP, joined.kept)
        self._read_otherwise(glyphs, joined, lemmas_N, found, kept)
        letters = Letters.of(found.codes, words, kept, found.lengths, found.scores, lemmas_N)
        return letters if self.corrector is None else self.corrector(letters)

    def _read_otherwise(
        self,
        glyphs: GlyphTokens,
        cut: CutWords,
        lemmas_N: np.ndarray,
        found: FoundWord,
        kept: np.ndarray,
    ) -> None:
        """Change `found` and `kept` where another reading of a word is more probable."""
        places = np.flatnonzero(cut.kept)
        begins = np.flatnonzero(np.diff(cut.word_of[places], prepend=-1))
        if not len(begins):
            return
        first_W, last_W = places[begins], places[np.append(begins[1:], len(places)) - 1]
        literal_W = self.search.prior.log_p_of(cut.codes[places], begins)
        scores_W = np.where(np.isnan(found.scores[first_W]), literal_W, found.scores[first_W])
        chosen = np.flatnonzero((lemmas_N[first_W] == 0) & (scores_W < self.others.highest_score))
        words = []
        for a, b in zip(first_W[chosen].tolist(), (last_W[chosen] + 1).tolist(), strict=True):
            inside = [glyphs.clusters[i] for i in glyphs.ids[a:b].tolist()]
            words.append((inside, cut.codes[a:b].tolist(), cut.kept[a:b].tolist()))
        for number, reading in self.others(words, scores_W[chosen]).items():
            word = chosen[number]
            here = slice(first_W[word], last_W[word] + 1)
            at = first_W[word] + np.array(reading.places)
            kept[here], kept[at] = False, True
            found.codes[at], found.lengths[here] = reading.codes, 1
            found.scores[here] = reading.score


def _fit_prior(settings: Any, cut: CutWords, is_letter: np.ndarray) -> dict[str, FittedState]:
    """Fit the language model and the known words on words without signs, which can mask letters."""
    plain = cut.kept & ~cut.has_signs()
    words = MarkedWords.of(
        cut.codes[plain], cut.word_of[plain], cut.text_of[plain], len(cut.lengths)
    )
    num_codes = len(is_letter)
    return {
        "model": fit_language_model(words, num_codes, order=settings.order, min_count=MIN_COUNT),
        "known": fit_deletion_index(words, is_letter),
    }


def _prior(fitted: FittedState, num_codes: int) -> WordPrior:
    model = NgramLanguageModel(fitted.part("model"), num_codes)
    return WordPrior(model, DeletionIndex(fitted.part("known")))
