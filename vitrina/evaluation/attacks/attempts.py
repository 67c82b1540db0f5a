"""The state of an attack on one text, and batched queries of the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from vitrina.errors import InputError
from vitrina.evaluation.attacks.edits import Edit, EditSpace
from vitrina.text.batch import TextBatch


@dataclass
class Attempt:
    """The state of one search on one text.

    Attributes:
        index: row number of the text, which keys its random numbers.
        label: true class.
        space: allowed edits.
        known: text → probabilities float [num_classes], one item per query of the model, the
            clean text included.
        chosen: current edits, indices into `space`.
        score: probability of the true class with the current edits.
        predicted: predicted class with the current edits.
        found_at: budget at which the predicted class changed; None if it has not.
        queries: number of queries after budget 0, 1, ….
        generator: random numbers of the search, seeded with (seed, index).
    """

    index: int
    label: int
    space: EditSpace
    known: dict[str, np.ndarray]
    chosen: tuple[int, ...]
    score: float
    generator: np.random.Generator
    predicted: int
    found_at: int | None = None
    queries: list[int] = field(default_factory=list)

    @classmethod
    def of(
        cls, index: int, label: int, space: EditSpace, probabilities: np.ndarray, seed: int
    ) -> Attempt:
        """Create an attempt without edits; `probabilities` are those of the clean text."""
        generator = np.random.default_rng([seed, index])
        known = {space.text: probabilities}
        return cls(index, label, space, known, (), float(probabilities[label]), generator, label)

    @property
    def clean_score(self) -> float:
        return float(self.known[self.space.text][self.label])

    @property
    def edits(self) -> list[Edit]:
        """The current edits in text order."""
        return sorted(self.space.edit(index) for index in self.chosen)

    @property
    def text(self) -> str:
        return self.space.edited(self.chosen)

    def update(self, budget: int, chosen: tuple[int, ...], score: float, predicted: int) -> None:
        """Replace the current edits by `chosen`, at most `budget` edits."""
        assert len(chosen) <= budget and self.found_at is None
        self.chosen, self.score, self.predicted = chosen, score, predicted
        if predicted != self.label:
            self.found_at = budget


class QueryCounter:
    """Queries a model for many attempts in one call, once per attempt and text.

    Args:
        predict: texts to probabilities, float [num_texts, num_classes].
        decide: probabilities to predicted classes, int64 [num_texts].
    """

    def __init__(
        self,
        predict: Callable[[TextBatch], np.ndarray],
        decide: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        self._predict, self.decide = predict, decide

    def probabilities(self, texts: TextBatch) -> np.ndarray:
        """Return the probabilities, float64 [num_texts, num_classes].

        Raises:
            InputError: if a probability is not finite.
        """
        probabilities = np.asarray(self._predict(texts), dtype=np.float64)
        if not np.isfinite(probabilities).all():
            raise InputError("the attacked model predicts NaN or infinite probabilities")
        return probabilities

    def query(
        self, attempts: Sequence[Attempt], texts: Sequence[Sequence[str]]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Query the texts of each attempt.

        Returns:
            Per attempt the scores of the true class, float64, and the predicted classes, int64.
        """
        new = [
            [text for text in dict.fromkeys(queried) if text not in attempt.known]
            for attempt, queried in zip(attempts, texts, strict=True)
        ]
        flat = list(chain.from_iterable(new))
        if flat:
            rows = iter(self.probabilities(TextBatch.from_strings(flat)))
            for attempt, queried in zip(attempts, new, strict=True):
                attempt.known.update(zip(queried, rows, strict=False))
        results = []
        for attempt, queried in zip(attempts, texts, strict=True):
            if not queried:
                results.append((np.zeros(0), np.zeros(0, dtype=np.int64)))
                continue
            probabilities = np.stack([attempt.known[text] for text in queried])
            results.append((probabilities[:, attempt.label], self.decide(probabilities)))
        return results


def best_candidate(attempt: Attempt, scores: np.ndarray, predicted: np.ndarray) -> int:
    """Return the index of the first candidate with the lowest score of the true class.

    Candidates with a wrong predicted class take precedence.
    """
    return int(np.lexsort((scores, predicted == attempt.label))[0])
