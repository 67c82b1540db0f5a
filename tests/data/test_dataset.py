import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.data.sets import (
    comments,
    distinct,
    jsonl_config,
    load,
    load_error,
    settings_of,
    write_jsonl,
)
from vitrina.config import compose_config
from vitrina.data.dataset import Split, load_dataset
from vitrina.errors import InputError

ROWS = comments(120)


def ids(split: Split) -> list[int]:
    return [row["id"] for row in split.rows]


def test_one_file_becomes_three_splits(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    dataset = load(path, ROWS)
    splits = (dataset.train, dataset.val, dataset.test)
    assert [len(split) for split in splits] == [96, 12, 12]
    assert [int(split.labels.sum()) for split in splits] == [32, 4, 4]
    assert sorted(i for split in splits for i in ids(split)) == list(range(120))
    for split in splits:
        assert split.texts.to_strings() == [distinct(i) for i in ids(split)]
        assert [row["toxic"] for row in split.rows] == split.labels.tolist()
    assert dataset.label_names == ["0", "1"] and not dataset.synthetic and dataset.extra == {}
    assert dataset.hashes == {"train": hashlib.sha256(path.read_bytes()).hexdigest()}
    how = "(seed 1; stratified, near-duplicates in one split)"
    assert dataset.notes == [
        f"val: 12 of 120 training rows split off {how}",
        f"test: 12 of 120 training rows split off {how}",
        "train: 96 texts (64 × 0, 32 × 1)",
        "val: 12 texts (8 × 0, 4 × 1)",
        "test: 12 texts (8 × 0, 4 × 1)",
    ]


def test_split_seed_overrides_the_seed_of_the_run(tmp_path: Path) -> None:
    config = jsonl_config(write_jsonl(tmp_path / "train.jsonl", ROWS))
    first, again = (load_dataset(config, seed=seed) for seed in (1, 2))
    assert ids(first.test) == ids(again.test)
    free = replace(config, split_seed=None)
    assert ids(load_dataset(free, seed=1).test) == ids(first.test)
    assert ids(load_dataset(free, seed=2).test) != ids(first.test)


def test_near_duplicates_and_groups_stay_in_one_split(tmp_path: Path) -> None:
    rows = [
        {**row, "text": variant, "author": ["a", 1, 1.5, None, "", "b"][i % 6] if i < 12 else None}
        for i, row in enumerate(ROWS)
        for variant in (row["text"], f"{row['text'].upper()}!!! {i}")
    ]
    dataset = load(tmp_path / "train.jsonl", rows, group_field="author", val_fraction=0.2)
    splits = (dataset.train, dataset.val, dataset.test)
    assert sum(map(len, splits)) == 240
    assert all(set(Counter(ids(split)).values()) == {2} for split in splits)
    for author in ("a", 1, 1.5, "b"):
        assert sum(any(row["author"] == author for row in split.rows) for split in splits) == 1
    assert abs(len(dataset.val) - 48) < 8 and abs(len(dataset.test) - 24) < 8
    assert "near-duplicates and groups in one split" in dataset.notes[0]


def test_given_files_are_not_split(tmp_path: Path) -> None:
    train, val, test = (
        write_jsonl(tmp_path / f"{name}.jsonl", comments(30, first))
        for name, first in (("train", 0), ("val", 30), ("test", 20))
    )
    dataset = load_dataset(jsonl_config(train, val=str(val), test=str(test)), seed=1)
    assert [ids(dataset.train), ids(dataset.val)] == [list(range(30)), list(range(30, 60))]
    assert dataset.hashes.keys() == {"train", "val", "test"}
    note = "test: 10 of 30 texts are also in the training texts (ignoring case and all but letters)"
    assert note in dataset.notes
    without_val = load_dataset(jsonl_config(train, test=str(test)), seed=1)
    assert ids(without_val.test) == list(range(20, 50))
    assert sorted(ids(without_val.train) + ids(without_val.val)) == list(range(30))
    assert len(without_val.val) == 3


@pytest.mark.parametrize(
    ("option", "ending", "delimiter"),
    [("csv", "csv", ","), ("csv", "tsv", "\t"), ("csv", "x", ",")],
)
def test_tables(tmp_path: Path, option: str, ending: str, delimiter: str) -> None:
    path = tmp_path / f"train.{ending}"
    rows = [f'{row["id"]},"{row["text"]}, {i}",{row["toxic"]}' for i, row in enumerate(ROWS)]
    lines = [line.replace(",", delimiter) for line in ["id,text,toxic", *rows]]
    path.write_text("\n".join(lines), encoding="utf-8")
    dataset = load_dataset(
        compose_config([f"dataset={option}", f"dataset.train={path}"]).dataset, 1
    )
    assert [len(dataset.train), len(dataset.val), len(dataset.test)] == [96, 12, 12]
    row = dataset.test.rows[0]
    assert row == {"id": row["id"], "text": dataset.test.texts[0], "toxic": row["toxic"]}
    assert dataset.label_names == ["0", "1"]


def test_published_and_converted_ok_comments_are_equal(tmp_path: Path) -> None:
    published, converted = tmp_path / "dataset.txt", tmp_path / "dataset.jsonl"
    labels = ["INSULT,__label__THREAT", "NORMAL", "NORMAL"]
    lines = [f"__label__{labels[row['id'] % 3]} {row['text']}\n" for row in ROWS]
    published.write_text("".join(lines), encoding="utf-8")
    write_jsonl(converted, ROWS)
    config = compose_config(["dataset=ok", f"dataset.train={published}"]).dataset
    first = load_dataset(config, seed=1)
    second = load_dataset(replace(config, train=str(converted)), seed=1)
    assert first.test.texts.to_strings() == second.test.texts.to_strings()
    assert first.test.labels.tolist() == second.test.labels.tolist()
    assert first.label_names == ["0", "1"]
    toxic = next(row for row in first.train.rows if row["toxic"])
    assert toxic["labels"] == ["INSULT", "THREAT"]


def test_missing_files_raise_an_error_before_reading(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_dataset(settings_of("dataset=ok", "dataset.train=no/dataset.txt"), seed=1)
    message = str(caught.value)
    assert message.startswith("dataset.train = 'no/dataset.txt': there is no such file")
    assert "kaggle.com/datasets/alexandersemiletov/toxic-russian-comments" in message
    assert "put its dataset.txt there" in message and "tools/prepare_ok_dataset.py" in message
    path = tmp_path / "train.jsonl"
    path.write_text("not read", encoding="utf-8")
    config = jsonl_config(path)
    for key, changed in (
        ("val", replace(config, val="no")),
        ("extra.more", replace(config, extra={"more": "no"})),
    ):
        with pytest.raises(InputError) as caught:
            load_dataset(changed, seed=1)
        assert str(caught.value) == f"dataset.{key} = 'no': there is no such file"


def test_limits_give_stratified_samples(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    dataset = load(path, ROWS, limit_train=30, limit_val=6, limit_test=12)
    assert [len(dataset.train), len(dataset.val), len(dataset.test)] == [30, 6, 12]
    assert [int(dataset.train.labels.sum()), int(dataset.val.labels.sum())] == [10, 2]
    sampled = [note for note in dataset.notes if "a stratified sample" in note]
    assert sampled == [
        "train: 30 of 96 texts kept by dataset.limit_train, a stratified sample (seed 1)",
        "val: 6 of 12 texts kept by dataset.limit_val, a stratified sample (seed 1)",
    ]
    assert load_error(path, ROWS, limit_test=1) == (
        "dataset.limit_test = 1: must be at least 2, the number of labels"
    )


def test_further_test_files_keep_their_order_and_fields(tmp_path: Path) -> None:
    more = write_jsonl(tmp_path / "more.jsonl", [{**row, "by": None} for row in comments(5, 118)])
    table = tmp_path / "table.csv"
    table.write_text("toxic,text\n1,\n0,да\n", encoding="utf-8")
    path = tmp_path / "train.jsonl"
    dataset = load(path, ROWS, extra={"more": str(more), "table": str(table)})
    assert [*dataset.extra] == ["more", "table"]
    assert ids(dataset.extra["more"]) == [118, 119, 120, 121, 122]
    assert dataset.extra["more"].rows[0]["by"] is None
    assert dataset.extra["table"].labels.tolist() == [1, 0]
    assert dataset.hashes["extra.more"] == hashlib.sha256(more.read_bytes()).hexdigest()
    assert dataset.notes[-1] == "table: 2 texts (1 × 0, 1 × 1); 1 are empty"


def test_too_few_texts_or_labels_raise_an_error(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    assert load_error(path, []) == f"{path}: there are no rows in the file"
    assert load_error(path, [row for row in ROWS if row["toxic"]]) == (
        f"{path}: all 40 rows have the label '1'; at least two labels are needed"
    )
    assert load_error(path, ROWS[:3]).startswith("dataset=jsonl: the val split has ")
    test = write_jsonl(tmp_path / "test.jsonl", [{"text": "а", "toxic": 0}])
    assert load_error(path, ROWS, test=str(test)) == (
        f"{test}: the test split has only the label '0' (1 texts); at least two labels are needed"
    )
