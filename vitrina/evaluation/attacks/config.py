"""Settings of search attacks, used by `evaluation=attack`."""

from __future__ import annotations

from vitrina.errors import require
from vitrina.registry import Section, setting

SEARCHES = ("greedy", "evolution")
EDITS = ("substitution", "invisible", "punctuation", "deletion", "swap")
TABLES = ("level_1", "level_2", "level_3", "level_4", "unseen")
LABELS = ("positive", "all")


class AttackConfig(Section):
    """Searches, allowed edits and budgets of an attack."""

    searches: list[str] = setting(list(SEARCHES), choices=SEARCHES, min_length=1, unique=True)
    """Searches to run: greedy (by word importance), evolution (genetic algorithm)."""
    edits: list[str] = setting(list(EDITS), choices=EDITS, min_length=1, unique=True)
    """Kinds of edits: substitution (of a letter by a look-alike), invisible and punctuation
    (inserts a character), deletion (of a letter), swap (of two neighboring letters)."""
    tables: list[str] = setting(
        ["level_1", "level_2", "level_4", "unseen"], choices=TABLES, unique=True
    )
    """Sources of look-alikes: those that noise level_1 to level_4 add, and unseen ones."""
    invisible: str = "\u200b\u200c\u200d\u2060\u00ad"
    """Characters that the edit `invisible` inserts: zero width space, non-joiner and joiner, word
    joiner, soft hyphen."""
    punctuation: str = ".,-_*"
    """Characters that the edit `punctuation` inserts."""
    max_edits: int = setting(5, ge=1, le=10)
    """Largest budget. All budgets up to it are reported."""
    candidates: int = setting(24, ge=1, le=10_000)
    """Edits that the greedy search tries per step."""
    words: int = setting(3, ge=1, le=1_000)
    """Most important words that the greedy search edits per step."""
    population: int = setting(16, ge=2, le=10_000)
    """Population size of the evolution, and children per generation."""
    generations: int = setting(4, ge=1, le=1_000)
    """Generations of the evolution per budget."""
    texts: int = setting(500, ge=1, le=10**9)
    """Maximum number of attacked test texts."""
    labels: str = setting("positive", choices=LABELS)
    """Classes to attack: positive (make toxic texts appear benign) or all."""
    max_distance: float = setting(0.2, ge=0, le=1)
    """Maximum visual distance between an edited word and the original."""
    max_glyph_distance: float = setting(0.55, ge=0, le=1)
    """Maximum visual distance between a look-alike and the letter that it replaces."""
    seed: int = setting(2024, ge=0, lt=2**63)
    """Seed of the searches and of the sample of attacked texts."""

    def check(self, key: str) -> None:
        given = "substitution" not in self.edits or bool(self.tables)
        require(given, f"{key}.tables", self.tables, f"one or more of {', '.join(TABLES)}")
        for name in ("invisible", "punctuation"):
            value = getattr(self, name)
            given = name not in self.edits or (len(value) > 0 and not any(map(str.isalnum, value)))
            require(given, f"{key}.{name}", value, "characters, no letters or digits")
