"""Writes words in plain letters where they are disguised, and leaves all other words as they are.

Codes merge glyphs that look alike and fold case, so a word's letters alone do not give its text
back. A letter is written as in the source if its glyph is frequent in the training texts and of the
script of its code's letter. A word is written anew only if it is likelier than its literal form,
and if the training texts do not hold that form more often (`кто-то`, `www`).

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
from vitrina.deobfuscation.deletion_index import LEAST, DeletionIndex, hashes_of
from vitrina.deobfuscation.language_model import NgramLanguageModel
from vitrina.deobfuscation.spelling import Letters
from vitrina.glyphs.segmentation import GlyphTokens, glyph_spans
from vitrina.text.batch import TextBatch, offsets_of, ranges

MIN_COUNT = 2
"""How often the training texts must hold a literal form that is left as it is."""


@dataclass(frozen=True)
class WrittenWords:
    """Where words are in the source, and which of them are written anew.

    Attributes:
        start, end: int64 [W], the code points of the source that a word is written in.
        gain: float32 [W], nats by which the letters of a word are likelier than its literal form;
            0 for a word that is as in the source.
        texts: the words that are written anew, in order.
        spans: for each of these the first code point of the source and the one behind the last, of
            each of its characters.
    """

    start: np.ndarray
    end: np.ndarray
    gain: np.ndarray
    texts: dict[int, str] = field(default_factory=dict)
    spans: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)


class WordWriter:
    """Writes words.

    Args:
        codebook: codes of the glyphs.
        literal: forms of words, in lower case, that are left as they are.
        model: language model of the codes of words; without it, every gain is 0.
        known: the known words; without them, a word of foreign letters alone is left as it is.
        min_gain: nats by which a word of frequent glyphs alone must be likelier than its literal
            form.
    """

    def __init__(
        self,
        codebook: Codebook,
        literal: Iterable[str] = (),
        model: NgramLanguageModel | None = None,
        known: DeletionIndex | None = None,
        min_gain: float = 0.0,
    ) -> None:
        self.codebook, self.literal = codebook, frozenset(literal)
        self.model, self.known, self.min_gain = model, known, min_gain

    def __call__(self, source: TextBatch, glyphs: GlyphTokens, letters: Letters) -> WrittenWords:
        """Write the words of texts."""
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
        plain_G = np.array([self._is_plain(*each) for each in pairs], dtype=bool)
        ids_L = glyphs.ids[letters.start.clip(max=len(glyphs.ids) - 1)]
        plain_L = (letters.end - letters.start == 1) & (
            (letters.codes == UNKNOWN) | (letters.codes == own_G[ids_L]) & plain_G[ids_L]
        )
        literal_G = np.where(plain_G, own_G, UNKNOWN)
        length_L = (ends_N - starts_N)[letters.start.clip(max=len(starts_N) - 1)]
        for word in _doubtful(self.codebook, letters, offsets, plain_L, length_L, written):
            here = slice(offsets[word], offsets[word + 1])
            start, end = letters.start[here], letters.end[here]
            inside = glyphs.ids[first_W[word] : last_W[word] + 1]
            parts = [
                "".join(glyphs.clusters[i] for i in glyphs.ids[a:b].tolist())
                for a, b in zip(start.tolist(), end.tolist(), strict=True)
            ]
            one = _Word(
                letters.codes[here],
                parts,
                plain_L[here],
                float(letters.score[offsets[word]]),
                np.where(own_G[inside] == BLANK, BLANK, literal_G[inside]),
            )
            old = source.code_points[written.start[word] : written.end[word]]
            new = self._write(one, TextBatch(old, np.array([0, len(old)]))[0])
            if new is None:
                continue
            written.gain[word] = gain = self._gain(one)
            hides = len(old) > sum(len(glyphs.clusters[i]) for i in inside.tolist())
            odd = hides or UNKNOWN in one.literal  # invisible characters, or rare glyphs
            if gain < (0.0 if odd else self.min_gain):
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

    def _is_plain(self, cluster: str, code: int) -> bool:
        """Whether a glyph of its own code is written as it is."""
        letter = self.codebook.letters[code]
        if code == UNKNOWN or (cluster[0].isalpha() and not letter.isalpha()):
            return True
        if not self.codebook.holds(cluster):
            return False
        return not letter.isalpha() or _script(cluster) == _script(letter)

    def _write(self, word: _Word, old: str) -> list[str] | None:
        """Return the text of each letter; None where the word is left as it is."""
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
        return new if self._is_sound(word, new) else None

    def _is_sound(self, word: _Word, new: list[str]) -> bool:
        """Whether a word stays of one script. If none of its letters is plain, it must be known."""
        if BLANK in word.literal and not self.codebook.is_letter[word.codes].all():
            return False  # `8 8 1` is no word
        scripts = [_script(each) for each in new]
        kept = {script for script, plain in zip(scripts, word.plain, strict=True) if plain} - {""}
        if kept:
            changed = (
                script for script, plain in zip(scripts, word.plain, strict=True) if not plain
            )
            wanted = next(filter(None, changed), "")
            return not wanted or wanted in kept
        if self.known is None or len(word.codes) < LEAST:
            return False
        return bool(self.known.knows(hashes_of(word.codes, np.array([0, len(word.codes)])))[0])

    def _gain(self, word: _Word) -> float:
        """Return the gain over the literal form, which signs and blanks cut into words."""
        if self.model is None:
            return 0.0
        cut = (word.literal == BLANK) | self.codebook.is_sign[word.literal]
        cuts = np.flatnonzero(np.diff(cut)) + 1
        pieces = zip(np.split(word.literal, cuts), np.split(cut, cuts), strict=True)
        words = [word.codes, *(piece for piece, signs in pieces if not signs[0])]
        lengths = np.array([len(part) for part in words])
        inside = np.arange(lengths.max()) < lengths[:, None]
        codes = np.zeros(inside.shape, dtype=np.int64)
        codes[inside] = np.concatenate(words)
        log_p = self.model.log_p(codes, inside)
        found = log_p[0] if np.isnan(word.score) else word.score
        return float(found - log_p[1:].sum())


@dataclass(frozen=True)
class _Word:
    """A word that may be disguised.

    Attributes:
        codes: int64 [L].
        glyphs: the glyphs of each letter.
        plain: bool [L], whether a letter is written as in the source.
        score: logarithm of the probability of the word and its glyphs; nan if unknown.
        literal: int64, the codes of all its glyphs by themselves.
    """

    codes: np.ndarray
    glyphs: list[str]
    plain: np.ndarray
    score: float
    literal: np.ndarray


def _doubtful(
    codebook: Codebook,
    letters: Letters,
    offsets: np.ndarray,
    plain_L: np.ndarray,
    length_L: np.ndarray,
    written: WrittenWords,
) -> list[int]:
    """Return the words with a letter that are not just their glyphs, one after the other.

    Args:
        length_L: code points of the first glyph of each letter.
    """
    begins = offsets[:-1]
    if not len(begins):
        return []
    shown = np.add.reduceat(np.where(plain_L, length_L, 0), begins)
    doubtful = ~np.logical_and.reduceat(plain_L, begins) | (shown != written.end - written.start)
    doubtful &= np.logical_or.reduceat(codebook.is_letter[letters.codes], begins)
    return np.flatnonzero(doubtful).tolist()


@lru_cache(maxsize=1 << 12)
def _script(text: str) -> str:
    """Return the script of a letter, the first word of its name; empty for any other character."""
    first = text[:1]
    return unicodedata.name(first, "").partition(" ")[0] if first.isalpha() else ""


def literal_forms(batches: Iterable[tuple[TextBatch, WrittenWords]]) -> list[str]:
    """Return the forms of words that the texts hold at least as often as what they would become.

    Args:
        batches: the clean training texts, and how their words are written.
    """
    counts: Counter[str] = Counter()
    become: dict[str, str] = {}
    for source, written in batches:
        lengths = written.end - written.start
        words = TextBatch(source.code_points[ranges(written.start, lengths)], offsets_of(lengths))
        forms = [form.lower() for form in words.to_strings()]
        counts.update(forms)
        become.update({forms[word]: text.lower() for word, text in written.texts.items()})
    return sorted(
        form for form, text in become.items() if counts[form] >= max(MIN_COUNT, counts[text])
    )
