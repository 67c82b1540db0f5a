"""Pairs of disguised and corrected texts."""

from pathlib import Path
from typing import Any

import pytest

from tests.data.sets import comments, jsonl_config, write_jsonl
from vitrina.config import compose_config
from vitrina.data.dataset import Dataset, load_dataset
from vitrina.errors import InputError

PAIRS: list[dict[str, Any]] = [
    {"text": f"ду{sign}ак номер {n}", "corrected": f"дурак номер {n}", "toxic": n % 2}
    for n, sign in enumerate("pр*.P®")
]


def load(folder: Path, pairs: list[dict[str, Any]], **changes: Any) -> Dataset:
    train = write_jsonl(folder / "train.jsonl", comments(60))
    path = write_jsonl(folder / "pairs.jsonl", pairs)
    return load_dataset(jsonl_config(train, pairs=str(path), **changes), 1)


def test_both_texts_of_a_pair_have_the_same_index(tmp_path: Path) -> None:
    extra = load(tmp_path, PAIRS).extra
    raw, corrected = extra["pairs"], extra["pairs_corrected"]
    assert raw.texts.to_strings() == [row["text"] for row in PAIRS]
    assert corrected.texts.to_strings() == [row["corrected"] for row in PAIRS]
    assert raw.labels.tolist() == corrected.labels.tolist() == [0, 1, 0, 1, 0, 1]


def test_the_corrected_field_can_have_another_name(tmp_path: Path) -> None:
    renamed = [{"human": row.pop("corrected"), **row} for row in map(dict, PAIRS)]
    extra = load(tmp_path, renamed, corrected_field="human").extra
    assert extra["pairs_corrected"].texts.to_strings()[0] == "дурак номер 0"


def test_rows_with_only_one_text_raise_an_error(tmp_path: Path) -> None:
    broken = [*PAIRS, {"text": "жoпа", "toxic": 1}]
    with pytest.raises(InputError, match=r"pairs.jsonl:7: no field 'corrected'"):
        load(tmp_path, broken)
    with pytest.raises(InputError, match=r"pairs.jsonl: 7 rows have a valid 'text', 6 a valid"):
        load(tmp_path, broken, on_error="skip")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["dataset.pairs=none.jsonl"], "dataset.pairs = 'none.jsonl': there is no such file"),
        (["dataset.pairs=''"], "dataset.pairs = '': must be a text that is not empty, or null"),
        (
            ["dataset.pairs=a", "dataset.extra={pairs: b}"],
            "dataset.extra.pairs = 'b': must be under another name, because dataset.pairs uses "
            "this one",
        ),
        (
            ["dataset.pairs=a", "task=labeling", "model=ttr"],
            "dataset.pairs = 'a': must be null with task=labeling",
        ),
    ],
)
def test_invalid_pairs_raise_an_error(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_dataset(compose_config(overrides).dataset, 1)
    assert str(caught.value) == message
