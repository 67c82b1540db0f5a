"""How well a model reads: the character error rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vitrina.models.model import Model
from vitrina.models.prepare import TextPipeline
from vitrina.tasks.ocr.config import CtcConfig
from vitrina.tasks.ocr.ctc import required_steps
from vitrina.tasks.ocr.recognition import Recognition
from vitrina.tasks.ocr.recognizer import Recognizer
from vitrina.tasks.ocr.scores import RecognitionScores
from vitrina.text.batch import TextBatch


def character_error_rate(read: Sequence[str], wanted: Sequence[str]) -> float:
    """Edits that make all readings right, for each character that should have been read.

    An edit is the insertion, deletion or replacement of a character (Levenshtein's distance); the
    rate can be above 1. NaN where nothing should have been read.
    """
    from rapidfuzz.distance import Levenshtein

    edits = sum(Levenshtein.distance(*pair) for pair in zip(read, wanted, strict=True))
    length = sum(map(len, wanted))
    return edits / length if length else float("nan")


@dataclass
class RecognitionEvaluation:
    """Measures a recognizer on suites, at most on a set number of texts of each.

    Attributes:
        recognizer: what is measured, with its normaliser.
        config: what is to be read.
        scores: by name of suite, in order.
        unknown: suites of which nobody knows how they read without their noise.
    """

    recognizer: Recognizer
    config: CtcConfig
    scores: dict[str, RecognitionScores] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        model: Model,
        pipeline: TextPipeline,
        reading: Recognition | None,
        *,
        max_tokens: int,
        precision: str,
    ) -> RecognitionEvaluation | None:
        """Return the evaluation of a model with a CTC head; None for one without."""
        if reading is None:
            return None
        recognizer = Recognizer(
            model,
            pipeline,
            reading.symbols,
            max_tokens=max_tokens,
            precision=precision,
        )
        return cls(recognizer, reading.config)

    def add(self, name: str, texts: TextBatch, clean: TextBatch | None) -> None:
        """Measure on the texts of a suite.

        Args:
            clean: the texts without their noise; None if they are not known.
        """
        wanted = texts if name == "clean" or self.config.target == "drawn" else clean
        if wanted is None:
            self.unknown.append(name)
            return
        self.scores[name] = self.measure(texts, wanted)

    def measure(self, texts: TextBatch, wanted: TextBatch) -> RecognitionScores:
        """Scores on an evenly spaced part of `texts`, not normalised; so are those `wanted`."""
        most = min(self.config.measured_texts, len(texts))
        chosen = np.unique(np.linspace(0, len(texts) - 1, most).astype(np.int64))
        read = self.recognizer.recognize(texts.take(chosen))
        symbols = self.recognizer.symbols
        readable = symbols.readable(self.recognizer.pipeline(wanted.take(chosen)))
        required = required_steps(symbols.encode(readable))
        infeasible = float((required > read.available).mean()) if most else float("nan")
        rate = character_error_rate(read.texts.to_strings(), readable.to_strings())
        return RecognitionScores(rate, infeasible, len(chosen))

    def metrics(self) -> dict[str, dict[str, float]]:
        """By suite, for `metrics.json`."""
        return {
            name: {"cer": each.cer, "infeasible": each.infeasible}
            for name, each in self.scores.items()
        }

    def notes(self) -> list[str]:
        """What was not measured."""
        if not self.unknown:
            return []
        names = ", ".join(self.unknown)
        return [f"{names}: no character error rate, as their texts are not known without noise"]
