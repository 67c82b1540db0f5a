"""Cleaning removes markup, addresses and encoding debris when a text is loaded.

It does not undo disguises; normalizers do that after the noise. Patterns match known markup only,
so «1 < 2 и 3 > 2», «<3» and plain brackets stay.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vitrina.text.config import CleaningConfig
from vitrina.text.offsets import OffsetMap

_BLOCK = "blockquote br center dd div dl dt h[1-6] hr li ol p pre table tbody td th thead tr ul"
_INLINE = (
    "a abbr audio b big body button code em font form head html i iframe img input label link "
    "meta q s script small span strike strong style sub sup svg title tt u video"
)
_NAMES = "|".join(f"{_BLOCK} {_INLINE}".split())
_ATTRIBUTE = r"""\s+[a-z][a-z0-9:_-]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+)"""

_REQUIRED = re.compile("[<&|/wW\ufeff\u00ef\ud800-\udfff]")
"""Every pattern below requires one of these characters. Most texts contain none, so one search is
enough for them."""

_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")
_TAG = re.compile(rf"<!--.*?-->|</?(?P<name>{_NAMES})(?:{_ATTRIBUTE})*\s*/?>", re.I | re.S)
_BLOCK_NAME = re.compile("|".join(_BLOCK.split()), re.I)
_URL = re.compile(
    r"""(?:(?:https?|ftp)://|\bwww\.)[^\s<>\[\]"«»“”]+"""
    r"""|(?<![\w@.-])(?:[a-z0-9-]+\.)+[a-z]{2,6}/[^\s<>\[\]"«»“”]*""",
    re.I,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.I)
_MENTION = re.compile(r"\[(?:id|club|public|event)\d+(?::[\w-]*)?\|[^\[\]|\n]*\]", re.I)
_MENTION_AT_START = re.compile(rf"\A\s*{_MENTION.pattern}(?:\s*[,:])?\s*", re.I)
_BOM = re.compile("\\A\u00ef\u00bb\u00bf|\ufeff")


@dataclass(frozen=True)
class Cleaned:
    """A cleaned text.

    Attributes:
        text: the text; lone surrogates are U+FFFD.
        changes: the map to the original; None if nothing changed.
    """

    text: str
    changes: OffsetMap | None

    @property
    def offsets(self) -> OffsetMap:
        """The map to the original text."""
        return OffsetMap.identity(len(self.text)) if self.changes is None else self.changes


def clean(text: str, config: CleaningConfig) -> Cleaned:
    """Remove what `config` selects from one text."""
    if not _REQUIRED.search(text):
        return Cleaned(text, None)
    steps: list[tuple[bool, re.Pattern[str], Callable[[re.Match[str]], str]]] = [
        (True, _SURROGATES, _scalar),
        (config.html, _TAG, _tag),
        (config.urls, _URL, _url),
        (config.html, _ENTITY, lambda match: html.unescape(match[0])),
        (config.mentions, _MENTION_AT_START, lambda match: ""),
        (config.mentions, _MENTION, lambda match: ""),
        (config.bom, _BOM, lambda match: ""),
    ]
    changes = None
    for enabled, pattern, replace in steps:
        if enabled and pattern.search(text):
            text, step = substitute(text, pattern, replace)
            changes = step if changes is None else step.compose(changes)
    return Cleaned(text, changes)


def substitute(
    text: str, pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]
) -> tuple[str, OffsetMap]:
    """Return `pattern.sub(replace, text)` and its offset map."""
    parts: list[str] = []
    starts: list[np.ndarray] = []
    ends: list[np.ndarray] = []
    position = 0
    for match in pattern.finditer(text):
        new, end = replace(match), match.end()
        if match[0].endswith(new):  # a suffix that stays keeps its positions
            new, end = "", end - len(new)
        kept = np.arange(position, match.start(), dtype=np.int64)
        parts += [text[position : match.start()], new]
        starts += [kept, np.full(len(new), match.start(), dtype=np.int64)]
        ends += [kept + 1, np.full(len(new), end, dtype=np.int64)]
        position = end
    kept = np.arange(position, len(text), dtype=np.int64)
    parts.append(text[position:])
    columns = np.concatenate([*starts, kept]), np.concatenate([*ends, kept + 1])
    return "".join(parts), OffsetMap(*columns, len(text))


def _scalar(match: re.Match[str]) -> str:
    """Decode a surrogate pair; a lone surrogate replace U+FFFD."""
    if len(match[0]) == 1:
        return "\ufffd"
    return match[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _tag(match: re.Match[str]) -> str:
    """Return a space for a block tag, which separates words, and nothing for an inline tag."""
    return " " if match["name"] and _BLOCK_NAME.fullmatch(match["name"]) else ""


def _url(match: re.Match[str]) -> str:
    """Return the trailing punctuation or bracket of the match that is not part of the address."""
    address = match[0]
    end = len(address)
    while end > 0:
        last = address[end - 1]
        unopened = last == ")" and address.count(")", 0, end) > address.count("(", 0, end)
        if last not in ".,;:!?…'" and not unopened:
            break
        end -= 1
    return address[end:]
