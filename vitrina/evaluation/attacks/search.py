"""Search attacks on any score-based classifier: `attack(predict, texts, labels, config)`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from vitrina.errors import require
from vitrina.evaluation.attacks.attempts import Attempt, QueryCounter
from vitrina.evaluation.attacks.config import AttackConfig
from vitrina.evaluation.attacks.edits import EditTables
from vitrina.evaluation.attacks.evolution import search_by_evolution
from vitrina.evaluation.attacks.greedy import search_greedily
from vitrina.tasks.intervals import wilson_interval
from vitrina.tasks.metrics import choose_class, decide, score
from vitrina.tasks.task_metrics import ClassMetrics
from vitrina.text.batch import TextBatch

_SEARCHES = {"greedy": search_greedily, "evolution": search_by_evolution}


@dataclass(frozen=True)
class SearchResult:
    """Result of one search; lists have an item per budget, from 0.

    Attributes:
        attempts: one per attacked text.
        success_rate: share of attempts that changed the predicted class; NaN without attempts.
        intervals: 95 % Wilson intervals of `success_rate`.
        mean_queries: distinct texts queried per attempt until success or the end of the budget,
            the clean text included.
        f1, recall: scores of all texts with the successful edits applied. For two classes those
            of the positive one, otherwise means over the classes.
    """

    attempts: list[Attempt]
    success_rate: list[float]
    intervals: list[tuple[float, float]]
    mean_queries: list[float]
    f1: list[float]
    recall: list[float]

    @property
    def successes(self) -> list[Attempt]:
        """The attempts that changed the predicted class."""
        return [each for each in self.attempts if each.found_at is not None]


@dataclass(frozen=True)
class AttackResult:
    """Results of all searches.

    Attributes:
        budgets: 0, 1, … edits.
        num_texts: texts of attacked classes.
        num_right: those with a correct prediction; only these are attacked.
        num_other: texts of other classes, which enter F1 and recall unchanged.
        searches: by name of the search.
    """

    budgets: list[int]
    num_texts: int
    num_right: int
    num_other: int
    searches: dict[str, SearchResult]

    def metrics(self) -> dict[str, Any]:
        """Return the section `attack` of `metrics.json`."""
        return {
            "budgets": self.budgets,
            "num_texts": self.num_texts,
            "num_right": self.num_right,
            "num_other": self.num_other,
            "searches": {
                name: {
                    "success_rate": found.success_rate,
                    "intervals": [list(ends) for ends in found.intervals],
                    "mean_queries": found.mean_queries,
                    "f1": found.f1,
                    "recall": found.recall,
                }
                for name, found in self.searches.items()
            },
        }


def attack(
    predict: Callable[[TextBatch], np.ndarray],
    texts: TextBatch,
    labels: np.ndarray,
    config: AttackConfig,
    *,
    task_metrics: ClassMetrics | None = None,
    indices: np.ndarray | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> AttackResult:
    """Search for edits that change the predicted class, using scores only.

    All texts are attacked in parallel, so each call of `predict` is a large batch. The result for
    a text does not depend on the other texts.

    Args:
        predict: any function from texts to probabilities, float [num_texts, num_classes],
            including steps before the model, such as a normalizer.
        texts: clean texts; `config.texts` is not used.
        labels: int64 [num_texts], true classes.
        config: for example `compose_config(["evaluation=attack"]).evaluation`.
        task_metrics: decision rule and positive class; by default the most probable class is
            predicted and the last one is positive.
        indices: int64 [num_texts], keys of the random numbers; by default 0, 1, …
        progress: called with a line per budget.

    Raises:
        InputError: if `config.labels` is positive but there are more than two classes, or a
            probability is not finite.
    """
    if indices is None:
        indices = np.arange(len(texts))
    model = QueryCounter(predict, lambda given: choose_class(given, positive, threshold))
    clean = model.probabilities(texts)
    if task_metrics is None:
        task_metrics = ClassMetrics([str(k) for k in range(clean.shape[1])], None)
    positive, threshold = task_metrics.positive, task_metrics.threshold
    attacked = attacked_labels(labels, task_metrics, config)
    right = model.decide(clean) == labels
    places = np.flatnonzero(attacked & right)
    tables = EditTables(config)
    spaces = [tables.space(texts[place]) for place in places.tolist()]
    searches = {}
    for name in config.searches:
        keyed = config.seed * len(_SEARCHES) + list(_SEARCHES).index(name)
        attempts = [
            Attempt.of(int(indices[place]), int(labels[place]), space, clean[place], keyed)
            for place, space in zip(places.tolist(), spaces, strict=True)
        ]
        for each in attempts:
            each.queries.append(len(each.known))

        def spent(budget: int, name: str = name, attempts: list[Attempt] = attempts) -> None:
            found = sum(each.found_at is not None for each in attempts)
            queries = sum(len(each.known) for each in attempts)
            progress(
                f"attack {name}: {budget} of {config.max_edits} edits, "
                f"{found:,} of {len(attempts):,} texts succeed, {queries:,} queries"
            )

        _SEARCHES[name](attempts, model, config, spent)
        predicted = model.decide(clean)
        searches[name] = _result(attempts, places, labels, predicted, task_metrics, config)
    return AttackResult(
        budgets=list(range(config.max_edits + 1)),
        num_texts=int(attacked.sum()),
        num_right=len(places),
        num_other=int((~attacked).sum()),
        searches=searches,
    )


def attacked_labels(
    labels: np.ndarray, task_metrics: ClassMetrics, config: AttackConfig
) -> np.ndarray:
    """Return bool [num_texts]: whether the class of each text is attacked.

    Raises:
        InputError: if `config.labels` is positive but there are more than two classes.
    """
    if config.labels == "all":
        return np.ones(len(labels), dtype=bool)
    num_classes = len(task_metrics.label_names)
    allowed = f"all, because with {num_classes} classes none is positive"
    require(num_classes == 2, "evaluation.labels", config.labels, allowed)
    return labels == task_metrics.reported[0]


def _result(
    attempts: list[Attempt],
    places: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
    task_metrics: ClassMetrics,
    config: AttackConfig,
) -> SearchResult:
    """Aggregate the attempts by budget.

    Args:
        places: int64 [num_attempts], row of the text of each attempt.
        predicted: int64 [num_texts], predicted classes of the clean texts.
    """
    never = config.max_edits + 1
    found_at = np.array([each.found_at or never for each in attempts], dtype=np.int64)
    queries = np.array([each.queries for each in attempts]).reshape(-1, never)
    result = SearchResult(attempts, [], [], [], [], [])
    for budget in range(never):
        succeeded = found_at <= budget
        result.success_rate.append(float(succeeded.mean()) if len(attempts) else float("nan"))
        result.intervals.append(wilson_interval(int(succeeded.sum()), len(attempts)))
        used = queries[:, budget]
        result.mean_queries.append(float(used.mean()) if len(attempts) else float("nan"))
        now = predicted.copy()
        for place in np.flatnonzero(succeeded).tolist():
            attempt = attempts[place]
            now[places[place]] = attempt.predicted
        one_hot = np.eye(len(task_metrics.label_names))[now]
        scores = score(decide(labels, one_hot, task_metrics.positive))
        result.f1.append(scores["f1"])
        result.recall.append(scores["recall"])
    return result
