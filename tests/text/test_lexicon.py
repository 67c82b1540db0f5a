import time
from pathlib import Path

import pytest

from vitrina.errors import InputError
from vitrina.text import batch
from vitrina.text.batch import TextBatch
from vitrina.text.lexicon import Lexicon
from vitrina.text.words import find_words

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load(None)


def words_of(name: str) -> list[str]:
    return (HERE / name).read_text(encoding="utf-8").split()


def test_common_toxic_words_are_toxic(lexicon: Lexicon) -> None:
    words = words_of("toxic_words.txt")
    missed = [word for word in words if not lexicon.is_toxic(word)]
    assert len(words) > 300
    assert len(missed) <= 0.03 * len(words), missed


def test_ordinary_words_are_not_toxic(lexicon: Lexicon) -> None:
    words = words_of("ordinary_words.txt")
    wrong = [word for word in words if lexicon.is_toxic(word)]
    assert len(words) > 300
    assert len(wrong) <= 0.01 * len(words), wrong


def test_lookup_ignores_case_and_yo(lexicon: Lexicon) -> None:
    for word in ("ёбаный", "ебаный", "ЁБАНЫЙ", "Ебаный"):
        assert lexicon.is_toxic(word)


@pytest.mark.parametrize("piece", [1, 20, batch.PIECE])
def test_mark_agrees_with_is_toxic(
    lexicon: Lexicon, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "PIECE", piece)
    texts = TextBatch.from_strings(
        ["Ты дурак, мандарин!", "", "команда идиотов", "сук много, суки"]
    )
    words = lexicon.mark(texts, find_words(texts))
    strings = words.texts(texts).to_strings()
    marked = [word for word, toxic in zip(strings, words.toxic, strict=True) if toxic]
    assert marked == ["дурак", "идиотов", "суки"]


def test_marking_many_distinct_words_is_fast(lexicon: Lexicon) -> None:
    lexicon.is_toxic("слово")
    texts = TextBatch.from_strings([f"слово{i} дурак{i}" for i in range(10_000)])
    start = time.process_time()
    lexicon.mark(texts, find_words(texts))
    assert time.process_time() - start < 5


def load(tmp_path: Path, content: str) -> Lexicon:
    path = tmp_path / "own.txt"
    path.write_text(content, encoding="utf-8")
    return Lexicon.load(str(path))


def test_custom_file_with_every_kind_of_entry(tmp_path: Path) -> None:
    own = load(tmp_path, "# мой список\nредиска # лемма\n=хрены\n*фиг*\n~дур*\n!фигур*\n!дурной\n")
    toxic = ["Редиски", "редискою", "хрены", "нафиг", "задурил", "дурь"]
    harmless = ["хрен", "фигура", "дурной", "дурак"[:2], "придумал", "слово"]
    assert [own.is_toxic(word) for word in toxic] == [True] * len(toxic)
    assert [own.is_toxic(word) for word in harmless] == [False] * len(harmless)


def test_cache_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitrina.text.lexicon.MAX_KNOWN", 3)
    own = load(tmp_path, "=дурак\n=идиот\n")
    for word in ("дурак", "мандарин", "идиот", "команда", "ДУРАК", "дурака", "мандарин"):
        assert own.is_toxic(word) == (word.lower() in ("дурак", "идиот"))
        assert len(own._known) <= 3


@pytest.mark.parametrize("line", ["два слова", "!!нет", "(скобка)", "*", "=", "а*б"])
def test_error_for_an_invalid_entry_names_file_and_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError, match=r"own\.txt:2: .*must be one word"):
        load(tmp_path, f"слово\n{line}\n")


def test_error_for_a_lexicon_without_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="contains no word"):
        load(tmp_path, "# nothing\n!слово\n")


def test_error_for_a_missing_lexicon() -> None:
    with pytest.raises(InputError, match=r"no/such\.txt: there is no such file"):
        Lexicon.load("no/such.txt")


def test_error_for_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    path.write_bytes("слово".encode("cp1251"))
    with pytest.raises(InputError, match="is not UTF-8"):
        Lexicon.load(str(path))
