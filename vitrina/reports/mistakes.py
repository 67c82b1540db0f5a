"""Report sections on single texts: worst mistakes with saliency, and one text in all suites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from vitrina.errors import InputError
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.inference.load import TrainedModel
from vitrina.models.embedders.base import VisualEmbedder
from vitrina.reports.pictures import (
    line_pictures,
    salient_pictures,
    salient_text,
    strongest_pieces,
    strongest_tokens,
    token_columns,
)
from vitrina.reports.predictions import RunPredictions, ladder, read_predictions, suites_of
from vitrina.reports.runs import Run
from vitrina.reports.saliency import Salient, reach, saliency
from vitrina.text.batch import TextBatch

DRAWN_PX = (12, 24)
"""Font size and height for texts of models that draw none."""

LONGEST = 400
"""Maximum number of characters shown per mistake."""


def open_model(run: Run, device: str) -> TrainedModel | InputError:
    """Load the model of a run; return the error if that fails."""
    try:
        return TrainedModel(run.folder, device, "fp32")
    except InputError as error:
        return error


def ladder_part(run: Run, model: TrainedModel | InputError) -> dict[str, Any]:
    """Return one test text in each suite, drawn like the input of the model, with predictions."""
    if "clean" not in suites_of(run):
        return {"note": "The run has no predictions for the clean texts.", "steps": []}
    note = "The same test text in each suite"
    renderer = GlyphRenderer([], *DRAWN_PX)
    if isinstance(model, TrainedModel):
        embedder = getattr(model.model.embedder, "inner", model.model.embedder)
        if isinstance(embedder, VisualEmbedder):
            renderer = embedder.tokenizer.renderer
            note += ", in the pixels that the model gets."
        else:
            note += "; this model reads no pixels."
    steps = []
    for suite, text, prediction in ladder(run, suites_of(run)):
        if isinstance(model, TrainedModel):
            text = model.normalized(TextBatch.from_strings([text]))[0]
        steps.append((suite.replace("_", " "), prediction, line_pictures(renderer, text)))
    return {"note": note, "steps": steps}


def mistakes_part(
    run: Run, suite: str | None, count: int, model: TrainedModel | InputError
) -> dict[str, Any]:
    """Return the wrong predictions of a suite with the highest confidence, or a `notice`."""
    if suite is None:
        return {"notice": "No predictions were written (evaluation.predictions = false)."}
    try:
        predictions = read_predictions(run, suite)
    except InputError as error:
        return {"notice": str(error)}
    worst, total = predictions.wrong[:count], len(predictions.wrong)
    summary = f"{total:,} of {len(predictions.texts):,} predictions for {suite} are wrong"
    if total > len(worst):
        summary += f"; shown: the {len(worst)} with the highest confidence"
    try:
        if isinstance(model, InputError):
            raise model
        labels = [_label(predictions, index) for index in worst]
        texts = TextBatch.from_strings([predictions.texts[index] for index in worst])
        salient: Sequence[Salient | None] = saliency(model, texts, labels)
        explanation = _explained(model)
    except InputError as error:
        salient = [None] * len(worst)
        explanation = f"No saliency, because the model cannot be loaded: {error}"
    shown = [
        _mistake(predictions, index) | {"picture": _picture(model, one)}
        for index, one in zip(worst.tolist(), salient, strict=True)
    ]
    return {"notice": "", "summary": f"{summary}.", "explanation": explanation, "texts": shown}


def _explained(model: TrainedModel) -> str:
    """Explain the colors and the unit of the weights."""
    settings = model.config.embedder
    if settings.draws and not settings.glyph_tokens:
        side = reach(model.model.embedder)
        unit = "slice" + (f" (with {side} overlapping slices on each side)" if side else "")
    else:
        unit = "glyph" if settings.glyph_tokens else "token"
    return (
        f"Orange, solid: evidence for the prediction; blue, dotted: evidence against it. Each "
        f"{unit} is left out in turn; its weight is the decrease of the log-odds of the "
        "prediction. The largest weights are listed below each text."
    )


def _label(predictions: RunPredictions, index: int) -> int:
    """Return the label to explain: the most confident false positive, else false negative."""
    wrong = predictions.predicted[index] & ~predictions.truth[index]
    missed = predictions.truth[index] & ~predictions.predicted[index]
    chosen = wrong if wrong.any() else missed
    distance = np.abs(predictions.truth[index] - predictions.probabilities[index])
    return int(np.where(chosen, distance, -1).argmax())


def _mistake(predictions: RunPredictions, index: int) -> dict[str, Any]:
    label, text = _label(predictions, index), predictions.texts[index]
    return {
        "predicted": predictions.label_text(predictions.predicted[index]),
        "truth": predictions.label_text(predictions.truth[index]),
        "label": predictions.names[label],
        "probability": float(predictions.probabilities[index, label]),
        "number": index + 1,
        "text": text if len(text) <= LONGEST else text[:LONGEST] + "…",
    }


def _picture(model: TrainedModel | InputError, salient: Salient | None) -> Markup:
    """Render the weights on the drawn text, or on the text itself for models without pixels."""
    if salient is None or isinstance(model, InputError):
        return Markup("")
    embedder = model.model.embedder
    if not isinstance(embedder, VisualEmbedder):
        return salient_text(salient) + strongest_pieces(salient)
    stride = None if model.config.embedder.glyph_tokens else embedder.step_px
    window = embedder.token_px[1]
    renderer = embedder.tokenizer.renderer
    columns = token_columns(renderer, salient.text, len(salient.weights), stride, window)
    drawn = salient_pictures(renderer, salient, columns)
    return drawn + strongest_tokens(renderer, salient, stride, window)
