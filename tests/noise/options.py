"""Noise settings for tests: the values of `conf/noise` with changes."""

from __future__ import annotations

from typing import Any

from vitrina.config import compose_config
from vitrina.noise.config import NoiseConfig


def option(name: str, **changes: Any) -> NoiseConfig:
    level = [f"noise.level_toxic={changes['level_toxic']}"] if "level_toxic" in changes else []
    config = compose_config([f"noise={name}", *level]).noise
    return type(config)(**(config.__dict__ | changes))
