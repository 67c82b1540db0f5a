"""Metrics of masked tokens, and the image of their reconstruction."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.tiny import TEXTS, build_masked
from vitrina.models.masked_model import MaskedModel
from vitrina.models.prepare import TextPipeline
from vitrina.normalizers.base import NoNormalizer
from vitrina.tasks.pixel_metrics import NoPixelMetrics, PixelMetrics
from vitrina.tasks.reconstruction import SCALE, draw_reconstruction, reconstruct
from vitrina.text.batch import TextBatch


def pipeline(model: MaskedModel) -> TextPipeline:
    return TextPipeline(NoNormalizer(), None, model.embedder.tokenizer)


PREDICTED = np.array([[2.0, 4.0], [3.0, 2.0], [0.0, 1.0]])
TRUTH = np.zeros(3)


def test_the_loss_weights_all_tokens_equally() -> None:
    task_metrics = PixelMetrics()
    assert task_metrics.score(TRUTH, PREDICTED) == {"masked_loss": 5 / 7, "count": 7}
    assert task_metrics.fields(PREDICTED[1]) == {"masked_loss": 1.5, "masked_tokens": 2}
    low, high = task_metrics.intervals(TRUTH, PREDICTED, resamples=200, seed=0)["masked_loss"]
    assert 0 <= low < 5 / 7 < high <= 1.5
    assert task_metrics.same(TRUTH, TRUTH)
    empty = task_metrics.score(np.zeros(0), np.zeros((0, 2)))
    assert np.isnan(empty["masked_loss"]) and empty["count"] == 0


def test_a_model_that_only_recognizes_has_no_metrics() -> None:
    task_metrics = NoPixelMetrics()
    assert task_metrics.score(TRUTH, PREDICTED) == {"count": 0}
    assert (task_metrics.metrics, task_metrics.fields(PREDICTED[0])) == ((), {})
    assert task_metrics.intervals(TRUTH, PREDICTED, resamples=100, seed=0) == {}


@pytest.mark.parametrize("kind", ["glyphs", "slices", "line"])
def test_unmasked_columns_of_a_reconstruction_are_as_drawn(kind: str) -> None:
    model = build_masked(kind, "cnn")
    for text in TEXTS:
        line = reconstruct(model, pipeline(model), text)
        inputs = model.embedder.tokenizer(TextBatch.from_strings([text]))
        width = 16 * int(inputs.num_tokens[0])
        if inputs.line_px is not None:
            width = int(inputs.line_px[0])
        height = 24 if kind == "glyphs" else 16
        assert line.drawn.shape == line.reconstructed.shape == (height, width)
        assert line.masked.shape == (width,) and line.masked.any()
        kept = ~line.masked
        assert np.array_equal(line.drawn[:, kept], line.reconstructed[:, kept])
        assert model.training  # the mode is restored
    line = reconstruct(model, pipeline(model), TEXTS[4])
    assert not line.masked.all()
    assert not np.array_equal(line.drawn, line.reconstructed)


def test_perfect_predictions_reconstruct_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_masked("slices", "cnn")
    restore = type(model).restore

    def perfect(self, inputs, masked):
        found = restore(self, inputs, masked)
        mean, deviation = found.scales()
        pixels = (found.shown.float() / 255 - mean) / deviation
        return type(found)(found.shown, found.hidden, pixels)

    monkeypatch.setattr(type(model), "restore", perfect)
    for text in TEXTS:
        line = reconstruct(model, pipeline(model), text)
        difference = line.drawn.astype(int) - line.reconstructed.astype(int)
        assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("kind", ["glyphs", "slices"])
def test_the_image_has_three_rows_for_each_text(kind: str, tmp_path: Path) -> None:
    model = build_masked(kind, "cnn")
    path = draw_reconstruction(
        model, pipeline(model), TextBatch.from_strings(TEXTS), tmp_path / "masked.png"
    )
    height = 24 if kind == "glyphs" else 16
    lines = [reconstruct(model, pipeline(model), text[:60]) for text in TEXTS if text]
    with Image.open(path) as picture:
        assert picture.height == len(lines) * (3 * (height + 1) + 4) * SCALE
        widest = max(line.drawn.shape[1] for line in lines) * SCALE
        assert widest < picture.width < widest + 60 * SCALE
        pixels = np.asarray(picture)
    left = picture.width - widest - 4 * SCALE
    for number, line in enumerate(lines):
        top = number * (3 * (height + 1) + 4) * SCALE + 2 * SCALE
        for row, wanted in enumerate(line.rows()):
            y = top + row * (height + 1) * SCALE
            x = left + wanted.shape[1] * SCALE
            shown = pixels[y : y + height * SCALE : SCALE, left:x:SCALE, 0]
            assert np.array_equal(shown, wanted)


def test_empty_texts_give_an_image(tmp_path: Path) -> None:
    model = build_masked("glyphs", "cnn")
    texts = TextBatch.from_strings(["", ""])
    path = draw_reconstruction(model, pipeline(model), texts, tmp_path / "p")
    assert path.is_file()
