"""Options of the group `evaluation`: on which test texts a model is scored, and what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from vitrina.errors import InputError, require
from vitrina.evaluation.attacks.config import AttackConfig
from vitrina.noise.config import FAMILIES

SUITES: dict[str, str] = {
    "clean": "test texts as they are",
    **{f"level_{n}": f"published noise, level {n}" for n in range(1, 5)},
    **{f"uniform_{n}": f"label-independent noise, level {n}" for n in range(1, 5)},
    "diacritics": "combining marks, label-independent",
    **{f"unseen_{n}": f"unseen look-alikes, {n} % of letters" for n in (10, 20, 30, 50, 80, 100)},
}
"""Names of the suites that can be built from test texts, and what each one is."""

MOST_RESAMPLES = 100_000


@dataclass(kw_only=True)
class EvaluationConfig:
    """The test texts, clean and corrupted with fixed seeds."""

    kind: str
    """Which evaluation this is."""
    suites: list[str]
    """Which suites are scored, in this order: clean, level_1 to level_4 (the published noise),
    uniform_1 to uniform_4 (the same for every label), diacritics, unseen_10 to unseen_100
    (look-alikes that no level holds, for that share of the letters)."""
    seed: int
    """Seed of the noise; fixed, so that every run is scored on the same noisy texts."""
    uniform_p: float
    """Probability that a letter is replaced in the uniform suites."""
    diacritics_p: float
    """Probability that a letter gets a combining mark in the suite diacritics."""
    unseen: str | None
    """File of glyph clusters for the unseen suites, of which what a level holds is left out; null:
    the project's own look-alikes."""
    known_level: int
    """The highest level whose signs count as seen: that of the training's noise, if it is lower."""
    bootstrap: int
    """Resamples of the test texts for the 95 % intervals; 0 leaves the intervals out."""
    predictions: bool
    """Whether the prediction of each text is written, a file for each suite."""
    picture: bool
    """Whether the picture of score against level is drawn."""

    def __post_init__(self) -> None:
        require(len(self.suites) > 0, "evaluation.suites", self.suites, "at least one suite")
        for index, name in enumerate(self.suites):
            if name not in SUITES:
                raise InputError(
                    f"evaluation.suites[{index}] = {name!r}: must be one of {', '.join(SUITES)}"
                )
            first = self.suites.index(name) == index
            require(first, f"evaluation.suites[{index}]", name, "named only once")
        require(0 <= self.seed < 2**63, "evaluation.seed", self.seed, "from 0 to 2^63 - 1")
        for name in ("uniform_p", "diacritics_p"):
            value = getattr(self, name)
            require(0 <= value <= 1, f"evaluation.{name}", value, "between 0 and 1")
        level = self.known_level
        require(0 <= level <= 4, "evaluation.known_level", level, "a whole number from 0 to 4")
        require(
            self.bootstrap == 0 or 100 <= self.bootstrap <= MOST_RESAMPLES,
            "evaluation.bootstrap",
            self.bootstrap,
            f"0 (no intervals) or from 100 to {MOST_RESAMPLES}",
        )


@dataclass(kw_only=True)
class AttackEvaluationConfig(EvaluationConfig, AttackConfig):
    """Suites, and a search for edits after which the model says another class."""

    def __post_init__(self) -> None:
        EvaluationConfig.__post_init__(self)
        AttackConfig.__post_init__(self)

    def check_task(self, kind: str) -> None:
        """
        Raises:
            InputError: if the texts of a task of this kind cannot be attacked.
        """
        require(kind == "classification", "task.kind", kind, "classification for evaluation=attack")


@dataclass(kw_only=True)
class FullEvaluationConfig(EvaluationConfig):
    """Suites, and scores of each family of noise along its strength."""

    families: list[str]
    """Families of noise, see noise=families; empty: all. Their mix is measured too."""
    strengths: list[float]
    """Probabilities that a letter is edited, rising; every word of every text is touched."""
    noise_seeds: list[int]
    """Seeds of the draws of noise; an item counts in worst-of-K only if it is right under all."""
    texts: int | None
    """Test texts at most, drawn at random; null: all."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for index, name in enumerate(self.families):
            once = name in FAMILIES and self.families.index(name) == index
            allowed = f"one of {', '.join(FAMILIES)}, each once"
            require(once, f"evaluation.families[{index}]", name, allowed)
        p = self.strengths
        rising = len(p) > 0 and all(a < b for a, b in pairwise([0.0, *p])) and p[-1] <= 1
        require(rising, "evaluation.strengths", p, "one or more numbers, rising, above 0 to 1")
        seeds = self.noise_seeds
        fine = len(seeds) == len(set(seeds)) > 0 and all(0 <= seed < 2**63 for seed in seeds)
        require(fine, "evaluation.noise_seeds", seeds, "one or more numbers from 0 to 2^63 - 1")
        most = self.texts
        require(most is None or most >= 1, "evaluation.texts", most, "at least 1, or null")


OPTIONS: dict[str, type] = {
    "levels": EvaluationConfig,
    "full": FullEvaluationConfig,
    "attack": AttackEvaluationConfig,
}

LATER: dict[str, Any] = {"known_level": 4}
"""Settings of all kinds that came later, with the values by which older runs were made."""
