"""Datasets for tests: settings, files and distinct texts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from vitrina.config import compose_config
from vitrina.data.config import DatasetConfig
from vitrina.data.dataset import Dataset, load_dataset
from vitrina.errors import InputError

LETTERS = "абвгдежзик"


@cache
def settings_of(*overrides: str) -> DatasetConfig:
    """Compose cached settings from overrides; change them by `replace` only."""
    return compose_config(list(overrides)).dataset


def jsonl_config(train: Path, **changes: Any) -> DatasetConfig:
    """Return the settings of `dataset=jsonl` with changes."""
    composed = settings_of("dataset=jsonl", "dataset.train=a.file")
    return replace(composed, train=str(train), **changes)


def distinct(number: int) -> str:
    """Return a text for each number; no two texts are near-duplicates."""
    return "текст " + "".join(LETTERS[int(digit)] for digit in str(number))


def comments(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Return rows with distinct texts; every third one is toxic."""
    numbers = range(first, first + count)
    return [{"text": distinct(i), "toxic": int(i % 3 == 0), "id": i} for i in numbers]


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def load(path: Path, rows: list[dict[str, Any]], **changes: Any) -> Dataset:
    """Write `rows` to a jsonl file and load it as a dataset."""
    return load_dataset(jsonl_config(write_jsonl(path, rows), **changes), seed=1)


def load_error(path: Path, rows: list[dict[str, Any]], **changes: Any) -> str:
    """Return the error message of `load`."""
    with pytest.raises(InputError) as caught:
        load(path, rows, **changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)
