"""Settings of the group `deobfuscator`: whether disguised words are replaced by what they mean.

A deobfuscator has nothing to do with the decoder of a sequence-to-sequence model.
"""

from __future__ import annotations

from typing import ClassVar

from vitrina.glyphs.config import FeaturesConfig
from vitrina.registry import Settings, register, setting


class DeobfuscatorConfig(Settings):
    """Base class of the settings of deobfuscators."""

    gives_codes: ClassVar[bool] = True
    """Whether it gives the visual codes that an embedder can hash."""


@register("deobfuscator", "none")
class NoDeobfuscatorConfig(DeobfuscatorConfig):
    """No deobfuscation (which has nothing to do with a sequence-to-sequence decoder)."""

    gives_codes: ClassVar[bool] = False


@register("deobfuscator", "codes", "vitrina.deobfuscation.codes:CodesDeobfuscator")
class CodesConfig(FeaturesConfig, DeobfuscatorConfig):
    """Each glyph by its nearest letter (nothing to do with a sequence-to-sequence decoder)."""

    min_share: float = setting(2e-4, ge=0, le=1)
    """Share of the training texts' glyphs that one must make up to have a visual code."""
    merge_cosine: float = setting(0.92, ge=-1, le=1)
    """Cosine of two glyphs' pictures from which on they share a visual code."""
    min_cosine: float = setting(0.1, ge=-1, le=1)
    """Cosine to the nearest code's picture below which a glyph's code is unknown."""
    fold_case: bool = True
    """Whether pictures of capital letters have the codes of the small ones."""
    skip_signs: bool = True
    """Whether signs within words are left out (`ж.о.п.а`)."""
    join_spaced: bool = True
    """Whether three or more words of one glyph each are one word (`ж о п а`)."""


@register("deobfuscator", "words", "vitrina.deobfuscation.words:WordDeobfuscator")
class WordsConfig(CodesConfig):
    """Glyphs in the context of their word (nothing to do with a sequence-to-sequence decoder)."""

    order: int = setting(6, ge=2, le=12)
    """Codes of the longest n-grams of the language model of words."""
    cosine_weight: float = setting(10.0, gt=0)
    """Nats by which a code is less likely for a glyph if their cosine is lower by 1."""
    num_candidates: int = setting(15, ge=1)
    """Codes that a doubtful glyph may have, at most."""
    beam_size: int = setting(8, ge=1)
    """Hypotheses of a word that are kept at each glyph."""
    skip_score: float = setting(-9.0, le=0)
    """Score, in nats, of a sign that means nothing."""
    repeat_score: float = setting(-3.0, le=0)
    """The same of a glyph that repeats the one before it (`хууууй`)."""
    spelling: bool = True
    """Whether a word that no training text holds is corrected to a known one with up to two letters
    deleted (`жпа`) or masked (`ж*па`), or with neighbors swapped (`жпоа`), if that is likelier."""
    deletion_score: float = setting(-1.0, le=0)
    """Score, in nats, of each deleted letter."""
    mask_score: float = setting(-0.5, le=0)
    """The same of a letter that a sign replaces."""
    swap_score: float = setting(-3.0, le=0)
    """The same of two swapped neighbors."""
    spelling_margin: float = 3.0
    """Nats by which the known word must be likelier than the word as it is."""
    min_gain: float = setting(8.0, ge=0, keeps_weights=True)
    """Nats by which a word of frequent glyphs must be likelier than its literal form to be written
    anew in the text: honest words that no training text holds resemble known ones. Codes do not
    depend on this."""
