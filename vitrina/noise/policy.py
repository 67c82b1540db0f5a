"""Perturbation policies: how noise changes words, for each option of `noise`."""

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
    """The noise of one kind of words.

    Attributes:
        p_word: probability that a word is touched.
        rates: a touched word draws one of these as the probability that a letter is replaced.
        options: letter → its replacements, with equal probability.
        p_space: probability of a space after a letter inside the word.
        p_insert: probability of one of `inserts` after a letter.
        inserts: other insertions, with equal probability.
        after_words: whether `inserts` may follow the last letter.
        swaps: `rates` are the probabilities that a letter and its right neighbor are swapped, if
            they differ and the letter is not yet swapped. Excludes `options`.
        rewrite: replaces whole touched words of any script; excludes all other edits. It receives
            words and float64 [n] in [0, 1), one draw per word, and returns n words. It must be
            deterministic in word and draw.
    """

    p_word: float = 0.0
    rates: tuple[float, ...] = (0.0,)
    options: Mapping[str, list[str]] = field(default_factory=dict)
    p_space: float = 0.0
    p_insert: float = 0.0
    inserts: tuple[str, ...] = ()
    after_words: bool = False
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
        kinds: the policies of other and of toxic words; or, with `weights`, any number of policies
            with equal `p_word`.
        weights: the weights with which a touched word draws one of `kinds`.
        p_text: probability that a text is touched.
    """

    kinds: Sequence[PerturbationPolicy]
    weights: Sequence[float] | None = None
    p_text: float = 1.0


def none(config: NoNoiseConfig) -> Policies:
    """Return policies that change nothing."""
    return Policies([PerturbationPolicy(), PerturbationPolicy()])


def uniform(config: UniformNoiseConfig) -> Policies:
    """Return the policies of `noise=uniform`.

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
    """Return the policies of `noise=diacritics`."""
    return _by_level(
        config,
        lambda level, toxic: PerturbationPolicy(
            p_word=_or(config.p_toxic_word if toxic else None, 1.0),
            p_space=config.p_space,
            p_insert=_or(_rate(config, toxic), config.p),
            inserts=stacked_marks(level),
            after_words=True,
        ),
    )


def unseen(config: UnseenNoiseConfig) -> Policies:
    """Return the policies of `noise=unseen`.

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
    """Return the policies of `noise=mixed`.

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
    """Return the policies of the published tool: masks and spaces in toxic words only.

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
    """Return the policies of other and of toxic words; level 0 changes nothing."""
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
    """Return strings of 1 to `level` marks, `len(DIACRITICS)` of each length."""
    count = len(DIACRITICS)
    return tuple(
        "".join(DIACRITICS[(first + 7 * step) % count] for step in range(stacked))
        for stacked in range(1, level + 1)
        for first in range(count)
    )
