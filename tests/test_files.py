import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import InputError
from vitrina.files import json_line, make_folder, replacement, replacing


def test_a_file_is_replaced_after_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before", encoding="utf-8")
    with replacing(path) as file:
        file.write("да\n")
        file.flush()
        assert path.read_text(encoding="utf-8") == "before"
    assert path.read_bytes() == "да\n".encode()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_on_an_error_nothing_changes(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file"
    path.write_text("before", encoding="utf-8")
    for write in (replacing, replacement):
        with pytest.raises(error), write(path):
            raise error
    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_mode_of_a_file_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "file") as file:
            file.write("да")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_files_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    missing, pipe = tmp_path / "none" / "file", tmp_path / "pipe"
    os.mkfifo(pipe)
    reasons = {
        missing: "No such file or directory",
        tmp_path: "not a plain file",
        pipe: "not a plain file",
    }
    for path, reason in reasons.items():
        with pytest.raises(InputError) as error, replacing(path):
            pytest.fail("must raise before writing")
        assert str(error.value) == f"{path}: cannot be written ({reason})"
    full = OSError(errno.ENOSPC, "No space left on device")
    with (
        pytest.raises(InputError, match=r"\(No space left on device\)$"),
        replacing(tmp_path / "a"),
    ):
        raise full
    assert list(tmp_path.iterdir()) == [pipe]


def test_folders_are_created(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"file/c: cannot be created \(Not a directory\)"):
        make_folder(tmp_path / "file" / "c")


@given(st.text(st.characters(exclude_categories=())))
def test_a_line_of_json_round_trips(text: str) -> None:
    line = json_line({"text": text})
    assert "\n" not in line
    read = json.loads(line.encode("utf-8"))["text"]
    assert read.encode("utf-16", "surrogatepass") == text.encode("utf-16", "surrogatepass")


def test_russian_stays_readable() -> None:
    assert json_line({"text": "да"}) == '{"text": "да"}'
