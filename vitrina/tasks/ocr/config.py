"""Options of the group `ocr`: whether a model is also asked to read, and how."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from vitrina.errors import InputError, require
from vitrina.models.embedders.config import GlyphsConfig, LineConfig, SlicesConfig

TARGETS = ("clean", "drawn")
READS = ("embedder", "encoder")
UNITS = ("letters", "pieces")

NARROWEST_EM = 0.3
"""Width of the narrowest letters of a proportional font, in units of its size."""


@dataclass(kw_only=True)
class NoOcrConfig:
    """The model is not asked to read."""

    kind: str
    """none"""


@dataclass(kw_only=True)
class CtcConfig:
    """A head that reads the text, letter by letter or in word pieces, trained beside the task."""

    kind: str
    """ctc"""
    weight: float
    """What the loss of reading, per text and symbol, counts beside the task's loss."""
    target: str
    """clean (read what was meant: the text without its noise) or drawn (what stands there)."""
    units: str
    """letters, or pieces: words and parts of words, of a WordPiece tokenizer trained on what is to
    be read. Letters teach a model to see, pieces teach it words."""
    vocabulary_size: int
    """Word pieces, at most; letters take no notice."""
    reads: str
    """embedder (token embeddings) or encoder (token states, so that more is shared)."""
    kernels: list[int]
    """A convolution of the head's own for each number: tokens it sees; odd. Sequences that are
    one letter, such as }|{, are read together by them."""
    width: int
    """Channels of these convolutions."""
    steps: int | None
    """Symbols that a token can say; null: twice the letters that fit into it, as equal letters
    need a blank between them, or half as many pieces."""
    min_count: int
    """Occurrences in the training texts that a character needs to be of the alphabet, all others
    being read as one symbol, U+FFFD; with units=pieces, that two pieces need to become one."""
    measured_texts: int
    """Texts of a suite on which the character error rate is measured, at most."""

    def __post_init__(self) -> None:
        require(
            self.weight > 0, "ocr.weight", self.weight, "above 0; ocr=none trains without reading"
        )
        require(self.target in TARGETS, "ocr.target", self.target, f"one of {', '.join(TARGETS)}")
        require(self.reads in READS, "ocr.reads", self.reads, f"one of {', '.join(READS)}")
        odd = all(kernel >= 1 and kernel % 2 == 1 for kernel in self.kernels)
        require(odd, "ocr.kernels", self.kernels, "odd numbers of at least 1")
        require(self.units in UNITS, "ocr.units", self.units, f"one of {', '.join(UNITS)}")
        for name in ("width", "min_count", "measured_texts", "vocabulary_size"):
            require(getattr(self, name) >= 1, f"ocr.{name}", getattr(self, name), "at least 1")
        enough = self.steps is None or self.steps >= 1
        require(enough, "ocr.steps", self.steps, "at least 1, or null")


LATER: dict[str, Any] = {"units": "letters", "vocabulary_size": 4000}
"""Settings of `ctc` that came after version 0.1.0, with the values of before."""

OPTIONS: dict[str, type] = {"none": NoOcrConfig, "ctc": CtcConfig}


def check(ocr: Any, embedder: Any, encoder: Any, task: Any) -> None:
    """Whether what is drawn can be read.

    Raises:
        InputError: where the embedder does not draw texts, the encoder leaves too little of
            them, or the task does not take them whole.
    """
    if not isinstance(ocr, CtcConfig):
        return
    if not isinstance(embedder, GlyphsConfig | SlicesConfig | LineConfig):
        raise InputError(
            f"ocr = ctc: embedder must be glyphs, glyph_ngrams, slices or line, which draw texts, "
            f"not {embedder.kind}"
        )
    if ocr.reads == "encoder" and encoder.kind == "mean":
        raise InputError("ocr.reads = 'encoder': encoder=mean leaves one state for a whole text")
    if task.kind == "labeling":
        raise InputError("ocr = ctc: task must take whole texts, which labeling does not")


def span(ocr: CtcConfig, encoder: Any) -> int:
    """Tokens of the embedder behind each place that is read: a strided encoder joins some."""
    return getattr(encoder, "stride", 1) if ocr.reads == "encoder" else 1


def num_steps(ocr: CtcConfig, embedder: Any, encoder: Any) -> int:
    """Symbols that each place says, enough for the letters that stand there."""
    if ocr.steps is not None:
        return ocr.steps
    letters = 1.0
    if not isinstance(embedder, GlyphsConfig):
        letters = max(1.0, embedder.stride_px / (NARROWEST_EM * embedder.font_size_px))
    most = (2 if ocr.units == "letters" else 1) * letters
    return math.ceil(most * span(ocr, encoder) - 0.5)
