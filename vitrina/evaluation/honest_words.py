"""Whether a deobfuscator makes honest words rude: the words that it knows least, and typing errors.

The words are forms of held-out lemmas, which a dictionary with `hold_out` lacks, and names of
people, places and brands (Babel's CLDR and pymorphy3's dictionary). Each is read as it is, and with
one typing error. Frequent words of the lexicon get the same errors, and are still to be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

from vitrina.data.made_texts import MISTAKES, Draws, analyzer, frequent, lemmas
from vitrina.evaluation.deobfuscation import Measured, Restore, restored_texts
from vitrina.noise.randomness import text_keys
from vitrina.text.held_out import is_held_out
from vitrina.text.known_words import words_with
from vitrina.text.lexicon import Lexicon

NUM_WORDS = 20_000
NUM_FREQUENT = 100_000
"""Ranks of wordfreq's list in which words of the lexicon are looked up."""
NAMES = frozenset({"Name", "Surn", "Patr", "Geox", "Orgn", "Trad"})
"""pymorphy3's grammemes of people, places, organizations and brands."""
SEED = 2024
LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
SHORTEST = 4
"""Letters of the shortest word that gets a typing error; shorter ones become any word."""


def measure_honest_words(restore: Restore, limit: int = NUM_WORDS) -> Measured:
    """Measure words that must not become rude, and rude ones that must be read.

    Args:
        restore: the deobfuscator, with a dictionary without the held-out lemmas.
        limit: maximum number of held-out words, of names, and of words of the lexicon, each of
            which gets every kind of typing error.

    Returns:
        Of words that are not in the lexicon, those that become words of it: `held_out`, `names`,
        the same `…_mistyped` with one typing error, and `honest`, all four. Of words of the
        lexicon with each typing error, `lexicon_read`: those that are words of it, before or after;
        `lexicon_restored`: of those that the error made unknown to it, those that become words of
        it again. Examples are the honest words that became rude.
    """
    lexicon = Lexicon.load(None)
    measured = Measured()
    for name, words in (("held_out", held_out_words(limit)), ("names", names(limit))):
        for key, texts in ((name, words), (f"{name}_mistyped", list(map(mistyped, words)))):
            honest = [text for text in texts if not is_rude(lexicon, text)]
            read = restored_texts(restore, honest)
            rude = np.array([is_rude(lexicon, text) for text in read], dtype=bool)
            measured.shares[key].add(rude)
            measured.shares["honest"].add(rude)
            for index in np.flatnonzero(rude):
                measured.examples[f"{honest[index]} → {read[index]}"] += 1
    typed = [mistyped(word, mistake) for word in lexicon_words(limit) for mistake in MISTAKES]
    read = restored_texts(restore, typed)
    known = np.array([is_rude(lexicon, text) for text in typed], dtype=bool)
    found = np.array([is_rude(lexicon, text) for text in read], dtype=bool)
    measured.shares["lexicon_read"].add(known | found)
    measured.shares["lexicon_restored"].add(found[~known])
    return measured


def is_rude(lexicon: Lexicon, text: str) -> bool:
    """Whether a word of the text is in the lexicon."""
    return any(map(lexicon.is_toxic, re.findall(r"[^\W\d_]+", text)))


def mistyped(text: str, mistake: str | None = None) -> str:
    """Return the text with one typing error in its longest word, at a place drawn for the text.

    Args:
        text: without a word of `SHORTEST` letters, it stays as it is.
        mistake: one of `MISTAKES`; None: drawn too.
    """
    found = max(re.finditer(r"[^\W\d_]+", text), key=lambda each: len(each[0]), default=None)
    if found is None or len(found[0]) < SHORTEST:
        return text
    draws = Draws(SEED, "typed", text)
    place, drawn = draws.pick(range(len(found[0]) - 1)), draws.pick(list(MISTAKES))
    typed = MISTAKES[mistake or drawn](found[0], place, draws)
    return text[: found.start()] + typed + text[found.end() :]


def held_out_words(limit: int) -> list[str]:
    """Return forms of held-out lemmas of pymorphy3's dictionary, in a drawn order."""
    return _drawn(limit, lambda word: all(map(is_held_out, lemmas(word))))


def names(limit: int) -> list[str]:
    """Return the names of CLDR in Russian, then drawn names of pymorphy3's dictionary."""
    from babel.core import Locale  # slow to import

    locale = Locale.parse("ru")
    cities = [str(zone["city"]) for zone in locale.time_zones.values() if "city" in zone]
    places = [name for key, name in locale.territories.items() if key.isalpha()]
    cldr = dict.fromkeys([*places, *cities, *locale.currencies.values()])

    def is_name(word: str) -> bool:
        return any(NAMES & tag.grammemes for tag in analyzer().tag(word))

    known = _drawn(max(0, limit - len(cldr)), is_name)
    return [*cldr, *(word.capitalize() for word in known)][:limit]


def lexicon_words(limit: int) -> list[str]:
    """Return frequent words of the lexicon that a typing error can change, in a drawn order."""
    lexicon = Lexicon.load(None)
    words = [
        word
        for word in frequent("wordfreq", NUM_FREQUENT)
        if len(word) >= SHORTEST and lexicon.is_toxic(word)
    ]
    return [words[index] for index in _order(len(words))[:limit]]


def _drawn(limit: int, wanted: Callable[[str], Any]) -> list[str]:
    return list(islice(_in_order(wanted), limit))


def _in_order(wanted: Callable[[str], Any]) -> Iterator[str]:
    words = _dictionary()
    return filter(wanted, (words[index] for index in _order(len(words))))


def _order(count: int) -> np.ndarray:
    return np.argsort(text_keys(SEED, 0, np.arange(count)), kind="stable")


@lru_cache(maxsize=1)
def _dictionary() -> list[str]:
    return words_with(LETTERS, analyzer().dictionary.words)
