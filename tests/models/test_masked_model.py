"""The masked model: masked pixels do not leak, and errors equal a slow reference."""

import numpy as np
import pytest
import torch

from tests.tiny import TEXTS, build_masked
from vitrina.models.embedders.base import VisualEmbedder
from vitrina.models.heads.pixels import PixelHead
from vitrina.models.layers.ragged import Ragged
from vitrina.models.masked_model import EPSILON, MaskedModel, Reconstruction
from vitrina.models.token_batch import TokenBatch
from vitrina.state import FittedState
from vitrina.tasks.config import PretrainingConfig
from vitrina.tasks.pretraining import PretrainingTask
from vitrina.tasks.targets import Targets
from vitrina.text.batch import TextBatch

VISUAL = ["glyphs", "glyph_ngrams", "slices", "line"]
KINDS = [(embedder, encoder) for embedder in VISUAL for encoder in ("cnn", "transformer")]
DIGITS = ["0123456789" * 4, "31415926535"]
"""Digits have equal widths, so that replacing one moves no other."""


def visual(model: MaskedModel) -> VisualEmbedder:
    assert isinstance(model.embedder, VisualEmbedder)
    return model.embedder


def draw_mask(model: MaskedModel, texts: list[str]) -> np.ndarray:
    assert model.masking is not None
    inputs = model.embedder.tokenizer(TextBatch.from_strings(texts))
    return model.masking.draw(inputs.num_tokens, training=False)


def reconstruction(model: MaskedModel, texts: list[str], masked: np.ndarray) -> Reconstruction:
    torch.manual_seed(3)
    return model.restore(model.embedder.tokenizer(TextBatch.from_strings(texts)), masked)


def own_columns(inputs: TokenBatch, stride_px: int, masked: np.ndarray) -> list[np.ndarray]:
    """Return the masked tokens' own columns, bool [line_px], of each text."""
    assert inputs.line_px is not None
    found, token = [], 0
    for line_px, count in zip(inputs.line_px.tolist(), inputs.num_tokens.tolist(), strict=True):
        ends = [*(stride_px * number for number in range(count)), line_px]
        columns = np.zeros(line_px, dtype=bool)
        for number in range(count):
            columns[ends[number] : ends[number + 1]] = masked[token + number]
        found.append(columns)
        token += count
    return found


def replace_digits(model: MaskedModel, masked: np.ndarray, *, hidden: bool) -> list[str]:
    """Return the digits with nines for all that are fully masked, or for one that is visible."""
    embedder = visual(model)
    inputs = embedder.tokenizer(TextBatch.from_strings(DIGITS))
    if inputs.line_px is None:
        columns = np.split(masked, np.cumsum(inputs.num_tokens)[:-1])
    else:
        columns = own_columns(inputs, embedder.step_px, masked)
    strings = []
    for text, blank in zip(DIGITS, columns, strict=True):
        parts = np.split(blank, len(text))
        chosen = [k for k, part in enumerate(parts) if (part.all() if hidden else not part.any())]
        chosen = [k for k in chosen if text[k] != "9"][: None if hidden else 1]
        strings.append("".join("9" if k in chosen else c for k, c in enumerate(text)))
    assert strings != DIGITS
    return strings


@pytest.mark.parametrize("kinds", KINDS, ids="-".join)
@pytest.mark.parametrize("training", [False, True])
def test_masked_pixels_do_not_change_the_prediction(kinds: tuple[str, str], training: bool) -> None:
    model = build_masked(*kinds, share=0.6).train(training)
    masked = draw_mask(model, DIGITS)
    with torch.no_grad():
        before = reconstruction(model, DIGITS, masked)
        after = reconstruction(model, replace_digits(model, masked, hidden=True), masked)
        visible = reconstruction(model, replace_digits(model, masked, hidden=False), masked)
    assert not torch.equal(before.shown, after.shown)
    assert torch.equal(before.hidden, after.hidden)
    assert torch.equal(before.predicted, after.predicted)
    assert not torch.equal(before.predicted, visible.predicted)


@pytest.mark.parametrize("kind", ["slices", "line"])
def test_no_window_shows_masked_columns(kind: str) -> None:
    model = build_masked(kind, "cnn")
    embedder, texts = visual(model), TextBatch.from_strings(TEXTS)
    inputs, masked = embedder.tokenizer(texts), draw_mask(model, TEXTS)
    masked_inputs = embedder.mask(inputs, masked)
    shown, hidden = embedder.render(masked_inputs).numpy(), embedder.hidden(masked_inputs).numpy()
    stride, window = embedder.step_px, embedder.token_px[1]
    token = 0
    for text, columns in enumerate(own_columns(inputs, stride, masked)):
        alone = embedder.render(inputs.take(np.array([text]))).numpy()
        for number, image in enumerate(alone):
            part = columns[number * stride : number * stride + window]
            part = np.pad(part, (0, window - len(part)))
            assert np.array_equal(hidden[token], part)
            assert np.array_equal(shown[token], image * ~part)
            token += 1
    assert token == len(masked)


def slow_errors(found: Reconstruction) -> list[float]:
    errors = []
    for shown, hidden, predicted in zip(found.shown, found.hidden, found.predicted, strict=True):
        pixels = [
            (float(shown[row, column]) / 255, float(predicted[row, column]))
            for column in range(shown.shape[1])
            if hidden[column]
            for row in range(shown.shape[0])
        ]
        ink = np.array([pixel for pixel, _ in pixels])
        scaled = (ink - ink.mean()) / np.sqrt(ink.var() + EPSILON)
        errors.append(float(np.mean((np.array([w for _, w in pixels]) - scaled) ** 2)))
    return errors


@pytest.mark.parametrize("kinds", [("glyphs", "cnn"), ("slices", "cnn"), ("line", "cnn")])
def test_errors_equal_reference(kinds: tuple[str, str]) -> None:
    model = build_masked(*kinds).eval()
    inputs = model.embedder.tokenizer(TextBatch.from_strings(TEXTS))
    masked = draw_mask(model, TEXTS)
    with torch.no_grad():
        found, output = model.restore(inputs, masked), model(inputs)
    wanted = slow_errors(found)
    torch.testing.assert_close(found.errors(), torch.tensor(wanted), rtol=1e-4, atol=1e-5)
    counts = [int(part.sum()) for part in np.split(masked, np.cumsum(inputs.num_tokens)[:-1])]
    sums = [sum(part) for part in np.split(np.array(wanted), np.cumsum(counts)[:-1])]
    torch.testing.assert_close(output[:, 0], torch.tensor(sums).float(), rtol=1e-4, atol=1e-5)
    assert output[:, 1].tolist() == counts
    config = PretrainingConfig(
        kind="pretraining", masked_weight=0.5, masked_share=0.25, masked_span=3.0
    )
    task = PretrainingTask(config, FittedState())
    loss = float(task.loss(output, Targets(np.zeros(len(TEXTS)))))
    assert loss == pytest.approx(0.5 * sum(np.array(sums) / counts), rel=1e-4)


@pytest.mark.parametrize("stride", [1, 2])
def test_each_token_of_a_stride_has_its_pixels(stride: int) -> None:
    torch.manual_seed(0)
    head, lengths = PixelHead(6, (2, 3), stride), np.array([1, 5, 4])
    torch.nn.init.normal_(head.linear.weight)
    state_lengths = -(-lengths // stride)
    states = Ragged(torch.randn(int(state_lengths.sum()), 6), state_lengths)
    masked = np.array([1, 0, 0, 1, 1, 1, 1, 1, 0, 0], dtype=bool)
    found = iter(head(states, masked, lengths))
    token = 0
    for text, length in enumerate(lengths.tolist()):
        first = int(state_lengths[:text].sum())
        for place in range(length):
            if masked[token]:
                pixels = head.linear(states.values[first + place // stride]).view(stride, 2, 3)
                torch.testing.assert_close(next(found), pixels[place % stride])
            token += 1
    assert next(found, None) is None


@pytest.mark.parametrize("kinds", KINDS, ids="-".join)
def test_error_does_not_depend_on_the_batch(kinds: tuple[str, str]) -> None:
    model = build_masked(*kinds).eval()
    with torch.no_grad():
        together = model(model.embedder.tokenizer(TextBatch.from_strings(TEXTS)))
        alone = [model(model.embedder.tokenizer(TextBatch.from_strings([text]))) for text in TEXTS]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("source", ["embedder", "encoder"])
def test_ctc_head_gets_unmasked_text(source: str) -> None:
    model = build_masked("glyphs", "cnn", source).eval()
    inputs = model.embedder.tokenizer(TextBatch.from_strings(TEXTS))
    with torch.no_grad():
        output, logits = model.forward_and_recognize(inputs)
        torch.testing.assert_close(output, model(inputs))
        torch.testing.assert_close(logits.values, model.recognize(inputs).values)
        model.mask.zero_()
        torch.testing.assert_close(logits.values, model.recognize(inputs).values)
        assert not torch.allclose(output, model(inputs))


@pytest.mark.parametrize("kinds", KINDS, ids="-".join)
def test_all_weights_get_gradients(kinds: tuple[str, str]) -> None:
    model = build_masked(*kinds).train()
    model(model.embedder.tokenizer(TextBatch.from_strings(TEXTS)))[:, 0].sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_output_without_masking_is_zero() -> None:
    model = build_masked("glyphs", "cnn")
    model.masking = None
    assert model(model.embedder.tokenizer(TextBatch.from_strings(TEXTS))).tolist() == [[0, 0]] * 6
