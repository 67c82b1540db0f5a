"""Settings of cleaning, and of the group `dictionary`: which words a language has."""

from __future__ import annotations

from dataclasses import fields
from typing import Self

from vitrina.errors import require
from vitrina.registry import Section, Settings, register, setting


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


class DictionaryConfig(Settings):
    """Base class of the settings of dictionaries."""

    lexicon: str | None = setting(None, non_empty=True)
    """File of toxic words, which a dictionary never contains; null: the default lexicon."""
    hold_out: bool = False
    """Leave out the lemmas of the suites of innocent words, to measure what words that the
    dictionary lacks get."""


@register("dictionary", "none")
class NoDictionaryConfig(DictionaryConfig):
    """No dictionary: no word is exempt from n-grams and deobfuscation."""


@register("dictionary", "ru", "vitrina.text.dictionary:RussianDictionary")
class RussianDictionaryConfig(DictionaryConfig):
    """Russian words with their lemmas (OpenCorpora, by pymorphy3)."""


@register("dictionary", "file", "vitrina.text.dictionary:FileDictionary")
class FileDictionaryConfig(DictionaryConfig):
    """Words of a file, for any language."""

    path: str | None = None
    """Text file with a word per line, optionally a tab and its lemma."""

    def check(self, key: str) -> None:
        require(bool(self.path), f"{key}.path", self.path, "the path of a list of words")
