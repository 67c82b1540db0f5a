"""One HTML file without anything from elsewhere: escaped text, tables, figures, the page.

Functions named after an element give HTML; what is handed to them as text is escaped here, once.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vitrina import __version__
from vitrina.files import package_folder


@dataclass(frozen=True)
class Html:
    """Markup that is ready; everything else is text and will be escaped."""

    markup: str

    def __str__(self) -> str:
        return self.markup


Content = str | Html


def escaped(text: Content) -> str:
    """Text as it may stand anywhere in HTML; what cannot be shown or encoded as its number."""
    if isinstance(text, Html):
        return text.markup
    safe = "".join(sign if _speakable(sign) else f"\\u{ord(sign):04x}" for sign in text)
    return html.escape(safe, quote=True)


def _speakable(sign: str) -> bool:
    """Lone surrogates cannot be encoded, and control characters are not allowed in HTML; signs
    that turn the direction of writing would turn the page around them."""
    code = ord(sign)
    control = (code < 32 and sign not in "\n\t\r") or 127 <= code < 160 or code == 0xFFFE
    turns = 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    return not (control or turns or 0xD800 <= code <= 0xDFFF)


def join(parts: Iterable[Content]) -> Html:
    return Html("\n".join(escaped(part) for part in parts))


def element(name: str, content: Content, **attributes: str | int | None) -> Html:
    """`<name …>content</name>`; an underscore behind a Python keyword is dropped (`class_`)."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{told}>{escaped(content)}</{name}>")


def paragraph(text: Content, class_: str | None = None) -> Html:
    return element("p", text, class_=class_)


def bullets(items: Iterable[Content], class_: str | None = None) -> Html:
    return element("ul", join(element("li", item) for item in items), class_=class_)


def section(title: str, anchor: str, *content: Content) -> Html:
    """A part of the page with a heading that can be linked to."""
    heading = element("h2", title, id=anchor)
    return element("section", join([heading, *content]), aria_labelledby=anchor)


def details(title: Content, *content: Content, open_: bool = False) -> Html:
    """A part that is closed at first, and opens without a mouse."""
    inside = join([element("summary", title), *content])
    return Html(f"<details{' open' if open_ else ''}>{inside}</details>")


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[Content]],
    *,
    words: Sequence[int] = (),
) -> Html:
    """A table that scrolls inside its own box; the first cell of a row is its heading.

    Args:
        words: columns of text, which may be wrapped.
    """
    columns = join(
        element("th", name, scope="col", class_="words" if number in words else None)
        for number, name in enumerate(head)
    )
    lines = []
    for row in rows:
        cells = [element("th", row[0], scope="row")]
        for number, cell in enumerate(row[1:], start=1):
            cells.append(element("td", cell, class_="words" if number in words else None))
        lines.append(element("tr", join(cells)))
    inside = join(
        [
            element("caption", caption),
            element("thead", element("tr", columns)),
            element("tbody", join(lines)),
        ]
    )
    # What scrolls must be reachable with the keys.
    return element(
        "div",
        element("table", inside),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=caption,
    )


def deeper(content: Content) -> Html:
    """The same with all headings one level deeper."""
    return Html(re.sub(r"<(/?)h([2-5])\b", _next_level, escaped(content)))


def _next_level(match: re.Match[str]) -> str:
    return f"<{match[1]}h{int(match[2]) + 1}"


def figure(picture: Html, caption: Content) -> Html:
    return element("figure", join([picture, element("figcaption", caption)]))


def code(text: str) -> Html:
    return element("pre", element("code", text), tabindex=0)


def page(title: str, subtitle: Content, sections: Sequence[tuple[str, str, Html]]) -> str:
    """The whole file.

    Args:
        sections: title, anchor and markup of each, in order.
    """
    style = (package_folder("resources") / "report" / "report.css").read_text("utf-8")
    links = bullets(element("a", name, href=f"#{anchor}") for name, anchor, _ in sections)
    head = join(
        [
            Html('<meta charset="utf-8">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            element("title", title),
            Html(f"<style>\n{style}</style>"),
        ]
    )
    body = join(
        [
            element("a", "Skip to the scores", class_="skip", href="#main"),
            element(
                "header",
                join(
                    [
                        element("h1", title),
                        paragraph(subtitle, "quiet"),
                        element("nav", links, aria_label="Parts of this report"),
                    ]
                ),
            ),
            element("main", join(markup for _, _, markup in sections), id="main"),
            element("footer", f"Made by tools/report.py of VITRina {__version__}."),
        ]
    )
    page = element("html", join([element("head", head), element("body", body)]), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"
