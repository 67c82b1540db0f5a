"""Search attacks on classifiers that tell scores, within a budget of legible edits.

`attack(predict, texts, labels, config)` attacks anything that makes scores of texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vitrina.evaluation.attacks.search import AttackResult, attack

__all__ = ["AttackResult", "attack"]


def __getattr__(name: str) -> Any:
    """The public names, imported when they are asked for: composing stays instant."""
    if name in __all__:
        from vitrina.evaluation.attacks import search

        return getattr(search, name)
    raise AttributeError(f"module 'vitrina.evaluation.attacks' has no attribute {name!r}")
