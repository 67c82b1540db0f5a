"""A reading head in use: texts in, readings out, with the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from vitrina.models.embedders.base import VisualEmbedder
from vitrina.models.model import Model
from vitrina.models.precision import autocast
from vitrina.models.predictor import encoded_parts
from vitrina.models.prepare import TextPipeline
from vitrina.tasks.ocr.ctc import decode_greedily
from vitrina.tasks.ocr.symbols import Symbols
from vitrina.text.batch import TextBatch, take_ragged
from vitrina.text.offsets import OffsetMap


@dataclass(frozen=True)
class Read:
    """What was read of some texts.

    Attributes:
        texts: the readings, in the order of the texts.
        steps: int64 [num_code_points], at which step of its text each letter was said.
        available: int64 [num_texts], steps that each text made.
    """

    texts: TextBatch
    steps: np.ndarray
    available: np.ndarray


class Recognizer:
    """A model that recognizes letters, and the stages before it; itself a normalizer.

    Args:
        model: with a CTC head, in whichever mode; it reads in eval mode and is put back.
        pipeline: prepares the texts.
        symbols: of its CTC head.
        max_tokens: tokens that pass through the model at once.
        precision: auto, fp32 or bf16.
    """

    def __init__(
        self,
        model: Model,
        pipeline: TextPipeline,
        symbols: Symbols,
        *,
        max_tokens: int,
        precision: str,
    ) -> None:
        assert model.ctc_head is not None and isinstance(model.embedder, VisualEmbedder)
        self.model, self.head, self.pipeline = model, model.ctc_head, pipeline
        self.embedder = model.embedder
        self.symbols, self.max_tokens, self.precision = symbols, max_tokens, precision

    def __call__(self, texts: TextBatch) -> TextBatch:
        """The readings of the texts, in their order."""
        return self.recognize(texts).texts

    def recognize(self, texts: TextBatch) -> Read:
        """The readings of the texts by the likeliest symbol at each step."""
        device = self.model.device
        was_training = self.model.training
        self.model.eval()
        indices, lengths, symbols = [], [], []
        try:
            with torch.inference_mode(), autocast(self.precision, device):
                for part, inputs in encoded_parts(texts, self.pipeline.prepare, self.max_tokens):
                    logits = self.model.recognize(inputs.to(device))
                    indices.append(part)
                    lengths.append(logits.lengths)
                    symbols.append(logits.values.argmax(dim=1))
        finally:
            self.model.train(was_training)
        if not indices:
            none = np.zeros(0, dtype=np.int64)
            return Read(TextBatch.from_strings([]), none, none)
        steps_B = np.concatenate(lengths)
        # Read from the device once, when everything has been sent to it.
        readings, steps = decode_greedily(torch.cat(symbols).cpu().numpy(), steps_B)
        order = np.argsort(np.concatenate(indices))
        steps, _ = take_ragged(steps, readings.offsets, order)
        readings = readings.take(order)
        steps = np.repeat(steps, self.symbols.letters_of(readings))
        return Read(self.symbols.decode(readings), steps, steps_B[order])

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        """The reading of one text, and where each of its letters was seen.

        A letter leads to all that the token that said it shows. What a neighbouring token showed
        may have been needed too.
        """
        normal, way_back = self.pipeline.with_offsets(text)
        read = self.recognize(TextBatch.from_strings([text]))
        starts, ends = self.embedder.tokenizer.spans(TextBatch.from_strings([normal]))
        first = read.steps // self.head.steps * self.head.span
        last = np.minimum(first + self.head.span, len(ends)) - 1
        seen = OffsetMap(starts[first], ends[last], len(normal))
        return read.texts[0], seen.compose(way_back)
