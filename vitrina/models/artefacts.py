"""What is learned from the training texts before training: arrays and texts, kept with the run.

`fit(config, texts) -> Artefacts`, then `build(config, artefacts)`: loading a run never fits.
One safetensors file, so that nothing is executed when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from vitrina.errors import InputError
from vitrina.files import replacement


@dataclass(frozen=True)
class Artefacts:
    """Arrays and texts (json, word pieces) by name."""

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def join(cls, parts: Mapping[str, Artefacts]) -> Artefacts:
        """One of several, by name; `part` gives each back."""
        arrays = {f"{k}.{name}": a for k, part in parts.items() for name, a in part.arrays.items()}
        texts = {f"{k}.{name}": t for k, part in parts.items() for name, t in part.texts.items()}
        return cls(arrays, texts)

    def part(self, name: str) -> Artefacts:
        """What was joined under `name`."""
        start = f"{name}."
        arrays = {k[len(start) :]: a for k, a in self.arrays.items() if k.startswith(start)}
        texts = {k[len(start) :]: t for k, t in self.texts.items() if k.startswith(start)}
        return Artefacts(arrays, texts)

    def save(self, path: Path) -> None:
        """Write to `path`, whole or not at all."""
        arrays = {name: np.ascontiguousarray(array) for name, array in self.arrays.items()}
        with replacement(path) as temporary:
            # The texts go into the header, which is bounded at 100 MB.
            save_file(arrays or {"none": np.zeros(0, np.float32)}, temporary, dict(self.texts))

    @classmethod
    def load(cls, path: Path) -> Artefacts:
        """Read what `save` wrote.

        Raises:
            InputError: if the file is missing or of another form.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                return cls(arrays, file.metadata() or {})
        except (OSError, SafetensorError) as error:
            raise InputError(
                f"{path}: cannot be read as the artefacts of a run ({error})"
            ) from None
