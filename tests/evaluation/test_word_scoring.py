"""Word metrics: projection to clean words, span F1, intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.models.word_predictions import WordPredictions
from vitrina.tasks.intervals import intervals
from vitrina.tasks.metrics import decide, score
from vitrina.tasks.word_metrics import SpanCounts, WordMetrics, brought_back, labelled_runs
from vitrina.text.batch import TextBatch
from vitrina.text.spans import Spans

METRICS = WordMetrics(["0", "1"])


def predict_words(texts: list[list[tuple[int, int, list[float]]]]) -> WordPredictions:
    words = Spans.from_lists([[(a, b, 0) for a, b, _ in words] for words in texts])
    rows = [p for words in texts for _, _, p in words]
    width = max((b for words in texts for _, b, _ in words), default=0)
    strings = TextBatch.from_strings(["а" * width] * len(texts))
    return WordPredictions(strings, words, np.array(rows, dtype=np.float64).reshape(len(rows), -1))


def two(*probabilities: float) -> list[list[float]]:
    return [[1 - p, p] for p in probabilities]


def test_clean_word_has_prediction_of_most_positive_part() -> None:
    # Noise splits the second word and deletes the third. One noisy word overlaps two clean ones.
    truth = Spans.from_lists([[(0, 3, 0), (4, 9, 1), (9, 9, 1)], [], [(0, 2, 1), (2, 4, 0)]])
    low, high, none, both = two(0.2, 0.9, 0.1, 0.6)
    predicted = predict_words(
        [[(0, 3, low), (4, 6, high), (7, 9, none)], [(0, 4, high)], [(1, 4, both)]]
    )
    found = brought_back(truth, predicted)
    assert found.tolist() == [low, high, [1.0, 0.0], both, both]


probabilities = st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0])


@st.composite
def scored(draw: st.DrawFn) -> tuple[Spans, WordPredictions]:
    truth, predicted = [], []
    for _ in range(draw(st.integers(1, 4))):
        bounds = sorted(draw(st.lists(st.integers(0, 9), max_size=8)))
        pairs = zip(bounds[::2], bounds[1::2], strict=False)
        truth.append([(a, b, draw(st.integers(0, 1))) for a, b in pairs])
        bounds = sorted(draw(st.lists(st.integers(0, 9), max_size=8)))
        pairs = zip(bounds[::2], bounds[1::2], strict=False)
        predicted.append([(a, b, two(draw(probabilities))[0]) for a, b in pairs if a < b])
    if not any(predicted):
        predicted[0] = [(0, 1, [0.5, 0.5])]
    return Spans.from_lists(truth), predict_words(predicted)


@given(scored())
def test_brought_back_matches_loop(both: tuple[Spans, WordPredictions]) -> None:
    truth, predicted = both
    expected = []
    for text in range(truth.num_texts):
        one, mine = predicted[text], truth.part(text, text + 1)
        for a, b in zip(mine.starts, mine.ends, strict=True):
            over = [
                p
                for c, d, (_, p) in zip(
                    one.words.starts, one.words.ends, one.probabilities, strict=True
                )
                if min(b, d) > max(a, c)
            ]
            expected.append(max(over, default=0.0))
    assert brought_back(truth, predicted)[:, 1].tolist() == expected


def slow_runs(labels: list[int]) -> set[tuple[int, int, int]]:
    runs, start = set(), 0
    for end in range(1, len(labels) + 1):
        if end == len(labels) or labels[end] != labels[start]:
            if labels[start]:
                runs.add((start, end, labels[start]))
            start = end
    return runs


@given(st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=6), max_size=4))
def test_span_f1_matches_loop(texts: list[list[tuple[int, int]]]) -> None:
    truth = Spans.from_lists([[(i, i + 1, a) for i, (a, _) in enumerate(t)] for t in texts])
    predicted = np.array([label for text in texts for _, label in text], dtype=np.int64)
    true = [slow_runs([label for label, _ in text]) for text in texts]
    found_runs = [slow_runs([label for _, label in text]) for text in texts]
    assert len(labelled_runs(truth, truth.labels)) == sum(map(len, true))
    correct = sum(len(a & b) for a, b in zip(true, found_runs, strict=True))
    total = sum(map(len, true)) + sum(map(len, found_runs))
    found = SpanCounts(truth, predicted).f1(np.ones((1, len(texts)), dtype=np.float32))[0]
    assert np.isnan(found) if total == 0 else found == pytest.approx(2 * correct / total)


def make_words(num_texts: int, seed: int = 0) -> tuple[Spans, WordPredictions]:
    random = np.random.default_rng(seed)
    texts = [
        [(2 * i, 2 * i + 1, int(random.random() < 0.3)) for i in range(random.integers(0, 6))]
        for _ in range(num_texts)
    ]
    truth = Spans.from_lists(texts)
    predicted = [
        [(a, b, two(min(max(0.3 * k + random.random() * 0.7, 0), 1))[0]) for a, b, k in text]
        for text in texts
    ]
    return truth, predict_words(predicted)


def test_scores_include_words_and_spans() -> None:
    truth, predicted = make_words(40)
    found = METRICS.score(truth, predicted)
    plain = score(decide(truth.labels.astype(np.int64), predicted.probabilities))
    assert {key: found[key] for key in plain} == plain
    assert found["count"] == len(truth) and 0 < found["span_f1"] < 1
    assert set(found) == {*METRICS.metrics, "count"}


def test_intervals_resample_texts_with_words() -> None:
    truth, predicted = make_words(60)
    found = METRICS.intervals(truth, predicted, resamples=300, seed=1)
    scores = METRICS.score(truth, predicted)
    assert set(found) == {
        "accuracy",
        "f1",
        "macro_f1",
        "micro_f1",
        "roc_auc",
        "average_precision",
        "span_f1",
    }
    for name, (low, high) in found.items():
        assert low <= scores[name] <= high
    # With one word per text, the intervals equal those of texts.
    flat = Spans.of(truth.starts, truth.ends, np.ones(len(truth), dtype=int), truth.labels)
    alone = WordPredictions(predicted.texts, flat, predicted.probabilities)
    once = METRICS.intervals(flat, alone, resamples=300, seed=1)
    predictions = decide(flat.labels.astype(np.int64), predicted.probabilities)
    assert intervals(predictions, resamples=300, seed=1).items() <= once.items()
    # Copies of a word in the same text do not change the intervals.
    rows = np.repeat(np.arange(len(flat)), 4)
    fourfold = Spans.of(
        np.tile(4 * np.arange(4), len(flat)),
        np.tile(4 * np.arange(4) + 1, len(flat)),
        np.full(len(flat), 4),
        flat.labels[rows],
    )
    copies = WordPredictions(predicted.texts, fourfold, predicted.probabilities[rows])
    more = METRICS.intervals(fourfold, copies, resamples=300, seed=1)
    np.testing.assert_allclose(more["f1"], once["f1"], atol=1e-9)


def test_scores_without_words_are_undefined() -> None:
    truth, predicted = Spans.from_lists([[], []]), predict_words([[(0, 1, [1.0, 0.0])], []])
    scores = METRICS.score(truth, predicted)
    assert scores["count"] == 0 and np.isnan(scores["f1"]) and np.isnan(scores["span_f1"])
    assert np.isnan(METRICS.intervals(truth, predicted, resamples=100, seed=1)["f1"]).all()
    assert "undefined; labels that occur: none" in METRICS.notes(truth, scores)[0]


def test_fields_of_prediction() -> None:
    predicted = predict_words([[(0, 2, [0.75, 0.25]), (3, 4, [0.25, 0.75])], []])
    assert METRICS.fields(predicted[0]) == {
        "score": 0.75,
        "label": "1",
        "words": [
            {"word": "аа", "start": 0, "end": 2, "score": 0.25, "label": "0"},
            {"word": "а", "start": 3, "end": 4, "score": 0.75, "label": "1"},
        ],
    }
    assert METRICS.fields(predicted[1]) == {"score": 0.0, "label": "0", "words": []}
    many = WordMetrics(["0", "a", "b"])
    predicted = predict_words([[(0, 1, [0.2, 0.5, 0.3])]])
    assert many.fields(predicted[0])["words"][0]["score"] == {"0": 0.2, "a": 0.5, "b": 0.3}


def test_same_ignores_moved_spans() -> None:
    truth = Spans.from_lists([[(0, 1, 1)], [(0, 1, 0)]])
    moved = Spans.from_lists([[(2, 5, 1)], [(0, 0, 0)]])
    assert METRICS.same(truth, moved)
    assert not METRICS.same(truth, truth.with_labels(np.array([0, 1])))
    assert not METRICS.same(truth, Spans.from_lists([[(0, 1, 1), (1, 2, 0)], []]))
