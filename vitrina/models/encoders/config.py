"""Options of the group `encoder`: how token embeddings see their neighbours."""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.errors import require

TOO_LONG = ("windows", "refuse")


@dataclass(kw_only=True)
class CnnConfig:
    """Residual 1-D convolutions over the tokens."""

    kind: str
    """cnn"""
    width: int
    """Channels of the convolutions."""
    stem_kernel: int
    """Tokens the first convolution sees; odd."""
    stride: int
    """Tokens that become one behind the first convolution, by their maximum."""
    kernels: list[int]
    """One residual block for each number: tokens its convolutions see; odd."""
    dropout: float
    """Probability that an activation of a block is dropped in training."""

    def __post_init__(self) -> None:
        for name in ("width", "stride"):
            require(getattr(self, name) >= 1, f"encoder.{name}", getattr(self, name), "at least 1")
        odd = all(kernel >= 1 and kernel % 2 == 1 for kernel in self.kernels)
        require(odd, "encoder.kernels", self.kernels, "odd numbers of at least 1")
        stem_is_odd = self.stem_kernel >= 1 and self.stem_kernel % 2 == 1
        require(stem_is_odd, "encoder.stem_kernel", self.stem_kernel, "odd and at least 1")
        require(0 <= self.dropout < 1, "encoder.dropout", self.dropout, "from 0 to below 1")


@dataclass(kw_only=True)
class TransformerConfig:
    """A Transformer encoder, each layer normalised at its entrance."""

    kind: str
    """transformer"""
    width: int
    """Width of the residual stream."""
    num_layers: int
    """Layers."""
    num_heads: int
    """Attention heads in a layer."""
    hidden: int
    """Hidden units of a layer's feed-forward network."""
    dropout: float
    """Probability that an entry of a layer's output is dropped in training."""

    def __post_init__(self) -> None:
        for name in ("width", "num_layers", "num_heads", "hidden"):
            require(getattr(self, name) >= 1, f"encoder.{name}", getattr(self, name), "at least 1")
        even = self.width % (2 * self.num_heads) == 0
        allowed = f"a multiple of twice encoder.num_heads ({self.num_heads})"
        require(even, "encoder.width", self.width, allowed)
        require(0 <= self.dropout < 1, "encoder.dropout", self.dropout, "from 0 to below 1")


@dataclass(kw_only=True)
class MeanConfig:
    """The mean of the token embeddings, which leaves a linear model."""

    kind: str
    """mean"""


@dataclass(kw_only=True)
class PretrainedConfig:
    """An encoder of Hugging Face's form, by its name on the hub or its folder."""

    kind: str
    """pretrained"""
    name: str | None
    """A model on the hub or a local folder with config.json and model.safetensors; must be set."""
    revision: str | None
    """Branch, tag or commit on the hub; null is its main one."""
    num_layers: int | None
    """Layers that are used, from the lowest; null uses all."""
    frozen_layers: int
    """Lowest layers that are not trained, nor what stands before them; 0 trains everything."""
    too_long: str
    """What to do with a text of more tokens than the checkpoint has positions: windows (read it
    in parts of like length, none lost) or refuse."""
    rate_share: float
    """Share of the optimizer's learning rate for the checkpoint's weights; what is new has 1."""

    def __post_init__(self) -> None:
        def check(name: str, condition: bool, allowed: str) -> None:
            require(condition, f"encoder.{name}", getattr(self, name), allowed)

        check("name", bool(self.name), "the name of an encoder on the Hugging Face hub or a folder")
        positive = self.num_layers is None or self.num_layers >= 1
        check("num_layers", positive, "at least 1, or null")
        check("frozen_layers", self.frozen_layers >= 0, "at least 0")
        check("too_long", self.too_long in TOO_LONG, f"one of {', '.join(TOO_LONG)}")
        check("rate_share", 0 < self.rate_share <= 1, "above 0 and at most 1")


OPTIONS: dict[str, type] = {
    "cnn": CnnConfig,
    "transformer": TransformerConfig,
    "mean": MeanConfig,
    "pretrained": PretrainedConfig,
}
