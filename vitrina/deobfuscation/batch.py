"""Output of a deobfuscator: the letters of words and the source glyphs of each letter.

Shapes: N glyphs, L letters, W words, B texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from vitrina.deobfuscation.spelling import Letters
from vitrina.deobfuscation.writer import WordWriter, WrittenWords
from vitrina.glyphs.segmentation import GlyphTokens
from vitrina.text.batch import TextBatch, offsets_of, ranges
from vitrina.text.offsets import OffsetMap


@dataclass(frozen=True)
class DeobfuscatedBatch:
    """The letters of texts.

    Glyphs and words are numbered across the whole batch. Words are not cut at white space alone:
    `х у й` is one word. The signs around a word are not part of it.

    Attributes:
        source: the normalized texts.
        glyphs: glyphs of the source.
        letters: letters of all words, in order.
        writer: writes words in plain letters.
    """

    source: TextBatch
    glyphs: GlyphTokens
    letters: Letters
    writer: WordWriter

    @property
    def codes_L(self) -> np.ndarray:
        """int64, visual codes; may be `UNKNOWN`."""
        return self.letters.codes

    @cached_property
    def word_L(self) -> np.ndarray:
        """int64, word index of each letter, non-decreasing."""
        return np.cumsum(np.diff(self.letters.word_of, prepend=-1) != 0) - 1

    @property
    def start_L(self) -> np.ndarray:
        """int64, first glyph of each letter."""
        return self.letters.start

    @property
    def end_L(self) -> np.ndarray:
        """int64, end glyph of each letter, exclusive; equals the start for an inserted letter."""
        return self.letters.end

    @property
    def anchor_L(self) -> np.ndarray:
        """int64, glyph that receives the n-grams of a letter; -1 if none."""
        return self.letters.anchor

    @property
    def lemma_L(self) -> np.ndarray:
        """uint64, hash of the lemma of each letter's word; 0 if no dictionary knows the word."""
        return self.letters.lemma

    @cached_property
    def text_of_word_W(self) -> np.ndarray:
        """int64, text index of each word."""
        text_of = np.repeat(np.arange(len(self.source)), self.glyphs.lengths)
        return text_of[self.start_L[np.flatnonzero(np.diff(self.word_L, prepend=-1))]]

    @cached_property
    def written(self) -> WrittenWords:
        """Spans of the words in the source, and the rewritten words."""
        return self.writer(self.source, self.glyphs, self.letters)

    @cached_property
    def text_W(self) -> np.ndarray:
        """object array of str, text of each word; the source text if unchanged."""
        lengths = self.written.end - self.written.start
        points = self.source.code_points[ranges(self.written.start, lengths)]
        words = np.array(TextBatch(points, offsets_of(lengths)).to_strings(), dtype=object)
        for word, text in self.written.texts.items():
            words[word] = text
        return words

    @cached_property
    def changed_W(self) -> np.ndarray:
        """bool, whether each word was rewritten."""
        changed = np.zeros(len(self.written.start), dtype=bool)
        changed[list(self.written.texts)] = True
        return changed

    @property
    def gain_W(self) -> np.ndarray:
        """float32, log-probability gain of each word over its literal form, in nats."""
        return self.written.gain

    @cached_property
    def cost_W(self) -> np.ndarray:
        """float32, nats: how improbable the glyphs of each word are, given its letters; 0 if the
        word was not searched."""
        begins, prior = np.flatnonzero(np.diff(self.word_L, prepend=-1)), self.writer.prior
        score_W = self.letters.score[begins]
        if prior is None:
            return np.zeros_like(score_W)
        cost_W = prior.log_p_of(self.codes_L, begins) - score_W
        return np.where(np.isnan(score_W), np.float32(0), cost_W.clip(min=0))

    def text(self) -> TextBatch:
        """Return the texts with the changed words in plain letters and the rest unchanged."""
        written = self.written
        if not written.texts:
            return self.source
        changed = list(written.texts)
        new = TextBatch.from_strings(list(written.texts.values()))
        points, parts, at = self.source.code_points, [], 0
        for number, word in enumerate(changed):
            parts += [points[at : written.start[word]], new.part(number, number + 1).code_points]
            at = written.end[word]
        grown = new.lengths - (written.end - written.start)[changed]
        lengths = self.source.lengths
        np.add.at(lengths, self.text_of_word_W[changed], grown)
        return TextBatch(np.concatenate([*parts, points[at:]]), offsets_of(lengths))

    def offsets(self) -> list[OffsetMap]:
        """Return the map from each text of `text()` to its source."""
        written, changed = self.written, np.array(list(self.written.texts), dtype=np.int64)
        bounds = np.searchsorted(self.text_of_word_W[changed], np.arange(len(self.source) + 1))
        maps = []
        for text, (first, last) in enumerate(pairwise(self.source.offsets.tolist())):
            starts, ends, at = [], [], first
            for word in changed[bounds[text] : bounds[text + 1]].tolist():
                kept = np.arange(at, int(written.start[word]))
                word_starts, word_ends = written.spans[word]
                starts += [kept, word_starts]
                ends += [kept + 1, word_ends]
                at = int(written.end[word])
            kept = np.arange(at, last)
            columns = (np.concatenate([*starts, kept]), np.concatenate([*ends, kept + 1]))
            maps.append(OffsetMap(columns[0] - first, columns[1] - first, last - first))
        return maps

    def take(self, texts_B: np.ndarray) -> DeobfuscatedBatch:
        """Return the texts at these indices; the result equals deobfuscating them."""
        glyphs, letters = self.glyphs, self.letters
        glyph_offsets = offsets_of(glyphs.lengths)
        num_words = np.bincount(self.text_of_word_W, minlength=len(self.source))
        word_offsets = offsets_of(num_words)
        letter_offsets = np.searchsorted(self.word_L, word_offsets)
        counts = np.diff(letter_offsets)[texts_B]
        taken = ranges(letter_offsets[texts_B], counts)
        start_shift = offsets_of(glyphs.lengths[texts_B])[:-1] - glyph_offsets[texts_B]
        shift = np.repeat(start_shift, counts)
        words = np.repeat(offsets_of(num_words[texts_B])[:-1] - word_offsets[texts_B], counts)
        anchor = letters.anchor[taken]
        part = Letters(
            letters.codes[taken],
            self.word_L[taken] + words,
            letters.start[taken] + shift,
            letters.end[taken] + shift,
            np.where(anchor >= 0, anchor + shift, -1),
            letters.score[taken],
            letters.lemma[taken],
        )
        return DeobfuscatedBatch(self.source.take(texts_B), glyphs.take(texts_B), part, self.writer)
