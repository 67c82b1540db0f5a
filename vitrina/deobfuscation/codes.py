"""Deobfuscation of single glyphs: each glyph becomes the letter that it looks like.

Shapes: N glyphs, B texts, W words.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from vitrina.deobfuscation.base import Deobfuscator
from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.deobfuscation.codebook import BLANK, Codebook, fit_codebook
from vitrina.deobfuscation.config import CodesConfig
from vitrina.deobfuscation.spelling import Letters
from vitrina.deobfuscation.writer import WordWriter, literal_forms
from vitrina.glyphs.features import GlyphFeatures, fit_glyph_features
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.segmentation import GlyphTokens, count_glyphs, segment
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch, offsets_of, pieces, ranges

MIN_SPACED_WORDS = 3
"""Adjacent one-letter words that are joined; plain Russian hardly ever has that many."""


class CodesDeobfuscator(Deobfuscator):
    """Replaces each glyph by the letter of its visual code.

    Args:
        settings: settings of the deobfuscator.
        fitted: the result of `fit`.
    """

    def __init__(self, settings: CodesConfig, fitted: FittedState) -> None:
        self.settings = settings
        self.codebook = Codebook(
            fitted.part("codebook"),
            GlyphFeatures(fitted.part("space")).on_host,
            GlyphRenderer.of(settings),
            width_px=settings.width_px,
            min_cosine=settings.min_cosine,
        )
        self.writer = WordWriter(self.codebook, json.loads(fitted.texts.get("literal", "[]")))

    @classmethod
    def fit(cls, settings: CodesConfig, corpus: Corpus) -> FittedState:
        """Fit the codebook on the glyphs of the clean training texts.

        Raises:
            InputError: if the texts have fewer than two distinct glyphs, or no glyph reaches
                `min_share`.
        """
        counts = count_glyphs(corpus.clean)
        glyphs = list(counts)
        space = fit_glyph_features(settings, glyphs, "deobfuscator")
        pictures = GlyphRenderer.of(settings).render(glyphs, settings.width_px)
        codebook = fit_codebook(
            counts,
            GlyphFeatures(space).on_host(pictures),
            min_share=settings.min_share,
            merge_cosine=settings.merge_cosine,
            fold_case=settings.fold_case,
        )
        fitted = FittedState.join({"space": space, "codebook": codebook})
        fitted = cls.fit_words(settings, fitted, corpus)
        built = cls(settings, fitted)
        built.dictionary = corpus.dictionary
        parts = (corpus.clean.part(*piece) for piece in pieces(corpus.clean.offsets))
        literal = literal_forms((part, built(part).written) for part in parts)
        texts = {**fitted.texts, "literal": json.dumps(literal, ensure_ascii=False)}
        return FittedState(fitted.arrays, texts)

    @classmethod
    def fit_words(cls, settings: Any, fitted: FittedState, corpus: Corpus) -> FittedState:
        """Add the state fitted on words of codes; none here.

        Args:
            fitted: the state of the glyph features and of the codebook.
        """
        return fitted

    def __call__(self, texts: TextBatch) -> DeobfuscatedBatch:
        glyphs = segment(texts)
        return DeobfuscatedBatch(texts, glyphs, self.letters(glyphs), self.writer)

    def letters(self, glyphs: GlyphTokens) -> Letters:
        """Return the letters of the words of texts."""
        codes_N = self.codebook(glyphs.clusters)[glyphs.ids]
        word_of, kept = self.cut(codes_N, glyphs.lengths)
        return Letters.of(codes_N, word_of, kept, lemma_N=self.lemmas(glyphs, word_of, kept))

    def lemmas(self, glyphs: GlyphTokens, word_of: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """Return uint64 [N]: the hash of the lemma of each glyph's word, or 0.

        A word is looked up as it is written, without the signs around it (`кто-то`, not `су-ка`).
        """
        lemmas_N = np.zeros(len(glyphs.ids), dtype=np.uint64)
        if self.dictionary is None or not kept.any():
            return lemmas_N
        single_G = np.array([len(each) == 1 for each in glyphs.clusters])
        points_G = np.array([ord(each[0]) for each in glyphs.clusters], dtype=np.uint32)
        start = np.flatnonzero(kept)
        begins = np.flatnonzero(np.diff(word_of[start], prepend=-1))
        first_W, last_W = start[begins], start[np.append(begins[1:], len(start)) - 1]
        lengths_W = last_W - first_W + 1
        inside = ranges(first_W, lengths_W)
        ids = glyphs.ids[inside]
        words = TextBatch(points_G[ids], offsets_of(lengths_W)).to_strings()
        single_W = np.logical_and.reduceat(single_G[ids], offsets_of(lengths_W)[:-1])
        lemmas_W = np.where(single_W, self.dictionary.lemma_hashes(words), 0)
        lemmas_N[inside] = np.repeat(lemmas_W, lengths_W)
        return lemmas_N

    def cut(self, codes_N: np.ndarray, lengths_B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cut texts into words with the settings, see `cut_words`."""
        is_sign = self.codebook.is_sign if self.settings.skip_signs else None
        return cut_words(codes_N, lengths_B, is_sign=is_sign, join_spaced=self.settings.join_spaced)


def cut_words(
    codes_N: np.ndarray,
    lengths_B: np.ndarray,
    *,
    is_sign: np.ndarray | None,
    join_spaced: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut texts into words at blanks.

    Args:
        codes_N: codes of all glyphs.
        lengths_B: int64 [B], number of glyphs of each text.
        is_sign: per code, whether it is dropped from words that have other codes; None drops none.
        join_spaced: whether to join `MIN_SPACED_WORDS` or more adjacent one-glyph words.

    Returns:
        int64 [N], word index of each glyph, non-decreasing over non-blank glyphs; and bool [N],
        whether a glyph is kept in its word.

    >>> codes, lengths = np.array([5, 0, 6, 7, 0, 8]), np.array([4, 2])  # 0 is a blank
    >>> cut_words(codes, lengths, is_sign=None, join_spaced=True)[0].tolist()
    [0, 1, 1, 1, 3, 3]
    """
    text_of = np.repeat(np.arange(len(lengths_B)), lengths_B)
    blank = codes_N == BLANK
    word_of = np.cumsum(blank) + text_of  # a new word after each blank and in each text
    num_words = int(word_of.max(initial=-1)) + 1
    kept = ~blank
    if is_sign is not None:
        signs = is_sign[codes_N]
        has_others = np.zeros(num_words, dtype=bool)
        has_others[word_of[kept & ~signs]] = True
        kept &= ~signs | ~has_others[word_of]
    if join_spaced:
        joined = np.arange(num_words)
        joined[word_of[kept]] = _joined(word_of[kept], text_of[kept])
        word_of = joined[word_of]
    return word_of, kept


def _joined(word_of: np.ndarray, text_of: np.ndarray) -> np.ndarray:
    """Give runs of `MIN_SPACED_WORDS` or more one-glyph words the index of their first word."""
    new = np.diff(word_of, prepend=-1, append=-1) != 0
    alone = new[:-1] & new[1:]
    follows = alone[1:] & alone[:-1] & (text_of[1:] == text_of[:-1])
    run_of = np.cumsum(np.append(True, ~follows)[: len(word_of)]) - 1
    long = alone & (np.bincount(run_of)[run_of] >= MIN_SPACED_WORDS)
    first = np.flatnonzero(np.diff(run_of, prepend=-1))
    return np.where(long, word_of[first][run_of], word_of)
