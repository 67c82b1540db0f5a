"""Settings of the embedders `glyphs` and `glyph_ngrams`: one token for each glyph."""

from __future__ import annotations

from typing import ClassVar

from vitrina.errors import require
from vitrina.models.embedders.config import EmbedderConfig
from vitrina.registry import register, setting

FEATURES = ("pixels", "shapes")
"""What glyphs can be compared by."""


@register("embedder", "glyphs", "vitrina.models.embedders.glyphs:GlyphsEmbedder")
class GlyphsConfig(EmbedderConfig):
    """One token for each drawn glyph, embedded from its whitened pixels."""

    draws: ClassVar[bool] = True
    glyph_tokens: ClassVar[bool] = True
    fonts: list[str] = setting([])
    """Font files, tried in this order for each character; empty: DejaVu Sans."""
    font_size_px: int = setting(12, ge=1)
    """Size of the em square."""
    height_px: int = setting(24, ge=1)
    """Height of a glyph's canvas."""
    width_px: int = setting(16, ge=1)
    """Width of a glyph's canvas."""
    features: str = setting("pixels", choices=FEATURES)
    """What is whitened: pixels, or shapes (features of the glyph encoder)."""
    shapes: str | None = None
    """File of a glyph encoder (tools/train_glyph_encoder.py); null: the project's own."""
    num_components: int = setting(128, ge=1)
    """Principal components of the features that are kept."""
    shrinkage: float = setting(0.05, ge=0)
    """Share of the largest standard deviation added to each when dividing by it."""
    dim: int = setting(128, ge=1)
    """Dimension of a token embedding."""
    mlp_dim: int = setting(256, ge=1)
    """Hidden units of the network behind the whitened pixels."""
    dropout: float = setting(0.0, ge=0, lt=1)
    """Probability that an entry of a token embedding is dropped in training."""
    augment: float = setting(0.0, ge=0, le=2)
    """In training, how far the form of the pictures is distorted: shifted, stretched, slanted,
    turned, with thicker or thinner strokes, blurred. 0: not at all; at 0.25 almost every letter is
    still nearest to itself, at 1 people can just read it."""
    augment_marks: float = setting(0.0, ge=0, le=1)
    """In training, probability of each of two random strokes or dots on a distorted picture."""
    augment_erased: float = setting(0.0, ge=0, le=1)
    """In training, probability that a distorted picture lacks a round piece."""
    augment_p: float = setting(0.5, ge=0, le=1)
    """Share of the tokens of a batch that show a distorted picture, where any of the three above
    is set."""
    augment_variants: int = setting(2, ge=1)
    """Distorted pictures of each distinct glyph of a batch; a token draws one of them."""

    def check(self, key: str) -> None:
        used = self.shapes is None or self.uses_shapes()
        require(used, f"{key}.shapes", self.shapes, "null where nothing takes shapes")

    def uses_shapes(self) -> bool:
        """Whether glyphs are compared by the features of the glyph encoder."""
        return self.features == "shapes"


@register("embedder", "glyph_ngrams", "vitrina.models.embedders.glyph_ngrams:GlyphNgramsEmbedder")
class GlyphNgramsConfig(GlyphsConfig):
    """Glyph tokens with hashed n-grams of visual codes, which look-alikes share."""

    shrinkage: float = setting(0.5, ge=0)
    """Share of the largest standard deviation added to each when dividing by it."""
    min_share: float = setting(2e-4, ge=0, le=1)
    """Share of the training texts' glyphs that one must make up to have a visual code."""
    merge_cosine: float = setting(0.92, ge=-1, le=1)
    """Cosine of two glyphs' pictures from which on they share a visual code."""
    least_cosine: float = setting(0.1, ge=-1, le=1)
    """Cosine to the nearest code's picture below which a glyph's code is unknown."""
    code_shrinkage: float = setting(0.5, ge=0)
    """As shrinkage, for the pixels in which these cosines are measured."""
    code_features: str = setting("shapes", choices=FEATURES)
    """pixels, or shapes: what these cosines are measured in."""
    context_order: int = setting(6, ge=0, le=12)
    """Codes of the longest n-grams of the model that reads doubtful signs in words; 0: none."""
    context_weight: float = setting(10.0, gt=0)
    """Nats by which a code is less likely for a sign where their cosine is lower by 1."""
    context_candidates: int = setting(15, ge=1)
    """Codes that a doubtful sign may have."""
    context_left_out: float = setting(-9.0, le=0)
    """Score, in nats, of a sign that says nothing."""
    context_repeated: float = setting(-3.0, le=0)
    """The same of a glyph behind itself (`хууууй`)."""
    context_beam: int = setting(8, ge=1)
    """Ways of reading a word that are followed at once."""
    respelled: bool = True
    """Whether a word that no training text holds is read as a known one with up to two letters
    missing (`жпа`) or hidden (`ж*па`), or with neighbors exchanged (`жпоа`), where that is
    likelier; the model of `context_order` decides."""
    respelled_missing: float = setting(-1.0, le=0)
    """Score, in nats, of each letter that is missing."""
    respelled_hidden: float = setting(-0.5, le=0)
    """The same of a letter that a sign replaces."""
    respelled_exchanged: float = setting(-3.0, le=0)
    """The same of two neighbors in each other's place."""
    respelled_margin: float = 3.0
    """Nats by which the known word must be likelier than the word as it is."""
    fold_case: bool = True
    """Whether pictures of capital letters have the codes of the small ones."""
    skip_signs: bool = True
    """Whether n-grams leave out signs within words (`ж.о.п.а`)."""
    join_spaced: bool = True
    """Whether three or more words of one glyph each are read as one (`ж о п а`)."""
    min_n: int = setting(2, ge=1)
    """Codes of the shortest n-grams; a mark at either end of a word counts as one."""
    max_n: int = setting(5, le=12)
    """Codes of the longest n-grams."""
    whole_words: bool = True
    """Whether each word is hashed as a whole, too."""
    num_buckets: int = setting(131072, ge=1, lt=2**31)
    """Rows of the table; n-grams with the same hash share one."""
    ngram_dim: int = setting(64, ge=1)
    """Dimension of an n-gram's embedding."""
    ngram_dropout: float = setting(0.5, ge=0, lt=1)
    """Probability that an n-gram is left out of a batch in training."""
    sparse: bool = True
    """Whether the table's gradient holds only the rows that a batch touches."""

    def check(self, key: str) -> None:
        super().check(key)
        allowed = "0 or a whole number from 2 to 12"
        require(self.context_order != 1, f"{key}.context_order", self.context_order, allowed)
        allowed = f"from {key}.min_n ({self.min_n}) to 12"
        require(self.min_n <= self.max_n, f"{key}.max_n", self.max_n, allowed)

    def uses_shapes(self) -> bool:
        return "shapes" in (self.features, self.code_features)
