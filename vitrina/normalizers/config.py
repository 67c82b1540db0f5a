"""Settings of normalisers."""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.errors import require


@dataclass(kw_only=True)
class NoNormalizerConfig:
    """Texts as they are."""

    kind: str
    """Which normaliser this is."""


@dataclass(kw_only=True)
class UnicodeNormalizerConfig:
    """Compatibility forms unified (NFKC), invisible characters removed."""

    kind: str
    """Which normaliser this is."""


@dataclass(kw_only=True)
class ConfusablesNormalizerConfig:
    """`unicode`, then look-alikes (Unicode Technical Standard 39) in the script of their word."""

    kind: str
    """Which normaliser this is."""


@dataclass(kw_only=True)
class RulesNormalizerConfig:
    """`unicode`, then the known replacements undone where that gives a word of the lexicon or of
    the dictionary."""

    kind: str
    """Which normaliser this is."""
    level: int
    """Level of the replacements that are undone, 0 (none) to 4; each level holds the lower ones."""
    clusters: str | None
    """File of glyph clusters (level 4) to use; null: the project's own."""
    lexicon: str | None
    """File of toxic words to use; null: the project's own."""
    masks: str
    """Characters that may stand for any letter of a toxic word; empty: none."""
    separators: str
    """Characters that may have been put between the letters of a word; empty: none."""
    spaces: bool
    """Join words that spaces were put into."""
    repeats: bool
    """Shorten letters that stand three times or more."""
    beam: int
    """Readings of a word that are kept, 1 to 1,000; more find more and take longer."""
    max_length: int
    """Code points of the longest run of signs that is read as a word, 1 to 1,000."""

    def __post_init__(self) -> None:
        require(0 <= self.level <= 4, "normalizer.level", self.level, "a whole number from 0 to 4")
        for key in ("beam", "max_length"):
            value = getattr(self, key)
            require(1 <= value <= 1000, f"normalizer.{key}", value, "from 1 to 1000")
        for key in ("masks", "separators"):
            value = getattr(self, key)
            signs = not any(sign.isalnum() or sign.isspace() for sign in value)
            require(signs, f"normalizer.{key}", value, "signs, no letters, digits or spaces")


@dataclass(kw_only=True)
class RecognizerNormalizerConfig:
    """What a trained model reads in the place of the text."""

    kind: str
    """Which normaliser this is."""
    run: str | None
    """Folder of a finished run with ocr=ctc; it is needed wherever this run's model is used."""

    def __post_init__(self) -> None:
        given = self.run not in (None, "")
        require(given, "normalizer.run", self.run, "the folder of a run with ocr=ctc")


OPTIONS: dict[str, type] = {
    "none": NoNormalizerConfig,
    "unicode": UnicodeNormalizerConfig,
    "confusables": ConfusablesNormalizerConfig,
    "rules": RulesNormalizerConfig,
    "reader": RecognizerNormalizerConfig,
}
