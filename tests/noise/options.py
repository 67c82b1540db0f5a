"""Noise settings for tests: the values of `conf/noise`, changed by keyword."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from vitrina.noise.config import OPTIONS, NoiseConfig

CONF = Path(__file__).resolve().parents[2] / "conf" / "noise"


def option(name: str, **changes: Any) -> NoiseConfig:
    settings = OmegaConf.load(CONF / f"{name}.yaml")
    del settings["defaults"]
    merged = OmegaConf.merge(OmegaConf.structured(OPTIONS[name]), settings, changes)
    built = OmegaConf.to_object(merged)
    assert isinstance(built, NoiseConfig)
    return built
