"""Text in the wrong encoding: UTF-8 that was read as a single-byte encoding (`Ð´ÑƒÑ€Ð°Ðº`)."""

from __future__ import annotations

import codecs
import re
from itertools import accumulate

from vitrina.text.edits import Edit

_CODECS = (
    "latin-1", "cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1257", "iso8859-2",
    "mac-roman", "cp437",
)  # fmt: skip
"""The encodings that ftfy looks for."""


_ORDINARY = "\u00a0«»“”„‘’–—…№•©®°ёЁ"
SIGNS = "".join(
    sorted(
        {
            codecs.decode(bytes([byte]), codec, "ignore") or chr(byte)
            for codec in _CODECS
            for byte in range(0x80, 0xC0)  # bytes that continue a character of UTF-8
        }
        - set(_ORDINARY)
    )
)
"""Characters that show that a text may be in the wrong encoding. Almost every word of such a text
holds one, and most texts hold none, so that they need no further look."""
_SIGN = re.compile(f"[{re.escape(SIGNS)}]")

_CHUNK = re.compile(r"[^\n]{1,1000}(?:(?<= )|(?=\n)|\Z)|[^\n]{1,1000}")


def decoded(text: str) -> list[Edit]:
    """Decode text that was read in the wrong encoding, by `ftfy.fix_encoding`.

    A line, or a part of at most 1,000 characters of it, is decided by itself. A word that changes
    maps to its original word; if the number of words changes, all of the part that differs does.
    """
    if not _SIGN.search(text):
        return []
    from ftfy import fix_encoding  # most processes never need it

    edits: list[Edit] = []
    for chunk in _CHUNK.finditer(text):
        old = chunk[0]
        if old.isascii():
            continue
        new = fix_encoding(old)
        if new != old:
            edits += _aligned(old, new, chunk.start())
    return edits


def _aligned(old: str, new: str, start: int) -> list[Edit]:
    """Return the edits from `old`, which starts at `start`, to `new`, word by word."""
    old_words, new_words = old.split(" "), new.split(" ")
    if len(old_words) == len(new_words) and all(
        before or not after for before, after in zip(old_words, new_words, strict=True)
    ):
        starts = accumulate((len(word) + 1 for word in old_words), initial=start)
        return [
            (first, first + len(before), after)
            for first, before, after in zip(starts, old_words, new_words, strict=False)
            if before != after
        ]
    same = next(
        (i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]),
        min(len(old), len(new)),
    )
    if same == len(old):  # nothing to replace: take the last character with it
        same -= 1
    return [(start + same, start + len(old), new[same:])]
