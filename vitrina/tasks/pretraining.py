"""Pre-training: no labels; what is hidden in the drawing of a text is restored.

Reading, the other half of it, is asked of the model by `ocr=ctc`, beside this task as beside any.
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
from vitrina.tasks.pixel_metrics import NothingHidden, PixelMetrics
from vitrina.tasks.reconstruction import draw_restored
from vitrina.tasks.targets import Targets
from vitrina.text.batch import TextBatch


class PretrainingTask(Task):
    """The pixels of hidden tokens.

    Args:
        config: the option's values.
        fitted: empty; there is nothing to fit.
    """

    def __init__(self, config: PretrainingConfig, fitted: FittedState) -> None:
        self.config = config
        self.label_names = []
        self.task_metrics = PixelMetrics() if config.masked_weight > 0 else NothingHidden()

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
        """None: the pixels stand in the text itself."""
        return Targets(np.zeros(len(sample.indices), dtype=np.int64))

    def truth(self, split: Split) -> np.ndarray:
        """Nothing, for each text."""
        return np.zeros(len(split.texts), dtype=np.int64)

    def loss(self, output: Tensor, targets: Targets) -> Tensor:
        """The mean error over the hidden tokens of each text, times its weight, of [B, 2]."""
        errors_B, counts_B = output.unbind(dim=1)
        return (errors_B / counts_B.clamp(min=1)).sum() * self.config.masked_weight

    def probabilities(self, output: Tensor) -> Tensor:
        """The output as it is: errors added up, and hidden tokens, float32 [B, 2]."""
        return output

    def validation_score(self, scores: Mapping[str, float], metric: str) -> float:
        """Minus the weighted masked loss, minus the character error rate; whatever `metric` is."""
        lost = scores.get("cer", 0.0)
        if self.config.masked_weight > 0:
            lost += self.config.masked_weight * scores["masked_loss"]
        return -lost

    def notes(self, model: Model) -> list[str]:
        assert isinstance(model, MaskedModel)
        uses_encoder = model.ctc_head is not None and model.ctc_head.uses_encoder
        if model.masking is not None or uses_encoder:
            return []
        return ["the encoder is not trained: ocr.source=encoder or task.masked_weight trains it"]

    def draw(
        self, model: Model, pipeline: TextPipeline, texts: TextBatch, folder: Path
    ) -> list[Path]:
        """`masked.png`: texts, the same partly hidden, and restored."""
        assert isinstance(model, MaskedModel)
        if not model.masking:
            return []
        return [draw_restored(model, pipeline, texts, folder / "masked.png")]
