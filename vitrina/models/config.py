"""The root key `model`: what a model starts from. (The group `model` holds the presets.)"""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.errors import require


@dataclass(kw_only=True)
class ModelConfig:
    """With what weights a model starts."""

    init_from: str | None
    """Folder of a run whose best weights a training starts from, as far as they fit; null: random
    ones."""

    def __post_init__(self) -> None:
        allowed = "the folder of a run, or null"
        require(self.init_from != "", "model.init_from", self.init_from, allowed)
