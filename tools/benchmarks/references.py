"""Simple reference implementations. The benchmark compares their results and times.

`PillowLines` draws each line with one call of Pillow and cuts it with numpy. `PaddedModel` pads
every comment to the longest and runs plain fp32 layers in torch's default layout.

Shapes: B texts, L slices of the longest, N slices, H height, W window, C channels, D dim.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn
from torch.nn import functional as F

from vitrina.glyphs.fonts import default_font
from vitrina.models.embedders.config import SlicesConfig
from vitrina.models.embedders.slices import SlicesEmbedder
from vitrina.models.encoders.transformer import Layer, TransformerEncoder, sinusoids
from vitrina.models.heads.classification import ClassificationHead
from vitrina.models.model import Model


class PillowLines:
    """Draws and cuts texts one by one."""

    def __init__(self, config: SlicesConfig) -> None:
        path = config.fonts[0] if config.fonts else str(default_font())
        size = config.font_size_px
        self.config = config
        self.face = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
        self.baseline = round((config.height_px - size) / 2 + 0.8 * size)

    def line(self, text: str) -> np.ndarray:
        """Return the drawn line, uint8 [H, width]."""
        width = max(round(self.face.getlength(text)), 1)
        image = Image.new("L", (width, self.config.height_px))
        pen = (0, self.baseline)
        ImageDraw.Draw(image).text(pen, text, fill=255, font=self.face, anchor="ls")
        return np.asarray(image)

    def slices(self, text: str) -> np.ndarray:
        """Return the slices, uint8 [N, H, W]; the last one is blank after the end of the line."""
        line, window, stride = self.line(text), self.config.window_px, self.config.stride_px
        count = 1 + max(0, -(-(line.shape[1] - window) // stride))
        padded = np.pad(line, ((0, 0), (0, max(0, (count - 1) * stride + window - line.shape[1]))))
        return np.stack([padded[:, i * stride : i * stride + window] for i in range(count)])

    def batch(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return padded slices, uint8 [B, L, H, W], and the mask of valid slices, bool [B, L]."""
        each = [torch.from_numpy(self.slices(text)) for text in texts]
        padded = nn.utils.rnn.pad_sequence(each, batch_first=True)
        lengths = torch.tensor([len(slices) for slices in each])
        return padded, torch.arange(padded.shape[1]) < lengths[:, None]


class PaddedModel(nn.Module):
    """Padded version of a model of slices, a Transformer and a classification head.

    Its weights are a copy of those of `model`. In training, its normalizations include padding, as
    in the published systems. In eval mode, both give the same scores.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        embedder, encoder, head = (
            copy.deepcopy(part) for part in (model.embedder, model.encoder, model.head)
        )
        assert isinstance(embedder, SlicesEmbedder) and isinstance(encoder, TransformerEncoder)
        assert isinstance(head, ClassificationHead)
        self.blocks, self.bridge = embedder.blocks, embedder.bridge
        self.encoder, self.head = encoder, head
        self.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]

    def forward(self, slices_BLHW: Tensor, mask_BL: Tensor) -> Tensor:
        """Return logits [B, classes] of slices uint8 [B, L, H, W], valid where `mask_BL`."""
        num_texts, length = mask_BL.shape
        x_N1HW = slices_BLHW.flatten(0, 1).unsqueeze(1).float() / 255
        x_BLD = self.bridge(self.blocks(x_N1HW).flatten(1)).unflatten(0, (num_texts, length))
        encoder = self.encoder
        positions = sinusoids(torch.arange(length, device=mask_BL.device), encoder.dim)
        x_BLD = encoder.entrance_norm(encoder.project(x_BLD)) + positions
        for layer in encoder.layers:
            assert isinstance(layer, Layer)
            x_BLD = x_BLD + layer.dropout(self._attend(layer, x_BLD, mask_BL))
            x_BLD = x_BLD + layer.dropout(layer.network(layer.network_norm(x_BLD)))
        return self.head.linear(self.head.dropout(_pool(encoder.norm(x_BLD), mask_BL)))

    def _attend(self, layer: Layer, x_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        attention = layer.attention
        qkv = attention.project_in(layer.attention_norm(x_BLD)).chunk(3, dim=2)
        q, k, v = (part.unflatten(2, (attention.num_heads, -1)).transpose(1, 2) for part in qkv)
        x = F.scaled_dot_product_attention(q, k, v, attn_mask=mask_BL[:, None, None, :])
        return attention.project_out(x.transpose(1, 2).flatten(2))


def _pool(x_BLD: Tensor, mask_BL: Tensor) -> Tensor:
    """Return maximum and mean over valid slices, [B, 2 D]."""
    mask_BL1 = mask_BL.unsqueeze(2)
    max_BD = x_BLD.masked_fill(~mask_BL1, -torch.inf).amax(dim=1)
    return torch.cat([max_BD, (x_BLD * mask_BL1).sum(dim=1) / mask_BL1.sum(dim=1)], dim=1)


class PaddedTraining:
    """Training steps of a padded model: fp32, AdamW, gradient clipping."""

    def __init__(self, model: PaddedModel, learning_rate: float, clip_norm: float) -> None:
        self.model = model.train()
        self.clip_norm = clip_norm
        self.optimizer = torch.optim.AdamW(self.model.parameters(), learning_rate)

    def step(self, slices_BLHW: Tensor, mask_BL: Tensor, targets_B: Tensor) -> Tensor:
        loss = F.cross_entropy(self.model(slices_BLHW, mask_BL), targets_B)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()
