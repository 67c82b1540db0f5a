"""Settings of the group `ocr`: whether a model also recognizes text, and how."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from vitrina.errors import InputError
from vitrina.registry import Settings, names_with, register, setting

NARROWEST_EM = 0.3
"""Width of the narrowest letters of a proportional font, as a share of its size."""


class OcrConfig(Settings):
    """Base class of the settings of text recognition."""

    recognizes: ClassVar[bool] = True
    """Whether the model has a head that recognizes text."""

    @property
    def recognizes_noise(self) -> bool:
        """Whether the target is the drawn text, with its noise."""
        return False


@register("ocr", "none")
class NoOcrConfig(OcrConfig):
    """The model does not recognize text."""

    recognizes: ClassVar[bool] = False


@register("ocr", "ctc", "vitrina.tasks.ocr.recognition:Recognition")
class CtcConfig(OcrConfig):
    """A CTC head that recognizes letters or word pieces, trained together with the task."""

    weight: float = setting(0.3, gt=0, keeps_weights=True)
    """Weight of the CTC loss, per text and symbol, relative to the task's loss."""
    target: str = setting("clean", choices=("clean", "drawn"))
    """Text to recognize: clean (without noise) or drawn (with noise)."""
    units: str = setting("letters", choices=("letters", "pieces"))
    """letters, or pieces (of a WordPiece tokenizer trained on the targets). Letters train glyph
    recognition, pieces also train word knowledge."""
    vocabulary_size: int = setting(4000, ge=1)
    """Maximum number of word pieces; unused with units=letters."""
    source: str = setting("embedder", choices=("embedder", "encoder"))
    """Input of the head: embedder (token embeddings) or encoder (hidden states)."""
    kernels: list[int] = setting([5, 5], ge=1, odd=True)
    """Kernel sizes, in tokens, of the head's convolutions. They cover glyph sequences that form one
    letter, such as }|{."""
    dim: int = setting(192, ge=1)
    """Channels of the head's convolutions."""
    frames_per_token: int | None = setting(None, ge=1, keeps_weights=True)
    """Frames (symbols) that a token emits; null: twice the letters that fit into a token, since
    equal letters need a blank between them, or half as many with units=pieces."""
    min_count: int = setting(20, ge=1, keeps_weights=True)
    """Minimum occurrences of a character of the alphabet in the training texts; other characters
    are one symbol, U+FFFD. With units=pieces, minimum occurrences of a pair to be merged."""
    measured_texts: int = setting(500, ge=1, keeps_weights=True)
    """Maximum number of texts of a suite for the character error rate."""

    @property
    def recognizes_noise(self) -> bool:
        return self.target == "drawn"

    def check_with(self, config: Any) -> None:
        embedder, encoder, task = config.embedder, config.encoder, config.task
        if not embedder.draws:
            raise InputError(
                f"ocr = {self.kind}: embedder must be one that draws texts "
                f"({names_with('embedder', 'draws')}), not {embedder.kind}"
            )
        if self.source == "encoder" and not encoder.keeps_tokens:
            raise InputError(
                f"ocr.source = 'encoder': encoder={encoder.kind} has one state for a whole text"
            )
        if task.labels_words:
            raise InputError(f"ocr = {self.kind}: task must not label words, as {task.kind} does")

    def span(self, encoder: Any) -> int:
        """Return the tokens in each input of the head; a strided encoder joins several."""
        return encoder.tokens_per_state if self.source == "encoder" else 1

    def num_frames(self, embedder: Any, encoder: Any) -> int:
        """Return the number of frames for each input of the head, enough for its letters."""
        if self.frames_per_token is not None:
            return self.frames_per_token
        letters = 1.0
        if not embedder.glyph_tokens:
            letters = max(1.0, embedder.stride_px / (NARROWEST_EM * embedder.font_size_px))
        most = (2 if self.units == "letters" else 1) * letters
        return math.ceil(most * self.span(encoder) - 0.5)
