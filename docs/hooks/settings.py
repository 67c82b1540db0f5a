"""The page `reference/settings.md`, made from the registry at build time."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import typing
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import griffe
import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from omegaconf import OmegaConf

from vitrina.config import GROUPS, Config
from vitrina.errors import allowed_values
from vitrina.files import package_folder
from vitrina.registry import REQUIRED, Component, components, groups

PAGE = "reference/settings.md"
INTRODUCTION = """\
# Settings

All settings of a run, made from the code of this version. `GROUP=OPTION` chooses an option of a
group, `GROUP.SETTING=VALUE` changes one of its settings:

```bash
python main.py model=vtr_glyphs embedder.dim=64 noise.level_toxic=3 seed=2
```

`--help` prints the options and the values that the other arguments give, `--cfg job` the values
alone. A wrong key or value ends in one line that names what is allowed, before anything starts.

An option is a YAML file that names a component and the values that it changes. Components hold
names, types, ranges and default values. Plugins add components ([Extending](../extending.md)).
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page."""
    files.append(File.generated(config, PAGE, content=settings_page()))
    return files


def settings_page() -> str:
    """Return the page as Markdown."""
    parts = [INTRODUCTION, *_root()]
    parts += [line for name in ("model", "experiment") for line in _presets(name)]
    for group in groups():
        parts += [f"## Group `{group}` {{ #{group} }}", ""]
        options = components(group)
        if group not in GROUPS and not any(each.settings for each in options.values()):
            parts += _table(
                ["component", "meaning"], [(f"`{n}`", c.summary) for n, c in options.items()]
            )
            continue
        parts += _options(group)
        shared = _shared(list(options.values()))
        if shared:
            parts += [f"### Shared settings of `{group}` {{ #{group}-shared }}", ""]
            parts += ["All components of the group have these settings.", ""]
            first = next(iter(options.values())).settings
            parts += _settings(first, group, shared)
        for name, each in options.items():
            parts += _component(name, each, shared)
    return "\n".join(parts)


def _root() -> list[str]:
    names = [each.name for each in dataclasses.fields(Config) if each.name not in GROUPS]
    return ["## Root { #root }", "", *_settings(Config, "", names)]


def _presets(group: str) -> list[str]:
    about = {
        "model": "A preset chooses embedder, encoder, optimizer, training and deobfuscator.",
        "experiment": "An experiment sets any values, and may hold a sweep. The default is null.",
    }
    rows = [(f"`{name}`", text, f"`{sets}`") for name, text, _, sets in _yaml(group)]
    table = _table(["option", "meaning", "sets"], rows)
    return [f"## Group `{group}` {{ #{group} }}", "", about[group], "", *table]


def _options(group: str) -> list[str]:
    rows = [
        (f"`{name}`", f"[`{kind}`](#{group}-{kind})", text, f"`{sets}`" if sets else "")
        for name, text, kind, sets in _yaml(group)
    ]
    return _table(["option", "component", "meaning", "sets"], rows) if rows else []


def _yaml(group: str) -> Iterator[tuple[str, str, str, str]]:
    """Name, leading comment, component and values of each YAML option of a group."""
    for path in sorted((package_folder("conf") / group).glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        comment = re.match(r"(?:#.*\n)*", text)
        assert comment is not None
        lines = [line.lstrip("# ") for line in comment[0].splitlines() if "@package" not in line]
        sets = list(_assignments(yaml.safe_load(text), ""))
        schema = [each for each in sets if each.startswith("schema/")]
        kind = schema[0].split("=")[0].split("/")[-1].split("@")[0] if schema else ""
        yield (
            path.stem,
            " ".join(lines),
            kind,
            " ".join(each for each in sets if each not in schema),
        )


def _assignments(values: dict[str, Any], prefix: str) -> Iterator[str]:
    """The values of a YAML file as they are written on a command line."""
    for key, value in values.items():
        if key == "defaults":
            for each in value:
                group, option = next(iter(each.items())) if isinstance(each, dict) else (each, "")
                if group != "_self_":
                    yield f"{group.removeprefix('override ').removeprefix('/')}={option}"
        elif key == "hydra" and not prefix:
            yield "-m"
            yield from _assignments(value["sweeper"]["params"], "")
        elif isinstance(value, dict):
            yield from _assignments(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}={_plain(value)}".replace('"', "").replace(", ", ",")


def _shared(options: Sequence[Component]) -> list[str]:
    """Names of the settings that all components inherit from one class."""
    forms = [each.settings for each in options]
    if len(forms) < 2 or None in forms:
        return []
    owners = [{name: _owner(form, name) for name in _names(form)} for form in forms]
    first = owners[0]
    return [n for n in first if all(each.get(n) is first[n] for each in owners)]


def _component(name: str, each: Component, shared: Sequence[str]) -> list[str]:
    lines = [f"### `{each.group}={name}` {{ #{each.group}-{name} }}", ""]
    documented = each.settings if each.settings is not None else each.load()
    lines += [inspect.getdoc(documented) or "", ""]
    able = {n: v for n, v in each.capabilities.items() if v not in (None, False, (), "")}
    if able:
        words = [f"`{n}`" if v is True else f"`{n}` = `{_plain(v)}`" for n, v in able.items()]
        lines += [f"Capabilities: {', '.join(words)}.", ""]
    if each.settings is None:
        return lines
    own = [n for n in _names(each.settings) if n not in shared]
    lines += _settings(each.settings, each.group, own) if own else []
    if shared:
        lines += [f"Also the [shared settings](#{each.group}-shared).", ""]
    return lines


def _settings(form: Any, key: str, names: Sequence[str]) -> list[str]:
    rows = list(_rows(form, f"{key}." if key else "", names))
    return _table(["setting", "type", "default", "allowed", "meaning"], rows)


def _rows(form: Any, prefix: str, names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Key, type, default value, range and documentation of each setting."""
    hints = typing.get_type_hints(form)
    fields = {each.name: each for each in dataclasses.fields(form)}
    for name in names:
        hint, each = hints[name], fields[name]
        text = documentation(form, name)
        if dataclasses.is_dataclass(hint):
            if text:
                yield f"`{prefix}{name}`", "settings", "", "", text
            yield from _rows(hint, f"{prefix}{name}.", _names(hint))
            continue
        optional = type(None) in typing.get_args(hint)
        make = each.default_factory
        given = each.default if make is dataclasses.MISSING else make()
        declared = each.metadata.get("range")
        allowed = allowed_values(declared, optional).removeprefix(", or ") if declared else ""
        kind = hint.__name__ if isinstance(hint, type) and hint in PLAIN else str(hint)
        kind = kind.replace("typing.", "")
        default = "required" if given == REQUIRED else f"`{_plain(given)}`"
        yield f"`{prefix}{name}`", f"`{kind}`", default, allowed, text


PLAIN = (bool, int, float, str)


def _names(form: Any) -> list[str]:
    return [each.name for each in dataclasses.fields(form) if each.name != "kind"]


def _plain(value: Any) -> str:
    """A value as YAML writes it in one line."""
    if isinstance(value, str) and value and value.isprintable():
        return value
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value)
    return json.dumps(value)


def _owner(form: Any, name: str) -> type:
    """The class that declares a setting."""
    return next(base for base in form.__mro__ if name in inspect.get_annotations(base))


def documentation(form: Any, name: str) -> str:
    """Return the docstring that follows a setting in its class, in one line."""
    owner = _owner(form, name)
    docstring = _module(owner.__module__)[owner.__qualname__].members[name].docstring
    return " ".join(docstring.value.split()) if docstring is not None else ""


@cache
def _module(name: str) -> Any:
    return griffe.load(name)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *(map(_cell, row) for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]


def _cell(text: str) -> str:
    """Escape what would end a cell; a bar inside code needs no escape."""
    parts = text.split("`")
    parts[::2] = [part.replace("|", "&#124;").replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)
