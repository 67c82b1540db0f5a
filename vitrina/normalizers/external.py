"""Normalizers of other projects, to compare with: the extra `compare` installs them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from vitrina.text.batch import TextBatch

_RUSSIAN = re.compile("[а-яё]", re.IGNORECASE)


def installed() -> dict[str, Callable[[TextBatch], TextBatch]]:
    """Return the installed ones by the name of their distribution."""
    known = {
        "decancer-py": ("decancer_py", decancer),
        "confusable-homoglyphs": ("confusable_homoglyphs", confusable_homoglyphs),
    }
    return {name: of for name, (module, of) in known.items() if find_spec(module) is not None}


def decancer(texts: TextBatch) -> TextBatch:
    """Apply decancer. Its option keeps Cyrillic letters, which it writes in Latin otherwise."""
    parse = import_module("decancer_py").parse
    return TextBatch.from_strings(
        [str(parse(text, retain_cyrillic=True)) for text in texts.to_strings()]
    )


def confusable_homoglyphs(texts: TextBatch) -> TextBatch:
    """Replace each character by the Russian letter that confusable-homoglyphs confuses it with.

    The package only finds characters; it gives no text. Words without any Russian letter stay.
    """
    return TextBatch.from_strings(
        [re.sub(r"\S+", _in_russian, text) for text in texts.to_strings()]
    )


def _in_russian(word: re.Match[str]) -> str:
    if not _RUSSIAN.search(word[0]):
        return word[0]
    return "".join(map(_russian_letter, word[0]))


@cache
def _russian_letter(character: str) -> str:
    confusables = import_module("confusable_homoglyphs.confusables")
    found = confusables.is_confusable(character, greedy=True, preferred_aliases=["cyrillic"])
    letters = (each["c"] for one in found or () for each in one["homoglyphs"])
    return next((letter for letter in letters if _RUSSIAN.fullmatch(letter)), character)
