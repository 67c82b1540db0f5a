"""Registry of components by group and name, such as `embedder=glyphs`, built-in and of plugins.

A component is a name in a group, a dataclass of settings, and a target, `module:object`, which is
imported when the component is built. Registering imports neither torch nor the target, so that
composing a configuration stays fast. A plugin registers its components in a module that an entry
point of the group `vitrina.plugins` names. All plugins are loaded at the first look-up in each
process.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, TypeVar, dataclass_transform

from omegaconf import MISSING, OmegaConf

from vitrina.errors import InputError, require_in_range

BUILT_IN = (
    "vitrina.data.config",
    "vitrina.noise.config",
    "vitrina.normalizers.config",
    "vitrina.deobfuscation.config",
    "vitrina.models.embedders.config",
    "vitrina.models.embedders.glyphs_config",
    "vitrina.models.encoders.config",
    "vitrina.models.heads.config",
    "vitrina.tasks.config",
    "vitrina.tasks.ocr.config",
    "vitrina.training.config",
    "vitrina.training.trackers.config",
    "vitrina.evaluation.config",
)
"""Modules that register the built-in components."""
ENTRY_POINTS = "vitrina.plugins"
"""Entry point group of plugins."""
REQUIRED = MISSING
"""Default value of a required setting."""

Form = TypeVar("Form", bound="type[Settings]")
_components: dict[str, dict[str, Component]] = {}
_config_folders: dict[str, Path] = {}
_loading: list[str] = []
_loaded: set[str] = set()


def setting(
    default: Any = REQUIRED,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    choices: Sequence[Any] | None = None,
    multiple_of: int | None = None,
    odd: bool = False,
    min_length: int = 0,
    unique: bool = False,
    non_empty: bool = False,
    open_keys: bool = False,
    keeps_weights: bool = False,
) -> Any:
    """Declare a setting: a dataclass field with a default value and a range.

    A range applies to each element of a list and to each value of a mapping. None is allowed if the
    annotation allows it.

    Args:
        default: value, list or mapping; lists and mappings are copied. By default the setting is
            required.
        ge, gt, le, lt: bounds.
        choices: all values that are allowed.
        multiple_of: divisor of the value.
        odd: whether the value must be odd.
        min_length: least number of elements of a list.
        unique: whether the elements of a list must differ.
        non_empty: whether a text must not be empty.
        open_keys: whether the setting is a mapping, empty by default, that accepts any key on the
            command line, as in `dataset.where={source: detox}`.
        keeps_weights: whether weights and fitted state are compatible between all values, so that
            `model.init_from` takes them from a run with another value.
    """
    declared = {
        "ge": ge, "gt": gt, "le": le, "lt": lt, "choices": choices, "multiple_of": multiple_of,
        "odd": odd, "min_length": min_length, "unique": unique, "non_empty": non_empty,
    }  # fmt: skip
    metadata = {"range": declared, "keeps_weights": keeps_weights}
    if open_keys:
        # Mappings in a composed configuration refuse new keys; this flag survives composing.
        empty = {"struct": False}
        return field(default_factory=lambda: OmegaConf.create({}, flags=empty), metadata=metadata)
    if isinstance(default, list | dict):
        copied = type(default)
        return field(default_factory=lambda: copied(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
class Section:
    """Base class of nested settings. Subclasses become dataclasses without a decorator."""

    def __init_subclass__(cls) -> None:
        dataclass(kw_only=True)(cls)

    def check(self, key: str) -> None:
        """Check rules that ranges of single settings cannot express. Called after the ranges hold.

        Args:
            key: the key of these settings, for messages: `embedder`.

        Raises:
            InputError: names the key, its value and what is allowed.
        """


class Settings(Section):
    """Base class of the settings of a component.

    Attributes:
        kind: name of the component in its group. `register` sets it.
        in_group: the group. `register` sets it.
    """

    kind: str = ""
    in_group: ClassVar[str] = ""

    def __post_init__(self) -> None:
        self.kind = self.kind or type(self).kind
        if type(self).in_group:
            check_ranges(self, type(self).in_group)

    def check_with(self, config: Any) -> None:
        """Check rules between these settings and other groups of a whole configuration.

        Args:
            config: `vitrina.config.Config`. Rules use the class attributes of other groups'
                settings, never their class.

        Raises:
            InputError: names the key, its value and what is allowed.
        """

    def components_used(self) -> list[tuple[str, str]]:
        """Return further components that these settings choose, as (group, name)."""
        return []

    def fonts_used(self) -> list[str] | None:
        """Return the font files that this component draws with.

        Empty for the default font, None if the component does not draw.
        """
        return None

    def runs_used(self) -> dict[str, str]:
        """Return the folders of other runs that this component needs, by key of the setting."""
        return {}


@dataclass(frozen=True)
class Component:
    """One option of a group.

    Attributes:
        group, name: `embedder`, `glyphs`.
        settings: dataclass of its settings; None for a component without settings.
        target: `module:object` that implements it; empty for settings without an implementation.
        plugin: distribution that registered it, with version; None if it is built in.
    """

    group: str
    name: str
    settings: type[Settings] | None
    target: str
    plugin: str | None

    def load(self) -> Any:
        """Import the target and return it."""
        module, _, name = self.target.partition(":")
        return getattr(importlib.import_module(module), name)

    @property
    def summary(self) -> str:
        """First line of the docstring of the settings, or of the target without settings."""
        documented = self.settings if self.settings is not None else self.load()
        return (documented.__doc__ or "").strip().split("\n")[0]

    @property
    def capabilities(self) -> dict[str, Any]:
        """Class attributes of the settings that rules between groups use, by name."""
        if self.settings is None:
            return {}
        hints = {
            name: hint
            for base in reversed(self.settings.__mro__)
            for name, hint in inspect.get_annotations(base).items()
        }
        named = [name for name, hint in hints.items() if "ClassVar" in str(hint)]
        return {name: getattr(self.settings, name) for name in named if name != "in_group"}


def register(group: str, name: str, target: str = "") -> Callable[[Form], Form]:
    """Return a class decorator that registers the settings of a component.

    Args:
        group, name: of the component, as in `embedder=glyphs`.
        target: `module:object` that is imported when the component is built.
    """

    def decorate(cls: Form) -> Form:
        kind = copy(cls.__dataclass_fields__["kind"])
        kind.default = cls.kind = name
        cls.__dataclass_fields__ = cls.__dataclass_fields__ | {"kind": kind}
        cls.in_group = group
        _add(Component(group, name, cls, target, _loading[-1] if _loading else None))
        return cls

    return decorate


def register_target(group: str, name: str, target: str) -> None:
    """Register a component that has no settings, such as a metric."""
    _add(Component(group, name, None, target, _loading[-1] if _loading else None))


def add_config_folder(package: str, folder: str = "conf") -> None:
    """Add a folder of YAML options inside an installed package to Hydra's search path."""
    _config_folders[package] = Path(str(files(package) / folder))


def config_folders() -> list[Path]:
    """Return the folders of YAML options that plugins added."""
    _load_all()
    return list(_config_folders.values())


def component(group: str, name: Any, *, key: str | None = None) -> Component:
    """Return a component by its name.

    Args:
        key: setting that contains the name, for the message; by default the group.

    Raises:
        InputError: if the group has no such component.
    """
    options = components(group)
    if name not in options:
        close = difflib.get_close_matches(str(name), options, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise InputError(f"{key or group} = {name!r}{hint}: must be one of {', '.join(options)}")
    return options[name]


def components(group: str) -> Mapping[str, Component]:
    """Return all components of a group by name, the built-in ones first."""
    _load_all()
    return _components.get(group, {})


def names_with(group: str, capability: str) -> str:
    """List the components of a group whose settings have a capability, for messages."""
    options = components(group).items()
    return ", ".join(name for name, each in options if getattr(each.settings, capability, False))


def groups() -> list[str]:
    """Return the names of all groups."""
    _load_all()
    return list(_components)


def build(group: str, settings: Settings, *args: Any, **kwargs: Any) -> Any:
    """Build the component of `settings`: call its target with `settings` and the arguments."""
    return component(group, settings.kind).load()(settings, *args, **kwargs)


def plugins_of(chosen: Iterable[tuple[str, str]]) -> list[str]:
    """Return the distributions of plugins, with versions, that registered these components.

    Args:
        chosen: components as (group, name).
    """
    used = {component(group, name).plugin for group, name in chosen}
    return sorted(each for each in used if each is not None)


def is_installed(plugin: str) -> bool:
    """Return whether a plugin, given as in `Component.plugin`, is installed."""
    return any(plugin == _named(point) for point in _entry_points())


def _add(new: Component) -> None:
    options = _components.setdefault(new.group, {})
    old = options.get(new.name)
    if old is not None and (old.target, old.plugin) != (new.target, new.plugin):
        by = f" by {old.plugin or 'VITRina'} and {new.plugin or 'VITRina'}"
        raise InputError(f"{new.group}={new.name} is registered twice,{by}")
    options[new.name] = new


def _load_all() -> None:
    """Import all modules that register components, once in each process."""
    for module in BUILT_IN:
        if module not in _loaded:
            _loaded.add(module)
            importlib.import_module(module)
    for point in _entry_points():
        if point.value not in _loaded:
            _loaded.add(point.value)
            _load_plugin(point)


@cache
def _entry_points() -> tuple[EntryPoint, ...]:
    return tuple(sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name))


def _named(point: EntryPoint) -> str:
    assert point.dist is not None
    return f"{point.dist.name} {point.dist.version}"


def _load_plugin(point: EntryPoint) -> None:
    name = _named(point)
    _loading.append(name)
    try:
        importlib.import_module(point.value)
    except Exception as error:  # a plugin can raise anything
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"plugin {name} cannot be loaded: {type(error).__name__}: {reason}"
        ) from error
    finally:
        _loading.pop()


def check_ranges(settings: Any, key: str) -> None:
    """Check every declared range of `settings`, then call `settings.check`.

    Args:
        settings: a settings dataclass, which may contain nested ones.
        key: its key in the configuration, such as `embedder`; empty for the root.

    Raises:
        InputError: names the key, its value and what is allowed.
    """
    hints = _hints(type(settings))
    for each in dataclasses.fields(settings):
        value = getattr(settings, each.name)
        name = f"{key}.{each.name}" if key else each.name
        if dataclasses.is_dataclass(value):
            check_ranges(value, name)
            continue
        declared = each.metadata.get("range")
        if declared is None:
            continue
        optional = type(None) in typing.get_args(hints[each.name])
        require_in_range(name, value, declared, optional)
    if isinstance(settings, Section):
        settings.check(key)


@cache
def _hints(form: type) -> dict[str, Any]:
    return typing.get_type_hints(form)
