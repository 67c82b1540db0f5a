"""One run of signs read as Russian: what was meant, and where each of its letters stands.

A reading is a path through the run: at each position a letter stands for itself, a sequence stands
for a letter of the replacement tables, a separator or a combining mark for nothing, a mask for any
letter. Paths are extended from left to right and the cheapest few kept at each position (beam
search, B. Lowerre, 1976); then each that is left pays for its words, and the cheapest is taken. The
time is at most proportional to the length of the run and to the width of the beam.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vitrina.normalizers.config import RulesNormalizerConfig
from vitrina.normalizers.inverse_tables import FREQUENCIES, InverseTables
from vitrina.normalizers.lattice import KEPT, MARKS, Lattice, Path, Step, steps_of
from vitrina.normalizers.vocabulary import ALONE, ANY, UNKNOWN, Vocabulary

_WORD = re.compile(f"[а-яё{ANY}]+")
_ALNUM = re.compile(r"[^\W_]+")
_DIGITS_INSIDE = re.compile(r"[а-яё]+(?:\d[а-яё]+)+", re.I)
_PLAIN = re.compile(r"[а-яё]+", re.I)
_REPEATED = re.compile(r"([а-яё])\1\1", re.I)
_NUMBER = re.compile(
    r"[\d.,_-]*\d[-']?(?:[а-яё]|е?го|о?му|[аоы]?[йяеюх]|[иы]?[мх]|ми|ти|ёх|к[аиу]|лет|года?|мм|км|см|"
    r"кг|гр?|тыс|млн|руб|шт|раза?|час|мин|дн[яе]й?)?\W*",
    re.I,
)

_DOUBTFUL = 5.5
"""Cost of a reading from which on letters may be masked."""
_MOST_MASKED = 8
"""Paths with masked letters that are looked up."""

_LACKS_HARD_SIGN = re.compile("[бвдзжкнрстхм][еёюя]", re.I)


@dataclass(frozen=True)
class RestoredRun:
    """A run as it was meant.

    Attributes:
        text: what was read; the run itself if nothing better was found.
        starts: for each code point of `text`, where in the run it begins, never falling.
        ends: one behind where it ends; equal to its start if it was added.
        cost: of this reading; lower is likelier.
        sure: whether all of its words are known.
        foreign: whether the run has no Cyrillic letter at all.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    cost: float
    sure: bool
    foreign: bool

    @property
    def is_one_word(self) -> bool:
        return _PLAIN.fullmatch(self.text) is not None


def unchanged(run: str, cost: float, *, sure: bool, foreign: bool = False) -> RestoredRun:
    """`run` as it stands."""
    positions = range(len(run) + 1)
    return RestoredRun(run, tuple(positions[:-1]), tuple(positions[1:]), cost, sure, foreign)


class Restoration:
    """Reads runs of signs without spaces."""

    def __init__(
        self, config: RulesNormalizerConfig, readings: InverseTables, vocabulary: Vocabulary
    ) -> None:
        self._config, self._vocabulary = config, vocabulary
        self._paths = Lattice(config, readings)

    def __call__(self, run: str) -> RestoredRun:
        """The likeliest reading of `run`, or the run itself."""
        if len(run) > self._config.max_length:
            return unchanged(run, 0.0, sure=True)
        if _PLAIN.fullmatch(run):
            cost = self._vocabulary.cost(run.lower())
            if self._vocabulary.is_word(run.lower()) or not self._may_be_repaired(run):
                return unchanged(run, cost, sure=self._vocabulary.is_word(run.lower()))
        foreign = _PLAIN.search(run) is None
        letters = [sign for sign in run if sign.isalpha()]
        if _NUMBER.fullmatch(run):
            return unchanged(run, 0.0, sure=True, foreign=foreign and bool(letters))
        cost, resolved, trace = self._judged(self._paths(run))
        if trace is None:
            return unchanged(run, 0.0, sure=False, foreign=foreign and bool(letters))
        words = _WORD.findall(resolved)
        sure = bool(words) and all(map(self._vocabulary.is_word, words))
        steps = steps_of(trace)
        kept = any(step.stays and step.letters.isalnum() for step in steps)
        if not self._accepts(run, words, sure=sure and not kept, foreign=foreign):
            words = _WORD.findall(run.lower())
            cost = sum(map(self._vocabulary.cost, words)) + KEPT * len(letters) * foreign
            return unchanged(run, cost, sure=False, foreign=foreign and bool(letters))
        return _written(run, steps, resolved, cost, sure=sure and not kept, foreign=foreign)

    def _may_be_repaired(self, run: str) -> bool:
        """Whether an unknown word of Cyrillic letters alone can hide a known one."""
        repeated = self._config.repeats and _REPEATED.search(run) is not None
        return repeated or _LACKS_HARD_SIGN.search(run) is not None

    def _accepts(self, run: str, words: list[str], *, sure: bool, foreign: bool) -> bool:
        """Whether a reading is good enough to be taken."""
        told = sum(map(len, words))
        toxic = any(map(self._vocabulary.is_toxic, words))
        if foreign:
            return sure and (toxic or told > 3 or not any(map(self._vocabulary.cost, words)))
        if self._calls_for_reading(run):
            return True
        parts = _WORD.findall(run.lower())
        if sure and (told > 2 or (told == 2 and not any(map(self._vocabulary.cost, words)))):
            split = len(words) < len(parts) and not any(map(str.isdigit, run))
            insulting = any(len(part) > 2 and self._vocabulary.is_toxic(part) for part in parts)
            return not split or (told > 2 and not insulting)
        return toxic or _DIGITS_INSIDE.fullmatch(run) is not None

    def _calls_for_reading(self, run: str) -> bool:
        """Whether there are foreign letters, marks or signs that do not belong into texts."""
        if MARKS.search(run):
            return True
        ordinary = self._config.separators + self._config.masks + "'<>{}|,"
        return any(
            sign.isalpha() or not (sign.isdigit() or sign in ordinary)
            for sign in run.lower()
            if sign not in FREQUENCIES
        )

    def _judged(self, paths: list[Path]) -> Path:
        """The cheapest path with the cost of its words, masks resolved.

        Masked letters are asked for only where no path without them consists of words.
        """
        best = (float("inf"), "", None)
        for cost, letters, trace in paths:
            if cost >= best[0]:
                break
            if ANY not in letters:
                total = cost + self._cost(letters)
                best = min(best, (total, letters, trace), key=lambda path: path[0])
        masked = [path for path in paths if ANY in path[1]]
        for cost, letters, trace in masked[:_MOST_MASKED] if best[0] >= _DOUBTFUL else ():
            if cost < best[0]:
                found = [self._unmasked(word) for word in _WORD.findall(letters)]
                if None not in found:
                    parts = iter(found)
                    resolved = _WORD.sub(lambda _, parts=parts: next(parts) or "", letters)
                    total = cost + self._cost(resolved)
                    best = min(best, (total, resolved, trace), key=lambda path: path[0])
        return best

    def _cost(self, letters: str) -> float:
        """The cost of all words; a single letter beside others is rarely meant as a word."""
        words = _ALNUM.findall(letters)
        least = ALONE if len(words) > 1 else 0.0
        return sum(
            (max(self._vocabulary.cost(word), least if len(word) == 1 else 0.0))
            if _PLAIN.fullmatch(word)
            else UNKNOWN
            for word in words
        )

    def _unmasked(self, word: str) -> str | None:
        if ANY not in word:
            return word
        found = self._vocabulary.unmask(word)
        if found is None:
            return None
        return "".join(b if a == ANY else a for a, b in zip(word, found, strict=True))


def _written(
    run: str, steps: list[Step], resolved: str, cost: float, *, sure: bool, foreign: bool
) -> RestoredRun:
    """The letters of a path in their case, with where they stand in the run."""
    own = [sign.isupper() for sign in run if sign.lower() in FREQUENCIES]
    cased = own if len(own) > 1 else [step.capital for step in steps if step.capital is not None]
    capitals = len(cased) > 1 and all(cased)
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    position = place = 0
    for step in steps:
        count = len(step.letters)
        if count and resolved[position] == "ъ" and step.letters[0] != "ъ" and step.letters != ANY:
            text.append("Ъ" if capitals else "ъ")
            starts.append(place)
            ends.append(place)
            position += 1
        letters = resolved[position : position + count]
        position += count
        if step.stays:
            letters = step.letters
        elif step.capital or capitals:
            letters = letters.upper()
        text.append(letters)
        starts += [place] * count
        ends += [place + step.length] * count
        place += step.length
    written = "".join(text)
    return RestoredRun(written, tuple(starts), tuple(ends), cost, sure, foreign)
