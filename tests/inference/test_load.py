"""Inference with a trained model: any text, in any batch."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vitrina
from vitrina.errors import InputError
from vitrina.inference.load import TrainedModel
from vitrina.training.checkpoints import save_weights

ODD = [
    "",
    " ",
    "\u200b",
    "\ud800 один суррогат",
    "👨‍👩‍👧‍👦 🏳️‍🌈",
    "שלום עולם",
    "а\u0301\u0302\u0303\u0304\u0305",
    "\x00\x07\r\n",
    "о" * 100_000,
]


@pytest.fixture(scope="module")
def model(trained: Path) -> TrainedModel:
    return vitrina.load(trained)


def test_odd_texts_get_a_score(model: TrainedModel) -> None:
    for text, prediction in zip(ODD, model.predict(ODD), strict=True):
        assert isinstance(prediction.score, float) and 0 <= prediction.score <= 1, text[:20]
        assert prediction.label in model.label_names
        assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert 0 <= prediction.unread <= 1 and 0 <= prediction.unsupported <= 1


def test_an_empty_text_is_unread_and_another_script_is_unsupported(model: TrainedModel) -> None:
    empty, hebrew = model.predict(["", "שלום עולם"])
    assert (empty.unread, empty.unsupported) == (1, 0)
    assert (hebrew.unread, hebrew.unsupported) == (1, 1)
    assert {"unread", "unsupported", "review"} <= set(hebrew.fields())
    limits = model.review_thresholds
    assert limits is not None
    sent = limits.unread <= 1 or limits.unsupported <= 1
    assert hebrew.review == sent == model.review(model.cleaned(["שלום עולם"]))[0]


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=30), max_size=5))
def test_a_score_does_not_depend_on_other_texts(model: TrainedModel, texts: list[str]) -> None:
    together = model.probabilities(texts)
    assert together.shape == (len(texts), 2)
    for text, row in zip(texts[:2], together, strict=False):
        np.testing.assert_allclose(model.probabilities([text])[0], row, atol=0.02)


def test_order_is_kept(model: TrainedModel) -> None:
    texts = [f"{'очень ' * (i % 7)}текст номер {i}" for i in range(600)]
    forwards, backwards = model.probabilities(texts), model.probabilities(texts[::-1])
    np.testing.assert_allclose(forwards, backwards[::-1], atol=0.02)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config\.yaml: no such file; is this the"):
        vitrina.load(tmp_path)


def test_a_damaged_checkpoint_is_refused(
    trained: Path, tmp_path: Path, model: TrainedModel
) -> None:
    for name in ("config.yaml", "state.safetensors"):
        (tmp_path / name).write_bytes((trained / name).read_bytes())
    with pytest.raises(InputError, match="no such checkpoint"):
        vitrina.load(tmp_path)
    best = tmp_path / "checkpoints" / "best.safetensors"
    best.parent.mkdir()
    best.write_bytes(b"\x80\x04cposix\nsystem\n")  # the start of a pickle: not executed
    with pytest.raises(InputError, match="not a checkpoint"):
        vitrina.load(tmp_path)
    save_weights(best, model.model.head)
    with pytest.raises(InputError, match="the checkpoint of another model"):
        vitrina.load(tmp_path)
