"""Perturbation policies: what noise does to words, and the policies of each option of `noise`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vitrina.noise.config import (
    DiacriticsConfig,
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
        swaps: whether `rates` are how often a letter is exchanged with its right neighbor, where
            it was not exchanged with its left one and the two differ; without `options` then.
        rewrite: replaces whole touched words of any script; nothing else is done to them then. It
            gets words and float64 [n] in [0, 1), one draw for each word, and returns as many
            words. The same word and draw must give the same word.
    """

    p_word: float = 0.0
    rates: tuple[float, ...] = (0.0,)
    options: Mapping[str, list[str]] = field(default_factory=dict)
    p_space: float = 0.0
    p_insert: float = 0.0
    inserts: tuple[str, ...] = ()
    behind_words: bool = False
    swaps: bool = False
    rewrite: Callable[[Sequence[str], np.ndarray], Sequence[str]] | None = None

    def __post_init__(self) -> None:
        assert not (self.swaps and self.options)
        assert self.rewrite is None or not (self.options or self.swaps or self.inserts)

    @property
    def changes(self) -> bool:
        replaces = (bool(self.options) or self.swaps) and max(self.rates) > 0
        inserts = self.p_space > 0 or self.p_insert > 0
        return self.p_word > 0 and (replaces or inserts or self.rewrite is not None)


@dataclass(frozen=True)
class Policies:
    """The policies of a noise.

    Attributes:
        kinds: the policy of words that are not toxic and that of toxic ones; or, with `weights`,
            any number, with the same `p_word`.
        weights: a touched word draws one of `kinds` with these.
        p_text: probability that a text is touched at all.
    """

    kinds: Sequence[PerturbationPolicy]
    weights: Sequence[float] | None = None
    p_text: float = 1.0


def none(config: NoNoiseConfig) -> Policies:
    """Policies that change nothing."""
    return Policies([PerturbationPolicy(), PerturbationPolicy()])


def uniform(config: UniformNoiseConfig) -> Policies:
    """Policies of `noise=uniform`.

    Raises:
        InputError: if level 4 is used and the glyph clusters cannot be read.
    """
    return _by_level(
        config,
        lambda level, toxic: PerturbationPolicy(
            p_word=_or(config.p_toxic_word if toxic else None, 1.0),
            rates=(_or(_rate(config, toxic), config.p),),
            options=letter_options(level, clusters=config.clusters, masks=config.masks),
            p_space=config.p_space,
        ),
    )


def diacritics(config: DiacriticsConfig) -> Policies:
    """Policies of `noise=diacritics`."""
    return _by_level(
        config,
        lambda level, toxic: PerturbationPolicy(
            p_word=_or(config.p_toxic_word if toxic else None, 1.0),
            p_space=config.p_space,
            p_insert=_or(_rate(config, toxic), config.p),
            inserts=stacked_marks(level),
            behind_words=True,
        ),
    )


def unseen(config: UnseenNoiseConfig) -> Policies:
    """Policies of `noise=unseen`.

    Raises:
        InputError: if the glyph clusters cannot be read.
    """
    return _by_level(
        config,
        lambda level, toxic: PerturbationPolicy(
            p_word=_or(config.p_toxic_word if toxic else None, 1.0),
            rates=(_or(_rate(config, toxic), config.p),),
            options=unseen_options(config.clusters, config.known_level),
            p_space=config.p_space,
        ),
    )


def mixed(config: MixedNoiseConfig) -> Policies:
    """Policies of `noise=mixed`.

    Raises:
        InputError: if level 4 is used and the glyph clusters cannot be read.
    """

    def policy(level: int, toxic: bool) -> PerturbationPolicy:
        rate = _rate(config, toxic)
        options = letter_options(
            level,
            clusters=config.clusters,
            masks=config.masks,
            weight_level_3=config.weight_level_3,
        )
        return PerturbationPolicy(
            p_word=_or(config.p_toxic_word if toxic else None, config.p_word),
            rates=tuple(config.symbol_rates) if rate is None else (rate,),
            options=options,
            p_space=config.p_space,
            p_insert=config.p_insert,
            inserts=tuple(config.inserts),
        )

    return _by_level(config, policy, p_text=config.p_text)


def published(config: PublishedNoiseConfig) -> Policies:
    """Policies of the published tool: masks and spaces in toxic words only.

    Raises:
        InputError: if level 4 is used and the glyph clusters cannot be read.
    """
    assert config.p_toxic_word is not None and config.p_toxic_symbol is not None
    assert config.p_non_toxic_symbol is not None
    p_word, rate, other = config.p_toxic_word, config.p_toxic_symbol, config.p_non_toxic_symbol

    def policy(level: int, toxic: bool) -> PerturbationPolicy:
        if not toxic:
            options = letter_options(level, clusters=config.clusters)
            return PerturbationPolicy(p_word=1.0, rates=(other,), options=options)
        return PerturbationPolicy(
            p_word=p_word,
            rates=(rate,),
            options=letter_options(level, clusters=config.clusters, masks=config.masks),
            p_space=config.p_space,
        )

    return _by_level(config, policy)


def _by_level(
    config: NoiseConfig,
    policy: Callable[[int, bool], PerturbationPolicy],
    p_text: float = 1.0,
) -> Policies:
    """Policies of words that are not toxic and of toxic ones; level 0 changes nothing."""
    kinds = [
        policy(level, toxic) if level else PerturbationPolicy()
        for level, toxic in ((config.other_level, False), (config.level_toxic, True))
    ]
    return Policies(kinds, p_text=p_text)


def _rate(config: NoiseConfig, toxic: bool) -> float | None:
    return config.p_toxic_symbol if toxic else config.p_non_toxic_symbol


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
