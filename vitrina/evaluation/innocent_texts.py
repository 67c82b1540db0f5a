"""Benign texts that no comment corpus holds, made by code: `made_suites` and `changed_suites`.

Every text is a function of `evaluation.seed` and of the versions of pymorphy3's dictionary, Babel
and wordfreq. Words come from held-out lemmas (`vitrina.text.held_out`), which no training adds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from itertools import islice
from typing import Any

import numpy as np

from vitrina.data.made_texts import (
    FREQUENT_WORDS,
    MISTAKES,
    Draws,
    analyzer,
    coded,
    frequent,
    hash_text,
    in_language,
    lemmas,
    mistyped,
    resource,
    words_by_root,
)
from vitrina.noise.config import FAMILIES, FamiliesNoiseConfig
from vitrina.noise.perturbation import build_noise
from vitrina.text.batch import TextBatch
from vitrina.text.held_out import in_family, is_held_out
from vitrina.text.lexicon import Lexicon
from vitrina.text.words import find_words

MOST = 2000
"""Texts of a suite whose patterns could yield any number, where no limit is set."""
FREQUENT = 20_000
"""Ranks of wordfreq's list that count as frequent."""
STRENGTH = 0.3
"""Probability that a letter of a disguised text is edited."""


@dataclass(frozen=True)
class InnocentSuite:
    """One set of texts, before cleaning.

    Attributes:
        name, title: for files and for tables.
        source: where the texts come from, with versions.
        texts: the texts.
        rows: int64 [num_texts], the test text that each was made of; None: all are benign.
        held_out: whether no background text of a training (`dataset.background`) is of this kind.
    """

    name: str
    title: str
    source: str
    texts: Sequence[str]
    rows: np.ndarray | None = None
    held_out: bool = True


def made_suites(limit: int | None, seed: int) -> Iterator[InnocentSuite]:
    """Yield the suites of words, languages, codes and signs.

    Args:
        limit: maximum number of texts of a suite; None: all, or `MOST` of endless patterns.
        seed: of the patterns. Words are sampled by their hashes.
    """
    dictionary = f"pymorphy3-dicts-ru {version('pymorphy3-dicts-ru')}"
    for family in (False, True):
        name = "rude_families" if family else "rude_roots"
        title = f"words with a rude root{', of families held out' if family else ''}"
        rude = rude_words(limit, family=family)
        yield InnocentSuite(name, title, dictionary, [word for word, _ in rude])
        texts = [_sentence(seed, *each) for each in rude]
        yield InnocentSuite(f"{name}_in_sentences", f"{title}, in sentences", dictionary, texts)
    found = frequent_words(limit, FREQUENT_WORDS)
    yield InnocentSuite("common_words", "the commonest words", FREQUENT_WORDS, found)
    found = frequent_words(limit, "wordfreq")
    source = f"wordfreq {version('wordfreq')}"
    yield InnocentSuite("frequent_words", "frequent words", source, found)
    data, source = resource(), f"babel {version('babel')}"
    for script, names in data["scripts"].items():
        title = f"languages: {script.replace('_', ' ')}"
        locales = [name for name in names.split() if name not in data["training"]["locales"]]
        held_out, locales = bool(locales), locales or names.split()
        made = _distinct(
            limit, lambda n, of=locales, key=script: in_language(of, Draws(seed, key, n))
        )
        yield InnocentSuite(script, title, source, made, held_out=held_out)
    for name, patterns in data["patterns"].items():
        made = _distinct(limit, lambda n, of=patterns, key=name: coded(of, Draws(seed, key, n)))
        held_out = name not in data["training"]["patterns"]
        yield InnocentSuite(name, data["titles"][name], "patterns", made, held_out=held_out)


def changed_suites(
    texts: TextBatch, rows: np.ndarray, seed: int, *, each_family: bool
) -> Iterator[InnocentSuite]:
    """Yield the suites made of test texts: capitals, typing errors, disguise.

    Args:
        texts: a sample of the test texts. rows: int64 [num_texts], their numbers.
        each_family: yield a suite for each noise family too.
    """
    strings, source = texts.to_strings(), "test texts"
    capitals = [text.upper() for text in strings]
    title = "test texts in capitals"
    yield InnocentSuite("capitals", title, source, capitals, rows, held_out=False)
    for name, mistake in MISTAKES.items():
        typed = [
            mistyped(text, mistake, Draws(seed, name, row))
            for text, row in zip(strings, rows.tolist(), strict=True)
        ]
        title = f"typing errors: {name}"
        held_out = name not in resource()["training"]["mistakes"]
        yield InnocentSuite(f"typing_{name}", title, source, typed, rows, held_out)
    words = find_words(texts)
    mixes = {"disguised": list(FAMILIES)}
    if each_family:
        mixes |= {f"disguised_{name}": [name] for name in FAMILIES}
    for name, mix in mixes.items():
        settings = FamiliesNoiseConfig(
            p=STRENGTH, p_text=1.0, p_word=1.0, families=dict.fromkeys(mix, 1.0),
            resample_each_epoch=False,
        )  # fmt: skip
        noisy = build_noise(settings, seed).corrupted(texts, words, rows, 0)
        title = f"test texts under noise: {mix[0] if len(mix) == 1 else 'all families'}"
        yield InnocentSuite(name, title, source, noisy.to_strings(), rows)


def changed_texts(texts: TextBatch, seed: int) -> Iterator[TextBatch]:
    """Yield texts in capitals, with typing errors, and under each family of noise."""
    for suite in changed_suites(texts, np.arange(len(texts)), seed, each_family=True):
        yield TextBatch.from_strings(suite.texts)


@lru_cache(maxsize=4)
def rude_words(limit: int | None, *, family: bool = False) -> list[tuple[str, str]]:
    """Return up to `limit` innocent words, each with a root of the toxic lexicon inside it.

    The words have different held-out lemmas. The roots alternate, so that all occur.

    Args:
        family: return the words of families that are held out as a whole, and no others.

    Returns:
        Each word with the sentence form that it needs: the case of a noun, `INFN` or `any`.
    """
    lexicon = Lexicon.load(None)
    seen: set[str] = set()

    def honest(words: list[str]) -> Iterator[tuple[str, str]]:
        for word in sorted(words, key=hash_text):
            own = lemmas(word)
            if own & seen or any(map(lexicon.is_toxic, own)):
                continue
            if all(map(is_held_out, own)) and any(map(in_family, own)) == family:
                seen.update(own)
                tag = analyzer().parse(word)[0].tag
                noun = tag.case if tag.POS == "NOUN" else None
                yield word, str(noun or ("INFN" if tag.POS == "INFN" else "any"))

    return list(islice(_in_turn([honest(words) for words in words_by_root().values()]), limit))


def frequent_words(limit: int | None, source: str) -> list[str]:
    """Return frequent Russian words of held-out lemmas that are not in the lexicon.

    Args:
        source: `wordfreq`, or the path of a list in the repository.
    """
    lexicon = Lexicon.load(None)
    found = (
        word
        for word in sorted(frequent(source, FREQUENT), key=hash_text)
        if not lexicon.is_toxic(word) and all(map(is_held_out, lemmas(word)))
    )
    return list(islice(found, limit))


def _sentence(seed: int, word: str, kind: str) -> str:
    sentences = resource()["sentences"]
    options = sentences["any"] if kind == "any" else sentences.get(kind, sentences["any"])
    text = Draws(seed, "sentence", word).pick(options).format(word)
    text = re.sub(r"\bо (?=[аиоуыэ])", "об ", text)
    return text[0].upper() + text[1:]


def _distinct(limit: int | None, make: Callable[[int], str]) -> list[str]:
    """Return distinct texts `make(0)`, `make(1)`, …; fewer than `limit` if they repeat."""
    wanted = MOST if limit is None else min(limit, MOST)
    made = dict.fromkeys(make(n) for n in range(wanted))
    return list(made)


def _in_turn(many: Sequence[Iterator[Any]]) -> Iterator[Any]:
    """Yield the first item of each iterator, then the second of each, …"""
    left = list(many)
    while left:
        now, left = left, []
        for each in now:
            for item in islice(each, 1):
                yield item
                left.append(each)
