"""Settings of the group `evaluation`: the test texts of a model, and what is kept of its scores."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

from vitrina.errors import require
from vitrina.evaluation.attacks.config import AttackConfig
from vitrina.registry import Settings, component, register, setting

SUITES: dict[str, str] = {
    "clean": "test texts as they are",
    **{f"level_{n}": f"published noise, level {n}" for n in range(1, 5)},
    **{f"uniform_{n}": f"label-independent noise, level {n}" for n in range(1, 5)},
    "diacritics": "combining marks, label-independent",
    **{f"unseen_{n}": f"unseen look-alikes, {n} % of letters" for n in (10, 20, 30, 50, 80, 100)},
}
"""Names of the suites that can be built from test texts, and what each one is."""
DEFAULT = [*(name for name in SUITES if name[:6] != "unseen"), "unseen_30", "unseen_100"]

MOST_RESAMPLES = 100_000


@register("evaluation", "levels")
class EvaluationConfig(Settings):
    """The test texts, clean and corrupted with fixed seeds."""

    needs_labels: ClassVar[bool] = False
    """Whether only whole texts with labels can be evaluated."""
    suites: list[str] = setting(DEFAULT, choices=tuple(SUITES), min_length=1, unique=True)
    """Suites that are scored, in this order: clean, level_1 to level_4 (the published noise),
    uniform_1 to uniform_4 (the same for every label), diacritics, unseen_10 to unseen_100
    (look-alikes that no level holds, for that share of the letters)."""
    seed: int = setting(2024, ge=0, lt=2**63)
    """Seed of the noise; fixed, so that every run is scored on the same noisy texts."""
    uniform_p: float = setting(0.3, ge=0, le=1)
    """Probability that a letter is replaced in the uniform suites."""
    diacritics_p: float = setting(0.3, ge=0, le=1)
    """Probability that a letter gets a combining mark in the suite diacritics."""
    unseen: str | None = None
    """File of glyph clusters for the unseen suites, without what a level holds; null: the project's
    own look-alikes."""
    known_level: int = setting(4, ge=0, le=4)
    """The highest level whose signs count as seen: that of the training's noise, if it is lower."""
    bootstrap: int = setting(1000, ge=0, le=MOST_RESAMPLES)
    """Resamples of the test texts for the 95 % intervals; 0 leaves the intervals out."""
    predictions: bool = True
    """Whether the prediction of each text is written, a file for each suite."""
    plot: bool = True
    """Whether the plot of score against level is drawn."""

    def check(self, key: str) -> None:
        enough = self.bootstrap == 0 or self.bootstrap >= 100
        allowed = f"0 (no intervals) or from 100 to {MOST_RESAMPLES}"
        require(enough, f"{key}.bootstrap", self.bootstrap, allowed)


@register("evaluation", "attack", "vitrina.evaluation.attacks.measure:AttackEvaluator")
class AttackEvaluationConfig(EvaluationConfig, AttackConfig):
    """Suites, and a search for edits that change the prediction."""

    needs_labels: ClassVar[bool] = True
    suites: list[str] = setting(["clean"], choices=tuple(SUITES), min_length=1, unique=True)
    """Suites that are scored."""
    plot: bool = False
    """Whether the plot of score against level is drawn."""

    def check(self, key: str) -> None:
        EvaluationConfig.check(self, key)
        AttackConfig.check(self, key)

    def check_with(self, config: Any) -> None:
        kind = config.task.kind
        allowed = "classification for evaluation=attack"
        require(config.task.one_class_per_text, "task.kind", kind, allowed)


@register("evaluation", "full", "vitrina.evaluation.robustness:CurvesEvaluator")
class FullEvaluationConfig(EvaluationConfig):
    """Suites, and scores of each family of noise along its strength."""

    needs_labels: ClassVar[bool] = True
    families: list[str] = setting([], unique=True)
    """Families of noise, see noise=families; empty: our own. Their mix is measured too."""
    strengths: list[float] = setting([n / 10 for n in range(1, 11)], gt=0, le=1, min_length=1)
    """Probabilities that a letter is edited, rising; every word of every text is touched."""
    noise_seeds: list[int] = setting([1, 2, 3], ge=0, lt=2**63, min_length=1, unique=True)
    """Seeds of the draws of noise; an item counts in worst-of-K only if it is right under all."""
    texts: int | None = setting(None, ge=1)
    """Test texts at most, drawn at random; null: all."""

    def check(self, key: str) -> None:
        super().check(key)
        for index, name in enumerate(self.families):
            component("noise_family", name, key=f"{key}.families[{index}]")
        rising = all(a < b for a, b in pairwise(self.strengths))
        require(rising, f"{key}.strengths", self.strengths, "numbers above 0 to 1, rising")

    def components_used(self) -> list[tuple[str, str]]:
        return [("noise_family", name) for name in self.families]
