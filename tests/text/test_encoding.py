import pytest

from vitrina.text.edits import edited
from vitrina.text.encoding import decoded


@pytest.mark.parametrize("codec", ["latin-1", "cp1251", "cp1254"])
@pytest.mark.parametrize("text", ["ты тупой дурак!", "Gänsefüßchen", "это да"])
def test_text_in_the_wrong_encoding_is_decoded(codec: str, text: str) -> None:
    try:
        wrong = text.encode().decode(codec)
    except UnicodeError:
        pytest.skip("these bytes are not defined")
    got, offsets = edited(wrong, decoded(wrong))
    assert got == text
    last = text.split()[-1]
    start, end = offsets.to_original(len(text) - len(last), len(text))
    assert wrong[start:end].encode(codec).decode() == last


def test_a_word_among_others_is_decoded() -> None:
    wrong = "дурак".encode().decode("cp1251")
    text = f"Иван {wrong} пишет"
    got, offsets = edited(text, decoded(text))
    assert got == "Иван дурак пишет"
    assert offsets.to_original(5, 10) == (5, 5 + len(wrong))
    assert offsets.to_original(0, 4) == (0, 4)


@pytest.mark.parametrize(
    "text",
    [
        "Я… НЕТ» «Ёлка» № 5 °C",
        "Їжак і ґанок, ўсё",
        "naïve café Ångström ÇA",
        "Δ µ ± § ©",
        "한국 今天",
    ],
)
def test_honest_text_is_unchanged(text: str) -> None:
    assert not decoded(text)
