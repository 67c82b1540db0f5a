"""Search attacks on any classifier that tells scores: `attack(predict, texts, labels, config)`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest

from vitrina.errors import require
from vitrina.evaluation.attacks.attempts import Attempt, QueryCounter
from vitrina.evaluation.attacks.config import AttackConfig
from vitrina.evaluation.attacks.edits import EditTables
from vitrina.evaluation.attacks.evolution import search_by_evolution
from vitrina.evaluation.attacks.greedy import search_greedily
from vitrina.tasks.metrics import choose_class, decide, score
from vitrina.tasks.task_metrics import ClassMetrics
from vitrina.text.batch import TextBatch

_SEARCHES = {"greedy": search_greedily, "evolution": search_by_evolution}


@dataclass(frozen=True)
class SearchResult:
    """What one search achieved, by budget from 0 to the largest.

    Attributes:
        attempts: one for each text that was attacked.
        success_rate: share of these of which another class is said; NaN if there are none.
        intervals: Wilson's 95 % intervals of these shares.
        mean_queries: texts the model was asked for until it gave way or the budget was spent; the
            clean text counts, a text that was asked before does not.
        f1, recall: scores of all given texts, as a run reports them (of the positive class of two,
            else means over the classes), where the attacked ones are edited and the others not.
    """

    attempts: list[Attempt]
    success_rate: list[float]
    intervals: list[tuple[float, float]]
    mean_queries: list[float]
    f1: list[float]
    recall: list[float]

    @property
    def successes(self) -> list[Attempt]:
        """The attempts that another class is said of."""
        return [each for each in self.attempts if each.found_at is not None]


@dataclass(frozen=True)
class AttackResult:
    """What came of an attack.

    Attributes:
        budgets: 0, 1, … edits.
        num_texts: texts whose class is attacked. num_right: those that were right before, which
            alone are attacked. num_beside: texts of other classes, which stand in the scores as
            they are.
        searches: by name of the search.
    """

    budgets: list[int]
    num_texts: int
    num_right: int
    num_beside: int
    searches: dict[str, SearchResult]

    def metrics(self) -> dict[str, Any]:
        """The part `attack` of a run's `metrics.json`."""
        return {
            "budgets": self.budgets,
            "num_texts": self.num_texts,
            "num_right": self.num_right,
            "num_beside": self.num_beside,
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
    """Look for edits after which the model says another class, seeing its scores alone.

    All texts are attacked in step, so that each call of `predict` is a large batch. What a text
    undergoes depends on it, its index, the settings and the scores of its edited forms, not on the
    other texts.

    Args:
        predict: texts to float [num_texts, num_classes], with all that stands before the model,
            such as a normaliser. Any function will do.
        texts: clean texts; `config.texts` does not count here.
        labels: int64 [num_texts], their true classes.
        config: what may be done; `compose_config(["evaluation=attack"]).evaluation` is one.
        task_metrics: how a class follows from probabilities, and which one is positive; by default
            the likeliest is predicted, and the last one is positive.
        indices: int64 [num_texts], by which draws are keyed; by default 0, 1, …
        progress: told a line now and then.

    Raises:
        InputError: if `config.labels` is positive where there are more than two classes, or a
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
    right = model.decided(clean) == labels
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
                f"{found:,} of {len(attempts):,} texts get through, {queries:,} queries"
            )

        _SEARCHES[name](attempts, model, config, spent)
        said = model.decided(clean)
        searches[name] = _result(attempts, places, labels, said, task_metrics, config)
    return AttackResult(
        budgets=list(range(config.max_edits + 1)),
        num_texts=int(attacked.sum()),
        num_right=len(places),
        num_beside=int((~attacked).sum()),
        searches=searches,
    )


def attacked_labels(
    labels: np.ndarray, task_metrics: ClassMetrics, config: AttackConfig
) -> np.ndarray:
    """bool [num_texts]: which texts are of a class that is attacked.

    Raises:
        InputError: if the positive class is attacked and there is none.
    """
    if config.labels == "all":
        return np.ones(len(labels), dtype=bool)
    num_classes = len(task_metrics.label_names)
    allowed = f"all, as none of {num_classes} classes is the positive one"
    require(num_classes == 2, "evaluation.labels", config.labels, allowed)
    return labels == task_metrics.reported[0]


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); NaN without trials."""
    if trials == 0:
        return float("nan"), float("nan")
    low, high = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    return float(low), float(high)


def _result(
    attempts: list[Attempt],
    places: np.ndarray,
    labels: np.ndarray,
    said: np.ndarray,
    task_metrics: ClassMetrics,
    config: AttackConfig,
) -> SearchResult:
    """
    Args:
        places: int64 [num_attempts], the attacked text of each attempt.
        said: int64 [num_texts], the classes that are said of the clean texts.
    """
    never = config.max_edits + 1
    found_at = np.array([each.found_at or never for each in attempts], dtype=np.int64)
    queries = np.array([each.queries for each in attempts]).reshape(-1, never)
    result = SearchResult(attempts, [], [], [], [], [])
    for budget in range(never):
        through = found_at <= budget
        result.success_rate.append(float(through.mean()) if len(attempts) else float("nan"))
        result.intervals.append(wilson_interval(int(through.sum()), len(attempts)))
        asked = queries[:, budget]
        result.mean_queries.append(float(asked.mean()) if len(attempts) else float("nan"))
        now = said.copy()
        for place in np.flatnonzero(through).tolist():
            attempt = attempts[place]
            now[places[place]] = attempt.said
        one_hot = np.eye(len(task_metrics.label_names))[now]
        scores = score(decide(labels, one_hot, task_metrics.positive))
        result.f1.append(scores["f1"])
        result.recall.append(scores["recall"])
    return result
