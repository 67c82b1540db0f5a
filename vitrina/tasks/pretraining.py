"""Pretraining without labels: reconstruct the masked pixels of a text.

Add `ocr=ctc` to also recognize the text, as with any task.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import Tensor

from vitrina.data.dataset import Split
from vitrina.models.embedders.base import Embedder, VisualEmbedder
from vitrina.models.encoders.base import Encoder
from vitrina.models.layers.masking import Masking
from vitrina.models.masked_model import MaskedModel
from vitrina.models.model import Model
from vitrina.models.prepare import TextPipeline
from vitrina.registry import component
from vitrina.state import FittedState
from vitrina.tasks.base import Sample, Task
from vitrina.tasks.config import PretrainingConfig
from vitrina.tasks.pixel_metrics import NoPixelMetrics, PixelMetrics
from vitrina.tasks.reconstruction import draw_reconstruction
from vitrina.tasks.targets import Targets
from vitrina.text.batch import TextBatch


class PretrainingTask(Task):
    """Reconstructs the pixels of masked tokens.

    Args:
        config: settings of the task.
        fitted: empty; there is nothing to fit.
    """

    def __init__(self, config: PretrainingConfig, fitted: FittedState) -> None:
        self.config = config
        self.label_names = []
        self.task_metrics = PixelMetrics() if config.masked_weight > 0 else NoPixelMetrics()

    @staticmethod
    def fit(config: PretrainingConfig, train: Split, label_names: list[str]) -> FittedState:
        return FittedState()

    def build_model(self, embedder: Embedder, encoder: Encoder) -> Model:
        assert isinstance(embedder, VisualEmbedder)
        config, masking = self.config, None
        if config.masked_weight > 0:
            masking = Masking(config.masked_share, config.masked_span, encoder.stride)
        head = component("head", "pixels").load()
        head = head(encoder.dim, embedder.token_px, encoder.stride)
        return MaskedModel(embedder, encoder, head, masking)

    def targets(self, sample: Sample) -> Targets:
        """Return placeholders: the model takes the pixels from its input."""
        return Targets(np.zeros(len(sample.indices), dtype=np.int64))

    def truth(self, split: Split) -> np.ndarray:
        """Return a placeholder for each text."""
        return np.zeros(len(split.texts), dtype=np.int64)

    def loss(self, output: Tensor, targets: Targets) -> Tensor:
        """Average the errors of each text's masked tokens; sum over texts, times `masked_weight`.

        Args:
            output: float32 [B, 2], summed errors and number of masked tokens.
        """
        errors_B, counts_B = output.unbind(dim=1)
        return (errors_B / counts_B.clamp(min=1)).sum() * self.config.masked_weight

    def probabilities(self, output: Tensor) -> Tensor:
        """Return the output: summed errors and number of masked tokens, float32 [B, 2]."""
        return output

    def validation_score(self, scores: Mapping[str, float], metric: str) -> float:
        """Return the negative sum of weighted masked loss and character error rate."""
        total = scores.get("cer", 0.0)
        if self.config.masked_weight > 0:
            total += self.config.masked_weight * scores["masked_loss"]
        return -total

    def notes(self, model: Model) -> list[str]:
        assert isinstance(model, MaskedModel)
        uses_encoder = model.ctc_head is not None and model.ctc_head.uses_encoder
        if model.masking is not None or uses_encoder:
            return []
        return ["the encoder is not trained: ocr.source=encoder or task.masked_weight trains it"]

    def draw(
        self, model: Model, pipeline: TextPipeline, texts: TextBatch, folder: Path
    ) -> list[Path]:
        """Write `masked.png`: texts as drawn, masked and reconstructed."""
        assert isinstance(model, MaskedModel)
        if not model.masking:
            return []
        return [draw_reconstruction(model, pipeline, texts, folder / "masked.png")]
