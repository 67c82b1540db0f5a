"""Options of the group `task`: what is asked of a text."""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.errors import require


@dataclass(kw_only=True)
class ClassificationConfig:
    """One class for each text; the classes are those of the training texts, two or more."""

    kind: str
    """classification"""
    positive: str | None
    """With two classes, the one whose F1 and probability are reported; null takes the last in
    sorted order (`1` of `0` and `1`)."""
    dropout: float
    """Probability that an entry of the pooled text is dropped in training."""
    label_smoothing: float
    """Share of each target that is spread over all classes."""

    def __post_init__(self) -> None:
        require(0 <= self.dropout < 1, "task.dropout", self.dropout, "from 0 to below 1")
        smooth = 0 <= self.label_smoothing < 1
        require(smooth, "task.label_smoothing", self.label_smoothing, "from 0 to below 1")


OPTIONS: dict[str, type] = {"classification": ClassificationConfig}
