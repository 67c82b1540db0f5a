"""The replacements of each letter at each level.

`resources/letter_replacement/level_N.json` lists what levels 1 to 3 add to the lower levels. Level
4 adds the glyphs of the letter's visual cluster (`clusterization.json`, written by
`tools/clusterization.py`). The files contain lowercase letters; capitals use the replacements in
upper case. `unseen.json` lists look-alikes of no level, which training noise does not contain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.errors import InputError
from vitrina.files import package_folder

SMALL = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
ALPHABET = SMALL + SMALL.upper()
"""The letters that are replaced."""
HIGHEST_LEVEL = 4
_NO_LETTER = ord("ё") + 1  # no letter of ALPHABET has this or a higher code point


def _resource(name: str) -> Path:
    return package_folder("resources") / "letter_replacement" / f"{name}.json"


@cache
def _level(level: int) -> dict[str, list[str]]:
    """Return the replacements that one of the levels 1 to 3 adds, by lowercase letter."""
    own: dict[str, Any] = json.loads(_resource(f"level_{level}").read_text(encoding="utf-8"))
    stands_for: dict[str, str] = own["stands_for"]
    added: dict[str, list[str]] = {letter: [] for letter in SMALL}
    for replacement, letters in stands_for.items():
        for letter in letters:
            added[letter].append(replacement)
    return added


def load_clusters(path: str | Path | None) -> dict[str, list[str]]:
    """Read the look-alike glyphs of each letter; None means the default file.

    Raises:
        InputError: if the file is missing or does not contain `{"letter": ["glyph", …], …}`.
    """
    file = Path(path) if path is not None else _resource("clusterization")
    advice = "level 4 needs it: make it with tools/clusterization.py"
    try:
        clusters: Any = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"noise.clusters: {file}: there is no such file; {advice}") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{file}:{error.lineno}: not JSON ({error.msg})") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"noise.clusters: {file}: cannot be read ({error})") from None
    if not isinstance(clusters, dict):
        raise InputError(f'{file}: must be {{"letter": ["glyph", …], …}}; {advice}')
    for letter, glyphs in clusters.items():
        fine = isinstance(glyphs, list) and all(isinstance(g, str) and g for g in glyphs)
        if not fine or len(letter) != 1:
            raise InputError(f"{file}: {letter!r}: must be one letter with a list of glyphs")
    return clusters


def letter_options(
    level: int, *, clusters: str | Path | None = None, masks: str = "", weight_level_3: int = 1
) -> dict[str, list[str]]:
    """Return the replacements of each letter that has any, one entry per unit of weight.

    Args:
        level: 0 (no replacements, no masks) to 4.
        clusters: file of glyph clusters for level 4.
        masks: further replacements of every letter, each with weight 1.
        weight_level_3: weight of the replacements of levels 1 to 3; glyphs of level 4 weigh 1.

    Raises:
        InputError: if `level` is 4 and the clusters cannot be read.
    """
    assert 0 <= level <= HIGHEST_LEVEL, level
    glyphs = load_clusters(clusters) if level == HIGHEST_LEVEL else {}
    options = {}
    for letter in ALPHABET if level else "":
        small = letter.lower()
        added = [part for n in range(1, min(level, 3) + 1) for part in _level(n)[small]]
        listed = [part.upper() for part in added] if letter != small else added
        similar = [g for g in _glyphs_of(letter, glyphs) if g != letter and g not in listed]
        weighted = listed * weight_level_3 + similar + list(masks)
        if weighted:
            options[letter] = weighted
    return options


def level_table(level: int, *, clusters: str | Path | None = None) -> dict[str, list[str]]:
    """Return the replacements that one level adds to the lower ones, by letter.

    Args:
        level: 1 to 4.
        clusters: file of glyph clusters for level 4.

    Raises:
        InputError: if `level` is 4 and the clusters cannot be read.
    """
    assert 1 <= level <= HIGHEST_LEVEL, level
    if level < HIGHEST_LEVEL:
        small = _level(level)
        capital = {x.upper(): [part.upper() for part in parts] for x, parts in small.items()}
        found = small | capital
    else:
        glyphs = load_clusters(clusters)
        found = {x: [g for g in _glyphs_of(x, glyphs) if g != x] for x in ALPHABET}
    return {letter: found[letter] for letter in ALPHABET if found[letter]}


def seen_glyphs(level: int = HIGHEST_LEVEL) -> frozenset[str]:
    """Return every character of the replacements of levels 1 to `level`."""
    options = letter_options(level)
    return frozenset(sign for row in options.values() for entry in row for sign in entry)


def unseen_options(
    clusters: str | Path | None = None, known_level: int = HIGHEST_LEVEL
) -> dict[str, list[str]]:
    """Return the look-alikes of each letter that are in no level up to `known_level`.

    Args:
        clusters: file of look-alikes; None means the default file.
        known_level: the highest level to exclude.

    Raises:
        InputError: if the file cannot be read.
    """
    glyphs = load_clusters(clusters or _resource("unseen"))
    known = seen_glyphs(known_level) | frozenset(ALPHABET)
    options = {
        letter: [glyph for glyph in _glyphs_of(letter, glyphs) if not known.issuperset(glyph)]
        for letter in ALPHABET
    }
    return {letter: glyphs for letter, glyphs in options.items() if glyphs}


def _glyphs_of(letter: str, clusters: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the letter's cluster; a capital without one uses that of its lowercase letter."""
    if letter in clusters or letter.lower() not in clusters:
        return list(clusters.get(letter, ()))
    return list(dict.fromkeys(glyph.upper() for glyph in clusters[letter.lower()]))


@dataclass(frozen=True)
class StringTable:
    """A columnar table with rows of strings (entries).

    Attributes:
        first: int64 [num_rows], the first entry of each row.
        counts: int64 [num_rows], the number of entries of each row.
        starts: int64 [num_entries], the start of each string in `code_points`.
        lengths: int64 [num_entries], the number of code points of each string.
        code_points: uint32, all strings concatenated.
    """

    first: np.ndarray
    counts: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    code_points: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]]) -> StringTable:
        counts = np.array([len(row) for row in rows], dtype=np.int64)
        entries = [entry for row in rows for entry in row]
        lengths = np.array([len(entry) for entry in entries], dtype=np.int64)
        joined = np.frombuffer("".join(entries).encode("utf-32-le", "surrogatepass"), dtype="<u4")
        return cls(
            np.cumsum(counts) - counts, counts, np.cumsum(lengths) - lengths, lengths, joined
        )

    def joined(self, other: StringTable) -> StringTable:
        """Append the rows and entries of `other`."""
        return StringTable(
            np.append(self.first, other.first + len(self.lengths)),
            np.append(self.counts, other.counts),
            np.append(self.starts, other.starts + len(self.code_points)),
            np.append(self.lengths, other.lengths),
            np.append(self.code_points, other.code_points),
        )

    def choose(self, rows: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """Return int64 [n]: an entry of each of `rows` [n], chosen by `uniforms` [n] in [0, 1)."""
        return self.first[rows] + (uniforms * self.counts[rows]).astype(np.int64)


def letter_rows() -> np.ndarray:
    """Return int16: index in `ALPHABET` by code point, else -1; look up with `mode="clip"`."""
    rows = np.full(_NO_LETTER + 1, -1, dtype=np.int16)
    rows[[ord(letter) for letter in ALPHABET]] = np.arange(len(ALPHABET))
    return rows
