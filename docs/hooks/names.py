"""A griffe extension for the docstrings of VITRina."""

from __future__ import annotations

import re
from typing import Any

import griffe

SHARED = re.compile(r"^    (\w+(?:, \w+)+): (.+(?:\n {5,}.+)*)", re.MULTILINE)


class SplitNames(griffe.Extension):
    """Gives each name of the entry `start, end: …` an entry of its own, as griffe expects."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = SHARED.sub(_split, obj.docstring.value)


def _split(match: re.Match[str]) -> str:
    return "\n".join(f"    {name}: {match[2]}" for name in match[1].split(", "))
