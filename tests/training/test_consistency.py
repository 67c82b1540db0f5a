"""Two views of each text: their texts, loss, gradients, and incompatible settings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.training.test_loop import LENGTHS, build, make_batch, settings, weights
from vitrina.config import compose_config
from vitrina.data.dataset import Split
from vitrina.data.rows import Rows
from vitrina.deobfuscation.batch import DeobfuscatedBatch
from vitrina.errors import InputError
from vitrina.models.prepare import TextPipeline
from vitrina.models.token_batch import TokenBatch
from vitrina.models.tokenizer import Tokenizer
from vitrina.noise.corpus import Corpus
from vitrina.noise.perturbation import build_noise
from vitrina.normalizers.build import build_normalizer
from vitrina.tasks.base import Task
from vitrina.tasks.classification import ClassificationTask
from vitrina.tasks.losses import binary_divergence, class_divergence
from vitrina.tasks.multilabel import MultilabelTask
from vitrina.tasks.noisy_split import NoisyTexts
from vitrina.tasks.ocr.recognition import Recognition
from vitrina.tasks.targets import Targets
from vitrina.text.batch import TextBatch
from vitrina.training.consistency import rows_of_views, training_loss
from vitrina.training.loop import Training

RANDOM = np.random.default_rng(0)
FIRST, SECOND = (torch.tensor(RANDOM.normal(size=(6, 3)) * 2, dtype=torch.float32) for _ in "ab")
STRINGS = ["какой дурак это придумал", "совершенно спокойный разговор", "жопа", ""] * 5


def divergence(p: Tensor, q: Tensor) -> float:
    return sum(a * np.log(a / b) for a, b in zip(p.tolist(), q.tolist(), strict=True))


def test_class_divergence_equals_its_definition() -> None:
    rows = [(a.softmax(0), b.softmax(0)) for a, b in zip(FIRST, SECOND, strict=True)]
    wanted = sum(divergence(p, q) + divergence(q, p) for p, q in rows) / 2
    assert float(class_divergence(FIRST, SECOND)) == pytest.approx(wanted, rel=1e-4)
    assert class_divergence(FIRST, FIRST + 1) == pytest.approx(0, abs=1e-5)


def test_binary_divergence_is_summed_over_labels() -> None:
    wanted = 0.0
    for a, b in zip(FIRST.flatten().sigmoid(), SECOND.flatten().sigmoid(), strict=True):
        p, q = torch.stack([a, 1 - a]), torch.stack([b, 1 - b])
        wanted += (divergence(p, q) + divergence(q, p)) / 2
    assert float(binary_divergence(FIRST, SECOND)) == pytest.approx(wanted, rel=1e-4)


def test_the_loss_is_the_mean_of_the_views_plus_the_weighted_divergence() -> None:
    task = ClassificationTask.__new__(ClassificationTask)
    labels = np.array([0, 1, 2, 0, 1, 2])

    def loss(output: Tensor, targets: Targets) -> Tensor:
        return F.cross_entropy(output, torch.from_numpy(targets.labels), reduction="sum")

    task.loss = loss  # pyright: ignore[reportAttributeAccessIssue]
    found = training_loss(settings(consistency=0.7), task)(
        torch.cat([FIRST, SECOND]), Targets(np.tile(labels, 2))
    )
    each = [loss(logits, Targets(labels)) for logits in (FIRST, SECOND)]
    wanted = (each[0] + each[1]) / 2 + 0.7 * class_divergence(FIRST, SECOND)
    torch.testing.assert_close(found, wanted)
    assert training_loss(settings(), task) is loss


@pytest.mark.parametrize("kind", [ClassificationTask, MultilabelTask])
def test_equal_views_have_no_gradient(kind: type[Task]) -> None:
    first, second = FIRST.clone().requires_grad_(), SECOND.clone().requires_grad_()
    kind.__new__(kind).divergence(first, second).backward()
    assert first.grad is not None and second.grad is not None
    assert (first.grad * (FIRST - SECOND)).sum() > 0  # a descent step reduces the difference
    same = FIRST.clone().requires_grad_()
    kind.__new__(kind).divergence(same, FIRST).backward()
    assert same.grad is not None and same.grad.abs().max() < 1e-6


def test_rows_of_views() -> None:
    assert rows_of_views(np.array([2, 0]), 3, 2).tolist() == [2, 0, 5, 3]
    assert rows_of_views(np.array([2, 0]), 3, 1).tolist() == [2, 0]


def noisy_texts(noise: str = "mixed", **changes: object) -> NoisyTexts:
    config = compose_config([f"noise={noise}"]).noise
    labels = np.arange(len(STRINGS)) % 2
    split = Split("train", TextBatch.from_strings(STRINGS), labels, Rows.from_dicts([]))
    normalizer = build_normalizer(compose_config(["normalizer=confusables"]).normalizer)
    return NoisyTexts.of(split, build_noise(replace(config, **changes), 3), normalizer)


class RecordingTokenizer(Tokenizer):
    """Records the texts of the last call."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def __call__(self, texts: TextBatch, read: DeobfuscatedBatch | None = None) -> TokenBatch:
        self.given = texts.to_strings()
        return TokenBatch(torch.zeros(0), texts.lengths, texts.lengths)


def pipeline(texts: NoisyTexts, tokenizer: RecordingTokenizer) -> TextPipeline:
    return TextPipeline(texts.normalizer, None, tokenizer)


def views(
    texts: NoisyTexts, view: str | None, epoch: int
) -> tuple[list[str], list[str], np.ndarray]:
    task = ClassificationTask.__new__(ClassificationTask)
    tokenizer = RecordingTokenizer()
    indices = np.array([4, 0, 9, 6])
    batch = texts.for_training(pipeline(texts, tokenizer), task, None, view).batch
    _, targets = batch(indices, epoch)
    return tokenizer.given[:4], tokenizer.given[4:], targets.labels


def test_the_second_view_is_the_clean_text() -> None:
    texts = noisy_texts(p_text=1.0)
    first, second, labels = views(texts, "clean", 2)
    assert first == views(texts, None, 2)[0] and first != second
    assert second == texts.clean(np.array([4, 0, 9, 6])).to_strings()
    assert labels.tolist() == [0, 0, 1, 0] * 2


def test_the_second_view_has_other_noise_in_each_epoch() -> None:
    texts = noisy_texts(p_text=1.0)
    drawn = [views(texts, "noisy", epoch) for epoch in (2, 2, 3)]
    assert drawn[0][:2] == drawn[1][:2]
    assert drawn[0][0] == views(texts, None, 2)[0]
    assert len({tuple(view) for each in drawn for view in each[:2]}) == 4


def test_both_views_have_recognition_targets() -> None:
    config = compose_config(["ocr=ctc", "ocr.min_count=1"]).ocr
    texts = noisy_texts(p_text=1.0)
    reading = Recognition(
        config, Recognition.fit(config, Corpus(texts.split.texts, lambda: texts.split.texts))
    )
    task, indices = ClassificationTask.__new__(ClassificationTask), np.array([4, 0, 9, 6])
    prepare = pipeline(texts, RecordingTokenizer())
    _, targets = texts.for_training(prepare, task, reading, "noisy").batch(indices, 2)
    assert targets.readings is not None
    read = reading.symbols.decode(targets.readings).to_strings()
    assert read == [STRINGS[index] for index in indices] * 2


def pairs_of(indices: np.ndarray, epoch: int) -> tuple[TokenBatch, Targets]:
    """Return a batch of two views: the texts of an epoch, and of another epoch."""
    one, targets = make_batch(indices, epoch)
    other, _ = make_batch(indices, epoch + 1000)
    ids, lengths = torch.cat([one.ids, other.ids]), np.tile(LENGTHS[indices], 2)
    return TokenBatch(ids, lengths, lengths), targets.take(np.tile(np.arange(len(indices)), 2))


class UnfittedTask(ClassificationTask):
    def __init__(self) -> None: ...

    def loss(self, output: Tensor, targets: Targets) -> Tensor:
        return F.cross_entropy(output, torch.from_numpy(targets.labels), reduction="sum")


def paired(folder: Path, **changes: object) -> Training:
    config = settings(consistency=1.0, consistency_from="noisy", **changes)
    training = build(folder, config)
    training.loss = training_loss(config, UnfittedTask())
    training.texts = replace(training.texts, batch=pairs_of)
    training.model.embedder.dropout = nn.Identity()
    return training


def test_parts_of_a_batch_contain_both_views_of_a_text(tmp_path: Path) -> None:
    models = []
    for max_tokens in (10_000, 60):
        training = paired(tmp_path / str(max_tokens), max_tokens=max_tokens)
        sizes: list[int] = []
        forward = training.model.forward

        def spy(inputs: TokenBatch, forward=forward, sizes=sizes) -> Tensor:
            sizes.append(len(inputs))
            return forward(inputs)

        training.model.forward = spy
        state = training.run()
        assert state.num_texts == 400 and sum(sizes) == 800 + 400  # four validations
        assert (len(sizes) > 32) == (max_tokens == 60)
        models.append(weights(training))
    for name, value in models[0].items():
        torch.testing.assert_close(value, models[1][name], atol=1e-4, rtol=1e-3)


def test_training_reduces_the_divergence_of_the_views(tmp_path: Path) -> None:
    divergences = []
    for weight in (1e-9, 5.0):
        training = paired(tmp_path / str(weight), epochs=8.0)
        config = settings(consistency=weight)
        training.loss = training_loss(config, UnfittedTask())
        training.run()
        with torch.no_grad():
            inputs, _ = pairs_of(np.arange(100), 99)
            divergences.append(float(class_divergence(*training.model(inputs).chunk(2))))
    assert divergences[1] < 0.5 * divergences[0]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["training.consistency=1", "task=labeling", "encoder=cnn_words"],
            "training.consistency = 1.0: must be 0 with task=labeling, which cannot compare two "
            "views of a text",
        ),
        (
            [
                "training.consistency=1",
                "training.consistency_from=noisy",
                "noise.resample_each_epoch=false",
            ],
            "training.consistency_from = 'noisy': must be clean with "
            "noise.resample_each_epoch=false, which gives one noisy view of a text",
        ),
        (
            ["training.consistency_from=both"],
            "training.consistency_from = 'both': must be one of clean, noisy",
        ),
        (["training.consistency=-1"], "training.consistency = -1.0: must be at least 0"),
    ],
)
def test_incompatible_settings_are_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError) as error:
        compose_config(overrides)
    assert str(error.value) == message
