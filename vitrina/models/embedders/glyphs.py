"""One visual token for each drawn glyph, from whitened pixels.

Windows at a fixed stride show every letter at a changing offset; tokens aligned with glyphs spare
the model learning that away. Raw glyph pictures are nearly alike (one direction dominates), so
the pixels are whitened: principal components of the training texts' glyphs, each divided by its
standard deviation plus a share of the largest. A glyph never seen lands near those it looks like.
Each *distinct* glyph of a batch is embedded once.

Shapes: G distinct glyphs in the batch, N tokens, K components, D width, H/W pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vitrina.errors import InputError
from vitrina.glyphs.pictures import Pictures
from vitrina.glyphs.segmentation import glyph_spans, segment
from vitrina.models.artefacts import Artefacts
from vitrina.models.dropout import Dropout
from vitrina.models.embedders.base import VisualEmbedder
from vitrina.models.embedders.config import GlyphsConfig
from vitrina.models.inputs import Inputs
from vitrina.models.ragged import Ragged, to_device
from vitrina.models.whitening import Whitening, fit_whitening
from vitrina.text.columns import Texts, pieces


class GlyphsEmbedder(VisualEmbedder):
    """Whitened pixels, a linear map that starts at the identity, a small network that starts at 0.

    Args:
        config: the option's values.
        artefacts: what `fit` gave.
    """

    def __init__(self, config: GlyphsConfig, artefacts: Artefacts) -> None:
        super().__init__()
        self.config = config
        self.width = config.width
        self.token_px, self.step_px = (config.height_px, config.width_px), config.width_px
        self.pictures = Pictures(config.fonts, config.font_size_px, config.height_px)
        self.whitening = Whitening(artefacts)
        num_components = self.whitening.num_components
        self.linear = nn.Linear(num_components, config.width)
        nn.init.eye_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.network = nn.Sequential(
            nn.Linear(num_components, config.hidden),
            nn.GELU(),
            nn.Linear(config.hidden, config.width),
        )
        last = self.network[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.dropout = Dropout(config.dropout)

    @staticmethod
    def fit(config: GlyphsConfig, clean: Texts, noisy: Callable[[], Texts]) -> Artefacts:
        """Whitening of the distinct glyphs of the clean training texts.

        Raises:
            InputError: if the texts hold fewer than two distinct glyphs.
        """
        parts = (clean.part(*piece) for piece in pieces(clean.offsets))  # of bounded memory
        clusters = sorted({cluster for part in parts for cluster in segment(part).clusters})
        if len(clusters) < 2:
            raise InputError("the training texts hold fewer than two distinct glyphs")
        pictures = Pictures(config.fonts, config.font_size_px, config.height_px)
        pixels = pictures.canvases(clusters, config.width_px).reshape(len(clusters), -1)
        return fit_whitening(pixels / 255.0, config.num_components, config.shrinkage)

    def encode(self, texts: Texts) -> Inputs:
        tokens = segment(texts)
        pixels = self.pictures.canvases(tokens.clusters, self.config.width_px)
        return Inputs(
            torch.from_numpy(tokens.ids),
            tokens.lengths,
            tokens.lengths,
            {"pixels": torch.from_numpy(pixels)},
        )

    def spans(self, texts: Texts) -> tuple[np.ndarray, np.ndarray]:
        return glyph_spans(texts)

    def render(self, inputs: Inputs) -> Tensor:
        return inputs.tables["pixels"].index_select(0, inputs.ids)

    def hide(self, inputs: Inputs, masked: np.ndarray) -> Inputs:
        # No two tokens show the same glyph of the text, so there is nothing to make blank.
        masked_N = to_device(masked, inputs.ids.device)
        return replace(inputs, tables={**inputs.tables, "hidden": masked_N})

    def hidden(self, inputs: Inputs) -> Tensor:
        return inputs.tables["hidden"].unsqueeze(1).expand(-1, self.config.width_px)

    def embed_glyphs(self, pixels_GHW: Tensor) -> Tensor:
        """Embeddings [G, D] of glyph pictures uint8 [G, H, W]."""
        whitened_GK = self.whitening(pixels_GHW)
        return self.linear(whitened_GK) + self.network(whitened_GK)

    def forward(self, inputs: Inputs) -> Ragged:
        glyphs_GD = self.embed_glyphs(inputs.tables["pixels"])
        return Ragged(self.dropout(F.embedding(inputs.ids, glyphs_GD)), inputs.num_tokens)
