"""The reference of settings names each setting of each component with its documentation."""

import ast
import dataclasses
import inspect
import runpy
import textwrap
from functools import cache
from pathlib import Path

import pytest

from vitrina import registry
from vitrina.config import Config, ModelConfig

pytest.importorskip("mkdocs")
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def page() -> str:
    return runpy.run_path(str(ROOT / "docs/hooks/settings.py"))["settings_page"]()


@cache
def docstrings(form: type) -> dict[str, str]:
    """The string that follows each annotated name in the source of a class."""
    body = ast.parse(textwrap.dedent(inspect.getsource(form))).body[0]
    assert isinstance(body, ast.ClassDef)
    pairs = zip(body.body, body.body[1:], strict=False)
    return {
        one.target.id: " ".join(after.value.value.split())
        for one, after in pairs
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(after.value.value, str)
    }


def documented(form: type) -> dict[str, str]:
    found: dict[str, str] = {}
    for base in reversed(form.__mro__[:-1]):
        found |= docstrings(base)
    return found


COMPONENTS = [
    pytest.param(f"{group}.", f"#{group}-{name} ", each.settings, id=f"{group}={name}")
    for group in registry.groups()
    for name, each in registry.components(group).items()
    if each.settings
]
ROOTS = [
    pytest.param("", "#root ", Config, id="root"),
    pytest.param("model.", "#root ", ModelConfig, id="model"),
]


@pytest.mark.parametrize(("prefix", "anchor", "form"), [*COMPONENTS, *ROOTS])
def test_every_setting_is_documented(prefix: str, anchor: str, form: type, page: str) -> None:
    sections = page.split("\n#")
    group = anchor.split("-")[0]
    own = [each for each in sections if anchor in each or f"{group}-shared " in each]
    texts = documented(form)
    for each in dataclasses.fields(form):
        if each.name == "kind" or (form is Config and not each.metadata):
            continue
        if dataclasses.is_dataclass(inner := registry._hints(form)[each.name]):
            test_every_setting_is_documented(f"{prefix}{each.name}.", anchor, inner, page)
            continue
        rows = [
            line for part in own for line in part.splitlines() if f"`{prefix}{each.name}`" in line
        ]
        assert len(rows) == 1, each.name
        assert texts[each.name] and texts[each.name] in rows[0].replace("&#124;", "|")


def test_every_component_and_option_is_named(page: str) -> None:
    for group in registry.groups():
        for name in registry.components(group):
            assert f"`{name}`" in page or f"`{group}={name}`" in page
    for path in (ROOT / "conf").glob("*/*.yaml"):
        if path.parent.parent.name == "conf":
            assert f"| `{path.stem}` |" in page, path
