from __future__ import annotations

from pathlib import Path

import pytest

from vitrina import config as configuration
from vitrina.config import compose_config
from vitrina.errors import InputError

WRONG = {
    "task.loss=hinge": "task.loss = 'hinge': must be one of cross_entropy, focal",
    "task.focal_gamma=3": "task.focal_gamma = 3.0: must be null unless task.loss=focal",
    "task.class_weights=some": "task.class_weights = 'some': must be none, balanced, or a weight",
    "task.class_weights={a: x}": "task.class_weights.a = 'x': must be a number above 0",
    "task.class_weights={a: 0}": "task.class_weights.a = 0: must be a number above 0",
    "task.threshold=2": "task.threshold = 2: must be between 0 and 1, both excluded, or validation",
    "task.threshold=test": "task.threshold = 'test': must be between 0 and 1",
    "task.false_alarms=1": "task.false_alarms = 1.0: must be ",
    "task={false_alarms: 0.1, threshold: 0.3}": "task.threshold = 0.3: must be 0.5 with task.false",
    "task.labels=[a]": "task.labels = ['a']: must be at least two labels, or null",
    "task.head=foo": "task.head = 'foo': must be one of linear, words, pixels, ctc",
    "task.head=words": "task.head = 'words': must be a head of texts",
    "task.metrics=[f2]": "task.metrics[0] = 'f2': must be one of accuracy, ",
    "training.metric=f2": "training.metric = 'f2': must be one of accuracy, ",
    "task.labels=[1,true]": "task.labels[1] = 'True': must be a label, listed only once",
}


@pytest.mark.parametrize("override", WRONG)
def test_invalid_values_are_refused_in_one_line(override: str) -> None:
    with pytest.raises(InputError) as error:
        compose_config([override])
    assert str(error.value).startswith(WRONG[override]) and "\n" not in str(error.value)


def test_focal_gamma_defaults_to_the_published_value() -> None:
    assert compose_config(["task.loss=focal"]).task.gamma == 2.0
    assert compose_config(["task.loss=focal", "task.focal_gamma=0"]).task.gamma == 0.0
    assert compose_config([]).task.gamma == 0.0


def test_class_weights_survive_saving_the_configuration(tmp_path: Path) -> None:
    config = compose_config(["task=multilabel", "task.class_weights={THREAT: 5, 1: 2}"])
    configuration.save(config, tmp_path / "config.yaml")
    assert configuration.load(tmp_path / "config.yaml") == config
