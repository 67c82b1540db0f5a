"""Settings of the group `noise`. Every option has the six published settings.

Noise edits letters of touched words. A share `p_toxic_word` of the toxic words of the lexicon is
touched; all other words have settings of their own. If both kinds of words have the same settings,
the noise does not use the lexicon and is independent of the label.
"""

from __future__ import annotations

from typing import ClassVar

from vitrina.errors import InputError, require
from vitrina.registry import Settings, components, register, register_target, setting

LEVELS = {"leet": 1, "keyboard": 2, "sequences": 3, "clusters": 4}
"""Family → the level of noise that adds it."""
FAMILIES = (
    *LEVELS,
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
"""The noise families of the robustness protocol (`vitrina.noise.families`)."""

for _name in FAMILIES:
    register_target("noise_family", _name, f"vitrina.noise.families:{_name}")


class NoiseConfig(Settings):
    """Base class of the settings of noise."""

    needed: ClassVar[tuple[str, ...]] = ()
    """Settings that must not be null."""
    level_toxic: int = setting(4, ge=0, le=4)
    """Level of replacements in toxic words, 0 (none) to 4; each level includes the lower ones."""
    level_non_toxic: int | None = setting(None, ge=0, le=4)
    """Level of replacements in all other words; null: the lower of level_toxic and 2."""
    p_toxic_word: float | None = setting(None, ge=0, le=1)
    """Probability that a toxic word is touched; null: as for other words."""
    p_toxic_symbol: float | None = setting(None, ge=0, le=1)
    """Probability that a letter of a touched toxic word is replaced; null: as for other words."""
    p_space: float = setting(0.0, ge=0, le=1)
    """Probability of a space after a letter inside a touched word."""
    p_non_toxic_symbol: float | None = setting(None, ge=0, le=1)
    """Probability that a letter of any other word is replaced; null: the default of the option."""
    resample_each_epoch: bool = True
    """True: new noise in each epoch; False: the same noise in every epoch."""
    lexicon: str | None = None
    """File of toxic words; null: the default lexicon."""
    clusters: str | None = None
    """File of glyph clusters (level 4); null: the default clusters."""

    def check(self, key: str) -> None:
        for name in self.needed:
            value = getattr(self, name)
            require(value is not None, f"{key}.{name}", value, "a number, not null")

    @property
    def other_level(self) -> int:
        """The level of words that are not toxic, with null resolved."""
        return min(self.level_toxic, 2) if self.level_non_toxic is None else self.level_non_toxic

    def families_used(self) -> set[str]:
        """Return the families whose edits this noise makes in any word."""
        level = max(self.level_toxic, self.other_level)
        if level == 0:
            return set()
        spaces = {"spaces"} if self.p_space > 0 else set()
        return spaces | self._families_at(level)

    def _families_at(self, level: int) -> set[str]:
        return {name for name, lowest in LEVELS.items() if lowest <= level}


class MaskingNoiseConfig(NoiseConfig):
    """Base class of the settings of noise with masks."""

    masks: str = ""
    """Further characters that may replace a letter; empty: none."""

    def _families_at(self, level: int) -> set[str]:
        return super()._families_at(level) | ({"masking"} if self.masks else set())


@register("noise", "none", "vitrina.noise.policy:none")
class NoNoiseConfig(NoiseConfig):
    """No noise; settings without an effect raise an error."""

    level_toxic: int = setting(0, ge=0, le=4)
    """0: there is no noise."""
    p_toxic_word: float | None = setting(0.0, ge=0, le=1)
    """0: there is no noise."""
    p_toxic_symbol: float | None = setting(0.0, ge=0, le=1)
    """0: there is no noise."""
    p_non_toxic_symbol: float | None = setting(0.0, ge=0, le=1)
    """0: there is no noise."""

    def check(self, key: str) -> None:
        knobs = ("level_toxic", "level_non_toxic", "p_toxic_word", "p_toxic_symbol")
        for name in (*knobs, "p_space", "p_non_toxic_symbol"):
            value = getattr(self, name)
            allowed = "0 with noise=none; choose noise=published, uniform or mixed for noise"
            require(not value, f"{key}.{name}", value, allowed)
        for name in ("lexicon", "clusters"):
            value = getattr(self, name)
            require(value is None, f"{key}.{name}", value, "null with noise=none")


@register("noise", "published", "vitrina.noise.policy:published")
class PublishedNoiseConfig(MaskingNoiseConfig):
    """The published noise; its strength depends on the lexicon and thus on the label."""

    needed: ClassVar[tuple[str, ...]] = ("p_toxic_word", "p_toxic_symbol", "p_non_toxic_symbol")
    p_toxic_word: float | None = setting(0.5, ge=0, le=1)
    """Probability that a toxic word is touched."""
    p_toxic_symbol: float | None = setting(0.5, ge=0, le=1)
    """Probability that a letter of a touched toxic word is replaced."""
    p_space: float = setting(0.01, ge=0, le=1)
    """Probability of a space after a letter inside a touched toxic word."""
    p_non_toxic_symbol: float | None = setting(0.1, ge=0, le=1)
    """Probability that a letter of any other word is replaced."""
    masks: str = "*."
    """Further characters that may replace a letter of a touched toxic word; empty: none."""


@register("noise", "uniform", "vitrina.noise.policy:uniform")
class UniformNoiseConfig(MaskingNoiseConfig):
    """One strength for the letters of all words."""

    p: float = setting(0.3, ge=0, le=1)
    """Probability that a letter is replaced."""
    p_space: float = setting(0.01, ge=0, le=1)
    """Probability of a space after a letter inside a word."""


@register("noise", "mixed", "vitrina.noise.policy:mixed")
class MixedNoiseConfig(MaskingNoiseConfig):
    """Noise of many strengths and forms for training, independent of the label."""

    p_text: float = setting(0.7, ge=0, le=1)
    """Probability that a text is touched."""
    p_word: float = setting(0.5, ge=0, le=1)
    """Probability that a word of a touched text is touched."""
    symbol_rates: list[float] = setting([0.1, 0.3, 0.5], ge=0, le=1, min_length=1)
    """Each touched word draws one of these as the probability that a letter is replaced."""
    weight_level_3: int = setting(2, ge=1, le=100)
    """Weight of each replacement of levels 1 to 3; a glyph of level 4 has weight 1."""
    masks: str = "*."
    """Further characters that may replace a letter, each with weight 1; empty: none."""
    p_insert: float = setting(0.016, ge=0, le=1)
    """Probability of one of `inserts` after a letter inside a touched word."""
    inserts: str = ".*-_"
    """Characters to insert."""
    p_space: float = setting(0.004, ge=0, le=1)
    """Probability of a space after a letter inside a touched word."""

    def check(self, key: str) -> None:
        together = self.p_space + self.p_insert
        require(together <= 1, f"{key}.p_space + {key}.p_insert", together, "at most 1")
        given = self.p_insert == 0 or len(self.inserts) > 0
        require(given, f"{key}.inserts", self.inserts, "at least one character if p_insert > 0")

    def _families_at(self, level: int) -> set[str]:
        found = super()._families_at(level)
        if self.p_insert > 0:
            found |= {"spaces"} if " " in self.inserts else set()
            found |= {"punctuation"} if set(self.inserts) - {" "} else set()
        return found


@register("noise", "diacritics", "vitrina.noise.policy:diacritics")
class DiacriticsConfig(NoiseConfig):
    """Combining marks on letters; the level is the maximum number of stacked marks."""

    p: float = setting(0.3, ge=0, le=1)
    """Probability of marks after a letter."""
    level_toxic: int = setting(1, ge=0, le=4)
    """Maximum number of marks on a letter of a toxic word."""

    def check(self, key: str) -> None:
        require(self.clusters is None, f"{key}.clusters", self.clusters, "null with diacritics")
        for name in ("p", "p_toxic_symbol", "p_non_toxic_symbol"):
            share = getattr(self, name) or 0.0
            allowed = f"at most 1 in sum with {key}.p_space"
            require(share + self.p_space <= 1, f"{key}.{name}", share, allowed)

    def _families_at(self, level: int) -> set[str]:
        return {"diacritics"}


@register("noise", "unseen", "vitrina.noise.policy:unseen")
class UnseenNoiseConfig(NoiseConfig):
    """Look-alikes that are in no level of the other options, at one strength for all letters."""

    p: float = setting(0.3, ge=0, le=1)
    """Probability that a letter with such look-alikes is replaced."""
    known_level: int = setting(4, ge=0, le=4)
    """The highest level whose characters count as seen; set the level of the training noise."""

    def check(self, key: str) -> None:
        allowed = "4 (look-alikes) or 0 (nothing) with noise=unseen"
        for name in ("level_toxic", "level_non_toxic"):
            value = getattr(self, name)
            require(value in (0, 4, None), f"{key}.{name}", value, allowed)

    def families_used(self) -> set[str]:
        return set()


@register("noise", "families", "vitrina.noise.families:families")
class FamiliesNoiseConfig(NoiseConfig):
    """One noise family for each touched word, independent of the label."""

    p: float = setting(0.3, ge=0, le=1)
    """Probability that the family of a touched word edits a letter that it can edit."""
    p_text: float = setting(0.7, ge=0, le=1)
    """Probability that a text is touched."""
    p_word: float = setting(0.5, ge=0, le=1)
    """Probability that a word of a touched text is touched."""
    families: dict[str, float] = setting(open_keys=True, ge=0, lt=1e9)
    """Weight of each family by name; empty: equal weights of leet, keyboard, sequences, clusters,
    diacritics, spaces, punctuation, masking, deletion, swap, repetition, invisible,
    transliteration, case. Plugins may add more."""
    hold_out: list[str] = setting([])
    """Families to exclude."""

    def check(self, key: str) -> None:
        equal = self.level_non_toxic in (None, self.level_toxic) and self.level_toxic in (0, 4)
        allowed = "4 (noise) or 0 (nothing), as level_non_toxic, with noise=families"
        require(equal, f"{key}.level_toxic", self.level_toxic, allowed)
        for name in ("p_toxic_word", "p_toxic_symbol", "p_non_toxic_symbol", "lexicon"):
            value = getattr(self, name)
            allowed = "null with noise=families, which treats all words equally"
            require(value is None, f"{key}.{name}", value, allowed)
        allowed = "0 with noise=families; the family `spaces` inserts spaces"
        require(self.p_space == 0, f"{key}.p_space", self.p_space, allowed)
        self._check_mix(key)

    def _check_mix(self, key: str) -> None:
        known = components("noise_family")
        for name in self.families:
            if name not in known:
                allowed = ", ".join(known)
                raise InputError(f"{key}.families.{name}: unknown family; allowed: {allowed}")
        drawn = [name for name in self.families if self.families[name]] or list(FAMILIES)
        for index, name in enumerate(self.hold_out):
            allowed = f"one of {key}.families: {', '.join(drawn)}"
            require(name in drawn, f"{key}.hold_out[{index}]", name, allowed)
        nothing = bool(self.families) and not any(self.families.values())
        allowed = "weights of which at least one is above 0"
        require(not nothing, f"{key}.families", dict(self.families), allowed)
        left = bool(self.mix)
        require(left, f"{key}.hold_out", self.hold_out, "a list that leaves at least one family")
        needless = self.clusters is not None and "clusters" not in self.mix
        require(not needless, f"{key}.clusters", self.clusters, "null without the family clusters")

    @property
    def mix(self) -> dict[str, float]:
        """Weight of each drawn family by name, built-in families first."""
        given = self.families or dict.fromkeys(FAMILIES, 1.0)
        names = [*FAMILIES, *(name for name in given if name not in FAMILIES)]
        return {
            name: float(given[name])
            for name in names
            if given.get(name) and name not in self.hold_out
        }

    def families_used(self) -> set[str]:
        return set(self.mix) if self.level_toxic and self.p > 0 else set()

    def components_used(self) -> list[tuple[str, str]]:
        return [("noise_family", name) for name in self.mix]
