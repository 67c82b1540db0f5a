from dataclasses import replace
from typing import Any

import pytest

from tests.data.sets import settings_of
from vitrina.config import compose_config
from vitrina.errors import InputError


@pytest.mark.parametrize("kind", ["demo", "jsonl"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text_field": ""}, "dataset.text_field = '': must be a text that is not empty"),
        ({"label_field": ""}, "dataset.label_field = '': must be a text that is not empty"),
        ({"val_fraction": 0.0}, "dataset.val_fraction = 0.0: must be above 0 and below 1"),
        ({"test_fraction": 1.0}, "dataset.test_fraction = 1.0: must be above 0 and below 1"),
        ({"test_fraction": float("nan")}, "dataset.test_fraction = nan: must be above 0 and below"),
        (
            {"val_fraction": 0.5, "test_fraction": 0.5},
            "dataset.val_fraction + dataset.test_fraction = 1.0: must be below 1",
        ),
        ({"limit_train": 0}, "dataset.limit_train = 0: must be at least 1, or null"),
        ({"limit_val": -1}, "dataset.limit_val = -1: must be at least 1, or null"),
        ({"limit_test": 0}, "dataset.limit_test = 0: must be at least 1, or null"),
        ({"max_length": 0}, "dataset.max_length = 0: must be at least 1, or null"),
        ({"split_seed": -1}, "dataset.split_seed = -1: must be at least 0 and below 2^63, or null"),
        ({"on_error": "warn"}, "dataset.on_error = 'warn': must be one of fail, skip"),
        ({"where": {"a": [1]}}, "dataset.where.a = [1]: must be one value, not several"),
        ({"extra": {"a": None}}, "dataset.extra.a = None: must be a text that is not empty"),
        ({"extra": {"a": ""}}, "dataset.extra.a = '': must be a text that is not empty"),
    ],
)
def test_invalid_settings_of_any_dataset(kind: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        replace(_valid(kind), **changes)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (
            "jsonl",
            {"train": None},
            "dataset.train = None: must be the path of the training rows, for example "
            "dataset.train=data/train.jsonl",
        ),
        ("csv", {"train": ""}, "dataset.train = '': must be the path of the training rows, for e"),
        ("csv", {"delimiter": '"'}, "dataset.delimiter = '\"': must be one character, no quote"),
        ("csv", {"delimiter": ";;"}, "dataset.delimiter = ';;': must be one character, no quote"),
        ("csv", {"delimiter": ""}, "dataset.delimiter = '': must be one character, no quote or"),
        ("demo", {"num_comments": 99}, "dataset.num_comments = 99: must be from 100 to 50000"),
        ("demo", {"corpus_seed": -1}, "dataset.corpus_seed = -1: must be at least 0 and below"),
    ],
)
def test_invalid_settings_of_one_dataset(kind: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        replace(_valid(kind), **changes)
    assert str(caught.value).startswith(message)


def test_overrides_accept_any_field_in_where_and_any_name_in_extra() -> None:
    overrides = ["dataset.where={source: detox, score: 0.5}", "dataset.extra={noisy: noisy.jsonl}"]
    config = compose_config(overrides).dataset
    assert config.where == {"source": "detox", "score": 0.5}
    assert config.extra == {"noisy": "noisy.jsonl"}
    with pytest.raises(InputError, match=r"^dataset\.where\.a = \[1, 2\]: must be one value"):
        compose_config(["dataset.where={a: [1, 2]}"])


def _valid(kind: str) -> Any:
    needed = [] if kind == "demo" else ["dataset.train=a.file"]
    return settings_of(f"dataset={kind}", *needed)
