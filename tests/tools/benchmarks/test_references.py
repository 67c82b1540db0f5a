"""The reference implementations have the same results, so that time ratios are meaningful."""

import torch

from tests.tiny import SLICES, TEXTS, build
from tools.benchmarks.references import PaddedModel, PillowLines
from vitrina.models.embedders.slices import SlicesEmbedder
from vitrina.models.model import Model
from vitrina.models.token_batch import TokenBatch
from vitrina.text.batch import TextBatch

PLAIN = ["жопа", "}|{0па, привет!", "Пример строки без знаков " * 4, "ё"]


def padded_slices(model: Model, inputs: TokenBatch) -> tuple[torch.Tensor, torch.Tensor]:
    assert isinstance(model.embedder, SlicesEmbedder)
    each = model.embedder.render(inputs).split(inputs.num_tokens.tolist())
    slices = torch.nn.utils.rnn.pad_sequence(list(each), batch_first=True)
    return slices, torch.arange(slices.shape[1]) < torch.from_numpy(inputs.num_tokens)[:, None]


def test_pillow_lines_have_the_same_slices() -> None:
    embedder = build("slices", "transformer").embedder
    assert isinstance(embedder, SlicesEmbedder)
    inputs = embedder.tokenizer(TextBatch.from_strings(PLAIN))
    slices, mask = PillowLines(SLICES).batch(PLAIN)
    assert mask.sum(1).tolist() == inputs.num_tokens.tolist()
    assert torch.equal(slices[mask], embedder.render(inputs))
    assert not slices[~mask].any()


def test_the_padded_model_has_the_same_scores() -> None:
    model = build("slices", "transformer").eval()
    inputs = model.embedder.tokenizer(TextBatch.from_strings(TEXTS))
    slices, mask = padded_slices(model, inputs)
    assert mask.float().mean() < 0.5  # most of it is padding
    with torch.inference_mode():
        wanted = model(inputs)
        found = PaddedModel(model).eval()(slices, mask)
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)
        disturbed = slices.masked_fill(~mask[:, :, None, None], 200)
        again = PaddedModel(model).eval()(disturbed, mask)
        torch.testing.assert_close(again, wanted, atol=1e-5, rtol=1e-4)


def test_the_padded_model_is_a_copy() -> None:
    model = build("slices", "transformer")
    padded = PaddedModel(model)
    for parameter in padded.parameters():
        torch.nn.init.zeros_(parameter)
    assert any(parameter.any() for parameter in model.parameters())
