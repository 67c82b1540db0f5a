"""Links, mentions and hashtags: what a reader reads of them as words.

An ordinary address holds no words. Words of a link are those with a letter outside ASCII, after
percent-decoding and IDNA, wherever they are in it but in the last label of the host.
`https://ты-дурак.рф/да` is read as `ты дурак да`, `https://ok.ru/video/1` as nothing.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from vitrina.text.edits import Edit

_END = r"""\s<>\[\]"«»“”"""
_LINK = re.compile(
    rf"(?:(?:https?|ftp)://|\bwww\.)[^{_END}]++"
    rf"|(?<![\w@.-])(?:[a-z0-9-]++\.)+[a-z]{{2,6}}/[^{_END}]*+",
    re.I,
)
_SCHEME = re.compile(r"(?:https?|ftp)://(?:www\.)?|www\.", re.I)
_HOST_END = re.compile(r"[/?#]")
_PART = re.compile(r"[^/?#&=;:.,+@!()'*|\s]++")
_WORDS = re.compile(r"(?:[^\W_]|[\u0300-\u036f])++")
_BEYOND_ASCII = re.compile(r"(?![\x00-\x7f])[^\W\d_]")
_MENTION = re.compile(r"(\[(?:id|club|public|event)\d++(?::[\w-]*+)?\|)[^\[\]|\n]*+(\])", re.I)
_MAIL = re.compile(
    r"(?<![\w.+-])(?P<name>[\w.+-]++)(?P<at>@(?:[a-z0-9-]++\.)+[a-z]{2,6})(?!\w)", re.I
)
_HASHTAGS = re.compile(r"(?<![^\s(\[{«„“\"'])(?:#(?=\w*[^\W\d_])\w{3,}+)++(?![#\w])")


def links(text: str) -> list[Edit]:
    """Remove links but for their words; remove `@host` behind a name outside ASCII."""
    edits = []
    for match in _LINK.finditer(text):
        start, end = match.start(), match.start() + _address_length(match[0])
        words = _words_of_link(text, start, end)
        if not words:
            edits.append((start, end, ""))
            continue
        position = start
        for first, last, new in words:
            apart = position > start or (start > 0 and _joins(text[start - 1]))
            edits.append((position, first, " " if apart else ""))
            if new != text[first:last]:
                edits.append((first, last, new))
            position = last
        if position < end:
            apart = end < len(text) and _joins(text[end])
            edits.append((position, end, " " if apart else ""))
    return edits


def mail(text: str) -> list[Edit]:
    """Remove `@host.domain` behind a name with a letter outside ASCII: such a name is a word."""
    found = _MAIL.finditer(text) if "@" in text else ()
    return [(*match.span("at"), "") for match in found if _BEYOND_ASCII.search(match["name"])]


def mentions(text: str) -> list[Edit]:
    """Reduce VK mentions to the name they show: `[id1|Имя]` is `Имя`."""
    return [(*match.span(group), "") for match in _MENTION.finditer(text) for group in (1, 2)]


def hashtags(text: str) -> list[Edit]:
    """Remove `#` before words; between the words of joined hashtags it becomes a space.

    `#` inside a word or before two letters can mask a letter, and `#1` is a number; these stay.
    """
    edits = []
    for match in _HASHTAGS.finditer(text):
        start, end = match.span()
        edits += [(i, i + 1, " " if i > start else "") for i in range(start, end) if text[i] == "#"]
    return edits


def _joins(character: str) -> bool:
    """Return whether the character would join a word next to it."""
    return character.isalnum() or character == "_"


def _address_length(address: str) -> int:
    """Return the length without trailing punctuation and unopened brackets."""
    end = len(address)
    unopened = address.count(")") - address.count("(")
    while end > 0:
        last = address[end - 1]
        if last == ")" and unopened > 0:
            unopened -= 1
        elif last not in ".,;:!?…'":
            break
        end -= 1
    return end


def _words_of_link(text: str, start: int, end: int) -> list[Edit]:
    """Return (start, end, words) of the words of a link, or of a part that is decoded."""
    address = text[start:end]
    if address.isascii() and "%" not in address and "xn--" not in address.lower():
        return []
    scheme = _SCHEME.match(address)
    first = scheme.end() if scheme else 0
    found = _HOST_END.search(address, first)
    host_end = found.start() if found else len(address)
    domain = address.rfind(".", first, host_end)  # the last label says no word
    edits = []
    for match in _PART.finditer(address, first):
        part, at = match[0], start + match.start()
        if domain >= 0 and domain < match.start() < host_end:
            continue
        if "%" in part or part[:4].lower() == "xn--":
            words = " ".join(_words(_decoded(part, in_host=match.start() < host_end)))
            if words:
                edits.append((at, at + len(part), words))
        else:
            edits += [
                (at + word.start(), at + word.end(), word[0])
                for word in _WORDS.finditer(part)
                if _BEYOND_ASCII.search(word[0])
            ]
    return edits


def _words(part: str) -> list[str]:
    return [word for word in _WORDS.findall(part) if _BEYOND_ASCII.search(word)]


def _decoded(part: str, in_host: bool) -> str:
    """Decode a part of a link by IDNA or percent-decoding; return "" if it is invalid."""
    try:
        if in_host and part[:4].lower() == "xn--":
            part = part[4:].encode("ascii").decode("punycode")
        return unquote(part, errors="strict")
    except (UnicodeError, OverflowError):
        return ""
