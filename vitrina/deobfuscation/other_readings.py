"""Other readings of improbable words: backwards, in another layout, without put-in letters.

A reading takes some of a word's glyphs and gives each a letter. It replaces the word if it is more
probable under the prior of words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vitrina.deobfuscation.codebook import UNKNOWN, Codebook
from vitrina.deobfuscation.word_prior import WordPrior
from vitrina.text.batch import offsets_of

MARGIN = 2.0
"""Minimum gain, in nats, of another reading."""
MIN_LENGTH, MAX_LENGTH = 3, 48
"""Number of glyphs of a word, and minimum number of letters of another reading."""
MIN_SEPARATED = 5
"""Minimum number of letters, the put-in ones too, of a word such as `рxуxкxа`."""

_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_LETTERS = "йцукенгшщзхъфывапролджэячсмитьбюё"
LAYOUT = dict(zip(_KEYS + _KEYS.upper(), _LETTERS * 2, strict=True))
"""Keys of the US layout → letters of the Russian layout."""

Word = tuple[Sequence[str], Sequence[int], Sequence[bool]]
"""Glyphs of a word, their codes, and whether each is a letter."""


@dataclass(frozen=True)
class Reading:
    """A reading of a word.

    Attributes:
        codes: visual codes of its letters.
        places: position in the word of each letter's glyph, ascending.
        score: log-probability, in nats.
    """

    codes: Sequence[int]
    places: Sequence[int]
    score: float


class OtherReadings:
    """Reads words backwards, in the Russian keyboard layout, and without put-in letters.

    Args:
        codebook: codes of the glyphs.
        prior: prior of the codes of words.
        score: score, in nats, of any other reading: how rare it is.

    Attributes:
        highest_score: score from which no other reading can replace a word.
    """

    def __init__(self, codebook: Codebook, prior: WordPrior, score: float) -> None:
        self.codebook, self.prior, self.score = codebook, prior, score
        self.highest_score = score - MARGIN  # no word has a probability above 1
        layout = {key: codebook.code(letter) for key, letter in LAYOUT.items()}
        self._layout = {key: code for key, code in layout.items() if code != UNKNOWN}

    def __call__(self, words: Sequence[Word], scores_W: np.ndarray) -> dict[int, Reading]:
        """Return the best other reading of each word that has a better one, by word index.

        Args:
            scores_W: float32, score of each word without it, in nats.
        """
        found = [
            (number, *reading)
            for number, word in enumerate(words)
            if MIN_LENGTH <= len(word[0]) <= MAX_LENGTH
            for reading in self._readings(*word)
        ]
        codes = np.array([code for _, codes, _ in found for code in codes], dtype=np.int64)
        begins = offsets_of([len(codes) for _, codes, _ in found])[:-1]
        scores = self.prior.log_p_of(codes, begins) + self.score
        best: dict[int, Reading] = {}
        for (number, codes, places), score in zip(found, scores.tolist(), strict=True):
            least = best[number].score if number in best else scores_W[number] + MARGIN
            if score > least:
                best[number] = Reading(codes, places, score)
        return best

    def _readings(
        self, clusters: Sequence[str], codes: Sequence[int], kept: Sequence[bool]
    ) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """Yield the codes and the places of each possible reading."""
        letters = [place for place, each in enumerate(kept) if each]
        own = [codes[place] for place in letters]
        if len(own) < MIN_LENGTH:
            return
        if all(each.isascii() or self.codebook.contains(each) for each in clusters):
            yield own[::-1], letters
        keys = [each in self._layout for each in clusters]
        frequent = [self.codebook.contains(each) and each.isalpha() for each in clusters]
        if any(keys) and all(a or b for a, b in zip(keys, frequent, strict=True)):
            typed = [self._layout.get(c, code) for c, code in zip(clusters, codes, strict=True)]
            yield typed, range(len(clusters))
        if len(own) >= MIN_SEPARATED and len(set(own[1::2])) == 1:
            yield own[::2], letters[::2]
        core = [place for place in letters if frequent[place]]
        if core and len(core) < len(letters):
            inner = [place for place in letters if core[0] <= place <= core[-1]]
            if MIN_LENGTH <= len(inner) < len(letters):
                yield [codes[place] for place in inner], inner
