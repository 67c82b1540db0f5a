"""The families of noise of the robustness protocol, each one a way to edit letters.

A family has one strength, the probability that a letter is edited; it is the same for every word,
so that the noise tells nothing about the label. Families that insert edit any letter by what they
put behind it, all others edit Russian letters. At strength 1 every letter is edited that the family
can edit: those that its table holds, those with a letter behind them in the same word, and so on.
"""

from __future__ import annotations

from collections.abc import Callable

from vitrina.noise.config import (
    FAMILIES,
    DiacriticsConfig,
    FamiliesNoiseConfig,
    MixedNoiseConfig,
    NoiseConfig,
    NoNoiseConfig,
    UnseenNoiseConfig,
)
from vitrina.noise.policy import PerturbationPolicy, stacked_marks
from vitrina.noise.tables import ALPHABET, SMALL, level_table

PUNCTUATION = (".", ",", "-", "_")
MASKS = ("*", ".")

INVISIBLE = (
    "\u200b",  # zero width space
    "\u200c",  # zero width non-joiner
    "\u200d",  # zero width joiner
    "\u2060",  # word joiner
    "\u00ad",  # soft hyphen
    "\U000e0020",  # tags: space, small a, cancel
    "\U000e0061",
    "\U000e007f",
)

_LATIN = "a b v g d e yo zh z i j k l m n o p r s t u f x cz ch sh shh `` y` ` e` yu ya"
TRANSLITERATION = dict(zip(SMALL, _LATIN.split(), strict=True))
"""GOST 7.79-2000, system B; ц is cz everywhere, where the standard allows c before i, e, y, j."""


def family_treatments(config: FamiliesNoiseConfig) -> tuple[list[PerturbationPolicy], list[float]]:
    """What each family of the mix does to a word that drew it, and the families' weights.

    Raises:
        InputError: if the glyph clusters are needed and cannot be read.
    """
    mix = config.mix if config.level_toxic else {}
    kinds = [family_treatment(name, config) for name in mix]
    return kinds or [PerturbationPolicy()], list(mix.values()) or [1.0]


def family_treatment(name: str, config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """What one family does to the words that it touches."""
    assert name in FAMILIES, name
    if name == "spaces":
        return PerturbationPolicy(p_word=config.p_word, p_space=config.p)
    if name in _INSERTED:
        # Punctuation stands inside a word; marks and what cannot be seen behind it too.
        return PerturbationPolicy(
            p_word=config.p_word,
            p_insert=config.p,
            inserts=_INSERTED[name],
            behind_words=name != "punctuation",
        )
    if name == "swap":
        # Each letter may begin a pair unless it ends one. With this probability of beginning one
        # the share of exchanged letters in a long word is p.
        return PerturbationPolicy(
            p_word=config.p_word, rates=(config.p / (2 - config.p),), swaps=True
        )
    if name in _LEVELS:
        options = level_table(_LEVELS[name], clusters=config.clusters)
    else:
        options = {letter: _REPLACED[name](letter) for letter in ALPHABET}
    return PerturbationPolicy(p_word=config.p_word, rates=(config.p,), options=options)


def _transliterated(letter: str) -> list[str]:
    latin = TRANSLITERATION[letter.lower()]
    return [latin if letter in SMALL else latin.capitalize()]


_LEVELS = {"leet": 1, "keyboard": 2, "sequences": 3, "clusters": 4}
_INSERTED: dict[str, tuple[str, ...]] = {
    "diacritics": stacked_marks(1),
    "punctuation": PUNCTUATION,
    "invisible": INVISIBLE,
}
_REPLACED: dict[str, Callable[[str], list[str]]] = {
    "masking": lambda letter: list(MASKS),
    "deletion": lambda letter: [""],
    "repetition": lambda letter: [letter * 2, letter * 3],
    "transliteration": _transliterated,
    "case": lambda letter: [letter.swapcase()],
}


def families_in(config: NoiseConfig) -> set[str]:
    """The families whose edits a noise makes, in whatever words and however often."""
    if isinstance(config, FamiliesNoiseConfig):
        return set(config.mix) if config.level_toxic and config.p > 0 else set()
    level = max(config.level_toxic, config.other_level)
    if level == 0 or isinstance(config, NoNoiseConfig | UnseenNoiseConfig):
        return set()
    found = {"spaces"} if config.p_space > 0 else set()
    if isinstance(config, DiacriticsConfig):
        return found | {"diacritics"}
    found |= {name for name, lowest in _LEVELS.items() if lowest <= level}
    found |= {"masking"} if getattr(config, "masks", "") else set()
    if isinstance(config, MixedNoiseConfig) and config.p_insert > 0:
        found |= {"spaces"} if " " in config.inserts else set()
        found |= {"punctuation"} if set(config.inserts) - {" "} else set()
    return found
