"""Background texts in batches: noise, weights and shifts, independence of the batch, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import PLAIN, SMALL, small_run, training_that_dies
from tests.data.test_background import background
from tests.training.test_consistency import RecordingTokenizer, noisy_texts, pipeline
from vitrina.config import compose_config
from vitrina.errors import InputError
from vitrina.experiment import run
from vitrina.tasks.classification import ClassificationTask
from vitrina.tasks.losses import class_loss
from vitrina.tasks.targets import Targets

SHARE = "dataset.background.share=0.3"


def shown(
    indices: list[int], epoch: int, view: str | None = None, share: float = 0.5
) -> tuple[list[str], Targets]:
    """Return the texts and targets of a batch; texts from 20 on are background texts."""
    texts, tokenizer = noisy_texts(p_text=1.0), RecordingTokenizer()
    task = ClassificationTask.__new__(ClassificationTask)
    source = texts.for_training(
        pipeline(texts, tokenizer), task, None, view, background(share) if share else None
    )
    _, targets = source.batch(np.array(indices), epoch)
    return tokenizer.given, targets


def test_comments_are_the_same_with_and_without_background() -> None:
    mixed, targets = shown([4, 30, 0, 25], 2)
    alone, plain = shown([4, 0], 2, share=0)
    assert mixed[:2] == alone and targets.labels[:2].tolist() == plain.labels.tolist()
    assert plain.weights is None and plain.shifts is None
    given = background(0.5)
    assert targets.weights is not None and targets.shifts is not None
    assert targets.weights.tolist() == [1, 1, given.weight, given.weight]
    assert targets.shifts.tolist() == pytest.approx([0, 0, given.shift, given.shift])


def test_a_text_does_not_depend_on_its_batch() -> None:
    whole = shown([3, 40, 7, 20, 33], 5)[0]
    parts = [shown(each, 5)[0] for each in ([3, 20], [7], [40, 33])]
    assert sorted(whole) == sorted(text for part in parts for text in part)
    assert whole != shown([3, 40, 7, 20, 33], 6)[0]


def test_background_texts_have_noise_and_a_second_view() -> None:
    clean = background(0.5).draw(2).texts.to_strings()
    given, targets = shown(list(range(20, 120)), 2, "clean")
    assert len(given) == len(targets.labels) == 200
    assert given[100:] != given[:100]
    same = sum(a == b for a, b in zip(given[100:], clean[:100], strict=True))
    assert same > 90  # but for what the normalizer folds


def test_lengths_are_those_of_an_epoch() -> None:
    texts = noisy_texts()
    task = ClassificationTask.__new__(ClassificationTask)
    given = background(0.5)
    prepare = pipeline(texts, RecordingTokenizer())
    lengths = texts.for_training(prepare, task, background=given).lengths
    own = texts.split.texts.lengths.tolist()
    for epoch in (0, 1):
        wanted = own + given.draw(epoch).texts.lengths.tolist()
        assert lengths(epoch).tolist() == wanted


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_weights_and_shifts_in_the_loss(gamma: float) -> None:
    random = np.random.default_rng(0)
    logits = torch.tensor(random.normal(size=(6, 2)), dtype=torch.float32)
    labels = random.integers(0, 2, size=6)
    weights, shifts = (random.random(6).astype(np.float32) for _ in range(2))
    task = ClassificationTask.__new__(ClassificationTask)
    task.label_names, task._positive = ["0", "1"], 0
    task._weights = torch.tensor([1.0, 3.0])
    focal = "focal" if gamma else "cross_entropy"
    task.config = compose_config([f"task.loss={focal}", "task.label_smoothing=0.1"]).task
    found = task.loss(logits, Targets(labels, weights=weights, shifts=shifts))
    wanted = 0.0
    for n in range(6):
        moved = logits[n] + torch.tensor([float(shifts[n]), 0.0])
        one, label = moved.unsqueeze(0), torch.tensor(labels[n : n + 1])
        kind = {"smoothing": 0.1, "gamma": gamma}
        wanted += weights[n] * float(class_loss(one, label, task._weights, **kind))
    assert float(found) == pytest.approx(wanted, rel=1e-5)


def test_a_run_with_background_resumes_to_the_same_scores(tmp_path: Path) -> None:
    whole = small_run(tmp_path / "whole", SHARE, "training.epochs=2")
    interrupted = tmp_path / "interrupted"
    with training_that_dies(6):
        small_run(interrupted, SHARE, "training.epochs=2", "training.checkpoint_seconds=0")
    resumed = small_run(
        interrupted, SHARE, "training.epochs=2", "training.checkpoint_seconds=0", "resume=true"
    )
    assert resumed["test"]["clean"]["roc_auc"] == whole["test"]["clean"]["roc_auc"]
    notes = json.loads((interrupted / "record.json").read_text("utf-8"))["notes"]
    assert any(note.startswith("background: 6") for note in notes)


@pytest.mark.parametrize("task", ["multilabel", "labeling", "pretraining"])
def test_other_tasks_are_refused(task: str) -> None:
    encoder = ["encoder=cnn_words"] if task == "labeling" else []
    message = rf"dataset.background.share = 0.3: must be 0 with task={task}"
    with pytest.raises(InputError, match=message):
        compose_config([f"task={task}", SHARE, PLAIN, *encoder])


def test_more_than_two_classes_are_refused(tmp_path: Path) -> None:
    rows = [
        {"text": f"{word} номер {'абвг'[n % 4] * (n + 1)}", "toxic": word}
        for word in ("раз", "два", "три")
        for n in range(30)
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    given = ["dataset=jsonl", f"dataset.train={file}", SHARE, *SMALL[1:]]
    with pytest.raises(InputError, match=r"dataset.background.share = 0.3: must be 0 with 3"):
        run(compose_config([PLAIN, *given]), tmp_path / "run")
