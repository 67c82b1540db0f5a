"""Renders the HTML page of a report from the templates in `resources/report`.

A page is one self-contained file without external requests. Jinja2 escapes all text; `displayable`
also replaces the characters that HTML forbids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from vitrina import __version__
from vitrina.files import package_folder


@dataclass(frozen=True)
class PageTable:
    """A table of a page; the first cell of a row is its heading.

    Attributes:
        rows: cells are text or the result of `markup`.
        words: indices of columns whose text may wrap.
    """

    caption: str
    head: Sequence[str]
    rows: Iterable[Sequence[str]]
    words: Sequence[int] = ()


def displayable(value: Any) -> Any:
    """Escape characters that HTML cannot display, as `\\u202e`; return other values unchanged.

    These are lone surrogates, control characters and bidirectional controls, which would change
    the text direction of the page.

    >>> print(displayable("a" + chr(0x202E)))
    a\\u202e
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(c if _is_displayable(ord(c)) else f"\\u{ord(c):04x}" for c in value)


def _is_displayable(code: int) -> bool:
    control = (code < 32 and code not in b"\n\t\r") or 127 <= code < 160 or code == 0xFFFE
    bidirectional = 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    return not (control or bidirectional or 0xD800 <= code <= 0xDFFF)


def markup(template: str, *values: object) -> Markup:
    """Format an HTML template with escaped values."""
    return Markup(template).format(*map(displayable, values))


def render(body: str, **values: Any) -> str:
    """Render a page.

    Args:
        body: template file whose macros are the sections of the page, `run` or `sweep`.
        values: `title`, `subtitle`, `sections` (title by macro name) and `report`, the argument
            of each macro.
    """
    environment = Environment(
        loader=FileSystemLoader(package_folder("resources") / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=displayable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup((package_folder("resources") / "report" / "report.css").read_text("utf-8"))
    page = environment.get_template("page.html.j2")
    return page.render(body=f"{body}.html.j2", style=style, version=__version__, **values)
