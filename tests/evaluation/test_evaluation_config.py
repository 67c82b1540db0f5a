from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from vitrina.errors import InputError
from vitrina.evaluation.config import SUITES, EvaluationConfig

CONF = Path(__file__).parents[2] / "conf"


def values_of(option: str) -> dict:
    file: Path = CONF / "evaluation" / f"{option}.yaml"
    values = OmegaConf.to_container(OmegaConf.load(file))
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items() if key != "defaults"}


def build(option: str = "default", **changed: object) -> EvaluationConfig:
    values = values_of(option) | changed
    return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(EvaluationConfig), values))  # type: ignore[return-value]


def test_default_suites() -> None:
    assert build().suites == [
        name for name in SUITES if name not in ("unseen_10", "unseen_20", "unseen_50", "unseen_80")
    ]
    assert build("quick").bootstrap == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"suites": ["clean", "level_9"]},
            "evaluation.suites[1] = 'level_9': must be one of clean, level_1, level_2, level_3, "
            "level_4, uniform_1, uniform_2, uniform_3, uniform_4, diacritics, "
            "unseen_10, unseen_20, unseen_30, unseen_50, unseen_80, unseen_100",
        ),
        (
            {"suites": ["clean", "clean"]},
            "evaluation.suites[1] = 'clean': must be listed only once",
        ),
        ({"suites": []}, "evaluation.suites = []: must be a list of at least 1"),
        ({"uniform_p": 1.5}, "evaluation.uniform_p = 1.5: must be from 0 to 1"),
        (
            {"bootstrap": 3},
            "evaluation.bootstrap = 3: must be 0 (no intervals) or from 100 to 100000",
        ),
        ({"seed": -1}, "evaluation.seed = -1: must be at least 0"),
    ],
)
def test_invalid_setting_names_key_value_and_allowed(changed: dict, message: str) -> None:
    with pytest.raises(InputError) as error:
        build(**changed)
    assert str(error.value).startswith(message)
