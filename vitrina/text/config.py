"""Settings of cleaning, and of the group `dictionary`: which words a language has."""

from __future__ import annotations

from vitrina.errors import require
from vitrina.registry import Section, Settings, register, setting


class CleaningConfig(Section):
    """Parts of a text that are removed when it is loaded."""

    html: bool = True
    """Decode HTML entities and remove HTML tags."""
    urls: bool = True
    """Remove web addresses."""
    mentions: bool = True
    """Remove VK mentions: [id123|Name], [club1|Name]."""
    bom: bool = True
    """Remove byte order marks."""


class DictionaryConfig(Settings):
    """Base class of the settings of dictionaries."""

    lexicon: str | None = setting(None, non_empty=True)
    """File of toxic words, which a dictionary never contains; null: the default lexicon."""


@register("dictionary", "none")
class NoDictionaryConfig(DictionaryConfig):
    """No dictionary: words are known from their parts only."""


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
