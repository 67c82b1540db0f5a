"""Inverts known replacements with a lexicon of toxic words and a dictionary.

1. NFKC, and removal of invisible characters.
2. Each run of characters that could be a word is restored (`vitrina.normalizers.search`). A result
   of known words is accepted (lexicon, frequent words, dictionary). Otherwise, letters mixed with
   signs become the most probable letters, and words of one script and numbers are unchanged. Words
   of Latin letters are restored only if all such words of the text are disguised Russian words.
3. Spaces within words are removed: neighbors with an unknown word among them, or a sequence of
   single letters, are joined if the joined word is more probable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from vitrina.normalizers.config import RulesNormalizerConfig
from vitrina.normalizers.inverse_tables import InverseTables
from vitrina.normalizers.search import Restoration, RestoredRun, unchanged
from vitrina.normalizers.unicode import UnicodeNormalizer
from vitrina.normalizers.vocabulary import ALONE, Vocabulary
from vitrina.text.batch import TextBatch
from vitrina.text.lexicon import Lexicon
from vitrina.text.offsets import OffsetMap

MAX_CACHED_RUNS = 2**17
"""Restored runs in a cache, which is cleared when full."""

_JOIN_COST = 1.0
"""Cost of removing a space."""
_MAX_JOINED_LETTERS = 12
"""Maximum number of single letters that are joined."""
_MAX_JOINED_RUNS = 3
"""Maximum number of longer runs that are joined."""
_TRIMMED = ".,-_"
"""Signs removed from both ends of a run."""
_EYES = ":;=^"
"""Signs before the letter of an emoticon."""


@dataclass(frozen=True)
class _TextPart:
    """A part of a text.

    Attributes:
        start: index of its first code point.
        raw: its text.
        run: the restored run; None between runs.
    """

    start: int
    raw: str
    run: RestoredRun | None


class RulesNormalizer:
    """Applies NFKC and inverts known replacements.

    Raises:
        InputError: if the lexicon or the glyph clusters cannot be read.
    """

    def __init__(self, config: RulesNormalizerConfig) -> None:
        tables = InverseTables(config.level, config.clusters)
        self._config = config
        self._vocabulary = Vocabulary(Lexicon.load(config.lexicon))
        self._restore = Restoration(config, tables, self._vocabulary)
        unmasked = replace(config, masks="")  # almost any word matches joined runs with masks
        self._restore_joined = Restoration(unmasked, tables, self._vocabulary)
        self._unicode = UnicodeNormalizer()
        self._caches: tuple[dict[str, RestoredRun], dict[str, RestoredRun]] = ({}, {})
        signs = (tables.characters | set(config.separators + config.masks)) - {","}
        inside = rf"[^\W_]|[\u0300-\u036f\u0483-\u0489]|[{re.escape(''.join(sorted(signs)))}]"
        # Several dots or dashes separate words; a comma is a part of a word only in `u,`.
        self._runs = re.compile(rf"(?:(?![.\-_]{{2}})(?:{inside}|(?<=[uU]),(?=\w)))+")

    def __call__(self, texts: TextBatch) -> TextBatch:
        texts = self._unicode(texts)
        return TextBatch.from_strings([self._normal(text) for text in texts.to_strings()])

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        visible, offsets = self._unicode.with_offsets(text)
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for part in self._split(visible):
            run = part.run or unchanged(part.raw, 0.0, known=True)
            parts.append(run.text)
            starts += [part.start + start for start in run.starts]
            ends += [part.start + end for end in run.ends]
        columns = np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)
        return "".join(parts), OffsetMap(*columns, len(visible)).compose(offsets)

    def _normal(self, text: str) -> str:
        return "".join(
            part.raw if part.run is None else part.run.text for part in self._split(text)
        )

    def _split(self, text: str) -> list[_TextPart]:
        """Split a text into parts and restore its runs."""
        parts: list[_TextPart] = []
        position = 0
        for match in self._runs.finditer(text):
            start, end = _bounds(match)
            if start == end:
                continue
            if start > position:
                parts.append(_TextPart(position, text[position:start], None))
            raw = text[start:end]
            isolated = text[start - 1 : start].strip() == "" and text[end : end + 1].strip() == ""
            emoticon = text[start - 1 : start] in _EYES and raw.isascii() and start > 0
            kept = emoticon or not (isolated or any(map(str.isalpha, raw)))
            run = unchanged(raw, 0.0, known=True) if kept else self._restored_run(raw)
            parts.append(_TextPart(start, raw, run))
            position = end
        if position < len(text):
            parts.append(_TextPart(position, text[position:], None))
        parts = _without_foreign(parts)
        return self._join_words(parts) if self._config.spaces else parts

    def _restored_run(self, raw: str, *, joined: bool = False) -> RestoredRun:
        cache = self._caches[joined]
        run = cache.get(raw)
        if run is None:
            if len(cache) >= MAX_CACHED_RUNS:
                cache.clear()
            run = cache[raw] = (self._restore_joined if joined else self._restore)(raw)
        return run

    def _is_word(self, run: RestoredRun) -> bool:
        return run.is_one_word and self._vocabulary.is_listed(run.text.lower())

    def _join_words(self, parts: list[_TextPart]) -> list[_TextPart]:
        """Return `parts` without the spaces within words."""
        if all(part.run is None or part.run.cost < ALONE for part in parts) and not any(
            len(part.raw) == 1 for part in parts[::2]
        ):
            return parts
        joined: list[_TextPart] = []
        position = 0
        while position < len(parts):
            found = self._join_at(parts, position)
            if found is None:
                joined.append(parts[position])
                position += 1
            else:
                part, count = found
                joined.append(part)
                position += 2 * count - 1
        return joined

    def _join_at(self, parts: list[_TextPart], position: int) -> tuple[_TextPart, int] | None:
        """Return the longest word that the runs from `position` form, and the number of runs."""
        runs = _run_sequence(parts, position)
        letters = 0
        while letters < len(runs) and len(runs[letters].text) == 1:
            letters += 1
        sizes = [*range(letters, _MAX_JOINED_RUNS, -1), *range(_MAX_JOINED_RUNS, 1, -1)]
        for size in (size for size in sizes if size <= len(runs)):
            costs = [max(r.cost, ALONE) if size <= letters > 2 else r.cost for r in runs[:size]]
            # All runs except one must be improbable words; single letters in sequence are.
            if sum(cost >= ALONE for cost in costs) < size - 1:
                continue
            raw = "".join(part.raw for part in parts[position : position + 2 * size - 1 : 2])
            word = self._restored_run(raw, joined=True)
            if not self._is_word(word) or word.cost + _JOIN_COST * (size - 1) >= sum(costs):
                continue
            unknown = any(len(r.text) == 1 or not r.known for r in runs[:size])
            if (unknown and len(word.text) > 2) or self._vocabulary.is_toxic(word.text.lower()):
                return _merge(parts[position : position + 2 * size - 1], word), size
        return None


def _bounds(match: re.Match[str]) -> tuple[int, int]:
    """Return start and end of a run without the signs at its ends."""
    raw = match[0]
    start = match.start() + len(raw) - len(raw.lstrip(_TRIMMED + "'"))
    quoted = start > match.start() and raw[0] == "'"
    end = match.start() + len(raw.rstrip(_TRIMMED + ("'" if quoted else "")))
    return start, max(start, end)


def _without_foreign(parts: list[_TextPart]) -> list[_TextPart]:
    """Undo the restoration of Latin words unless all of them are disguised Russian words."""
    foreign = [part for part in parts if part.run is not None and part.run.foreign]
    if all(part.run is not None and part.run.known for part in foreign):
        return parts
    return [
        replace(part, run=unchanged(part.raw, 0.0, known=True))
        if part.run is not None and part.run.foreign
        else part
        for part in parts
    ]


def _run_sequence(parts: list[_TextPart], position: int) -> list[RestoredRun]:
    """Return the runs from `position` on that are separated by single spaces."""
    runs: list[RestoredRun] = []
    while position < len(parts) and len(runs) < _MAX_JOINED_LETTERS:
        run = parts[position].run
        if run is None:
            break
        runs.append(run)
        if position + 1 >= len(parts) or parts[position + 1].raw != " ":
            break
        position += 2
    return runs


def _merge(parts: list[_TextPart], word: RestoredRun) -> _TextPart:
    """Merge parts whose joined runs form a word; its spans are mapped to the text with spaces."""
    positions: list[int] = []
    for part in parts[::2]:
        start = part.start - parts[0].start
        positions += range(start, start + len(part.raw))
    starts = tuple(
        positions[start] if start < len(positions) else positions[-1] + 1 for start in word.starts
    )
    ends = tuple(
        positions[end - 1] + 1 if end > start else point
        for start, end, point in zip(word.starts, word.ends, starts, strict=True)
    )
    raw = "".join(part.raw for part in parts)
    return _TextPart(parts[0].start, raw, replace(word, starts=starts, ends=ends))
