"""Settings of the group `evaluation`: test suites, intervals and output files."""

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
"""Suites that can be built from the test texts, with their titles."""
DEFAULT = [*(name for name in SUITES if name[:6] != "unseen"), "unseen_30", "unseen_100"]

MOST_RESAMPLES = 100_000


@register("evaluation", "levels")
class EvaluationConfig(Settings):
    """Scores on the test texts, clean and with noise from a fixed seed."""

    needs_labels: ClassVar[bool] = False
    """Whether the option requires labels of whole texts."""
    each_family: ClassVar[bool] = False
    """Whether there is a suite of innocent text for each noise family."""
    suites: list[str] = setting(DEFAULT, choices=tuple(SUITES), min_length=1, unique=True)
    """Suites to score, in this order: clean, level_1 to level_4 (published noise), uniform_1 to
    uniform_4 (the same noise for every label), diacritics, unseen_10 to unseen_100 (look-alikes
    of no level, for that percentage of the letters)."""
    seed: int = setting(2024, ge=0, lt=2**63)
    """Seed of the noise. All runs with the same seed are scored on the same noisy texts."""
    uniform_p: float = setting(0.3, ge=0, le=1)
    """Probability that a letter is replaced in the uniform suites."""
    diacritics_p: float = setting(0.3, ge=0, le=1)
    """Probability that a letter gets a combining mark in the suite diacritics."""
    unseen: str | None = None
    """File of glyph clusters for the unseen suites, from which glyphs of the levels are removed;
    null: the project's own look-alikes."""
    known_level: int = setting(4, ge=0, le=4)
    """Glyphs up to this level count as seen. Set it to the training level if that is lower."""
    innocent_texts: int | None = setting(150, ge=0)
    """Maximum number of texts of each suite of innocent text: words with a rude root, other
    languages, codes, typing errors and more. 0: no such suites; null: all texts. Only for tasks
    with one of two classes for each text."""
    innocent: str | None = setting(None, non_empty=True)
    """File of further benign texts, of any language, with a field `text`; null: none."""
    bootstrap: int = setting(1000, ge=0, le=MOST_RESAMPLES)
    """Resamples of the test texts for 95 % intervals; 0: no intervals."""
    predictions: bool = True
    """Write the prediction for each text, one file per suite."""
    plot: bool = True
    """Plot the scores against the noise level."""

    def check(self, key: str) -> None:
        enough = self.bootstrap == 0 or self.bootstrap >= 100
        allowed = f"0 (no intervals) or from 100 to {MOST_RESAMPLES}"
        require(enough, f"{key}.bootstrap", self.bootstrap, allowed)


@register("evaluation", "attack", "vitrina.evaluation.attacks.measure:AttackEvaluator")
class AttackEvaluationConfig(EvaluationConfig, AttackConfig):
    """Suite scores and a search for edits that change the prediction."""

    needs_labels: ClassVar[bool] = True
    suites: list[str] = setting(["clean"], choices=tuple(SUITES), min_length=1, unique=True)
    """Suites to score."""
    innocent_texts: int | None = setting(0, ge=0)
    """Maximum number of texts of each suite of innocent text; 0: no such suites; null: all."""
    plot: bool = False
    """Plot the scores against the noise level."""

    def check(self, key: str) -> None:
        EvaluationConfig.check(self, key)
        AttackConfig.check(self, key)

    def check_with(self, config: Any) -> None:
        kind = config.task.kind
        allowed = "classification for evaluation=attack"
        require(config.task.one_class_per_text, "task.kind", kind, allowed)


@register("evaluation", "full", "vitrina.evaluation.robustness:CurvesEvaluator")
class FullEvaluationConfig(EvaluationConfig):
    """Suite scores and noise curves: scores of each noise family against its strength."""

    needs_labels: ClassVar[bool] = True
    each_family: ClassVar[bool] = True
    innocent_texts: int | None = setting(None, ge=0)
    """Maximum number of texts of each suite of innocent text; 0: no such suites; null: all."""
    families: list[str] = setting([], unique=True)
    """Noise families, see noise=families; empty: all built-in ones. Their mix is scored too."""
    strengths: list[float] = setting([n / 10 for n in range(1, 11)], gt=0, le=1, min_length=1)
    """Probabilities that a letter is edited, in increasing order; noise applies to every word."""
    noise_seeds: list[int] = setting([1, 2, 3], ge=0, lt=2**63, min_length=1, unique=True)
    """Seeds of the noise draws. In worst-of-K a text is correct only if it is under all draws."""
    texts: int | None = setting(None, ge=1)
    """Maximum number of test texts, drawn at random; null: all."""

    def check(self, key: str) -> None:
        super().check(key)
        for index, name in enumerate(self.families):
            component("noise_family", name, key=f"{key}.families[{index}]")
        rising = all(a < b for a, b in pairwise(self.strengths))
        require(rising, f"{key}.strengths", self.strengths, "increasing numbers above 0 to 1")

    def components_used(self) -> list[tuple[str, str]]:
        return [("noise_family", name) for name in self.families]
