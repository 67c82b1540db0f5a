"""How likely a reading is as Russian: by the lexicon, by frequent words and by the dictionary."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property

from vitrina.files import package_folder
from vitrina.text.lexicon import Lexicon, fold

LETTERS = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
"""The letters of Russian, the frequent ones first."""
ANY = "\0"
"""Stands in a reading for a letter that was masked."""

FREQUENT, TOXIC, KNOWN, MATCHING, SHORT, UNKNOWN, ALONE = 0.0, 1.5, 3.5, 4.0, 5.0, 8.0, 4.0
"""Costs of words: frequent, listed as toxic, in the dictionary, matching a toxic pattern, in the
dictionary with one or two letters, in none of them, and of a single letter that is no word. They
stand beside the costs of replacements, negative logarithms of probabilities."""

MAX_KNOWN = 2**18
"""Words whose cost is remembered; with more of them, remembering starts anew."""


class Vocabulary:
    """Costs of words, and what a masked word may be."""

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
        """The cost of a word in small Cyrillic letters; lower is likelier."""
        cost = self._costs.get(word)
        if cost is None:
            if len(self._costs) >= MAX_KNOWN:
                self._costs.clear()
            cost = self._costs[word] = self._judge(word)
        return cost

    def _judge(self, word: str) -> float:
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
        """Whether any of the lists holds this word."""
        return self.cost(word) < (ALONE if len(word) == 1 else UNKNOWN)

    def is_listed(self, word: str) -> bool:
        """Whether this very word is in a list, not only a toxic pattern within it."""
        return self.is_word(word) and self.cost(word) != MATCHING

    def is_toxic(self, word: str) -> bool:
        """Whether the lexicon holds this word."""
        return self._lexicon.is_toxic(word)

    def unmask(self, word: str) -> str | None:
        """The likeliest word for one with `ANY` in it; None if there is none, or no likeliest.

        Toxic words come first, in the order of the lexicon. Another word is taken if it alone fits
        one masked letter, or is the only frequent one to fit.
        """
        masked = word.count(ANY)
        told = len(word) - masked
        if told < 1 or masked > told + 2 or (word[0] == ANY and told < 2):
            return None
        pattern = re.compile(re.escape(fold(word)).replace(re.escape(ANY), "."))
        for toxic in self._toxic.get(len(word), ()):
            if pattern.fullmatch(toxic):
                return toxic
        if masked > 1 or told < 3:
            return None
        fitting = [word.replace(ANY, letter) for letter in LETTERS[:-1]]
        for reading in fitting:
            if self._lexicon.is_toxic(reading):
                return reading
        known = [reading for reading in fitting if self.is_word(reading)]
        frequent = [reading for reading in known if self.cost(reading) == FREQUENT]
        for some in (frequent, known):
            if len(some) == 1:
                return some[0]
        return None

    @cached_property
    def _toxic_words(self) -> frozenset[str]:
        return frozenset(word for words in self._toxic.values() for word in words)

    @cached_property
    def _toxic(self) -> dict[int, list[str]]:
        """Toxic words by their length, as far as they can be listed."""
        listed: dict[int, dict[str, None]] = defaultdict(dict)
        for stem in self._lexicon.stems:
            parses = self._analyzer.iter_known_word_parses(stem)
            begun = sorted({fold(parse[0]) for parse in parses}, key=lambda w: (len(w), w))
            for word in [stem, *begun]:
                if self._lexicon.is_toxic(word):
                    listed[len(word)][word] = None
        for word in sorted(self._lexicon.forms):
            listed[len(word)][word] = None
        return {length: list(words) for length, words in listed.items()}
