"""Test suites: the clean test texts, noisy versions of them, and additional test files.

Noise is applied to the cleaned texts, before any normalizer, which is part of the predictor. All
suites use `evaluation.seed`, not the seed of the run. So all runs are scored on the same noisy
texts, and all levels edit a text at the same positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vitrina.data.dataset import Split
from vitrina.data.rows import Rows
from vitrina.errors import InputError
from vitrina.evaluation.config import SUITES, EvaluationConfig
from vitrina.noise.config import (
    DiacriticsConfig,
    NoiseConfig,
    PublishedNoiseConfig,
    UniformNoiseConfig,
    UnseenNoiseConfig,
)
from vitrina.noise.perturbation import build_noise
from vitrina.tasks.corruption import corrupt_split
from vitrina.text.batch import TextBatch

PAIRS = {
    "pairs": "disguises that people wrote (dataset.pairs)",
    "pairs_corrected": "the same texts corrected",
}
"""Titles of the two suites made from `dataset.pairs`."""


@dataclass(frozen=True)
class Suite:
    """One set of test texts with its noise.

    Attributes:
        name: `clean`, `level_1`, …, or the name of an additional test file.
        title: description for tables.
        texts: with noise.
        truth: targets of the task, one item per text.
        rows: the original rows, in the same order.
        noise: settings of the noise; empty without noise.
        clean: the texts without noise; None if unknown.
    """

    name: str
    title: str
    texts: TextBatch
    truth: Any
    rows: Rows
    noise: dict[str, Any]
    clean: TextBatch | None = None


def check_names(extra: Iterable[str]) -> None:
    """Check the names of additional test files.

    Raises:
        InputError: if one is the name of a suite or is not a valid file name.
    """
    for name in extra:
        if name in SUITES:
            raise InputError(
                f"dataset.extra.{name}: the name is taken by a suite; choose another, such as "
                f"file_{name} (taken: {', '.join(SUITES)})"
            )
        if name in ("", ".", "..") or set(name) & set('/\\\0:*?"<>|'):
            raise InputError(
                f"dataset.extra: the name {name!r} must be a valid file name on all systems"
            )


def build_suites(
    config: EvaluationConfig,
    test: Split,
    extra: Mapping[str, Split],
    truth: Callable[[Split], Any],
) -> Iterator[Suite]:
    """Yield the suites `config.suites` made from `test`, then those of `extra`.

    Args:
        truth: returns the targets of a split.

    Raises:
        InputError: before the first suite, if a name in `extra` is taken.
    """
    check_names(extra)
    return _build(config, test, extra, truth)


def _build(
    config: EvaluationConfig,
    test: Split,
    extra: Mapping[str, Split],
    truth: Callable[[Split], Any],
) -> Iterator[Suite]:
    for name in config.suites:
        noise = noise_config(name, config)
        split = test if noise is None else corrupt(test, noise, config.seed)
        settings = {} if noise is None else {**asdict(noise), "seed": config.seed}
        true = truth(split)
        yield Suite(name, SUITES[name], split.texts, true, test.rows, settings, test.texts)
    for name, split in extra.items():
        title = PAIRS.get(name, f"file {name}")
        yield Suite(name, title, split.texts, truth(split), split.rows, {})


def noise_config(suite: str, config: EvaluationConfig) -> NoiseConfig | None:
    """Return the noise of a suite, from the project's own tables; None for `clean`."""
    series, _, level = suite.partition("_")
    if series == "level":
        return PublishedNoiseConfig(level_toxic=int(level), resample_each_epoch=False)
    if series == "uniform":
        number = int(level)
        p = config.uniform_p
        return UniformNoiseConfig(
            level_toxic=number, level_non_toxic=number, p=p, resample_each_epoch=False
        )
    if series == "diacritics":
        return DiacriticsConfig(level_non_toxic=1, p=config.diacritics_p, resample_each_epoch=False)
    if series == "unseen":
        return UnseenNoiseConfig(
            level_non_toxic=4,
            p=int(level) / 100,
            clusters=config.unseen,
            known_level=config.known_level,
            resample_each_epoch=False,
        )
    assert suite == "clean", suite
    return None


def corrupt(split: Split, noise: NoiseConfig, seed: int) -> Split:
    """Return `split` with noise drawn from `seed` and the row numbers of its texts."""
    corruption = build_noise(noise, seed)
    return corrupt_split(split, corruption.mark(split.texts), corruption, 0)
