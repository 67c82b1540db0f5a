"""Texts as a model sees them, as pictures inside the page: a picture for each drawn word.

Words flow in the page as words do, so that nothing is wider than a phone. Each is drawn with the
pixels that the model gets, two screen pixels for each; behind the ink stands the weight of each
token, and a strip below tells where tokens meet.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.segmentation import glyph_spans, segment
from vitrina.reports.document import Html, bullets, element, escaped, join
from vitrina.reports.saliency import Salient
from vitrina.text.batch import TextBatch

SCALE = 2
MOST_PX = 150
"""Width of a picture in the model's pixels; a longer word is cut into several."""

STRIP_PX = 3
"""Height of the strip below a drawn line, in screen pixels times `SCALE`."""

FOR, AGAINST = (224, 104, 24), (24, 112, 192)
"""Colours of what speaks for and against what was said; told apart with any colour vision."""

STRONGEST = 6
"""Tokens of which the pictures are shown by themselves."""


@dataclass(frozen=True)
class DrawnWord:
    """A part of a drawn line: its characters and its columns, from and to."""

    text: str
    left: int
    right: int


def data_uri(picture: Image.Image) -> str:
    """A PNG inside the page; few colours, so a palette loses nothing that is seen."""
    file = io.BytesIO()
    picture.quantize(64, dither=Image.Dither.NONE).save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def drawn_words(
    pictures: GlyphRenderer, text: str
) -> tuple[np.ndarray, list[DrawnWord], np.ndarray]:
    """A text as the line of its glyphs, and where to cut it: behind blanks, and where too long.

    Returns:
        The line uint8 [height, width], 255 is ink; the words; int64 [num_glyphs + 1], the edges of
        its glyphs in pixels.
    """
    texts = TextBatch.from_strings([text])
    tokens = segment(texts)
    clusters = [tokens.clusters[i] for i in tokens.ids]
    starts, ends = glyph_spans(texts)
    parts = [pictures.draw(cluster) for cluster in clusters]
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


def line_pictures(pictures: GlyphRenderer, text: str) -> Html:
    """A text as it is drawn, without weights."""
    line, words, _ = drawn_words(pictures, text)
    return _flow(line, words, None, None)


def salient_pictures(pictures: GlyphRenderer, salient: Salient, columns: np.ndarray) -> Html:
    """A text as it is drawn, each token with its weight behind it.

    Args:
        columns: int64 [num_tokens + 1], the edges of what is coloured for each token, in pixels.
    """
    line, words, _ = drawn_words(pictures, salient.text)
    shares = scaled(salient.weights)
    of_column = np.zeros(line.shape[1])
    edges = np.clip(columns, 0, line.shape[1])
    for share, left, right in zip(shares, edges[:-1], edges[1:], strict=True):
        of_column[left:right] = share
    return _flow(line, words, of_column, edges)


def scaled(weights: np.ndarray) -> np.ndarray:
    """Weights in [-1, 1], the largest one at an end; all zero stay so."""
    most = np.abs(weights).max(initial=0.0)
    return weights / most if most > 1e-9 else np.zeros_like(weights)


def token_columns(
    pictures: GlyphRenderer, text: str, num_tokens: int, stride_px: int | None, window_px: int
) -> np.ndarray:
    """The edges of what each token of a text is coloured by: int64 [num_tokens + 1], pixels.

    Args:
        stride_px: of windows, each of which is coloured where its middle is nearest; None: tokens
            are glyphs.
    """
    _, _, edges = drawn_words(pictures, text)
    if stride_px is None:
        return edges
    between = np.arange(1, num_tokens) * stride_px + (window_px - stride_px) // 2
    return np.concatenate([[0], between, edges[-1:]]).astype(np.int64)


def _flow(
    line: np.ndarray,
    words: Sequence[DrawnWord],
    shares: np.ndarray | None,
    edges: np.ndarray | None,
) -> Html:
    images = [_word_image(line, word, shares, edges) for word in words]
    return element("div", join(images), class_="drawn")


def _word_image(
    line: np.ndarray, word: DrawnWord, shares: np.ndarray | None, edges: np.ndarray | None
) -> Html:
    ink = line[:, word.left : word.right]
    paper = np.full((*ink.shape, 3), 255.0)
    if shares is not None:
        paper += _tint(shares[word.left : word.right])[None]
    opaque = (ink / 255.0)[..., None]
    picture = np.kron(paper * (1 - opaque), np.ones((SCALE, SCALE, 1)))
    if shares is not None and edges is not None:
        strip = 255.0 + _tint(np.sign(shares) * np.abs(shares) ** 0.5, 1.0)[word.left : word.right]
        strip = np.repeat(strip, SCALE, axis=0)
        meet = edges[(edges > word.left) & (edges < word.right)] - word.left
        strip[meet * SCALE] = 120.0
        gap = np.full((SCALE, len(strip), 3), 255.0)
        picture = np.concatenate([picture, gap, np.repeat(strip[None], STRIP_PX * SCALE, axis=0)])
    return image(picture, word.text)


def _tint(shares: np.ndarray, strength: float = 0.62) -> np.ndarray:
    """What is added to white: float [num_columns, 3], at most 0."""
    towards = np.where(shares[:, None] > 0, np.array(FOR), np.array(AGAINST)) - 255.0
    return towards * np.abs(shares)[:, None] * strength


def image(pixels: np.ndarray, alt: str, scale: int = 1) -> Html:
    """Pixels [height, width] or [height, width, 3], 0 to 255, as an image of that size."""
    picture = Image.fromarray(np.round(pixels).clip(0, 255).astype(np.uint8)).convert("RGB")
    size = f'width="{picture.width * scale}" height="{picture.height * scale}"'
    return Html(f'<img src="{data_uri(picture)}" {size} alt="{escaped(alt)}">')


def strongest_tokens(
    pictures: GlyphRenderer, salient: Salient, stride_px: int | None, window_px: int
) -> Html:
    """Pictures of the tokens with the largest weights, as the embedder gets them, with weights.

    Args:
        stride_px: of windows; None: tokens are glyphs on a canvas `window_px` wide.
    """
    order = np.argsort(-np.abs(salient.weights), kind="stable")[:STRONGEST]
    if stride_px is None:
        tokens = segment(TextBatch.from_strings([salient.text]))
        shown = pictures.render(tokens.clusters, window_px)[tokens.ids[order]]
    else:
        line, _, _ = drawn_words(pictures, salient.text)
        wide = np.pad(line, ((0, 0), (0, window_px)))
        shown = [wide[:, left : left + window_px] for left in (order * stride_px).tolist()]
    items = []
    for token, pixels in zip(order.tolist(), shown, strict=True):
        alt = salient.text[salient.starts[token] : salient.ends[token]].strip() or "blank"
        picture = image(np.kron(255 - pixels, np.ones((SCALE, SCALE))), alt)
        items.append(join([picture, f"{salient.weights[token]:+.2f}"]))
    return bullets(items, "tokens")


def salient_text(salient: Salient) -> Html:
    """A text with the weight of each token behind its characters; underlined too, so that colour
    is not all that tells."""
    shares, parts, done = scaled(salient.weights), [], 0
    order = np.lexsort((salient.ends, salient.starts))
    for token in order.tolist():
        start, end = max(int(salient.starts[token]), done), int(salient.ends[token])
        if end <= start:
            continue
        parts.append(escaped(salient.text[done:start]))
        share, piece = float(shares[token]), escaped(salient.text[start:end])
        kind = "for" if share > 0 else "against"
        if abs(share) >= 0.05:
            percent = round(10 + 60 * abs(share))
            piece = f'<mark class="{kind}" style="--w:{percent}">{piece}</mark>'
        parts.append(piece)
        done = end
    parts.append(escaped(salient.text[done:]))
    return element("p", Html("".join(parts)), class_="piece")
