"""Settings of the group `encoder`: token embeddings to hidden states."""

from __future__ import annotations

from typing import ClassVar

from vitrina.errors import require
from vitrina.registry import Settings, register, setting


class EncoderConfig(Settings):
    """Base class of the settings of encoders."""

    stride_key: ClassVar[str] = "stride"
    """Name of the setting that pools tokens, for messages."""
    keeps_tokens: ClassVar[bool] = True
    """Whether each token, or group of neighbors, has a hidden state."""

    @property
    def tokens_per_state(self) -> int:
        """Neighboring tokens of one hidden state."""
        return 1


@register("encoder", "cnn", "vitrina.models.encoders.cnn:CnnEncoder")
class CnnConfig(EncoderConfig):
    """Residual convolutions over the tokens."""

    dim: int = setting(192, ge=1)
    """Channels of the convolutions."""
    stem_kernel: int = setting(5, ge=1, odd=True)
    """Kernel size of the first convolution."""
    stride: int = setting(2, ge=1)
    """Tokens that are max-pooled to one after the first convolution."""
    kernels: list[int] = setting([3, 5, 7], ge=1, odd=True)
    """Kernel sizes of the residual blocks."""
    dropout: float = setting(0.1, ge=0, lt=1)
    """Probability that an activation of a block is dropped in training."""

    @property
    def tokens_per_state(self) -> int:
        return self.stride


@register("encoder", "transformer", "vitrina.models.encoders.transformer:TransformerEncoder")
class TransformerConfig(EncoderConfig):
    """A Transformer encoder with pre-normalization."""

    dim: int = setting(256, ge=1)
    """Dimension of the residual stream."""
    num_layers: int = setting(3, ge=1)
    """Number of layers."""
    num_heads: int = setting(4, ge=1)
    """Attention heads of each layer."""
    mlp_dim: int = setting(1024, ge=1)
    """Hidden units of a layer's feed-forward network."""
    dropout: float = setting(0.1, ge=0, lt=1)
    """Probability that an entry of a layer's output is dropped in training."""

    def check(self, key: str) -> None:
        even = self.dim % (2 * self.num_heads) == 0
        allowed = f"a multiple of twice {key}.num_heads ({self.num_heads})"
        require(even, f"{key}.dim", self.dim, allowed)


@register("encoder", "mean", "vitrina.models.encoders.mean:MeanEncoder")
class MeanConfig(EncoderConfig):
    """The mean of the token embeddings, which gives a linear model."""

    keeps_tokens: ClassVar[bool] = False


@register("encoder", "pretrained", "vitrina.models.encoders.pretrained:PretrainedEncoder")
class PretrainedConfig(EncoderConfig):
    """A pretrained Hugging Face encoder, from the hub or a folder."""

    name: str | None = None
    """A model on the hub or a local folder with config.json and model.safetensors; must be set."""
    revision: str | None = None
    """Branch, tag or commit on the hub; null: the main branch."""
    num_layers: int | None = setting(None, ge=1)
    """Number of lowest layers that are used; null: all."""
    frozen_layers: int = setting(0, ge=0)
    """Number of lowest layers that are frozen, with the embeddings below them; 0: none."""
    too_long: str = setting("windows", choices=("windows", "refuse"))
    """Texts with more tokens than the checkpoint has positions: windows (split into parts of
    similar length) or refuse."""
    rate_share: float = setting(0.1, gt=0, le=1)
    """Share of the optimizer's learning rate for the checkpoint's weights; 1 for new weights."""

    def check(self, key: str) -> None:
        allowed = "the name of an encoder on the Hugging Face hub or a folder"
        require(bool(self.name), f"{key}.name", self.name, allowed)
