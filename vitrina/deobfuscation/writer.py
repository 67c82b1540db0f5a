"""Rewrites disguised words in plain letters and keeps all other words.

Codes merge look-alikes and fold case, so codes alone do not determine the text. A letter keeps its
source glyph if that glyph is frequent in the training texts and has the script of its code's
letter. A word is rewritten only if it is more probable than its literal form, and if that form is
not more frequent in the training texts (`кто-то`, `www`).

Shapes: N glyphs, G distinct glyphs, L letters, W words.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from vitrina.deobfuscation.codebook import BLANK, UNKNOWN, Codebook
from vitrina.deobfuscation.deletion_index import MIN_LENGTH, hashes_of
from vitrina.deobfuscation.plain_letters import plain_letter
from vitrina.deobfuscation.spelling import Letters
from vitrina.deobfuscation.word_prior import WordPrior
from vitrina.glyphs.segmentation import GlyphTokens, glyph_spans
from vitrina.text.batch import TextBatch, offsets_of, ranges

MIN_COUNT = 2
"""Minimum number of occurrences of a literal form in the training texts that is kept."""


@dataclass(frozen=True)
class WrittenWords:
    """Spans of words in the source, and the rewritten words.

    Attributes:
        start, end: int64 [W], span of each word in code points of the source.
        gain: float32 [W], log-probability gain of each word over its literal form, in nats; 0 if
            it equals the source.
        texts: word index → text of each rewritten word, in order.
        spans: word index → starts and ends in the source of each character of `texts`.
    """

    start: np.ndarray
    end: np.ndarray
    gain: np.ndarray
    texts: dict[int, str] = field(default_factory=dict)
    spans: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)


class WordWriter:
    """Rewrites disguised words in plain letters.

    Args:
        codebook: codes of the glyphs.
        literal: lower-case forms of words that are kept.
        prior: prior of the codes of words; without it, every gain is 0, and words without any
            plain letter are kept.
        unknown_score: score, in nats, of a rare glyph in the literal form.
        min_gain: minimum gain, in nats, of a word that has only frequent glyphs.
    """

    def __init__(
        self,
        codebook: Codebook,
        literal: Iterable[str] = (),
        prior: WordPrior | None = None,
        unknown_score: float = 0.0,
        min_gain: float = 0.0,
    ) -> None:
        self.codebook, self.literal = codebook, frozenset(literal)
        self.prior, self.unknown_score, self.min_gain = prior, unknown_score, min_gain

    def __call__(self, source: TextBatch, glyphs: GlyphTokens, letters: Letters) -> WrittenWords:
        """Return the spans of all words, and the text of those that are rewritten."""
        begins = np.flatnonzero(np.diff(letters.word_of, prepend=-1))
        offsets = np.append(begins, len(letters.codes))
        starts_N, ends_N = glyph_spans(source)
        text_N = np.repeat(source.offsets[:-1], glyphs.lengths)
        starts_N, ends_N = starts_N + text_N, ends_N + text_N
        first_W = letters.start[begins]
        last_W = (np.maximum.reduceat(letters.end, begins) if len(begins) else begins) - 1
        written = WrittenWords(
            starts_N[first_W], ends_N[last_W], np.zeros(len(begins), dtype=np.float32)
        )
        own_G = self.codebook(glyphs.clusters)
        pairs = zip(glyphs.clusters, own_G.tolist(), strict=True)
        plain_G = np.array([self._keeps_glyph(*each) for each in pairs], dtype=bool)
        ids_L = glyphs.ids[letters.start.clip(max=len(glyphs.ids) - 1)]
        plain_L = (letters.end - letters.start == 1) & (
            (letters.codes == UNKNOWN) | (letters.codes == own_G[ids_L]) & plain_G[ids_L]
        )
        literal_G = np.where(plain_G, own_G, UNKNOWN)
        length_L = (ends_N - starts_N)[letters.start.clip(max=len(starts_N) - 1)]
        for word in _rewritable(self.codebook, letters, offsets, plain_L, length_L, written):
            here = slice(offsets[word], offsets[word + 1])
            start, end = letters.start[here], letters.end[here]
            inside = glyphs.ids[first_W[word] : last_W[word] + 1]
            parts = [
                "".join(glyphs.clusters[i] for i in glyphs.ids[a:b].tolist())
                for a, b in zip(start.tolist(), end.tolist(), strict=True)
            ]
            candidate = _Word(
                letters.codes[here],
                parts,
                plain_L[here],
                float(letters.score[offsets[word]]),
                np.where(own_G[inside] == BLANK, BLANK, literal_G[inside]),
            )
            old = source.code_points[written.start[word] : written.end[word]]
            new = self._write(candidate, TextBatch(old, np.array([0, len(old)]))[0])
            if new is None:
                continue
            written.gain[word] = gain = self._gain(candidate)
            has_invisible = len(old) > sum(len(glyphs.clusters[i]) for i in inside.tolist())
            suspicious = has_invisible or UNKNOWN in candidate.literal  # UNKNOWN: rare glyphs
            if gain < (0.0 if suspicious else self.min_gain):
                continue
            written.texts[word] = "".join(new)
            counts = [len(each) for each in new]
            inserted = start == end
            points = np.append(starts_N, ends_N[-1:])
            point = np.where(start > first_W[word], ends_N[start - 1], points[start])
            written.spans[word] = (
                np.repeat(np.where(inserted, point, points[start]), counts),
                np.repeat(np.where(inserted, point, ends_N[end - 1]), counts),
            )
        return written

    def _keeps_glyph(self, cluster: str, code: int) -> bool:
        """Whether a glyph whose letter has the glyph's own code is kept."""
        letter = self.codebook.letters[code]
        if plain_letter(cluster) and not self.codebook.contains(cluster):
            return False
        if code == UNKNOWN or (cluster[0].isalpha() and not letter.isalpha()):
            return True
        if not self.codebook.contains(cluster):
            return False
        return not letter.isalpha() or _script(cluster) == _script(letter)

    def _write(self, word: _Word, old: str) -> list[str] | None:
        """Return the text of each letter, or None to keep the word."""
        letters = self.codebook.letters
        cased = [each for part in word.glyphs for each in part if each.lower() != each.upper()]
        upper = len(cased) > 1 and all(each.isupper() for each in cased)
        new = []
        for code, part, plain in zip(word.codes.tolist(), word.glyphs, word.plain, strict=True):
            letter = letters[code].upper() if upper or part.isupper() else letters[code]
            new.append(part if plain or code == UNKNOWN else letter)
        if cased and cased[0].isupper() and not any(each.isupper() for each in cased[1:]):
            new = [new[0].capitalize(), *(each.lower() for each in new[1:])]
        if "".join(new) == old or old.lower() in self.literal:
            return None
        return new if self._is_valid(word, new) else None

    def _is_valid(self, word: _Word, new: list[str]) -> bool:
        """Whether all letters have one script. A word without plain letters must be known."""
        if BLANK in word.literal and not self.codebook.is_letter[word.codes].all():
            return False  # `8 8 1` is not a word
        scripts = [_script(each) for each in new]
        kept = {script for script, plain in zip(scripts, word.plain, strict=True) if plain} - {""}
        if kept:
            changed = (
                script for script, plain in zip(scripts, word.plain, strict=True) if not plain
            )
            first = next(filter(None, changed), "")
            return not first or first in kept
        if self.prior is None or len(word.codes) < MIN_LENGTH:
            return False
        return bool(
            self.prior.known.knows(hashes_of(word.codes, np.array([0, len(word.codes)])))[0]
        )

    def _gain(self, word: _Word) -> float:
        """Return the gain over the literal form, which is cut into words at signs and blanks."""
        if self.prior is None:
            return 0.0
        separates = (word.literal == BLANK) | self.codebook.is_sign[word.literal]
        cuts = np.flatnonzero(np.diff(separates)) + 1
        pieces = zip(np.split(word.literal, cuts), np.split(separates, cuts), strict=True)
        words = [word.codes, *(piece for piece, separator in pieces if not separator[0])]
        lengths = np.array([len(part) for part in words])
        inside = np.arange(lengths.max()) < lengths[:, None]
        codes = np.zeros(inside.shape, dtype=np.int64)
        codes[inside] = np.concatenate(words)
        log_p = self.prior.log_p(codes, inside)
        found = log_p[0] if np.isnan(word.score) else word.score
        rare = np.count_nonzero(word.literal == UNKNOWN) * self.unknown_score
        return float(found - log_p[1:].sum() - rare)


@dataclass(frozen=True)
class _Word:
    """A possibly disguised word.

    Attributes:
        codes: int64 [L], codes of its letters.
        glyphs: source glyphs of each letter.
        plain: bool [L], whether a letter keeps its source glyph.
        score: joint log-probability of the word and its glyphs; NaN if unknown.
        literal: int64, own codes of all its glyphs.
    """

    codes: np.ndarray
    glyphs: list[str]
    plain: np.ndarray
    score: float
    literal: np.ndarray


def _rewritable(
    codebook: Codebook,
    letters: Letters,
    offsets: np.ndarray,
    plain_L: np.ndarray,
    length_L: np.ndarray,
    written: WrittenWords,
) -> list[int]:
    """Return the words that have a letter and differ from their concatenated source glyphs.

    Args:
        length_L: number of code points of the first glyph of each letter.
    """
    begins = offsets[:-1]
    if not len(begins):
        return []
    kept = np.add.reduceat(np.where(plain_L, length_L, 0), begins)
    differs = ~np.logical_and.reduceat(plain_L, begins) | (kept != written.end - written.start)
    differs &= np.logical_or.reduceat(codebook.is_letter[letters.codes], begins)
    return np.flatnonzero(differs).tolist()


@lru_cache(maxsize=1 << 12)
def _script(text: str) -> str:
    """Return the script of a letter, the first word of its Unicode name; empty for non-letters."""
    first = text[:1]
    return unicodedata.name(first, "").partition(" ")[0] if first.isalpha() else ""


def literal_forms(batches: Iterable[tuple[TextBatch, WrittenWords]]) -> list[str]:
    """Return the forms of words that are at least as frequent as their rewritten forms.

    Args:
        batches: clean training texts and their rewritten words.
    """
    counts: Counter[str] = Counter()
    rewritten: dict[str, str] = {}
    for source, written in batches:
        lengths = written.end - written.start
        words = TextBatch(source.code_points[ranges(written.start, lengths)], offsets_of(lengths))
        forms = [form.lower() for form in words.to_strings()]
        counts.update(forms)
        rewritten.update({forms[word]: text.lower() for word, text in written.texts.items()})
    return sorted(
        form for form, text in rewritten.items() if counts[form] >= max(MIN_COUNT, counts[text])
    )
