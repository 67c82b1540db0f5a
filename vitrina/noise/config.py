"""Settings of noise. The six published knobs exist in every option.

Noise touches words. Of the words that the lexicon calls toxic a share `p_toxic_word` is touched;
all others are open to the noise of the rest of the text. Where both kinds of words are treated
alike, the lexicon is not asked and the noise tells nothing about the label.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import OmegaConf

from vitrina.errors import InputError, require

FAMILIES = (
    "leet",
    "keyboard",
    "sequences",
    "clusters",
    "diacritics",
    "spaces",
    "punctuation",
    "masking",
    "deletion",
    "swap",
    "repetition",
    "invisible",
    "transliteration",
    "case",
)
"""The families of noise of the robustness protocol (`vitrina.noise.families`)."""


def _open() -> Any:
    """An empty mapping that takes any key, as `noise.families={leet: 1}` on a command line."""
    return OmegaConf.create({}, flags={"struct": False})


def _require_share(key: str, value: float | None) -> None:
    require(value is None or 0 <= value <= 1, f"noise.{key}", value, "between 0 and 1")


def _require_set(config: object, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        require(value is not None, f"noise.{name}", value, "set: null has no meaning here")


@dataclass(kw_only=True)
class NoiseConfig:
    """What all options of noise share."""

    kind: str
    """Which noise this is."""
    level_toxic: int
    """Level of replacements in toxic words, 0 (none) to 4; each level holds the lower ones."""
    level_non_toxic: int | None
    """Level of replacements in all other words; null: the lower of level_toxic and 2."""
    p_toxic_word: float | None
    """Probability that a toxic word is touched; null: as any other word."""
    p_toxic_symbol: float | None
    """Probability that a letter of a touched toxic word is replaced; null: as in any other word."""
    p_space: float
    """Probability of a space after a letter inside a touched word."""
    p_non_toxic_symbol: float | None
    """Probability that a letter of any other word is replaced; null: the option's own strength."""
    redraw: bool
    """True: drawn afresh each epoch; False: the same noise in every epoch."""
    lexicon: str | None
    """File of toxic words to use; null: the project's own."""
    clusters: str | None
    """File of glyph clusters (level 4) to use; null: the project's own."""

    def __post_init__(self) -> None:
        levels = "a whole number from 0 to 4"
        require(0 <= self.level_toxic <= 4, "noise.level_toxic", self.level_toxic, levels)
        value = self.level_non_toxic
        require(
            value is None or 0 <= value <= 4, "noise.level_non_toxic", value, f"{levels} or null"
        )
        for key in ("p_toxic_word", "p_toxic_symbol", "p_space", "p_non_toxic_symbol"):
            _require_share(key, getattr(self, key))

    @property
    def other_level(self) -> int:
        """The level of words that are not toxic, null resolved."""
        return min(self.level_toxic, 2) if self.level_non_toxic is None else self.level_non_toxic


@dataclass(kw_only=True)
class NoNoiseConfig(NoiseConfig):
    """Texts as they are; the knobs stand here to be refused where they would have no effect."""

    def __post_init__(self) -> None:
        super().__post_init__()
        knobs = ("level_toxic", "level_non_toxic", "p_toxic_word", "p_toxic_symbol")
        for key in (*knobs, "p_space", "p_non_toxic_symbol"):
            value = getattr(self, key)
            allowed = "0 with noise=none; choose noise=published, uniform or mixed for noise"
            require(not value, f"noise.{key}", value, allowed)
        for key in ("lexicon", "clusters"):
            value = getattr(self, key)
            require(value is None, f"noise.{key}", value, "null with noise=none")


@dataclass(kw_only=True)
class PublishedNoiseConfig(NoiseConfig):
    """The published corruption; its strength depends on the lexicon, and so on the label."""

    masks: str
    """Characters that a letter of a touched toxic word may also become; empty: none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_set(self, "p_toxic_word", "p_toxic_symbol", "p_non_toxic_symbol")


@dataclass(kw_only=True)
class UniformNoiseConfig(NoiseConfig):
    """One strength for every letter, whatever its word."""

    p: float
    """Probability that a letter is replaced."""
    masks: str
    """Characters that a letter may also become; empty: none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_share("p", self.p)


@dataclass(kw_only=True)
class MixedNoiseConfig(NoiseConfig):
    """Noise of many strengths and forms for training, independent of the label."""

    p_text: float
    """Probability that a text is touched at all."""
    p_word: float
    """Probability that a word of a touched text is touched."""
    symbol_rates: list[float]
    """Each touched word draws one of these as the probability that a letter is replaced."""
    weight_level_3: int
    """How many times each replacement of levels 1 to 3 counts against a glyph of level 4."""
    masks: str
    """Characters that a letter may also become, each with weight 1; empty: none."""
    p_insert: float
    """Probability of one of `inserts` after a letter inside a touched word."""
    inserts: str
    """Characters that are inserted."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("p_text", "p_word", "p_insert"):
            _require_share(key, getattr(self, key))
        rates = self.symbol_rates
        fine = len(rates) > 0 and all(0 <= rate <= 1 for rate in rates)
        require(fine, "noise.symbol_rates", rates, "one or more numbers between 0 and 1")
        weight = self.weight_level_3
        require(1 <= weight <= 100, "noise.weight_level_3", weight, "from 1 to 100")
        together = self.p_space + self.p_insert
        key = "noise.p_space + noise.p_insert"
        require(together <= 1, key, together, "at most 1")
        given = self.p_insert == 0 or len(self.inserts) > 0
        require(given, "noise.inserts", self.inserts, "one character or more where p_insert > 0")


@dataclass(kw_only=True)
class DiacriticsConfig(NoiseConfig):
    """Combining marks over and under letters; the level is how many may be stacked on one."""

    p: float
    """Probability of marks after a letter."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_share("p", self.p)
        require(
            self.clusters is None, "noise.clusters", self.clusters, "null with noise=diacritics"
        )
        for key in ("p", "p_toxic_symbol", "p_non_toxic_symbol"):
            share = getattr(self, key) or 0.0
            allowed = "at most 1 together with noise.p_space"
            require(share + self.p_space <= 1, f"noise.{key}", share, allowed)


@dataclass(kw_only=True)
class UnseenNoiseConfig(NoiseConfig):
    """Look-alikes that no level of the other options holds, at one strength for every letter."""

    p: float
    """Probability that a letter is replaced, where it has such look-alikes."""
    known_level: int
    """The highest level whose signs count as seen: that of the training's noise, if it is lower."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_share("p", self.p)
        levels = "a whole number from 0 to 4"
        require(0 <= self.known_level <= 4, "noise.known_level", self.known_level, levels)
        allowed = "4 (look-alikes) or 0 (nothing) with noise=unseen"
        for key in ("level_toxic", "level_non_toxic"):
            require(getattr(self, key) in (0, 4), f"noise.{key}", getattr(self, key), allowed)


@dataclass(kw_only=True)
class FamiliesNoiseConfig(NoiseConfig):
    """Families of noise, one for each touched word, independent of the label."""

    p: float
    """Probability that a letter of a touched word is edited, where its family can edit it."""
    p_text: float
    """Probability that a text is touched at all."""
    p_word: float
    """Probability that a word of a touched text is touched."""
    families: dict[str, float] = field(default_factory=_open)
    """Weight by name of family, with which a touched word draws it; empty: all alike often. Those
    there are: leet, keyboard, sequences, clusters, diacritics, spaces, punctuation, masking,
    deletion, swap, repetition, invisible, transliteration, case."""
    hold_out: list[str]
    """Families that are left out of the mix."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("p", "p_text", "p_word"):
            _require_share(key, getattr(self, key))
        alike = self.level_non_toxic in (None, self.level_toxic) and self.level_toxic in (0, 4)
        allowed = "4 (noise) or 0 (nothing), as level_non_toxic, with noise=families"
        require(alike, "noise.level_toxic", self.level_toxic, allowed)
        for key in ("p_toxic_word", "p_toxic_symbol", "p_non_toxic_symbol", "lexicon"):
            value = getattr(self, key)
            allowed = "null with noise=families, which treats all words alike"
            require(value is None, f"noise.{key}", value, allowed)
        allowed = "0 with noise=families; the family `spaces` inserts spaces"
        require(self.p_space == 0, "noise.p_space", self.p_space, allowed)
        self._check_mix()

    def _check_mix(self) -> None:
        for name, weight in self.families.items():
            if name not in FAMILIES:
                allowed = ", ".join(FAMILIES)
                raise InputError(f"noise.families.{name}: no such family; allowed: {allowed}")
            require(0 <= weight < 1e9, f"noise.families.{name}", weight, "from 0 to below 1e9")
        known = [name for name in self.families if self.families[name]] or list(FAMILIES)
        for index, name in enumerate(self.hold_out):
            allowed = f"one of noise.families: {', '.join(known)}"
            require(name in known, f"noise.hold_out[{index}]", name, allowed)
        nothing = bool(self.families) and not any(self.families.values())
        require(not nothing, "noise.families", dict(self.families), "with a weight above 0")
        left = bool(self.mix)
        require(left, "noise.hold_out", self.hold_out, "such that a family is left in the mix")
        needless = self.clusters is not None and "clusters" not in self.mix
        require(not needless, "noise.clusters", self.clusters, "null without the family clusters")

    @property
    def mix(self) -> dict[str, float]:
        """Weight by name of the families that are drawn."""
        given = self.families or dict.fromkeys(FAMILIES, 1.0)
        return {
            name: float(given[name])
            for name in FAMILIES
            if given.get(name) and name not in self.hold_out
        }


OPTIONS: dict[str, type] = {
    "none": NoNoiseConfig,
    "published": PublishedNoiseConfig,
    "uniform": UniformNoiseConfig,
    "mixed": MixedNoiseConfig,
    "diacritics": DiacriticsConfig,
    "unseen": UnseenNoiseConfig,
    "families": FamiliesNoiseConfig,
}

LATER: dict[str, Any] = {"known_level": 4}
"""Settings of the kind unseen that came later, with the values by which older runs were made."""
