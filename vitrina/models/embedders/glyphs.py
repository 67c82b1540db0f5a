"""One visual token for each drawn glyph, from whitened pixels.

Windows at a fixed stride show a letter at changing offsets, which the model has to learn; tokens of
glyphs do not. Raw glyph images are nearly alike (one direction dominates), so the pixels are
whitened: principal components of the training texts' glyphs, each divided by its standard deviation
plus a share of the largest. An unseen glyph lands near the glyphs that it looks like. Each
*distinct* glyph of a batch is embedded once. In training, some tokens may show one of a few
distorted images of their glyph (`vitrina.glyphs.distortion`).

Shapes: G distinct glyphs in the batch, V distorted images of each, N tokens, K components,
D dimension, H/W pixels.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.glyphs.distortion import Distortion, distort
from vitrina.glyphs.features import fit_pixels
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.segmentation import GlyphTokens, count_glyphs, glyph_spans, segment
from vitrina.glyphs.whitening import Whitening
from vitrina.models.embedders.base import VisualEmbedder
from vitrina.models.embedders.glyphs_config import GlyphsConfig
from vitrina.models.layers.dropout import Dropout
from vitrina.models.layers.ragged import Ragged, to_device
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import VisualTokenizer
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch


class GlyphsTokenizer(VisualTokenizer):
    """Makes a token of each drawn glyph."""

    def __init__(self, config: GlyphsConfig) -> None:
        self.width_px, self.renderer = config.width_px, GlyphRenderer.of(config)

    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> TokenBatch:
        return self.inputs(segment(texts))

    def inputs(self, tokens: GlyphTokens) -> TokenBatch:
        """Return texts as tokens, with the images of their distinct glyphs."""
        pixels = self.renderer.render(tokens.clusters, self.width_px)
        return TokenBatch(
            torch.from_numpy(tokens.ids),
            tokens.lengths,
            tokens.lengths,
            {"pixels": torch.from_numpy(pixels)},
        )

    def spans(self, texts: TextBatch) -> tuple[np.ndarray, np.ndarray]:
        return glyph_spans(texts)


class GlyphsEmbedder(VisualEmbedder):
    """A linear map of whitened pixels that starts as the identity, plus an MLP that starts at 0."""

    def __init__(self, config: GlyphsConfig, fitted: FittedState) -> None:
        super().__init__()
        self.config = config
        self.dim = config.dim
        self.token_px, self.step_px = (config.height_px, config.width_px), config.width_px
        self.tokenizer = GlyphsTokenizer(config)
        self.space = Whitening(fitted)
        num_components = self.space.num_components
        self.linear = nn.Linear(num_components, config.dim)
        nn.init.eye_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.network = nn.Sequential(
            nn.Linear(num_components, config.mlp_dim),
            nn.GELU(),
            nn.Linear(config.mlp_dim, config.dim),
        )
        last = self.network[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.dropout = Dropout(config.dropout)
        self.distortion = _distortion(config)

    @classmethod
    def fit(cls, config: GlyphsConfig, corpus: Corpus) -> FittedState:
        """Fit the whitening on the distinct glyphs of the clean training texts.

        Raises:
            InputError: if the texts contain fewer than two distinct glyphs.
        """
        distortion, changed = _distortion(config), None
        if distortion != Distortion():
            changed = partial(
                distort, distortion=distortion, generator=torch.Generator().manual_seed(0)
            )
        return fit_pixels(config, list(count_glyphs(corpus.clean)), changed)

    def render(self, inputs: TokenBatch) -> Tensor:
        return inputs.tables["pixels"].index_select(0, inputs.ids)

    def mask(self, inputs: TokenBatch, masked: np.ndarray) -> TokenBatch:
        # No two tokens share pixels, so nothing has to be blanked.
        masked_N = to_device(masked, inputs.ids.device)
        return replace(inputs, tables={**inputs.tables, "hidden": masked_N})

    def hidden(self, inputs: TokenBatch) -> Tensor:
        return inputs.tables["hidden"].unsqueeze(1).expand(-1, self.config.width_px)

    def embed_glyphs(self, pixels_GHW: Tensor) -> Tensor:
        """Return embeddings [G, D] of glyph images, uint8 [G, H, W]."""
        whitened_GK = self.space(pixels_GHW)
        return self.linear(whitened_GK) + self.network(whitened_GK)

    def augmented(self, pixels_GHW: Tensor, ids_N: Tensor) -> tuple[Tensor, Tensor]:
        """Append distorted images in training and choose the image of each token.

        Returns:
            Images [(1 + V) G, H, W] of the same dtype, and indices into them, int64 [N].
        """
        config, count = self.config, len(pixels_GHW)
        if not self.training or self.distortion == Distortion() or config.augment_p == 0:
            return pixels_GHW, ids_N
        copies = pixels_GHW.repeat(config.augment_variants, 1, 1)
        # One draw decides whether a token shows a distorted image, and which.
        draws_N = torch.rand(len(ids_N), device=ids_N.device) / config.augment_p
        variant_N = (draws_N * config.augment_variants).long() + 1
        variant_N = variant_N.where(variant_N <= config.augment_variants, 0)
        images = torch.cat([pixels_GHW, distort(copies, self.distortion)])
        return images, ids_N + count * variant_N

    def forward(self, inputs: TokenBatch) -> Ragged:
        pixels, ids_N = self.augmented(inputs.tables["pixels"], inputs.ids)
        glyphs_GD = self.embed_glyphs(pixels)
        return Ragged(self.dropout(F.embedding(ids_N, glyphs_GD)), inputs.num_tokens)


def _distortion(config: GlyphsConfig) -> Distortion:
    return Distortion.of(config.augment, config.augment_marks, config.augment_erased)
