"""Scores of text recognition."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RecognitionScores:
    """Scores of recognized texts.

    Attributes:
        cer: character error rate.
        infeasible: share of the texts with fewer steps than their target requires.
        count: number of texts.
    """

    cer: float
    infeasible: float
    count: int
