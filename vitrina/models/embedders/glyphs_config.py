"""Settings of the embedders `glyphs` and `glyph_ngrams`: one token for each glyph."""

from __future__ import annotations

from typing import ClassVar

from vitrina.errors import require
from vitrina.glyphs.config import WhiteningConfig
from vitrina.models.embedders.config import EmbedderConfig
from vitrina.registry import register, setting


@register("embedder", "glyphs", "vitrina.models.embedders.glyphs:GlyphsEmbedder")
class GlyphsConfig(WhiteningConfig, EmbedderConfig):
    """One token for each drawn glyph, embedded from its whitened pixels."""

    draws: ClassVar[bool] = True
    glyph_tokens: ClassVar[bool] = True
    shrinkage: float = setting(0.05, ge=0)
    """Share of the largest standard deviation that is added to each divisor of the whitening."""
    dim: int = setting(128, ge=1)
    """Dimension of a token embedding."""
    mlp_dim: int = setting(256, ge=1)
    """Hidden units of the MLP over whitened pixels."""
    dropout: float = setting(0.0, ge=0, lt=1, keeps_weights=True)
    """Probability that an entry of a token embedding is dropped in training."""
    augment: float = setting(0.0, ge=0, le=2, keeps_weights=True)
    """Strength of the distortion of glyph images in training: shift, scale, shear, rotation, stroke
    width, blur. 0: none; at 0.25 almost every letter is nearest to itself, at 1 barely legible."""
    augment_marks: float = setting(0.0, ge=0, le=1, keeps_weights=True)
    """Probability of each of two random strokes or dots on a distorted image."""
    augment_erased: float = setting(0.0, ge=0, le=1, keeps_weights=True)
    """Probability that a round piece of a distorted image is erased."""
    augment_p: float = setting(0.5, ge=0, le=1, keeps_weights=True)
    """Share of tokens in training that show a distorted image, if any of the three settings above
    is not 0."""
    augment_variants: int = setting(2, ge=1, keeps_weights=True)
    """Distorted images of each distinct glyph of a batch; each token draws one."""


@register("embedder", "glyph_ngrams", "vitrina.models.embedders.glyph_ngrams:GlyphNgramsEmbedder")
class GlyphNgramsConfig(GlyphsConfig):
    """Glyph tokens with hashed n-grams of visual codes, which look-alikes share."""

    reads_codes: ClassVar[bool] = True
    shrinkage: float = setting(0.5, ge=0)
    """Share of the largest standard deviation that is added to each divisor of the whitening."""
    min_n: int = setting(2, ge=1)
    """Codes of the shortest n-grams; a mark at either end of a word counts as one."""
    max_n: int = setting(5, le=12)
    """Codes of the longest n-grams."""
    whole_words: bool = True
    """Whether each whole word is hashed, too."""
    num_buckets: int = setting(131072, ge=1, lt=2**31)
    """Rows of the table; n-grams with the same hash share one."""
    ngram_dim: int = setting(64, ge=1)
    """Dimension of an n-gram's embedding."""
    ngram_dropout: float = setting(0.5, ge=0, lt=1, keeps_weights=True)
    """Probability that an n-gram is dropped from a batch in training."""
    sparse: bool = setting(True, keeps_weights=True)
    """Whether the table's gradient is sparse, so that a step updates only the rows of its batch."""

    def check(self, key: str) -> None:
        super().check(key)
        allowed = f"from {key}.min_n ({self.min_n}) to 12"
        require(self.min_n <= self.max_n, f"{key}.max_n", self.max_n, allowed)
