"""One visual token for each drawn glyph, from whitened pixels.

Windows at a fixed stride show every letter at a changing offset; tokens aligned with glyphs spare
the model learning that away. Raw glyph pictures are nearly alike (one direction dominates), so
the pixels are whitened: principal components of the training texts' glyphs, each divided by its
standard deviation plus a share of the largest. A glyph never seen lands near those it looks like.
Each *distinct* glyph of a batch is embedded once.

Shapes: G distinct glyphs in the batch, N tokens, K components, D width, H/W pixels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vitrina.glyphs.pictures import Pictures
from vitrina.glyphs.segmentation import GlyphTokens, glyph_spans, segment
from vitrina.models.artefacts import Artefacts
from vitrina.models.dropout import Dropout
from vitrina.models.embedders.base import VisualEmbedder
from vitrina.models.embedders.config import GlyphsConfig
from vitrina.models.glyph_space import GlyphSpace, fit_glyph_space
from vitrina.models.inputs import Inputs
from vitrina.models.ragged import Ragged
from vitrina.text.columns import Texts, pieces


def count_glyphs(texts: Texts) -> dict[str, int]:
    """The distinct glyphs of all texts, sorted, and how often each is drawn."""
    counts: Counter[str] = Counter()
    for piece in pieces(texts.offsets):  # of bounded memory
        tokens = segment(texts.part(*piece))
        drawn = np.bincount(tokens.ids, minlength=len(tokens.clusters))
        counts.update(dict(zip(tokens.clusters, drawn.tolist(), strict=True)))
    return dict(sorted(counts.items()))


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
        self.pictures = Pictures(config.fonts, config.font_size_px, config.height_px)
        self.space = GlyphSpace(artefacts)
        num_components = self.space.num_components
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
        """The space of the distinct glyphs of the clean training texts.

        Raises:
            InputError: if the texts hold fewer than two distinct glyphs, or the glyph encoder
                cannot be used.
        """
        return fit_glyph_space(config, list(count_glyphs(clean)))

    def encode(self, texts: Texts) -> Inputs:
        return self.inputs(segment(texts))

    def inputs(self, tokens: GlyphTokens) -> Inputs:
        """Texts as glyphs, with the pictures of these."""
        pixels = self.pictures.canvases(tokens.clusters, self.config.width_px)
        return Inputs(
            torch.from_numpy(tokens.ids),
            tokens.lengths,
            tokens.lengths,
            {"pixels": torch.from_numpy(pixels)},
        )

    def spans(self, texts: Texts) -> tuple[np.ndarray, np.ndarray]:
        return glyph_spans(texts)

    def embed_glyphs(self, pixels_GHW: Tensor) -> Tensor:
        """Embeddings [G, D] of glyph pictures uint8 [G, H, W]."""
        whitened_GK = self.space(pixels_GHW)
        return self.linear(whitened_GK) + self.network(whitened_GK)

    def forward(self, inputs: Inputs) -> Ragged:
        glyphs_GD = self.embed_glyphs(inputs.tables["pixels"])
        return Ragged(self.dropout(F.embedding(inputs.ids, glyphs_GD)), inputs.num_tokens)
