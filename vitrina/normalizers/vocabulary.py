"""Costs of Russian words by the lexicon, a list of frequent words and the dictionary."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property

from vitrina.files import package_folder
from vitrina.text.lexicon import Lexicon, fold

LETTERS = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
"""The Russian letters in order of frequency."""
ANY = "\0"
"""Represents a masked letter."""

# Costs of words on the scale of negative log-probabilities, as of replacements.
FREQUENT = 0.0  # in the list of frequent words
TOXIC = 1.5  # in the lexicon
KNOWN = 3.5  # in the dictionary
MATCHING = 4.0  # matches a toxic pattern of the lexicon
SHORT = 5.0  # in the dictionary, two letters
UNKNOWN = 8.0  # in none
ALONE = 4.0  # a single letter that is not a word

MAX_CACHED_WORDS = 2**18
"""Words in the cache of costs, which is cleared when full."""


class Vocabulary:
    """Computes costs of words and unmasks words."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._costs: dict[str, float] = {}
        path = package_folder("resources") / "normalizer" / "frequent_words.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        self._frequent = frozenset(
            word for line in lines if not line.startswith("#") for word in line.split()
        )

    @cached_property
    def _analyzer(self):
        from pymorphy3 import MorphAnalyzer  # takes a third of a second to load

        return MorphAnalyzer(lang="ru")

    def cost(self, word: str) -> float:
        """Return the cost of a word in lowercase Cyrillic letters."""
        cost = self._costs.get(word)
        if cost is None:
            if len(self._costs) >= MAX_CACHED_WORDS:
                self._costs.clear()
            cost = self._costs[word] = self._compute_cost(word)
        return cost

    def _compute_cost(self, word: str) -> float:
        folded = fold(word)
        if folded in self._frequent:
            return FREQUENT
        if len(word) == 1:
            return ALONE
        known = self._analyzer.word_is_known(word, strict="е" not in word)
        if self._lexicon.is_toxic(word):
            return TOXIC if known or folded in self._toxic_words else MATCHING
        if known:
            return KNOWN if len(word) > 2 else SHORT
        return UNKNOWN

    def is_word(self, word: str) -> bool:
        """Whether the word is in the lexicon, the frequent words or the dictionary."""
        return self.cost(word) < (ALONE if len(word) == 1 else UNKNOWN)

    def is_listed(self, word: str) -> bool:
        """Whether the word itself is listed, rather than only matching a toxic pattern."""
        return self.is_word(word) and self.cost(word) != MATCHING

    def is_toxic(self, word: str) -> bool:
        """Whether the word is toxic by the lexicon."""
        return self._lexicon.is_toxic(word)

    def unmask(self, word: str) -> str | None:
        """Return the most probable word for one with `ANY` in it, or None if it is ambiguous.

        Toxic words come first, in the order of the lexicon. With one masked letter, the only
        matching frequent word comes next, then the only matching known word.
        """
        masked = word.count(ANY)
        visible = len(word) - masked
        if visible < 1 or masked > visible + 2 or (word[0] == ANY and visible < 2):
            return None
        pattern = re.compile(re.escape(fold(word)).replace(re.escape(ANY), "."))
        for toxic in self._toxic.get(len(word), ()):
            if pattern.fullmatch(toxic):
                return toxic
        if masked > 1 or visible < 3:
            return None
        candidates = [word.replace(ANY, letter) for letter in LETTERS[:-1]]
        for candidate in candidates:
            if self._lexicon.is_toxic(candidate):
                return candidate
        known = [candidate for candidate in candidates if self.is_word(candidate)]
        frequent = [candidate for candidate in known if self.cost(candidate) == FREQUENT]
        for matches in (frequent, known):
            if len(matches) == 1:
                return matches[0]
        return None

    @cached_property
    def _toxic_words(self) -> frozenset[str]:
        return frozenset(word for words in self._toxic.values() for word in words)

    @cached_property
    def _toxic(self) -> dict[int, list[str]]:
        """Toxic words by length; patterns without listed forms are not included."""
        listed: dict[int, dict[str, None]] = defaultdict(dict)
        for stem in self._lexicon.stems:
            parses = self._analyzer.iter_known_word_parses(stem)
            derived = sorted({fold(parse[0]) for parse in parses}, key=lambda w: (len(w), w))
            for word in [stem, *derived]:
                if self._lexicon.is_toxic(word):
                    listed[len(word)][word] = None
        for word in sorted(self._lexicon.forms):
            listed[len(word)][word] = None
        return {length: list(words) for length, words in listed.items()}
