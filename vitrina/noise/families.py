"""The noise families of the robustness protocol; each one edits letters by one mechanism.

The strength of a family is the probability that a letter is edited. It is equal for all words, so
the noise is independent of the label. Inserting families edit any letter by an insertion after it;
all other families edit Russian letters. At strength 1 a family edits every letter that it can edit,
such as those in its table.
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
"""GOST 7.79-2000, system B; ц is always cz (the standard also allows c before i, e, y, j)."""


def families(config: FamiliesNoiseConfig) -> Policies:
    """Return the policy and the weight of each family.

    Raises:
        InputError: if the glyph clusters are needed and cannot be read.
    """
    mix = config.mix if config.level_toxic else {}
    kinds = [component("noise_family", name).load()(config) for name in mix]
    weights = list(mix.values())
    return Policies(kinds or [PerturbationPolicy()], weights or [1.0], config.p_text)


def leet(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Replace letters by look-alike digits."""
    return _of_level(config, "leet")


def keyboard(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Replace letters by keyboard and Latin look-alikes."""
    return _of_level(config, "keyboard")


def sequences(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Replace letters by look-alike sequences."""
    return _of_level(config, "sequences")


def clusters(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Replace letters by glyphs of the same visual cluster."""
    return _of_level(config, "clusters")


def diacritics(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Insert a combining mark after letters."""
    return _inserting(config, stacked_marks(1), after_words=True)


def punctuation(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Insert punctuation after letters inside a word."""
    return _inserting(config, PUNCTUATION, after_words=False)


def invisible(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Insert invisible characters after letters."""
    return _inserting(config, INVISIBLE, after_words=True)


def spaces(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Insert spaces after letters inside a word."""
    return PerturbationPolicy(p_word=config.p_word, p_space=config.p)


def swap(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Swap neighboring letters.

    Each letter may start a pair unless it ends one. With the start probability p / (2 - p) the
    share of swapped letters in a long word is p.
    """
    rates = (config.p / (2 - config.p),)
    return PerturbationPolicy(p_word=config.p_word, rates=rates, swaps=True)


def masking(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Replace letters by a mask sign, `*` or `.`."""
    return _replacing(config, {letter: list(MASKS) for letter in ALPHABET})


def deletion(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Delete letters."""
    return _replacing(config, {letter: [""] for letter in ALPHABET})


def repetition(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Repeat letters two or three times."""
    return _replacing(config, {letter: [letter * 2, letter * 3] for letter in ALPHABET})


def transliteration(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Transliterate letters to Latin."""
    latin = {letter: TRANSLITERATION[letter.lower()] for letter in ALPHABET}
    return _replacing(config, {x: [y if x in SMALL else y.capitalize()] for x, y in latin.items()})


def case(config: FamiliesNoiseConfig) -> PerturbationPolicy:
    """Change the case of letters."""
    return _replacing(config, {letter: [letter.swapcase()] for letter in ALPHABET})


def _of_level(config: FamiliesNoiseConfig, name: str) -> PerturbationPolicy:
    return _replacing(config, level_table(LEVELS[name], clusters=config.clusters))


def _replacing(config: FamiliesNoiseConfig, options: dict[str, list[str]]) -> PerturbationPolicy:
    return PerturbationPolicy(p_word=config.p_word, rates=(config.p,), options=options)


def _inserting(
    config: FamiliesNoiseConfig, inserts: tuple[str, ...], *, after_words: bool
) -> PerturbationPolicy:
    return PerturbationPolicy(
        p_word=config.p_word, p_insert=config.p, inserts=inserts, after_words=after_words
    )
