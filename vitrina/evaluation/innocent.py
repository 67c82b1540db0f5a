"""False alarms on innocent text: the section `innocent` of `metrics.json`.

A suite holds benign texts. Its rate of false alarms is measured at the threshold of the run, and at
those that give 5 % and 1 % false alarms on the clean benign test texts: at these, models with
different thresholds are comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vitrina.data.formats import read_jsonl
from vitrina.errors import require
from vitrina.evaluation.config import EvaluationConfig
from vitrina.evaluation.innocent_texts import InnocentSuite, changed_suites, made_suites
from vitrina.evaluation.report import json_line
from vitrina.evaluation.review import share_of
from vitrina.evaluation.target import EvaluationTarget
from vitrina.files import replacing
from vitrina.noise.randomness import text_keys
from vitrina.tasks.intervals import wilson_interval
from vitrina.tasks.task_metrics import ClassMetrics, TaskMetrics
from vitrina.tasks.thresholds import threshold_at
from vitrina.text.batch import TextBatch

RUN, AT_5, AT_1 = POINTS = ("run", "at_5", "at_1")
"""Operating points: the run's threshold, and the ones of `SHARES`."""
SHARES = {AT_5: 0.05, AT_1: 0.01}
"""False alarms on the clean benign test texts, by operating point."""
UNSUPPORTED = "no suites of innocent text: they need one of two classes for each text"
FILE = "innocent.jsonl"


def supports(task_metrics: TaskMetrics) -> bool:
    """Whether the task has one class for each text, and two classes."""
    return isinstance(task_metrics, ClassMetrics) and len(task_metrics.label_names) == 2


def measure_innocent(
    config: EvaluationConfig,
    target: EvaluationTarget,
    clean: np.ndarray | None,
    folder: Path,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Return the section `innocent` of `metrics.json`.

    Args:
        target: its task must be one that `supports` accepts.
        clean: float [num_texts, 2], predictions for the clean test texts; None: not known yet.
        folder: for `innocent.jsonl`, each text with its score, if `config.predictions`.
        progress: called with a line.

    Returns:
        `thresholds` by operating point; `clean`, the clean benign test texts; `suites` by name:
        `title`, `source`, `held_out` (whether no background text is of this kind), `count` (benign
        texts), the rate of false alarms by operating point and
        `intervals`, their 95 % intervals (Wilson). Suites made of test texts also have `recall`,
        by operating point, on the texts of the positive class. If `target.review` is known,
        `review` is the share of benign texts that go to human review, and `recall_or_review` that
        of texts of the positive class that are called toxic or go there. Undefined rates are NaN.

    Raises:
        InputError: if `config.innocent` cannot be read.
    """
    metrics = target.task_metrics
    assert isinstance(metrics, ClassMetrics)
    progress("scoring suites of innocent text")
    positive = metrics.reported[0]
    truth = target.test.labels if target.truth is None else target.truth
    toxic = truth == positive
    known = target.predict(target.test.texts) if clean is None else clean
    of_test = metrics.settled(known)
    benign = of_test[~toxic, positive]
    thresholds = {point: threshold_at(benign, share) for point, share in SHARES.items()}

    def entry(texts: TextBatch, predicted: np.ndarray, toxic: np.ndarray) -> dict[str, Any]:
        labels = np.where(toxic, positive, 1 - positive)
        alarms = {RUN: metrics.decide(labels, predicted).chosen[:, positive]}
        scores = predicted[:, positive]
        alarms |= {point: scores >= threshold for point, threshold in thresholds.items()}
        return rates(alarms, toxic, None if target.review is None else target.review(texts))

    found: dict[str, Any] = {}
    lines: list[str] = []
    for suite in _suites(config, target):
        texts = target.cleaned(suite.texts)
        predicted = metrics.settled(target.predict(texts))
        labels = np.zeros(len(texts), dtype=bool) if suite.rows is None else toxic[suite.rows]
        origin = {"title": suite.title, "source": suite.source, "held_out": suite.held_out}
        found[suite.name] = origin | entry(texts, predicted, labels)
        scored = zip(suite.texts, predicted[:, positive].tolist(), labels.tolist(), strict=True)
        lines += [
            json_line({"suite": suite.name, "text": text, "score": score, "positive": label})
            for text, score, label in scored
        ]
    if config.predictions:
        with replacing(folder / FILE) as file:
            file.writelines(f"{line}\n" for line in lines)
    run = 0.5 if metrics.threshold is None else metrics.threshold
    return {
        "thresholds": {RUN: run, **thresholds},
        "clean": entry(target.test.texts, of_test, toxic),
        "suites": found,
    }


def rates(
    alarms: dict[str, np.ndarray], toxic: np.ndarray, reviewed: np.ndarray | None = None
) -> dict[str, Any]:
    """Return the rates of a suite by operating point, see `measure_innocent`.

    Args:
        alarms: bool [num_texts] by operating point. toxic, reviewed: bool [num_texts].
    """
    benign = int((~toxic).sum())
    hits = {point: int(chosen[~toxic].sum()) for point, chosen in alarms.items()}
    found: dict[str, Any] = {
        "count": benign,
        **{point: n / benign if benign else float("nan") for point, n in hits.items()},
        "intervals": {point: list(wilson_interval(n, benign)) for point, n in hits.items()},
    }
    if toxic.any():
        found["recall"] = {point: float(c[toxic].mean()) for point, c in alarms.items()}
    if reviewed is not None:
        found["review"] = share_of(reviewed[~toxic])
        if toxic.any():
            found["recall_or_review"] = {
                point: share_of((c | reviewed)[toxic]) for point, c in alarms.items()
            }
    return found


def _suites(config: EvaluationConfig, target: EvaluationTarget) -> Iterator[InnocentSuite]:
    limit, test = config.innocent_texts, target.test.texts
    if limit != 0:
        yield from made_suites(limit, config.seed)
        order = np.argsort(text_keys(config.seed, 0, np.arange(len(test))), kind="stable")
        rows = np.sort(order[:limit])
        each = config.each_family
        yield from changed_suites(test.take(rows), rows, config.seed, each_family=each)
    if config.innocent is not None:
        texts = read_innocent(config.innocent)
        name = Path(config.innocent).name
        yield InnocentSuite("innocent", f"file {name}", name, texts)


def read_innocent(path: str) -> list[str]:
    """Read the texts of `evaluation.innocent`.

    Raises:
        InputError: if there is no such file, it cannot be read or has no rows.
    """
    require(Path(path).is_file(), "evaluation.innocent", path, "an existing file")
    texts = [row["text"] for row in read_jsonl(Path(path), "text")]
    require(bool(texts), "evaluation.innocent", path, "a file with rows")
    return texts
