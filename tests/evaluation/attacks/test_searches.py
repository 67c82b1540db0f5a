"""Searches against classifiers with known weaknesses."""

from dataclasses import asdict

import numpy as np
import pytest

from tests.evaluation.attacks.attacked import constant_model, keyword_filter, settings
from vitrina.errors import InputError
from vitrina.evaluation.attacks.attempts import Attempt
from vitrina.evaluation.attacks.search import attack
from vitrina.tasks.task_metrics import ClassMetrics
from vitrina.text.batch import TextBatch

SENTENCES = [
    "погода хорошая, а ты дурак",
    "дурак пришёл домой",
    "ну и дурак же этот сосед по даче",
    "вечером смотрели новости",
]
LABELS = np.array([1, 1, 1, 0])


def outcome(attempt: Attempt) -> tuple:
    return attempt.text, attempt.edits, attempt.found_at, attempt.queries, attempt.score


def run(predict, sentences=SENTENCES, labels=LABELS, indices=None, attacked="positive", **changed):
    """Attack with the setting `labels=attacked`."""
    config = settings(labels=attacked, **changed)
    texts = TextBatch.from_strings(sentences)
    return attack(predict, texts, np.asarray(labels), config, indices=indices)


def test_one_edit_evades_keyword_filter() -> None:
    result = run(keyword_filter("дурак"), generations=8, population=12)
    assert (result.num_texts, result.num_right, result.num_other) == (3, 3, 1)
    assert result.budgets == [0, 1, 2, 3]
    for name, found in result.searches.items():
        assert found.success_rate == [0, 1, 1, 1], name
        assert found.recall == [1, 0, 0, 0] and found.f1 == [1, 0, 0, 0]
        for each in found.successes:
            assert "дурак" not in each.text and (each.found_at, len(each.edits)) == (1, 1)
            assert (each.clean_score, each.score) == pytest.approx((0.9, 0.1))


def test_greedy_search_edits_important_words() -> None:
    found = run(keyword_filter("дурак", "сосед"), words=1).searches["greedy"]
    assert found.success_rate == [0, 2 / 3, 1, 1]
    both = found.attempts[2]
    assert both.found_at == 2 and both.text.startswith("ну и д") and both.text.endswith(" по даче")
    assert [both.clean_score, both.score] == pytest.approx([0.9, 0.1])


def test_attack_on_constant_model_fails() -> None:
    for name, found in run(constant_model).searches.items():
        assert found.success_rate == [0] * 4 and found.successes == [], name
        assert found.recall == [1] * 4
        assert [each.found_at for each in found.attempts] == [None] * 3


def test_misclassified_texts_are_not_attacked() -> None:
    result = run(keyword_filter("сосед"))
    assert (result.num_texts, result.num_right) == (3, 1)
    assert result.searches["greedy"].success_rate == [0, 1, 1, 1]
    assert result.searches["greedy"].recall[0] == pytest.approx(1 / 3)
    nothing = run(keyword_filter("кошка"))
    assert nothing.num_right == 0
    assert np.isnan(nothing.searches["evolution"].success_rate).all()
    assert np.isnan(nothing.searches["evolution"].intervals).all()


def test_both_classes_can_be_attacked() -> None:
    result = run(
        lambda texts: 1 - keyword_filter("дурак")(texts), labels=1 - LABELS, attacked="all"
    )
    assert (result.num_texts, result.num_other) == (4, 0)
    found = result.searches["greedy"]
    assert found.success_rate == [0, 0.75, 0.75, 0.75]


def test_threshold_of_task_metrics_applies() -> None:
    task_metrics = ClassMetrics(["benign", "toxic"], None, 0.05)
    texts = TextBatch.from_strings(SENTENCES)
    result = attack(keyword_filter("дурак"), texts, LABELS, settings(), task_metrics=task_metrics)
    assert result.searches["greedy"].success_rate == [0] * 4  # 0.1 is still toxic


def test_attempts_are_independent() -> None:
    predict = keyword_filter("дурак", "сосед", "погода")
    together = run(predict)
    assert [outcome(a) for a in run(predict).searches["evolution"].attempts] == [
        outcome(a) for a in together.searches["evolution"].attempts
    ]
    for name, found in together.searches.items():
        for index in (2, 0):
            alone = run(predict, [SENTENCES[index]], [1], np.array([index]), searches=[name])
            (attempt,) = alone.searches[name].attempts
            assert outcome(attempt) == outcome(found.attempts[index])
    others = run(predict, seed=8).searches["evolution"].attempts
    assert [a.text for a in others] != [a.text for a in together.searches["evolution"].attempts]


@pytest.mark.parametrize("search", ["greedy", "evolution"])
def test_queries_count_distinct_texts(search: str) -> None:
    queried: list[str] = []
    most = 0

    def predict(texts: TextBatch) -> np.ndarray:
        nonlocal most
        queried.extend(texts.to_strings())
        most = max(most, len(texts))
        return constant_model(texts)

    found = run(predict, searches=[search]).searches[search]
    assert len(queried) == len(set(queried))
    assert sum(each.queries[-1] for each in found.attempts) == len(queried) - 1  # the benign text
    assert found.mean_queries[0] == 1 and found.mean_queries == sorted(found.mean_queries)
    assert found.mean_queries[-1] == pytest.approx((len(queried) - 1) / 3)
    if search == "greedy":
        words, candidates = [5, 3, 8], 12
        counted = [1 + count + candidates for count in words]
        assert [each.queries[1] for each in found.attempts] == counted
    assert most >= 3 * 6  # one call for all texts


@pytest.mark.parametrize("search", ["greedy", "evolution"])
def test_edits_do_not_exceed_budget(search: str) -> None:
    predict = keyword_filter("дурак", "погода", "хорошая")
    result = run(predict, SENTENCES[:1], [1], searches=[search], max_edits=5, generations=6)
    (attempt,) = result.searches[search].attempts
    assert attempt.found_at is not None and 3 <= len(attempt.edits) <= attempt.found_at
    rates = result.searches[search].success_rate
    assert rates == [float(b >= attempt.found_at) for b in range(6)]


def test_texts_without_edits_are_queried_once() -> None:
    for found in run(constant_model, ["", "!!! 123", "а"], [1, 1, 1]).searches.values():
        assert found.success_rate == [0] * 4
        assert found.attempts[0].queries == [1] * 4


def test_more_than_two_classes_require_labels_all() -> None:
    def predict(texts: TextBatch) -> np.ndarray:
        return np.concatenate([keyword_filter("дурак")(texts), np.zeros((len(texts), 1))], axis=1)

    with pytest.raises(
        InputError, match=r"^evaluation\.labels = 'positive': must be all, because with 3"
    ):
        run(predict)
    result = run(predict, attacked="all")
    assert result.num_right == 4 and result.searches["greedy"].success_rate[-1] == 0.75


def test_nan_probabilities_are_refused() -> None:
    with pytest.raises(InputError, match="NaN or infinite"):
        run(lambda texts: np.full((len(texts), 2), np.nan))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"searches": []},
            "evaluation.searches = []: must be a list of at least 1, each",
        ),
        (
            {"edits": ["swap", "typo"]},
            "evaluation.edits[1] = 'typo': must be one of substitution, invisible, punctuation, "
            "deletion, swap",
        ),
        ({"tables": ["unseen", "unseen"]}, "evaluation.tables[1] = 'unseen': must be listed only"),
        ({"punctuation": "a."}, "evaluation.punctuation = 'a.': must be characters, no letters"),
        ({"invisible": ""}, "evaluation.invisible = '': must be characters, no letters or digits"),
        ({"max_edits": 0}, "evaluation.max_edits = 0: must be from 1 to 10"),
        ({"population": 1}, "evaluation.population = 1: must be from 2 to 10000"),
        ({"labels": "toxic"}, "evaluation.labels = 'toxic': must be one of positive, all"),
        ({"max_distance": 1.5}, "evaluation.max_distance = 1.5: must be from 0 to 1"),
    ],
)
def test_invalid_settings_give_one_line_error(changed: dict, message: str) -> None:
    with pytest.raises(InputError) as error:
        settings(**changed)
    assert str(error.value).startswith(message) and "\n" not in str(error.value)
    assert asdict(settings())["seed"] == 7
