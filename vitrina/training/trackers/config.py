"""Settings of the group `tracking`: services that runs are logged to."""

from __future__ import annotations

from typing import ClassVar

from vitrina.errors import require
from vitrina.registry import Settings, register, setting


class TrackingConfig(Settings):
    """Base class of the settings of trackers."""

    records: ClassVar[bool] = True
    """Whether anything is recorded."""
    timeout: float = setting(20.0, ge=1, le=3600)
    """Seconds to wait for a connection, and for the upload at the end."""


@register("tracking", "wandb", "vitrina.training.trackers.wandb:WandbTracker")
class WandbConfig(TrackingConfig):
    """Weights & Biases; without a login the run is recorded in its folder, for a later upload."""

    project: str = "vitrina"
    """Project in which the runs are collected."""
    entity: str | None = None
    """User or team that owns the project; null: the default of the account."""
    mode: str = setting("auto", choices=("auto", "online", "offline"))
    """auto (online with a login, else offline), online, or offline (recorded in the run's
    folder)."""
    group: str | None = None
    """Group of the run; null: the name of the experiment."""
    tags: list[str] = setting([])
    """Tags of the run, in addition to its options."""
    artifact: bool = True
    """Whether the best checkpoint is stored as an artifact."""

    def check(self, key: str) -> None:
        named = self.project != "" and not set(self.project) & set("/\\#?%:")
        require(named, f"{key}.project", self.project, "a name without any of / \\ # ? % :")


@register("tracking", "none", "vitrina.training.trackers.base:Tracker")
class NoTrackingConfig(Settings):
    """No tracking service: logs are files in the run's folder."""

    records: ClassVar[bool] = False
