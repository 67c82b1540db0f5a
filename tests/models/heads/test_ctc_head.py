"""Models with a CTC head: logits do not depend on the batch, and other outputs do not change."""

import itertools

import numpy as np
import pytest
import torch

from tests.tiny import TEXTS, build
from vitrina.models.predictor import for_inference
from vitrina.text.batch import TextBatch

DRAWN = ("glyphs", "glyph_ngrams", "slices", "line")
KINDS = list(itertools.product(DRAWN, ("cnn", "transformer"), ("embedder", "encoder")))


@pytest.mark.parametrize("kinds", KINDS, ids="-".join)
def test_logits_do_not_depend_on_the_batch(kinds: tuple[str, str, str]) -> None:
    model = build(*kinds).eval()
    with torch.inference_mode():
        together = model.recognize(model.embedder.tokenizer(TextBatch.from_strings(TEXTS)))
        alone = [
            model.recognize(model.embedder.tokenizer(TextBatch.from_strings([t]))) for t in TEXTS
        ]
    assert together.lengths.tolist() == [int(logits.lengths[0]) for logits in alone]
    joined = torch.cat([logits.values for logits in alone])
    torch.testing.assert_close(together.values, joined, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kinds", KINDS, ids="-".join)
def test_joint_forward_and_inference_copy_equal_recognize(kinds: tuple[str, str, str]) -> None:
    model = build(*kinds).eval()
    inputs = model.embedder.tokenizer(TextBatch.from_strings(TEXTS))
    assert model.ctc_head is not None
    with torch.inference_mode():
        output, logits = model.forward_and_recognize(inputs)
        wanted = model.recognize(inputs)
        assert torch.equal(output, model(inputs)) and torch.equal(logits.values, wanted.values)
        assert np.array_equal(wanted.lengths, model.ctc_head.num_steps(inputs.num_tokens))
        folded = for_inference(model, "fp32").recognize(inputs)
        torch.testing.assert_close(folded.values, wanted.values, atol=1e-5, rtol=1e-4)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded = for_inference(model, "bf16").recognize(inputs).values.float()
        close = 0.03 * wanted.values.abs().max().item()
        torch.testing.assert_close(rounded, wanted.values, atol=close, rtol=0.03)


def test_ctc_head_keeps_initial_weights_of_other_parts_and_gets_gradients() -> None:
    with_head, without = build("glyphs", "cnn", "embedder"), build("glyphs", "cnn")
    states = without.state_dict()
    for name, value in with_head.state_dict().items():
        if name.startswith(("encoder.", "head.")) and value.is_floating_point():
            assert "norm" in name or torch.equal(value, states[name]), name
    assert all(p.grad is not None for p in with_head.parameters())
