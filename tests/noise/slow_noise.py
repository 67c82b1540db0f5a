"""The noise letter by letter, with plain Python integers: what the fast code must equal."""

from __future__ import annotations

from vitrina.noise.policy import PerturbationPolicy
from vitrina.noise.tables import ALPHABET

WRAP = 2**64
TEXT, WORD, RATE, LETTER, OPTION, INSERT, INSERTED, FAMILY = range(8)


def split_mix(key: int, number: int) -> int:
    """Output `number` of a SplitMix64 generator started at `key`."""
    state = (key + (number + 1) * 0x9E3779B97F4A7C15) % WRAP
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % WRAP
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % WRAP
    return state ^ (state >> 31)


def uniform(seed: int, epoch: int, index: int, position: int, stream: int) -> float:
    key = split_mix(split_mix(seed, epoch), index)
    return (split_mix(key, position * 8 + stream) >> 11) / 2**53


Edit = tuple[int, int, int, int]
"""start, end in the clean text; start, end in the noisy text."""


def corrupt(
    text: str,
    words: list[tuple[int, int, bool]],
    toxic: PerturbationPolicy,
    other: PerturbationPolicy,
    p_text: float,
    key: tuple[int, int, int],
    families: tuple[list[PerturbationPolicy], list[float]] | None = None,
) -> tuple[str, list[Edit]]:
    """One text with its edits; `words` are (start, end, toxic), `key` is (seed, epoch, index).

    With `families` a touched word draws one of these treatments by its weight.
    """

    def draw(position: int, stream: int) -> float:
        return uniform(*key, position, stream)

    noisy, edits, position = "", [], 0
    for start, end, is_toxic in words:
        noisy += text[position:start]
        position = end
        treatment = toxic if is_toxic else other
        if families is not None:
            treatment = drawn_family(*families, draw(start, FAMILY))
        active = draw(0, TEXT) < p_text and draw(start, WORD) < treatment.p_word
        if not active:
            noisy += text[start:end]
            continue
        rate = treatment.rates[int(draw(start, RATE) * len(treatment.rates))]
        partners = {}
        for i in range(start, end - 1) if treatment.swaps else ():
            two = text[i], text[i + 1]
            can = i not in partners and two[0] != two[1] and all(x in ALPHABET for x in two)
            if can and draw(i, LETTER) < rate:
                partners[i], partners[i + 1] = two[1], two[0]
        for i in range(start, end):
            new = text[i]
            options = treatment.options.get(text[i], []) if text[i] in ALPHABET else []
            if treatment.swaps:
                options = [partners[i]] if i in partners else []
                if options:
                    new = options[0]
                    edits.append((i, i + 1, len(noisy), len(noisy) + len(new)))
            elif options and draw(i, LETTER) < rate:
                new = options[int(draw(i, OPTION) * len(options))]
                edits.append((i, i + 1, len(noisy), len(noisy) + len(new)))
            noisy += new
            behind = inserted(treatment, text[i], i == end - 1, draw(i, INSERT), draw(i, INSERTED))
            if behind:
                edits.append((i + 1, i + 1, len(noisy), len(noisy) + len(behind)))
            noisy += behind
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
    treatment: PerturbationPolicy, letter: str, last: bool, whether: float, which: float
) -> str:
    if not letter.isalpha():
        return ""
    if whether < treatment.p_space:
        return "" if last else " "
    if whether < treatment.p_space + treatment.p_insert and (not last or treatment.behind_words):
        return treatment.inserts[int(which * len(treatment.inserts))]
    return ""
