"""How much of a text was read, and whether the training texts hold such text.

Both are shares that do not depend on the prediction: a text that nobody can read is neither toxic
nor safe, and neither is one in a language that the training never showed.

Shapes: N glyphs, G distinct glyphs, W words, B texts.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.glyphs.cache import BoundedCache
from vitrina.glyphs.segmentation import GlyphTokens, count_glyphs, glyph_spans, segment
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch, offsets_of
from vitrina.text.dictionary import Dictionary
from vitrina.text.lexicon import fold
from vitrina.text.words import find_words

MIN_SHARE = 1e-5
"""Minimum share of a glyph among the glyphs of the training texts."""
MIN_SCRIPT_SHARE = 1e-3
"""Minimum share of a script among the letters of the training texts."""
MAX_COST = 0.5
"""Nats per letter; a word that is read at a higher cost counts as not read."""
INSIDE = frozenset("-‐'’ʼ")
"""Signs inside of plain words."""
CACHE_SIZE = 1 << 17
"""Words in the cache of known words."""


@dataclass(frozen=True)
class Coverage:
    """Two shares for each text, from 0 to 1.

    Attributes:
        unread: float64 [B], share of the glyphs, blanks aside, that were not read; 1 for a text
            without glyphs.
        unsupported: float64 [B], share of the letters that are of a script, or in a word, that the
            training texts do not hold; 0 for a text without letters.
    """

    unread: np.ndarray
    unsupported: np.ndarray

    @classmethod
    def join(cls, parts: Sequence[Coverage]) -> Coverage:
        """Return the shares of the texts of all parts."""
        none = [np.zeros(0)]
        return cls(
            np.concatenate([part.unread for part in parts] or none),
            np.concatenate([part.unsupported for part in parts] or none),
        )


def fit_coverage(texts: TextBatch) -> FittedState:
    """Return what the training texts hold.

    Args:
        texts: normalized training texts.

    Returns:
        `glyphs` and `scripts`, JSON lists, and `words`, uint64 hashes, sorted.
    """
    counts = count_glyphs(texts)
    total = sum(count for glyph, count in counts.items() if glyph != " ")
    letters: Counter[str] = Counter()
    for glyph, count in counts.items():
        letters[_script(glyph)] += count
    del letters[""]
    enough = MIN_SCRIPT_SHARE * letters.total()
    names = {
        "glyphs": sorted(
            {g.lower() for g, n in counts.items() if g != " " and n >= MIN_SHARE * total}
        ),
        "scripts": sorted(script for script, count in letters.items() if count >= enough),
    }
    words = {fold(word) for word in find_words(texts).texts(texts).to_strings()}
    hashes = np.array(sorted(map(_hash, words)), dtype=np.uint64)
    return FittedState(
        {"words": hashes}, {k: json.dumps(v, ensure_ascii=False) for k, v in names.items()}
    )


class TrainingTexts:
    """What the training texts hold: glyphs, scripts and words.

    It is picklable and thread-safe.

    Args:
        fitted: the result of `fit_coverage`.
        dictionary: further known words; None: there is none.
    """

    def __init__(self, fitted: FittedState, dictionary: Dictionary | None = None) -> None:
        self.glyphs = frozenset(json.loads(fitted.texts["glyphs"]))
        self.scripts = frozenset(json.loads(fitted.texts["scripts"]))
        self.words = frozenset(fitted.arrays["words"].tolist())
        self.dictionary = dictionary
        self._cache: BoundedCache[str, bool] = BoundedCache(CACHE_SIZE)

    def coverage(self, texts: TextBatch, read: DeobfuscatedBatch | None) -> Coverage:
        """Return how much of normalized texts was read and is supported.

        Without a deobfuscator, a glyph is read if the training texts hold it. With one, all glyphs
        are read but those of words that were not read: words that hold a glyph which the training
        texts do not, emoji aside, and whose letters are no known word, and words whose reading
        costs more than `MAX_COST` a letter.

        A word is known if the training texts or the dictionary hold it. Unsupported letters are
        those of other scripts, and those of unknown words that hold nothing but letters of one
        script.

        Args:
            read: the deobfuscated texts; None without a deobfuscator.
        """
        if not len(texts):
            return Coverage(np.zeros(0), np.zeros(0))
        glyphs = segment(texts) if read is None else read.glyphs
        words = _written_words(texts, glyphs) if read is None else _read_words(read)
        new_G, blank_G, letter_G, foreign_G = (
            np.array(column, dtype=bool)
            for column in zip(*map(self._traits, glyphs.clusters), strict=True)
        )
        pairs = zip(words.read, words.written, strict=True)
        known_W = np.array([any(map(self.knows, pair)) for pair in pairs], dtype=bool)
        known_W |= words.has_lemma
        inside = _Inside(glyphs, words)
        new_W = inside.count(new_G)
        plain_W = np.array([_is_plain(word) for word in words.written], dtype=bool)
        if read is None:
            unread_B = inside.per_text(new_G)
        else:
            unread_W = ~known_W & (new_W > 0) | (words.cost > MAX_COST)
            unread_B = inside.sum(np.where(unread_W, words.end - words.start, 0))
        foreign_W = inside.count(foreign_G)
        unknown_W = np.where(plain_W & ~known_W, inside.count(letter_G) - foreign_W, 0)
        unsupported_B = inside.per_text(foreign_G) + inside.sum(unknown_W)
        glyphs_B, letters_B = inside.per_text(~blank_G), inside.per_text(letter_G)
        unread_B = np.where(glyphs_B > 0, unread_B / glyphs_B.clip(min=1), 1)
        return Coverage(unread_B.clip(max=1), unsupported_B / letters_B.clip(min=1))

    def knows(self, word: str) -> bool:
        """Whether the training texts or the dictionary hold a word, or all parts of it."""
        known = self._cache.get(word)
        if known is None:
            parts = [part for part in word.replace("‐", "-").split("-") if part]
            known = bool(parts) and all(map(self._knows_part, parts))
            self._cache.put(word, known)
        return known

    def _knows_part(self, word: str) -> bool:
        if _hash(fold(word)) in self.words:
            return True
        return self.dictionary is not None and bool(self.dictionary.lemma_hashes([word])[0])

    def _traits(self, glyph: str) -> tuple[bool, bool, bool, bool]:
        """Return whether a glyph is new, blank, a letter, and a letter of another script."""
        if glyph == " ":
            return False, True, False, False
        script = _script(glyph)
        new = glyph.lower() not in self.glyphs and not _is_emoji(glyph)
        return new, False, bool(script), bool(script) and script not in self.scripts


@dataclass(frozen=True)
class _TextWords:
    """Words of texts.

    Attributes:
        text: int64 [W], text index. start, end: int64 [W], span of glyphs.
        written, read: each word as it is written, and in plain letters.
        has_lemma: bool [W], whether the dictionary knows the word as it is written.
        cost: float [W], nats per letter of the reading.
    """

    text: np.ndarray
    start: np.ndarray
    end: np.ndarray
    written: list[str]
    read: list[str]
    has_lemma: np.ndarray
    cost: np.ndarray


def _read_words(read: DeobfuscatedBatch) -> _TextWords:
    begins = np.flatnonzero(np.diff(read.word_L, prepend=-1))
    if not len(begins):
        none = np.zeros(0, dtype=np.int64)
        return _TextWords(none, none, none, [], [], none > 0, none)
    ends = np.append(begins[1:], len(read.word_L))
    first_W, last_W = read.start_L[begins], np.maximum.reduceat(read.end_L, begins)
    clusters, letters = read.glyphs.clusters, read.writer.codebook.letters
    return _TextWords(
        read.text_of_word_W,
        first_W,
        last_W,
        _joined([clusters[i] for i in read.glyphs.ids.tolist()], first_W, last_W),
        _joined([letters[code] for code in read.codes_L.tolist()], begins, ends),
        read.lemma_L[begins] != 0,
        read.cost_W / (ends - begins),
    )


def _joined(parts: list[str], starts: np.ndarray, ends: np.ndarray) -> list[str]:
    """Return the joined parts from each start to its end."""
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    return ["".join(parts[start:end]) for start, end in spans]


def _written_words(texts: TextBatch, glyphs: GlyphTokens) -> _TextWords:
    words = find_words(texts)
    starts_N, _ = glyph_spans(texts)
    starts_N = starts_N + np.repeat(texts.offsets[:-1], glyphs.lengths)
    text_of = np.repeat(np.arange(len(texts)), words.counts)
    shift = texts.offsets[text_of]
    start, end = (np.searchsorted(starts_N, each + shift) for each in (words.starts, words.ends))
    written = words.texts(texts).to_strings()
    zeros = np.zeros(len(written))
    return _TextWords(text_of, start, end, written, written, zeros > 0, zeros)


class _Inside:
    """Counts glyphs inside of words and texts."""

    def __init__(self, glyphs: GlyphTokens, words: _TextWords) -> None:
        self.glyphs, self.words = glyphs, words
        self._offsets = offsets_of(glyphs.lengths)

    def per_text(self, has_G: np.ndarray) -> np.ndarray:
        """Return int64 [B], glyphs of each text that have a trait."""
        return np.diff(self._sums(has_G)[self._offsets])

    def count(self, has_G: np.ndarray) -> np.ndarray:
        """Return int64 [W], glyphs of each word that have a trait."""
        sums = self._sums(has_G)
        return sums[self.words.end] - sums[self.words.start]

    def sum(self, values_W: np.ndarray) -> np.ndarray:
        """Return float64 [B], sums over the words of each text."""
        return np.bincount(self.words.text, weights=values_W, minlength=len(self.glyphs.lengths))

    def _sums(self, has_G: np.ndarray) -> np.ndarray:
        return np.append(0, np.cumsum(has_G[self.glyphs.ids]))


@lru_cache(maxsize=1 << 14)
def _script(glyph: str) -> str:
    """Return the script of a letter, the first word of its Unicode name; empty for no letter."""
    first = glyph[:1]
    return unicodedata.name(first, "?").partition(" ")[0] if first.isalpha() else ""


@lru_cache(maxsize=1 << 14)
def _is_emoji(glyph: str) -> bool:
    """Whether a glyph is a picture, and no styled letter (`🅰`)."""
    first = glyph[0]
    return unicodedata.category(first) == "So" and "LETTER" not in unicodedata.name(first, "")


def _is_plain(word: str) -> bool:
    """Whether a word holds nothing but letters of one script, and hyphens or apostrophes."""
    scripts = {_script(each) for each in word if each not in INSIDE}
    return len(scripts) == 1 and "" not in scripts


def _hash(word: str) -> int:
    digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest)
