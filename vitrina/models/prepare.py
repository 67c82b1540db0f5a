"""Prepares texts for a model: normalize → deobfuscate → tokenize.

Training, evaluation, inference, reports and tools all use this.
"""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.deobfuscation.base import Deobfuscator
from vitrina.models.coverage import Coverage, TrainingTexts
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import Tokenizer
from vitrina.normalizers.base import Normalizer
from vitrina.text.batch import TextBatch, pieces
from vitrina.text.offsets import OffsetMap


@dataclass(frozen=True)
class TextPipeline:
    """All stages before the model. As a normalizer it returns the text that is tokenized.

    Attributes:
        normalizer: changes texts by rules.
        deobfuscator: replaces disguised words; None: there is none.
        tokenizer: tokenizes the codes of the deobfuscated letters, or the deobfuscated text.
        training_texts: what the training texts hold; None: not known, which `coverage` needs.
    """

    normalizer: Normalizer
    deobfuscator: Deobfuscator | None
    tokenizer: Tokenizer
    training_texts: TrainingTexts | None = None

    def prepare(self, texts: TextBatch) -> TokenBatch:
        """Return the tokens of texts."""
        return self.tokenize(self(texts))

    def __call__(self, texts: TextBatch) -> TextBatch:
        """Return the texts that the tokenizer gets."""
        normal = self.normalizer(texts)
        if self.deobfuscator is None or self.tokenizer.reads_codes:
            return normal
        return self.deobfuscator(normal).text()

    def tokenize(self, shown: TextBatch) -> TokenBatch:
        """Return the tokens of texts that `__call__` returned."""
        if self.deobfuscator is None or not self.tokenizer.reads_codes:
            return self.tokenizer(shown)
        return self.tokenizer(shown, self.deobfuscator(self.tokenizer.units(shown)))

    def coverage(self, texts: TextBatch) -> Coverage:
        """Return how much of each text was read and is supported (`TrainingTexts.coverage`)."""
        assert self.training_texts is not None
        parts = []
        for piece in pieces(texts.offsets):  # bounds the memory
            normal = self.normalizer(texts.part(*piece))
            read = self.deobfuscator(normal) if self.deobfuscator is not None else None
            parts.append(self.training_texts.coverage(normal, read))
        return Coverage.join(parts)

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        """Return one text as the tokenizer gets it, with the offsets in `text`."""
        normal, to_text = self.normalizer.with_offsets(text)
        if self.deobfuscator is None or self.tokenizer.reads_codes:
            return normal, to_text
        plain, to_normal = self.deobfuscator.with_offsets(normal)
        return plain, to_normal.compose(to_text)
