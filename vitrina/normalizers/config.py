"""Settings of the group `normalizer`: text to text by rules, before any model."""

from __future__ import annotations

from typing import ClassVar

from vitrina.errors import require
from vitrina.registry import Settings, register, setting


class NormalizerConfig(Settings):
    """Base class of the settings of normalizers."""

    needs_run: ClassVar[bool] = False
    """Whether it needs the folder of another run."""


@register("normalizer", "none", "vitrina.normalizers.base:NoNormalizer")
class NoNormalizerConfig(NormalizerConfig):
    """Texts as they are."""


@register("normalizer", "confusables", "vitrina.normalizers.confusables:ConfusablesNormalizer")
class ConfusablesNormalizerConfig(NormalizerConfig):
    """Compatibility forms (NFKC), then Unicode's look-alikes in the script of their word.

    Source: Unicode Technical Standard 39.
    """


@register("normalizer", "rules", "vitrina.normalizers.rules:RulesNormalizer")
class RulesNormalizerConfig(NormalizerConfig):
    """Known replacements undone where that gives a word of the lexicon or of the dictionary."""

    level: int = setting(4, ge=0, le=4)
    """Level of the replacements that are undone; each level holds the lower ones."""
    clusters: str | None = None
    """File of glyph clusters (level 4); null: the project's own."""
    lexicon: str | None = None
    """File of toxic words; null: the project's own."""
    masks: str = "*."
    """Characters that may replace any letter of a toxic word; empty: none."""
    separators: str = ".*-_"
    """Characters that may have been put between the letters of a word; empty: none."""
    spaces: bool = True
    """Whether to join words that spaces were put into."""
    repeats: bool = True
    """Whether to shorten letters that occur three times or more in a row."""
    beam: int = setting(16, ge=1, le=1000)
    """Candidates of a word that are kept; more find more and take longer."""
    max_length: int = setting(40, ge=1, le=1000)
    """Code points of the longest run of signs that is treated as a word."""

    def check(self, key: str) -> None:
        for name in ("masks", "separators"):
            value = getattr(self, name)
            signs = not any(sign.isalnum() or sign.isspace() for sign in value)
            require(signs, f"{key}.{name}", value, "signs, no letters, digits or spaces")


@register("normalizer", "recognizer", "vitrina.normalizers.recognizer:RecognizerNormalizer")
class RecognizerNormalizerConfig(NormalizerConfig):
    """What the CTC head of another run recognizes, in place of the text."""

    needs_run: ClassVar[bool] = True
    run: str | None = None
    """Folder of a finished run with ocr=ctc; it is needed wherever this run's model is used."""

    def check(self, key: str) -> None:
        require(bool(self.run), f"{key}.run", self.run, "the folder of a run with ocr=ctc")

    def runs_used(self) -> dict[str, str]:
        return {"normalizer.run": str(self.run)}
