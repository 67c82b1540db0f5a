"""Settings of the group `normalizer`: text-to-text preprocessing before the model."""

from __future__ import annotations

from typing import ClassVar

from vitrina.errors import require
from vitrina.registry import Settings, register, setting


class NormalizerConfig(Settings):
    """Base class of the settings of normalizers."""

    needs_run: ClassVar[bool] = False
    """Whether it requires the folder of another run."""


@register("normalizer", "none", "vitrina.normalizers.base:NoNormalizer")
class NoNormalizerConfig(NormalizerConfig):
    """Returns texts unchanged."""


@register("normalizer", "confusables", "vitrina.normalizers.confusables:ConfusablesNormalizer")
class ConfusablesNormalizerConfig(NormalizerConfig):
    """Applies NFKC and replaces confusable characters (Unicode TS 39) by the script of the word."""


@register("normalizer", "rules", "vitrina.normalizers.rules:RulesNormalizer")
class RulesNormalizerConfig(NormalizerConfig):
    """Inverts known replacements if the result is a word of the lexicon or the dictionary."""

    level: int = setting(4, ge=0, le=4)
    """Highest noise level whose replacements are inverted."""
    clusters: str | None = None
    """File of glyph clusters (level 4); null: the built-in file."""
    lexicon: str | None = None
    """File of toxic words; null: the built-in file."""
    masks: str = "*."
    """Characters that may mask any letter of a toxic word; empty: none."""
    separators: str = ".*-_"
    """Characters that may separate the letters of a word; empty: none."""
    spaces: bool = True
    """Whether to join words that were split by spaces."""
    repeats: bool = True
    """Whether to shorten letters repeated three or more times."""
    beam: int = setting(16, ge=1, le=1000)
    """Beam size of the search; a wider beam is more accurate and slower."""
    max_length: int = setting(40, ge=1, le=1000)
    """Maximum number of code points of a run of characters treated as a word."""

    def check(self, key: str) -> None:
        for name in ("masks", "separators"):
            value = getattr(self, name)
            valid = not any(character.isalnum() or character.isspace() for character in value)
            require(valid, f"{key}.{name}", value, "signs, not letters, digits or spaces")


@register("normalizer", "recognizer", "vitrina.normalizers.recognizer:RecognizerNormalizer")
class RecognizerNormalizerConfig(NormalizerConfig):
    """Replaces texts by the output of the CTC head of another run."""

    needs_run: ClassVar[bool] = True
    run: str | None = None
    """Folder of a finished run with ocr=ctc; required at inference as well."""

    def check(self, key: str) -> None:
        require(bool(self.run), f"{key}.run", self.run, "the folder of a run with ocr=ctc")

    def runs_used(self) -> dict[str, str]:
        return {"normalizer.run": str(self.run)}
