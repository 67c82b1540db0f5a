"""Visual codes: look-alike glyphs share one small integer.

The entries of a codebook are frequent glyphs; look-alikes share one entry. A glyph has the code of
the entry with the highest cosine of features, or `UNKNOWN` if that cosine is low.

Shapes: G glyphs, V entries, K features, H/W pixels.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from vitrina.errors import InputError
from vitrina.glyphs.cache import BoundedCache
from vitrina.glyphs.renderer import CACHE_SIZE, GlyphRenderer
from vitrina.state import FittedState

FeatureExtractor = Callable[[np.ndarray], np.ndarray]
"""Maps pictures uint8 [G, H, W] to features float32 [G, K], compared by cosine. The features of a
picture must not depend on the rest of the batch."""

BLANK, UNKNOWN, FIRST = 0, 1, 2
"""Code of white space, code of glyphs far from all entries, first code of an entry."""


def _directions(features_GK: np.ndarray) -> np.ndarray:
    return features_GK / np.linalg.norm(features_GK, axis=1, keepdims=True).clip(min=1e-6)


def fit_codebook(
    counts: Mapping[str, int],
    features_GK: np.ndarray,
    *,
    min_share: float,
    merge_cosine: float,
    fold_case: bool,
) -> FittedState:
    """Fit the entries of a codebook on frequent glyphs.

    In order of frequency, each glyph joins the nearest entry if they look alike, or else becomes an
    entry (leader clustering: Hartigan 1975, "Clustering algorithms", chapter 3).

    Args:
        counts: number of occurrences of each glyph.
        features_GK: features of the glyphs, in the order of `counts`.
        min_share: minimum share of a glyph among all glyphs except blanks.
        merge_cosine: minimum cosine of look-alike glyphs.
        fold_case: whether a capital letter has the code of its lowercase letter.

    Returns:
        `entries` float32 [V, K], unit vectors; `codes` int64 [V], from `FIRST` on; `signs` int64
        [V], 1 if the entry is neither a letter nor a digit; `glyphs`, a JSON list of V lists;
        `letters`, a JSON list of V glyphs, the most frequent lowercase letter of each code.

    Raises:
        InputError: if no glyph reaches `min_share`.
    """
    directions_GK = _directions(features_GK)
    total = max(sum(counts.values()) - counts.get(" ", 0), 1)
    glyphs = list(counts)
    order = sorted(range(len(glyphs)), key=lambda index: (-counts[glyphs[index]], glyphs[index]))
    leaders: list[int] = []
    members: list[list[str]] = []
    for index in order:
        if counts[glyphs[index]] < min_share * total or glyphs[index] == " ":
            continue
        cosines = directions_GK[leaders] @ directions_GK[index]
        if leaders and cosines.max() >= merge_cosine:
            members[int(cosines.argmax())].append(glyphs[index])
        else:
            leaders.append(index)
            members.append([glyphs[index]])
    if not leaders:
        most = max((counts[glyph] for glyph in glyphs if glyph != " "), default=0) / total
        allowed = f"at most {most:.2g}, the share of the most frequent glyph of the training texts"
        raise InputError(f"deobfuscator.min_share = {min_share}: must be {allowed}")
    codes = _codes(members, fold_case=fold_case)
    arrays = {
        "entries": directions_GK[leaders],
        "codes": FIRST + codes,
        "signs": np.array([_is_sign(names[0]) for names in members], dtype=np.int64),
    }
    names = {"glyphs": members, "letters": _letters(members, codes, counts)}
    return FittedState(arrays, {k: json.dumps(v, ensure_ascii=False) for k, v in names.items()})


def _codes(members: Sequence[Sequence[str]], *, fold_case: bool) -> np.ndarray:
    """Return int64 [V], the index of each entry, or of its lowercase letter's entry."""
    entry_of = {glyph: entry for entry, names in enumerate(members) for glyph in names}
    codes = np.arange(len(members), dtype=np.int64)
    if fold_case:
        for entry, names in enumerate(members):
            codes[entry] = entry_of.get(names[0].lower(), entry)
        codes = codes[codes]  # the entry of a lowercase letter may itself be led by a capital
    return codes


def _letters(
    members: Sequence[Sequence[str]], codes: np.ndarray, counts: Mapping[str, int]
) -> list[str]:
    """Return the most frequent lowercase glyph of each code, or its first glyph in lower case.

    Args:
        members: glyphs of each entry. codes: int64 [V], entry whose code each entry has.
        counts: number of occurrences of each glyph.
    """
    letters = [names[0].lower() for names in members]
    best = [0] * len(members)
    for code, names in zip(codes.tolist(), members, strict=True):
        for glyph in names:
            if glyph == glyph.lower() and counts[glyph] > best[code]:
                letters[code], best[code] = glyph, counts[glyph]
    return letters


def _is_sign(glyph: str) -> bool:
    return unicodedata.category(glyph[0])[0] not in "LN"


class Codebook:
    """Visual codes of glyphs.

    Args:
        fitted: the result of `fit_codebook`.
        features: the feature extractor used in `fit_codebook`.
        pictures: draws the glyphs.
        width_px: width of the glyph canvases.
        min_cosine: minimum cosine to the nearest entry; below it, a glyph is unknown.

    Attributes:
        is_sign, is_letter: bool [number of codes], whether the glyphs of a code are signs (neither
            letters nor digits) or letters; False for unknown glyphs.
        letters: the glyph that represents each code in plain text; empty for `BLANK` and `UNKNOWN`.
    """

    def __init__(
        self,
        fitted: FittedState,
        features: FeatureExtractor,
        pictures: GlyphRenderer,
        *,
        width_px: int,
        min_cosine: float,
    ) -> None:
        self.entries_VK = fitted.arrays["entries"]
        self.codes_V = fitted.arrays["codes"]
        self.glyphs: list[list[str]] = json.loads(fitted.texts["glyphs"])
        self.is_sign = np.zeros(FIRST + len(self.codes_V), dtype=bool)
        self.is_sign[self.codes_V] = fitted.arrays["signs"] == 1
        self.is_letter = np.zeros_like(self.is_sign)
        self.is_letter[self.codes_V] = [names[0].isalpha() for names in self.glyphs]
        self._certain = {glyph for names in self.glyphs for glyph in names if glyph.isalpha()}
        self._features, self._pictures, self._width_px = features, pictures, width_px
        self.min_cosine = min_cosine
        self.letters: list[str] = ["", "", *json.loads(fitted.texts["letters"])]
        self._members = {glyph for names in self.glyphs for glyph in names}
        self._cache: BoundedCache[str, int] = BoundedCache(CACHE_SIZE)

    def __call__(self, clusters: Sequence[str]) -> np.ndarray:
        """Return int64 [G], the codes of glyphs."""
        return np.array([self.code(cluster) for cluster in clusters], dtype=np.int64)

    def code(self, cluster: str) -> int:
        """Return the code of one glyph."""
        code = self._cache.get(cluster)
        if code is None:
            code = BLANK if cluster == " " else self._nearest(cluster)
            self._cache.put(cluster, code)
        return code

    def is_certain(self, cluster: str) -> bool:
        """Whether the codebook was fitted on this glyph and it is a letter."""
        return cluster in self._certain

    def contains(self, cluster: str) -> bool:
        """Whether the codebook was fitted on this glyph or its lower-case form."""
        return cluster in self._members or cluster.lower() in self._members

    def cosines(self, clusters: Sequence[str]) -> np.ndarray:
        """Return float32 [number of codes], the highest cosine to the entries of each code.

        Several glyphs are drawn side by side as one picture. Codes of signs have -1.
        """
        if not all(map(self._drawn, clusters)):
            return np.full(len(self.is_sign), -1, dtype=np.float32)
        if len(clusters) == 1:
            picture_HW = self._pictures.render(clusters, self._width_px)[0]
        else:
            picture_HW = self._pictures.joined(clusters, self._width_px)
        found = np.full(len(self.is_sign), -1, dtype=np.float32)
        np.maximum.at(found, self.codes_V, self._cosines(picture_HW))
        return np.where(self.is_sign, np.float32(-1), found)

    def _drawn(self, cluster: str) -> bool:
        return self._pictures.fonts.has(cluster[0])

    def _cosines(self, picture_HW: np.ndarray) -> np.ndarray:
        # One by one: rounding in a batched product could depend on the batch size.
        return self.entries_VK @ _directions(self._features(picture_HW[None]))[0]

    def _nearest(self, cluster: str) -> int:
        if not self._drawn(cluster):
            return UNKNOWN
        picture_1HW = self._pictures.render([cluster], self._width_px)
        cosines_V = self._cosines(picture_1HW[0])
        nearest = int(cosines_V.argmax())
        return int(self.codes_V[nearest]) if cosines_V[nearest] >= self.min_cosine else UNKNOWN
