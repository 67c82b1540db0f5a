"""Settings of search attacks, which `evaluation=attack` adds to those of the suites."""

from __future__ import annotations

from vitrina.errors import require
from vitrina.registry import Section, setting

SEARCHES = ("greedy", "evolution")
EDITS = ("substitution", "invisible", "punctuation", "deletion", "swap")
TABLES = ("level_1", "level_2", "level_3", "level_4", "unseen")
LABELS = ("positive", "all")


class AttackConfig(Section):
    """The edits that an attack may make to a text, and its search."""

    searches: list[str] = setting(list(SEARCHES), choices=SEARCHES, min_length=1, unique=True)
    """Searches to make: greedy (by word importance), evolution."""
    edits: list[str] = setting(list(EDITS), choices=EDITS, min_length=1, unique=True)
    """What one edit may be: substitution (of a letter by a look-alike), invisible and punctuation
    (a character is inserted), deletion (of a letter), swap (of two neighboring letters)."""
    tables: list[str] = setting(
        ["level_1", "level_2", "level_4", "unseen"], choices=TABLES, unique=True
    )
    """Sources of look-alikes: what level_1 to level_4 of the noise add, unseen."""
    invisible: str = "\u200b\u200c\u200d\u2060\u00ad"
    """Characters that the edit `invisible` inserts: zero width space, non-joiner and joiner, word
    joiner, soft hyphen."""
    punctuation: str = ".,-_*"
    """Characters that the edit `punctuation` inserts."""
    max_edits: int = setting(5, ge=1, le=10)
    """The largest budget; every budget up to it is measured."""
    candidates: int = setting(24, ge=1, le=10_000)
    """Edits that the greedy search tries at each step."""
    words: int = setting(3, ge=1, le=1_000)
    """Most important words among whose edits the greedy search tries some at each step."""
    population: int = setting(16, ge=2, le=10_000)
    """Edited texts that the evolution keeps, and that it breeds in a generation."""
    generations: int = setting(4, ge=1, le=1_000)
    """Generations of the evolution for each budget."""
    texts: int = setting(500, ge=1, le=10**9)
    """Test texts that are attacked, at most."""
    labels: str = setting("positive", choices=LABELS)
    """Whose texts are attacked: positive (toxic texts that shall pass as benign), or all."""
    max_distance: float = setting(0.2, ge=0, le=1)
    """How much an edited word may differ from the drawn original."""
    max_glyph_distance: float = setting(0.55, ge=0, le=1)
    """How much a look-alike may differ from the drawn letter that it replaces."""
    seed: int = setting(2024, ge=0, lt=2**63)
    """Seed of what the searches draw, and of the choice of attacked texts."""

    def check(self, key: str) -> None:
        given = "substitution" not in self.edits or bool(self.tables)
        require(given, f"{key}.tables", self.tables, f"one or more of {', '.join(TABLES)}")
        for name in ("invisible", "punctuation"):
            value = getattr(self, name)
            given = name not in self.edits or (len(value) > 0 and not any(map(str.isalnum, value)))
            require(given, f"{key}.{name}", value, "characters, no letters or digits")
