"""Markdown as a chat shows it: marks are not visible.

Signs that mask letters look like marks. Only pairs that cannot be masks are removed: `*` and `_`
around whole words, `~~` and `||` anywhere. So `п**дец`, `6*5`, `:-*`, `бл*` and `snake_case` stay.
Each pattern is bounded, so the time is linear in the length of the text.
"""

from __future__ import annotations

import re

from vitrina.text.edits import Edit

_LINK = re.compile(
    r"!?\[(?P<shown>[^\[\]\n]{0,500}+)\]"
    r"\((?:(?:https?|ftp|tg)://|www\.|mailto:|/)[^()\s]{0,2000}+"
    r"(?:\([^()\s]{0,500}+\)[^()\s]{0,500}+)?\)",
    re.I,
)


def _around_words(sign: str) -> str:
    """Return the pattern of a pair of marks around whole words.

    The first word has two letters or digits at least. Three letters and up to three other signs
    precede the second mark: a mask of the end of a word mostly leaves fewer letters (`бл*`).
    """
    inside = rf"(?=[^\W_]{{2}})[^{sign}\n]{{0,500}}[^\W\d_]{{3}}[^\w\s{sign}]{{0,3}}"
    return rf"(?<![\w\\{sign}])(?P<mark>{sign}{{1,3}}+)(?P<shown>{inside})(?P=mark)(?![\w{sign}])"


_PAIRS = [
    re.compile(pattern)
    for pattern in (
        _around_words(r"\*"),
        _around_words("_"),
        r"(?<!~)~~(?=[^\s~])(?P<shown>[^~\n]{1,500}+)(?<=\S)~~(?!~)",
        r"(?<!\|)\|\|(?=[^\W\d_]{2})(?P<shown>[^|\s]{2,500}+)\|\|(?!\|)",
        r"(?<![\w|])\|\|(?=\w)(?P<shown>[^|\n]{2,500}+)(?<=\S)\|\|(?![\w|])",
        r"(?<![\w`])(?P<mark>`{1,3}+)(?=\w)(?P<shown>[^`\n]{1,500}+)(?<=\S)(?P=mark)(?![\w`])",
        r"(?<=[^\W\d_])`(?P<shown>[^\W\d_]{1,20}+)`(?=[^\W\d_])",
        r"(?<=[^\W\d_])~~(?P<shown>)~~(?=[^\W\d_])",
    )
]


def links(text: str) -> list[Edit]:
    """Reduce `[shown](address)` and `![shown](address)` to the shown text."""
    return [edit for match in _LINK.finditer(text) for edit in _without_marks(match)]


def marks(text: str) -> list[Edit]:
    """Remove pairs of marks; of pairs that share a mark, those of the first pattern."""
    edits: dict[int, Edit] = {}
    for pattern in _PAIRS:
        for match in pattern.finditer(text):
            pair = {edit[0]: edit for edit in _without_marks(match)}
            if not pair.keys() & edits.keys():
                edits |= pair
    return sorted(edits.values())


def _without_marks(match: re.Match[str]) -> list[Edit]:
    (start, end), (first, last) = match.span(), match.span("shown")
    return [(start, first, ""), (last, end, "")] if first < last else [(start, end, "")]
