"""Evolutionary search: a genetic algorithm over sets of edits.

After Alzantot et al., "Generating natural language adversarial examples", 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from vitrina.evaluation.attacks.attempts import Attempt, QueryCounter, best_candidate
from vitrina.evaluation.attacks.config import AttackConfig
from vitrina.evaluation.attacks.edits import EditSpace

Edits = tuple[int, ...]
"""Indices into the edits of a text, sorted."""

TRIES = 8
"""Draws to find an edit that is compatible with those of the child."""

TOURNAMENT = 3
"""Members per tournament."""


def search_by_evolution(
    attempts: Sequence[Attempt],
    model: QueryCounter,
    config: AttackConfig,
    progress: Callable[[int], None],
) -> None:
    """Attack all texts in parallel, one generation per model call.

    Each budget lasts `config.generations` generations and starts from the population of the
    previous one. A generation produces `config.population` children. A tournament selects two
    parents; the child inherits each of their edits with probability 0.5 (common ones always) and
    gets a new edit. The fittest parents and children survive.

    Args:
        progress: called with each budget after its last generation.
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
            results = model.query(active, texts)
            for each, children, (scores, predicted) in zip(active, bred, results, strict=True):
                best = best_candidate(each, scores, predicted)
                if predicted[best] != each.label:
                    each.update(budget, children[best], float(scores[best]), int(predicted[best]))
                    continue
                scored = zip(scores.tolist(), children, strict=True)
                population = _fittest([*populations[id(each)], *scored], config.population)
                populations[id(each)] = population
                (score, edits), *_ = population
                each.update(budget, edits, score, each.label)
        for each in attempts:
            each.queries.append(len(each.known))
        progress(budget)


def _fittest(members: Iterable[tuple[float, Edits]], most: int) -> list[tuple[float, Edits]]:
    """Return the distinct members with the lowest scores; ties go to the newest."""
    distinct = {edits: score for score, edits in members}
    newest_first = reversed(distinct.items())
    ranked = sorted(newest_first, key=lambda item: item[1])
    return [(score, edits) for edits, score in ranked[:most]]


def _breed(
    attempt: Attempt, population: list[tuple[float, Edits]], budget: int, config: AttackConfig
) -> list[Edits]:
    """Return the distinct children of one generation."""
    generator, size = attempt.generator, len(population)
    entrants = generator.integers(size, size=(config.population, 2, TOURNAMENT))
    # The population is sorted: the smallest index is the fittest.
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
    """Return compatible inherited edits, at most `budget - 1`, and a new one of a random kind."""
    chosen: list[int] = []
    for place in generator.permutation(len(inherited))[: budget - 1].tolist():
        if space.compatible(chosen, inherited[place]):
            chosen.append(inherited[place])
    for kind, share in generator.random((TRIES, 2)).tolist():
        of_kind = space.by_kind[int(kind * len(space.by_kind))]
        added = int(of_kind[int(share * len(of_kind))])
        if space.compatible(chosen, added):
            chosen.append(added)
            break
    return tuple(sorted(chosen))
