"""Tests of compiled functions and of their cache."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vitrina.compiled import cache_folder, compiled


def test_a_compiled_function_equals_the_plain_one() -> None:
    def add_squares(number):
        total = 0
        for each in range(number):
            total += each * each
        return total

    assert compiled(add_squares)(1000) == add_squares(1000)


def test_the_cache_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder() == Path("/somewhere/vitrina/compiled")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    assert cache_folder() == Path("/elsewhere")


def test_nothing_is_written_outside_of_the_cache_folder(tmp_path: Path) -> None:
    code = (
        "from tests.deobfuscation.test_beam_search import test_result_does_not_depend_on_the_batch"
        " as test; test()"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("NUMBA_CACHE_DIR", None)
    package = Path(__file__).parents[1] / "vitrina"
    before = set(package.rglob("*.nb?"))
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=package.parent)
    folder = tmp_path / "cache" / "vitrina" / "compiled"
    assert list(folder.rglob("*.nbi")) and set(package.rglob("*.nb?")) == before
    assert folder.stat().st_mode & 0o077 == 0 or sys.platform == "win32"


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code = "from vitrina.compiled import compiled; print(compiled(lambda x: x + 1)(1))"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "file")}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "2"
