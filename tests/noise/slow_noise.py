"""Reference implementation of the noise: letter by letter, with Python integers."""

from __future__ import annotations

from vitrina.noise.policy import PerturbationPolicy
from vitrina.noise.tables import ALPHABET

WRAP = 2**64
TEXT, WORD, RATE, LETTER, OPTION, INSERT, INSERTED, FAMILY = range(8)


def split_mix(key: int, number: int) -> int:
    """Return output `number` of a SplitMix64 generator with state `key`."""
    state = (key + (number + 1) * 0x9E3779B97F4A7C15) % WRAP
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % WRAP
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % WRAP
    return state ^ (state >> 31)


def uniform(seed: int, epoch: int, index: int, position: int, stream: int) -> float:
    key = split_mix(split_mix(seed, epoch), index)
    return (split_mix(key, position * 8 + stream) >> 11) / 2**53


Edit = tuple[int, int, int, int]
"""Start and end in the clean text, start and end in the noisy text."""


def corrupt(
    text: str,
    words: list[tuple[int, int, bool]],
    toxic: PerturbationPolicy,
    other: PerturbationPolicy,
    p_text: float,
    key: tuple[int, int, int],
    families: tuple[list[PerturbationPolicy], list[float]] | None = None,
) -> tuple[str, list[Edit]]:
    """Return the noisy text and its edits.

    Args:
        words: (start, end, toxic) of each word.
        key: seed, epoch, index.
        families: policies and their weights; a touched word draws one of them.
    """

    def draw(position: int, stream: int) -> float:
        return uniform(*key, position, stream)

    noisy, edits, position = "", [], 0
    for start, end, is_toxic in words:
        noisy += text[position:start]
        position = end
        policy = toxic if is_toxic else other
        if families is not None:
            policy = drawn_family(*families, draw(start, FAMILY))
        active = draw(0, TEXT) < p_text and draw(start, WORD) < policy.p_word
        if not active:
            noisy += text[start:end]
            continue
        rate = policy.rates[int(draw(start, RATE) * len(policy.rates))]
        partners = {}
        for i in range(start, end - 1) if policy.swaps else ():
            pair = text[i], text[i + 1]
            can = i not in partners and pair[0] != pair[1] and all(x in ALPHABET for x in pair)
            if can and draw(i, LETTER) < rate:
                partners[i], partners[i + 1] = pair[1], pair[0]
        for i in range(start, end):
            new = text[i]
            options = policy.options.get(text[i], []) if text[i] in ALPHABET else []
            if policy.swaps:
                options = [partners[i]] if i in partners else []
                if options:
                    new = options[0]
                    edits.append((i, i + 1, len(noisy), len(noisy) + len(new)))
            elif options and draw(i, LETTER) < rate:
                new = options[int(draw(i, OPTION) * len(options))]
                edits.append((i, i + 1, len(noisy), len(noisy) + len(new)))
            noisy += new
            new = inserted(policy, text[i], i == end - 1, draw(i, INSERT), draw(i, INSERTED))
            if new:
                edits.append((i + 1, i + 1, len(noisy), len(noisy) + len(new)))
            noisy += new
    return noisy + text[position:], edits


def drawn_family(
    kinds: list[PerturbationPolicy], weights: list[float], draw: float
) -> PerturbationPolicy:
    total, below = sum(weights), 0.0
    for kind, weight in zip(kinds[:-1], weights, strict=False):
        below += weight
        if draw < below / total:
            return kind
    return kinds[-1]


def inserted(
    policy: PerturbationPolicy, letter: str, last: bool, whether: float, which: float
) -> str:
    if not letter.isalpha():
        return ""
    if whether < policy.p_space:
        return "" if last else " "
    if whether < policy.p_space + policy.p_insert and (not last or policy.after_words):
        return policy.inserts[int(which * len(policy.inserts))]
    return ""
