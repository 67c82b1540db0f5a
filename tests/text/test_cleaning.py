import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.text import cleaning
from vitrina.text.cleaning import clean
from vitrina.text.config import CleaningConfig

ALL = CleaningConfig(html=True, urls=True, mentions=True, bom=True)
NONE = CleaningConfig(html=False, urls=False, mentions=False, bom=False)


@pytest.mark.parametrize(
    "text",
    [
        "1 < 2 и 3 > 2",
        "<3 и a<b и c>d",
        "[в скобках] (и в таких) {и тут}",
        "[докапываюсь] ((= ] хвост",
        "[id не упоминание|да]",
        "и/или, т.д./т.п., привет.как дела, AT&T; x&y",
        "почта a@b.ru",
        "<ник> сказал",
        "",
    ],
)
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert clean(text, ALL).text == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("&lt;b&gt; &amp; &quot;x&quot; &#1078;&#x436;", '<b> & "x" жж'),
        ('<a href="http://a.ru">тут</a> <b>да</b>', "тут да"),
        ("раз<br>два<BR/>три", "раз два три"),
        ("<!-- нет -->да", "да"),
        ("см. https://vk.com/id1?a=b, и www.a.ru!", "см. , и !"),
        ("(см. http://a.ru/x_(y))", "(см. )"),
        ("vk.com/wall-1_2 вот", " вот"),
        ("[id123|Имя Фамилия], привет", "привет"),
        ("да, [club1|Клуб] и [id5:bp-1_2|Он] тут", "да,  и  тут"),
        ("\ufeffтекст \ufeff", "текст "),
        ("ï»¿текст", "текст"),
    ],
)
def test_debris_is_removed(text: str, cleaned: str) -> None:
    assert clean(text, ALL).text == cleaned


@pytest.mark.parametrize(
    ("switch", "text"),
    [("html", "<b>&amp;"), ("urls", "http://a.ru"), ("mentions", "[id1|А]"), ("bom", "\ufeff")],
)
def test_each_switch_works_alone(switch: str, text: str) -> None:
    assert clean(text, NONE).text == text
    only = CleaningConfig(**{name: name == switch for name in ("html", "urls", "mentions", "bom")})
    assert len(clean(text, only).text) < len(text)


def test_surrogates_are_decoded_or_replaced() -> None:
    assert clean("а\ud83dб\ud83d\ude00\udc00", NONE).text == "а\ufffdб😀\ufffd"


pieces = st.sampled_from(
    [
        "<b>",
        "<br>",
        "wWw.",
        "ftp://a",
        "Ï»¿",
        "ï»¿",
        "&amp;",
        "http://a.ru/x,",
        "[id1|Аб]",
        "\ufeff",
        "\ud800",
        "\U0001f600",
        "слово ",
        "[",
        "]",
        "<",
        "&",
    ]
)


@given(st.lists(st.one_of(pieces, st.text(max_size=4)), max_size=12).map("".join))
def test_offsets_map_kept_characters_to_themselves(text: str) -> None:
    cleaned = clean(text, ALL)
    assert len(cleaned.offsets) == len(cleaned.text)
    assert cleaned.offsets.length == len(text)
    cleaned.text.encode("utf-8")
    last = 0
    for position, character in enumerate(cleaned.text):
        start, end = cleaned.offsets.to_original(position, position + 1)
        assert last <= start < end <= len(text)
        last = start
        if end - start == 1 and character != "\ufffd":
            assert text[start] == character


@given(st.lists(st.one_of(pieces, st.text(max_size=4)), max_size=4).map("".join))
def test_shortcut_gives_the_same_result(text: str) -> None:
    fast = clean(text, ALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleaning, "_REQUIRED", re.compile(""))  # disables the shortcut
        slow = clean(text, ALL)
    assert fast.text == slow.text
    assert fast.offsets.starts.tolist() == slow.offsets.starts.tolist()


def test_every_kind_of_debris_contains_a_required_character() -> None:
    for debris in (
        "<b>",
        "http://a",
        "WWW.a",
        "wWw.a",
        "a.ru/",
        "&amp;",
        "[id1|А]",
        "\ufeff",
        "ï»¿",
    ):
        assert clean(f"да {debris}" if debris != "ï»¿" else debris, ALL).text != f"да {debris}"
        assert cleaning._REQUIRED.search(debris)
