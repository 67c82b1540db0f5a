"""The edits that an attack may make to a text.

An edit replaces a short span of the clean text: it substitutes or deletes a letter, swaps two
letters, or inserts a character between two letters. Its offsets refer to the clean text. So edits
that do not touch can be applied in any order, undone, and exchanged between two edited texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from vitrina.evaluation.attacks.config import EDITS, AttackConfig
from vitrina.evaluation.attacks.legibility import change, ink, visual_distance
from vitrina.noise.tables import letter_options, unseen_options
from vitrina.text.batch import TextBatch
from vitrina.text.words import find_words, is_letter, is_mark


class Edit(NamedTuple):
    """Replaces `text[start:end]` by `written`; edits sort in text order."""

    start: int
    end: int
    written: str
    kind: str = ""


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Apply non-overlapping edits in any order.

    >>> apply_edits("дом", [Edit(2, 3, "n"), Edit(0, 1, "")])
    'оn'
    """
    parts, position = [], 0
    for start, end, written, _ in sorted(edits):
        assert start >= position, "edits overlap"
        parts += [text[position:start], written]
        position = end
    return "".join(parts) + text[position:]


@dataclass(frozen=True)
class Options:
    """Replacements of one letter or of two neighboring letters, as columns.

    Attributes:
        written: replacements. kinds: int8, index into `EDITS`.
        changes: int64, visual change (`legibility.change`).
        gains: int64, added ink; negative if ink is removed.
    """

    written: list[str]
    kinds: np.ndarray
    changes: np.ndarray
    gains: np.ndarray

    @classmethod
    def of(cls, before: str, options: Sequence[tuple[str, str]]) -> Options:
        """Create the columns from `options`, pairs of replacement of `before` and kind of edit."""
        written = [after for after, _ in options]
        return cls(
            written,
            np.array([EDITS.index(kind) for _, kind in options], dtype=np.int8),
            np.array([change(before, after) for after in written], dtype=np.int64),
            np.array([ink(after) - ink(before) for after in written], dtype=np.int64),
        )


@dataclass(frozen=True)
class EditSpace:
    """All allowed edits of one text, as columns; each one alone leaves its word legible.

    Attributes:
        text: clean text.
        starts, ends: int64 [num_edits], replaced spans. written: replacements.
        kinds: int8 [num_edits], index into `EDITS`.
        words: int64 [num_edits], index of the word in `spans` and `word_ink`.
        changes, gains: int64 [num_edits], see `Options`.
        spans: int64 [num_words, 2], start and end (exclusive) of each word in code points.
        word_ink: int64 [num_words].
        max_distance: maximum visual distance between an edited word and the original.
    """

    text: str
    starts: np.ndarray
    ends: np.ndarray
    written: list[str]
    kinds: np.ndarray
    words: np.ndarray
    changes: np.ndarray
    gains: np.ndarray
    spans: np.ndarray
    word_ink: np.ndarray
    max_distance: float
    first_touched: np.ndarray = field(init=False)
    last_touched: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        # Position 2i is letter i, 2i - 1 the gap before it. An insertion touches a gap; any other
        # edit touches its letters and the gaps between them.
        inserts = self.starts == self.ends
        object.__setattr__(self, "first_touched", 2 * self.starts + ~inserts)
        object.__setattr__(self, "last_touched", 2 * self.ends - ~inserts)

    def __len__(self) -> int:
        return len(self.written)

    def edit(self, index: int) -> Edit:
        kind = EDITS[self.kinds[index]]
        return Edit(int(self.starts[index]), int(self.ends[index]), self.written[index], kind)

    def edited(self, chosen: Sequence[int]) -> str:
        """Return the text with the edits of these indices."""
        return apply_edits(self.text, map(self.edit, chosen))

    def open(self, chosen: Sequence[int]) -> np.ndarray:
        """Return bool [num_edits]: whether each edit is compatible with those that are `chosen`.

        A compatible edit touches none of them and leaves its word legible. The sum of the costs is
        an upper bound of the visual distance of the word.
        """
        free = np.ones(len(self), dtype=bool)
        changed = self.changes.copy()
        total = 2 * self.word_ink[self.words] + self.gains
        for index in chosen:
            free &= (self.first_touched > self.last_touched[index]) | (
                self.last_touched < self.first_touched[index]
            )
            same_word = self.words == self.words[index]
            changed[same_word] += self.changes[index]
            total[same_word] += self.gains[index]
        return free & (changed <= self.max_distance * total)

    def compatible(self, chosen: Sequence[int], edit: int) -> bool:
        """Return `open(chosen)[edit]` without computing the other edits."""
        word = self.words[edit]
        changed, total = self.changes[edit], 2 * self.word_ink[word] + self.gains[edit]
        first, last = self.first_touched[edit], self.last_touched[edit]
        for index in chosen:
            if first <= self.last_touched[index] and self.first_touched[index] <= last:
                return False
            if self.words[index] == word:
                changed, total = changed + self.changes[index], total + self.gains[index]
        return bool(changed <= self.max_distance * total)

    @cached_property
    def by_kind(self) -> list[np.ndarray]:
        """Indices of the edits of each kind that occurs."""
        return [np.flatnonzero(self.kinds == kind) for kind in np.unique(self.kinds)]

    def word_distances(self, chosen: Sequence[int]) -> dict[str, float]:
        """Return the visual distance of each edited word; the largest one of equal words."""
        distances: dict[str, float] = {}
        for word in sorted({int(self.words[index]) for index in chosen}):
            start, end = self.spans[word].tolist()
            original = self.text[start:end]
            within = [self.edit(index) for index in chosen if self.words[index] == word]
            shifted = [Edit(e.start - start, e.end - start, e.written) for e in within]
            distance = visual_distance(original, apply_edits(original, shifted))
            distances[original] = max(distance, distances.get(original, 0.0))
        return distances


class EditTables:
    """Builds the allowed edits of texts from the settings of an attack."""

    def __init__(self, config: AttackConfig) -> None:
        self._config = config
        replaced = substitutions(config.tables) if "substitution" in config.edits else {}
        self.substitutes = {
            letter: legible_glyphs(letter, options, config.max_glyph_distance)
            for letter, options in replaced.items()
        }
        inserts = [
            (sign, kind)
            for kind in ("invisible", "punctuation")
            if kind in config.edits
            for sign in dict.fromkeys(getattr(config, kind))
        ]
        self._between = Options.of("", inserts)
        self._of_letter: dict[str, Options] = {}
        self._of_pair: dict[str, Options] = {}

    def space(self, text: str) -> EditSpace:
        """Return all edits of `text`, except of letters with combining marks."""
        texts = TextBatch.from_strings([text])
        found = find_words(texts)
        spans = np.stack([found.starts, found.ends], axis=1).astype(np.int64)
        plain = is_letter(texts.code_points)
        plain[:-1] &= ~is_mark(texts.code_points[1:])
        starts, lengths, words, parts = [], [], [], []
        for word, (first, end) in enumerate(spans.tolist()):
            for place in np.flatnonzero(plain[first:end]).tolist():
                at = first + place
                joined = at + 1 < end and bool(plain[at + 1])
                for length, offset, options in self._options(text[at : at + 1 + joined]):
                    if options.written:
                        starts.append(at + offset)
                        lengths.append(length)
                        words.append(word)
                        parts.append(options)
        counts = [len(part.written) for part in parts]
        begin = np.repeat(np.array(starts, dtype=np.int64), counts)
        space = EditSpace(
            text=text,
            starts=begin,
            ends=begin + np.repeat(np.array(lengths, dtype=np.int64), counts),
            written=[written for part in parts for written in part.written],
            kinds=_joined([part.kinds for part in parts], np.int8),
            words=np.repeat(np.array(words, dtype=np.int64), counts),
            changes=_joined([part.changes for part in parts], np.int64),
            gains=_joined([part.gains for part in parts], np.int64),
            spans=spans,
            word_ink=np.array([ink(text[a:b]) for a, b in spans.tolist()], dtype=np.int64),
            max_distance=self._config.max_distance,
        )
        return _kept(space, space.open([]))

    def _options(self, letters: str) -> list[tuple[int, int, Options]]:
        """Return the replacements of one or two letters as (span length, offset, replacements)."""
        letter = letters[0]
        options = [(1, 0, _found(self._of_letter, letter, self._letter_options))]
        if len(letters) == 2:
            options.append((0, 1, self._between))
            options.append((2, 0, _found(self._of_pair, letters, self._pair_options)))
        return options

    def _letter_options(self, letter: str) -> Options:
        options = [(sign, "substitution") for sign in self.substitutes.get(letter, ())]
        if "deletion" in self._config.edits:
            options.append(("", "deletion"))
        return Options.of(letter, options)

    def _pair_options(self, pair: str) -> Options:
        swapped = "swap" in self._config.edits and pair[0] != pair[1]
        return Options.of(pair, [(pair[::-1], "swap")] if swapped else [])


def substitutions(tables: Iterable[str]) -> dict[str, list[str]]:
    """Return letter → distinct replacements from these tables, without the empty one."""
    sources: dict[str, Callable[[], dict[str, list[str]]]] = {
        "unseen": unseen_options,
        **{f"level_{n}": partial(_added, n) for n in range(1, 5)},
    }
    merged: dict[str, list[str]] = {}
    for table in tables:
        for letter, options in sources[table]().items():
            known = merged.setdefault(letter, [])
            known += [sign for sign in options if sign and sign not in known]
    return merged


def legible_glyphs(letter: str, options: Iterable[str], max_distance: float) -> list[str]:
    """Return the options within this visual distance of `letter`."""
    return [sign for sign in options if visual_distance(letter, sign) <= max_distance]


def _added(level: int) -> dict[str, list[str]]:
    """Return the replacements of a noise level that are not in the level below."""
    below = letter_options(level - 1)
    return {
        letter: [sign for sign in options if sign not in below.get(letter, ())]
        for letter, options in letter_options(level).items()
    }


def _found(known: dict[str, Options], key: str, make: Callable[[str], Options]) -> Options:
    if key not in known:
        known[key] = make(key)
    return known[key]


def _joined(parts: list[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype=dtype), *parts])


def _kept(space: EditSpace, kept: np.ndarray) -> EditSpace:
    places = np.flatnonzero(kept)
    columns = ("starts", "ends", "kinds", "words", "changes", "gains")
    return EditSpace(
        text=space.text,
        written=[space.written[place] for place in places.tolist()],
        spans=space.spans,
        word_ink=space.word_ink,
        max_distance=space.max_distance,
        **{name: getattr(space, name)[places] for name in columns},
    )
