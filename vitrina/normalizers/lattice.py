"""Paths through a run of signs: what each sign or sequence of signs may be read as."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from vitrina.normalizers.config import RulesNormalizerConfig
from vitrina.normalizers.inverse_tables import FREQUENCIES, InverseTables
from vitrina.normalizers.vocabulary import ANY

KEPT, _SIGN, _DROPPED, _MASKED, _MARK, _UNSEEN = 2.5, 0.7, 1.0, 1.5, 0.2, 3.0
_SHORTENED, _DOUBLED, _HARD_SIGN, _SHORT_I = 0.5, 1.2, 2.5, 3.0
"""Costs: a foreign letter or digit that stays, a sign that could be a letter and stays, a dropped
separator, a masked letter, a dropped mark, a letter that an unseen one stands for; a letter that
was repeated, the same as two letters; an added ъ; й read as и with a mark on it."""
_SPELT = 3.0
"""Added cost of a separator that stays, where separators part single letters."""

_BEFORE_HARD_SIGN, _BEHIND_HARD_SIGN = frozenset("бвдзжкнрстхм"), frozenset("еёюя")
MARKS = re.compile("[\u0300-\u036f\u0483-\u0489]")
"""Combining marks of letters."""

Trace: TypeAlias = "tuple[Trace, Step] | None"
Path: TypeAlias = tuple[float, str, Trace]


@dataclass(frozen=True)
class Step:
    """What the next signs of a run are read as.

    Attributes:
        length: how many signs.
        letters: the letters read, or the sign that stays.
        cost: what that costs.
        capital: of the letters; None if it follows from their neighbours, or for what stays.
        stays: whether the sign stays as it is.
    """

    length: int
    letters: str
    cost: float
    capital: bool | None = None
    stays: bool = False


class Lattice:
    """Finds the cheapest paths through a run."""

    def __init__(self, config: RulesNormalizerConfig, readings: InverseTables) -> None:
        self._config, self._readings = config, readings
        self._steps_of: dict[str, list[Step]] = {}

    def __call__(self, run: str) -> list[Path]:
        """The cheapest paths through `run`, in rising order of their costs."""
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
                    then = beam[position + step.length]
                    if reached not in then or total < then[reached][0]:
                        then[reached] = (total, (trace, step))
                    if hard and step.letters in _BEHIND_HARD_SIGN:
                        reached, total = f"{letters}ъ{step.letters}", total + _HARD_SIGN
                        if reached not in then or total < then[reached][0]:
                            then[reached] = (total, (trace, step))
        ended = ((cost, letters, trace) for letters, (cost, trace) in beam[-1].items())
        return sorted(ended, key=lambda path: path[:2])[:width]

    def _steps_at(self, run: str, position: int) -> list[Step]:
        sign = run[position]
        if sign.isdigit() and _in_number(run, position):
            return [Step(1, sign, KEPT, stays=True)]
        around = run[position - 1 : position], run[position + 1 : position + 2]
        if sign == "." and around[0].islower() and around[1].isupper():
            return [Step(1, sign, 0.0, stays=True)]  # a sentence ends
        steps = self._steps_of.get(sign)
        if steps is None:
            steps = self._steps_of[sign] = list(self._single_steps(sign))
        if sign in self._config.separators and 0 < position < len(run) - 1:
            if _spells(run, position, self._config.separators):
                steps = [replace(step, cost=step.cost + _SPELT) for step in steps]
            steps = [*steps, Step(1, "", _DROPPED * (2 if sign in "*" else 1))]
        if sign in self._readings.beginnings:
            steps = steps + [
                Step(length, reading.letter, reading.cost, reading.capital)
                for length in range(2, min(self._readings.longest, len(run) - position) + 1)
                for reading in self._readings.of(run[position : position + length])
            ]
        if sign == "й" and MARKS.search(run):
            steps = [*steps, Step(1, "и", _SHORT_I, capital=False)]
        if self._config.repeats and run[position + 1 : position + 2].lower() == sign.lower():
            steps = [*steps, *_shortened(run, position)]
        return steps

    def _single_steps(self, sign: str) -> Iterator[Step]:
        """What a sign can be by itself."""
        small = sign.lower()
        readings = self._readings.of(sign)
        if small in FREQUENCIES:
            yield Step(1, small, 0.0, sign.isupper())
        elif unicodedata.category(sign)[0] == "M":
            yield Step(1, "", _MARK)
        elif not sign.isalnum():
            yield Step(1, sign, _SIGN if sign in self._readings.signs else 0.0, stays=True)
        elif not (sign.isalpha() and readings):
            yield Step(1, sign, KEPT, stays=True)
        if sign in self._config.masks:
            yield Step(1, ANY, _MASKED)
        elif self._config.masks and sign.isalpha() and small not in FREQUENCIES and not readings:
            yield Step(1, ANY, _UNSEEN)
        for reading in readings:
            yield Step(1, reading.letter, reading.cost, reading.capital)


def _shortened(run: str, position: int) -> Iterator[Step]:
    """A letter that stands three times or more, once or twice."""
    sign, end = run[position].lower(), position
    while end < len(run) and run[end].lower() == sign:
        end += 1
    if end - position >= 3 and sign in FREQUENCIES:
        yield Step(end - position, sign, _SHORTENED, run[position].isupper())
        yield Step(end - position, sign * 2, _DOUBLED, run[position].isupper())


def _spells(run: str, position: int, separators: str) -> bool:
    """Whether a separator stands between letters that separators part one by one."""
    before, behind = run[: position - 1][-1:], run[position + 2 :][:1]
    return (before in separators or not before) and (behind in separators or not behind)


def _in_number(run: str, position: int) -> bool:
    """Whether a digit has digits beside it that are not all zeros."""
    start = end = position
    while start > 0 and run[start - 1].isdigit():
        start -= 1
    while end < len(run) and run[end].isdigit():
        end += 1
    return end - start > 1 and run[start:end].strip("0") != ""


def steps_of(trace: Trace) -> list[Step]:
    """The steps of a path, the first one first."""
    steps = []
    while trace is not None:
        trace, step = trace
        steps.append(step)
    return steps[::-1]
