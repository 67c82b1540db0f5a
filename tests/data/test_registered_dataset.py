"""Registered datasets: a settings class and a function are sufficient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.data.sets import distinct, settings_of
from vitrina import registry
from vitrina.config import compose_config, from_dict, to_dict
from vitrina.data.config import DatasetConfig, FileDatasetConfig
from vitrina.data.dataset import load_dataset
from vitrina.data.fields import RowError
from vitrina.data.formats import Source
from vitrina.errors import InputError
from vitrina.registry import register, setting


def read_bars(settings: Any, source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    def parse(line: str) -> dict[str, Any]:
        label, bar, text = line.rstrip("\n").partition(settings.bar)
        if not bar:
            raise RowError("no bar")
        return {"toxic": label, "text": text}

    return source.rows(parse)


def make_few(settings: Any) -> dict[str, list[dict[str, Any]]]:
    return {"train": [{"text": distinct(i), "toxic": i % 2} for i in range(settings.count)]}


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.components("dataset")  # load the built-in datasets first
    known = dict(registry._components["dataset"])
    monkeypatch.setitem(registry._components, "dataset", known)

    @register("dataset", "bars", f"{__name__}:read_bars")
    class _Bars(FileDatasetConfig):
        """Labels and texts with a bar between them."""

        endings = (".bars",)
        bar: str = setting("|", non_empty=True)

    @register("dataset", "few", f"{__name__}:make_few")
    class _Few(DatasetConfig):
        """Few texts."""

        count: int = setting(40, ge=20)


def configured(**values: Any) -> Any:
    return from_dict(to_dict(compose_config()) | {"dataset": values}).dataset


@pytest.mark.usefixtures("registered")
def test_a_reader_function_adds_a_file_format(tmp_path: Path) -> None:
    path = tmp_path / "a.bars"
    path.write_text("".join(f"{i % 2}|{distinct(i)}\n" for i in range(40)), encoding="utf-8")
    dataset = load_dataset(configured(kind="bars", train=str(path)), 1)
    assert [len(split) for split in (dataset.train, dataset.val, dataset.test)] == [32, 4, 4]
    further = replace(
        settings_of("dataset=demo", "dataset.num_comments=200"), extra={"b": str(path)}
    )
    assert load_dataset(further, 1).extra["b"].texts[3] == distinct(3)
    with path.open("a", encoding="utf-8") as file:
        file.write("0 no\n")
    with pytest.raises(InputError, match=rf"^{path}:41: no bar$"):
        load_dataset(configured(kind="bars", train=str(path)), 1)


@pytest.mark.usefixtures("registered")
def test_a_function_generates_rows() -> None:
    dataset = load_dataset(configured(kind="few", val_fraction=0.2), 1)
    assert [len(split) for split in (dataset.train, dataset.val, dataset.test)] == [28, 8, 4]
    with pytest.raises(InputError, match=r"dataset\.count = 3: must be at least 20"):
        configured(kind="few", count=3)
