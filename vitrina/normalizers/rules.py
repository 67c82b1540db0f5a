"""The known replacements undone, with the help of a lexicon and a dictionary.

After compatibility forms (NFKC) without invisible characters, what is between spaces is cut into
runs that could be words, and each run is read (`vitrina.normalizers.search`). A reading is taken if
it consists of words that the lexicon, the frequent words or the dictionary know. Otherwise letters
with signs among them are read as the tables and the frequencies of letters make it likeliest, and
everything else stays: words of Cyrillic letters alone, numbers, and words of Latin letters alone.
Words of Latin letters alone are read only in texts without such a word that is no Russian word in
disguise.

Then spaces that split a word are taken out: neighbours of which one is unknown, or a row of single
letters, are read together, and joined if that is the likelier reading.
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

MAX_REMEMBERED = 2**17
"""Runs whose reading is remembered; with more of them, remembering starts anew."""

_JOIN = 1.0
"""Cost of taking out a space."""
_LONGEST_ROW = 12
"""Single letters that are joined at most."""
_MOST_PARTS = 3
"""Other parts that are joined at most."""
_OUTSIDE = ".,-_"
"""Signs that are no part of a run at whose ends they stand."""
_BEFORE_FACES = ":;=^"
"""Signs behind which a Latin letter draws a mouth."""


@dataclass(frozen=True)
class _TextPart:
    """A part of a text.

    Attributes:
        start: where it begins in the text.
        raw: as it stands there.
        read: what it is read as; None for what stands between the runs.
    """

    start: int
    raw: str
    read: RestoredRun | None


class RulesNormalizer:
    """Compatibility forms (NFKC), then known replacements undone."""

    def __init__(self, config: RulesNormalizerConfig) -> None:
        """Raises:
        InputError: if the lexicon or the glyph clusters cannot be read.
        """
        readings = InverseTables(config.level, config.clusters)
        self._config = config
        self._vocabulary = Vocabulary(Lexicon.load(config.lexicon))
        self._restore = Restoration(config, readings, self._vocabulary)
        bare = replace(config, masks="")  # nearly anything fits parts that hold a mask each
        self._restore_joined = Restoration(bare, readings, self._vocabulary)
        self._unicode = UnicodeNormalizer()
        self._remembered: tuple[dict[str, RestoredRun], dict[str, RestoredRun]] = ({}, {})
        signs = (readings.signs | set(config.separators + config.masks)) - {","}
        inside = rf"[^\W_]|[\u0300-\u036f\u0483-\u0489]|[{re.escape(''.join(sorted(signs)))}]"
        # A row of dots or dashes parts words; a comma is a part of one only in `u,`.
        self._runs = re.compile(rf"(?:(?![.\-_]{{2}})(?:{inside}|(?<=[uU]),(?=\w)))+")

    def __call__(self, texts: TextBatch) -> TextBatch:
        texts = self._unicode(texts)
        return TextBatch.from_strings([self._normal(text) for text in texts.to_strings()])

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        visible, offsets = self._unicode.with_offsets(text)
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for part in self._read(visible):
            read = part.read or unchanged(part.raw, 0.0, sure=True)
            parts.append(read.text)
            starts += [part.start + start for start in read.starts]
            ends += [part.start + end for end in read.ends]
        columns = np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)
        return "".join(parts), OffsetMap(*columns, len(visible)).compose(offsets)

    def _normal(self, text: str) -> str:
        return "".join(
            part.raw if part.read is None else part.read.text for part in self._read(text)
        )

    def _read(self, text: str) -> list[_TextPart]:
        """The parts of a text, one after the other."""
        parts: list[_TextPart] = []
        position = 0
        for match in self._runs.finditer(text):
            start, end = _bounds(match)
            if start == end:
                continue
            if start > position:
                parts.append(_TextPart(position, text[position:start], None))
            raw = text[start:end]
            apart = text[start - 1 : start].strip() == "" and text[end : end + 1].strip() == ""
            face = text[start - 1 : start] in _BEFORE_FACES and raw.isascii() and start > 0
            stays = face or not (apart or any(map(str.isalpha, raw)))
            read = unchanged(raw, 0.0, sure=True) if stays else self._reading(raw)
            parts.append(_TextPart(start, raw, read))
            position = end
        if position < len(text):
            parts.append(_TextPart(position, text[position:], None))
        parts = _without_foreign(parts)
        return self._joined(parts) if self._config.spaces else parts

    def _reading(self, raw: str, *, joined: bool = False) -> RestoredRun:
        remembered = self._remembered[joined]
        read = remembered.get(raw)
        if read is None:
            if len(remembered) >= MAX_REMEMBERED:
                remembered.clear()
            read = remembered[raw] = (self._restore_joined if joined else self._restore)(raw)
        return read

    def _is_word(self, read: RestoredRun) -> bool:
        return read.is_one_word and self._vocabulary.is_listed(read.text.lower())

    def _joined(self, parts: list[_TextPart]) -> list[_TextPart]:
        """`parts` without the spaces that split a word."""
        if all(part.read is None or part.read.cost < ALONE for part in parts) and not any(
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
        """The word that runs from `position` on make together, and how many; the most first."""
        row = _row(parts, position)
        letters = 0
        while letters < len(row) and len(row[letters].text) == 1:
            letters += 1
        sizes = [*range(letters, _MOST_PARTS, -1), *range(_MOST_PARTS, 1, -1)]
        for size in (size for size in sizes if size <= len(row)):
            costs = [max(r.cost, ALONE) if size <= letters > 2 else r.cost for r in row[:size]]
            # All parts but one have to be doubtful; of single letters in a row, each is.
            if sum(cost >= ALONE for cost in costs) < size - 1:
                continue
            raw = "".join(part.raw for part in parts[position : position + 2 * size - 1 : 2])
            read = self._reading(raw, joined=True)
            if not self._is_word(read) or read.cost + _JOIN * (size - 1) >= sum(costs):
                continue
            unknown = any(len(r.text) == 1 or not r.sure for r in row[:size])
            if (unknown and len(read.text) > 2) or self._vocabulary.is_toxic(read.text.lower()):
                return _spread(parts[position : position + 2 * size - 1], read), size
        return None


def _bounds(match: re.Match[str]) -> tuple[int, int]:
    """Start and end of a run without the signs around it."""
    raw = match[0]
    start = match.start() + len(raw) - len(raw.lstrip(_OUTSIDE + "'"))
    quoted = start > match.start() and raw[0] == "'"
    end = match.start() + len(raw.rstrip(_OUTSIDE + ("'" if quoted else "")))
    return start, max(start, end)


def _without_foreign(parts: list[_TextPart]) -> list[_TextPart]:
    """Words of Latin letters as they were, if one of them is no Russian word in disguise."""
    foreign = [part for part in parts if part.read is not None and part.read.foreign]
    if all(part.read is not None and part.read.sure for part in foreign):
        return parts
    return [
        replace(part, read=unchanged(part.raw, 0.0, sure=True))
        if part.read is not None and part.read.foreign
        else part
        for part in parts
    ]


def _row(parts: list[_TextPart], position: int) -> list[RestoredRun]:
    """Readings of the runs from `position` on that have one space between them."""
    row: list[RestoredRun] = []
    while position < len(parts) and len(row) < _LONGEST_ROW:
        read = parts[position].read
        if read is None:
            break
        row.append(read)
        if position + 1 >= len(parts) or parts[position + 1].raw != " ":
            break
        position += 2
    return row


def _spread(parts: list[_TextPart], read: RestoredRun) -> _TextPart:
    """One part for several, whose joined run was read; positions step over the spaces."""
    places: list[int] = []
    for part in parts[::2]:
        places += range(part.start - parts[0].start, part.start - parts[0].start + len(part.raw))
    starts = tuple(
        places[start] if start < len(places) else places[-1] + 1 for start in read.starts
    )
    ends = tuple(
        places[end - 1] + 1 if end > start else at
        for start, end, at in zip(read.starts, read.ends, starts, strict=True)
    )
    raw = "".join(part.raw for part in parts)
    return _TextPart(parts[0].start, raw, replace(read, starts=starts, ends=ends))
