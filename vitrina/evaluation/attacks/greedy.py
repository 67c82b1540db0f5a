"""Greedy search: adds the best edit in one of the most important words, repeatedly.

The importance of a word is the decrease of the score of the true class when the word is removed
(as in DeepWordBug, Gao et al. 2018, and TextBugger, Li et al. 2019). Each edit reduces the
importance of its word by the decrease that it achieved, so the search moves on to other words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vitrina.evaluation.attacks.attempts import Attempt, QueryCounter, best_candidate
from vitrina.evaluation.attacks.config import EDITS, AttackConfig


def search_greedily(
    attempts: Sequence[Attempt],
    model: QueryCounter,
    config: AttackConfig,
    progress: Callable[[int], None],
) -> None:
    """Attack all texts in parallel, one step per budget.

    A step tries `config.candidates` edits in the `config.words` most important editable words of
    each text. It keeps the edit with the lowest score of the true class, or none if all edits
    increase the score.

    Args:
        progress: called with each budget after its step.
    """
    importance = dict(zip(map(id, attempts), _importance(attempts, model), strict=True))
    for budget in range(1, config.max_edits + 1):
        active = [each for each in attempts if each.found_at is None]
        tried = [_candidates(each, importance[id(each)], config) for each in active]
        texts = [
            [each.space.edited((*each.chosen, edit)) for edit in edits]
            for each, edits in zip(active, tried, strict=True)
        ]
        results = model.query(active, texts)
        for each, edits, (scores, predicted) in zip(active, tried, results, strict=True):
            if not edits:
                continue
            best = best_candidate(each, scores, predicted)
            if predicted[best] != each.label or scores[best] <= each.score:
                chosen = (*each.chosen, edits[best])
                importance[id(each)][each.space.words[edits[best]]] -= each.score - scores[best]
                each.update(budget, chosen, float(scores[best]), int(predicted[best]))
        for each in attempts:
            each.queries.append(len(each.known))
        progress(budget)


def _importance(attempts: Sequence[Attempt], model: QueryCounter) -> list[np.ndarray]:
    """Return float64 [num_words] per text; words without allowed edits have importance 0."""
    words = [np.unique(each.space.words) for each in attempts]
    without = [
        [_without(each.space.text, *each.space.spans[word].tolist()) for word in of_text]
        for each, of_text in zip(attempts, words, strict=True)
    ]
    results = model.query(attempts, without)
    importance = []
    for each, of_text, (scores, _) in zip(attempts, words, results, strict=True):
        importance.append(np.zeros(len(each.space.spans)))
        importance[-1][of_text] = each.clean_score - scores
    return importance


def _without(text: str, start: int, end: int) -> str:
    return text[:start] + text[end:]


def _candidates(attempt: Attempt, importance: np.ndarray, config: AttackConfig) -> list[int]:
    """Return the edits to try, round-robin over (kind, word), in random order within each."""
    space = attempt.space
    free = np.flatnonzero(space.open(attempt.chosen))
    left = np.unique(space.words[free])
    words = left[np.argsort(-importance[left], kind="stable")][: config.words]
    if not len(words):
        return []
    place = np.full(len(space.spans), -1)
    place[words] = np.arange(len(words))
    free = free[place[space.words[free]] >= 0]
    free = attempt.generator.permutation(free)
    # A group is one kind and one word; round n takes the n-th edit of each group.
    group = space.kinds[free].astype(np.int64) * len(words) + place[space.words[free]]
    by_group = np.argsort(group, kind="stable")
    sizes = np.bincount(group, minlength=len(EDITS) * len(words))
    begin = np.cumsum(sizes) - sizes
    rounds = np.arange(len(free)) - begin[group[by_group]]
    order = by_group[np.lexsort((group[by_group], rounds))]
    return free[order[: config.candidates]].tolist()
