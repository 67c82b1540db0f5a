"""Labels of words from files: pieces, spans, the lexicon."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.data.sets import distinct, jsonl_config, write_jsonl
from vitrina.config import compose_config
from vitrina.data.config import WordRules
from vitrina.data.dataset import Dataset, Split, load_dataset
from vitrina.errors import InputError


def labels(source: str = "auto", background: str = "0") -> WordRules:
    return WordRules(source, "spans", background)


def loaded(path: Path, rows: list[dict[str, Any]], words: WordRules, **changes: Any) -> Dataset:
    return load_dataset(jsonl_config(write_jsonl(path, rows), **changes), 1, words)


def load_error(path: Path, rows: list[dict[str, Any]], words: WordRules, **changes: Any) -> str:
    with pytest.raises(InputError) as caught:
        loaded(path, rows, words, **changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def labeled(split: Split, names: list[str]) -> list[list[tuple[str, str]]]:
    """Return the words of each text with their label names."""
    assert split.words is not None
    texts = split.words.texts(split.texts).to_strings()
    named = list(zip(texts, [names[label] for label in split.words.labels], strict=True))
    bounds = split.words.offsets.tolist()
    return [named[a:b] for a, b in pairwise(bounds)]


def every(dataset: Dataset) -> dict[int, list[tuple[str, str]]]:
    """Return labeled words by the field `id` of their rows."""
    found = {}
    for split in (dataset.train, dataset.val, dataset.test):
        ids = [row["id"] for row in split.rows]
        found |= dict(zip(ids, labeled(split, dataset.label_names), strict=True))
    return found


def pieces(count: int) -> list[dict[str, Any]]:
    """Return rows of pieces with distinct texts; two of three have a labeled word."""
    return [
        {"text": [[distinct(i), 0], ["ск0 тина" if i % 3 else "слово", int(i % 3 > 0)], ["!", 0]]}
        | {"id": i}
        for i in range(count)
    ]


def test_pieces_become_words(tmp_path: Path) -> None:
    dataset = loaded(tmp_path / "a.jsonl", pieces(60), labels())
    assert dataset.label_names == ["0", "1"]
    assert "train: words are labeled by the pieces of their rows" in dataset.notes
    found = every(dataset)
    assert len(found) == 60
    word = distinct(4).split()[1]
    assert found[4] == [("текст", "0"), (word, "0"), ("ск0", "1"), ("тина", "1"), ("!", "0")]
    assert all(label == "0" for _, label in found[3])
    # Splits are stratified by whether a text has labeled words.
    for split in (dataset.train, dataset.val, dataset.test):
        assert split.labels.mean() == pytest.approx(2 / 3, abs=0.1)
        texts = labeled(split, dataset.label_names)
        has = [any(label == "1" for _, label in text) for text in texts]
        assert split.labels.tolist() == has


def test_spans_follow_cleaning_and_truncation(tmp_path: Path) -> None:
    def row(i: int) -> dict[str, Any]:
        text = f"{distinct(i)} <b>ты</b> &laquo;ска&shy;тина&raquo; http://x.ru/дурак. ещё дурак"
        start = text.index("ска")
        spans = [
            [start, start + len("ска&shy;тина"), "insult"],
            [text.index("http"), text.index(". "), "link"],
            [text.rindex("дурак"), len(text), "insult"],
            [0, 5, "-"],
        ]
        return {"text": text, "spans": spans[:: -1 if i % 2 else 1], "id": i}

    rows = [row(i) for i in range(40)]
    whole = loaded(tmp_path / "a.jsonl", rows, labels(background="-"))
    assert whole.label_names == ["-", "insult", "link"]
    words = every(whole)[7]
    assert [word for word in words[2:] if word[0] != "."] == [
        ("ты", "-"),
        ("«", "-"),
        ("ска\u00adтина", "insult"),
        ("»", "-"),
        ("дурак", "link"),
        ("ещё", "-"),
        ("дурак", "insult"),
    ]
    limit = len("текст абв ты «скати") + 1
    cut = loaded(tmp_path / "a.jsonl", rows, labels(background="-"), max_length=limit)
    assert all(words[-1][1] == "insult" for words in every(cut).values())


def test_without_pieces_and_spans_the_lexicon_labels_words(tmp_path: Path) -> None:
    rows = [
        {"text": f"{distinct(i)} ты {'дурак' if i % 2 else 'молодец'}!", "id": i} for i in range(40)
    ]
    found = every(loaded(tmp_path / "a.jsonl", rows, labels()))
    assert found[5][-3:] == [("ты", "0"), ("дурак", "1"), ("!", "0")]
    assert all(label == "0" for _, label in found[4])
    demo = load_dataset(compose_config(["dataset.num_comments=200"]).dataset, 1, labels())
    assert demo.train.words is not None and 0 < demo.train.words.labels.mean() < 0.2


PIECES = "the field 'text' is not a list of [word, label]"
SPANS = "the field 'spans' is not a list of [start, end] or [start, end, label]"
INVALID: list[tuple[str, dict[str, Any], str]] = [
    ("pieces", {"text": "скотина"}, f'{PIECES} but "скотина"'),
    ("pieces", {"text": [["а"]]}, f'{PIECES}: it contains ["\\u0430"]'),
    ("pieces", {"text": [["а", None]]}, "invalid label of a word: null; allowed: a whole number,"),
    ("pieces", {"body": []}, "no field 'text'; the fields are: body"),
    ("spans", {"text": "а"}, "no field 'spans'; the fields are: text"),
    ("spans", {"text": "а", "spans": {}}, f"{SPANS} but {{}}"),
    ("spans", {"text": "а", "spans": [[0, True]]}, f"{SPANS}: it contains [0, true]"),
    ("spans", {"text": "а", "spans": [[0, 1, 1, 1]]}, f"{SPANS}: it contains [0, 1, 1, 1]"),
    (
        "spans",
        {"text": "абв", "spans": [[1, 4]]},
        "a span of the field 'spans' is outside the text: [1, 4] in a text of 3 characters",
    ),
    (
        "spans",
        {"text": "абв", "spans": [[0, 2, "x"], [1, 3, "y"]]},
        "spans of the field 'spans' with different labels overlap",
    ),
    ("lexicon", {"text": [["а", 1]]}, "the field 'text' is not text but"),
]


@pytest.mark.parametrize(("source", "row", "message"), INVALID)
def test_invalid_rows_raise_an_error(
    source: str, row: dict[str, Any], message: str, tmp_path: Path
) -> None:
    message = message.replace("скотина", "\\u0441\\u043a\\u043e\\u0442\\u0438\\u043d\\u0430")
    found = load_error(tmp_path / "a.jsonl", [row], labels(source))
    assert found.startswith(f"{tmp_path / 'a.jsonl'}:1: {message}")


def test_invalid_rows_can_be_skipped(tmp_path: Path) -> None:
    rows = [*pieces(40), {"text": "не куски"}]
    dataset = loaded(tmp_path / "a.jsonl", rows, labels(), on_error="skip")
    assert len(every(dataset)) == 40
    assert any("1 row skipped: the field 'text' is not a list" in note for note in dataset.notes)


def test_labels_must_occur_in_the_training_rows(tmp_path: Path) -> None:
    other = write_jsonl(tmp_path / "b.jsonl", [{"text": [["а", "new"]]}])
    message = load_error(tmp_path / "a.jsonl", pieces(40), labels(), extra={"b": str(other)})
    assert message.startswith(f"{other}:1: the word label 'new' is not in the training rows")
    rows = [{"text": [["а", "x"], [distinct(i), "0"]]} for i in range(40)]
    plain = write_jsonl(tmp_path / "c.jsonl", [{"text": "дурак"}])
    message = load_error(tmp_path / "a.jsonl", rows, labels(), extra={"c": str(plain)})
    assert message.startswith("the label '1' of the lexicon is not in the training rows; allowed: ")


def test_words_of_only_one_label_raise_an_error(tmp_path: Path) -> None:
    rows = [{"text": distinct(i)} for i in range(40)]
    message = load_error(tmp_path / "a.jsonl", rows, labels())
    assert "the train split has only the word label '0'" in message
    assert message.startswith(str(tmp_path / "a.jsonl"))


def test_overlapping_spans_of_one_label_are_merged(tmp_path: Path) -> None:
    rows = [
        {"text": f"аб вг де {distinct(i)}", "spans": [[3, 5], [0, 4]] * (i % 2), "id": i}
        for i in range(40)
    ]
    found = every(loaded(tmp_path / "a.jsonl", rows, labels()))[1]
    assert found[:3] == [("аб", "1"), ("вг", "1"), ("де", "0")]
