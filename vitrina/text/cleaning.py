"""Cleaning brings a text to the form in which a browser or a chat shows it, when it is loaded.

It does not undo disguises; normalizers do that after the noise. Each step is linear in the length
of a text and returns edits, so that each character has a way back to the original.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from vitrina.text import addresses, markdown, markup
from vitrina.text.config import CleaningConfig
from vitrina.text.direction import shown_order
from vitrina.text.edits import Edit, edited
from vitrina.text.encoding import SIGNS, decoded
from vitrina.text.offsets import OffsetMap

ROUNDS = 8
"""Maximum number of passes: removing one thing can complete another (`<<b>b>`). Nothing changes in
the last pass, so cleaning a cleaned text changes nothing, unless things are nested more deeply."""
FACTOR, MARGIN, GROWTHS = 4, 8192, 2
"""A text is cut to `FACTOR * max_length + MARGIN` characters before cleaning; if too few of them
remain, to four times as many, at most `GROWTHS` times. No step replaces more than `MARGIN`
characters at once."""

_REQUIRED = re.compile(
    "[<&|/wW\\[*_~`#@\ufeff\u00ef\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    + re.escape(SIGNS)
    + "]"
)
"""Every step requires one of these characters. Most texts contain none, so one search is enough."""
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")
_BOM = re.compile("\\A\u00ef\u00bb\u00bf|\ufeff")

Step = Callable[[str], list[Edit]]


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


def clean(text: str, config: CleaningConfig, max_length: int | None = None) -> Cleaned:
    """Clean one text by the steps of `config`.

    Args:
        text: the text; it may hold lone surrogates.
        config: the steps.
        max_length: the cleaned text is cut to this number of code points, and no more of `text` is
            read than that takes, at most `4 ** GROWTHS * (FACTOR * max_length + MARGIN)`. None: the
            whole text is cleaned.
    """
    if max_length is None:
        return _clean(text, config)
    size = FACTOR * max_length + MARGIN
    cleaned = _clean(text[:size], config)
    offsets = cleaned.offsets
    for _ in range(GROWTHS):
        enough = len(offsets) > max_length and offsets.starts[max_length] <= size - MARGIN
        if enough or size >= len(text):
            break
        size *= 4
        cleaned = _clean(text[:size], config)
        offsets = cleaned.offsets
    if len(cleaned.text) <= max_length and size >= len(text):
        return cleaned
    cut = OffsetMap(offsets.starts[:max_length], offsets.ends[:max_length], len(text))
    return Cleaned(cleaned.text[:max_length], cut)


def _clean(text: str, config: CleaningConfig) -> Cleaned:
    """Apply all steps until nothing changes, at most `ROUNDS` times."""
    if not _REQUIRED.search(text):
        return Cleaned(text, None)
    changes = None
    steps = _steps(config)
    for _ in range(ROUNDS):
        if not _REQUIRED.search(text):
            break
        unchanged = True
        for step in steps:
            if edits := step(text):
                text, made = edited(text, edits)
                changes = made if changes is None else made.compose(changes)
                unchanged = False
        if unchanged:
            break
    return Cleaned(text, changes)


def _steps(config: CleaningConfig) -> list[Step]:
    """Return the steps that are on, in their order."""
    steps: list[tuple[bool, Step]] = [
        (True, _scalars),
        (config.bom, _byte_order_marks),
        (config.encoding, decoded),
        (config.html, markup.entities),
        (config.html, markup.hidden),
        (config.html, markup.tags),
        (config.bbcode, markup.bbcode),
        (config.direction, shown_order),
        (config.mentions, addresses.mentions),
        (config.markdown, markdown.links),
        (config.urls, addresses.links),
        (config.urls, addresses.mail),
        (config.markdown, markdown.marks),
        (config.hashtags, addresses.hashtags),
    ]
    return [step for enabled, step in steps if enabled]


def _scalars(text: str) -> list[Edit]:
    """Decode surrogate pairs; a lone surrogate becomes U+FFFD."""
    edits = []
    for match in _SURROGATES.finditer(text):
        pair = match[0].encode("utf-16-le", "surrogatepass")
        edits.append((*match.span(), "\ufffd" if len(pair) == 2 else pair.decode("utf-16-le")))
    return edits


def _byte_order_marks(text: str) -> list[Edit]:
    return [(*match.span(), "") for match in _BOM.finditer(text)]
