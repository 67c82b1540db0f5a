import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vitrina.data import formats
from vitrina.data.config import (
    CsvConfig,
    JsonlConfig,
    OkConfig,
    ParquetConfig,
)
from vitrina.data.formats import Source, read_jsonl, settings_for
from vitrina.errors import InputError

PIECES = [
    *(b"__label__INSULT", b"__label__NORMAL", b"__label__RUDE", b",", b" ", b"\n", b"\r\n", b"\r"),
    *(
        b'{"text": "',
        b'", "toxic": 1}',
        b"{",
        b"}",
        b"[",
        b'"',
        b"\\ud800",
        b"\\",
        b"1e999",
        b"NaN",
    ),
    *(b"text,toxic\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", "да".encode(), "да".encode("cp1251")),
    *(b"[" * 2000, b"9" * 5000, b'{"a":' * 200, "\u2028".encode(), b"\xf0\x9f\x98"),
]
FORMATS = {"fasttext": OkConfig, "jsonl": JsonlConfig, "csv": CsvConfig}
any_bytes = st.one_of(
    st.binary(max_size=40), st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that all examples of a property test overwrite."""
    return tmp_path_factory.mktemp("sources") / "file"


def source(path: Path, format: str, on_error: str = "fail", **settings: Any) -> Source:
    return Source(path, FORMATS[format](train=str(path), **settings), on_error)


def read(path: Path, data: bytes, format: str, **settings: Any) -> list[tuple[int, dict[str, Any]]]:
    path.write_bytes(data)
    return list(source(path, format, **settings))


@given(any_bytes, st.sampled_from(sorted(FORMATS)), st.sampled_from(["fail", "skip"]))
@example(b'{"x":' * 980 + b"1" + b"}" * 980, "jsonl", "fail")
@example(b"a,b\n" + b'"' * 3, "csv", "skip")
@example(b"a\n\xff", "csv", "skip")
def test_any_bytes_give_rows_or_a_one_line_error(
    file: Path, data: bytes, format: str, on_error: str
) -> None:
    file.write_bytes(data)
    found = source(file, format, on_error)
    try:
        lines = []
        for line, row in found:
            assert isinstance(row, dict)
            assert json.loads(json.dumps(row)) is not None
            lines.append(line)
    except InputError as error:
        assert str(error).startswith(f"{file}:")
        assert len(str(error).splitlines()) == 1
        assert on_error == "fail" or format == "csv"  # an invalid header always raises an error
    else:
        assert found.sha256 == hashlib.sha256(data).hexdigest()
        assert lines == sorted(set(lines))
        assert on_error == "skip" or not found.skipped


def test_fasttext_lines(tmp_path: Path) -> None:
    data = (
        "\ufeff__label__NORMAL привет, __label__INSULT\r\n"
        "\n"
        "__label__INSULT,__label__THREAT скотина! что сказать\n"
        "__label__OBSCENITY __label__NORMAL текст\u2028в две строки"
    )
    rows = read(tmp_path / "file", data.encode(), "fasttext")
    assert rows == [
        (1, {"text": "привет, __label__INSULT", "toxic": 0, "labels": ["NORMAL"]}),
        (3, {"text": "скотина! что сказать", "toxic": 1, "labels": ["INSULT", "THREAT"]}),
        (4, {"text": "текст\u2028в две строки", "toxic": 1, "labels": ["OBSCENITY", "NORMAL"]}),
    ]


def test_jsonl_lines(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbf{"text": "\\ud83d", "n": [1, null]}\r\n\n{}\n'
    rows = read(tmp_path / "file", data, "jsonl")
    assert rows == [(1, {"text": "\ud83d", "n": [1, None]}), (3, {})]
    texts = read_jsonl(tmp_path / "file", "text")
    assert next(texts) == rows[0][1]
    with pytest.raises(InputError, match=r"file:3: no field 'text'"):
        next(texts)


def test_tables(tmp_path: Path) -> None:
    data = 'text,toxic\r\n"да, ""так""\nи так",1\r\n\r\nнет,0\n'
    expected = [
        (2, {"text": 'да, "так"\nи так', "toxic": "1"}),
        (5, {"text": "нет", "toxic": "0"}),
    ]
    assert read(tmp_path / "a.csv", data.encode(), "csv") == expected
    tabs = data.replace(",1", "\t1").replace(",0", "\t0").replace("text,", "text\t").encode()
    assert read(tmp_path / "a.tsv", tabs, "csv") == expected
    assert read(tmp_path / "a.csv", tabs, "csv", delimiter="\t") == expected


def test_the_extension_determines_the_format(tmp_path: Path) -> None:
    own = OkConfig()
    endings = {"jsonl": JsonlConfig, "ndjson": JsonlConfig, "csv": CsvConfig, "TSV": CsvConfig}
    endings |= {"parquet": ParquetConfig, "jsonl.gz": JsonlConfig, "csv.zst": CsvConfig}
    endings |= {"txt": OkConfig, "data": OkConfig, "gz": OkConfig}
    for ending, form in endings.items():
        assert type(settings_for(Path(f"a.b.{ending}"), own)) is form
    table = CsvConfig(train="a", delimiter=";")
    assert settings_for(Path("a.tsv"), table) is settings_for(Path("a.txt"), table) is table


@pytest.mark.parametrize("ending", ["gz", "zst", "bz2"])
def test_compressed_files(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.jsonl.{ending}"
    data = b"".join(b'{"n": %d}\n' % n for n in range(5000)) + b"[]\n"
    with pa.output_stream(str(path)) as file:
        file.write(data)
    found = source(path, "jsonl", "skip")
    assert [(line, row["n"]) for line, row in found] == [(n + 1, n) for n in range(5000)]
    assert [line for line, _ in found.skipped.values()] == [5001]
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    for broken in (path.read_bytes()[:-9], b"no such thing"):
        path.write_bytes(broken)
        with pytest.raises(InputError, match=rf"^{path}:.* (compressed|failed)"):
            list(source(path, "jsonl", "skip"))


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = [{"text": "да", "n": [1, None], "x": {"y": 0.5}}, {"text": None, "n": [], "x": None}]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert list(Source(path, ParquetConfig(train=str(path)))) == [(1, rows[0]), (2, rows[1])]
    with pytest.raises(InputError, match=rf"^{path}:2: the field 'text' is not text but null"):
        list(read_jsonl(path, "text"))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match=rf"^{path}: not a valid parquet file"):
        list(read_jsonl(path, "text"))


INVALID: list[tuple[str, bytes, str]] = [
    ("fasttext", b"__label__NORMAL a\nb\n", "2: no __label__ at the start of the line"),
    (
        "fasttext",
        b"__label__RUDE a",
        "1: unknown label 'RUDE'; allowed: INSULT, NORMAL, OBSCENITY, THREAT",
    ),
    ("fasttext", b"\n__label__INSULT \n", "2: no text after the labels"),
    ("fasttext", b"__label__NORMAL a\r__label__NORMAL b", "1: lines end with CR only; convert th"),
    (
        "fasttext",
        "__label__NORMAL да".encode("cp1251"),
        "1: not UTF-8 (byte 0xE4 at byte 17 of the line)",
    ),
    ("fasttext", "__label__NORMAL да".encode("utf-16"), "1: not UTF-8 but UTF-16; save the file"),
    ("jsonl", b'{}\n{"a": \n', "2: not JSON: Expecting value at column 7"),
    ("jsonl", b'{"a": "\t"}', "1: not JSON: Invalid control character at column 8"),
    ("jsonl", b"{}\n\n[1, 2]\n", "3: not a JSON object but [1, 2]"),
    ("jsonl", b"[" + b"1," * 99 + b"1]", "1: not a JSON object but [1, 1, 1,"),
    ("jsonl", b'{"a": ' + b"9" * 5000 + b"}", "1: not JSON: Exceeds the limit"),
    ("jsonl", b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "1: JSON nested deeper than 100"),
    ("jsonl", b'{"a": ' + b"[" * 9999, "1: JSON nested deeper than 100"),
    ("jsonl", '{"a": "да"}'.encode("cp1251"), "1: not UTF-8 (byte 0xE4 at byte 8 of the line)"),
    ("jsonl", '{"a": "да"}'.encode("utf-16-le"), "1: not JSON: Expecting property name"),
    ("csv", b"a,b\n1,2\n1\n", "3: wrong number of fields: 1 where the header has 2"),
    ("csv", b'a,b\n"x\ny",2,3\n', "2: wrong number of fields: 3 where the header has 2"),
    ("csv", b'a,b\n"x"y,2\n', "2: not a row of a table (',' expected after '\"')"),
    ("csv", b'a,b\n1,2\n"x\ny,2\nz', "3: unclosed quote, which includes the last 3 lines"),
    ("csv", b"\na,b,b,a\n1,2,3,4\n", "2: more than one column is named 'a'"),
    ("csv", "да,нет\n".encode("cp1251"), "1: not UTF-8 (byte 0xE4 at byte 1 of the line)"),
    ("csv", "да,нет\n".encode("utf-16"), "1: not UTF-8 but UTF-16; save the file as UTF-8"),
]


@pytest.mark.parametrize(("format", "data", "message"), INVALID)
def test_errors_name_file_and_line(tmp_path: Path, format: str, data: bytes, message: str) -> None:
    path = tmp_path / "file"
    with pytest.raises(InputError) as caught:
        read(path, data, format)
    assert str(caught.value).startswith(f"{path}:{message}")
    assert "\n" not in str(caught.value)


def test_depth_counts_lists_and_objects_instead_of_brackets(tmp_path: Path) -> None:
    deep: Any = "[" * 200
    for _ in range(99):
        deep = [deep]
    wide = [[]] * 200
    assert read(tmp_path / "file", json.dumps({"a": deep}).encode(), "jsonl") == [(1, {"a": deep})]
    assert read(tmp_path / "file", json.dumps({"a": wide}).encode(), "jsonl") == [(1, {"a": wide})]


def test_invalid_rows_are_skipped_and_counted_by_reason(tmp_path: Path) -> None:
    path = tmp_path / "file"
    lines = ["__label__NORMAL а", "б", "__label__RUDE в", "г", "__label__INSULT д", "е"]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = source(path, "fasttext", "skip")
    assert [line for line, _ in found] == [1, 5]
    assert found.skipped_notes() == [
        f"{path}: 3 rows skipped: no __label__ at the start of the line (first in line 2)",
        f"{path}: 1 row skipped: unknown label 'RUDE' (first in line 3)",
    ]
    assert found.why_empty() == (
        "there are no valid rows: 3 × no __label__ at the start of the line; "
        "1 × unknown label 'RUDE'"
    )


def test_the_csv_reader_continues_after_an_invalid_row(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b'a,b\n1\n"x"y,2\n\xff,2\n3,4\n"open,5\n6,7\n')
    found = source(path, "csv", "skip")
    assert list(found) == [(5, {"a": "3", "b": "4"})]
    assert [(line, count) for line, count in found.skipped.values()] == [
        *((2, 1), (3, 1), (4, 1), (6, 1)),
    ]
    assert list(found.skipped)[-1] == "unclosed quote, which includes the last 2 lines"


def test_the_number_of_reasons_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("".join(f"__label__{i} а\n" for i in range(1000)), encoding="utf-8")
    found = source(path, "fasttext", "skip")
    assert list(found) == []
    notes = found.skipped_notes()
    assert len(notes) == formats.MAX_KINDS + 1
    assert notes[-1].endswith("980 rows skipped: other reasons (first in line 21)")


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_very_long_line_raises_an_error_or_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    monkeypatch.setattr(formats, "MAX_LINE", 40)
    first = {"csv": b"a\n", "jsonl": b"{}\n", "fasttext": b"__label__NORMAL a\n"}[format]
    data = first + b"x" * 200 + b"\n" + first
    with pytest.raises(InputError, match=r":2: the line is longer than 40 bytes"):
        read(tmp_path / "file", data, format)
    found = source(tmp_path / "file", format, "skip")
    assert [line for line, _ in found][-1] == 3
    assert found.sha256 == hashlib.sha256(data).hexdigest()


def test_a_file_that_cannot_be_opened_raises_an_error(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(InputError, match=rf"{path}: {reason}"):
            list(source(path, "jsonl"))
