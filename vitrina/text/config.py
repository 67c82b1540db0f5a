"""Settings of cleaning."""

from __future__ import annotations

from dataclasses import fields
from typing import Self

from vitrina.registry import Section


class CleaningConfig(Section):
    """Steps that bring a text to the form in which it is shown. Each can be turned off."""

    encoding: bool = True
    """Decode text that was read in the wrong encoding: `Ð´ÑƒÑ€Ð°Ðº` is `дурак`."""
    html: bool = True
    """Decode HTML entities, also doubly escaped ones, and remove HTML tags, also inside words."""
    bbcode: bool = True
    """Remove pairs of BBCode tags: [b]…[/b]."""
    markdown: bool = True
    """Remove pairs of Markdown marks: `**` around words, `~~` and `||` anywhere. Links show their
    text. Signs that can mask letters stay."""
    urls: bool = True
    """Remove links, except for the parts that have letters outside ASCII: these are words."""
    mentions: bool = True
    """Reduce VK mentions, [id123|Name] and [club1|Name], to the name."""
    hashtags: bool = True
    """Remove `#` before words."""
    direction: bool = True
    """Remove controls of direction; text that an override shows backwards is turned."""
    bom: bool = True
    """Remove byte order marks."""

    @classmethod
    def nothing(cls) -> Self:
        """Return the settings that turn all steps off."""
        return cls(**{field.name: False for field in fields(cls)})  # pyright: ignore[reportArgumentType]
