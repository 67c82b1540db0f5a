"""Restores a run of characters to the most probable Russian words.

Candidates are paths through a lattice: a letter is kept, a sequence becomes a letter of the
replacement tables, a separator or a combining mark is dropped, a mask becomes any letter. A beam
search (B. Lowerre, 1976) keeps the cheapest paths at each position. The costs of words are then
added, and the cheapest path wins. The time is linear in the length of the run and the beam size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vitrina.normalizers.config import RulesNormalizerConfig
from vitrina.normalizers.inverse_tables import FREQUENCIES, InverseTables
from vitrina.normalizers.lattice import KEPT, MARKS, Lattice, Path, Step, steps_of
from vitrina.normalizers.vocabulary import ALONE, ANY, UNKNOWN, Vocabulary

_MASKED_WORD = re.compile(f"[а-яё{ANY}]+")
_ALNUM = re.compile(r"[^\W_]+")
_DIGITS_INSIDE = re.compile(r"[а-яё]+(?:\d[а-яё]+)+", re.I)
_PLAIN = re.compile(r"[а-яё]+", re.I)
_REPEATED = re.compile(r"([а-яё])\1\1", re.I)
_NUMBER = re.compile(
    r"[\d.,_-]*\d[-']?(?:[а-яё]|е?го|о?му|[аоы]?[йяеюх]|[иы]?[мх]|ми|ти|ёх|к[аиу]|лет|года?|мм|км|см|"
    r"кг|гр?|тыс|млн|руб|шт|раза?|час|мин|дн[яе]й?)?\W*",
    re.I,
)

_MIN_COST_TO_UNMASK = 5.5
"""Minimum cost of the best unmasked path at which masked paths are tried."""
_MAX_MASKED_PATHS = 8
"""Maximum number of masked paths tried."""

_LACKS_HARD_SIGN = re.compile("[бвдзжкнрстхм][еёюя]", re.I)


@dataclass(frozen=True)
class RestoredRun:
    """A restored run.

    Attributes:
        text: the restored text, or the run itself.
        starts: start in the run of each code point of `text`, non-decreasing.
        ends: its end, exclusive; equal to the start if the code point was inserted.
        cost: negative log-probability.
        known: whether all words of `text` are known.
        foreign: whether the run has no Cyrillic letters.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    cost: float
    known: bool
    foreign: bool

    @property
    def is_one_word(self) -> bool:
        return _PLAIN.fullmatch(self.text) is not None


def unchanged(run: str, cost: float, *, known: bool, foreign: bool = False) -> RestoredRun:
    """Return a result whose text is the run itself."""
    positions = range(len(run) + 1)
    return RestoredRun(run, tuple(positions[:-1]), tuple(positions[1:]), cost, known, foreign)


class Restoration:
    """Restores runs of characters without spaces."""

    def __init__(
        self, config: RulesNormalizerConfig, tables: InverseTables, vocabulary: Vocabulary
    ) -> None:
        self._config, self._vocabulary = config, vocabulary
        self._lattice = Lattice(config, tables)

    def __call__(self, run: str) -> RestoredRun:
        """Return the restored run, or the run itself."""
        if len(run) > self._config.max_length:
            return unchanged(run, 0.0, known=True)
        if _PLAIN.fullmatch(run):
            cost = self._vocabulary.cost(run.lower())
            if self._vocabulary.is_word(run.lower()) or not self._may_be_repaired(run):
                return unchanged(run, cost, known=self._vocabulary.is_word(run.lower()))
        foreign = _PLAIN.search(run) is None
        letters = [character for character in run if character.isalpha()]
        if _NUMBER.fullmatch(run):
            return unchanged(run, 0.0, known=True, foreign=foreign and bool(letters))
        cost, resolved, trace = self._best_path(self._lattice(run))
        if trace is None:
            return unchanged(run, 0.0, known=False, foreign=foreign and bool(letters))
        words = _MASKED_WORD.findall(resolved)
        known = bool(words) and all(map(self._vocabulary.is_word, words))
        steps = steps_of(trace)
        kept = any(step.kept and step.letters.isalnum() for step in steps)
        if not self._accepts(run, words, known=known and not kept, foreign=foreign):
            words = _MASKED_WORD.findall(run.lower())
            cost = sum(map(self._vocabulary.cost, words)) + KEPT * len(letters) * foreign
            return unchanged(run, cost, known=False, foreign=foreign and bool(letters))
        return _restored(run, steps, resolved, cost, known=known and not kept, foreign=foreign)

    def _may_be_repaired(self, run: str) -> bool:
        """Whether an unknown word of only Cyrillic letters could be a disguised known word."""
        repeated = self._config.repeats and _REPEATED.search(run) is not None
        return repeated or _LACKS_HARD_SIGN.search(run) is not None

    def _accepts(self, run: str, words: list[str], *, known: bool, foreign: bool) -> bool:
        """Whether to accept restored words."""
        length = sum(map(len, words))
        toxic = any(map(self._vocabulary.is_toxic, words))
        frequent = not any(map(self._vocabulary.cost, words))
        if foreign:
            return known and (toxic or length > 3 or frequent)
        if self._looks_disguised(run):
            return True
        parts = _MASKED_WORD.findall(run.lower())
        if known and (length > 2 or (length == 2 and frequent)):
            joined = len(words) < len(parts) and not any(map(str.isdigit, run))
            has_toxic_part = any(len(p) > 2 and self._vocabulary.is_toxic(p) for p in parts)
            return not joined or (length > 2 and not has_toxic_part)
        return toxic or _DIGITS_INSIDE.fullmatch(run) is not None

    def _looks_disguised(self, run: str) -> bool:
        """Whether a run has foreign letters, combining marks or unusual signs."""
        if MARKS.search(run):
            return True
        usual = self._config.separators + self._config.masks + "'<>{}|,"
        return any(
            character.isalpha() or not (character.isdigit() or character in usual)
            for character in run.lower()
            if character not in FREQUENCIES
        )

    def _best_path(self, paths: list[Path]) -> Path:
        """Return the cheapest path, unmasked, with the costs of its words added.

        Masked paths are tried only if no other path consists of probable words.
        """
        best = (float("inf"), "", None)
        for cost, letters, trace in paths:
            if cost >= best[0]:
                break
            if ANY not in letters:
                total = cost + self._cost(letters)
                best = min(best, (total, letters, trace), key=lambda path: path[0])
        masked = [path for path in paths if ANY in path[1]]
        for cost, letters, trace in (
            masked[:_MAX_MASKED_PATHS] if best[0] >= _MIN_COST_TO_UNMASK else ()
        ):
            if cost < best[0]:
                found = [self._unmasked(word) for word in _MASKED_WORD.findall(letters)]
                if None not in found:
                    parts = iter(found)
                    resolved = _MASKED_WORD.sub(lambda _, parts=parts: next(parts) or "", letters)
                    total = cost + self._cost(resolved)
                    best = min(best, (total, resolved, trace), key=lambda path: path[0])
        return best

    def _cost(self, letters: str) -> float:
        """Return the cost of all words; a single letter among words is rarely a word."""
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


def _restored(
    run: str, steps: list[Step], resolved: str, cost: float, *, known: bool, foreign: bool
) -> RestoredRun:
    """Return the letters of a path with their case and their spans in the run."""
    own = [character.isupper() for character in run if character.lower() in FREQUENCIES]
    cased = own if len(own) > 1 else [step.capital for step in steps if step.capital is not None]
    capitals = len(cased) > 1 and all(cased)
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    position = start = 0  # in `resolved`, in `run`
    for step in steps:
        count = len(step.letters)
        if count and resolved[position] == "ъ" and step.letters[0] != "ъ" and step.letters != ANY:
            text.append("Ъ" if capitals else "ъ")
            starts.append(start)
            ends.append(start)
            position += 1
        letters = resolved[position : position + count]
        position += count
        if step.kept:
            letters = step.letters
        elif step.capital or capitals:
            letters = letters.upper()
        text.append(letters)
        starts += [start] * count
        ends += [start + step.length] * count
        start += step.length
    return RestoredRun("".join(text), tuple(starts), tuple(ends), cost, known, foreign)
