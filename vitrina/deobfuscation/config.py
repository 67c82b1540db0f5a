"""Settings of the group `deobfuscator`: how disguised words become plain letters.

A deobfuscator has nothing to do with the decoder of a sequence-to-sequence model.
"""

from __future__ import annotations

from typing import ClassVar

from vitrina.glyphs.config import FeaturesConfig
from vitrina.registry import Settings, register, setting


class DeobfuscatorConfig(Settings):
    """Base class of the settings of deobfuscators."""

    gives_codes: ClassVar[bool] = True
    """Whether it returns visual codes, which an embedder can hash."""


@register("deobfuscator", "none")
class NoDeobfuscatorConfig(DeobfuscatorConfig):
    """No deobfuscation."""

    gives_codes: ClassVar[bool] = False


@register("deobfuscator", "codes", "vitrina.deobfuscation.codes:CodesDeobfuscator")
class CodesConfig(FeaturesConfig, DeobfuscatorConfig):
    """Replaces each glyph by the letter that it looks most like."""

    min_share: float = setting(2e-4, ge=0, le=1)
    """Minimum share of a glyph in the training texts for an entry in the codebook."""
    merge_cosine: float = setting(0.92, ge=-1, le=1)
    """Minimum cosine of two glyphs that share a visual code."""
    min_cosine: float = setting(0.1, ge=-1, le=1)
    """Minimum cosine to the nearest entry; below it, the code of a glyph is unknown."""
    fold_case: bool = True
    """Whether capital letters have the codes of their lowercase letters."""
    skip_signs: bool = True
    """Whether to drop signs within words (`ж.о.п.а`)."""
    join_spaced: bool = True
    """Whether to join three or more adjacent one-glyph words (`ж о п а`)."""


@register("deobfuscator", "words", "vitrina.deobfuscation.words:WordDeobfuscator")
class WordsConfig(CodesConfig):
    """Deobfuscates whole words with a noise channel and a language model."""

    order: int = setting(6, ge=2, le=12)
    """Length of the longest n-grams of the language model, in codes."""
    cosine_weight: float = setting(10.0, gt=0)
    """Score, in nats, per unit of cosine between a glyph and a code."""
    num_candidates: int = setting(15, ge=1)
    """Maximum number of candidate codes of a doubtful glyph."""
    beam_size: int = setting(32, ge=1)
    """Number of hypotheses that the beam search keeps per word."""
    unknown_score: float = setting(-10.0, le=0)
    """Score, in nats, of a glyph that is no letter."""
    foreign_score: float = setting(-4.5, le=0)
    """Score, in nats per letter, of a Latin word that is left as it is."""
    mask_score: float = setting(-3.5, le=0)
    """Score, in nats, of a sign or digit that masks any letter (`х*й`)."""
    skip_score: float = setting(-1.5, le=0)
    """Score, in nats, of skipping a sign within a word (`х-у-й`)."""
    repeat_score: float = setting(-2.0, le=0)
    """Score, in nats, of skipping a glyph that repeats the previous one (`хууууй`)."""
    blank_score: float = setting(-6.0, le=0)
    """Score, in nats, of a blank within a word (`ху й`)."""
    other_score: float = setting(-7.0, le=0)
    """Score, in nats, of reading a word backwards, in another keyboard layout, or without letters
    that were put between or around its own."""
    spelling: bool = True
    """Whether to correct unknown words to known ones: up to two letters deleted (`жпа`), or
    neighbors swapped (`жпоа`)."""
    deletion_score: float = setting(-5.0, le=0)
    """Score, in nats, of each deleted letter."""
    swap_score: float = setting(-5.0, le=0)
    """Score, in nats, of each pair of swapped neighbors."""
    spelling_margin: float = 3.0
    """Minimum gain, in nats, of a corrected spelling over the original word."""
    min_gain: float = setting(3.0, ge=0, keeps_weights=True)
    """Minimum gain, in nats, of a rewritten word of frequent glyphs over its literal form: benign
    unknown words resemble known ones. Codes do not depend on it."""
