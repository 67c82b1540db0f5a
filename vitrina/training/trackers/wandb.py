"""Weights & Biases behind the interface of `vitrina.training.trackers.base`.

Everything here may block and raise; it is called in a thread of its own. wandb is imported there,
too. A run is begun online only if there is a login and the server answers a plain request in time.
Where beginning it fails all the same, wandb's service is ended before the run is begun offline:
the old one would time out again (wandb issue 9865).
"""

from __future__ import annotations

import netrc
import os
import shlex
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vitrina.training.trackers.base import flat
from vitrina.training.trackers.config import WandbConfig

ID_FILE = "wandb-id.txt"
"""In the run's folder: the id under which a resumed run goes on."""

FOLDERS = ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_ARTIFACT_DIR")
"""Where wandb keeps copies of what it logs; else in the home folder."""

QUIET = {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
"""No lines about itself, and no reports about itself over the network, also when offline: with an
unreachable server these alone hold up the end of the process by ten seconds."""


def choose_mode(config: WandbConfig, say: Callable[[str], None]) -> str:
    """online, offline or disabled; never asks. `auto` follows `WANDB_MODE` where it is set."""
    asked = os.environ.get("WANDB_MODE", "") if config.mode == "auto" else config.mode
    if asked in ("disabled", "offline"):
        return asked
    if has_login():
        return "online"
    if config.mode == "online":
        say("tracking: tracking.mode=online needs a login (wandb login, or WANDB_API_KEY)")
    return "offline"


def has_login() -> bool:
    """Whether the environment or the netrc file holds a key for the server."""
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    named = os.environ.get("NETRC")
    files = [Path(named)] if named else [Path.home() / ".netrc", Path.home() / "_netrc"]
    host = urlsplit(_server()).hostname or ""
    for file in files:
        try:
            if netrc.netrc(file).hosts.get(host):
                return True
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            continue
    return False


def how_to_sync(run_folder: Path) -> str:
    """What to do with a run recorded offline."""
    folder = shlex.quote(str(run_folder / "wandb"))
    return f"tracking: recorded offline; to send it later: wandb sync {folder}/offline-run-*"


def start(
    config: WandbConfig,
    *,
    mode: str,
    run_folder: Path,
    run_config: Mapping[str, Any],
    name: str,
    group: str | None,
    tags: Sequence[str],
    say: Callable[[str], None],
) -> WandbTracker:
    """Begin a run, online if `mode` says so and the server answers, else offline."""
    if mode == "online":
        reason = _unreachable(_server(), config.timeout / 2)
        if reason:
            say(f"tracking: {_server()} does not answer ({reason})")
            say(how_to_sync(run_folder))
            mode = "offline"
    given = (config, run_folder, run_config, name, group, tags)
    try:
        tracker = WandbTracker(*given, mode=mode)
    except Exception as error:
        if mode == "offline":
            raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        say(f"tracking: cannot record online ({lines[0]})")
        _forget_service()
        tracker = WandbTracker(*given, mode="offline")
        say(how_to_sync(run_folder))
    if tracker.url:
        say(f"tracking: {tracker.url}")
    return tracker


class WandbTracker:
    """One run of wandb."""

    def __init__(
        self,
        config: WandbConfig,
        run_folder: Path,
        run_config: Mapping[str, Any],
        name: str,
        group: str | None,
        tags: Sequence[str],
        *,
        mode: str,
    ) -> None:
        self.config, self.run_folder = config, run_folder
        run_folder.mkdir(parents=True, exist_ok=True)
        with _environment(run_folder):
            self.run = self._begin(run_config, name, group, tags, mode)
        # The history's own counter refuses steps that a resumed run repeats.
        self.run.define_metric("step")
        self.run.define_metric("*", step_metric="step")
        (run_folder / ID_FILE).write_text(self.run.id, encoding="utf-8")
        self.url = self.run.url if mode == "online" else None

    def _begin(
        self,
        run_config: Mapping[str, Any],
        name: str,
        group: str | None,
        tags: Sequence[str],
        mode: str,
    ) -> Any:
        import wandb  # here: it reads the environment when it is imported

        config = self.config
        settings = wandb.Settings(
            silent=True,
            console="off",
            init_timeout=config.timeout,
            login_timeout=config.timeout / 2,
            finish_timeout=config.timeout,
            disable_code=True,
            disable_git=True,
        )
        known = _known_id(self.run_folder)
        return wandb.init(
            dir=str(self.run_folder),
            project=config.project,
            entity=config.entity,
            name=name,
            group=group,
            tags=[tag[:64] for tag in tags if tag],  # wandb refuses longer ones
            config=dict(run_config),
            mode="online" if mode == "online" else "offline",
            id=known,
            resume="allow" if known and mode == "online" else None,
            # Each run is its own object, also where the last one of a sweep was not ended.
            reinit="create_new",
            settings=settings,
        )

    def log(self, step: int, values: Mapping[str, Any]) -> None:
        self.run.log({"step": step, **flat(values)})

    def summary(self, metrics: Mapping[str, Any]) -> None:
        self.run.summary.update(flat(metrics))

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        import wandb

        with _environment(self.run_folder):
            self.run.log({name: wandb.Table(columns=list(columns), data=[list(r) for r in rows])})

    def picture(self, path: Path) -> None:
        import wandb

        with _environment(self.run_folder):
            self.run.log({path.stem: wandb.Image(str(path))})

    def artifact(self, path: Path) -> None:
        import wandb

        if not self.config.artifact:
            return
        with _environment(self.run_folder):
            artifact = wandb.Artifact(f"{self.run.id}-{path.stem}", type="checkpoint")
            if path.is_dir():
                artifact.add_dir(str(path), policy="immutable")
            else:  # not copied: the file stays in the run's folder
                artifact.add_file(str(path), policy="immutable")
            self.run.log_artifact(artifact)

    def finish(self, exit_code: int = 0) -> None:
        with _environment(self.run_folder):
            self.run.finish(exit_code=exit_code)


@contextmanager
def _environment(run_folder: Path) -> Iterator[None]:
    """wandb keeps quiet, and its copies in the run's folder, unless the user has said otherwise."""
    wanted = dict.fromkeys(FOLDERS, str((run_folder / "wandb").resolve())) | QUIET
    ours = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def _server() -> str:
    return os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai"


def _unreachable(server: str, timeout: float) -> str:
    """Why the server does not answer within `timeout` seconds; empty if it does, in any way."""
    try:
        with urllib.request.urlopen(server, timeout=timeout):
            return ""
    except urllib.error.HTTPError:
        return ""  # an answer
    except Exception as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return str(reason) or type(reason).__name__


def _forget_service() -> None:
    """End wandb's service process, which a failed start leaves in no state to start again."""
    import wandb

    try:
        wandb.teardown(exit_code=1)
    except Exception:  # it failed before; a new one is started in any case
        return


def _known_id(run_folder: Path) -> str | None:
    try:
        return (run_folder / ID_FILE).read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
