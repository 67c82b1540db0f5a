"""Readings of a whole word in another order, keyboard layout or selection of its glyphs.

Each is a list of letters with the glyphs that they come from. A reading replaces the word as it
stands if it is more probable under the prior of words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from vitrina.deobfuscation.codebook import UNKNOWN, Codebook
from vitrina.deobfuscation.word_prior import WordPrior

SCORE = -7.0
"""Score, in nats, of any other reading: how rare it is."""
MARGIN = 2.0
"""Minimum gain, in nats, of another reading."""
MIN_LENGTH, MAX_LENGTH = 3, 48
"""Number of glyphs of a word that is read otherwise."""

_LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_RUSSIAN = "йцукенгшщзхъфывапролджэячсмитьбюё"
LAYOUT = dict(zip(_LATIN + _LATIN.upper(), _RUSSIAN * 2, strict=True))
"""Keys of the US layout as they are typed in the Russian layout."""

Reading = tuple[list[int], list[int]]
"""Codes, and the position in the word of each one's glyph, ascending."""


class OtherReadings:
    """Reads words in reverse, in the Russian keyboard layout, without letters put between or around.

    Args:
        codebook: codes of the glyphs.
        prior: prior of the codes of words.
    """

    def __init__(self, codebook: Codebook, prior: WordPrior) -> None:
        self.codebook, self.prior = codebook, prior
        layout = {key: codebook.code(letter) for key, letter in LAYOUT.items()}
        self._layout = {key: code for key, code in layout.items() if code != UNKNOWN}

    def __call__(
        self, words: Sequence[tuple[Sequence[str], Sequence[int], Sequence[bool]]], scores_W: np.ndarray
    ) -> list[tuple[int, Reading, float]]:
        """Return better readings: the index of a word, its reading, and its score in nats.

        Args:
            words: the glyphs of each word, their codes, and whether each is kept.
            scores_W: float32, score of each word as it stands.
        """
        readings: list[Reading] = []
        word_of: list[int] = []
        for number, word in enumerate(words):
            if MIN_LENGTH <= len(word[0]) <= MAX_LENGTH:
                for reading in self._readings(*word):
                    readings.append(reading)
                    word_of.append(number)
        if not readings:
            return []
        lengths = np.array([len(codes) for codes, _ in readings])
        inside = np.arange(lengths.max()) < lengths[:, None]
        symbols = np.zeros(inside.shape, dtype=np.int64)
        symbols[inside] = np.concatenate([codes for codes, _ in readings])
        scores = self.prior.log_p(symbols, inside) + SCORE
        best: dict[int, int] = {}
        for index, number in enumerate(word_of):
            if scores[index] > scores_W[number] + MARGIN and (
                number not in best or scores[index] > scores[best[number]]
            ):
                best[number] = index
        return [(number, readings[i], float(scores[i])) for number, i in best.items()]

    def _readings(
        self, clusters: Sequence[str], codes: Sequence[int], kept: Sequence[bool]
    ) -> Iterator[Reading]:
        letters = [place for place, each in enumerate(kept) if each]
        own = [codes[place] for place in letters]
        if len(own) >= MIN_LENGTH:
            yield own[::-1], letters
        if any(each in self._layout for each in clusters) and all(each in self._layout or self._is_main(each) for each in clusters):
            typed = [self._layout.get(each, code) for each, code in zip(clusters, codes, strict=True)]
            yield typed, list(range(len(clusters)))
        if len(own) >= 5 and len(set(own[1::2])) == 1:
            yield own[::2], letters[::2]
        main = [self._is_main(clusters[place]) for place in letters]
        if any(main) and not (main[0] and main[-1]):
            first, last = main.index(True), len(main) - main[::-1].index(True)
            if last - first >= MIN_LENGTH:
                yield own[first:last], letters[first:last]

    def _is_main(self, cluster: str) -> bool:
        return self.codebook.is_certain(cluster) or self.codebook.is_certain(cluster.lower())
