"""Metrics of labeled words, computed over the words of the clean text at every level of noise.

Noise splits words, joins them with signs and deletes them. The truth is therefore the same at all
levels: the clean words with their labels and their spans in the noisy text. Predictions for noisy
words are aligned to them: a clean word gets the prediction of the overlapping noisy word with the
highest probability of having a label, and no label if noise deleted it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from vitrina.models.word_predictions import WordPredictions
from vitrina.tasks.config import METRICS
from vitrina.tasks.intervals import INTERVAL_METRICS, intervals_of, ratio, weighted_scores
from vitrina.tasks.metrics import Predictions, decide, reported_classes, score
from vitrina.tasks.task_metrics import ClassMetrics, LabelMetrics
from vitrina.text.spans import Spans, overlaps


def brought_back(truth: Spans, predicted: WordPredictions) -> np.ndarray:
    """Align predictions to the clean words: probabilities, float [num_true_words, C]."""
    num_classes = predicted.probabilities.shape[1]
    found = np.zeros((len(truth), num_classes))
    found[:, 0] = 1.0
    clean, noisy, _ = overlaps(truth, predicted.words)
    order = np.lexsort((noisy, predicted.probabilities[noisy, 0], clean))
    words, first = np.unique(clean[order], return_index=True)
    found[words] = predicted.probabilities[noisy[order][first]]
    return found


def labelled_runs(words: Spans, labels: np.ndarray) -> np.ndarray:
    """Find the maximal runs of words of a text with the same label.

    Returns:
        int64 [num_runs, 4], ascending: text, first word, end word (exclusive), label.
    """
    text = words.text_indices()
    begins = np.ones(len(words), dtype=bool)
    begins[1:] = (labels[1:] != labels[:-1]) | (text[1:] != text[:-1])
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(words))
    kept = labels[starts] > 0
    columns = (text[starts], starts, ends, labels[starts])
    return np.stack([column[kept] for column in columns], axis=1).astype(np.int64)


class SpanCounts:
    """Counts of labeled runs by text: true, predicted, and correctly predicted ones.

    A predicted run is correct if a true one has the same first word, last word and label.
    """

    def __init__(self, truth: Spans, predicted: np.ndarray) -> None:
        true, found = labelled_runs(truth, truth.labels), labelled_runs(truth, predicted)
        both = set(map(tuple, true.tolist())) & set(map(tuple, found.tolist()))
        count = truth.num_texts
        self.ends = np.bincount(true[:, 0], minlength=count) + np.bincount(
            found[:, 0], minlength=count
        )
        self.both = np.bincount(np.array([run[0] for run in both], dtype=int), minlength=count)

    def f1(self, weights: np.ndarray) -> np.ndarray:
        """Compute F1, float64 [num_resamples], NaN without runs.

        Args:
            weights: [num_resamples, num_texts].
        """
        counted = (weights @ self.ends.astype(np.float32)).astype(np.float64)
        right = 2.0 * (weights @ self.both.astype(np.float32))
        return ratio(right, counted)


class WordMetrics(LabelMetrics):
    """Metrics of words; truth is `Spans` with labels, predictions are `WordPredictions`.

    Args:
        label_names: names of the labels; the first one means no label.
    """

    metrics: ClassVar[Sequence[str]] = (*METRICS, "span_f1")
    shown: ClassVar[dict[str, str]] = {
        "f1": "F1",
        "precision": "precision",
        "recall": "recall",
        "span_f1": "span F1",
        "roc_auc": "ROC-AUC",
        "average_precision": "avg. prec.",
    }
    unit: ClassVar[str] = "words"

    def __init__(self, label_names: Sequence[str]) -> None:
        self.label_names = list(label_names)
        self._one = ClassMetrics(self.label_names, None)

    @property
    def what(self) -> str:
        if len(self.label_names) > 2:
            return "F1: mean over the labels of words"
        return f"F1: words of label {self.label_names[1]}"

    @property
    def reported(self) -> list[int]:
        return reported_classes(len(self.label_names), None)

    def decide(self, truth: Any, predicted: Any) -> Predictions:
        """Return true and predicted labels of the clean words."""
        return decide(truth.labels.astype(np.int64), brought_back(truth, predicted))

    def occurs(self, truth: Any) -> np.ndarray:
        """Return the true label of each word, one-hot, bool [num_true_words, C]."""
        return np.eye(len(self.label_names), dtype=bool)[truth.labels]

    def score(self, truth: Any, predicted: Any) -> dict[str, float]:
        decisions = self.decide(truth, predicted)
        spans = SpanCounts(truth, decisions.chosen.argmax(axis=1))
        found = score(decisions)
        once = np.ones((1, truth.num_texts), dtype=np.float32)
        count = {"count": found.pop("count")}
        return found | {"span_f1": float(spans.f1(once)[0])} | count

    def intervals(
        self, truth: Any, predicted: Any, *, resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        """Resample texts with all their words, since words of one text are not independent."""
        if not len(truth):
            return dict.fromkeys((*INTERVAL_METRICS, "span_f1"), (float("nan"), float("nan")))
        decisions, text = self.decide(truth, predicted), truth.text_indices()
        spans = SpanCounts(truth, decisions.chosen.argmax(axis=1))

        def scores_of(weights: np.ndarray) -> dict[str, np.ndarray]:
            found = weighted_scores(decisions, weights[:, text])
            return found | {"span_f1": spans.f1(weights)}

        return intervals_of(scores_of, truth.num_texts, len(truth), resamples=resamples, seed=seed)

    def settled(self, predicted: Any) -> Any:
        return replace(predicted, probabilities=predicted.probabilities.astype(np.float64))

    def values(self, predicted: Any) -> np.ndarray:
        return predicted.probabilities

    def same(self, truth: Any, other: Any) -> bool:
        """Whether the words have the same labels, at any positions."""
        return np.array_equal(truth.labels, other.labels) and np.array_equal(
            truth.offsets, other.offsets
        )

    def of_text(self, predicted: WordPredictions) -> np.ndarray:
        """Return probabilities [C] of the word of one text that is most likely to have a label."""
        if not len(predicted.words):
            return np.eye(1, len(self.label_names))[0]
        return predicted.probabilities[predicted.probabilities[:, 0].argmin()]

    def fields(self, predicted: Any) -> dict[str, Any]:
        """Return `score` and `label` of the word most likely to have a label, and `words`.

        Each word has its characters, `start` and `end` in the scored text, and `score` and `label`
        as in `ClassMetrics`.
        """
        text, words = predicted.texts[0], predicted.words
        spans = zip(words.starts.tolist(), words.ends.tolist(), strict=True)
        rows = [
            {"word": text[start:end], "start": start, "end": end, **self._one.fields(row)}
            for (start, end), row in zip(spans, predicted.probabilities, strict=True)
        ]
        return {**self._one.fields(self.of_text(predicted)), "words": rows}
