"""Recognition of texts with a trained CTC head."""

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
class RecognizedBatch:
    """Recognized texts.

    Attributes:
        texts: the recognized texts, in the order of the inputs.
        steps: int64 [num_code_points], the step of its text at which each letter was emitted.
        available: int64 [num_texts], number of steps of each text.
    """

    texts: TextBatch
    steps: np.ndarray
    available: np.ndarray


class Recognizer:
    """Recognizes texts with a model and the stages before it; has the interface of a normalizer.

    Args:
        model: model with a CTC head; its mode is eval during recognition and then restored.
        pipeline: prepares the texts.
        symbols: symbols of the CTC head.
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
        """Return the recognized texts, in the order of the inputs."""
        return self.recognize(texts).texts

    def recognize(self, texts: TextBatch) -> RecognizedBatch:
        """Recognize texts by greedy decoding."""
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
            return RecognizedBatch(TextBatch.from_strings([]), none, none)
        steps_B = np.concatenate(lengths)
        # One transfer from the device, after all batches are queued.
        readings, steps = decode_greedily(torch.cat(symbols).cpu().numpy(), steps_B)
        order = np.argsort(np.concatenate(indices))
        steps, _ = take_ragged(steps, readings.offsets, order)
        readings = readings.take(order)
        steps = np.repeat(steps, self.symbols.num_letters(readings))
        return RecognizedBatch(self.symbols.decode(readings), steps, steps_B[order])

    def with_offsets(self, text: str) -> tuple[str, OffsetMap]:
        """Recognize one text; return it and the map of its letters to the original.

        A letter maps to all characters in the token that emitted it, although it may also depend
        on neighboring tokens.
        """
        normal, to_original = self.pipeline.with_offsets(text)
        read = self.recognize(TextBatch.from_strings([text]))
        starts, ends = self.embedder.tokenizer.spans(TextBatch.from_strings([normal]))
        first = read.steps // self.head.steps * self.head.span
        last = np.minimum(first + self.head.span, len(ends)) - 1
        seen = OffsetMap(starts[first], ends[last], len(normal))
        return read.texts[0], seen.compose(to_original)
