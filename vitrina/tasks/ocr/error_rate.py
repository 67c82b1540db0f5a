"""Character error rate of text recognition."""

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
    """Compute the Levenshtein distance of `read` to `wanted`, divided by the length of `wanted`.

    Distances and lengths are summed over the texts. The rate can exceed 1; it is NaN if `wanted`
    has no characters.

    >>> character_error_rate(["cut", "a"], ["cat", "a"])
    0.25
    """
    from rapidfuzz.distance import Levenshtein

    edits = sum(Levenshtein.distance(*pair) for pair in zip(read, wanted, strict=True))
    length = sum(map(len, wanted))
    return edits / length if length else float("nan")


@dataclass
class RecognitionEvaluation:
    """Evaluates a recognizer on at most `ocr.measured_texts` texts of each suite.

    Attributes:
        recognizer: the recognizer, with its text pipeline.
        config: settings of the group `ocr`.
        scores: scores by name of suite, in order.
        unknown: suites without known clean texts, which are not evaluated.
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
        """Evaluate on the texts of a suite.

        Args:
            clean: the texts without noise; None if unknown.
        """
        wanted = texts if name == "clean" or self.config.target == "drawn" else clean
        if wanted is None:
            self.unknown.append(name)
            return
        self.scores[name] = self.measure(texts, wanted)

    def measure(self, texts: TextBatch, wanted: TextBatch) -> RecognitionScores:
        """Compute scores on evenly spaced `texts`; `texts` and `wanted` are not normalized."""
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
        """Return scores by suite, for `metrics.json`."""
        return {
            name: {"cer": each.cer, "infeasible": each.infeasible}
            for name, each in self.scores.items()
        }

    def notes(self) -> list[str]:
        """Return a note about suites that were not evaluated."""
        if not self.unknown:
            return []
        names = ", ".join(self.unknown)
        return [f"{names}: no character error rate, because the clean texts are unknown"]
