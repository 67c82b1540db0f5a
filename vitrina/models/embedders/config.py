"""Settings of the group `embedder`: texts to token embeddings."""

from __future__ import annotations

from typing import Any, ClassVar

from vitrina.errors import require
from vitrina.registry import Settings, register, setting


class EmbedderConfig(Settings):
    """Base class of the settings of embedders.

    A visual embedder declares what its tokens show; `ocr` and `task=pretraining` require it.
    """

    draws: ClassVar[bool] = False
    """Whether tokens show drawn text."""
    glyph_tokens: ClassVar[bool] = False
    """Whether each token shows one drawn glyph."""
    reads_codes: ClassVar[bool] = False
    """Whether it hashes the visual codes of a deobfuscator."""

    def check_with(self, config: Any) -> None:
        deobfuscator = config.deobfuscator
        works = deobfuscator.gives_codes or not self.reads_codes
        allowed = f"one that gives visual codes, such as words, with embedder={self.kind}"
        require(works, "deobfuscator", deobfuscator.kind, allowed)


class DrawnLineConfig(EmbedderConfig):
    """Base class of the settings of embedders over a drawn line."""

    draws: ClassVar[bool] = True
    fonts: list[str] = setting([])
    """Font files, tried in this order for each character; empty: DejaVu Sans."""
    font_size_px: int = setting(13, ge=1)
    """Size of the em square."""
    height_px: int = setting(16, ge=1)
    """Height of the drawn line."""
    window_px: int = setting(32, ge=1)
    """Width of a window; each window is a token."""
    stride_px: int = setting(8, ge=1)
    """Distance between the left edges of two windows."""
    dim: int = setting(128, ge=1)
    """Dimension of a token embedding."""

    def check(self, key: str) -> None:
        overlap = f"at most {key}.window_px ({self.window_px})"
        require(self.stride_px <= self.window_px, f"{key}.stride_px", self.stride_px, overlap)

    def fonts_used(self) -> list[str] | None:
        return self.fonts


@register("embedder", "slices", "vitrina.models.embedders.slices:SlicesEmbedder")
class SlicesConfig(DrawnLineConfig):
    """Overlapping windows of the drawn line, each embedded by residual convolutions."""

    stride_px: int = setting(16, ge=1)
    """Distance between the left edges of two windows."""
    channels: list[int] = setting([8, 16, 32], ge=1, min_length=1)
    """Channels of the residual blocks; each block halves height and width."""

    def check(self, key: str) -> None:
        super().check(key)
        most = min(self.height_px, self.window_px).bit_length() - 1
        allowed = f"at most {most} numbers of at least 1 for this height and window"
        require(len(self.channels) <= most, f"{key}.channels", self.channels, allowed)


@register("embedder", "line", "vitrina.models.embedders.line:LineEmbedder")
class LineConfig(DrawnLineConfig):
    """Windows over a feature map that convolutions compute of the whole drawn line."""

    patch_px: int = 11
    """Width of a patch."""
    patch_stride_px: int = setting(1, ge=1)
    """Pixels from one patch to the next."""
    pool: int = setting(8, ge=1)
    """Neighboring patches that are max-pooled to one position of the map."""
    num_components: int = setting(128, ge=1)
    """Principal components of a patch's pixels that are kept."""
    shrinkage: float = setting(0.05, ge=0)
    """Share of the largest standard deviation that is added to each divisor of the whitening."""
    channels: int = setting(128, ge=1)
    """Channels of the map."""
    kernels: list[int] = setting([3], ge=1, odd=True)
    """Kernel sizes of the residual convolutions over the map."""
    dropout: float = setting(0.0, ge=0, lt=1, keeps_weights=True)
    """Probability that an entry of a token embedding is dropped in training."""

    def check(self, key: str) -> None:
        super().check(key)
        step = self.patch_stride_px
        wide = self.patch_px >= step and (self.patch_px - step) % 2 == 0
        allowed = f"{key}.patch_stride_px ({step}) plus an even number, 0 included"
        require(wide, f"{key}.patch_px", self.patch_px, allowed)
        for name in ("window_px", "stride_px"):
            value = getattr(self, name)
            allowed = f"a multiple of {key}.patch_stride_px times {key}.pool ({self.place_px})"
            require(value % self.place_px == 0, f"{key}.{name}", value, allowed)

    @property
    def place_px(self) -> int:
        """Pixels from one position of the map to the next."""
        return self.patch_stride_px * self.pool


@register("embedder", "wordpiece", "vitrina.models.embedders.wordpiece:WordpieceEmbedder")
class WordpieceConfig(EmbedderConfig):
    """Word pieces looked up in a table: the text-token baseline."""

    tokenizer: str | None = None
    """A trained tokenizer (tokenizer.json or its folder); null: train one on the training texts."""
    vocabulary_size: int = setting(10000, ge=100)
    """Maximum number of word pieces of a tokenizer trained here."""
    min_frequency: int = setting(2, ge=1)
    """Minimum count of a word piece in the training texts."""
    lowercase: bool = True
    """Whether a tokenizer trained here folds case."""
    dim: int = setting(128, ge=1)
    """Dimension of a token embedding."""
    dropout: float = setting(0.1, ge=0, lt=1, keeps_weights=True)
    """Probability that an entry of a token embedding is dropped in training."""


@register("embedder", "characters", "vitrina.models.embedders.characters:CharactersEmbedder")
class CharactersConfig(EmbedderConfig):
    """Characters looked up in a table: the alphabet of the training texts."""

    min_frequency: int = setting(2, ge=1)
    """Minimum count of a character in the training texts; rarer ones are unknown."""
    lowercase: bool = False
    """Whether texts are lowercased."""
    dim: int = setting(128, ge=1)
    """Dimension of a token embedding."""
    dropout: float = setting(0.0, ge=0, lt=1, keeps_weights=True)
    """Probability that an entry of a token embedding is dropped in training."""


@register("embedder", "bytes", "vitrina.models.embedders.bytes:BytesEmbedder")
class BytesConfig(EmbedderConfig):
    """Bytes of UTF-8 looked up in a table."""

    dim: int = setting(128, ge=1)
    """Dimension of a token embedding."""
    dropout: float = setting(0.0, ge=0, lt=1, keeps_weights=True)
    """Probability that an entry of a token embedding is dropped in training."""


@register("embedder", "ngrams", "vitrina.models.embedders.ngrams:NgramsEmbedder")
class NgramsConfig(EmbedderConfig):
    """Character n-grams of words, hashed, looked up in a table."""

    min_n: int = setting(2, ge=1)
    """Characters of the shortest n-grams; a mark at either end of a word counts as one."""
    max_n: int = setting(5, le=32)
    """Characters of the longest n-grams."""
    whole_words: bool = True
    """Whether each whole word is a token, too."""
    lowercase: bool = False
    """Whether texts are lowercased."""
    num_buckets: int = setting(262144, ge=1, lt=2**31)
    """Rows of the table; n-grams with the same hash share one."""
    dim: int = setting(16, ge=1)
    """Dimension of a token embedding."""
    sparse: bool = setting(True, keeps_weights=True)
    """Whether the table's gradient is sparse, so that a step updates only the rows of its batch."""

    def check(self, key: str) -> None:
        allowed = f"from {key}.min_n ({self.min_n}) to 32"
        require(self.min_n <= self.max_n, f"{key}.max_n", self.max_n, allowed)


@register("embedder", "subwords", "vitrina.models.embedders.subwords:SubwordsEmbedder")
class SubwordsConfig(EmbedderConfig):
    """Sub-words of a Hugging Face checkpoint: its tokenizer and its embedding table."""

    name: str | None = None
    """A model on the hub or a local folder; by default that of `encoder=pretrained`."""
    revision: str | None = None
    """Branch, tag or commit on the hub; null: the main branch."""
    frozen: bool = setting(False, keeps_weights=True)
    """Whether the table is frozen."""
    rate_share: float = setting(0.1, gt=0, le=1, keeps_weights=True)
    """Share of the optimizer's learning rate for the table."""

    def check(self, key: str) -> None:
        allowed = (
            "the name of a model on the Hugging Face hub or a folder; with encoder=pretrained, "
            "encoder.name sets both"
        )
        require(bool(self.name), f"{key}.name", self.name, allowed)
