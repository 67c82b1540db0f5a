"""Scores of words: brought back to the clean ones, counted in runs, resampled by texts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.models.word_predictions import WordPredictions
from vitrina.tasks.intervals import intervals
from vitrina.tasks.metrics import decide, score
from vitrina.tasks.word_metrics import SpanCounts, WordMetrics, brought_back, labelled_runs
from vitrina.text.batch import TextBatch
from vitrina.text.spans import Spans

SCORING = WordMetrics(["0", "1"])


def said_of(texts: list[list[tuple[int, int, list[float]]]]) -> WordPredictions:
    words = Spans.from_lists([[(a, b, 0) for a, b, _ in words] for words in texts])
    rows = [p for words in texts for _, _, p in words]
    width = max((b for words in texts for _, b, _ in words), default=0)
    strings = TextBatch.from_strings(["а" * width] * len(texts))
    return WordPredictions(strings, words, np.array(rows, dtype=np.float64).reshape(len(rows), -1))


def two(*probabilities: float) -> list[list[float]]:
    return [[1 - p, p] for p in probabilities]


def test_a_clean_word_has_what_is_said_of_its_likeliest_part() -> None:
    # The second word was split in two, the third deleted, and one noisy word touches two others.
    truth = Spans.from_lists([[(0, 3, 0), (4, 9, 1), (9, 9, 1)], [], [(0, 2, 1), (2, 4, 0)]])
    low, high, none, both = two(0.2, 0.9, 0.1, 0.6)
    said = said_of([[(0, 3, low), (4, 6, high), (7, 9, none)], [(0, 4, high)], [(1, 4, both)]])
    found = brought_back(truth, said)
    assert found.tolist() == [low, high, [1.0, 0.0], both, both]


probabilities = st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0])


@st.composite
def scored(draw: st.DrawFn) -> tuple[Spans, WordPredictions]:
    truth, said = [], []
    for _ in range(draw(st.integers(1, 4))):
        bounds = sorted(draw(st.lists(st.integers(0, 9), max_size=8)))
        pairs = zip(bounds[::2], bounds[1::2], strict=False)
        truth.append([(a, b, draw(st.integers(0, 1))) for a, b in pairs])
        bounds = sorted(draw(st.lists(st.integers(0, 9), max_size=8)))
        pairs = zip(bounds[::2], bounds[1::2], strict=False)
        said.append([(a, b, two(draw(probabilities))[0]) for a, b in pairs if a < b])
    if not any(said):
        said[0] = [(0, 1, [0.5, 0.5])]
    return Spans.from_lists(truth), said_of(said)


@settings(deadline=None)
@given(scored())
def test_words_are_brought_back_as_one_by_one(both: tuple[Spans, WordPredictions]) -> None:
    truth, said = both
    wanted = []
    for text in range(truth.num_texts):
        one, mine = said[text], truth.part(text, text + 1)
        for a, b in zip(mine.starts, mine.ends, strict=True):
            over = [
                p
                for c, d, (_, p) in zip(
                    one.words.starts, one.words.ends, one.probabilities, strict=True
                )
                if min(b, d) > max(a, c)
            ]
            wanted.append(max(over, default=0.0))
    assert brought_back(truth, said)[:, 1].tolist() == wanted


def slow_runs(labels: list[int]) -> set[tuple[int, int, int]]:
    runs, start = set(), 0
    for end in range(1, len(labels) + 1):
        if end == len(labels) or labels[end] != labels[start]:
            if labels[start]:
                runs.add((start, end, labels[start]))
            start = end
    return runs


@given(st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=6), max_size=4))
def test_exact_spans_of_words(texts: list[list[tuple[int, int]]]) -> None:
    truth = Spans.from_lists([[(i, i + 1, of) for i, (of, _) in enumerate(t)] for t in texts])
    predicted = np.array([said for text in texts for _, said in text], dtype=np.int64)
    true = [slow_runs([of for of, _ in text]) for text in texts]
    said = [slow_runs([of for _, of in text]) for text in texts]
    assert len(labelled_runs(truth, truth.labels)) == sum(map(len, true))
    right = sum(len(a & b) for a, b in zip(true, said, strict=True))
    total = sum(map(len, true)) + sum(map(len, said))
    found = SpanCounts(truth, predicted).f1(np.ones((1, len(texts)), dtype=np.float32))[0]
    assert np.isnan(found) if total == 0 else found == pytest.approx(2 * right / total)


def made_up(num_texts: int, seed: int = 0) -> tuple[Spans, WordPredictions]:
    random = np.random.default_rng(seed)
    texts = [
        [(2 * i, 2 * i + 1, int(random.random() < 0.3)) for i in range(random.integers(0, 6))]
        for _ in range(num_texts)
    ]
    truth = Spans.from_lists(texts)
    said = [
        [(a, b, two(min(max(0.3 * of + random.random() * 0.7, 0), 1))[0]) for a, b, of in text]
        for text in texts
    ]
    return truth, said_of(said)


def test_scores_are_those_of_the_words_and_of_their_spans() -> None:
    truth, said = made_up(40)
    found = SCORING.score(truth, said)
    plain = score(decide(truth.labels.astype(np.int64), said.probabilities))
    assert {key: found[key] for key in plain} == plain
    assert found["count"] == len(truth) and 0 < found["span_f1"] < 1
    assert set(found) == {*SCORING.metrics, "count"}


def test_intervals_resample_texts_with_their_words() -> None:
    truth, said = made_up(60)
    found = SCORING.intervals(truth, said, resamples=300, seed=1)
    scores = SCORING.score(truth, said)
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
    # Where every text has one word, they are the intervals of texts.
    flat = Spans.of(truth.starts, truth.ends, np.ones(len(truth), dtype=int), truth.labels)
    alone = WordPredictions(said.texts, flat, said.probabilities)
    once = SCORING.intervals(flat, alone, resamples=300, seed=1)
    decisions = decide(flat.labels.astype(np.int64), said.probabilities)
    assert intervals(decisions, resamples=300, seed=1).items() <= once.items()
    # Each word four times in its text tells nothing new, each text four times does.
    rows = np.repeat(np.arange(len(flat)), 4)
    fourfold = Spans.of(
        np.tile(4 * np.arange(4), len(flat)),
        np.tile(4 * np.arange(4) + 1, len(flat)),
        np.full(len(flat), 4),
        flat.labels[rows],
    )
    copies = WordPredictions(said.texts, fourfold, said.probabilities[rows])
    more = SCORING.intervals(fourfold, copies, resamples=300, seed=1)
    np.testing.assert_allclose(more["f1"], once["f1"], atol=1e-9)


def test_without_words_nothing_is_made_up() -> None:
    truth, said = Spans.from_lists([[], []]), said_of([[(0, 1, [1.0, 0.0])], []])
    scores = SCORING.score(truth, said)
    assert scores["count"] == 0 and np.isnan(scores["f1"]) and np.isnan(scores["span_f1"])
    assert np.isnan(SCORING.intervals(truth, said, resamples=100, seed=1)["f1"]).all()
    assert "undefined; labels that occur: none" in SCORING.notes(truth, scores)[0]


def test_what_is_written_of_a_text() -> None:
    said = said_of([[(0, 2, [0.75, 0.25]), (3, 4, [0.25, 0.75])], []])
    assert SCORING.fields(said[0]) == {
        "score": 0.75,
        "label": "1",
        "words": [
            {"word": "аа", "start": 0, "end": 2, "score": 0.25, "label": "0"},
            {"word": "а", "start": 3, "end": 4, "score": 0.75, "label": "1"},
        ],
    }
    assert SCORING.fields(said[1]) == {"score": 0.0, "label": "0", "words": []}
    many = WordMetrics(["0", "a", "b"])
    said = said_of([[(0, 1, [0.2, 0.5, 0.3])]])
    assert many.fields(said[0])["words"][0]["score"] == {"0": 0.2, "a": 0.5, "b": 0.3}


def test_the_same_is_true_wherever_noise_has_moved_the_words() -> None:
    truth = Spans.from_lists([[(0, 1, 1)], [(0, 1, 0)]])
    map_spans = Spans.from_lists([[(2, 5, 1)], [(0, 0, 0)]])
    assert SCORING.same(truth, map_spans)
    assert not SCORING.same(truth, truth.with_labels(np.array([0, 1])))
    assert not SCORING.same(truth, Spans.from_lists([[(0, 1, 1), (1, 2, 0)], []]))
