"""Options of the group `encoder`: how token embeddings see their neighbours."""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.errors import require


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


OPTIONS: dict[str, type] = {
    "cnn": CnnConfig,
    "transformer": TransformerConfig,
    "mean": MeanConfig,
}
