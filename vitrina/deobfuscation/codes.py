"""Deobfuscation of each glyph by itself: it means the letter that it looks like.

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
from vitrina.text.batch import TextBatch, pieces

SPACED = 3
"""Adjacent words of one letter; in plain Russian there are hardly ever so many."""


class CodesDeobfuscator(Deobfuscator):
    """Replaces each glyph by the letter of its visual code.

    Args:
        settings: the option's values.
        fitted: what `fit` returned.
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
        """Fit the codebook of the glyphs of the clean training texts.

        Raises:
            InputError: if the texts hold fewer than two distinct glyphs, or none that is
                frequent enough to have a code.
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
        parts = (corpus.clean.part(*piece) for piece in pieces(corpus.clean.offsets))
        literal = literal_forms((part, built(part).written) for part in parts)
        texts = {**fitted.texts, "literal": json.dumps(literal, ensure_ascii=False)}
        return FittedState(fitted.arrays, texts)

    @classmethod
    def fit_words(cls, settings: Any, fitted: FittedState, corpus: Corpus) -> FittedState:
        """Add what is fitted on words in codes; here nothing.

        Args:
            fitted: the codebook and the space of its cosines.
        """
        return fitted

    def __call__(self, texts: TextBatch) -> DeobfuscatedBatch:
        glyphs = segment(texts)
        return DeobfuscatedBatch(texts, glyphs, self.letters(glyphs), self.writer)

    def letters(self, glyphs: GlyphTokens) -> Letters:
        """Return the letters of the words of texts."""
        codes_N = self.codebook(glyphs.clusters)[glyphs.ids]
        return Letters.of(codes_N, *self.cut(codes_N, glyphs.lengths))

    def cut(self, codes_N: np.ndarray, lengths_B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cut texts into words, see `cut_words`."""
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
        lengths_B: int64 [B], glyphs of each text.
        is_sign: for each code whether it is left out of words that hold anything else; None
            leaves nothing out.
        join_spaced: whether `SPACED` or more neighbors of one code each are one word.

    Returns:
        Numbers of words int64 [N], which do not fall over what is no blank, and bool [N], which
        glyphs are kept in them.
    """
    text_of = np.repeat(np.arange(len(lengths_B)), lengths_B)
    blank = codes_N == BLANK
    word_of = np.cumsum(blank) + text_of  # grows with blanks and with texts
    num_words = int(word_of.max(initial=-1)) + 1
    kept = ~blank
    if is_sign is not None:
        signs = is_sign[codes_N]
        says = np.zeros(num_words, dtype=bool)  # more than signs
        says[word_of[kept & ~signs]] = True
        kept &= ~signs | ~says[word_of]
    if join_spaced:
        joined = np.arange(num_words)
        joined[word_of[kept]] = _joined(word_of[kept], text_of[kept])
        word_of = joined[word_of]
    return word_of, kept


def _joined(word_of: np.ndarray, text_of: np.ndarray) -> np.ndarray:
    """Number `SPACED` or more neighbors of one code each like the first one of them."""
    new = np.diff(word_of, prepend=-1, append=-1) != 0
    alone = new[:-1] & new[1:]
    follows = alone[1:] & alone[:-1] & (text_of[1:] == text_of[:-1])
    run_of = np.cumsum(np.append(True, ~follows)[: len(word_of)]) - 1
    long = alone & (np.bincount(run_of)[run_of] >= SPACED)
    first = np.flatnonzero(np.diff(run_of, prepend=-1))
    return np.where(long, word_of[first][run_of], word_of)
