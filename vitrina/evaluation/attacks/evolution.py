"""An evolutionary search: edited texts breed, those that lower the score of the true class stay.

A genetic algorithm over sets of edits (after Alzantot et al., "Generating natural language
adversarial examples", 2018). It needs no importance of words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from vitrina.evaluation.attacks.attempts import Attempt, QueryCounter, best_answer
from vitrina.evaluation.attacks.config import AttackConfig
from vitrina.evaluation.attacks.edits import EditSpace

Edits = tuple[int, ...]
"""Indices into the edits of a text, rising."""

TRIES = 8
"""Edits that are drawn to find one that can still be made."""

TOURNAMENT = 3
"""Edited texts of which the best becomes a parent."""


def search_by_evolution(
    attempts: Sequence[Attempt],
    model: QueryCounter,
    config: AttackConfig,
    progress: Callable[[int], None],
) -> None:
    """Attack all texts in step, a generation at a time; the budget grows by one edit after
    `config.generations` of them, so that what a budget finds the next one starts from.

    A generation breeds `config.population` children: two parents are chosen by tournament, the
    child has each of their edits with probability one half, then one edit is added, or exchanged
    where the budget is spent. The best of parents and children stay.

    Args:
        progress: told each budget when it is spent.
    """
    populations: dict[int, list[tuple[float, Edits]]] = {
        id(each): [(each.clean_score, ())] for each in attempts
    }
    for budget in range(1, config.max_edits + 1):
        for _ in range(config.generations):
            active = [each for each in attempts if each.found_at is None and len(each.space)]
            bred = [_breed(each, populations[id(each)], budget, config) for each in active]
            texts = [
                [each.space.edited(child) for child in children]
                for each, children in zip(active, bred, strict=True)
            ]
            answers = model.query(active, texts)
            for each, children, (scores, said) in zip(active, bred, answers, strict=True):
                best = best_answer(each, scores, said)
                if said[best] != each.label:
                    each.take(budget, children[best], float(scores[best]), int(said[best]))
                    continue
                scored = zip(scores.tolist(), children, strict=True)
                population = _fittest([*populations[id(each)], *scored], config.population)
                populations[id(each)] = population
                (score, edits), *_ = population
                each.take(budget, edits, score, each.label)
        for each in attempts:
            each.queries.append(len(each.known))
        progress(budget)


def _fittest(members: Iterable[tuple[float, Edits]], most: int) -> list[tuple[float, Edits]]:
    """The members that lower the score most, each once; of equals the younger, which come last."""
    distinct = {edits: score for score, edits in members}
    younger_first = reversed(distinct.items())
    ranked = sorted(younger_first, key=lambda item: item[1])
    return [(score, edits) for edits, score in ranked[:most]]


def _breed(
    attempt: Attempt, population: list[tuple[float, Edits]], budget: int, config: AttackConfig
) -> list[Edits]:
    """The children of one generation; fewer where chance made some of them twice."""
    generator, size = attempt.generator, len(population)
    entrants = generator.integers(size, size=(config.population, 2, TOURNAMENT))
    # The population is sorted: the smallest place is the best.
    parents = entrants.min(axis=2).tolist()
    draws = generator.random((config.population, 2 * budget))
    children: dict[Edits, None] = {}
    for (one, other), coins in zip(parents, draws.tolist(), strict=True):
        inherited = dict.fromkeys((*population[one][1], *population[other][1]))
        shared = set(population[one][1]) & set(population[other][1])
        kept = [
            edit
            for edit, coin in zip(inherited, coins, strict=False)
            if edit in shared or coin < 0.5
        ]
        child = _mutated(attempt.space, kept, budget, generator)
        if child:
            children[child] = None
    return list(children)


def _mutated(
    space: EditSpace, inherited: Sequence[int], budget: int, generator: np.random.Generator
) -> Edits:
    """The inherited edits as far as they go together, and one more of a kind drawn at random."""
    chosen: list[int] = []
    for place in generator.permutation(len(inherited))[: budget - 1].tolist():
        if space.goes_with(chosen, inherited[place]):
            chosen.append(inherited[place])
    for kind, share in generator.random((TRIES, 2)).tolist():
        of_kind = space.by_kind[int(kind * len(space.by_kind))]
        added = int(of_kind[int(share * len(of_kind))])
        if space.goes_with(chosen, added):
            chosen.append(added)
            break
    return tuple(sorted(chosen))
