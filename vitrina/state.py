"""State fitted on the training texts before training: arrays and texts, saved with the run.

`fit(config, texts) -> FittedState`, then `build(config, fitted)`: loading a run never fits.
The state is one safetensors file, so that reading it executes no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from vitrina.errors import InputError
from vitrina.files import read_tensors, write_tensors

Value = TypeVar("Value")


class _FileValues(dict[str, Value]):
    """Values of a file, by name. A missing name raises `InputError` with the path."""

    def __init__(self, path: Path, values: Mapping[str, Value], prefix: str = "") -> None:
        super().__init__(values)
        self.path, self.prefix = path, prefix

    def __missing__(self, name: str) -> Value:
        raise InputError(f"{self.path}: fitted state of another model (lacks {self.prefix}{name})")


def _part(values: Mapping[str, Value], start: str) -> Mapping[str, Value]:
    part = {key[len(start) :]: each for key, each in values.items() if key.startswith(start)}
    if isinstance(values, _FileValues):
        return _FileValues(values.path, part, values.prefix + start)
    return part


@dataclass(frozen=True)
class FittedState:
    """Arrays and texts (JSON, word pieces) by name."""

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def join(cls, parts: Mapping[str, FittedState]) -> FittedState:
        """Join several states under their names; `part` returns each."""
        arrays = {f"{k}.{name}": a for k, part in parts.items() for name, a in part.arrays.items()}
        texts = {f"{k}.{name}": t for k, part in parts.items() for name, t in part.texts.items()}
        return cls(arrays, texts)

    def part(self, name: str) -> FittedState:
        """Return the state that was joined under `name`."""
        return FittedState(_part(self.arrays, f"{name}."), _part(self.texts, f"{name}."))

    def save(self, path: Path) -> None:
        """Write to `path`, atomically.

        Raises:
            InputError: if `path` cannot be written.
        """
        arrays = {name: np.ascontiguousarray(array) for name, array in self.arrays.items()}
        write_tensors(path, arrays or {"none": np.zeros(0, np.float32)}, self.texts)

    @classmethod
    def load(cls, path: Path) -> FittedState:
        """Read what `save` wrote. A look-up of a missing name raises `InputError`.

        Raises:
            InputError: if the file is missing, has another format or is damaged.
        """
        try:
            arrays, texts = read_tensors(path, "numpy", "the fitted state of a run")
        except FileNotFoundError:
            raise InputError(f"{path}: no such file; is this the folder of a run?") from None
        return cls(_FileValues(path, arrays), _FileValues(path, texts))
