"""Settings of trainings: the noise that grows, and configurations of before."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from tests.training.test_loop import build, make_batch, settings
from vitrina import config as configuration
from vitrina.config import compose_config, to_dict
from vitrina.errors import InputError
from vitrina.models.token_batch import TokenBatch
from vitrina.tasks.targets import Targets
from vitrina.training.config import GPU_TOKENS, LATER


def test_noise_grows_to_its_full_strength_and_stays_there() -> None:
    config = settings(noise_full_at=0.5, noise_from=0.2)
    found = [config.noise_strength(progress) for progress in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert found == pytest.approx([0.2, 0.6, 1.0, 1.0, 1.0])
    assert settings().noise_strength(0.0) == 1.0


def test_a_step_draws_its_batch_with_the_strength_of_its_time(tmp_path: Path) -> None:
    training = build(tmp_path, settings(noise_full_at=0.5, epochs=2.0))
    seen: list[float] = []

    def batch(indices: np.ndarray, epoch: int, strength: float) -> tuple[TokenBatch, Targets]:
        seen.append(strength)
        return make_batch(indices, epoch)

    training.texts = replace(training.texts, batch=batch)
    training.run()
    assert seen == pytest.approx([min(1.0, step / 7) for step in range(14)])


def test_more_tokens_pass_through_a_gpu_at_once() -> None:
    config = settings(max_tokens=500)
    assert config.tokens_at_once("cpu") == 500
    assert config.tokens_at_once("cuda") == 500 * GPU_TOKENS


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["training.noise_full_at=0.5", "noise=none"],
            "training.noise_full_at = 0.5: must be null with noise=none, which has no strength "
            "that could grow",
        ),
        (
            ["training.noise_full_at=0"],
            "training.noise_full_at = 0.0: must be above 0 to 1, or null",
        ),
        (
            ["training.noise_full_at=0.5", "training.noise_from=2"],
            "training.noise_from = 2.0: must be from 0 to 1",
        ),
        (
            ["training.noise_from=0.5"],
            "training.noise_from = 0.5: must be 0 unless training.noise_full_at is set",
        ),
    ],
)
def test_wrong_settings_are_told(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError) as told:
        compose_config(overrides)
    assert str(told.value) == message


def test_a_configuration_saved_before_these_means_loads(tmp_path: Path) -> None:
    config = compose_config()
    values = to_dict(config)
    for key in LATER:
        del values["training"][key]
    (tmp_path / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(values)))
    assert configuration.load(tmp_path / "config.yaml") == config
