"""Every command of README and CONTRIBUTING is composed and checked; bash splits its words.

Bash runs the code of a document from top to bottom with an empty PATH. Each program name ends in a
handler that records its arguments, so that assignments, loops, quotes and braces take effect and no
program starts.
"""

import argparse
import ast
import re
import runpy
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_type_hints

import pytest
from hydra.types import RunMode

from vitrina import registry
from vitrina.cli import components, sweep
from vitrina.cli.compose import Composer, check
from vitrina.cli.train import parse
from vitrina.config import GROUPS, Config, compose_config

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md")
EXTRAS = {"hydra/sweeper=search": "hydra_plugins.hydra_optuna_sweeper"}
"""Options that need an extra beyond `dev`, and the module that it brings."""
OTHERS = ("cat", "grep", "pip")
"""Programs whose arguments are not checked."""
PROGRAMS = re.compile(r"(python|torchrun|vitrina|make|pip)\s")
SETTING = re.compile(r"\+?([a-z_]+(?:[./][a-z_0-9]+)+|[a-z]+)=(.*)")
KEY = re.compile(r"[a-z_]+(?:\.[a-z_0-9]+)+")
RECORD = r"""
PATH=/none DATA=data TABLES=tables
exec 3>&1
command_not_found_handle() {
    [[ $1 == python && $2 == - ]] && { IFS= read -r -d '' code; set -- python-code "$code"; }
    printf '%s\0' "$line" "$@" $'\1' >&3
}
"""


def code(document: str) -> Iterator[tuple[int, str, bool]]:
    """Line, text, and whether it is a block, of each piece of code in the document."""
    block: list[str] = []
    fenced = False
    lines = (ROOT / document).read_text(encoding="utf-8").splitlines()
    for number, line in enumerate([*lines, ""], 1):
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            block.append(line if fenced else line[4:])
            continue
        if block:
            yield number - len(block), "\n".join(block), True
            block = []
        line = line.replace("\\|", "|") if line.startswith("|") else line
        yield from ((number, each, False) for each in re.findall(r"`([^`]+)`", line))


def is_python(text: str) -> bool:
    return text.startswith(("from ", "import ", "@register"))


def is_shell(text: str, block: bool) -> bool:
    starts_one = PROGRAMS.match(text) or text.startswith(("for ", "vitrina "))
    return bool(starts_one) or (block and " python " in text.replace("\n", " "))


@cache
def commands(document: str) -> tuple[tuple[str, ...], ...]:
    """Line, program and arguments; commands that differ in numbers alone count once."""
    script = [RECORD]
    script += [f"line={n}\n{text}\n" for n, text, block in code(document) if is_shell(text, block)]
    with TemporaryDirectory() as folder:
        bash = ["/bin/bash", "-c", "\n".join(script)]
        done = subprocess.run(bash, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    found = [tuple(words.split("\0")[:-1]) for words in done.stdout.split("\1\0")[:-1]]
    return tuple({without_numbers(words[1:]): words for words in reversed(found)}.values())


def without_numbers(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(re.sub(r"=[-\d.,e]+$", "=0", each) for each in words)


def cases() -> list[Any]:
    """The commands of all documents as parameters that name document, line and program."""
    return [
        pytest.param(program, arguments, id=f"{document}:{line}:{program}")
        for document in DOCUMENTS
        for line, program, *arguments in reversed(commands(document))
        if program not in OTHERS
    ]


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


@pytest.mark.parametrize(("program", "arguments"), cases())
def test_a_documented_command_is_accepted(
    program: str, arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if program == "python-code":
        run_imports(arguments[0])
    elif program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert arguments[0] in targets
    elif program == "vitrina":
        compose(arguments)
    elif "main.py" in arguments:
        compose(arguments[arguments.index("main.py") + 1 :])
    else:
        parsed = parse_tool(arguments, monkeypatch)
        compose_config([each for each in getattr(parsed, "settings", []) if "=" in each])


class Parsed(BaseException):
    """Ends a tool that has parsed its arguments; no tool catches it."""


def parse_tool(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """What a script or `-m module` parses; it ends there."""
    if arguments[0] == "-m":
        arguments = [arguments[1].replace(".", "/") + ".py", *arguments[2:]]
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


@pytest.mark.parametrize("document", DOCUMENTS)
def test_python_code_imports(document: str) -> None:
    for _, text, block in code(document):
        if block and is_python(text):
            run_imports(text)


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


@pytest.mark.parametrize("document", DOCUMENTS)
def test_settings_and_options_that_are_named_exist(document: str) -> None:
    composer = Composer.of(parse([]))
    options = {group: composer.options(group) for group in composer.groups()}
    roots = {each.name for each in fields(Config)}
    wrong = []
    for line, text, block in code(document):
        if block or PROGRAMS.match(text):
            continue
        for word in text.split():
            setting = SETTING.fullmatch(word)
            key, value = setting.groups() if setting else (word, "")
            if key in options and re.fullmatch(r"[a-z0-9_,]+", value):
                wrong += [
                    f"{line}: {word}" for each in value.split(",") if each not in options[key]
                ]
            elif KEY.fullmatch(key) and key.split(".")[0] in roots and not exists(key):
                wrong.append(f"{line}: {word}")
    assert not wrong
