"""Corruption of texts, whole batches at once, with every edit's position.

One scheme carries all options of noise. A text is touched or not; in a touched text each word is
touched with a probability; a touched word draws a rate, at which each of its letters is replaced,
and after each of its letters something may be inserted. Toxic words and all others have a
`PerturbationPolicy` each, and only where the two differ is the lexicon asked. With families of
noise each family has a `PerturbationPolicy`, and a touched word draws one of them.

All draws are keyed (`vitrina.noise.randomness`): a text's noise depends on the seed, the epoch and
the text's index in its dataset, never on the batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vitrina.noise.config import NoiseConfig
from vitrina.noise.perturbed import PerturbedBatch, apply_edits
from vitrina.noise.policy import Policies
from vitrina.noise.randomness import Stream, text_keys, uniforms
from vitrina.noise.replacements import Replacements, count_replacements
from vitrina.noise.tables import ALPHABET, StringTable, letter_rows
from vitrina.registry import build
from vitrina.text.batch import TextBatch, ranges
from vitrina.text.lexicon import Lexicon
from vitrina.text.spans import Spans
from vitrina.text.words import Words, find_words, is_letter

TEXTS_AT_ONCE = 4096
"""Texts corrupted together, which bounds the memory; it does not change the noise."""


def build_noise(config: NoiseConfig, seed: int, *, mark_toxic: bool = False) -> Noise:
    """The noise of a `noise` option.

    Args:
        config: one of the options in `vitrina.noise.config`.
        seed: of all draws.
        mark_toxic: let `Noise.mark` ask the lexicon even where the noise does not need it.

    Raises:
        InputError: if the glyph clusters or the lexicon are needed and cannot be read.
    """
    policies: Policies = build("noise", config)
    kinds = policies.kinds
    by_toxicity = policies.weights is None and kinds[0] != kinds[1]
    lexicon = Lexicon.load(config.lexicon) if mark_toxic or by_toxicity else None
    return Noise(policies, seed, resample_each_epoch=config.resample_each_epoch, lexicon=lexicon)


@dataclass(frozen=True)
class _Letters:
    """Code points of the touched words of a batch, `n` in all.

    Attributes:
        places: int64 [n], in the batch's code points.
        positions: int64 [n], counted from the text's start.
        keys: uint64 [n], of the text.
        groups: int64 [n], the treatment: 1 in toxic words, 0 in others; or the drawn family.
        rates: float64 [n], probability of a replacement.
        last: bool [n], whether it ends its word.
    """

    places: np.ndarray
    positions: np.ndarray
    keys: np.ndarray
    groups: np.ndarray
    rates: np.ndarray
    last: np.ndarray

    def uniforms(self, chosen: np.ndarray, stream: Stream) -> np.ndarray:
        return uniforms(self.keys[chosen], self.positions[chosen], stream)


class Noise:
    """Draws noise over batches of texts.

    Attributes:
        changes: whether any text can change at all.
        needs_lexicon: whether toxic words are treated differently from others.
    """

    def __init__(
        self,
        policies: Policies,
        seed: int,
        *,
        resample_each_epoch: bool,
        lexicon: Lexicon | None,
    ) -> None:
        kinds, weights, p_text = policies.kinds, policies.weights, policies.p_text
        self.p_text, self.seed, self.resample_each_epoch = p_text, seed, resample_each_epoch
        self.needs_lexicon = weights is None and kinds[0] != kinds[1]
        assert lexicon is not None or not self.needs_lexicon
        assert weights is None or len({kind.p_word for kind in kinds}) == 1
        self.changes = p_text > 0 and any(kind.changes for kind in kinds)
        self._lexicon = lexicon
        self._shares = None if weights is None else np.cumsum(weights) / sum(weights)
        self._p_word = np.array([kind.p_word for kind in kinds])
        self._rates = StringTable.of([[""] * len(kind.rates) for kind in kinds])
        self._rate_values = np.array([rate for kind in kinds for rate in kind.rates])
        # Behind the replacements each letter stands by itself, for letters that change places.
        self._replacements = StringTable.of(
            [kind.options.get(letter, ()) for kind in kinds for letter in ALPHABET]
            + [[letter] for letter in ALPHABET]
        )
        self._letter_rows = letter_rows()
        # Insertions: row 0 holds the space, the others what else each treatment inserts.
        self._insertions = StringTable.of([[" "], *(kind.inserts for kind in kinds)])
        self._p_space = np.array([kind.p_space for kind in kinds])
        self._p_insert = self._p_space + np.array([kind.p_insert for kind in kinds])
        self._behind_words = np.array([kind.behind_words for kind in kinds])
        self._swaps = np.array([kind.swaps for kind in kinds])
        self._rewriters = {n: kind.rewrite for n, kind in enumerate(kinds) if kind.rewrite}

    def mark(self, texts: TextBatch) -> Words:
        """The words of `texts`, toxic ones flagged where this noise asks for it."""
        words = find_words(texts)
        return self._lexicon.mark(texts, words) if self._lexicon is not None else words

    def __call__(
        self, texts: TextBatch, words: Words, indices: np.ndarray, epoch: int
    ) -> PerturbedBatch:
        """Corrupt a batch.

        Args:
            texts: the batch.
            words: what `mark` found in these texts.
            indices: int64 [B], where each text stands in its dataset; the noise is keyed by it.
            epoch: keys the noise too, unless the noise is drawn once.
        """
        assert len(texts) == len(indices) == len(words.offsets) - 1
        if not self.changes or len(words) == 0:
            return PerturbedBatch.unchanged(texts, words)
        keys = text_keys(self.seed, epoch if self.resample_each_epoch else 0, indices)  # [B]
        letters = self._touched(texts, words, keys)
        replaced, replacement = self._replaced(texts, letters)
        replacements = self._replacements
        if self._rewriters:
            replaced, replacement, replacements = self._rewritten(
                texts, letters, replaced, replacement
            )
        behind, insertion = self._inserted(texts, letters)
        return apply_edits(
            texts,
            words,
            replaced,
            replacements,
            replacement,
            behind,
            self._insertions,
            insertion,
        )

    def corrupted(
        self, texts: TextBatch, words: Words, indices: np.ndarray, epoch: int
    ) -> TextBatch:
        """What calling gives, without the edits and in bounded memory: for any number of texts."""
        return TextBatch.join(
            [noisy.texts for noisy in self._by_parts(texts, words, indices, epoch)]
        )

    def corrupted_with(
        self, texts: TextBatch, words: Words, spans: Spans, indices: np.ndarray, epoch: int
    ) -> tuple[TextBatch, Spans]:
        """What `corrupted` gives, and where `spans` of the clean texts stand in it."""
        parts, map_spans, start = [], [], 0
        for noisy in self._by_parts(texts, words, indices, epoch):
            stop = start + len(noisy.texts)
            parts.append(noisy.texts)
            map_spans.append(noisy.map_spans(spans.part(start, stop)))
            start = stop
        return TextBatch.join(parts), Spans.join(map_spans) if map_spans else spans

    def replacements(
        self, texts: TextBatch, words: Words, indices: np.ndarray, epoch: int
    ) -> Replacements:
        """What stands in `corrupted` in place of letters, and between them."""
        parts = self._by_parts(texts, words, indices, epoch)
        starts = range(0, len(texts), TEXTS_AT_ONCE)
        clean = (texts.part(n, min(n + TEXTS_AT_ONCE, len(texts))).to_strings() for n in starts)
        return count_replacements(zip(parts, clean, strict=True))

    def _by_parts(
        self, texts: TextBatch, words: Words, indices: np.ndarray, epoch: int
    ) -> Iterator[PerturbedBatch]:
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            stop = min(start + TEXTS_AT_ONCE, len(texts))
            some, their_words = texts.part(start, stop), words.part(start, stop)
            yield self(some, their_words, indices[start:stop], epoch)

    def _touched(self, texts: TextBatch, words: Words, keys: np.ndarray) -> _Letters:
        """The code points of the words that are touched, with the rates that these words drew."""
        text_of_word = words.text_indices()
        groups = words.toxic.astype(np.int64) if self.needs_lexicon else np.zeros_like(text_of_word)
        word_keys = keys[text_of_word]
        touched = np.ones(len(words), dtype=bool)
        if (self._p_word < 1).any():
            touched = uniforms(word_keys, words.starts, Stream.WORD) < self._p_word[groups]
        if self.p_text < 1:
            active = uniforms(keys, np.zeros(len(keys), dtype=np.int64), Stream.TEXT) < self.p_text
            touched &= active[text_of_word]
        chosen = np.flatnonzero(touched)
        groups, word_keys = groups[chosen], word_keys[chosen]
        starts, lengths = words.starts[chosen], (words.ends - words.starts)[chosen]
        if self._shares is not None:
            draws = uniforms(word_keys, starts, Stream.FAMILY)
            groups = np.searchsorted(self._shares[:-1], draws, side="right")
        rate_entries = self._rates.first[groups]
        if (self._rates.counts > 1).any():
            draws = uniforms(word_keys, starts, Stream.RATE)
            rate_entries = self._rates.choose(groups, draws)
        word = np.repeat(np.arange(len(chosen)), lengths)
        positions = ranges(starts, lengths)
        last = np.zeros(len(positions), dtype=bool)
        last[np.cumsum(lengths) - 1] = True
        return _Letters(
            places=positions + texts.offsets[text_of_word[chosen]][word],
            positions=positions,
            keys=word_keys[word],
            groups=groups[word],
            rates=self._rate_values[rate_entries][word],
            last=last,
        )

    def _replaced(self, texts: TextBatch, letters: _Letters) -> tuple[np.ndarray, np.ndarray]:
        """Places of replaced letters, rising, and the entry of the table for each."""
        rows = self._letter_rows.take(texts.code_points[letters.places], mode="clip").astype(
            np.int64
        )
        known = np.flatnonzero(rows >= 0)
        letter = rows[known]
        rows = letter + letters.groups[known] * len(ALPHABET)
        draws = letters.uniforms(known, Stream.LETTER)
        drawn = draws < letters.rates[known]
        hit = drawn & (self._replacements.counts[rows] > 0)
        chosen, rows = known[hit], rows[hit]
        entries = self._replacements.choose(rows, letters.uniforms(chosen, Stream.OPTION))
        if self._swaps.any():
            swapped, others = self._swapped(letters, known, letter, drawn)
            chosen, entries = np.append(chosen, swapped), np.append(entries, others)
            order = np.argsort(chosen)
            chosen, entries = chosen[order], entries[order]
        return letters.places[chosen], entries

    def _swapped(
        self, letters: _Letters, known: np.ndarray, letter: np.ndarray, drawn: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Letters that change places with their neighbours, and the entry that each becomes.

        Args:
            known: int64 [n], which code points are Russian letters.
            letter: int64 [n], their places in `ALPHABET`.
            drawn: bool [n], whether each is to begin a pair.
        """
        if not len(known):
            return known, known
        begins = drawn & self._swaps[letters.groups[known]] & ~letters.last[known]
        begins[:-1] &= (known[1:] == known[:-1] + 1) & (letter[1:] != letter[:-1])
        begins[-1] = False
        # Of neighbours that are all to begin a pair, every second one does.
        place = np.arange(len(known))
        first = begins.copy()
        first[1:] &= ~begins[:-1]
        since = place - np.maximum.accumulate(np.where(first, place, 0))
        left = np.flatnonzero(begins & (since % 2 == 0))
        itself = self._replacements.first[-len(ALPHABET) :]
        places = np.concatenate([left, left + 1])
        return known[places], itself[letter[np.concatenate([left + 1, left])]]

    def _rewritten(
        self,
        texts: TextBatch,
        letters: _Letters,
        replaced: np.ndarray,
        replacement: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, StringTable]:
        """Add the words that policies rewrite: the first code point becomes the word, others go."""
        ends = np.flatnonzero(letters.last) + 1
        starts = np.append(0, ends[:-1])
        places, words, entries = [replaced], [], [replacement]
        first = len(self._replacements.lengths)
        gone = first  # the first of the added entries is empty
        for group, rewrite in self._rewriters.items():
            mine = np.flatnonzero(letters.groups[starts] == group)
            if not len(mine):
                continue
            heads = starts[mine]
            draws = letters.uniforms(heads, Stream.OPTION)
            spans = [letters.places[a:b] for a, b in zip(heads, ends[mine], strict=True)]
            old = [_as_text(texts.code_points[span]) for span in spans]
            new = list(rewrite(old, draws))
            assert len(new) == len(old), "a rewriter returns as many words as it gets"
            changed = [n for n, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
            for n in changed:
                places.append(spans[n])
                words.append(new[n])
                entries.append(np.append(first + len(words), np.full(len(spans[n]) - 1, gone)))
        merged, chosen = np.concatenate(places), np.concatenate(entries)
        order = np.argsort(merged, kind="stable")
        table = self._replacements.joined(StringTable.of([["", *words]]))
        return merged[order], chosen[order].astype(np.int64), table

    def _inserted(self, texts: TextBatch, letters: _Letters) -> tuple[np.ndarray, np.ndarray]:
        """Places of letters with something behind them, rising, and the entry for each."""
        if not (self._p_insert > 0).any():
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        draws = uniforms(letters.keys, letters.positions, Stream.INSERT)
        hit = draws < self._p_insert[letters.groups]
        hit &= is_letter(texts.code_points[letters.places])
        hit &= ~letters.last | self._behind_words[letters.groups]
        chosen = np.flatnonzero(hit)
        groups = letters.groups[chosen]
        # A space is never put behind a word: it would stand before another space.
        space = draws[chosen] < self._p_space[groups]
        keep = ~(space & letters.last[chosen])
        chosen, groups, space = chosen[keep], groups[keep], space[keep]
        rows = np.where(space, 0, 1 + groups)
        entries = self._insertions.choose(rows, letters.uniforms(chosen, Stream.INSERTED))
        return letters.places[chosen], entries


def _as_text(code_points: np.ndarray) -> str:
    return code_points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
