"""From settings to what is done to toxic words and to all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vitrina.noise.config import (
    DiacriticsConfig,
    FamiliesNoiseConfig,
    MixedNoiseConfig,
    NoiseConfig,
    NoNoiseConfig,
    PublishedNoiseConfig,
    UniformNoiseConfig,
    UnseenNoiseConfig,
)
from vitrina.noise.tables import letter_options, unseen_options

DIACRITICS = (
    "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u030f"
    "\u0311\u0323\u0324\u0325\u032d\u032e\u0330\u0331\u0332\u0335\u0336\u0338"
)
"""Marks above, below and across a letter."""


@dataclass(frozen=True)
class PerturbationPolicy:
    """What is done to the words of one kind.

    Attributes:
        p_word: probability that a word is touched.
        rates: a touched word draws one of these, the probability that a letter is replaced.
        options: letter → what it may become, each entry alike probable.
        p_space: probability of a space after a letter, inside the word.
        p_insert: probability of one of `inserts` after a letter.
        inserts: what else is inserted, each alike probable.
        behind_words: whether the last letter may have an insertion behind it.
        swaps: whether `rates` tell how often a letter is exchanged with its right neighbour, where
            it was not exchanged with its left one and the two differ; without `options` then.
    """

    p_word: float = 0.0
    rates: tuple[float, ...] = (0.0,)
    options: Mapping[str, list[str]] = field(default_factory=dict)
    p_space: float = 0.0
    p_insert: float = 0.0
    inserts: tuple[str, ...] = ()
    behind_words: bool = False
    swaps: bool = False

    def __post_init__(self) -> None:
        assert not (self.swaps and self.options)

    @property
    def changes(self) -> bool:
        replaces = (bool(self.options) or self.swaps) and max(self.rates) > 0
        return self.p_word > 0 and (replaces or self.p_space > 0 or self.p_insert > 0)


def share_of_texts(config: NoiseConfig) -> float:
    """Probability that a text is touched at all."""
    return config.p_text if isinstance(config, MixedNoiseConfig | FamiliesNoiseConfig) else 1.0


def treatments(config: NoiseConfig) -> tuple[PerturbationPolicy, PerturbationPolicy]:
    """What is done to toxic words, and to all others; level 0 leaves words of its kind alone.

    Raises:
        InputError: if level 4 is asked for and the glyph clusters cannot be read.
    """
    levels = (config.level_toxic, config.other_level)
    toxic, other = (
        _treatment(config, level, toxic=kind)
        for level, kind in zip(levels, (True, False), strict=True)
    )
    return toxic, other


def _treatment(config: NoiseConfig, level: int, *, toxic: bool) -> PerturbationPolicy:
    if level == 0 or isinstance(config, NoNoiseConfig):
        return PerturbationPolicy()
    if isinstance(config, PublishedNoiseConfig):
        return _published(config, level, toxic=toxic)
    rate = config.p_toxic_symbol if toxic else config.p_non_toxic_symbol
    if isinstance(config, UniformNoiseConfig):
        return PerturbationPolicy(
            p_word=_or(config.p_toxic_word if toxic else None, 1.0),
            rates=(_or(rate, config.p),),
            options=letter_options(level, clusters=config.clusters, masks=config.masks),
            p_space=config.p_space,
        )
    if isinstance(config, DiacriticsConfig):
        return PerturbationPolicy(
            p_word=_or(config.p_toxic_word if toxic else None, 1.0),
            p_space=config.p_space,
            p_insert=_or(rate, config.p),
            inserts=stacked_marks(level),
            behind_words=True,
        )
    if isinstance(config, UnseenNoiseConfig):
        return PerturbationPolicy(
            p_word=_or(config.p_toxic_word if toxic else None, 1.0),
            rates=(_or(rate, config.p),),
            options=unseen_options(config.clusters, config.known_level),
            p_space=config.p_space,
        )
    assert isinstance(config, MixedNoiseConfig), config.kind
    return PerturbationPolicy(
        p_word=_or(config.p_toxic_word if toxic else None, config.p_word),
        rates=tuple(config.symbol_rates) if rate is None else (rate,),
        options=letter_options(
            level,
            clusters=config.clusters,
            masks=config.masks,
            weight_level_3=config.weight_level_3,
        ),
        p_space=config.p_space,
        p_insert=config.p_insert,
        inserts=tuple(config.inserts),
    )


def _published(config: PublishedNoiseConfig, level: int, *, toxic: bool) -> PerturbationPolicy:
    """As the published tool does: masks and spaces in toxic words only."""
    assert config.p_toxic_word is not None and config.p_toxic_symbol is not None
    assert config.p_non_toxic_symbol is not None
    if not toxic:
        options = letter_options(level, clusters=config.clusters)
        return PerturbationPolicy(p_word=1.0, rates=(config.p_non_toxic_symbol,), options=options)
    return PerturbationPolicy(
        p_word=config.p_toxic_word,
        rates=(config.p_toxic_symbol,),
        options=letter_options(level, clusters=config.clusters, masks=config.masks),
        p_space=config.p_space,
    )


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def stacked_marks(level: int) -> tuple[str, ...]:
    """Strings of 1 to `level` marks, as many of each length as there are marks."""
    count = len(DIACRITICS)
    return tuple(
        "".join(DIACRITICS[(first + 7 * step) % count] for step in range(stacked))
        for stacked in range(1, level + 1)
        for first in range(count)
    )
