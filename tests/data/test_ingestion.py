import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.sets import (
    comments,
    distinct,
    jsonl_config,
    load,
    load_error,
    settings_of,
    write_jsonl,
)
from vitrina.data.dataset import load_dataset
from vitrina.errors import InputError

ROWS = comments(120)


def test_where_selects_rows(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    rows = [{**row, "source": ["ok", "detox"][row["id"] % 2], "part": 0.5} for row in ROWS]
    dataset = load(path, rows, where={"source": "detox", "part": "0.5"})
    assert all(row["source"] == "detox" for row in dataset.train.rows)
    assert dataset.notes[0] == "train: 60 of 120 rows have source=detox, part=0.5"
    assert load_error(path, rows, where={"source": "pikabu"}) == (
        f"{path}: no row has dataset.where.source = 'pikabu'; values in the file: detox, ok"
    )
    assert load_error(path, ROWS, where={"tone": "rude"}) == (
        f"{path}:1: no field 'tone', which dataset.where names"
    )


def test_long_texts_are_truncated_after_cleaning(tmp_path: Path) -> None:
    rows = [*ROWS, {"text": "<b>" + "щ" * 50 + "</b>", "toxic": 1, "id": 500}]
    dataset = load(tmp_path / "train.jsonl", rows, max_length=20)
    assert "train: 1 of 121 texts truncated to 20 characters, 30 characters lost" in dataset.notes
    assert "щ" * 20 in [
        text for s in (dataset.train, dataset.val, dataset.test) for text in s.texts
    ]
    whole = load(tmp_path / "train.jsonl", rows, max_length=None)
    assert not any("truncated" in note for note in whole.notes)


def test_labels_must_occur_in_the_training_rows(tmp_path: Path) -> None:
    path, more = tmp_path / "train.jsonl", tmp_path / "more.jsonl"
    write_jsonl(more, [{"text": "а", "toxic": 0}, {"text": "б", "toxic": 2}])
    assert load_error(path, ROWS, extra={"more": str(more)}) == (
        f"{more}:2: the label '2' is not in the training rows; allowed: 1, 0"
    )
    dataset = load(path, ROWS, extra={"more": str(more)}, on_error="skip")
    note = f"{more}: 1 row skipped: the label '2' is not in the training rows (first in line 2)"
    assert note in dataset.notes


def test_label_names_are_sorted_numbers_and_then_words(tmp_path: Path) -> None:
    names = ["10", "9", "грубо", "-1", "angry"]
    rows = [{"text": distinct(i), "toxic": names[i % 5]} for i in range(100)]
    dataset = load(tmp_path / "train.jsonl", rows)
    assert dataset.label_names == ["-1", "9", "10", "angry", "грубо"]
    first = dataset.train.rows[0]["toxic"]
    assert dataset.label_names[dataset.train.labels[0]] == first


def test_invalid_rows_raise_an_error_or_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    rows = [{"text": 5, "toxic": 0}, {"toxic": 1}, {"text": "а", "toxic": None}, {"text": "б"}]
    for i, reason in enumerate(
        [
            "the field 'text' is not text but 5",
            "no field 'text'; the fields are: toxic",
            "the field 'toxic' is not a label but null; allowed: a whole number, true, false or a "
            "name",
            "no field 'toxic'; the fields are: text",
        ]
    ):
        assert load_error(path, [*ROWS, rows[i]]) == f"{path}:121: {reason}"
    dataset = load(path, [*ROWS, *rows, *rows], on_error="skip")
    assert sum(map(len, (dataset.train, dataset.val, dataset.test))) == 120
    assert dataset.notes[:2] == [
        f"{path}: 2 rows skipped: the field 'text' is not text (first in line 121)",
        f"{path}: 2 rows skipped: no field 'text' (first in line 122)",
    ]
    assert load_error(path, rows[:2] * 2, on_error="skip") == (
        f"{path}: there are no valid rows: 2 × the field 'text' is not text; 2 × no field 'text'"
    )
    assert load_error(path, [*ROWS, {**ROWS[0], "author": 1}], group_field="author") == (
        f"{path}:1: no field 'author', which dataset.group_field names"
    )


def test_another_encoding_raises_an_error(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    line = json.dumps({"text": "да", "toxic": 1}, ensure_ascii=False)
    for encoding, reason in (("cp1251", "not UTF-8 (byte 0x"), ("utf-16", "not UTF-8 but UTF-16")):
        path.write_bytes(line.encode(encoding))
        with pytest.raises(InputError) as caught:
            load_dataset(jsonl_config(path), seed=1)
        assert str(caught.value).startswith(f"{path}:1: {reason}")


LINES = {
    "jsonl": [b'{"text": "%s", "toxic": 0}', b'{"text": "%s", "toxic": "x\\ny"}', b'{"toxic": 1}'],
    "ok": [b"__label__NORMAL %s", b"__label__INSULT,__label__THREAT %s", b"__label__"],
    "csv": [b'"%s",0', b'"%s",1', b"%s,"],
}
ODD = [b"\xff", b"\\ud800", b'"', b"[" * 120, b"\r", b"\0"]


@settings(max_examples=60)
@given(st.sampled_from(sorted(LINES)), st.sampled_from(["fail", "skip"]), st.data())
def test_any_file_gives_a_dataset_or_a_one_line_error(
    tmp_path_factory: pytest.TempPathFactory, kind: str, on_error: str, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.file"
    size, kinds = data.draw(st.integers(0, 60)), LINES[kind]
    lines = [kinds[i % 2].replace(b"%s", distinct(i).encode()) for i in range(size)]
    for place in data.draw(st.sets(st.integers(0, 200), max_size=3)):
        lines[place : place + 1] = [kinds[2]]
    for place in data.draw(st.sets(st.integers(0, 200), max_size=3)):
        lines[place : place + 2] = [data.draw(st.sampled_from(ODD)).join(lines[place : place + 2])]
    path.write_bytes(b"\n".join([b"text,toxic"] * (kind == "csv") + lines))
    config = settings_of(f"dataset={kind}", "dataset.train=a.file")
    changed = replace(config, train=str(path), on_error=on_error, val_fraction=0.3)
    try:
        dataset = load_dataset(replace(changed, test_fraction=0.3), seed=1)
    except InputError as error:
        assert len(str(error).splitlines()) == 1
    else:
        splits = (dataset.train, dataset.val, dataset.test)
        assert sum(map(len, splits)) <= len(lines)
        assert all(len(set(split.labels.tolist())) > 1 for split in splits)
        assert all(len(note.splitlines()) == 1 for note in dataset.notes)
