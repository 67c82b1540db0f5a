"""Composes, checks, saves and loads the configuration of a run.

Each group contains the settings of one registered component (`vitrina.registry`). The settings
classes define names, types, ranges and default values; the YAML options in `conf` change defaults.
This module imports neither torch nor the settings class of any option. Its functions import Hydra
when they need it, since Hydra is slow to import and loading a run does not need it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from vitrina.errors import InputError, require
from vitrina.files import package_folder, replacing
from vitrina.registry import (
    Section,
    Settings,
    check_ranges,
    component,
    components,
    config_folders,
    is_installed,
    plugins_of,
    setting,
)

GROUPS = (
    "task",
    "dataset",
    "noise",
    "normalizer",
    "dictionary",
    "deobfuscator",
    "embedder",
    "encoder",
    "ocr",
    "optimizer",
    "training",
    "evaluation",
    "tracking",
)
"""Groups of components. Every run chooses one component in each."""
FORMAT = 4
"""Format number of the files of a run. Runs of another format are refused."""
WITHOUT_EFFECT = ("name", "resume", "device", "threads", "tracking")
"""Root keys that do not affect the signature of a run."""
PARTS = ("embedder", "encoder")
"""Parts of a model that can be frozen."""


class ModelConfig(Section):
    """Initial weights of a training."""

    init_from: str | None = setting(None, non_empty=True)
    """Folder of a run whose best weights are the initial ones, as far as they fit; null: random
    weights."""
    frozen: list[str] = setting([], choices=PARTS)
    """Parts that keep those weights and are not trained. They run in evaluation mode, without
    dropout, which makes a step cheaper."""

    def check(self, key: str) -> None:
        known = not self.frozen or self.init_from is not None
        require(known, f"{key}.frozen", self.frozen, f"[] unless {key}.init_from is set")


@dataclass(kw_only=True)
class Config:
    """Configuration of a run. The field of a group contains the settings of its component."""

    task: Any
    dataset: Any
    noise: Any
    normalizer: Any
    dictionary: Any
    deobfuscator: Any
    embedder: Any
    encoder: Any
    ocr: Any
    optimizer: Any
    training: Any
    evaluation: Any
    tracking: Any
    model: ModelConfig = field(default_factory=ModelConfig)
    seed: int = setting(1, ge=0, lt=2**63)
    """Seed of all random numbers in training."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""
    threads: int | None = setting(None, ge=1)
    """CPU threads of torch; null: its default."""
    resume: bool = False
    """Whether to resume the run with the same settings."""
    name: str = "runs"
    """Folder below `outputs` that contains the runs."""

    def __post_init__(self) -> None:
        check_ranges(self, "")
        known = self.device in ("auto", "cpu", "cuda") or (
            self.device.startswith("cuda:") and self.device[5:].isdigit()
        )
        require(known, "device", self.device, "auto, cpu, cuda or cuda:N")
        plain = self.name not in ("", ".", "..") and not set(self.name) & set("/\\\0")
        require(plain, "name", self.name, "a folder name without slashes")
        for option in self.options().values():
            option.check_with(self)

    def options(self) -> dict[str, Settings]:
        """Return the settings of each group."""
        return {group: getattr(self, group) for group in GROUPS}

    def plugins(self) -> list[str]:
        """Return the distributions of the plugins that this run uses, with versions."""
        chosen = [(group, option.kind) for group, option in self.options().items()]
        for option in self.options().values():
            chosen += option.components_used()
        return plugins_of(chosen)

    def runs_used(self) -> dict[str, str]:
        """Return the folders of other runs that this run uses, by the key that names each."""
        used = {} if self.model.init_from is None else {"model.init_from": self.model.init_from}
        for option in self.options().values():
            used |= option.runs_used()
        return used


@cache
def _search_path_plugin() -> type:
    from hydra.core.config_search_path import ConfigSearchPath
    from hydra.plugins.search_path_plugin import SearchPathPlugin

    class PluginSearchPath(SearchPathPlugin):
        """Adds the YAML folders of plugins to Hydra's search path."""

        def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
            for folder in config_folders():
                search_path.append("vitrina-plugin", f"file://{folder}")

    return PluginSearchPath


def register() -> None:
    """Register schemas, options and resolvers with Hydra.

    A component of a plugin becomes an option of its group unless the plugin has a YAML file for it.
    """
    from hydra.core.config_store import ConfigStore
    from hydra.core.plugins import Plugins

    store = ConfigStore.instance()
    store.store(group="schema", name="root", node=Config)
    for group in GROUPS:
        for name, each in components(group).items():
            store.store(group=f"schema/{group}", name=name, node=each.settings)
            if each.plugin is not None and not _has_yaml(group, name):
                store.store(group=group, name=name, node=each.settings)
    Plugins.instance().register(_search_path_plugin())
    OmegaConf.register_new_resolver("run_folder", _run_folder, replace=True)


def _has_yaml(group: str, name: str) -> bool:
    return any((folder / group / f"{name}.yaml").exists() for folder in config_folders())


def compose_config(overrides: Sequence[str] = ()) -> Config:
    """Compose the configuration that `main.py` runs with these overrides."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(package_folder("conf")), version_base="1.3"):
        return to_config(compose("config", overrides=list(overrides)))


def to_config(composed: DictConfig) -> Config:
    """Check a composed configuration and return it as dataclasses.

    Raises:
        InputError: if a value is missing or out of range.
    """
    for group in GROUPS:
        _refuse_other_kind(group, composed.get(group))
    plain = OmegaConf.to_container(composed, resolve=True)
    assert isinstance(plain, dict)
    return from_dict(plain)


def _refuse_other_kind(group: str, option: Any) -> None:
    """Raise if `embedder.kind=slices` overrides the settings of another component."""
    form = OmegaConf.get_type(option) if OmegaConf.is_config(option) else None
    if not isinstance(form, type) or not issubclass(form, Settings) or not form.kind:
        return
    kind = option.kind
    if kind != form.kind:
        names = ", ".join(components(group))
        raise InputError(f"{group}.kind = {kind!r}: choose {group}={kind} instead, one of {names}")


def from_dict(values: Mapping[Any, Any]) -> Config:
    """Build a configuration from its saved values, without Hydra.

    Raises:
        InputError: if a key, a kind or a value is wrong.
    """
    built = {str(key): value for key, value in values.items()}
    for group in GROUPS:
        built[group] = _build_option(group, built.get(group))
    built["model"] = _build_settings("model", ModelConfig, built.get("model", {}))
    names = {each.name for each in fields(Config)}
    for key in sorted(built.keys() - names):
        raise InputError(f"{key}: unknown key; allowed: {', '.join(sorted(names))}")
    return Config(**built)


def _build_option(group: str, values: Any) -> Any:
    kind = values.get("kind") if isinstance(values, Mapping) else values
    form = component(group, kind, key=f"{group}.kind").settings
    assert form is not None
    return _build_settings(group, form, values)


def _build_settings(key: str, form: type, values: Any) -> Any:
    if not isinstance(values, Mapping):
        raise InputError(f"{key} = {values!r}: must be a mapping of settings")
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(form), dict(values)))
    except OmegaConfBaseException as error:
        raise InputError(explain(error, prefix=key)) from None


def explain(error: OmegaConfBaseException, prefix: str = "") -> str:
    """Explain a wrong key or value in one line."""
    key = ".".join(part for part in (prefix, str(error.full_key or error.key or "")) if part)
    first = str(error.msg or error).splitlines()[0]
    if "missing mandatory value" in first:
        return f"{key}: must be set"
    wanted = {
        "Integer": "a whole number",
        "Float": "a number",
        "Boolean": "true or false",
        "Type": "text",
    }
    for name, words in wanted.items():
        if f"could not be converted to {name}" in first:
            value = first.split("'")[1]
            return f"{key} = {value!r}: must be {words}"
    if error.parent_node is not None and "not in" in first:
        names = sorted(str(name) for name in error.parent_node)
        return f"{key}: unknown key; allowed: {', '.join(names)}"
    return f"{key}: {first}" if key else first


def to_dict(config: Config) -> dict[str, Any]:
    """Return the configuration as plain values, the form in which it is saved."""
    return asdict(config)


def save(config: Config, path: Path) -> None:
    """Write the resolved configuration as YAML, atomically."""
    values = {"format": FORMAT, "plugins": config.plugins()} | to_dict(config)
    with replacing(path) as file:
        file.write(OmegaConf.to_yaml(OmegaConf.create(values)))


def load(path: Path) -> Config:
    """Load a configuration that `save` wrote.

    Raises:
        InputError: if the file is missing or not a configuration, if its format differs, or if it
            needs a plugin that is not installed.
    """
    values = dict(read_saved(path))
    plugins = values.pop("plugins", None) or []
    found = values.pop("format", None)
    if found != FORMAT:
        raise InputError(f"{path}: format {found}; this version reads format {FORMAT} only")
    try:
        return from_dict(values)
    except InputError as error:
        missing = [each for each in plugins if not is_installed(str(each))]
        if missing:
            raise InputError(
                f"{path}: needs the plugin {', '.join(missing)}, which is not installed"
            ) from None
        raise InputError(f"{path}: {error}") from None


def read_saved(path: Path) -> Mapping[Any, Any]:
    """Read the plain values of a saved configuration.

    Raises:
        InputError: if the file is missing or not a configuration.
    """
    try:
        values = OmegaConf.to_container(OmegaConf.load(path))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; is this the folder of a run?") from None
    except Exception as error:  # YAML errors have no common base
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: not a saved configuration ({reason})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: not a saved configuration")
    return values


def signature(values: Mapping[str, Any]) -> str:
    """Return eight hexadecimal digits of the hash of all settings that affect a run's results."""
    counted = {key: value for key, value in values.items() if key not in WITHOUT_EFFECT}
    canonical = json.dumps(counted, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def rank_in_environment() -> int:
    """Return the rank that `torchrun` assigned to this process; 0 without `torchrun`."""
    return int(os.environ.get("RANK", "0"))


def resolved(composed: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the plain values of a composed configuration by root key, without Hydra's own."""
    for key in composed:
        if key != "hydra":
            value = composed[key]
            if OmegaConf.is_config(value):
                value = OmegaConf.to_container(value, resolve=True)
            yield str(key), value


def _run_folder(*, _root_: Any) -> str:
    """Return `<model>-<signature>`, which is the same for the same settings in every sweep.

    If such a run exists already, `vitrina.runs.folder.acquire` appends a number.
    """
    if rank_in_environment() > 0:
        return "."  # rank 0 broadcasts its folder
    model = _root_.hydra.runtime.choices.get("model") or "run"
    return f"{model}-{signature(dict(resolved(_root_)))}"
