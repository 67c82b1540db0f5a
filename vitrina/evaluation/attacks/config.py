"""Settings of search attacks; `evaluation=attack` puts them beside those of the suites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vitrina.errors import InputError, require

SEARCHES = ("greedy", "evolution")
EDITS = ("substitution", "invisible", "punctuation", "deletion", "swap")
TABLES = ("level_1", "level_2", "level_3", "level_4", "unseen")
LABELS = ("positive", "all")


@dataclass(kw_only=True)
class AttackConfig:
    """What an attack may do to a text, and how it searches."""

    searches: list[str]
    """Which searches are made: greedy (by word importance), evolution."""
    edits: list[str]
    """What one edit may be: substitution (of a letter by a look-alike), invisible and punctuation
    (a character is inserted), deletion (of a letter), swap (of two neighbouring letters)."""
    tables: list[str]
    """Where look-alikes are taken from: what level_1 to level_4 of the noise add, unseen."""
    invisible: str
    """Characters that the edit `invisible` inserts."""
    punctuation: str
    """Characters that the edit `punctuation` inserts."""
    max_edits: int
    """The largest budget; every budget up to it is measured."""
    candidates: int
    """Edits that the greedy search tries at each step."""
    words: int
    """Most important words among whose edits the greedy search tries some at each step."""
    population: int
    """Edited texts that the evolution keeps, and that it breeds in a generation."""
    generations: int
    """Generations of the evolution for each budget."""
    texts: int
    """Test texts that are attacked, at most."""
    labels: str
    """Whose texts are attacked: positive (toxic texts that shall pass as benign), or all."""
    max_distance: float
    """How much an edited word may differ from the drawn original, between 0 and 1."""
    max_glyph_distance: float
    """How much a look-alike may differ from the drawn letter that it replaces, between 0 and 1."""
    seed: int
    """Seed of what the searches draw, and of which texts are attacked."""

    def __post_init__(self) -> None:
        _require_names("searches", self.searches, SEARCHES)
        _require_names("edits", self.edits, EDITS)
        if "substitution" in self.edits:
            _require_names("tables", self.tables, TABLES)
        for name in ("invisible", "punctuation"):
            value = getattr(self, name)
            given = name not in self.edits or (len(value) > 0 and not any(map(str.isalnum, value)))
            require(given, f"evaluation.{name}", value, "characters, no letters or digits")
        ranges = {
            "max_edits": (1, 10),
            "candidates": (1, 10_000),
            "words": (1, 1_000),
            "population": (2, 10_000),
            "generations": (1, 1_000),
            "texts": (1, 10**9),
        }
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            require(least <= value <= most, f"evaluation.{name}", value, f"from {least} to {most}")
        known = self.labels in LABELS
        require(known, "evaluation.labels", self.labels, " or ".join(LABELS))
        for name in ("max_distance", "max_glyph_distance"):
            value = getattr(self, name)
            require(0 <= value <= 1, f"evaluation.{name}", value, "between 0 and 1")
        require(0 <= self.seed < 2**63, "evaluation.seed", self.seed, "from 0 to 2^63 - 1")


def _require_names(key: str, names: Sequence[str], known: Sequence[str]) -> None:
    require(len(names) > 0, f"evaluation.{key}", names, f"one or more of {', '.join(known)}")
    for index, name in enumerate(names):
        if name not in known:
            allowed = ", ".join(known)
            raise InputError(f"evaluation.{key}[{index}] = {name!r}: must be one of {allowed}")
        first = list(names).index(name) == index
        require(first, f"evaluation.{key}[{index}]", name, "named only once")
