"""Checkpoints: safetensors files, written atomically; reading one executes no code.

`best.safetensors` holds the weights of the best validation. `last.safetensors` holds all state to
resume from: weights, optimizer states and the `TrainState`. During training
`previous.safetensors` holds the checkpoint before it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from vitrina.config import FORMAT
from vitrina.errors import InputError
from vitrina.files import make_folder, read_tensors, write_tensors


@dataclass
class TrainState:
    """State of a training, except weights and optimizers.

    Attributes:
        step: optimizer steps taken.
        seconds: seconds in the training loop, without validation.
        num_texts: texts seen.
        best_score, best_step: best validation score so far, and its step.
        without_gain: validations since then.
        loss_sum, loss_count: sum and number of losses since the last row of the history.
        more_sums: sums of the other values of a row.
        infeasible_sum: sum over the steps of the share of texts with too few frames for CTC.
        validations: validation scores so far.
        stopped_early: whether patience ran out.
        mined: words from which the texts of this epoch are made, see `TrainingSource.mine`.
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
    mined: list[str] = field(default_factory=list)


def save_weights(path: Path, model: nn.Module) -> None:
    """Write the weights and buffers of `model`."""
    _write(path, _tensors("model", model.state_dict()), {})


def load_weights(path: Path, model: nn.Module) -> None:
    """Load the weights that `save_weights` or `save_training` wrote into `model`.

    Raises:
        InputError: if the file is missing, invalid, or of another model.
    """
    tensors, _ = _read(path)
    model.load_state_dict(_state(path, tensors, model))


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the weights and buffers that `save_weights` or `save_training` wrote, by name.

    Raises:
        InputError: if the file is missing or invalid.
    """
    return _weights(_read(path)[0])


def save_training(
    path: Path, model: nn.Module, optimizers: list[Optimizer], state: TrainState
) -> None:
    """Write a checkpoint to resume from; keep the one before it.

    Raises:
        InputError: if the file cannot be written.
    """
    tensors = _tensors("model", model.state_dict())
    for i, optimizer in enumerate(optimizers):
        for index, entries in optimizer.state_dict()["state"].items():
            for name, value in entries.items():
                tensors[f"optimizer.{i}.{index}.{name}"] = torch.as_tensor(value).detach()
    _write(path, tensors, {"state": json.dumps(asdict(state))}, keeps_previous=True)


def delete_previous(last: Path) -> None:
    """Delete the checkpoint before `last`."""
    _previous(last).unlink(missing_ok=True)


def latest(last: Path) -> list[Path]:
    """Return the existing checkpoints to resume from, newest first."""
    return [path for path in (last, _previous(last)) if path.exists()]


def _previous(last: Path) -> Path:
    return last.with_stem("previous")


def load_training(path: Path, model: nn.Module, optimizers: list[Optimizer]) -> TrainState:
    """Load a checkpoint of `save_training` into `model` and `optimizers`; return its state.

    Raises:
        InputError: if the file is missing, invalid, or of another model.
    """
    tensors, metadata = _read(path)
    state = _train_state(path, metadata)
    states = [_states(path, tensors, i, optimizer) for i, optimizer in enumerate(optimizers)]
    model.load_state_dict(_state(path, tensors, model))
    for optimizer, entries in zip(optimizers, states, strict=True):
        optimizer.load_state_dict({**optimizer.state_dict(), "state": entries})
        _restore_layout(optimizer)
    return state


def _train_state(path: Path, metadata: dict[str, str]) -> TrainState:
    try:
        return TrainState(**json.loads(metadata["state"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: contains no training state ({error})") from None


def _states(
    path: Path, tensors: dict[str, Tensor], number: int, optimizer: Optimizer
) -> dict[int, dict[str, Any]]:
    """Return the states of an optimizer, by index of the parameter."""
    parameters = [each for group in optimizer.param_groups for each in group["params"]]
    states: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        if not name.startswith(f"optimizer.{number}."):
            continue
        _, _, index, entry = name.split(".", 3)
        known = index.isdigit() and int(index) < len(parameters)
        if not known or (tensor.dim() and tensor.shape != parameters[int(index)].shape):
            raise InputError(f"{path}: the state of another optimizer (it has {name})")
        states.setdefault(int(index), {})[entry] = _as_scalar(tensor)
    return states


def _as_scalar(tensor: Tensor) -> Tensor | int:
    """Convert an integer step count back to `int`: powers of a tensor are rounded to fp32."""
    whole = tensor.dim() == 0 and tensor.dtype == torch.int64
    return int(tensor) if whole else tensor


def _restore_layout(optimizer: Optimizer) -> None:
    """Give states the memory layout of their parameters, which fused steps assume to be equal."""
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                state[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


def _tensors(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": value.detach() for name, value in state.items()}


def _write(
    path: Path,
    tensors: dict[str, Tensor],
    metadata: dict[str, str],
    *,
    keeps_previous: bool = False,
) -> None:
    make_folder(path.parent)
    # safetensors requires contiguous memory; channels-last tensors are reordered.
    plain = {k: v.cpu().clone(memory_format=torch.contiguous_format) for k, v in tensors.items()}

    def keep() -> None:
        if keeps_previous and path.exists():
            path.replace(_previous(path))

    write_tensors(path, plain, {"format": str(FORMAT), **metadata}, before_replacing=keep)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        tensors, metadata = read_tensors(path, "pt", "a checkpoint")
    except FileNotFoundError:
        raise InputError(f"{path}: no such checkpoint") from None
    if metadata.get("format") != str(FORMAT):
        found = metadata.get("format", "none")
        raise InputError(f"{path}: format {found}; this version reads format {FORMAT} only")
    return tensors, metadata


def _weights(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights and buffers of the model, by name."""
    return {
        name.removeprefix("model."): tensor
        for name, tensor in tensors.items()
        if name.startswith("model.")
    }


def _state(path: Path, tensors: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Return the weights and buffers in a file; raise if they do not fit `model`."""
    state = _weights(tensors)
    wanted = model.state_dict()
    for name in sorted(wanted.keys() | state.keys()):
        if name not in state or name not in wanted:
            side = "lacks" if name not in state else "has, unlike the model,"
            raise InputError(f"{path}: the checkpoint of another model ({side} {name})")
        if state[name].shape != wanted[name].shape:
            shapes = f"{name} is {tuple(state[name].shape)}, not {tuple(wanted[name].shape)}"
            raise InputError(f"{path}: the checkpoint of another model ({shapes})")
    return state
