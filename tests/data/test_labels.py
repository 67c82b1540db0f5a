from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.data.sets import comments, distinct, jsonl_config, settings_of, write_jsonl
from vitrina.data.config import LabelRules
from vitrina.data.dataset import Dataset, Split, load_dataset
from vitrina.data.fields import RowError
from vitrina.data.labels import label_set, members, set_name
from vitrina.errors import InputError

SETS = LabelRules(sets=True, separator=",")
KINDS: list[Any] = [["NORMAL"], ["INSULT", "THREAT"], "THREAT, INSULT", "NORMAL", []]


def rows(count: int = 100) -> list[dict[str, Any]]:
    return [{"text": distinct(i), "labels": KINDS[i % len(KINDS)]} for i in range(count)]


def load(path: Path, given: list[dict[str, Any]], rules: LabelRules, **changes: Any) -> Dataset:
    config = jsonl_config(write_jsonl(path, given), label_field="labels", **changes)
    return load_dataset(config, 1, rules)


def load_error(path: Path, given: list[dict[str, Any]], rules: LabelRules, **changes: Any) -> str:
    with pytest.raises(InputError) as caught:
        load(path, given, rules, **changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def sets_of(dataset: Dataset, split: Split) -> list[list[str]]:
    return [members(dataset.label_names[label]) for label in split.labels]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["b", "a", "b"], ["a", "b"]),
        (" b,a ", ["a", "b"]),
        ([], []),
        ("", []),
        (" ", []),
        ("10,9,a", ["9", "10", "a"]),
        ([1.0, True, "true", 2], ["1", "2"]),
        (5, ["5"]),
    ],
)
def test_lists_and_strings_are_label_sets(value: Any, expected: list[str]) -> None:
    name = set_name(label_set({"x": value}, "x", ","))
    assert members(name) == expected


@pytest.mark.parametrize("value", [None, [None], ["a", ""], "a,,b", [["a"]], {"a": 1}, 1.5])
def test_invalid_label_sets_raise_an_error(value: Any) -> None:
    with pytest.raises(RowError, match="the field 'x' is not a set of labels but "):
        label_set({"x": value}, "x", ",")


def test_without_a_separator_a_string_is_one_label() -> None:
    assert label_set({"x": "a, b"}, "x", None) == ["a, b"]
    assert label_set({"x": "a; b"}, "x", ";") == ["a", "b"]


def test_splits_are_stratified_by_label_set(tmp_path: Path) -> None:
    dataset = load(tmp_path / "train.jsonl", rows(), SETS)
    assert dataset.label_names == ['["INSULT", "THREAT"]', '["NORMAL"]', "[]"]
    counts = [Counter(split.labels.tolist()) for split in (dataset.train, dataset.val)]
    assert counts == [{0: 32, 1: 32, 2: 16}, {0: 4, 1: 4, 2: 2}]
    note = 'train: 80 texts (32 × ["INSULT", "THREAT"], 32 × ["NORMAL"], 16 × [])'
    assert note in dataset.notes


def test_other_files_can_have_new_sets_but_not_new_labels(tmp_path: Path) -> None:
    path, more = tmp_path / "train.jsonl", tmp_path / "more.jsonl"
    new = {"text": "новый", "labels": ["THREAT", "NORMAL"]}
    write_jsonl(more, [new, {"text": "ещё", "labels": "INSULT"}])
    dataset = load(path, rows(), SETS, extra={"more": str(more)})
    assert sets_of(dataset, dataset.extra["more"]) == [["NORMAL", "THREAT"], ["INSULT"]]
    write_jsonl(more, [new, {"text": "ещё", "labels": ["INSULT", "SPAM"]}])
    assert load_error(path, rows(), SETS, extra={"more": str(more)}) == (
        f"{more}:2: the label 'SPAM' is not in the training rows; allowed: NORMAL, INSULT, THREAT"
    )


def test_labels_that_are_not_selected_are_ignored_in_sets(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    rules = replace(SETS, labels=["THREAT", "INSULT"])
    dataset = load(path, rows(), rules)
    assert dataset.label_names == ['["INSULT", "THREAT"]', "[]"]
    note = "train: ignored labels that are not in task.labels: 40 × NORMAL"
    assert dataset.notes[0] == note
    assert load_error(path, rows(), replace(SETS, labels=["INSULT", "SPAM"])) == (
        "task.labels[1] = 'SPAM': must be a label of the training rows; "
        "allowed: NORMAL, INSULT, THREAT"
    )


def test_rows_with_labels_that_are_not_selected_are_skipped(tmp_path: Path) -> None:
    path, more = tmp_path / "train.jsonl", tmp_path / "more.jsonl"
    given = [{"text": distinct(i), "labels": "abcd"[i % 4]} for i in range(120)]
    rules = LabelRules(labels=["d", "a"])
    dataset = load(path, given, rules)
    assert dataset.label_names == ["d", "a"]
    assert sum(map(len, (dataset.train, dataset.val, dataset.test))) == 60
    note = "train: skipped rows with labels that are not in task.labels: 30 × b, 30 × c"
    assert dataset.notes[0] == note
    row = dataset.train.rows[0]
    assert dataset.label_names[dataset.train.labels[0]] == row["labels"]
    write_jsonl(more, [{"text": "а", "labels": "b"}])
    message = load_error(path, given, rules, extra={"more": str(more)})
    assert message == f"{more}: no row has one of task.labels = ['d', 'a']"


def test_the_default_label_field_of_ok_depends_on_the_task(tmp_path: Path) -> None:
    path = tmp_path / "dataset.txt"
    kinds = ["INSULT,__label__THREAT", "NORMAL", "OBSCENITY"]
    lines = [f"__label__{kinds[row['id'] % 3]} {row['text']}\n" for row in comments(90)]
    path.write_text("".join(lines), encoding="utf-8")
    config = settings_of("dataset=ok", f"dataset.train={path}")
    dataset = load_dataset(config, 1, SETS)
    assert dataset.label_names == ['["INSULT", "THREAT"]', '["NORMAL"]', '["OBSCENITY"]']
    assert load_dataset(config, 1).label_names == ["0", "1"]
    for row, found in zip(dataset.test.rows, sets_of(dataset, dataset.test), strict=True):
        assert sorted(row["labels"]) == found


def test_tables_have_label_sets_in_one_field(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    kinds = ["a;b", "b", ""]
    lines = [f"{distinct(i)},{kinds[i % 3]}" for i in range(90)]
    path.write_text("\n".join(["text,labels", *lines]), encoding="utf-8")
    config = settings_of("dataset=csv", f"dataset.train={path}", "dataset.label_field=labels")
    dataset = load_dataset(config, 1, replace(SETS, separator=";"))
    assert dataset.label_names == ['["a", "b"]', '["b"]', "[]"]
