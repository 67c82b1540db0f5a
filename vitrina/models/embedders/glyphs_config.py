"""The options `glyphs` and `glyph_ngrams` of the group `embedder`: one token for each glyph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vitrina.errors import require

FEATURES = ("pixels", "shapes")
"""What may be whitened in the option `glyphs`."""


def require_positive(group: object, *names: str) -> None:
    """
    Raises:
        InputError: if one of the settings of these names is below 1.
    """
    for name in names:
        value = getattr(group, name)
        require(value >= 1, f"embedder.{name}", value, "at least 1")


@dataclass(kw_only=True)
class GlyphsConfig:
    """One token for each drawn glyph, embedded from its whitened pixels."""

    kind: str
    """glyphs"""
    fonts: list[str]
    """Font files, asked in this order for each character; empty: DejaVu Sans."""
    font_size_px: int
    """Size of the em square."""
    height_px: int
    """Height of a glyph's canvas."""
    width_px: int
    """Width of a glyph's canvas."""
    features: str
    """What is whitened: pixels, or shapes (what a glyph encoder sees in them that has learned to
    tell characters apart in many faces)."""
    shapes: str | None
    """File of a glyph encoder (tools/train_glyph_encoder.py); null: the project's own."""
    num_components: int
    """Principal components of the features that are kept."""
    shrinkage: float
    """Share of the largest standard deviation added to each when dividing by it."""
    width: int
    """Width of a token embedding."""
    hidden: int
    """Hidden units of the network behind the whitened pixels."""
    dropout: float
    """Probability that an entry of a token embedding is dropped in training."""
    augment: float
    """In training, how far the form of the pictures is distorted: shifted, stretched, slanted,
    turned, with thicker or thinner strokes, blurred. 0: not at all; at 0.25 almost every letter is
    still nearest to itself, at 1 people can just read it."""
    augment_marks: float
    """In training, probability of each of two random strokes or dots on a distorted picture."""
    augment_erased: float
    """In training, probability that a distorted picture lacks a round piece."""
    augment_p: float
    """Share of the tokens of a batch that show a distorted picture, where any of the three above
    is set."""
    augment_variants: int
    """Distorted pictures that are made of each distinct glyph of a batch; a token that shows one
    draws which."""

    def __post_init__(self) -> None:
        require_positive(
            self, "font_size_px", "height_px", "width_px", "num_components", "width", "hidden"
        )
        known = self.features in FEATURES
        require(known, "embedder.features", self.features, f"one of {', '.join(FEATURES)}")
        used = self.shapes is None or self.uses_shapes()
        require(used, "embedder.shapes", self.shapes, "null where nothing takes shapes")
        require_positive(self, "augment_variants")
        require(self.shrinkage >= 0, "embedder.shrinkage", self.shrinkage, "at least 0")
        require(0 <= self.dropout < 1, "embedder.dropout", self.dropout, "from 0 to below 1")
        require(0 <= self.augment <= 2, "embedder.augment", self.augment, "from 0 to 2")
        for name in ("augment_marks", "augment_erased", "augment_p"):
            value = getattr(self, name)
            require(0 <= value <= 1, f"embedder.{name}", value, "from 0 to 1")

    def uses_shapes(self) -> bool:
        """Whether glyphs are compared by what a glyph encoder sees, for whatever purpose."""
        return self.features == "shapes"


@dataclass(kw_only=True)
class GlyphNgramsConfig(GlyphsConfig):
    """Glyph tokens with hashed n-grams of visual codes, which look-alikes share."""

    kind: str
    """glyph_ngrams"""
    min_share: float
    """Share of the training texts' glyphs that one must make up to have a visual code."""
    merge_cosine: float
    """Cosine of two glyphs' pictures from which on they share a visual code."""
    least_cosine: float
    """Cosine to the nearest code's picture below which a glyph's code is unknown."""
    code_shrinkage: float
    """As shrinkage, for the pixels in which these cosines are measured."""
    code_features: str
    """pixels, or shapes: what these cosines are measured in."""
    context_order: int
    """Codes of the longest n-grams of the model that reads doubtful signs in words; 0: none."""
    context_weight: float
    """Nats by which a code is less likely for a sign where their cosine is lower by 1."""
    context_candidates: int
    """Codes that a doubtful sign may have."""
    context_left_out: float
    """Score, in nats, of a sign that says nothing."""
    context_repeated: float
    """The same of a glyph behind itself (`хууууй`)."""
    context_beam: int
    """Ways of reading a word that are followed at once."""
    respelled: bool
    """Whether a word that no training text holds is read as a known one with up to two letters
    missing (`жпа`) or hidden (`ж*па`), or with neighbours exchanged (`жпоа`), where that is
    likelier; the model of `context_order` tells."""
    respelled_missing: float
    """Score, in nats, of each letter that is missing."""
    respelled_hidden: float
    """The same of a letter in whose place a sign stands."""
    respelled_exchanged: float
    """The same of two neighbours in each other's place."""
    respelled_margin: float
    """Nats by which the known word must be likelier than the word as it stands."""
    fold_case: bool
    """Whether pictures of capital letters have the codes of the small ones."""
    skip_signs: bool
    """Whether n-grams leave out signs within words (`ж.о.п.а`)."""
    join_spaced: bool
    """Whether three or more words of one glyph each are read as one (`ж о п а`)."""
    min_n: int
    """Codes of the shortest n-grams; a mark at either end of a word counts as one."""
    max_n: int
    """Codes of the longest n-grams."""
    whole_words: bool
    """Whether each word is hashed as a whole, too."""
    num_buckets: int
    """Rows of the table; n-grams that are hashed to the same one are not told apart."""
    ngram_width: int
    """Width of an n-gram's embedding."""
    ngram_dropout: float
    """Probability that an n-gram is left out of a batch in training."""
    sparse: bool
    """Whether the table's gradient holds only the rows that a batch touches."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, "min_n", "ngram_width")
        share = self.min_share
        require(0 <= share <= 1, "embedder.min_share", share, "from 0 to 1")
        for name in ("merge_cosine", "least_cosine"):
            value = getattr(self, name)
            require(-1 <= value <= 1, f"embedder.{name}", value, "from -1 to 1")
        share = self.code_shrinkage
        require(share >= 0, "embedder.code_shrinkage", share, "at least 0")
        features = self.code_features
        allowed = f"one of {', '.join(FEATURES)}"
        require(features in FEATURES, "embedder.code_features", features, allowed)
        order = self.context_order
        allowed = "0 or a whole number from 2 to 12"
        require(order == 0 or 2 <= order <= 12, "embedder.context_order", order, allowed)
        require_positive(self, "context_candidates", "context_beam")
        weight = self.context_weight
        require(weight > 0, "embedder.context_weight", weight, "more than 0")
        scores = ("context_left_out", "context_repeated")
        scores += ("respelled_missing", "respelled_hidden", "respelled_exchanged")
        for name in scores:
            value = getattr(self, name)
            require(value <= 0, f"embedder.{name}", value, "at most 0")
        allowed = f"from embedder.min_n ({self.min_n}) to 12"
        require(self.min_n <= self.max_n <= 12, "embedder.max_n", self.max_n, allowed)
        possible = 1 <= self.num_buckets < 2**31
        require(possible, "embedder.num_buckets", self.num_buckets, "from 1 to 2^31 - 1")
        dropped = self.ngram_dropout
        require(0 <= dropped < 1, "embedder.ngram_dropout", dropped, "from 0 to below 1")

    def uses_shapes(self) -> bool:
        return "shapes" in (self.features, self.code_features)


LATER: dict[str, Any] = {
    "features": "pixels",
    "shapes": None,
    "augment": 0.0,
    "augment_marks": 0.0,
    "augment_erased": 0.0,
    "augment_p": 0.5,
    "augment_variants": 2,
}
"""Settings of the kind glyphs that came later, with the values by which older runs were made."""

NGRAMS_LATER: dict[str, Any] = {
    "code_features": "pixels",
    "context_order": 0,
    "context_weight": 10.0,
    "context_candidates": 15,
    "context_left_out": -9.0,
    "context_repeated": -3.0,
    "context_beam": 8,
    "respelled": False,
    "respelled_missing": -1.0,
    "respelled_hidden": -0.5,
    "respelled_exchanged": -3.0,
    "respelled_margin": 3.0,
}
"""The same of `glyph_ngrams` alone."""
