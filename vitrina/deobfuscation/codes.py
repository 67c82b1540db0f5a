"""Deobfuscation of single glyphs: each glyph becomes the letter that it looks like.

Shapes: N glyphs, B texts, W words.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from vitrina.deobfuscation.base import Deobfuscator
from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.deobfuscation.codebook import Codebook, fit_codebook
from vitrina.deobfuscation.config import CodesConfig
from vitrina.deobfuscation.spelling import Letters
from vitrina.deobfuscation.word_cutter import SEPARATORS, CutWords, cut_words
from vitrina.deobfuscation.writer import WordWriter, literal_forms
from vitrina.glyphs.features import GlyphFeatures, fit_glyph_features
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.segmentation import GlyphTokens, count_glyphs, segment
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch, offsets_of, pieces, ranges


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
        cut = self.cut(glyphs)
        lemmas_N = self.lemmas(glyphs, cut.word_of, cut.kept)
        return Letters.of(cut.codes, cut.word_of, cut.kept, lemma_N=lemmas_N)

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

    def cut(self, glyphs: GlyphTokens) -> CutWords:
        """Cut texts into words at blanks, with the settings of `cut_words`."""

        def each(holds: list[bool]) -> np.ndarray:
            return np.array(holds, dtype=bool)[glyphs.ids]

        codes_N, sign_N = self.codebook(glyphs.clusters)[glyphs.ids], None
        if self.settings.skip_signs:
            sign_N = self.codebook.is_sign[codes_N]
            sign_N &= ~each([cluster[0].isalnum() for cluster in glyphs.clusters])
        join_spaced = self.settings.join_spaced
        word_of, kept = cut_words(codes_N, glyphs.lengths, sign_N=sign_N, join_spaced=join_spaced)
        digit_N = each([cluster.isdigit() for cluster in glyphs.clusters])
        separator_N = each([cluster in SEPARATORS for cluster in glyphs.clusters])
        return CutWords(codes_N, word_of, kept, digit_N, separator_N, glyphs.lengths)
