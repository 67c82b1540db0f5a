"""Packages import little: an `__init__.py` holds a docstring alone, the configuration no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "vitrina"
INITS = [path for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE]


@pytest.mark.parametrize("path", INITS, ids=lambda path: str(path.parent.relative_to(PACKAGE)))
def test_a_package_holds_a_docstring_alone(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) and len(tree.body) == 1


def test_loose_modules_are_few() -> None:
    loose = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert loose <= {"errors", "registry", "files", "state", "config", "experiment"}


def test_the_configuration_and_all_settings_import_no_torch() -> None:
    program = (
        "import sys; from vitrina import config, files, registry\n"
        "assert registry.components('embedder') and config.GROUPS\n"
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
