"""`evaluation=full`: scores of each noise family against its strength."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.errors import InputError
from vitrina.evaluation.config import FullEvaluationConfig
from vitrina.evaluation.curves import (
    BETTER_HIGH,
    CURVE_METRICS,
    RESAMPLED,
    WORST_METRICS,
    area,
    curve_scores,
    half_degradation,
    resampled_curve_scores,
    worst_of_k,
    worst_strength_index,
)
from vitrina.evaluation.evaluators import EvaluationTarget
from vitrina.noise.config import FAMILIES, FamiliesNoiseConfig
from vitrina.noise.perturbation import build_noise
from vitrina.noise.randomness import text_keys
from vitrina.tasks.intervals import intervals_of
from vitrina.tasks.metrics import Predictions
from vitrina.tasks.task_metrics import LabelMetrics, TaskMetrics
from vitrina.tasks.word_metrics import WordMetrics
from vitrina.text.batch import TextBatch
from vitrina.text.words import find_words

MIX = "mix"
"""All families of the option with equal probability, one per word."""


@dataclass(frozen=True)
class _Sample:
    """The test texts to corrupt.

    Attributes:
        indices: int64 [num_texts], row numbers in the test texts; they key the noise.
        truth: targets. clean: predictions without noise.
    """

    texts: TextBatch
    indices: np.ndarray
    truth: np.ndarray
    clean: Predictions


def require_text_labels(task_metrics: TaskMetrics) -> LabelMetrics:
    """Return `task_metrics` if it scores labels of whole texts.

    Raises:
        InputError: otherwise.
    """
    if not isinstance(task_metrics, LabelMetrics) or isinstance(task_metrics, WordMetrics):
        raise InputError(
            "evaluation=full: requires labels of texts (task=classification or multilabel)"
        )
    return task_metrics


class CurvesEvaluator:
    """The evaluator of `evaluation=full`."""

    def check(self, config: FullEvaluationConfig, task_metrics: TaskMetrics) -> None:
        require_text_labels(task_metrics)

    def __call__(
        self,
        config: FullEvaluationConfig,
        target: EvaluationTarget,
        folder: Path,
        progress: Callable[[str], None],
    ) -> dict[str, Any]:
        return {"curves": measure_curves(config, target, progress)}


def measure_curves(
    config: FullEvaluationConfig, target: EvaluationTarget, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Compute the section `curves` of `metrics.json`.

    Returns:
        `strengths`, `noise_seeds`, `num_texts`; `clean` and `chance` by score; `families` by name:
        `scores` (per score and seed, one value per strength), `intervals` (per strength, of the
        mean over seeds), `aunc`, `aunc_intervals`, `p50`, `worst_of_k`, `held_out` (None if the
        training noise is unknown); `worst_family` (lowest mean at `WORST_AT`) and
        `worst_family_aunc` (smallest area). Undefined scores are NaN.
    """
    task_metrics = require_text_labels(target.task_metrics)
    sample = _sampled(config, target, task_metrics)
    clean = curve_scores(sample.clean, sample.clean)
    chance = task_metrics.chance(sample.truth)
    known = None if target.trained_on is None else target.trained_on.families_used()
    families = {}
    for name in [*(config.families or FAMILIES), MIX]:
        progress(
            f"noise family {name}: {len(config.strengths)} strengths, "
            f"{len(config.noise_seeds)} draws for {len(sample.indices):,} texts"
        )
        draws = _draws(config, target, task_metrics, sample, name)
        families[name] = _family(config, sample, draws, clean, chance) | {
            "held_out": None if known is None or name == MIX else name not in known
        }
    return {
        "strengths": list(config.strengths),
        "noise_seeds": list(config.noise_seeds),
        "num_texts": len(sample.indices),
        "clean": clean,
        "chance": {name: chance[name] for name in BETTER_HIGH},
        "families": families,
        "worst_family": _worst_at(config.strengths, families),
        "worst_family_aunc": _worst_area(families),
    }


def _sampled(
    config: FullEvaluationConfig, target: EvaluationTarget, task_metrics: LabelMetrics
) -> _Sample:
    test = target.test
    truth = test.labels if target.truth is None else target.truth
    order = np.argsort(text_keys(config.seed, 0, np.arange(len(test))), kind="stable")
    indices = np.sort(order[: config.texts])
    texts, truth = test.texts.take(indices), truth[indices]
    predicted = task_metrics.settled(target.predict(texts))
    return _Sample(texts, indices, truth, task_metrics.decide(truth, predicted))


def _draws(
    config: FullEvaluationConfig,
    target: EvaluationTarget,
    task_metrics: LabelMetrics,
    sample: _Sample,
    name: str,
) -> list[list[Predictions]]:
    """Predict under noise; return a list per strength with one item per seed."""
    words = find_words(sample.texts)
    chosen = (config.families or list(FAMILIES)) if name == MIX else [name]

    def predicted(strength: float, seed: int) -> Predictions:
        noise = build_noise(_noise(chosen, strength), seed)
        noisy = noise.corrupted(sample.texts, words, sample.indices, 0)
        return task_metrics.decide(sample.truth, task_metrics.settled(target.predict(noisy)))

    return [[predicted(p, seed) for seed in config.noise_seeds] for p in config.strengths]


def _noise(families: Sequence[str], p: float) -> FamiliesNoiseConfig:
    return FamiliesNoiseConfig(
        p=p,
        p_text=1.0,
        p_word=1.0,
        families=dict.fromkeys(families, 1.0),
        resample_each_epoch=False,
    )


def _family(
    config: FullEvaluationConfig,
    sample: _Sample,
    draws: list[list[Predictions]],
    clean: dict[str, float],
    chance: dict[str, float],
) -> dict[str, Any]:
    found = [[curve_scores(draw, sample.clean) for draw in at] for at in draws]
    scores = {
        name: [[at[k][name] for at in found] for k in range(len(config.noise_seeds))]
        for name in CURVE_METRICS
    }
    means = {name: np.mean(scores[name], axis=0) for name in CURVE_METRICS}
    worst = [worst_of_k(at) for at in draws]
    intervals, areas = _intervals(config, sample, draws) if config.bootstrap else ({}, {})
    return {
        "scores": scores,
        "intervals": intervals,
        "aunc": {
            name: float(area(config.strengths, clean[name], means[name])) for name in CURVE_METRICS
        },
        "aunc_intervals": areas,
        "p50": {
            name: half_degradation(
                config.strengths, clean[name], means[name].tolist(), chance[name]
            )
            for name in BETTER_HIGH
        },
        "worst_of_k": {name: [at[name] for at in worst] for name in WORST_METRICS},
    }


def _intervals(
    config: FullEvaluationConfig, sample: _Sample, draws: list[list[Predictions]]
) -> tuple[dict[str, list[list[float]]], dict[str, list[float]]]:
    """Return 95 % intervals by score: of the mean over seeds per strength, and of the area."""
    num_texts = len(sample.indices)

    def scores_of(weights: np.ndarray) -> dict[str, np.ndarray]:
        at_zero = resampled_curve_scores(sample.clean, sample.clean, weights)
        along = []
        for at in draws:
            of_seeds = [resampled_curve_scores(draw, sample.clean, weights) for draw in at]
            along.append({key: np.mean([each[key] for each in of_seeds], 0) for key in RESAMPLED})
        named = {f"{key} {n}": each[key] for n, each in enumerate(along) for key in RESAMPLED}
        areas = {
            key: area(config.strengths, at_zero[key], np.stack([each[key] for each in along]))
            for key in RESAMPLED
        }
        return named | areas

    # All strengths share the resampled texts; otherwise the areas would have no intervals.
    found = intervals_of(
        scores_of, num_texts, num_texts, resamples=config.bootstrap, seed=config.seed
    )
    intervals = {key: [list(found[f"{key} {n}"]) for n in range(len(draws))] for key in RESAMPLED}
    return intervals, {key: list(found[key]) for key in RESAMPLED}


def _worst_at(strengths: Sequence[float], families: dict[str, Any]) -> dict[str, dict[str, Any]]:
    place = worst_strength_index(strengths)
    found = {}
    for metric in BETTER_HIGH:
        means = {
            name: float(np.mean([of_seed[place] for of_seed in each["scores"][metric]]))
            for name, each in families.items()
            if name != MIX
        }
        name = min(means, key=means.__getitem__)
        found[metric] = {"family": name, "strength": strengths[place], "score": means[name]}
    return found


def _worst_area(families: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    for metric in BETTER_HIGH:
        areas = {name: each["aunc"][metric] for name, each in families.items() if name != MIX}
        name = min(areas, key=areas.__getitem__)
        found[metric] = {"family": name, "score": areas[name]}
    return found
