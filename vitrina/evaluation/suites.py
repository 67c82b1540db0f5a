"""Test suites: the test texts clean, corrupted in fixed ways, and further test files.

Noise is applied to the cleaned text as it was loaded, before any normaliser; the model's own
predictor normalises. Every suite of noise draws from the same fixed seed, whatever the run's seed:
two runs are scored on the same noisy texts, and a text is touched at the same places at each level.
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
"""What the suites are that one file of pairs gives."""


@dataclass(frozen=True)
class Suite:
    """Texts to be scored together.

    Attributes:
        name: `clean`, `level_1`, …, or the name of a further test file.
        title: what it is, for tables.
        texts: as they are scored, noise applied.
        truth: what is true of each text, as the task has it.
        rows: the original rows, in the same order.
        noise: the settings of the noise; empty where there is none.
        clean: the texts without the noise; None where it is not known.
    """

    name: str
    title: str
    texts: TextBatch
    truth: Any
    rows: Rows
    noise: dict[str, Any]
    clean: TextBatch | None = None


def check_names(extra: Iterable[str]) -> None:
    """Check the names of further test files.

    Raises:
        InputError: if one is the name of a suite, or cannot be the name of a file.
    """
    for name in extra:
        if name in SUITES:
            raise InputError(
                f"dataset.extra.{name}: the name is taken by a suite; choose another, such as "
                f"file_{name} (taken: {', '.join(SUITES)})"
            )
        if name in ("", ".", "..") or set(name) & set('/\\\0:*?"<>|'):
            raise InputError(
                f"dataset.extra: the name {name!r} must be one that a file can have on any system"
            )


def build_suites(
    config: EvaluationConfig,
    test: Split,
    extra: Mapping[str, Split],
    truth: Callable[[Split], Any],
) -> Iterator[Suite]:
    """The suites of `config.suites` made from `test`, then those of `extra`, one at a time.

    Args:
        truth: what is true of the texts of a split.

    Raises:
        InputError: at once, if a name in `extra` is taken.
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
    """The noise of a suite by name; None for the clean one. The project's own tables."""
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
    """`split` with `noise`, as drawn from `seed` for its texts in this order."""
    corruption = build_noise(noise, seed)
    return corrupt_split(split, corruption.mark(split.texts), corruption, 0)
