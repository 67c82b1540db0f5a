"""Compiled parts equal eager ones, for batches of any size."""

import pytest
import torch

from tests.tiny import TEXTS, build
from vitrina.errors import InputError
from vitrina.models.compiling import PARTS, compile_parts
from vitrina.models.predictor import for_inference
from vitrina.text.batch import TextBatch

# Traces and differentiates, but generates no code, so it needs no compiler.
BACKEND = "aot_eager"


@pytest.mark.parametrize("kinds", [("slices", "transformer"), ("glyphs", "cnn")], ids="-".join)
def test_compiled_model_has_the_same_gradients(kinds: tuple[str, str]) -> None:
    plain, compiled = build(*kinds), build(*kinds)
    parts = compile_parts(compiled, BACKEND)
    assert parts and all(isinstance(part, PARTS) for part in parts)
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    for texts in (TEXTS, TEXTS[:3], TEXTS * 2):
        inputs = plain.embedder.tokenizer(TextBatch.from_strings(texts))
        for model in (plain, compiled):
            torch.manual_seed(1)
            model.zero_grad()
            model(inputs).square().sum().backward()
        for (name, wanted), found in zip(
            plain.named_parameters(), compiled.parameters(), strict=True
        ):
            torch.testing.assert_close(found.grad, wanted.grad, atol=1e-4, rtol=1e-3, msg=name)


def test_inference_copy_of_a_compiled_model_shares_no_weights() -> None:
    model = build("glyphs", "cnn")
    inputs = model.embedder.tokenizer(TextBatch.from_strings(TEXTS))
    compile_parts(model, BACKEND)
    copied = for_inference(model, "fp32")
    with torch.inference_mode():
        wanted = copied(inputs)
        for parameter in model.parameters():
            parameter.zero_()
        assert torch.equal(copied(inputs), wanted)


def test_model_without_parts_to_compile_is_refused() -> None:
    with pytest.raises(InputError, match=r"training\.compile = True: must be False for a model"):
        compile_parts(build("ngrams", "mean"), BACKEND)


def test_cpu_without_a_compiler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_compiler() -> str:
        raise RuntimeError("no compiler")

    monkeypatch.setattr("torch._inductor.cpp_builder.get_cpp_compiler", no_compiler)
    with pytest.raises(InputError, match=r"training\.compile = True: on a CPU this needs a C\+\+"):
        compile_parts(build("glyphs", "cnn"))
