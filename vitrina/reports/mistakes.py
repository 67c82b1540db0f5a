"""The worst mistakes as the model sees them, and one text at each level of noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vitrina.errors import InputError
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.inference.load import TrainedModel
from vitrina.models.embedders.base import VisualEmbedder
from vitrina.reports.document import Content, Html, element, escaped, join, paragraph
from vitrina.reports.pictures import (
    line_pictures,
    salient_pictures,
    salient_text,
    strongest_tokens,
    token_columns,
)
from vitrina.reports.predictions import RunPredictions, ladder, read_predictions, suites_of
from vitrina.reports.runs import Run
from vitrina.reports.saliency import Salient, reach, saliency
from vitrina.text.batch import TextBatch

DRAWN_PX = (12, 24)
"""Font size and height in which texts are drawn for people, where a model draws none."""

LONGEST = 400
"""Characters of a mistake that are shown."""


def ladder_part(run: Run, device: str = "auto") -> Html:
    """One test text in each suite, drawn as the model draws it, and what was said of it."""
    if "clean" not in suites_of(run):
        return paragraph("No predictions of the clean texts were written.", "notice")
    steps = ladder(run, suites_of(run))
    pictures, normalized = _drawing(run, device)
    parts: list[Content] = []
    for suite, text, said in steps:
        parts.append(element("dt", f"{suite.replace('_', ' ')} · {said}"))
        parts.append(element("dd", line_pictures(pictures, normalized(text))))
    note = "The same test text as it was scored in each suite, in the pixels that the model gets."
    if not _draws(run):
        note = "The same test text as it was scored in each suite; this model reads no pixels."
    return join([paragraph(note, "quiet"), element("dl", join(parts), class_="ladder")])


def _draws(run: Run) -> bool:
    kind = run.config.get("embedder", {}).get("kind")
    return kind in ("glyphs", "glyph_ngrams", "slices", "line")


def _drawing(run: Run, device: str):
    """The pictures of the run's model and its normaliser; plain ones where it cannot be loaded."""
    try:
        model = TrainedModel(run.folder, device, "fp32")
    except InputError:
        return GlyphRenderer([], *DRAWN_PX), lambda text: text
    return pictures_of(model), lambda text: model.normalized(TextBatch.from_strings([text]))[0]


def pictures_of(model: TrainedModel) -> GlyphRenderer:
    """Draws as the model does; as for people where it draws nothing."""
    embedder = getattr(model.model.embedder, "inner", model.model.embedder)
    if isinstance(embedder, VisualEmbedder):
        return embedder.tokenizer.pictures
    return GlyphRenderer([], *DRAWN_PX)


def mistakes_part(run: Run, suite: str | None, count: int, device: str = "auto") -> Html:
    """The texts of a suite that the model is the surest about and wrong."""
    if suite is None:
        return paragraph("No predictions were written (evaluation.predictions = false).", "notice")
    try:
        predictions = read_predictions(run, suite)
    except InputError as error:
        return paragraph(str(error), "notice")
    worst = predictions.wrong[:count]
    total = len(predictions.wrong)
    told = f"{total:,} of {len(predictions.texts):,} texts of {suite} are wrong"
    if not len(worst):
        return paragraph(f"{told}.")
    try:
        model = TrainedModel(run.folder, device, "fp32")
        labels = [_label_said(predictions, index) for index in worst]
        texts = TextBatch.from_strings([predictions.texts[index] for index in worst])
        salient: Sequence[Salient | None] = saliency(model, texts, labels)
        how = explained(model)
    except InputError as error:
        model, salient = None, [None] * len(worst)
        how = f"The model could not be loaded, so texts stand without pictures: {error}"
    articles = [
        _article(predictions, index, number, model, one)
        for number, (index, one) in enumerate(zip(worst.tolist(), salient, strict=True), start=1)
    ]
    shown = f"; the {len(worst)} of which it is the surest:" if total > len(worst) else ":"
    return join([paragraph(told + shown), paragraph(how, "quiet"), *articles])


def explained(model: TrainedModel) -> str:
    """What the colours mean, for this model's tokens."""
    embedder = model.model.embedder
    config = getattr(embedder, "config", None)
    if hasattr(config, "window_px"):
        side = reach(embedder)
        what = "slice"
        if side:
            what += f" (with {side} on each side, which show its middle too)"
    elif getattr(config, "glyph_tokens", False):
        what = "glyph"
    else:
        what = "token"
    return (
        f"Orange and solid: parts that speak for what was said; blue and dotted: against it. Each "
        f"{what} is left out in turn; its weight is by how much that lowers the log-odds of what "
        "was said. The strongest stand below with their weights."
    )


def _label_said(predictions: RunPredictions, index: int) -> int:
    """The label whose log-odds are looked at: the wrong one that was said, else the one missed."""
    wrong = predictions.said[index] & ~predictions.truth[index]
    missed = predictions.truth[index] & ~predictions.said[index]
    chosen = wrong if wrong.any() else missed
    distance = np.abs(predictions.truth[index] - predictions.probabilities[index])
    return int(np.where(chosen, distance, -1).argmax())


def _article(
    predictions: RunPredictions,
    index: int,
    number: int,
    model: TrainedModel | None,
    salient: Salient | None,
) -> Html:
    label = _label_said(predictions, index)
    probability = predictions.probabilities[index, label]
    name = predictions.names[label]
    said, true = (
        predictions.told(predictions.said[index]),
        predictions.told(predictions.truth[index]),
    )
    heading = element("h3", f"{number}. Said: {said}; true: {true}")
    odds = paragraph(
        f"Probability of {name}: {probability:.3f}. Text {index + 1} of the suite.", "quiet"
    )
    text = predictions.texts[index]
    cut = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    parts: list[Content] = [heading, odds, element("blockquote", cut or "(an empty text)")]
    if model is not None and salient is not None:
        parts.append(_seen(model, salient))
    return element("article", join(parts))


def _seen(model: TrainedModel, salient: Salient) -> Html:
    """The tokens with their weights: as pictures, or as text where the model reads text."""
    embedder = model.model.embedder
    config = getattr(embedder, "config", None)
    if not isinstance(embedder, VisualEmbedder):
        return join([salient_text(salient), _strongest_pieces(salient)])
    stride, window = None, 16
    if config is not None and hasattr(config, "window_px"):
        stride, window = config.stride_px, config.window_px
    elif config is not None and config.glyph_tokens:
        window = config.width_px
    pictures = embedder.tokenizer.pictures
    columns = token_columns(pictures, salient.text, len(salient.weights), stride, window)
    drawn = salient_pictures(pictures, salient, columns)
    return join([drawn, strongest_tokens(pictures, salient, stride, window)])


def _strongest_pieces(salient: Salient) -> Html:
    order = np.argsort(-np.abs(salient.weights), kind="stable")
    items = []
    for token in order.tolist():
        piece = salient.text[salient.starts[token] : salient.ends[token]]
        if piece and len(items) < 6:
            items.append(f"<li>{escaped(piece)}<br>{salient.weights[token]:+.2f}</li>")
    return Html(f'<ul class="tokens">{"".join(items)}</ul>')
