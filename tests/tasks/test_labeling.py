"""Targets of noisy words against a slow reference, and the loss of words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.config import compose_config
from vitrina.data.dataset import Split
from vitrina.data.rows import Rows
from vitrina.errors import InputError
from vitrina.noise.perturbation import build_noise
from vitrina.normalizers.base import NoNormalizer
from vitrina.normalizers.build import build_normalizer
from vitrina.registry import components
from vitrina.state import FittedState
from vitrina.tasks.config import LabelingConfig
from vitrina.tasks.labeling import IGNORE_INDEX, LabelingTask, WordTargets
from vitrina.tasks.noisy_split import NoisyTexts
from vitrina.text.batch import TextBatch
from vitrina.text.words import written_words

STRONG: list[tuple[str, dict[str, Any]]] = [
    ("none", {}),
    ("published", {"p_toxic_word": 1.0, "p_space": 0.4, "p_toxic_symbol": 0.9}),
    ("uniform", {"p": 0.7, "p_space": 0.4, "masks": "*."}),
    ("uniform", {"p": 1.0, "p_space": 0.0, "level_toxic": 3}),
    ("diacritics", {"p": 0.6, "p_space": 0.2}),
]
NOISES = [
    build_noise(replace(compose_config([f"noise={name}"]).noise, **changes), 3)
    for name, changes in STRONG
]
NORMALIZERS = {
    kind: build_normalizer(compose_config([f"normalizer={kind}"]).normalizer)
    for kind in components("normalizer")
    if kind != "recognizer"  # needs a run
}
WORDS = [
    "сука",
    "объезд",
    "жук",
    "ЩЁКИ",
    "ъ",
    "нет,да",
    " ",
    "  ",
    "!",
    "(",
    "½",
    "Ａ",
    "\u200b",
    "жoпа",
    "ж о п а",
    "}|{0па",
    "ДУРАА@К",
]


def config(**changes: Any) -> LabelingConfig:
    values: dict[str, Any] = {
        "kind": "labeling",
        "labels": "auto",
        "spans_field": "spans",
        "background": "0",
        "lexicon": None,
        "pool": "max_mean",
        "kernels": [3],
        "dropout": 0.0,
        "label_smoothing": 0.0,
        "positive_weight": 1.0,
    }
    return LabelingConfig(**values | changes)


def task_of(num_labels: int, words_per_text: float = 1.0, **changes: Any) -> LabelingTask:
    names = [str(label) for label in range(num_labels)]
    fitted = {"label_names": names, "words_per_text": words_per_text}
    return LabelingTask(config(**changes), FittedState(texts={"words": json.dumps(fitted)}))


def split_of(strings: list[str], labels: list[int]) -> Split:
    texts = TextBatch.from_strings(strings)
    words = written_words(texts)
    words = words.with_labels(np.resize(labels, len(words)))
    return Split("train", texts, np.zeros(len(strings)), Rows.from_dicts([]), words)


def slow_labels(view: NoisyTexts, index: int, epoch: int) -> list[int]:
    """Return labels of the shown words of one text by mapping each code point back."""
    sample = view.sample(np.array([index]), epoch)
    words = view.split.words
    assert words is not None
    clean = words.take(np.array([index]))
    owner: dict[int, int] = {}  # clean code point → clean word
    for word in range(len(clean)):
        owner |= dict.fromkeys(range(clean.starts[word], clean.ends[word]), word)
    placed = sample.noisy.noisy_starts.tolist()
    noisy_owner = [
        owner.get(point)
        for point in range(len(placed) - 1)
        for _ in range(placed[point], placed[point + 1])
    ]
    _, back = view.normalizer.with_offsets(sample.noisy.texts[0])
    labels = []
    shown = written_words(sample.shown)
    for start, end in zip(shown.starts.tolist(), shown.ends.tolist(), strict=True):
        first, last = back.to_original(start, end)
        owners = [each for each in noisy_owner[first:last] if each is not None]
        best = max(dict.fromkeys(sorted(owners)), key=owners.count, default=None)
        labels.append(0 if best is None else int(clean.labels[best]))
    return labels or [IGNORE_INDEX]


@settings(max_examples=120)
@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map("".join), min_size=1, max_size=4),
    st.lists(st.integers(0, 3), min_size=1, max_size=7),
    st.integers(0, len(NOISES) - 1),
    st.sampled_from(list(NORMALIZERS)),
    st.integers(0, 3),
)
def test_noisy_words_have_the_label_of_the_clean_word_they_overlap_most(
    strings: list[str], labels: list[int], noise: int, normalizer: str, epoch: int
) -> None:
    view = NoisyTexts.of(split_of(strings, labels), NOISES[noise], NORMALIZERS[normalizer])
    indices = np.arange(len(strings))[::-1]
    targets = task_of(4).targets(view.sample(indices, epoch))
    wanted = [slow_labels(view, index, epoch) for index in indices.tolist()]
    assert targets.labels.tolist() == [label for text in wanted for label in text]
    assert targets.counts.tolist() == list(map(len, wanted))
    chosen = indices[: len(indices) // 2 + 1]
    taken = targets.take(chosen)
    assert taken.labels.tolist() == [label for i in chosen for label in wanted[i]]


@pytest.mark.parametrize("noise", NOISES[1:], ids=[name for name, _ in STRONG[1:]])
def test_noise_keeps_words_labels_and_order(noise: Any) -> None:
    split = split_of(["объезд жук, сука!", "", "ЩЁКИ (сука)"], [0, 1, 2])
    noisy = NoisyTexts.of(split, noise, NoNormalizer()).noisy(1)
    assert noisy.texts.to_strings() != split.texts.to_strings()
    assert noisy.words is not None and split.words is not None
    assert noisy.words.labels.tolist() == split.words.labels.tolist()
    assert noisy.words.counts.tolist() == split.words.counts.tolist()
    spans = [
        (noisy.texts.offsets[text] + start, noisy.texts.offsets[text] + end)
        for text, start, end in zip(
            noisy.words.text_indices(), noisy.words.starts, noisy.words.ends, strict=True
        )
    ]
    # Words keep their order and do not overlap.
    flat = [place for span in spans for place in span]
    assert flat == sorted(flat)


def test_the_loss_weights_all_words_equally() -> None:
    task = task_of(3, words_per_text=2.0, positive_weight=4.0)
    torch.manual_seed(0)
    logits = torch.randn(6, 3)
    targets = WordTargets(np.array([0, 1, IGNORE_INDEX, 2, 0, 0]), np.array([2, 1, 3]))
    each = -logits.log_softmax(1)
    wanted = (each[0, 0] + 4 * each[1, 1] + 4 * each[3, 2] + each[4, 0] + each[5, 0]) / 2
    torch.testing.assert_close(task.loss(logits, targets), wanted)
    # Ignored words do not count, and the losses of parts sum to that of the whole.
    changed = logits.clone()
    changed[2] = 100
    torch.testing.assert_close(task.loss(changed, targets), wanted)
    first, rest = np.array([0]), np.array([1, 2])
    parts = task.loss(logits[:2], targets.take(first)) + task.loss(logits[2:], targets.take(rest))
    torch.testing.assert_close(parts, wanted)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": "words"}, "task.labels = 'words': must be one of auto, lexicon, pieces, spans"),
        ({"kernels": [4]}, "task.kernels[0] = 4: must be odd and at least 1"),
        ({"pool": "sum"}, "task.pool = 'sum': must be one of max_mean, max, mean"),
        ({"positive_weight": 0.0}, "task.positive_weight = 0.0: must be above 0"),
        ({"background": ""}, "task.background = '': must be a text that is not empty"),
    ],
)
def test_invalid_settings_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as error:
        config(**change)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        ("mean", "encoder.kind = 'mean': must be one that does not pool for task=labeling"),
        ("cnn", "encoder.stride = 2: must be 1 for task=labeling"),
    ],
)
def test_an_encoder_that_pools_words_is_refused(encoder: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        compose_config(["task=labeling", f"encoder={encoder}"])
    assert str(error.value).startswith(message)
