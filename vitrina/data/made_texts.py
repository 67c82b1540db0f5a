"""Texts made by code, for training and evaluation: words, languages, codes, typing errors.

`resources/innocent/texts.json` names what training may use; all else is for evaluation alone.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any

from vitrina.files import package_folder
from vitrina.text.known_words import words_with
from vitrina.text.lexicon import PREFIXES, Lexicon

KIN = 5
"""Letters from which a root at the start of a word makes it a relative: негодяйский."""
FREQUENT_WORDS = "resources/normalizer/frequent_words.txt"
TYPO_SHARE = 3
"""One word of so many, of four letters or more, gets a typing error."""
UNITS = ("length-kilometer", "mass-kilogram", "volume-liter", "angle-degree", "duration-day")
DATES = range(1990, 2030), range(1, 13), range(1, 29)
"""Years, months and days of made dates."""


class Draws:
    """Choices that depend on a key and their number alone; an index draws from a pool.

    Args:
        key: such as a seed, the name of a suite and the index of a text.
    """

    def __init__(self, *key: object) -> None:
        self._key, self._number = ":".join(map(str, key)), 0

    def uniform(self) -> float:
        """Return a number in [0, 1)."""
        return (self._next() >> 11) * 2.0**-53  # exact, so never 1

    def pick(self, options: Sequence[Any]) -> Any:
        return options[self._next() % len(options)]

    def __getitem__(self, pool: str) -> str:
        return self.pick(_emoji() if pool == "emoji" else resource()["pools"][pool])

    def _next(self) -> int:
        self._number += 1
        return hash_text(f"{self._key}:{self._number}")


@cache
def resource() -> dict[str, Any]:
    """Return the content of `resources/innocent/texts.json`; pools are lists."""
    path = package_folder("resources") / "innocent" / "texts.json"
    data = json.loads(path.read_text("utf-8"))
    data["pools"] = {name: options.split() for name, options in data["pools"].items()}
    data["training"] = {name: names.split() for name, names in data["training"].items()}
    return data


def hash_text(text: str) -> int:
    """Return 64 bits."""
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8).digest(), "big")


@cache
def words_by_root() -> dict[str, list[str]]:
    """Return forms of the dictionary that contain a root of the lexicon but are not in it, by root.

    Relatives of insults are left out: words that begin with a prefix and a root of at least `KIN`
    letters.
    """
    lexicon = Lexicon.load(None)
    roots = sorted(lexicon.roots, key=len, reverse=True)
    root_in = re.compile("|".join(map(re.escape, roots)))
    long_roots = "|".join(re.escape(root) for root in roots if len(root) >= KIN)
    kin = re.compile(rf"\A{PREFIXES}(?:{long_roots})")
    found: dict[str, list[str]] = {}
    for word in words_with(lexicon.roots, analyzer().dictionary.words):
        root = root_in.search(word)
        if root and not kin.search(word) and not lexicon.is_toxic(word):
            found.setdefault(root[0], []).append(word)
    return dict(sorted(found.items()))


def frequent(source: str, count: int) -> list[str]:
    """Return the most frequent Russian words, in lower case.

    Args:
        source: `wordfreq`, or the path of a list in the repository.
        count: of the words of wordfreq.
    """
    if source == "wordfreq":
        import wordfreq

        words = wordfreq.top_n_list("ru", count)
    else:
        lines = (package_folder("resources").parent / source).read_text("utf-8").splitlines()
        words = [word for line in lines if not line.startswith("#") for word in line.split()]
    return [word for word in dict.fromkeys(words) if re.fullmatch("[а-яё]+", word)]


@cache
def analyzer() -> Any:
    """Return the analyzer of Russian words."""
    from pymorphy3 import MorphAnalyzer  # takes a third of a second to load

    return MorphAnalyzer(lang="ru")


@lru_cache(maxsize=1 << 16)
def lemmas(word: str) -> frozenset[str]:
    """Return all lemmas that a word may have."""
    return frozenset(parse.normal_form for parse in analyzer().parse(word))


def coded(patterns: Sequence[str], draws: Draws) -> str:
    """Return a number, date, address, …: one of `patterns` with its parts drawn."""
    return draws.pick(patterns).format_map(draws)


def in_language(locales: Sequence[str], draws: Draws) -> str:
    """Return a date, a list of places or languages, a measure, or two of them (CLDR)."""
    from babel.dates import format_date  # slow to import
    from babel.lists import format_list
    from babel.units import format_unit

    locale, names = _locale(draws.pick(locales))

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


@cache
def _emoji() -> list[str]:
    """Return emoji, without those that are themselves rude, ill-tempered or weapons."""
    data = resource()["emoji"]
    left_out = {int(code, 16) for code in data["left_out"].split()}
    codes = range(int(data["first"], 16), int(data["last"], 16) + 1)
    return [chr(c) for c in codes if c not in left_out and unicodedata.category(chr(c)) == "So"]


@cache
def _neighbors() -> dict[str, list[str]]:
    """Return the letters left and right of each one, and those above and below."""
    found: dict[str, list[str]] = {}
    for layout in resource()["keyboards"]:
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
