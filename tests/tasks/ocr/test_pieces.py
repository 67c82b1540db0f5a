"""Word pieces as symbols of the CTC head."""

import numpy as np
import pytest
from hypothesis import given, settings

from tests.tasks.ocr.reading_texts import strings
from vitrina.config import compose_config
from vitrina.errors import InputError
from vitrina.tasks.ocr.alphabet import BLANK, UNKNOWN, Alphabet
from vitrina.tasks.ocr.config import CtcConfig
from vitrina.tasks.ocr.pieces import Pieces
from vitrina.tasks.ocr.symbols import build_symbols, fit_symbols
from vitrina.text.batch import TextBatch

SENTENCES = ["Мама мыла раму", "папа мыл машину, а мама раму", "мама и папа!"] * 4


def fitted(strings: list[str], size: int = 100) -> Pieces:
    return Pieces(Pieces.fit(TextBatch.from_strings(strings), size, 2).texts["tokenizer"])


def test_frequent_words_are_one_symbol() -> None:
    pieces = fitted(SENTENCES)
    read = pieces.encode(TextBatch.from_strings(["мама, раму", "Мама", "", "мамами"]))
    assert read.lengths.tolist()[:3] == [3, 1, 0]
    assert read.ids[0] == read.ids[3] and read.lengths[3] > 1
    assert pieces.decode(read).to_strings() == ["мама , раму", "мама", "", "мамами"]
    assert read.ids.max() < pieces.num_symbols
    assert pieces.num_letters(read).tolist()[:4] == [4, 2, 5, 4]  # with the spaces before pieces


def test_texts_without_known_pieces_are_unknown() -> None:
    pieces = fitted(SENTENCES)
    read = pieces.encode(TextBatch.from_strings(["мама щука \udc80"]))
    assert read.ids.tolist()[1:] == [UNKNOWN, UNKNOWN]
    assert pieces.decode(read).to_strings() == ["мама \ufffd \ufffd"]


@settings(max_examples=30)
@given(strings)
def test_readable_texts_are_encoded_without_loss(texts: list[str]) -> None:
    pieces = fitted([*SENTENCES, "а б в г ж ага баба"])
    known = [
        text for text in pieces.readable(TextBatch.from_strings(texts)) if "\ufffd" not in text
    ]
    readable = TextBatch.from_strings(known)
    assert pieces.readable(readable).to_strings() == readable.to_strings()
    read = pieces.encode(readable)
    assert len(read) == len(known) and (read.ids != BLANK).all()
    order = np.arange(len(known))[::-1]
    lengths = np.add.reduceat(np.append(pieces.num_letters(read), 0), read.offsets[:-1])
    assert np.where(read.lengths > 0, lengths, 0).tolist() == [len(text) for text in known]
    assert pieces.decode(read.take(order)).to_strings() == readable.to_strings()[::-1]


def test_the_setting_units_chooses_the_symbols() -> None:
    texts = TextBatch.from_strings(SENTENCES)
    for units, kind in (("letters", Alphabet), ("pieces", Pieces)):
        chosen = ["ocr=ctc", f"ocr.units={units}", "ocr.min_count=2", "ocr.vocabulary_size=50"]
        config = compose_config(["model=vtr", *chosen])
        assert isinstance(config.ocr, CtcConfig)
        symbols = build_symbols(fit_symbols(config.ocr, texts))
        assert isinstance(symbols, kind) and symbols.num_symbols <= 52
        steps = config.ocr.num_frames(config.embedder, config.encoder)
        assert steps == {"letters": 8, "pieces": 4}[units]


def test_texts_without_words_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"ocr\.units = 'pieces': the training texts contain nothing"
    ):
        Pieces.fit(TextBatch.from_strings([" ", ""]), 100, 1)
    with pytest.raises(
        InputError, match=r"ocr\.units = 'words': one of letters, pieces|must be one"
    ):
        compose_config(["ocr=ctc", "ocr.units=words"])
