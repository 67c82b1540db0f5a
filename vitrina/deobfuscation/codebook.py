"""Visual codes: glyphs that look alike have the same small number.

A codebook is a list of pictures of frequent glyphs, merged where they look alike. The code of a
glyph is that of the nearest entry by the cosine of their features; a glyph that is far from all
of them is unknown. Cosines are measured between the features of a `Space`.

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

Space = Callable[[np.ndarray], np.ndarray]
"""Pictures uint8 [G, H, W] to features float32 [G, K], whose cosines say what looks alike. A
picture's features must not depend on the pictures beside it."""

BLANK, UNKNOWN, FIRST = 0, 1, 2
"""Codes of white space and of what no entry is near; the entries' codes begin at `FIRST`."""


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
    """Entries of the frequent glyphs, the most frequent first.

    Each glyph in turn becomes an entry, or a member of the nearest one if that looks alike
    (leader clustering: Hartigan 1975, "Clustering algorithms", chapter 3).

    Args:
        counts: glyphs, and how often each occurs.
        features_GK: of the glyphs of `counts`, in their order.
        min_share: of all glyphs but blanks, what a glyph must make up at least.
        merge_cosine: from which cosine on two glyphs look alike.
        fold_case: whether an entry that shows a capital letter has the code of the small letter.

    Returns:
        `entries` float32 [V, K], each of length 1; `codes` int64 [V], from `FIRST` on; `signs`
        int64 [V], 1 where no letter or digit is shown; `glyphs`, a json list of [V] lists;
        `letters`, a json list of [V] glyphs, the most frequent small letter of each code.

    Raises:
        InputError: if no glyph occurs so often.
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
        allowed = f"at most {most:.2g}, the share of the training texts' most frequent glyph"
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
    """int64 [V]: each entry's own index, or that of the entry of the small letter."""
    entry_of = {glyph: entry for entry, names in enumerate(members) for glyph in names}
    codes = np.arange(len(members), dtype=np.int64)
    if fold_case:
        for entry, names in enumerate(members):
            codes[entry] = entry_of.get(names[0].lower(), entry)
        codes = codes[codes]  # a small letter may be a member of another capital's entry
    return codes


def _letters(
    members: Sequence[Sequence[str]], codes: np.ndarray, counts: Mapping[str, int]
) -> list[str]:
    """Return the most frequent small letter of each code; a code without one has its first glyph
    in lower case."""
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
        fitted: what `fit_codebook` returned.
        space: in which it was fitted.
        pictures: draws the glyphs.
        width_px: width of their canvases.
        min_cosine: cosine to the nearest entry below which a glyph is unknown.

    Attributes:
        is_sign, is_letter: bool [number of codes], whether glyphs of a code are signs (neither
            letters nor digits) or letters; false for unknown glyphs.
        letters: a glyph for each code, by which texts are written; empty for blanks and unknown
            glyphs.
    """

    def __init__(
        self,
        fitted: FittedState,
        space: Space,
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
        self._certain = {glyph for names in self.glyphs if names[0].isalpha() for glyph in names}
        self._space, self._pictures, self._width_px = space, pictures, width_px
        self.min_cosine = min_cosine
        self.letters: list[str] = ["", "", *json.loads(fitted.texts["letters"])]
        self._held = {glyph for names in self.glyphs for glyph in names}
        self._known: BoundedCache[str, int] = BoundedCache(CACHE_SIZE)

    def __call__(self, clusters: Sequence[str]) -> np.ndarray:
        """int64 [G], the codes of glyphs."""
        return np.array([self.code(cluster) for cluster in clusters], dtype=np.int64)

    def code(self, cluster: str) -> int:
        """Return the code of one glyph."""
        code = self._known.get(cluster)
        if code is None:
            code = BLANK if cluster == " " else self._nearest(cluster)
            self._known.put(cluster, code)
        return code

    def is_certain(self, cluster: str) -> bool:
        """Whether it is one of the letters that the codebook was made from."""
        return cluster in self._certain

    def holds(self, cluster: str) -> bool:
        """Whether the codebook was made from this glyph, or from it in lower case."""
        return cluster in self._held or cluster.lower() in self._held

    def cosines(self, clusters: Sequence[str]) -> np.ndarray:
        """float32 [number of codes]: of one glyph's picture, or that of several side by side, with
        the nearest one of each code that is no sign; -1 for the other codes."""
        if len(clusters) == 1:
            picture_HW = self._pictures.render(clusters, self._width_px)[0]
        else:
            picture_HW = self._pictures.joined(clusters, self._width_px)
        found = np.full(len(self.is_sign), -1, dtype=np.float32)
        np.maximum.at(found, self.codes_V, self._cosines(picture_HW))
        return np.where(self.is_sign, np.float32(-1), found)

    def _cosines(self, picture_HW: np.ndarray) -> np.ndarray:
        # One by one: of several together, a product could be rounded otherwise than of each.
        return self.entries_VK @ _directions(self._space(picture_HW[None]))[0]

    def _nearest(self, cluster: str) -> int:
        picture_1HW = self._pictures.render([cluster], self._width_px)
        cosines_V = self._cosines(picture_1HW[0])
        nearest = int(cosines_V.argmax())
        return int(self.codes_V[nearest]) if cosines_V[nearest] >= self.min_cosine else UNKNOWN
