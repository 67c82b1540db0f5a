"""How much disguise a deobfuscator or a normalizer undoes, and how many clean words it changes.

Texts are cleaned first, by the default steps. Words are compared as `words_of` returns them, so
case, ё, and signs around words do not count. Words of two texts are aligned by a longest common
subsequence; this needs no offsets, so programs that give none are measured by the same rule. With
offsets or without, a word is restored only if it is equal to the plain word.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
from rapidfuzz.distance import LCSseq

from vitrina.evaluation.config import EvaluationConfig
from vitrina.evaluation.innocent_texts import STRENGTH
from vitrina.evaluation.suites import noise_config
from vitrina.noise.config import FAMILIES, FamiliesNoiseConfig, NoiseConfig
from vitrina.noise.perturbation import build_noise
from vitrina.tasks.intervals import wilson_interval
from vitrina.text.batch import TextBatch
from vitrina.text.cleaning import clean
from vitrina.text.config import CleaningConfig
from vitrina.text.lexicon import fold

Restore = Callable[[TextBatch], TextBatch]
"""Normalizes or deobfuscates texts."""

CARRIERS = (
    "Вчера мы полчаса говорили про {} и разошлись.",
    "Он прочитал вслух: {}",
    "На доске написали {} , а внизу число.",
)
"""Neutral sentences that hold a disguised word."""
P_WORD = 0.5
"""Probability that a family touches a word: the other words must stay as they are."""
TEXTS_AT_ONCE = 512
RUSSIAN = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюя-")
"""Letters, with ё as е, and the hyphen: a word of these alone looks like no disguise."""


@dataclass
class Share:
    """A share with its counts."""

    hits: int = 0
    count: int = 0

    def add(self, hits: Any) -> None:
        """Add a count of outcomes, bool [n]."""
        self.hits += int(np.sum(hits))
        self.count += len(hits)

    @property
    def share(self) -> float:
        """Hits by count; NaN for nothing."""
        return self.hits / self.count if self.count else float("nan")

    def to_json(self) -> dict[str, Any]:
        """Return counts and, unless of nothing, the share and its 95 % interval (Wilson)."""
        counts: dict[str, Any] = {"hits": self.hits, "count": self.count}
        if not self.count:
            return counts
        interval = [round(bound, 6) for bound in wilson_interval(self.hits, self.count)]
        return {**counts, "share": round(self.share, 6), "interval": interval}


@dataclass
class Measured:
    """Shares by name, and mistakes with their counts: `disguised → result (plain)`."""

    shares: dict[str, Share] = field(default_factory=lambda: defaultdict(Share))
    examples: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """Return the shares; examples stay out, since they quote the texts."""
        return {name: share.to_json() for name, share in self.shares.items()}


def words_of(text: str) -> list[str]:
    """Return the words of a text in the form in which they are compared.

    Words are split at white space, in lower case, with ё as е, without signs at both ends (all but
    letters, digits and combining marks). Words of signs alone are left out.

    >>> words_of("«Ёж, — это ж*па…»")
    ['еж', 'это', 'ж*па']
    """
    return [word for word in map(_compared, text.split()) if word]


@lru_cache(maxsize=1 << 17)
def _compared(word: str) -> str:
    folded = fold(unicodedata.normalize("NFC", word))
    inside = [unicodedata.category(character)[0] in "LNM" for character in folded]
    if not any(inside):
        return ""
    return folded[inside.index(True) : len(folded) - inside[::-1].index(True)]


def kept(words: Sequence[str], others: Sequence[str]) -> np.ndarray:
    """Return bool [len(words)]: whether each word is in the longest common subsequence."""
    if words == others:
        return np.ones(len(words), dtype=bool)
    found = np.zeros(len(words), dtype=bool)
    for block in LCSseq.editops(words, others).as_matching_blocks():
        found[block.a : block.a + block.size] = True
    return found


def cleaned(texts: Sequence[str]) -> list[str]:
    """Clean texts by the default steps."""
    config = CleaningConfig()
    return [clean(text, config).text for text in texts]


def restored_texts(restore: Restore, texts: Sequence[str]) -> list[str]:
    """Clean and restore texts, in bounded memory."""
    found: list[str] = []
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        some = cleaned(texts[start : start + TEXTS_AT_ONCE])
        found += restore(TextBatch.from_strings(some)).to_strings()
    return found


def measure_disguises(restore: Restore, disguised: Sequence[str], plain: Sequence[str]) -> Measured:
    """Measure disguised words: `alone`, and `in_sentences` (all words of the sentence are right).

    Args:
        disguised: words or short phrases. plain: the same in plain letters.
    """
    measured = Measured()
    for name, carriers in (("alone", ("{}",)), ("in_sentences", CARRIERS)):
        for carrier in carriers:
            texts = [carrier.replace("{}", text) for text in disguised]
            meant = [carrier.replace("{}", text) for text in plain]
            found = restored_texts(restore, texts)
            for text, result, wanted in zip(texts, found, meant, strict=True):
                right = words_of(result) == words_of(wanted)
                measured.shares[name].add([right])
                if not right and name == "alone":
                    measured.examples[f"{text} → {result} ({wanted})"] += 1
    return measured


def measure_texts(
    restore: Restore, disguised: Sequence[str], plain: Sequence[str], kinds: Sequence[str]
) -> dict[str, Measured]:
    """Measure disguised texts by kind.

    Returns:
        By kind: `texts`, with all words as in the plain text; `words`, of those that the disguise
        changed, restored; `others`, of those that it did not change, changed.
    """
    results = restored_texts(restore, disguised)
    found: dict[str, Measured] = defaultdict(Measured)
    for kind, *texts in zip(kinds, disguised, results, cleaned(plain), strict=True):
        _add_text(found[kind], *texts)
    return dict(found)


def _add_text(measured: Measured, disguised: str, result: str, plain: str) -> None:
    wanted, had, got = words_of(plain), words_of(disguised), words_of(result)
    intact, right = kept(wanted, had), kept(wanted, got)
    measured.shares["texts"].add([wanted == got])
    measured.shares["words"].add(right[~intact])
    measured.shares["others"].add(~right[intact])
    for index in np.flatnonzero(~right):
        before, after = (_counterpart(wanted, others, int(index)) for others in (had, got))
        measured.examples[f"{before} → {after} ({wanted[index]})"] += 1


def measure_clean(restore: Restore, texts: Sequence[str]) -> Measured:
    """Measure words of clean texts that are changed.

    Returns:
        `touched`, of all words; `touched_plain`, of the words of Russian letters alone, in which
        nothing looks disguised (the comments of people hold disguises as well). Examples are the
        changed words.
    """
    measured = Measured()
    sources = cleaned(texts)
    for source, result in zip(sources, restored_texts(restore, texts), strict=True):
        words, got = words_of(source), words_of(result)
        touched = ~kept(words, got)
        plain = np.array([RUSSIAN.issuperset(word) for word in words], dtype=bool)
        measured.shares["touched"].add(touched)
        measured.shares["touched_plain"].add(touched[plain])
        for index in np.flatnonzero(touched):
            measured.examples[f"{words[index]} → {_counterpart(words, got, int(index))}"] += 1
    return measured


def _counterpart(words: Sequence[str], others: Sequence[str], index: int) -> str:
    """Return what `others` have for a word: one word, or all for the changed ones around it."""
    start, end, first, last = 0, len(words), 0, len(others)
    for block in LCSseq.editops(words, others).as_matching_blocks():
        if block.a > index:
            end, last = min(end, block.a), min(last, block.b)
        elif block.a + block.size <= index:
            start, first = block.a + block.size, block.b + block.size
        else:
            return words[index]
    one_each = end - start == last - first
    return others[first + index - start] if one_each else " ".join(others[first:last])


def noises() -> dict[str, NoiseConfig]:
    """Return the noise of `measure_noise` by name: levels 1 to 4, then each family."""
    evaluation = EvaluationConfig()
    levels = {f"level_{n}": noise_config(f"level_{n}", evaluation) for n in range(1, 5)}
    families = {
        name: FamiliesNoiseConfig(
            p=STRENGTH, p_text=1.0, p_word=P_WORD, families={name: 1.0}, resample_each_epoch=False
        )
        for name in FAMILIES
        if name != "case"  # which changes no word as words are compared
    }
    return {name: noise for name, noise in {**levels, **families}.items() if noise is not None}


def measure_noise(
    restore: Restore, texts: Sequence[str], seed: int | None = None
) -> dict[str, Measured]:
    """Measure clean texts under noise, by name of the noise; see `measure_texts`.

    Args:
        seed: of the noise; None: that of the suites.
    """
    clean_texts = TextBatch.from_strings(cleaned(texts))
    plain, rows = clean_texts.to_strings(), np.arange(len(texts))
    found: dict[str, Measured] = {}
    for name, config in noises().items():
        noise = build_noise(config, EvaluationConfig().seed if seed is None else seed)
        noisy = noise.corrupted(clean_texts, noise.mark(clean_texts), rows, 0)
        results = restore(noisy).to_strings()
        measured = found[name] = Measured()
        for line in zip(noisy.to_strings(), results, plain, strict=True):
            _add_text(measured, *line)
    return found


def total(many: Mapping[str, Measured], name: str) -> Share:
    """Return the share `name` over all kinds."""
    shares = [measured.shares[name] for measured in many.values()]
    return Share(sum(each.hits for each in shares), sum(each.count for each in shares))


def mean(many: Mapping[str, Measured], name: str) -> float | None:
    """Return the mean over kinds of the share `name`, without kinds that have none."""
    shares = [measured.shares[name] for measured in many.values()]
    defined = [each.share for each in shares if each.count]
    return round(float(np.mean(defined)), 6) if defined else None


def by_kind(rows: Sequence[Mapping[str, Any]], limit: int | None) -> list[Mapping[str, Any]]:
    """Return the first `limit` rows of each `kind`."""
    seen: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        seen[str(row.get("kind", "all"))].append(row)
    return [row for some in seen.values() for row in islice(some, limit)]
