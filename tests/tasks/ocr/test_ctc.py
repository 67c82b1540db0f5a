"""Compares the loss with torch's on single texts, and decoding with a plain loop."""

from itertools import groupby, pairwise

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from vitrina.models.layers.ragged import Ragged
from vitrina.tasks.ocr.alphabet import SymbolBatch
from vitrina.tasks.ocr.ctc import ctc_loss, decode_greedily, required_steps
from vitrina.text.batch import offsets_of

A = 5
letters = st.lists(st.lists(st.integers(1, A - 1), max_size=6), min_size=1, max_size=5)


def readings_of(texts: list[list[int]]) -> SymbolBatch:
    flat = np.array([letter for text in texts for letter in text], dtype=np.int64)
    return SymbolBatch(flat, offsets_of([len(text) for text in texts]))


def slow_required(text: list[int]) -> int:
    return len(text) + sum(a == b for a, b in pairwise(text))


@settings(max_examples=30)
@given(letters)
def test_equal_neighbors_need_a_step_between_them(texts: list[list[int]]) -> None:
    found = required_steps(readings_of(texts))
    assert found.tolist() == [slow_required(text) for text in texts]


@settings(max_examples=30)
@given(letters, st.data())
def test_the_loss_equals_that_of_single_texts_and_is_0_with_too_few_steps(
    texts: list[list[int]], data: st.DataObject
) -> None:
    steps = np.array([data.draw(st.integers(1, 9)) for _ in texts], dtype=np.int64)
    torch.manual_seed(0)
    logits = torch.randn(int(steps.sum()), A, requires_grad=True)
    found = ctc_loss(Ragged(logits, steps), readings_of(texts))
    found.sum().backward()
    assert logits.grad is not None and bool(logits.grad.isfinite().all())
    for loss, text, part, gradient in zip(
        found,
        texts,
        logits.detach().split(steps.tolist()),
        logits.grad.split(steps.tolist()),
        strict=True,
    ):
        if slow_required(text) > len(part):
            assert loss == 0 and not gradient.any()
            continue
        log_p = part.log_softmax(1)
        wanted = F.ctc_loss(log_p, torch.tensor(text), [len(part)], [len(text)], reduction="sum")
        torch.testing.assert_close(loss, wanted, atol=1e-5, rtol=1e-5)
        assert gradient.any()


def test_the_loss_is_fp32_for_all_types_of_logits() -> None:
    logits = torch.randn(8, A, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = ctc_loss(Ragged(logits, np.array([8])), readings_of([[1, 1, 2]]))
    wanted = ctc_loss(Ragged(logits.float(), np.array([8])), readings_of([[1, 1, 2]]))
    assert loss.dtype == torch.float32 and torch.equal(loss, wanted)


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), min_size=1, max_size=4))
def test_decoding_drops_repetitions_then_blanks(paths: list[list[int]]) -> None:
    readings, steps = decode_greedily(
        np.array([symbol for path in paths for symbol in path]), np.array([len(p) for p in paths])
    )
    for k, path in enumerate(paths):
        wanted = [symbol for symbol, _ in groupby(path) if symbol]
        here = slice(readings.offsets[k], readings.offsets[k + 1])
        assert readings.ids[here].tolist() == wanted
        emitted = steps[here].tolist()
        assert [path[step] for step in emitted] == wanted
        assert emitted == sorted(set(emitted))
        assert all(step == 0 or path[step - 1] != path[step] for step in emitted)
