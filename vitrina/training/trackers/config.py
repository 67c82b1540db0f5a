"""Options of the group `tracking`: where the course of a run is recorded besides its folder."""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.errors import require

MODES = ("auto", "online", "offline")


@dataclass(kw_only=True)
class WandbConfig:
    """Weights & Biases."""

    kind: str
    """wandb"""
    project: str
    """Project in which the runs are collected."""
    entity: str | None
    """User or team that owns the project; null takes the default of the account."""
    mode: str
    """auto (online with a login, else offline), online, or offline (recorded in the run's
    folder)."""
    group: str | None
    """Group of the run; null takes the name of the experiment."""
    tags: list[str]
    """Tags of the run, besides its own choices."""
    artifact: bool
    """Whether the best checkpoint is stored as an artifact."""
    timeout: float
    """Seconds for which a connection, and the upload at the end, are waited for."""

    def __post_init__(self) -> None:
        named = self.project != "" and not set(self.project) & set("/\\#?%:")
        require(named, "tracking.project", self.project, "a name without any of / \\ # ? % :")
        require(self.mode in MODES, "tracking.mode", self.mode, f"one of {', '.join(MODES)}")
        require(1 <= self.timeout <= 3600, "tracking.timeout", self.timeout, "from 1 to 3600")


@dataclass(kw_only=True)
class NoTrackingConfig:
    """Nothing but the files in the run's folder."""

    kind: str
    """none"""


OPTIONS: dict[str, type] = {"wandb": WandbConfig, "none": NoTrackingConfig}
