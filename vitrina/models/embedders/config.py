"""Options of the group `embedder`: how a text becomes token embeddings."""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.errors import require
from vitrina.models.embedders.glyphs_config import (
    GlyphNgramsConfig,
    GlyphsConfig,
    require_positive,
)

STEMS = ("patch", "strided")
"""What may read the line first in the option `line`."""


@dataclass(kw_only=True)
class SlicesConfig:
    """Overlapping windows of the drawn line, each read by residual convolutions."""

    kind: str
    """slices"""
    fonts: list[str]
    """Font files, asked in this order for each character; empty: DejaVu Sans."""
    font_size_px: int
    """Size of the em square."""
    height_px: int
    """Height of the drawn line."""
    window_px: int
    """Width of a slice."""
    stride_px: int
    """Distance between the left edges of two slices."""
    channels: list[int]
    """Channels of the residual blocks; each block halves height and width."""
    width: int
    """Width of a token embedding."""

    def __post_init__(self) -> None:
        require_positive(self, "font_size_px", "height_px", "window_px", "stride_px", "width")
        halved = f"at most {self._most_blocks()} numbers of at least 1 for this height and window"
        fits = 1 <= len(self.channels) <= self._most_blocks() and min(self.channels) >= 1
        require(fits, "embedder.channels", self.channels, halved)
        overlap = f"at most embedder.window_px ({self.window_px})"
        require(self.stride_px <= self.window_px, "embedder.stride_px", self.stride_px, overlap)

    def _most_blocks(self) -> int:
        return min(self.height_px, self.window_px).bit_length() - 1


@dataclass(kw_only=True)
class LineConfig:
    """Windows over a map that convolutions make of the whole drawn line at once."""

    kind: str
    """line"""
    fonts: list[str]
    """Font files, asked in this order for each character; empty: DejaVu Sans."""
    font_size_px: int
    """Size of the em square."""
    height_px: int
    """Height of the drawn line."""
    stem: str
    """patch (whitened patches, embedded) or strided (3×3 convolutions of stride 2)."""
    patch_px: int
    """Width of a patch."""
    patch_stride_px: int
    """Pixels from one patch to the next; for the strided stem a power of two."""
    pool: int
    """Neighbouring patches that become one place of the map, by their maximum."""
    num_components: int
    """Principal components of a patch's pixels that are kept."""
    shrinkage: float
    """Share of the largest standard deviation added to each when dividing by it."""
    channels: int
    """Channels of the map."""
    kernels: list[int]
    """One residual convolution over the map for each number: places it sees; odd."""
    window_px: int
    """Width of a window, one token each."""
    stride_px: int
    """Distance between the left edges of two windows."""
    width: int
    """Width of a token embedding."""
    dropout: float
    """Probability that an entry of a token embedding is dropped in training."""

    def __post_init__(self) -> None:
        require_positive(self, "font_size_px", "height_px", "patch_stride_px", "num_components")
        require_positive(self, "pool", "channels", "width", "window_px", "stride_px")
        require(self.stem in STEMS, "embedder.stem", self.stem, f"one of {', '.join(STEMS)}")
        step = self.patch_stride_px
        wide = self.patch_px >= step and (self.patch_px - step) % 2 == 0
        allowed = f"embedder.patch_stride_px ({step}) or more by an even number"
        require(wide, "embedder.patch_px", self.patch_px, allowed)
        if self.stem == "strided":
            require(self.pool == 1, "embedder.pool", self.pool, "1 for the strided stem")
            halves = step >= 2 and step & (step - 1) == 0
            require(halves, "embedder.patch_stride_px", step, "a power of two of at least 2")
            allowed = f"a multiple of embedder.patch_stride_px ({step})"
            require(self.height_px % step == 0, "embedder.height_px", self.height_px, allowed)
            allowed = f"at least {2 * step} for this embedder.patch_stride_px"
            require(self.channels >= 2 * step, "embedder.channels", self.channels, allowed)
        for name in ("window_px", "stride_px"):
            value = getattr(self, name)
            allowed = (
                f"a multiple of embedder.patch_stride_px times embedder.pool ({self.place_px})"
            )
            require(value % self.place_px == 0, f"embedder.{name}", value, allowed)
        overlap = f"at most embedder.window_px ({self.window_px})"
        require(self.stride_px <= self.window_px, "embedder.stride_px", self.stride_px, overlap)
        odd = all(kernel >= 1 and kernel % 2 == 1 for kernel in self.kernels)
        require(odd, "embedder.kernels", self.kernels, "odd numbers of at least 1")
        require(self.shrinkage >= 0, "embedder.shrinkage", self.shrinkage, "at least 0")
        require(0 <= self.dropout < 1, "embedder.dropout", self.dropout, "from 0 to below 1")

    @property
    def place_px(self) -> int:
        """Pixels from one place of the map to the next."""
        return self.patch_stride_px * self.pool


@dataclass(kw_only=True)
class WordpieceConfig:
    """Word pieces looked up in a table: the text-token baseline."""

    kind: str
    """wordpiece"""
    tokenizer: str | None
    """A trained tokenizer (tokenizer.json or its folder); null trains one on the training texts."""
    vocabulary_size: int
    """Word pieces of a tokenizer trained here."""
    min_frequency: int
    """Occurrences a word piece needs."""
    lowercase: bool
    """Whether a tokenizer trained here folds case."""
    width: int
    """Width of a token embedding."""
    dropout: float
    """Probability that an entry of a token embedding is dropped in training."""

    def __post_init__(self) -> None:
        require_positive(self, "min_frequency", "width")
        require(
            self.vocabulary_size >= 100,
            "embedder.vocabulary_size",
            self.vocabulary_size,
            "at least 100",
        )
        require(0 <= self.dropout < 1, "embedder.dropout", self.dropout, "from 0 to below 1")


@dataclass(kw_only=True)
class CharactersConfig:
    """Characters looked up in a table: the alphabet of the training texts."""

    kind: str
    """characters"""
    min_frequency: int
    """Occurrences a character needs; rarer ones are unknown."""
    lowercase: bool
    """Whether capital letters are read as small ones."""
    width: int
    """Width of a token embedding."""
    dropout: float
    """Probability that an entry of a token embedding is dropped in training."""

    def __post_init__(self) -> None:
        require_positive(self, "min_frequency", "width")
        require(0 <= self.dropout < 1, "embedder.dropout", self.dropout, "from 0 to below 1")


@dataclass(kw_only=True)
class BytesConfig:
    """Bytes of UTF-8 looked up in a table."""

    kind: str
    """bytes"""
    width: int
    """Width of a token embedding."""
    dropout: float
    """Probability that an entry of a token embedding is dropped in training."""

    def __post_init__(self) -> None:
        require_positive(self, "width")
        require(0 <= self.dropout < 1, "embedder.dropout", self.dropout, "from 0 to below 1")


@dataclass(kw_only=True)
class NgramsConfig:
    """Character n-grams of words, hashed, looked up in a table."""

    kind: str
    """ngrams"""
    min_n: int
    """Characters of the shortest n-grams; a mark at either end of a word counts as one."""
    max_n: int
    """Characters of the longest n-grams."""
    whole_words: bool
    """Whether each word is a token as a whole, too."""
    lowercase: bool
    """Whether capital letters are read as small ones."""
    num_buckets: int
    """Rows of the table; n-grams that are hashed to the same one are not told apart."""
    width: int
    """Width of a token embedding."""
    sparse: bool
    """Whether the table's gradient holds only the rows that a batch touches. optimizer=adamw and
    optimizer=muon then move only these; the momentum of optimizer=sgd moves all rows in any case,
    and takes the whole gradient."""

    def __post_init__(self) -> None:
        require_positive(self, "min_n", "width")
        allowed = f"from embedder.min_n ({self.min_n}) to 32"
        require(self.min_n <= self.max_n <= 32, "embedder.max_n", self.max_n, allowed)
        possible = 1 <= self.num_buckets < 2**31
        require(possible, "embedder.num_buckets", self.num_buckets, "from 1 to 2^31 - 1")


@dataclass(kw_only=True)
class SubwordsConfig:
    """Sub-words of a Hugging Face checkpoint: its own tokenizer and its table of embeddings."""

    kind: str
    """subwords"""
    name: str | None
    """A model on the hub or a local folder; by default that of `encoder=pretrained`."""
    revision: str | None
    """Branch, tag or commit on the hub; null is its main one."""
    frozen: bool
    """Whether the table stays as it is in the checkpoint."""
    rate_share: float
    """Share of the optimizer's learning rate for the table."""

    def __post_init__(self) -> None:
        allowed = (
            "the name of a model on the Hugging Face hub or a folder; with encoder=pretrained, "
            "encoder.name gives both"
        )
        require(bool(self.name), "embedder.name", self.name, allowed)
        share = self.rate_share
        require(0 < share <= 1, "embedder.rate_share", share, "above 0 and at most 1")


OPTIONS: dict[str, type] = {
    "glyphs": GlyphsConfig,
    "glyph_ngrams": GlyphNgramsConfig,
    "slices": SlicesConfig,
    "line": LineConfig,
    "wordpiece": WordpieceConfig,
    "characters": CharactersConfig,
    "bytes": BytesConfig,
    "ngrams": NgramsConfig,
    "subwords": SubwordsConfig,
}
