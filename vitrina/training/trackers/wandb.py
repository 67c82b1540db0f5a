"""Weights & Biases as a tracker.

A run is recorded online if there is a login and the server accepts it in time, otherwise in its
folder. All methods may block; `BackgroundTracker` calls them.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from requests.utils import get_netrc_auth

from vitrina.training.trackers.base import TrackedRun, Tracker, notify
from vitrina.training.trackers.config import WandbConfig

ID_FILE = "wandb-id.txt"
"""File in the run's folder with the id that a resumed run continues."""
FOLDERS = ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_ARTIFACT_DIR")
"""Folders for copies of logged files; by default in the home folder."""
QUIET = {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
"""Disables messages, and error reports, which delay the exit of the process without a server."""


class WandbTracker(Tracker):
    """Records one run with wandb."""

    def __init__(self, settings: WandbConfig, run: TrackedRun) -> None:
        self.settings, self.folder = settings, run.folder
        self.run = self._start(run)
        # wandb's own step counter refuses steps that a resumed run repeats.
        self.run.define_metric("step")
        self.run.define_metric("*", step_metric="step")
        (run.folder / ID_FILE).write_text(self.run.id, encoding="utf-8")

    def _start(self, run: TrackedRun) -> Any:
        mode = choose_mode(self.settings)
        if mode == "online":
            try:
                started = self._init(run, mode)
                notify(started.url)
                return started
            except Exception as error:
                reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
                notify(f"cannot record online ({reason})")
                mode = "offline"
        if mode == "offline":
            runs = f"{shlex.quote(str(run.folder / 'wandb'))}/offline-run-*"
            notify(f"recorded offline; to send it later: wandb sync {runs}")
        return self._init(run, mode)

    def _init(self, run: TrackedRun, mode: Any) -> Any:
        settings = self.settings
        known = _known_id(run.folder)
        with _environment(run.folder):
            import wandb  # slow, and reads the environment on import

            return wandb.init(
                dir=str(run.folder),
                project=settings.project,
                entity=settings.entity,
                name=run.folder.name,
                group=settings.group or run.group,
                tags=[tag[:64] for tag in dict.fromkeys([*settings.tags, *run.tags]) if tag],
                config=dict(run.config),
                mode=mode,
                id=known,
                resume="allow" if known and mode == "online" else None,
                # A new object for each run, even if the previous run of a sweep did not finish.
                reinit="create_new",
                settings=wandb.Settings(
                    silent=True,
                    console="off",
                    init_timeout=settings.timeout,
                    login_timeout=settings.timeout / 2,
                    finish_timeout=settings.timeout,
                    disable_code=True,
                    disable_git=True,
                ),
            )

    def log(self, metrics: Mapping[str, Any], step: int) -> None:
        self.run.log({"step": step, **flatten(metrics)})

    def log_summary(self, metrics: Mapping[str, Any]) -> None:
        self.run.summary.update(flatten(metrics))

    def log_table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        import wandb

        with _environment(self.folder):
            table = wandb.Table(columns=list(columns), data=[list(row) for row in rows])
            self.run.log({name: table})

    def log_image(self, path: Path) -> None:
        import wandb

        with _environment(self.folder):
            self.run.log({path.stem: wandb.Image(str(path))})

    def log_artifact(self, path: Path) -> None:
        import wandb

        if not self.settings.artifact:
            return
        with _environment(self.folder):
            artifact = wandb.Artifact(f"{self.run.id}-{path.stem}", type="checkpoint")
            artifact.add_file(str(path), policy="immutable")  # not copied
            self.run.log_artifact(artifact)

    def finish(self, exit_code: int = 0) -> None:
        with _environment(self.folder):
            self.run.finish(exit_code=exit_code)


def choose_mode(settings: WandbConfig) -> str:
    """Return online, offline or disabled; `auto` follows `WANDB_MODE` if it is set."""
    wanted = os.environ.get("WANDB_MODE", "") if settings.mode == "auto" else settings.mode
    if wanted in ("disabled", "offline"):
        return wanted
    if has_login():
        return "online"
    if settings.mode == "online":
        notify("tracking.mode=online needs a login (wandb login, or WANDB_API_KEY)")
    return "offline"


def has_login() -> bool:
    """Whether the environment or the netrc file has a key; wandb itself would prompt for one."""
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    return get_netrc_auth(os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai") is not None


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested mappings, with keys `outer/inner`.

    >>> flatten({"a": 1, "val": {"f1": 0.5}})
    {'a': 1, 'val/f1': 0.5}
    """
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= flatten(value, f"{prefix}{key}/")
        else:
            found[f"{prefix}{key}"] = value
    return found


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """Set the variables `FOLDERS` and `QUIET` within the context, unless the user has set them."""
    wanted = dict.fromkeys(FOLDERS, str((folder / "wandb").resolve())) | QUIET
    ours = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def _known_id(folder: Path) -> str | None:
    try:
        return (folder / ID_FILE).read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
