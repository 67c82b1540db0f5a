"""One attack on one text, and the model that answers many of them at once."""

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
        index: of the text, by which its draws are keyed.
        label: the true class.
        space: the edits that may be made.
        known: text → probabilities float [num_classes], all that the model was asked for this text;
            their number is the number of queries, the clean text counted.
        chosen: the edits made, indices into `space`.
        score: probability of the true class with them.
        found_at: the budget at which the model said another class; None until then.
        said: the class that is said with the edits made.
        queries: how many there were when budget 0, 1, … was spent.
        generator: what the search draws, from (seed, index) alone.
    """

    index: int
    label: int
    space: EditSpace
    known: dict[str, np.ndarray]
    chosen: tuple[int, ...]
    score: float
    generator: np.random.Generator
    said: int
    found_at: int | None = None
    queries: list[int] = field(default_factory=list)

    @classmethod
    def of(
        cls, index: int, label: int, space: EditSpace, probabilities: np.ndarray, seed: int
    ) -> Attempt:
        """Nothing done yet; `probabilities` are those of the clean text."""
        generator = np.random.default_rng([seed, index])
        known = {space.text: probabilities}
        return cls(index, label, space, known, (), float(probabilities[label]), generator, label)

    @property
    def clean_score(self) -> float:
        return float(self.known[self.space.text][self.label])

    @property
    def edits(self) -> list[Edit]:
        """The edits made, in the order of the text."""
        return sorted(self.space.edit(index) for index in self.chosen)

    @property
    def text(self) -> str:
        return self.space.edited(self.chosen)

    def take(self, budget: int, chosen: tuple[int, ...], score: float, said: int) -> None:
        """Make these edits, which the budget allows."""
        assert len(chosen) <= budget and self.found_at is None
        self.chosen, self.score, self.said = chosen, score, said
        if said != self.label:
            self.found_at = budget


class QueryCounter:
    """A model that is asked for many attempts in one call, and for no text twice.

    Args:
        predict: texts to float [num_texts, num_classes].
        decide: such probabilities to the classes that are said, int64 [num_texts].
    """

    def __init__(
        self,
        predict: Callable[[TextBatch], np.ndarray],
        decide: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        self._predict, self._decide = predict, decide
        self.num_asked = 0
        """Texts that the model was given."""

    def probabilities(self, texts: TextBatch) -> np.ndarray:
        """float64 [num_texts, num_classes].

        Raises:
            InputError: if they are not finite.
        """
        self.num_asked += len(texts)
        probabilities = np.asarray(self._predict(texts), dtype=np.float64)
        if not np.isfinite(probabilities).all():
            raise InputError("the attacked model gives probabilities that are not finite")
        return probabilities

    def decided(self, probabilities: np.ndarray) -> np.ndarray:
        """int64 [num_texts], the classes that are said."""
        return self._decide(probabilities)

    def query(
        self, attempts: Sequence[Attempt], texts: Sequence[Sequence[str]]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each attempt, of the texts that it asks for: the score of the true class, float64,
        and the class that is said, int64."""
        new = [
            [text for text in dict.fromkeys(asked) if text not in attempt.known]
            for attempt, asked in zip(attempts, texts, strict=True)
        ]
        flat = list(chain.from_iterable(new))
        if flat:
            rows = iter(self.probabilities(TextBatch.from_strings(flat)))
            for attempt, asked in zip(attempts, new, strict=True):
                attempt.known.update(zip(asked, rows, strict=False))
        answers = []
        for attempt, asked in zip(attempts, texts, strict=True):
            if not asked:
                answers.append((np.zeros(0), np.zeros(0, dtype=np.int64)))
                continue
            probabilities = np.stack([attempt.known[text] for text in asked])
            answers.append((probabilities[:, attempt.label], self.decided(probabilities)))
        return answers


def best_answer(attempt: Attempt, scores: np.ndarray, said: np.ndarray) -> int:
    """The place of the best of some answers: of those of another class, if there are any, the one
    with the lowest score of the true class, the first of equals."""
    return int(np.lexsort((scores, said == attempt.label))[0])
