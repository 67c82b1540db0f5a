"""The families of noise of the robustness protocol, each one a way to edit letters.

A family has one strength, the probability that a letter is edited; it is the same for every word,
so that the noise tells nothing about the label. Families that insert edit any letter by what they
put behind it, all others edit Russian letters. At strength 1 every letter is edited that the family
can edit: those that its table holds, those with a letter behind them in the same word, and so on.
"""

from __future__ import annotations

from vitrina.noise.config import LEVELS, FamiliesNoiseConfig
from vitrina.noise.policy import PerturbationPolicy, Policies, stacked_marks
from vitrina.noise.tables import ALPHABET, SMALL, level_table
from vitrina.registry import component

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


def families(config: FamiliesNoiseConfig) -> Policies:
    """The policy of each family of the mix, with the families' weights.

    Raises:
        InputError: if the glyph clusters are needed and cannot be read.
    """
    mix = config.mix if config.level_toxic else {}
    kinds = [component("noise_family", name).load()(config) for name in mix]
    weights = list(mix.values())
    return Policies(kinds or [PerturbationPolicy()], weights or [1.0], config.p_text)


def leet(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Letters become look-alike digits."""
    return _of_level(config, "leet")


def keyboard(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Letters become keyboard and Latin look-alikes."""
    return _of_level(config, "keyboard")


def sequences(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Letters become look-alike sequences."""
    return _of_level(config, "sequences")


def clusters(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Letters become glyphs of the same visual cluster."""
    return _of_level(config, "clusters")


def diacritics(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """A combining mark follows letters."""
    return _inserting(config, stacked_marks(1), behind_words=True)


def punctuation(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Punctuation follows letters inside a word."""
    return _inserting(config, PUNCTUATION, behind_words=False)


def invisible(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Invisible characters follow letters."""
    return _inserting(config, INVISIBLE, behind_words=True)


def spaces(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Spaces follow letters inside a word."""
    return PerturbationPolicy(p_word=config.p_word, p_space=config.p)


def swap(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Neighboring letters change places.

    Each letter may begin a pair unless it ends one. With this probability of beginning one the
    share of exchanged letters in a long word is p.
    """
    rates = (config.p / (2 - config.p),)
    return PerturbationPolicy(p_word=config.p_word, rates=rates, swaps=True)


def masking(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Letters become masks."""
    return _replacing(config, {letter: list(MASKS) for letter in ALPHABET})


def deletion(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Letters are deleted."""
    return _replacing(config, {letter: [""] for letter in ALPHABET})


def repetition(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Letters are written two or three times."""
    return _replacing(config, {letter: [letter * 2, letter * 3] for letter in ALPHABET})


def transliteration(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Letters are written in Latin."""
    latin = {letter: TRANSLITERATION[letter.lower()] for letter in ALPHABET}
    return _replacing(config, {x: [y if x in SMALL else y.capitalize()] for x, y in latin.items()})


def case(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Letters change between small and capital."""
    return _replacing(config, {letter: [letter.swapcase()] for letter in ALPHABET})


def _of_level(config: FamiliesNoiseConfig, name: str) -> PerturbationPolicy:
    return _replacing(config, level_table(LEVELS[name], clusters=config.clusters))


def _replacing(config: FamiliesNoiseConfig, options: dict[str, list[str]]) -> PerturbationPolicy:
    return PerturbationPolicy(p_word=config.p_word, rates=(config.p,), options=options)


def _inserting(
    config: FamiliesNoiseConfig, inserts: tuple[str, ...], *, behind_words: bool
) -> PerturbationPolicy:
    return PerturbationPolicy(
        p_word=config.p_word, p_insert=config.p, inserts=inserts, behind_words=behind_words
    )
