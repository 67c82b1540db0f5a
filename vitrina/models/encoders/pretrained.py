"""An encoder of Hugging Face's form, fed by embeddings of any embedder.

Its table of embeddings is left out; that is an embedder's part (`embedder=subwords` has it).
Padding exists inside the model's attention alone, where it is masked; `fit` refuses a model whose
states depend on it. A text with more tokens than the model has positions is read in windows.

Shapes: N tokens, B windows, L padded length, D dim.
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
    transformers,
    without_ends,
)
from vitrina.state import FittedState


class PretrainedEncoder(Encoder):
    """The layers of a checkpoint, behind a linear bridge where its dimension is another.

    Args:
        config: the option's values.
        in_dim: dim of the token embeddings.
        fitted: what `fit` returned.

    Attributes:
        max_tokens: tokens that the model has positions for; None if it knows no limit.
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
        """What the checkpoint is: its settings and limits, not its weights.

        Raises:
            InputError: if it cannot be found, or is not an encoder of texts.
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
            # What comes over the bridge must not drown the positions that are added to it.
            scale = model.get_input_embeddings().weight.std().item()
            norm = self.bridge[1]
            assert isinstance(norm, nn.LayerNorm)
            nn.init.constant_(norm.weight, scale)
        self.body.load_state_dict(without_ends(model).state_dict())

    def rate_shares(self) -> Iterator[tuple[Tensor, float]]:
        """The checkpoint's parameters, and their share of the learning rate."""
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
                f"{self.config.name} at most {self.max_tokens}; windows reads it in parts, "
                "dataset.max_length cuts texts"
            )


def window_lengths(lengths: np.ndarray, most: int) -> np.ndarray:
    """Lengths of the windows, as equal as can be, that texts are read in.

    Args:
        lengths: int64 [B].
        most: the longest window.

    Returns:
        int64 [B'], in the order of the texts; no window reaches over two.
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
    """The settings of a model of the lowest layers alone."""
    body_names = ("num_hidden_layers", "num_layers", "n_layers", "n_layer")
    names = [name for name in body_names if isinstance(settings.get(name), int)]
    most = settings[names[0]] if names else None
    allowed = f"null or from 1 to {most}" if names else "null for this checkpoint"
    fits = most is not None and num_layers <= most
    require(fits, "encoder.num_layers", num_layers, allowed)
    return settings | dict.fromkeys(names, num_layers)


def _layers(model: Any) -> tuple[str, nn.ModuleList] | None:
    """The list of the model's layers, with its name; None where they are not kept as such."""
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
    """Parameters of the lowest layers and of what stands before them."""
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
    """Tokens that the model has positions for."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # RoBERTa and its kin count positions from behind the padding's.
            before = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - before
    declared = getattr(model.config, "max_position_embeddings", None)
    return declared if isinstance(declared, int) and declared > 0 else None


@torch.inference_mode()
def _check_encoder(checkpoint: Checkpoint, model: Any, max_tokens: int | None) -> int:
    """Check what is relied on: embeddings in, states out, padding unseen, both sides seen.

    Returns:
        The dim of a state.
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
    except Exception as error:  # models of other kinds fail in all ways
        reason = f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}"
        raise checkpoint.refuse(f"must be an encoder of texts ({reason[:300]})") from None
    if alone_1LD.shape[:2] != (1, length):
        raise checkpoint.refuse("must be an encoder of texts, with one state for each token")
    close = 1e-4 * float(alone_1LD.abs().max())
    if not torch.allclose(padded_1LD, alone_1LD, atol=close):
        raise checkpoint.refuse("must be an encoder that masks padding; its states depend on it")
    if torch.allclose(first_1LD[:, 0], alone_1LD[:, 0], rtol=0, atol=0):
        raise checkpoint.refuse("must be an encoder; no token sees those behind it, as in decoders")
    return alone_1LD.shape[2]
