"""Texts with controls of direction, in the order in which they are shown and read.

A right-to-left override (U+202E) shows letters backwards. The order follows UAX #9 (the rules X1 to
X8, L2, L3 and L4) for overrides; other controls change no order of words in one script, so they are
only removed.
"""

from __future__ import annotations

import re
import unicodedata

from vitrina.text.edits import Edit

MAX_OVERRIDE = 1000
"""Maximum number of characters that an override turns. A display turns each line by itself."""
_MAX_DEPTH = 16

_CONTROL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_OVERRIDES = "\u202d\u202e"
_OPENS = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
_CLOSES = "\u202c\u2069"
_TO_LEFT = "\u202b\u202e\u2067"
_MIRRORED = dict(zip("()[]{}<>«»‹›", ")(][}{><»«›‹", strict=True))


def shown_order(text: str) -> list[Edit]:
    """Put overridden text into the order in which it is read; remove all controls of direction.

    An overridden range ends with its U+202C, with the paragraph or after `MAX_OVERRIDE` characters.
    Each character of it maps to the whole range, because its order is not that of the original.
    """
    edits = []
    position = 0
    for match in _CONTROL.finditer(text):
        start = match.start()
        if start < position:
            continue
        position = start + 1
        new = ""
        if match[0] in _OVERRIDES:
            position, new = _override(text, start)
        edits.append((start, position, new))
    return edits


def _override(text: str, start: int) -> tuple[int, str]:
    """Return the end of the override that starts at `start`, and its text as it is read."""
    stack = [(0, False)]  # level, whether overridden
    ignored = 0
    clusters: list[str] = []
    levels: list[int] = []
    end = start
    for end in range(start, min(len(text), start + MAX_OVERRIDE)):
        character = text[end]
        if character in _OPENS:
            if len(stack) > _MAX_DEPTH:
                ignored += 1
                continue
            odd = character in _TO_LEFT
            level = stack[-1][0] + 1
            stack.append((level + (level % 2 != odd), character in _OVERRIDES))
        elif character in _CLOSES:
            if ignored:
                ignored -= 1
            else:
                stack.pop()
            if len(stack) == 1:
                end += 1
                break
        elif character in "\n\r\u2029":
            break
        elif not _CONTROL.match(character):
            if clusters and (unicodedata.category(character)[0] == "M" or character == "\u200d"):
                clusters[-1] += character
                continue
            level, overridden = stack[-1]
            if not overridden and character.isalpha():
                level += _to_left(character) != bool(level % 2)
            clusters.append(character)
            levels.append(level)
    else:
        end += 1
    to_left = sum(_to_left(each[0]) for each in clusters)
    reads_left = to_left * 2 > sum(each[0].isalpha() for each in clusters)
    return end, "".join(_reordered(clusters, levels, reads_left))


def _reordered(clusters: list[str], levels: list[int], reads_left: bool) -> list[str]:
    """Reverse each run of a level or above, from the highest level to 1 (rule L2)."""
    mirror = [level % 2 != reads_left for level in levels]
    shown = [
        _MIRRORED.get(each, each) if turn else each
        for each, turn in zip(clusters, mirror, strict=True)
    ]
    order = list(range(len(levels)))
    for least in range(max(levels, default=0), 0, -1):
        turned: list[int] = []
        run: list[int] = []
        for index in order:
            if levels[index] >= least:
                run.append(index)
                continue
            turned += [*reversed(run), index]
            run = []
        order = turned + run[::-1]
    return [shown[index] for index in (reversed(order) if reads_left else order)]


def _to_left(character: str) -> bool:
    """Return whether the letter belongs to a script that is written to the left."""
    return unicodedata.bidirectional(character) in ("R", "AL")
