"""Imports stay light: `__init__.py` files contain a docstring, configurations need no torch."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from vitrina.registry import components, groups

PACKAGE = Path(__file__).resolve().parents[1] / "vitrina"
INITS = [path for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE]


@pytest.mark.parametrize("path", INITS, ids=lambda path: str(path.parent.relative_to(PACKAGE)))
def test_an_init_file_contains_only_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) and len(tree.body) == 1


def test_loose_modules_are_few() -> None:
    loose = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert loose <= {"errors", "registry", "files", "state", "compiled", "config", "experiment"}


def test_composing_and_listing_components_import_no_torch() -> None:
    program = (
        "import sys; import vitrina\n"
        "assert not {'hydra', 'numpy', 'omegaconf', 'torch'} & set(sys.modules)\n"
        "from vitrina import config, files, registry\n"
        "assert config.compose_config([]) and registry.components('embedder')\n"
        "assert not {'torch', 'sklearn', 'scipy', 'matplotlib', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_targets_are_in_the_package_of_their_settings() -> None:
    for group in groups():
        for component in components(group).values():
            if component.target:
                assert callable(component.load())
            if component.target and component.settings:
                settings, target = component.settings.__module__, component.target
                assert target.split(".")[1] == settings.split(".")[1], (group, component.name)


def test_no_two_classes_have_one_name() -> None:
    names = Counter(
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_files_have_at_most_400_lines() -> None:
    sources = [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "tools").rglob("*.py")]
    long = [path.name for path in sources if path.read_text("utf-8").count("\n") > 400]
    assert long == []
