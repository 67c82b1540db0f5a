"""Every command of the documents is composed and checked; blocks that are marked so are run."""

import argparse
import ast
import importlib.util
import re
import runpy
import sys
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hydra.core.config_store import ConfigStore
from hydra.types import RunMode

from tests.documents import PROGRAMS, ROOT, code, commands, documents, run_blocks, runs
from vitrina import registry
from vitrina.cli import components, sweep
from vitrina.cli.compose import Composer, check
from vitrina.cli.train import parse
from vitrina.config import GROUPS, Config, compose_config

EXTRAS = {"hydra/sweeper=search": "hydra_plugins.hydra_optuna_sweeper"}
"""Options that need an extra beyond `dev`, and the module that it brings."""
OTHERS = ("cat", "git", "grep", "head", "ls", "mkdir", "pip")
"""Programs whose arguments are not checked."""
PLUGIN = ("examples/extending/", "docs/extending.md")
"""Documents whose commands need this plugin."""
SETTING = re.compile(r"\+?([a-z_]+(?:[./][a-z_0-9]+)+|[a-z]+)=(.*)")
KEY = re.compile(r"[a-z_]+(?:\.[a-z_0-9]+)+")


def without_numbers(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(re.sub(r"=[-\d.,e]+$", "=0", each) for each in words)


def cases() -> list[Any]:
    """Each command of all documents; those that differ in numbers alone count once."""
    found = {
        without_numbers(words): pytest.param(
            document, program, words, id=f"{document}:{line}:{program}"
        )
        for document in documents()
        for line, program, *words in reversed(commands(document))
        if program not in OTHERS
    }
    return list(found.values())


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugin of `examples/extending`, as if it was installed."""
    info = tmp_path / "vitrina_extending-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vitrina-extending\nVersion: 0.1\n")
    points = "[vitrina.plugins]\nextending = vitrina_extending.config\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(ROOT / "examples" / "extending")
    for name in ("_components", "_config_folders"):
        monkeypatch.setattr(registry, name, deepcopy(getattr(registry, name)))
    monkeypatch.setattr(registry, "_loaded", set(registry._loaded))
    store = ConfigStore.instance()
    monkeypatch.setattr(store, "repo", deepcopy(store.repo))
    registry._entry_points.cache_clear()
    yield
    registry._entry_points.cache_clear()
    for name in [each for each in sys.modules if each.startswith("vitrina_extending")]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def fewer_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out jobs of a sweep whose options are all in earlier ones."""
    overrides_of_jobs = sweep._overrides_of_jobs

    def each_option_once(*given: Any) -> Sequence[Sequence[str]]:
        seen: set[str] = set()
        kept = []
        for job in overrides_of_jobs(*given):
            options = [re.sub(r"=\[.*\]$", "=[]", each) for each in without_numbers(job)]
            if not kept or not seen.issuperset(options):
                kept.append(job)
                seen.update(options)
        return kept

    monkeypatch.setattr(sweep, "_overrides_of_jobs", each_option_once)


@pytest.mark.parametrize(("document", "program", "arguments"), cases())
def test_a_documented_command_is_accepted(
    document: str, program: str, arguments: Sequence[str], request: pytest.FixtureRequest
) -> None:
    if document.startswith(PLUGIN):
        request.getfixturevalue("plugin")
    accept(program, arguments, request.getfixturevalue("monkeypatch"))


def accept(program: str, arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose and check what a command would start."""
    if program == "python-code":
        run_imports(arguments[0])
    elif program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert arguments[0] in targets
    elif program == "vitrina":
        compose(arguments)
    elif "main.py" in arguments:
        compose(arguments[arguments.index("main.py") + 1 :])
    elif arguments[0] == "-c":
        run_imports(arguments[1])
    elif arguments[0] == "-m" and not (ROOT / module_file(arguments[1])).exists():
        assert importlib.util.find_spec(arguments[1]), arguments[1]
    else:
        parsed = parse_tool(arguments, monkeypatch)
        for settings in (getattr(parsed, "settings", []), *(getattr(parsed, "fit", None) or [])):
            compose_config([each for each in settings if "=" in each])


def module_file(module: str) -> str:
    return module.replace(".", "/") + ".py"


class Parsed(BaseException):
    """Ends a tool that has parsed its arguments; no tool catches it."""


def parse_tool(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """What a script or `-m module` parses; it ends there."""
    if arguments[0] == "-m":
        arguments = [module_file(arguments[1]), *arguments[2:]]
    parsed: list[argparse.Namespace] = []
    parse_args = argparse.ArgumentParser.parse_args

    def parse_and_end(parser: argparse.ArgumentParser, *given: Any) -> argparse.Namespace:
        parsed.append(parse_args(parser, *given))
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_end)
    monkeypatch.syspath_prepend(ROOT / "tools")
    with pytest.raises(Parsed):
        runpy.run_path(str(ROOT / arguments[0]))["main"](arguments[1:])
    return parsed[0]


def compose(arguments: Sequence[str]) -> None:
    """Compose and check a run, or each job of a sweep, as `main.py` does before it starts."""
    if arguments[:1] == ["components"]:
        assert components.main(arguments[1:]) == 0
        return
    for option in EXTRAS.keys() & set(arguments):
        pytest.importorskip(EXTRAS[option])
    words = ["conf" if each == "DIR" else each for each in arguments if each != "…"]
    composer = Composer.of(parse(words))
    composed = composer.compose(multirun="-m" in words)
    if composed.hydra.mode == RunMode.MULTIRUN:
        assert sweep.sweep_jobs(composer, composed)
    else:
        check(composed)


def run_imports(text: str) -> None:
    """Run the imports of Python code, after parsing all of it."""
    imports = [
        each for each in ast.parse(text).body if isinstance(each, ast.Import | ast.ImportFrom)
    ]
    exec(compile(ast.Module(imports, []), "document", "exec"), {})


@pytest.mark.parametrize("document", documents())
def test_python_code_imports(document: str) -> None:
    for piece in code(document):
        if piece.is_python:
            run_imports(piece.text)


def settings_of(group: str) -> list[type]:
    return [each.settings for each in registry.components(group).values() if each.settings]


def exists(key: str) -> bool:
    """Whether a component of the group, or the root, has a setting of that name."""
    group, *names = key.split(".")
    forms = settings_of(group) if group in GROUPS else [get_type_hints(Config)[group]]
    for name in names:
        hints = [get_type_hints(form) for form in forms]
        forms = [hint[name] for hint in hints if name in hint]
        if not forms:
            return False
        if any(getattr(form, "__origin__", form) is dict for form in forms):
            return True
    return True


@cache
def options_of_groups() -> dict[str, list[str]]:
    composer = Composer.of(parse([]))
    return {group: composer.options(group) for group in composer.groups()}


@pytest.mark.parametrize("document", documents())
def test_settings_and_options_that_are_named_exist(
    document: str, request: pytest.FixtureRequest
) -> None:
    if document.startswith(PLUGIN):
        request.getfixturevalue("plugin")
        options = options_of_groups.__wrapped__()
    else:
        options = options_of_groups()
    roots = {each.name for each in fields(Config)}
    wrong = []
    for piece in code(document):
        if piece.block or PROGRAMS.match(piece.text):
            continue
        line = piece.line
        for word in piece.text.split():
            setting = SETTING.fullmatch(word)
            key, value = setting.groups() if setting else (word, "")
            if key in options and re.fullmatch(r"[a-z0-9_,]+", value):
                wrong += [
                    f"{line}: {word}" for each in value.split(",") if each not in options[key]
                ]
            elif key.endswith((".py", ".md")):  # a file, perhaps named like a group
                continue
            elif KEY.fullmatch(key) and key.split(".")[0] in roots and not exists(key):
                wrong.append(f"{line}: {word}")
    assert not wrong


@pytest.mark.parametrize("document", [each for each in documents() if runs(each, slow=False)])
def test_marked_blocks_run(document: str, tmp_path: Path) -> None:
    run_blocks(document, runs(document, slow=False), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "document", [each for each in documents() if runs(each, slow=True) != runs(each, slow=False)]
)
def test_slow_blocks_run_after_the_others(document: str, tmp_path: Path) -> None:
    run_blocks(document, runs(document, slow=True), tmp_path)
