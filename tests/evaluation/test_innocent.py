"""Suites of innocent text: their texts, their rates, and a run by command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymorphy3 import MorphAnalyzer

from tests.conftest import small_run
from tests.evaluation.test_robustness import make_target
from tools.evaluate import main as evaluate
from tools.report import main as report
from vitrina.config import compose_config
from vitrina.data.made_texts import MISTAKES, Draws, mistyped
from vitrina.errors import InputError
from vitrina.evaluation.evaluators import check_evaluation, run_evaluation
from vitrina.evaluation.innocent import POINTS, UNSUPPORTED, rates
from vitrina.evaluation.innocent_texts import changed_suites, made_suites, rude_words
from vitrina.noise.config import FAMILIES
from vitrina.tasks.task_metrics import ClassMetrics
from vitrina.tasks.thresholds import threshold_at
from vitrina.text.batch import TextBatch
from vitrina.text.held_out import is_held_out
from vitrina.text.lexicon import Lexicon

LIMIT = 25


@pytest.fixture(scope="module")
def suites() -> dict[str, list[str]]:
    return {suite.name: list(suite.texts) for suite in made_suites(LIMIT, 1)}


def test_words_hold_a_root_but_are_honest_and_held_out(suites: dict[str, list[str]]) -> None:
    lexicon, analyzer = Lexicon.load(None), MorphAnalyzer(lang="ru")
    lemmas: set[str] = set()
    for word, (same, _) in zip(suites["rude_roots"], rude_words(LIMIT), strict=True):
        assert word == same and any(root in word for root in lexicon.roots)
        assert analyzer.word_is_known(word) and not lexicon.is_toxic(word)
        own = {parse.normal_form for parse in analyzer.parse(word)}
        assert all(map(is_held_out, own)) and not own & lemmas
        lemmas |= own
    assert all(is_held_out(analyzer.parse(word)[0].normal_form) for word in suites["common_words"])
    pairs = zip(suites["rude_roots"], suites["rude_roots_in_sentences"], strict=True)
    assert all(word in sentence.lower() for word, sentence in pairs)


def test_texts_are_distinct_of_bounded_number_and_the_same_again(
    suites: dict[str, list[str]],
) -> None:
    again = {suite.name: list(suite.texts) for suite in made_suites(LIMIT, 1)}
    assert again == suites
    for name, texts in suites.items():
        assert 0 < len(texts) == len(set(texts)) <= LIMIT, name
        assert all(text.strip() and "{" + "word" not in text for text in texts)
    other = {suite.name: list(suite.texts) for suite in made_suites(LIMIT, 2)}
    assert other["rude_roots"] == suites["rude_roots"]  # sampled by the hash of the word alone
    assert other["numbers"] != suites["numbers"]


@pytest.mark.parametrize(
    ("suite", "first", "last"), [("hebrew", "א", "ת"), ("korean", "가", "힣"), ("greek", "Ά", "ώ")]
)
def test_languages_are_in_their_own_script(
    suites: dict[str, list[str]], suite: str, first: str, last: str
) -> None:
    letters = [letter for text in suites[suite] for letter in text if letter.isalpha()]
    assert np.mean([first <= letter <= last for letter in letters]) > 0.95


@given(text=st.text(alphabet="абвЖё w.1-", max_size=40), seed=st.integers(0, 99))
@settings(max_examples=80, deadline=None)
def test_typing_errors_change_at_most_one_letter_of_a_word(text: str, seed: int) -> None:
    for name, mistake in MISTAKES.items():
        typed = mistyped(text, mistake, Draws(seed, name))
        longer = {"insertion": 1, "deletion": -1}.get(name, 0)
        old, new = text.split(" "), typed.split(" ")
        assert len(old) == len(new)
        if name == "swap":
            assert sorted(text) == sorted(typed)
        for before, after in zip(old, new, strict=True):
            runs = before.replace("-", ".").replace("1", ".").split(".")
            most = sum(len(run) >= 4 for run in runs)
            assert 0 <= (len(after) - len(before)) * (longer or 1) <= most * abs(longer)


@given(st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), max_size=60), st.sampled_from([5, 1]))
def test_threshold_equals_slow_search(scores: list[float], percent: int) -> None:
    found = threshold_at(np.array(scores), percent / 100)
    if not scores:
        assert np.isnan(found)
        return
    reach = np.array(scores) >= found
    assert 100 * reach.sum() <= percent * len(scores)
    lower = [score for score in scores if score < found]
    if lower:  # any lower threshold has too many false alarms
        assert 100 * (np.array(scores) >= max(lower)).sum() > percent * len(scores)


def test_rates_are_counted_apart_for_benign_and_toxic_texts() -> None:
    alarms = {"run": np.array([True, False, True, False])}
    found = rates(alarms, np.array([True, True, False, False]))
    assert found["count"] == 2 and found["run"] == 0.5 and found["recall"] == {"run": 0.5}
    assert found["intervals"]["run"] == pytest.approx([0.0945, 0.9055], abs=1e-3)
    empty = rates({"run": np.zeros(0, dtype=bool)}, np.zeros(0, dtype=bool))
    assert np.isnan(empty["run"]) and "recall" not in empty


def test_review_adds_to_recall() -> None:
    alarms, toxic = {"run": np.array([True, False, False, False])}, np.array([1, 1, 1, 0]) == 1
    found = rates(alarms, toxic, np.array([True, True, False, True]))
    assert found["recall"] == {"run": pytest.approx(1 / 3)} and found["review"] == 1
    assert found["recall_or_review"] == {"run": pytest.approx(2 / 3)}


def test_suites_of_test_texts_keep_their_rows() -> None:
    texts = TextBatch.from_strings(["Добрый вечер, соседи", "сегодня снова солнце"])
    names = []
    for suite in changed_suites(texts, np.array([4, 7]), 1, each_family=True):
        assert suite.rows is not None and suite.rows.tolist() == [4, 7] and len(suite.texts) == 2
        names.append(suite.name)
    assert "capitals" in names and len([name for name in names if "disguised_" in name]) == len(
        FAMILIES
    )


def measured(tmp_path: Path, *overrides: str, task_metrics: Any = None) -> dict[str, Any]:
    config = compose_config(["evaluation=quick", *overrides]).evaluation
    target = make_target()
    check_evaluation(config, task_metrics or target.task_metrics)
    return run_evaluation(config, target, [], tmp_path, progress=lambda line: None)[1]


def test_a_file_of_another_language(tmp_path: Path) -> None:
    file = tmp_path / "benign.jsonl"
    rows = [{"text": "guten Tag"}, {"text": "<b>дурак</b> auf Russisch"}]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    section = measured(tmp_path, f"evaluation.innocent={file}")["innocent"]
    suite = section["suites"]["innocent"]
    assert list(section["suites"]) == ["innocent"]
    assert suite["count"] == 2 and suite["run"] == 0.5
    assert section["clean"]["recall"]["run"] == 1 and section["thresholds"]["run"] == 0.5
    assert section["clean"]["at_5"] <= 0.05
    lines = (tmp_path / "innocent.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["score"] for line in lines] == pytest.approx([0.1, 0.9])


def test_a_missing_file_ends_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"evaluation.innocent = 'none.jsonl': must be an exist"):
        measured(tmp_path, "evaluation.innocent=none.jsonl")


def test_more_classes_are_left_out_with_a_note(tmp_path: Path) -> None:
    config = compose_config(["evaluation=quick", "evaluation.innocent_texts=5"]).evaluation
    target = make_target()
    object.__setattr__(target, "task_metrics", ClassMetrics(["a", "b", "c"], None))
    found, further = run_evaluation(config, target, [], tmp_path, progress=lambda line: None)
    assert "innocent" not in further and found.notes == [UNSUPPORTED]


def test_a_run_reports_its_false_alarms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["evaluation.innocent_texts=4", "evaluation.plot=true"]
    section = small_run(tmp_path / "run", *given)["innocent"]
    assert "words with a rude root" in capsys.readouterr().out
    assert (tmp_path / "run" / "innocent.png").is_file()
    for found in (section["clean"], *section["suites"].values()):
        for point in POINTS:
            low, high = found["intervals"][point]
            assert low <= found[point] <= high or found["count"] == 0
    assert evaluate([str(tmp_path / "run"), "evaluation=quick", *given[:1]]) == 0
    again = tmp_path / "run" / "evaluations" / "quick" / "metrics.json"
    assert json.loads(again.read_text("utf-8"))["innocent"]["suites"].keys() == (
        section["suites"].keys()
    )
    assert report([str(tmp_path / "run")]) == 0
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "Innocent text" in page and "languages: korean" in page
