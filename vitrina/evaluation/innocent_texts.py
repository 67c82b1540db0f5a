"""Benign texts that no comment corpus holds, made by code: `made_suites` and `changed_suites`.

Every text is a function of `evaluation.seed` and of the versions of pymorphy3's dictionary, Babel
and wordfreq. Words come from held-out lemmas (`vitrina.text.held_out`), which no training adds.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.metadata import version
from importlib.util import find_spec
from itertools import islice
from typing import Any

import numpy as np

from vitrina.files import package_folder
from vitrina.noise.config import FAMILIES, FamiliesNoiseConfig
from vitrina.noise.perturbation import build_noise
from vitrina.text.batch import TextBatch
from vitrina.text.held_out import is_held_out
from vitrina.text.known_words import words_with
from vitrina.text.lexicon import PREFIXES, Lexicon
from vitrina.text.words import find_words

MOST = 2000
"""Texts of a suite whose patterns could yield any number, where no limit is set."""
KIN = 5
"""Letters from which a root at the start of a word makes it a relative: негодяйский."""
FREQUENT = 20_000
"""Ranks of wordfreq's list that count as frequent."""
TYPO_SHARE = 3
"""One word of so many, of four letters or more, gets a typing error."""
UNITS = ("length-kilometer", "mass-kilogram", "volume-liter", "angle-degree", "duration-day")
DATES = range(1990, 2030), range(1, 13), range(1, 29)
"""Years, months and days of made dates."""
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
    """

    name: str
    title: str
    source: str
    texts: Sequence[str]
    rows: np.ndarray | None = None


class Draws:
    """Choices that depend on a key and their number alone; an index draws from a pool.

    Args:
        key: such as a seed, the name of a suite and the index of a text.
    """

    def __init__(self, *key: object) -> None:
        self._key, self._number = ":".join(map(str, key)), 0

    def pick(self, options: Sequence[Any]) -> Any:
        self._number += 1
        return options[_hash(f"{self._key}:{self._number}") % len(options)]

    def __getitem__(self, pool: str) -> str:
        return self.pick(_emoji() if pool == "emoji" else _data()["pools"][pool])


def made_suites(limit: int | None, seed: int) -> Iterator[InnocentSuite]:
    """Yield the suites of words, languages, codes and signs.

    Args:
        limit: maximum number of texts of a suite; None: all, or `MOST` of endless patterns.
        seed: of the patterns. Words are sampled by their hashes.
    """
    dictionary = f"pymorphy3-dicts-ru {version('pymorphy3-dicts-ru')}"
    rude = rude_words(limit)
    words = [word for word, _ in rude]
    title = "words with a rude root"
    yield InnocentSuite("rude_roots", title, dictionary, words)
    sentences = [_sentence(seed, *each) for each in rude]
    yield InnocentSuite("rude_roots_in_sentences", f"{title}, in sentences", dictionary, sentences)
    own = "resources/normalizer/frequent_words.txt"
    yield InnocentSuite("common_words", "the commonest words", own, frequent_words(limit, own))
    if find_spec("wordfreq") is not None:
        found = frequent_words(limit, "wordfreq")
        source = f"wordfreq {version('wordfreq')}"
        yield InnocentSuite("frequent_words", "frequent words", source, found)
    data = _data()
    for script, locales in data["scripts"].items():
        made = _distinct(limit, lambda n, of=locales: _in_language(of, Draws(seed, of, n)))
        title = f"languages: {script.replace('_', ' ')}"
        yield InnocentSuite(script, title, f"babel {version('babel')}", made)
    for name, patterns in data["patterns"].items():
        made = _distinct(limit, lambda n, of=patterns, key=name: _coded(of, Draws(seed, key, n)))
        yield InnocentSuite(name, data["titles"][name], "patterns", made)


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
    yield InnocentSuite("capitals", "test texts in capitals", source, capitals, rows)
    for name, mistake in MISTAKES.items():
        typed = [
            mistyped(text, mistake, Draws(seed, name, row))
            for text, row in zip(strings, rows.tolist(), strict=True)
        ]
        title = f"typing errors: {name}"
        yield InnocentSuite(f"typing_{name}", title, source, typed, rows)
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


@lru_cache(maxsize=2)
def rude_words(limit: int | None) -> list[tuple[str, str]]:
    """Return up to `limit` innocent words, each with a root of the toxic lexicon inside it.

    The words have different held-out lemmas. The roots alternate, so that all occur. Words that
    begin with a prefix and a root of at least `KIN` letters derive from insults and are excluded.

    Returns:
        Each word with the sentence form that it needs: the case of a noun, `INFN` or `any`.
    """
    from pymorphy3 import MorphAnalyzer  # takes a third of a second to load

    lexicon, analyzer = Lexicon.load(None), MorphAnalyzer(lang="ru")
    roots = sorted(lexicon.roots, key=len, reverse=True)
    root_in = re.compile("|".join(map(re.escape, roots)))
    long_roots = "|".join(re.escape(root) for root in roots if len(root) >= KIN)
    kin = re.compile(rf"\A{PREFIXES}(?:{long_roots})")
    by_root: dict[str, list[str]] = defaultdict(list)
    for word in words_with(lexicon.roots, analyzer.dictionary.words):
        if found := root_in.search(word):
            by_root[found[0]].append(word)
    seen: set[str] = set()

    def honest(words: list[str]) -> Iterator[tuple[str, str]]:
        for word in sorted(words, key=_hash):
            if lexicon.is_toxic(word) or kin.search(word):
                continue
            parses = analyzer.parse(word)
            lemmas = {parse.normal_form for parse in parses}
            if lemmas & seen or any(map(lexicon.is_toxic, lemmas)):
                continue
            if all(map(is_held_out, lemmas)):
                seen.update(lemmas)
                tag = parses[0].tag
                noun = tag.case if tag.POS == "NOUN" else None
                yield word, str(noun or ("INFN" if tag.POS == "INFN" else "any"))

    return list(islice(_in_turn([honest(words) for _, words in sorted(by_root.items())]), limit))


def frequent_words(limit: int | None, source: str) -> list[str]:
    """Return frequent Russian words of held-out lemmas that are not in the lexicon.

    Args:
        source: `wordfreq`, or the path of a list in the repository.
    """
    from pymorphy3 import MorphAnalyzer

    if source == "wordfreq":
        import wordfreq  # pyright: ignore[reportMissingImports]

        words = wordfreq.top_n_list("ru", FREQUENT)
    else:
        lines = (package_folder("resources").parent / source).read_text("utf-8").splitlines()
        words = [word for line in lines if not line.startswith("#") for word in line.split()]
    lexicon, analyzer = Lexicon.load(None), MorphAnalyzer(lang="ru")
    letters = re.compile("[а-яё]+")
    found = (
        word
        for word in sorted(dict.fromkeys(words), key=_hash)
        if letters.fullmatch(word)
        and not lexicon.is_toxic(word)
        and all(is_held_out(parse.normal_form) for parse in analyzer.parse(word))
    )
    return list(islice(found, limit))


def mistyped(text: str, mistake: Callable[[str, int, Draws], str], draws: Draws) -> str:
    """Return the text with one mistake in a third of its words of four letters or more."""

    def typed(match: re.Match[str]) -> str:
        word = match[0]
        if draws.pick(range(TYPO_SHARE)):
            return word
        return mistake(word, draws.pick(range(len(word) - 1)), draws)

    return re.sub(r"[^\W\d_]{4,}", typed, text)


def _neighbor(letter: str, draws: Draws) -> str:
    """Return a letter next to `letter` on its keyboard, in the same case."""
    near = _neighbors().get(letter.lower())
    if not near:
        return letter
    typed = draws.pick(near)
    return typed.upper() if letter.isupper() else typed


MISTAKES: dict[str, Callable[[str, int, Draws], str]] = {
    "neighbor": lambda w, at, draws: w[:at] + _neighbor(w[at], draws) + w[at + 1 :],
    "insertion": lambda w, at, draws: w[: at + 1] + _neighbor(w[at], draws) + w[at + 1 :],
    "deletion": lambda w, at, draws: w[:at] + w[at + 1 :],
    "swap": lambda w, at, draws: w[:at] + w[at + 1] + w[at] + w[at + 2 :],
}
"""A word, the index of a letter before its last one, and draws → the mistyped word."""


def _sentence(seed: int, word: str, kind: str) -> str:
    sentences = _data()["sentences"]
    options = sentences["any"] if kind == "any" else sentences.get(kind, sentences["any"])
    text = Draws(seed, "sentence", word).pick(options).format(word)
    text = re.sub(r"\bо (?=[аиоуыэ])", "об ", text)
    return text[0].upper() + text[1:]


def _coded(patterns: Sequence[str], draws: Draws) -> str:
    return draws.pick(patterns).format_map(draws)


def _in_language(locales: str, draws: Draws) -> str:
    """Return a date, a list of places or languages, a measure, or two of them (CLDR)."""
    from babel.dates import format_date  # slow to import
    from babel.lists import format_list
    from babel.units import format_unit

    locale, names = _locale(draws.pick(locales.split()))

    def part(kind: int) -> str:
        if kind == 0:
            return format_list(
                [draws.pick(names) for _ in range(draws.pick((2, 3, 4)))], locale=locale
            )
        if kind == 1:
            year, month, day = (draws.pick(each) for each in DATES)
            return format_date(date(year, month, day), "full", locale=locale)
        return format_unit(draws.pick(range(2, 90)), draws.pick(UNITS), "long", locale=locale)

    kinds = dict.fromkeys((draws.pick(range(3)), draws.pick(range(3))))
    return ": ".join(map(part, kinds))


@cache
def _locale(name: str) -> tuple[Any, list[str]]:
    """Return a locale and its names of countries and languages, without regions of numbers."""
    from babel.core import Locale

    locale = Locale.parse(name)
    named = (locale.territories, locale.languages)
    return locale, [each for names in named for key, each in sorted(names.items()) if key.isalpha()]


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


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8).digest(), "big")


@cache
def _data() -> dict[str, Any]:
    path = package_folder("resources") / "innocent" / "texts.json"
    data = json.loads(path.read_text("utf-8"))
    data["pools"] = {name: options.split() for name, options in data["pools"].items()}
    return data


@cache
def _emoji() -> list[str]:
    """Return emoji, without those that are themselves rude, ill-tempered or weapons."""
    data = _data()["emoji"]
    left_out = {int(code, 16) for code in data["left_out"].split()}
    codes = range(int(data["first"], 16), int(data["last"], 16) + 1)
    return [chr(c) for c in codes if c not in left_out and unicodedata.category(chr(c)) == "So"]


@cache
def _neighbors() -> dict[str, list[str]]:
    """Return the letters left and right of each one, and those above and below."""
    found: dict[str, list[str]] = {}
    for layout in _data()["keyboards"]:
        rows = layout.split("/")
        for r, row in enumerate(rows):
            for k, letter in enumerate(row):
                near = [
                    (r, k - 1),
                    (r, k + 1),
                    (r - 1, k),
                    (r - 1, k + 1),
                    (r + 1, k - 1),
                    (r + 1, k),
                ]
                found[letter] = [
                    rows[a][b] for a, b in near if 0 <= a < len(rows) and 0 <= b < len(rows[a])
                ]
    return found
