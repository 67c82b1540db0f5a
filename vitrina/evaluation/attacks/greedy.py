"""A greedy search: the edit that helps most, in one of the words that matter most, again and again.

The importance of a word is by how much the score of the true class falls when the word is left
out (as in DeepWordBug, Gao et al. 2018, and TextBugger, Li et al. 2019). What edits of a word have
won is taken off its importance, so that a word that has given all is left for the next ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vitrina.evaluation.attacks.attempts import Attempt, QueryCounter, best_answer
from vitrina.evaluation.attacks.config import EDITS, AttackConfig


def search_greedily(
    attempts: Sequence[Attempt],
    model: QueryCounter,
    config: AttackConfig,
    progress: Callable[[int], None],
) -> None:
    """Attack all texts in step: one edit a step, the budget grows by one with each.

    At a step each text tries `config.candidates` edits in its `config.words` most important words
    that can still be edited, and takes the one that lowers the score of the true class most; none,
    if all of them raise it.

    Args:
        progress: told each budget when it is spent.
    """
    importance = dict(zip(map(id, attempts), _importance(attempts, model), strict=True))
    for budget in range(1, config.max_edits + 1):
        active = [each for each in attempts if each.found_at is None]
        tried = [_candidates(each, importance[id(each)], config) for each in active]
        texts = [
            [each.space.edited((*each.chosen, edit)) for edit in edits]
            for each, edits in zip(active, tried, strict=True)
        ]
        answers = model.query(active, texts)
        for each, edits, (scores, said) in zip(active, tried, answers, strict=True):
            if not edits:
                continue
            best = best_answer(each, scores, said)
            if said[best] != each.label or scores[best] <= each.score:
                chosen = (*each.chosen, edits[best])
                importance[id(each)][each.space.words[edits[best]]] -= each.score - scores[best]
                each.take(budget, chosen, float(scores[best]), int(said[best]))
        for each in attempts:
            each.queries.append(len(each.known))
        progress(budget)


def _importance(attempts: Sequence[Attempt], model: QueryCounter) -> list[np.ndarray]:
    """float64 [num_words] of each text, by word; only those that can be edited are asked for."""
    words = [np.unique(each.space.words) for each in attempts]
    without = [
        [_left_out(each.space.text, *each.space.spans[word].tolist()) for word in of_text]
        for each, of_text in zip(attempts, words, strict=True)
    ]
    answers = model.query(attempts, without)
    importance = []
    for each, of_text, (scores, _) in zip(attempts, words, answers, strict=True):
        importance.append(np.zeros(len(each.space.spans)))
        importance[-1][of_text] = each.clean_score - scores
    return importance


def _left_out(text: str, start: int, end: int) -> str:
    return text[:start] + text[end:]


def _candidates(attempt: Attempt, importance: np.ndarray, config: AttackConfig) -> list[int]:
    """Edits to try: of every word and kind in turn, drawn at random within these."""
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
    # Groups of one word and one kind, kinds first; the n-th of each group come in the n-th round.
    group = space.kinds[free].astype(np.int64) * len(words) + place[space.words[free]]
    by_group = np.argsort(group, kind="stable")
    sizes = np.bincount(group, minlength=len(EDITS) * len(words))
    begin = np.cumsum(sizes) - sizes
    rounds = np.arange(len(free)) - begin[group[by_group]]
    order = by_group[np.lexsort((group[by_group], rounds))]
    return free[order[: config.candidates]].tolist()
