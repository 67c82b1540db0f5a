"""Lattice of the candidate letters of each character or sequence in a run of characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from vitrina.normalizers.config import RulesNormalizerConfig
from vitrina.normalizers.inverse_tables import FREQUENCIES, InverseTables
from vitrina.normalizers.vocabulary import ANY

# Costs of steps, negative log-probabilities.
KEPT = 2.5  # keep a foreign letter or digit
_SIGN = 0.7  # keep a sign that could be a letter
_DROPPED = 1.0  # drop a separator
_MASKED = 1.5  # unmask a letter
_MARK = 0.2  # drop a combining mark
_UNSEEN = 3.0  # replace an unknown foreign letter by any letter
_SHORTENED, _DOUBLED = 0.5, 1.2  # shorten a repeated letter to one or to two letters
_HARD_SIGN = 2.5  # insert ъ
_SHORT_I = 3.0  # replace й by и in runs with combining marks
_SPELT = 3.0  # added to keeping a separator between single letters

_BEFORE_HARD_SIGN, _AFTER_HARD_SIGN = frozenset("бвдзжкнрстхм"), frozenset("еёюя")
MARKS = re.compile("[\u0300-\u036f\u0483-\u0489]")
"""Combining marks of letters."""

Trace: TypeAlias = "tuple[Trace, Step] | None"
Path: TypeAlias = tuple[float, str, Trace]


@dataclass(frozen=True)
class Step:
    """An edge of the lattice: the next characters of a run become letters.

    Attributes:
        length: number of characters consumed.
        letters: the letters, or the character that is kept.
        cost: negative log-probability.
        capital: whether the letters are capital; None if their neighbors decide.
        kept: whether the character is kept.
    """

    length: int
    letters: str
    cost: float
    capital: bool | None = None
    kept: bool = False


class Lattice:
    """Finds the cheapest paths through a run by beam search."""

    def __init__(self, config: RulesNormalizerConfig, tables: InverseTables) -> None:
        self._config, self._tables = config, tables
        self._steps_of: dict[str, list[Step]] = {}

    def __call__(self, run: str) -> list[Path]:
        """Return the cheapest paths through `run` in ascending order of cost."""
        beam: list[dict[str, tuple[float, Trace]]] = [{} for _ in range(len(run) + 1)]
        beam[0][""] = (0.0, None)
        width = self._config.beam
        for position in range(len(run)):
            states = sorted((cost, letters) for letters, (cost, _) in beam[position].items())
            steps = self._steps_at(run, position)
            for cost, letters in states[:width]:
                trace = beam[position][letters][1]
                hard = letters[-1:] in _BEFORE_HARD_SIGN
                for step in steps:
                    reached, total = letters + step.letters, cost + step.cost
                    following = beam[position + step.length]
                    if reached not in following or total < following[reached][0]:
                        following[reached] = (total, (trace, step))
                    if hard and step.letters in _AFTER_HARD_SIGN:
                        reached, total = f"{letters}ъ{step.letters}", total + _HARD_SIGN
                        if reached not in following or total < following[reached][0]:
                            following[reached] = (total, (trace, step))
        paths = ((cost, letters, trace) for letters, (cost, trace) in beam[-1].items())
        return sorted(paths, key=lambda path: path[:2])[:width]

    def _steps_at(self, run: str, position: int) -> list[Step]:
        character = run[position]
        if character.isdigit() and _in_number(run, position):
            return [Step(1, character, KEPT, kept=True)]
        around = run[position - 1 : position], run[position + 1 : position + 2]
        if character == "." and around[0].islower() and around[1].isupper():
            return [Step(1, character, 0.0, kept=True)]  # end of a sentence
        steps = self._steps_of.get(character)
        if steps is None:
            steps = self._steps_of[character] = list(self._single_steps(character))
        if character in self._config.separators and 0 < position < len(run) - 1:
            if _separates_letters(run, position, self._config.separators):
                steps = [replace(step, cost=step.cost + _SPELT) for step in steps]
            steps = [*steps, Step(1, "", _DROPPED * (2 if character in "*" else 1))]
        if character in self._tables.first_characters:
            steps = steps + [
                Step(length, rule.letter, rule.cost, rule.capital)
                for length in range(2, min(self._tables.longest, len(run) - position) + 1)
                for rule in self._tables.of(run[position : position + length])
            ]
        if character == "й" and MARKS.search(run):
            steps = [*steps, Step(1, "и", _SHORT_I, capital=False)]
        if self._config.repeats and run[position + 1 : position + 2].lower() == character.lower():
            steps = [*steps, *_shortened(run, position)]
        return steps

    def _single_steps(self, character: str) -> Iterator[Step]:
        """Yield the steps of a character by itself."""
        small = character.lower()
        rules = self._tables.of(character)
        if small in FREQUENCIES:
            yield Step(1, small, 0.0, character.isupper())
        elif unicodedata.category(character)[0] == "M":
            yield Step(1, "", _MARK)
        elif not character.isalnum():
            cost = _SIGN if character in self._tables.characters else 0.0
            yield Step(1, character, cost, kept=True)
        elif not (character.isalpha() and rules):
            yield Step(1, character, KEPT, kept=True)
        if character in self._config.masks:
            yield Step(1, ANY, _MASKED)
        elif self._config.masks and character.isalpha() and small not in FREQUENCIES and not rules:
            yield Step(1, ANY, _UNSEEN)
        for rule in rules:
            yield Step(1, rule.letter, rule.cost, rule.capital)


def _shortened(run: str, position: int) -> Iterator[Step]:
    """Yield steps from a letter that occurs three or more times to one and to two letters."""
    letter, end = run[position].lower(), position
    while end < len(run) and run[end].lower() == letter:
        end += 1
    if end - position >= 3 and letter in FREQUENCIES:
        yield Step(end - position, letter, _SHORTENED, run[position].isupper())
        yield Step(end - position, letter * 2, _DOUBLED, run[position].isupper())


def _separates_letters(run: str, position: int, separators: str) -> bool:
    """Whether the letters on both sides are single letters between separators."""
    before, after = run[: position - 1][-1:], run[position + 2 :][:1]
    return (before in separators or not before) and (after in separators or not after)


def _in_number(run: str, position: int) -> bool:
    """Whether a digit is in a number of several digits, not all of them zeros."""
    start = end = position
    while start > 0 and run[start - 1].isdigit():
        start -= 1
    while end < len(run) and run[end].isdigit():
        end += 1
    return end - start > 1 and run[start:end].strip("0") != ""


def steps_of(trace: Trace) -> list[Step]:
    """Return the steps of a path in order."""
    steps = []
    while trace is not None:
        trace, step = trace
        steps.append(step)
    return steps[::-1]
