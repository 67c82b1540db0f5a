"""A Hugging Face encoder over the embeddings of any embedder.

The checkpoint's embedding table is not used here (`embedder=subwords` uses it). The model gets
padded batches with an attention mask; `fit` refuses models whose hidden states depend on padding.
A text with more tokens than the model has positions is split into windows.

Shapes: N tokens, B windows, L padded length, D dimension.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.errors import InputError, require
from vitrina.models.encoders.base import Encoder
from vitrina.models.encoders.config import PretrainedConfig
from vitrina.models.layers.ragged import Ragged, pad
from vitrina.models.pretrained import (
    Checkpoint,
    build_body,
    check_weights,
    find_checkpoint,
    remove_ends,
    transformers,
)
from vitrina.state import FittedState


class PretrainedEncoder(Encoder):
    """The layers of a checkpoint, after a linear map if its dimension is not `in_dim`.

    Args:
        config: settings of the encoder.
        in_dim: dimension of the token embeddings.
        fitted: state from `fit`.

    Attributes:
        max_tokens: number of positions of the model; None: unlimited.
    """

    def __init__(self, config: PretrainedConfig, in_dim: int, fitted: FittedState) -> None:
        super().__init__()
        transformers("encoder.name", config.name)
        self.config = config
        self.facts = json.loads(fitted.texts["checkpoint"])
        self.dim: int = self.facts["dim"]
        self.max_tokens: int | None = self.facts["max_tokens"]
        self.body, body_width = build_body(self.facts["settings"])
        self.bridge: nn.Sequential | nn.Identity = nn.Identity()
        if in_dim != body_width:
            self.bridge = nn.Sequential(nn.Linear(in_dim, body_width), nn.LayerNorm(body_width))
        for parameter in _lowest(self.body, config.frozen_layers):
            parameter.requires_grad_(False)

    @classmethod
    def fit(cls, config: PretrainedConfig) -> FittedState:
        """Return the settings and limits of the checkpoint, without its weights.

        Raises:
            InputError: if it is not found, or is not a text encoder.
        """
        checkpoint = _checkpoint(config)
        settings = checkpoint.settings()
        if config.num_layers is not None:
            settings = _with_layers(settings, config.num_layers)
        model = checkpoint.load(settings)
        _check_layers(model, config.frozen_layers)
        max_tokens = _max_tokens(model)
        dim = _check_encoder(checkpoint, model, max_tokens)
        facts = {
            "settings": settings,
            "sha256": checkpoint.weights_sha256(),
            "dim": dim,
            "max_tokens": max_tokens,
        }
        return FittedState(texts={"checkpoint": json.dumps(facts)})

    @classmethod
    def build(cls, config: PretrainedConfig, in_dim: int, fitted: FittedState) -> Encoder:
        return cls(config, in_dim, fitted)

    def load_pretrained(self) -> None:
        checkpoint = _checkpoint(self.config)
        check_weights(checkpoint, self.facts["sha256"])
        model = checkpoint.load(self.facts["settings"])
        if isinstance(self.bridge, nn.Sequential):
            # Embeddings must not outweigh the positions that are added to them.
            scale = model.get_input_embeddings().weight.std().item()
            norm = self.bridge[1]
            assert isinstance(norm, nn.LayerNorm)
            nn.init.constant_(norm.weight, scale)
        self.body.load_state_dict(remove_ends(model).state_dict())

    def rate_shares(self) -> Iterator[tuple[Tensor, float]]:
        """Yield the checkpoint's parameters and their share of the learning rate."""
        for parameter in self.body.parameters():
            yield parameter, self.config.rate_share

    def forward(self, x: Ragged) -> Ragged:
        lengths = x.lengths
        if self.max_tokens is not None:
            self._check_length(int(lengths.max()))
            lengths = window_lengths(lengths, self.max_tokens)
        windows = Ragged(self.bridge(x.values), lengths)
        x_BLD, mask_BL, index_N = pad(windows, most=self.max_tokens)
        states_BLD = _states(self.body, x_BLD, mask_BL)
        return Ragged(states_BLD.flatten(0, 1).index_select(0, index_N), x.lengths)

    def _check_length(self, longest: int) -> None:
        assert self.max_tokens is not None
        if self.config.too_long == "refuse" and longest > self.max_tokens:
            raise InputError(
                f"encoder.too_long = 'refuse': a text has {longest} tokens, and "
                f"{self.config.name} accepts {self.max_tokens}; use windows, or cut texts with "
                "dataset.max_length"
            )


def window_lengths(lengths: np.ndarray, most: int) -> np.ndarray:
    """Split texts into windows of at most `most` tokens with lengths as equal as possible.

    >>> window_lengths(np.array([2, 7]), 3).tolist()
    [2, 3, 2, 2]

    Args:
        lengths: int64 [B].
        most: maximum length of a window.

    Returns:
        int64 [B'], in the order of the texts; no window spans two texts.
    """
    if lengths.max() <= most:
        return lengths
    parts = -(-lengths // most)
    small, longer = lengths // parts, lengths % parts
    number = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    return np.repeat(small, parts) + (number < np.repeat(longer, parts))


def _checkpoint(config: PretrainedConfig) -> Checkpoint:
    assert config.name is not None
    return find_checkpoint("encoder.name", config.name, config.revision)


def _states(model: Any, x_BLD: Tensor, mask_BL: Tensor) -> Tensor:
    return model(inputs_embeds=x_BLD, attention_mask=mask_BL.long()).last_hidden_state


def _with_layers(settings: dict[str, Any], num_layers: int) -> dict[str, Any]:
    """Return the settings of a model with the lowest layers only."""
    body_names = ("num_hidden_layers", "num_layers", "n_layers", "n_layer")
    names = [name for name in body_names if isinstance(settings.get(name), int)]
    most = settings[names[0]] if names else None
    allowed = f"null or from 1 to {most}" if names else "null for this checkpoint"
    fits = most is not None and num_layers <= most
    require(fits, "encoder.num_layers", num_layers, allowed)
    return settings | dict.fromkeys(names, num_layers)


def _layers(model: Any) -> tuple[str, nn.ModuleList] | None:
    """Return the name of the list of layers and the list; None if the model has no such list."""
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == model.config.num_hidden_layers:
            return name, module
    return None


def _check_layers(model: Any, frozen: int) -> None:
    count = model.config.num_hidden_layers
    listed = _layers(model) is not None
    allowed = f"from 0 to {count}" if listed else f"0 or {count}, as this checkpoint shares layers"
    fits = frozen in (0, count) or (listed and frozen <= count)
    require(fits, "encoder.frozen_layers", frozen, allowed)


def _lowest(model: Any, num_layers: int) -> Iterator[nn.Parameter]:
    """Yield the parameters of the lowest layers and of all modules before them."""
    if num_layers == 0:
        return
    if num_layers == model.config.num_hidden_layers:
        yield from model.parameters()
        return
    found = _layers(model)
    assert found is not None
    list_name, layers = found
    for name, parameter in model.named_parameters():
        if name.startswith(f"{list_name}."):
            break
        yield parameter
    for layer in layers[:num_layers]:
        yield from layer.parameters()


def _max_tokens(model: Any) -> int | None:
    """Return the number of positions of the model; None: unlimited."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # RoBERTa and similar models count positions from the padding index + 1.
            before = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - before
    declared = getattr(model.config, "max_position_embeddings", None)
    return declared if isinstance(declared, int) and declared > 0 else None


@torch.inference_mode()
def _check_encoder(checkpoint: Checkpoint, model: Any, max_tokens: int | None) -> int:
    """Check that a model takes embeddings, ignores padding and attends in both directions.

    Returns:
        The dimension of a hidden state.
    """
    generator = torch.Generator().manual_seed(0)
    longest = min(max_tokens or 512, 512)
    length = min(5, longest)
    table = model.get_input_embeddings().weight
    whole_1LD = torch.randn(1, longest, table.shape[1], generator=generator) * table.std()
    mask_1L = torch.zeros(1, longest, dtype=torch.bool)
    mask_1L[:, :length] = True
    try:
        padded_1LD = _states(model, whole_1LD, mask_1L)[:, :length]
        alone_1LD = _states(model, whole_1LD[:, :length], mask_1L[:, :length])
        first_1LD = _states(model, whole_1LD[:, : length - 1], mask_1L[:, : length - 1])
    except Exception as error:  # other kinds of models raise many classes
        reason = f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}"
        raise checkpoint.refuse(f"must be a text encoder ({reason[:300]})") from None
    if alone_1LD.shape[:2] != (1, length):
        raise checkpoint.refuse("must be a text encoder with one hidden state for each token")
    close = 1e-4 * float(alone_1LD.abs().max())
    if not torch.allclose(padded_1LD, alone_1LD, atol=close):
        raise checkpoint.refuse("must mask padding; its hidden states depend on padding")
    if torch.allclose(first_1LD[:, 0], alone_1LD[:, 0], rtol=0, atol=0):
        raise checkpoint.refuse("must be an encoder; its tokens do not attend to later tokens")
    return alone_1LD.shape[2]
