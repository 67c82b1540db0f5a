"""Checkpoints: one safetensors file each, whole or not there, nothing executed when read.

`best.safetensors` holds the weights of the best validation; `last.safetensors` everything that a
resumed run needs: weights, optimizer states, and where it stands.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from vitrina.errors import InputError
from vitrina.files import replacement

FORMAT = 1
"""Version of the files' form; another one is refused."""

ADDED = ("more_sums", "infeasible_sum")
"""Fields of a position that files of this version may lack."""


@dataclass
class Position:
    """Where a training stands.

    Attributes:
        step: optimizer steps taken.
        seconds: seconds spent in the training loop, validation not counted.
        num_texts: texts seen.
        best_score: best validation score so far, and the step it was reached at.
        without_gain: validations since then.
        loss_sum, loss_count: losses since the last line of the history; more_sums: of what else is
            told there.
        infeasible_sum: sum over the steps of the share of texts whose reading had too few steps.
        validations: validation scores so far.
        stopped_early: whether patience ran out.
    """

    step: int = 0
    seconds: float = 0.0
    num_texts: int = 0
    best_score: float | None = None
    best_step: int = 0
    without_gain: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    more_sums: list[float] = field(default_factory=list)
    infeasible_sum: float = 0.0
    validations: list[dict[str, Any]] = field(default_factory=list)
    stopped_early: bool = False


def save_weights(path: Path, model: nn.Module) -> None:
    """Write the weights and buffers of `model`."""
    _write(path, _tensors("model", model.state_dict()), {})


def load_weights(path: Path, model: nn.Module) -> None:
    """Read what `save_weights` or `save_training` wrote.

    Raises:
        InputError: if the file is missing, of another form, or of another model.
    """
    tensors, _ = _read(path)
    _load_model(path, tensors, model)


def save_training(
    path: Path, model: nn.Module, optimizers: list[Optimizer], position: Position
) -> None:
    """Write all that a resumed run needs."""
    tensors = _tensors("model", model.state_dict())
    for i, optimizer in enumerate(optimizers):
        for index, state in optimizer.state_dict()["state"].items():
            for name, value in state.items():
                tensors[f"optimizer.{i}.{index}.{name}"] = torch.as_tensor(value).detach()
    _write(path, tensors, {"position": json.dumps(asdict(position))})


def load_training(path: Path, model: nn.Module, optimizers: list[Optimizer]) -> Position:
    """Read what `save_training` wrote, into `model` and `optimizers`.

    Raises:
        InputError: if the file is missing, of another form, or of another model.
    """
    tensors, metadata = _read(path)
    _load_model(path, tensors, model)
    for i, optimizer in enumerate(optimizers):
        states: dict[int, dict[str, Any]] = {}
        for name, tensor in tensors.items():
            if name.startswith(f"optimizer.{i}."):
                _, _, index, entry = name.split(".", 3)
                states.setdefault(int(index), {})[entry] = _as_it_was(tensor)
        optimizer.load_state_dict({**optimizer.state_dict(), "state": states})
        _restore_layout(optimizer)
    try:
        values = json.loads(metadata["position"])
        # What was added since the file was written starts at nothing.
        known = {f.name: values[f.name] for f in fields(Position) if f.name not in ADDED}
        return Position(**known, **{name: values[name] for name in ADDED if name in values})
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: says not where the training stands ({error})") from None


def _as_it_was(tensor: Tensor) -> Tensor | int:
    """Steps that an optimizer counts in a whole number are one again: to it, a tensor's powers
    are rounded to fp32."""
    whole = tensor.dim() == 0 and tensor.dtype == torch.int64
    return int(tensor) if whole else tensor


def _restore_layout(optimizer: Optimizer) -> None:
    """Lay the states out as their parameters are: fused steps go through both as plain memory."""
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                state[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


def _tensors(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": value.detach() for name, value in state.items()}


def _write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"format": str(FORMAT), **metadata}
    # The file format wants plain memory: channels-last tensors are put in order, and copied.
    plain = {k: v.cpu().clone(memory_format=torch.contiguous_format) for k, v in tensors.items()}
    with replacement(path) as temporary:
        save_file(plain, temporary, metadata)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such checkpoint") from None
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: not a checkpoint ({error})") from None
    if metadata.get("format") != str(FORMAT):
        found = metadata.get("format", "none")
        raise InputError(f"{path}: checkpoint format {found}; this version reads format {FORMAT}")
    return tensors, metadata


def _load_model(path: Path, tensors: dict[str, Tensor], model: nn.Module) -> None:
    state = {name[6:]: value for name, value in tensors.items() if name.startswith("model.")}
    wanted = model.state_dict()
    for name in sorted(wanted.keys() | state.keys()):
        if name not in state or name not in wanted:
            side = "lacks" if name not in state else "has, unlike the model,"
            raise InputError(f"{path}: the checkpoint of another model ({side} {name})")
        if state[name].shape != wanted[name].shape:
            shapes = f"{name} is {tuple(state[name].shape)}, not {tuple(wanted[name].shape)}"
            raise InputError(f"{path}: the checkpoint of another model ({shapes})")
    model.load_state_dict(state)
