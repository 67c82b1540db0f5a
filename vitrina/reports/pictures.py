"""Draws texts in the pixels that a model gets, as HTML with an image per word.

Separate images let the browser wrap lines on narrow screens. One pixel of the model is two screen
pixels. The background shows the weight of each token, a strip below the borders of the tokens.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from PIL import Image

from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.segmentation import glyph_spans, segment
from vitrina.reports.page import displayable, markup
from vitrina.reports.saliency import Salient
from vitrina.text.batch import TextBatch

SCALE = 2
MOST_PX = 150
"""Maximum width of an image in pixels of the model; longer words are split."""

STRIP_PX = 3
"""Height of the strip below the text in pixels of the model."""

FOR, AGAINST = (224, 104, 24), (24, 112, 192)
"""Color-blind safe colors of evidence for and against the prediction."""

STRONGEST = 6
"""Number of tokens with the largest weights that are listed separately."""


@dataclass(frozen=True)
class DrawnWord:
    """A part of a drawn line: its characters, first column and end column (exclusive)."""

    text: str
    left: int
    right: int


def drawn_words(
    renderer: GlyphRenderer, text: str
) -> tuple[np.ndarray, list[DrawnWord], np.ndarray]:
    """Draw a text on one line and split it after spaces and within too long words.

    Returns:
        The line, uint8 [height, width], 255 is ink; the words; the edges of the glyphs in pixels,
        int64 [num_glyphs + 1].
    """
    texts = TextBatch.from_strings([text])
    tokens = segment(texts)
    clusters = [tokens.clusters[i] for i in tokens.ids]
    starts, ends = glyph_spans(texts)
    parts = [renderer.draw(cluster) for cluster in clusters]
    edges = np.concatenate([[0], np.cumsum([part.shape[1] for part in parts])]).astype(np.int64)
    words, first = [], 0
    for place, cluster in enumerate(clusters):
        last = place == len(clusters) - 1
        full = not last and edges[place + 2] - edges[first] > MOST_PX
        if cluster == " " or last or full:
            word = text[starts[first] : ends[place]]
            words.append(DrawnWord(word, int(edges[first]), int(edges[place + 1])))
            first = place + 1
    return np.concatenate(parts, axis=1), words, edges


def line_pictures(renderer: GlyphRenderer, text: str) -> Markup:
    """Render the drawn text without weights."""
    line, words, _ = drawn_words(renderer, text)
    parts = [np.kron(255.0 - line[:, w.left : w.right], np.ones((SCALE, SCALE))) for w in words]
    return _flow(words, parts)


def salient_pictures(renderer: GlyphRenderer, salient: Salient, columns: np.ndarray) -> Markup:
    """Render the drawn text with the weight of each token as background.

    Args:
        columns: int64 [num_tokens + 1], edges of the colored part of each token in pixels.
    """
    line, words, _ = drawn_words(renderer, salient.text)
    edges = np.clip(columns, 0, line.shape[1])
    shares = np.zeros(line.shape[1])
    for share, left, right in zip(scaled(salient.weights), edges[:-1], edges[1:], strict=True):
        shares[left:right] = share
    opaque = (line / 255.0)[..., None]
    picture = np.kron((255.0 + _tint(shares, 0.62)) * (1 - opaque), np.ones((SCALE, SCALE, 1)))
    strip = np.repeat(255.0 + _tint(np.sign(shares) * np.abs(shares) ** 0.5, 1.0), SCALE, axis=0)
    inner = edges[(edges > 0) & (edges < line.shape[1])]
    strip[np.setdiff1d(inner, [word.left for word in words]) * SCALE] = 120.0
    gap = np.full((SCALE, len(strip), 3), 255.0)
    whole = np.concatenate([picture, gap, np.repeat(strip[None], STRIP_PX * SCALE, axis=0)])
    return _flow(words, [whole[:, w.left * SCALE : w.right * SCALE] for w in words])


def scaled(weights: np.ndarray) -> np.ndarray:
    """Scale weights so that the largest absolute value is 1; zeros stay zeros."""
    most = np.abs(weights).max(initial=0.0)
    return weights / most if most > 1e-9 else np.zeros_like(weights)


def token_columns(
    renderer: GlyphRenderer, text: str, num_tokens: int, stride_px: int | None, window_px: int
) -> np.ndarray:
    """Return the edges of the colored part of each token, int64 [num_tokens + 1], in pixels.

    Args:
        stride_px: stride of windows, whose colored part is where their center is the nearest;
            None: tokens are glyphs.
    """
    _, _, edges = drawn_words(renderer, text)
    if stride_px is None:
        return edges
    between = np.arange(1, num_tokens) * stride_px + (window_px - stride_px) // 2
    return np.concatenate([[0], between, edges[-1:]]).astype(np.int64)


def _flow(words: Sequence[DrawnWord], parts: Sequence[np.ndarray]) -> Markup:
    images = [_image(part, word.text) for word, part in zip(words, parts, strict=True)]
    return markup('<div class="drawn">{}</div>', Markup("\n").join(images))


def _tint(shares: np.ndarray, strength: float) -> np.ndarray:
    """Return the color to add to white, float [num_columns, 3], at most 0."""
    towards = np.where(shares[:, None] > 0, np.array(FOR), np.array(AGAINST)) - 255.0
    return towards * np.abs(shares)[:, None] * strength


def _image(pixels: np.ndarray, alt: str) -> Markup:
    """Encode pixels [height, width] or [height, width, 3], 0 to 255, as an inline PNG."""
    picture = Image.fromarray(np.round(pixels).clip(0, 255).astype(np.uint8)).convert("RGB")
    file = io.BytesIO()
    # The image has few colors, so a palette has no visible loss.
    picture.quantize(64, dither=Image.Dither.NONE).save(file, format="PNG", optimize=True)
    uri = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
    form = '<img src="{}" width="{}" height="{}" alt="{}">'
    return markup(form, uri, picture.width, picture.height, alt)


def strongest_tokens(
    renderer: GlyphRenderer, salient: Salient, stride_px: int | None, window_px: int
) -> Markup:
    """Render the tokens with the largest weights like the input of the embedder.

    Args:
        stride_px: stride of windows; None: tokens are glyphs on a canvas `window_px` wide.
    """
    order = np.argsort(-np.abs(salient.weights), kind="stable")[:STRONGEST]
    if stride_px is None:
        tokens = segment(TextBatch.from_strings([salient.text]))
        shown = renderer.render(tokens.clusters, window_px)[tokens.ids[order]]
    else:
        line, _, _ = drawn_words(renderer, salient.text)
        wide = np.pad(line, ((0, 0), (0, window_px)))
        shown = [wide[:, left : left + window_px] for left in (order * stride_px).tolist()]
    items = []
    for token, pixels in zip(order.tolist(), shown, strict=True):
        alt = salient.text[salient.starts[token] : salient.ends[token]].strip() or "blank"
        items.append((_image(np.kron(255 - pixels, np.ones((SCALE, SCALE))), alt), token))
    return _token_list(salient, items)


def strongest_pieces(salient: Salient) -> Markup:
    """Render the pieces of text with the largest weights."""
    order = np.argsort(-np.abs(salient.weights), kind="stable").tolist()
    pieces = [(salient.text[salient.starts[n] : salient.ends[n]], n) for n in order]
    items = [(markup("{}<br>", piece), n) for piece, n in pieces if piece]
    return _token_list(salient, items[:STRONGEST])


def _token_list(salient: Salient, items: Sequence[tuple[Markup, int]]) -> Markup:
    lines = [markup("<li>{}{}</li>", shown, f"{salient.weights[n]:+.2f}") for shown, n in items]
    return markup('<ul class="tokens">{}</ul>', Markup("\n").join(lines))


def salient_text(salient: Salient) -> Markup:
    """Render a text with weights as background color, and as underlines for accessibility."""
    shares, parts, done = scaled(salient.weights), [], 0
    order = np.lexsort((salient.ends, salient.starts))
    for token in order.tolist():
        start, end = max(int(salient.starts[token]), done), int(salient.ends[token])
        if end <= start:
            continue
        parts.append(displayable(salient.text[done:start]))
        share, piece = float(shares[token]), displayable(salient.text[start:end])
        if abs(share) >= 0.05:
            kind, percent = "for" if share > 0 else "against", round(10 + 60 * abs(share))
            piece = markup('<mark class="{}" style="--w:{}">{}</mark>', kind, percent, piece)
        parts.append(piece)
        done = end
    parts.append(displayable(salient.text[done:]))
    return markup('<p class="piece">{}</p>', Markup("").join(parts))
