import numpy as np
import pytest
from hypothesis import given, settings

from tests.tasks.ocr.reading_texts import strings
from vitrina.errors import InputError
from vitrina.tasks.ocr.alphabet import BLANK, UNKNOWN, Alphabet, as_letters
from vitrina.text.batch import TextBatch


def fitted(texts: list[str], min_count: int) -> Alphabet:
    return Alphabet(Alphabet.fit(TextBatch.from_strings(texts), min_count).texts["characters"])


def test_rare_characters_share_one_symbol() -> None:
    alphabet = fitted(["ааб", "абв", "\ufffd\ufffd"], 2)
    assert alphabet.num_symbols == 4  # blank, unknown, а, б
    read = alphabet.encode(TextBatch.from_strings(["баX", "", "в"]))
    assert read.ids.tolist() == [3, 2, UNKNOWN, UNKNOWN]
    assert read.offsets.tolist() == [0, 3, 3, 4]
    assert alphabet.decode(read).to_strings() == ["ба\ufffd", "", "\ufffd"]


def test_white_space_is_one_letter_and_invisible_characters_are_dropped() -> None:
    letters = as_letters(TextBatch.from_strings(["а\t\u00a0\u200bб\u00ad", "\u200b", "\u2003"]))
    assert letters.to_strings() == ["а  б", "", " "]


@settings(max_examples=30)
@given(strings)
def test_decoding_inverts_encoding(texts: list[str]) -> None:
    alphabet = fitted(["абвгж \u0301"], 1)
    read = alphabet.encode(TextBatch.from_strings(texts))
    wanted = as_letters(TextBatch.from_strings(texts)).to_strings()
    assert alphabet.decode(read).to_strings() == wanted
    assert (read.ids != BLANK).all()
    order = np.arange(len(texts))[::-1]
    assert alphabet.decode(read.take(order)).to_strings() == wanted[::-1]


def test_an_alphabet_without_characters_is_refused() -> None:
    with pytest.raises(InputError, match=r"ocr\.min_count = 3: no character occurs that often"):
        Alphabet.fit(TextBatch.from_strings(["аабб"]), 3)
