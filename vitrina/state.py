"""What is learned from the training texts before training: arrays and texts, kept with the run.

`fit(config, texts) -> FittedState`, then `build(config, fitted)`: loading a run never fits.
One safetensors file, so that nothing is executed when it is read.
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


class _Read(dict[str, Value]):
    """What a file holds, by name; what it lacks is told as what is wrong with the file."""

    def __init__(self, path: Path, values: Mapping[str, Value], prefix: str = "") -> None:
        super().__init__(values)
        self.path, self.prefix = path, prefix

    def __missing__(self, name: str) -> Value:
        raise InputError(f"{self.path}: fitted state of another model (lacks {self.prefix}{name})")


def _part(values: Mapping[str, Value], start: str) -> Mapping[str, Value]:
    part = {key[len(start) :]: each for key, each in values.items() if key.startswith(start)}
    return _Read(values.path, part, values.prefix + start) if isinstance(values, _Read) else part


@dataclass(frozen=True)
class FittedState:
    """Arrays and texts (json, word pieces) by name."""

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def join(cls, parts: Mapping[str, FittedState]) -> FittedState:
        """One of several, by name; `part` gives each back."""
        arrays = {f"{k}.{name}": a for k, part in parts.items() for name, a in part.arrays.items()}
        texts = {f"{k}.{name}": t for k, part in parts.items() for name, t in part.texts.items()}
        return cls(arrays, texts)

    def part(self, name: str) -> FittedState:
        """What was joined under `name`."""
        return FittedState(_part(self.arrays, f"{name}."), _part(self.texts, f"{name}."))

    def save(self, path: Path) -> None:
        """Write to `path`, whole or not at all.

        Raises:
            InputError: if it cannot be written.
        """
        arrays = {name: np.ascontiguousarray(array) for name, array in self.arrays.items()}
        write_tensors(path, arrays or {"none": np.zeros(0, np.float32)}, self.texts)

    @classmethod
    def load(cls, path: Path) -> FittedState:
        """Read what `save` wrote; what is asked of it and not there is an `InputError`.

        Raises:
            InputError: if the file is missing, of another form or damaged.
        """
        try:
            arrays, texts = read_tensors(path, "numpy", "the fitted state of a run")
        except FileNotFoundError:
            raise InputError(f"{path}: there is no such file; is this a run's folder?") from None
        return cls(_Read(path, arrays), _Read(path, texts))
