"""HTML and BBCode as a browser shows them: entities are decoded, tags are not visible.

Each function returns the edits of one text. All patterns are bounded or deterministic, so the time
is linear in the length of the text.
"""

from __future__ import annotations

import html
import re

from vitrina.text.edits import Edit

MAX_HIDDEN = 4000
"""Maximum number of characters of a comment, or of a script with its content."""

_BLOCK = (
    "address article aside blockquote br caption center col colgroup dd details dialog dir div dl "
    "dt fieldset figcaption figure footer form frame frameset h[1-6] header hgroup hr legend li "
    "main menu nav noframes ol optgroup option p pre search section select summary table tbody td "
    "textarea tfoot th thead tr ul"
)
_INLINE = (
    "a abbr acronym applet area audio b base basefont bdi bdo bgsound big blink body button canvas "
    "cite code command data datalist del dfn em embed font g head html i iframe image img input "
    "ins isindex kbd keygen label link map mark marquee math meta meter nobr noembed noscript "
    "object output param path picture plaintext progress q rb rp rt rtc ruby s samp script slot "
    "small source spacer span strike strong style sub sup svg template text time title track tt u "
    "var video wbr xmp"
)
_BOOLEAN = (
    "allowfullscreen async autofocus autoplay checked compact controls default defer disabled "
    "download hidden inert ismap itemscope loop multiple muted nohref noresize noshade novalidate "
    "nowrap open readonly required reversed selected"
)
_ATTRIBUTE = (
    r"""\s+(?:[a-z][a-z0-9:_-]*+\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>=]++)"""
    rf"""|(?:{"|".join(_BOOLEAN.split())})(?![^\s/>]))"""
)
_TAG = re.compile(
    rf"</?(?P<name>{'|'.join(f'{_BLOCK} {_INLINE}'.split())}|[a-z][a-z0-9]*+-[a-z0-9-]*+)"
    rf"(?:{_ATTRIBUTE})*+\s*+/?>"
    r"|(?<=[^\W\d_])</?[a-z][a-z0-9]{0,20}+/?>(?=[^\W\d_])"  # an unknown name inside a word
    r"|<(?:!doctype|\?xml)\b[^<>]{0,500}+>",
    re.I,
)
_BLOCK_NAME = re.compile("|".join(_BLOCK.split()), re.I)
_HIDDEN = re.compile(r"<(?:!--|!\[CDATA\[|(?P<name>script|style)\b[^<>]{0,500}+>)", re.I)
_CLOSERS = {
    "script": re.compile(r"</script\s*+>", re.I),
    "style": re.compile(r"</style\s*+>", re.I),
}
_COMMENT_END, _DATA_END = re.compile("-->"), re.compile(r"\]\]>")

_ENTITY = re.compile(
    r"&(?:(?:amp|#0{0,9}38|#x0{0,9}26);)*"  # escaped more than once
    r"(#0{0,9}\d{1,7}(?!\d);?|#x0{0,9}[0-9a-f]{1,6}(?![0-9a-f]);?|[a-z][a-z0-9]{1,31};)",
    re.I,
)

_BB_NAMES = (
    "align attach b center code color email font hide highlight i img justify left list noparse "
    "offtop pre quote right s size spoiler strike sub sup table td th tr u url user video youtube"
)
_BB_BLOCK = re.compile("align|center|code|justify|left|list|pre|quote|right|table|td|th|tr", re.I)
_BB_TAG = re.compile(
    rf"\[(?P<close>/)?(?P<name>{'|'.join(_BB_NAMES.split())})(?:[= ][^\[\]\n]{{0,500}}+)?\]", re.I
)


def entities(text: str) -> list[Edit]:
    """Decode HTML entities, also those that were escaped more than once: `&amp;lt;` is `<`."""
    edits = []
    for match in _ENTITY.finditer(text):
        new = html.unescape(f"&{match[1]}")
        if new != match[0]:
            edits.append((*match.span(), new))
    return edits


def hidden(text: str) -> list[Edit]:
    """Remove comments, scripts and style sheets with their content.

    One that is longer than `MAX_HIDDEN` or never ends stays. The search for an end is resumed, not
    repeated, so that the time is linear.
    """
    edits = []
    ends: dict[re.Pattern[str], tuple[int, int]] = {}  # the next end of each kind
    position = 0
    for match in _HIDDEN.finditer(text):
        start, inside = match.span()
        if start < position:
            continue
        if match["name"]:
            closer = _CLOSERS[match["name"].lower()]
        else:
            closer = _COMMENT_END if match[0] == "<!--" else _DATA_END
            inside -= 2 if match[0] == "<!--" else 0  # `<!-->` is a comment without content
        if ends.get(closer, (-1, -1))[0] < inside:
            found = closer.search(text, inside)
            ends[closer] = found.span() if found else (len(text) + MAX_HIDDEN, -1)
        end = ends[closer][1]
        if 0 <= end - start <= MAX_HIDDEN:
            edits.append((start, end, ""))
            position = end
    return edits


def tags(text: str) -> list[Edit]:
    """Remove HTML tags: a block tag separates words and becomes a space, others vanish.

    A tag has the name of an element of HTML, or of a custom element (with a hyphen), and valid
    attributes. Inside a word any name is a tag. So `a < b`, `<3` and `<nick>` stay.
    """
    edits = []
    for match in _TAG.finditer(text):
        block = match["name"] and _BLOCK_NAME.fullmatch(match["name"])
        edits.append((*match.span(), " " if block else ""))
    return edits


def bbcode(text: str) -> list[Edit]:
    """Remove pairs of BBCode tags: `[b]…[/b]`, `[url=…]…[/url]`. A tag without partner stays."""
    opened: dict[str, list[tuple[int, int]]] = {}
    edits = []
    for match in _BB_TAG.finditer(text):
        name = match["name"].lower()
        if not match["close"]:
            opened.setdefault(name, []).append(match.span())
        elif opened.get(name):
            new = " " if _BB_BLOCK.fullmatch(name) else ""
            edits += [(*opened[name].pop(), new), (*match.span(), new)]
    return sorted(edits)
