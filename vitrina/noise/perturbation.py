"""Noise on whole batches of texts, with the position of every edit.

All options of `noise` use one scheme. A text is touched or not; in a touched text each word is
touched with a probability. A touched word draws a rate, the probability that each letter is
replaced, and characters may be inserted after each letter. Toxic words and other words have one
`PerturbationPolicy` each; the lexicon is needed only if the two differ. With noise families each
family has a `PerturbationPolicy`, and a touched word draws one of them.

All draws are counter-based (`vitrina.noise.randomness`): the noise of a text depends on the seed,
the epoch and the index of the text in its dataset, but not on the batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
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
"""Texts per pass. It bounds the memory and does not change the noise."""


def build_noise(config: NoiseConfig, seed: int, *, mark_toxic: bool = False) -> Noise:
    """Build the noise of an option of `noise`.

    Args:
        config: one of the options in `vitrina.noise.config`.
        seed: the seed of all draws.
        mark_toxic: let `Noise.mark` use the lexicon even if the noise does not need it.

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
        positions: int64 [n], counted from the start of the text.
        keys: uint64 [n], the key of the text.
        groups: int64 [n], index of the policy: 1 for toxic words, else 0; or the drawn family.
        rates: float64 [n], probability of a replacement.
        last: bool [n], whether the code point is the last one of its word.
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
    """Applies noise to batches of texts.

    Attributes:
        changes: whether any text can change.
        needs_lexicon: whether toxic words have a policy of their own.
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
        # The last rows contain each letter itself; swaps use them.
        self._replacements = StringTable.of(
            [kind.options.get(letter, ()) for kind in kinds for letter in ALPHABET]
            + [[letter] for letter in ALPHABET]
        )
        self._letter_rows = letter_rows()
        # Row 0 contains the space; row 1 + i the other insertions of policy i.
        self._insertions = StringTable.of([[" "], *(kind.inserts for kind in kinds)])
        self._p_space = np.array([kind.p_space for kind in kinds])
        self._p_insert = self._p_space + np.array([kind.p_insert for kind in kinds])
        self._after_words = np.array([kind.after_words for kind in kinds])
        self._swaps = np.array([kind.swaps for kind in kinds])
        self._rewriters = {n: kind.rewrite for n, kind in enumerate(kinds) if kind.rewrite}

    def in_every_word(self) -> Noise:
        """Return this noise with all words of a touched text touched, for texts of few words."""
        other = copy(self)
        other._p_word = np.where(self._p_word > 0, 1.0, 0.0)
        return other

    def mark(self, texts: TextBatch) -> Words:
        """Find the words of `texts`; mark toxic words if this noise has a lexicon."""
        words = find_words(texts)
        return self._lexicon.mark(texts, words) if self._lexicon is not None else words

    def __call__(
        self, texts: TextBatch, words: Words, indices: np.ndarray, epoch: int
    ) -> PerturbedBatch:
        """Apply the noise to a batch.

        Args:
            texts: the batch.
            words: the result of `mark` for these texts.
            indices: int64 [B], index of each text in its dataset, a key of the noise.
            epoch: also a key of the noise, unless `resample_each_epoch` is False.
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
        inserted_after, insertion = self._inserted(texts, letters)
        return apply_edits(
            texts,
            words,
            replaced,
            replacements,
            replacement,
            inserted_after,
            self._insertions,
            insertion,
        )

    def corrupted(
        self, texts: TextBatch, words: Words, indices: np.ndarray, epoch: int
    ) -> TextBatch:
        """Return the noisy texts without their edits, in bounded memory for any number of texts."""
        return TextBatch.join(
            [noisy.texts for noisy in self._by_parts(texts, words, indices, epoch)]
        )

    def corrupted_with(
        self, texts: TextBatch, words: Words, spans: Spans, indices: np.ndarray, epoch: int
    ) -> tuple[TextBatch, Spans]:
        """Return the noisy texts and `spans` of the clean texts mapped to them."""
        parts, mapped, start = [], [], 0
        for noisy in self._by_parts(texts, words, indices, epoch):
            stop = start + len(noisy.texts)
            parts.append(noisy.texts)
            mapped.append(noisy.map_spans(spans.part(start, stop)))
            start = stop
        return TextBatch.join(parts), Spans.join(mapped) if mapped else spans

    def replacements(
        self, texts: TextBatch, words: Words, indices: np.ndarray, epoch: int
    ) -> Replacements:
        """Count the replacements and insertions of `corrupted`."""
        parts = self._by_parts(texts, words, indices, epoch)
        starts = range(0, len(texts), TEXTS_AT_ONCE)
        clean = (texts.part(n, min(n + TEXTS_AT_ONCE, len(texts))).to_strings() for n in starts)
        return count_replacements(zip(parts, clean, strict=True))

    def _by_parts(
        self, texts: TextBatch, words: Words, indices: np.ndarray, epoch: int
    ) -> Iterator[PerturbedBatch]:
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            stop = min(start + TEXTS_AT_ONCE, len(texts))
            part = texts.part(start, stop)
            yield self(part, words.part(start, stop), indices[start:stop], epoch)

    def _touched(self, texts: TextBatch, words: Words, keys: np.ndarray) -> _Letters:
        """Draw the touched words and their rates; return their code points."""
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
        """Return ascending places of replaced letters, and the table entry of each."""
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
        """Return the letters that are swapped with a neighbor, and the table entry of each.

        Args:
            known: int64 [n], indices of Russian letters.
            letter: int64 [n], their indices in `ALPHABET`.
            drawn: bool [n], whether the draw starts a pair at each letter.
        """
        if not len(known):
            return known, known
        begins = drawn & self._swaps[letters.groups[known]] & ~letters.last[known]
        begins[:-1] &= (known[1:] == known[:-1] + 1) & (letter[1:] != letter[:-1])
        begins[-1] = False
        # In a run of pair starts, only every second one starts a pair.
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
        """Add rewritten words: replace the first code point by the new word, delete the others."""
        ends = np.flatnonzero(letters.last) + 1
        starts = np.append(0, ends[:-1])
        places, words, entries = [replaced], [], [replacement]
        first = len(self._replacements.lengths)
        empty = first  # the first added entry is the empty string
        for group, rewrite in self._rewriters.items():
            mine = np.flatnonzero(letters.groups[starts] == group)
            if not len(mine):
                continue
            heads = starts[mine]
            draws = letters.uniforms(heads, Stream.OPTION)
            spans = [letters.places[a:b] for a, b in zip(heads, ends[mine], strict=True)]
            old = [_as_text(texts.code_points[span]) for span in spans]
            new = list(rewrite(old, draws))
            assert len(new) == len(old), "`rewrite` must return one word per word"
            changed = [n for n, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
            for n in changed:
                places.append(spans[n])
                words.append(new[n])
                entries.append(np.append(first + len(words), np.full(len(spans[n]) - 1, empty)))
        merged, chosen = np.concatenate(places), np.concatenate(entries)
        order = np.argsort(merged, kind="stable")
        table = self._replacements.joined(StringTable.of([["", *words]]))
        return merged[order], chosen[order].astype(np.int64), table

    def _inserted(self, texts: TextBatch, letters: _Letters) -> tuple[np.ndarray, np.ndarray]:
        """Return ascending places of letters with an insertion after them, and its table entry."""
        if not (self._p_insert > 0).any():
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        draws = uniforms(letters.keys, letters.positions, Stream.INSERT)
        hit = draws < self._p_insert[letters.groups]
        hit &= is_letter(texts.code_points[letters.places])
        hit &= ~letters.last | self._after_words[letters.groups]
        chosen = np.flatnonzero(hit)
        groups = letters.groups[chosen]
        # No space after the last letter: white space follows there anyway.
        space = draws[chosen] < self._p_space[groups]
        keep = ~(space & letters.last[chosen])
        chosen, groups, space = chosen[keep], groups[keep], space[keep]
        rows = np.where(space, 0, 1 + groups)
        entries = self._insertions.choose(rows, letters.uniforms(chosen, Stream.INSERTED))
        return letters.places[chosen], entries


def _as_text(code_points: np.ndarray) -> str:
    return code_points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
