"""Settings of the group `ocr`: whether a model also recognizes text, and how."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from vitrina.errors import InputError
from vitrina.registry import Settings, names_with, register, setting

NARROWEST_EM = 0.3
"""Width of the narrowest letters of a proportional font, in units of its size."""


class OcrConfig(Settings):
    """Base class of the settings of text recognition."""

    recognizes: ClassVar[bool] = True
    """Whether there is a head that recognizes text."""

    @property
    def recognizes_noise(self) -> bool:
        """Whether the text to recognize is the drawn one, with its noise."""
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
    """clean (the text without its noise) or drawn (the text as it is drawn)."""
    units: str = setting("letters", choices=("letters", "pieces"))
    """letters, or pieces: words and parts of words, of a WordPiece tokenizer trained on the
    targets. Letters teach a model to see, pieces teach it words."""
    vocabulary_size: int = setting(4000, ge=1)
    """Word pieces, at most; unused with units=letters."""
    source: str = setting("embedder", choices=("embedder", "encoder"))
    """embedder (token embeddings) or encoder (hidden states, so that more is shared)."""
    kernels: list[int] = setting([5, 5], ge=1, odd=True)
    """Tokens that each of the head's own convolutions sees. They join sequences that are one
    letter, such as }|{."""
    dim: int = setting(192, ge=1)
    """Channels of these convolutions."""
    frames_per_token: int | None = setting(None, ge=1, keeps_weights=True)
    """Symbols that a token can emit; null: twice the letters that fit into it, as equal letters
    need a blank between them, or half as many pieces."""
    min_count: int = setting(20, ge=1, keeps_weights=True)
    """Occurrences in the training texts that a character of the alphabet needs, all others being
    one symbol, U+FFFD; with units=pieces, that two pieces need to become one."""
    measured_texts: int = setting(500, ge=1, keeps_weights=True)
    """Texts of a suite on which the character error rate is measured, at most."""

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
                f"ocr.source = 'encoder': encoder={encoder.kind} leaves one state for a whole text"
            )
        if task.labels_words:
            raise InputError(
                f"ocr = {self.kind}: task must take whole texts, which {task.kind} does not"
            )

    def span(self, encoder: Any) -> int:
        """Tokens of the embedder behind each input of the head: a strided encoder joins some."""
        return encoder.tokens_per_state if self.source == "encoder" else 1

    def num_frames(self, embedder: Any, encoder: Any) -> int:
        """Symbols that each input of the head emits, enough for the letters drawn there."""
        if self.frames_per_token is not None:
            return self.frames_per_token
        letters = 1.0
        if not embedder.glyph_tokens:
            letters = max(1.0, embedder.stride_px / (NARROWEST_EM * embedder.font_size_px))
        most = (2 if self.units == "letters" else 1) * letters
        return math.ceil(most * self.span(encoder) - 0.5)
