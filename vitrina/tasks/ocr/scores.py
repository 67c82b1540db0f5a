"""Scores of recognized text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RecognitionScores:
    """How well some texts were read.

    Attributes:
        cer: character error rate.
        infeasible: share of the texts that made fewer steps than their reading requires.
        count: texts it was measured on.
    """

    cer: float
    infeasible: float
    count: int
