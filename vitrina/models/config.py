"""The root key `model`: what a model starts from. (The group `model` holds the presets.)"""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.errors import require

PARTS = ("embedder", "encoder")
"""What can be kept as it is."""


@dataclass(kw_only=True)
class ModelConfig:
    """With what weights a model starts."""

    init_from: str | None
    """Folder of a run whose best weights a training starts from, as far as they fit; null: random
    ones."""
    frozen: list[str]
    """Parts that stay as they are there and are not trained: embedder, encoder. They work as in
    scoring, without dropout, and a step costs less."""

    def __post_init__(self) -> None:
        allowed = "the folder of a run, or null"
        require(self.init_from != "", "model.init_from", self.init_from, allowed)
        known = set(self.frozen) <= set(PARTS)
        require(known, "model.frozen", self.frozen, f"a list of {' and '.join(PARTS)}, or []")
        learned = not self.frozen or self.init_from is not None
        require(learned, "model.frozen", self.frozen, "[] unless model.init_from is set")
