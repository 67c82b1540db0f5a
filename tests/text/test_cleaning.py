from dataclasses import fields
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.config import compose_config
from vitrina.text import cleaning
from vitrina.text.cleaning import Cleaned, clean
from vitrina.text.config import CleaningConfig

ALL = CleaningConfig()
NONE = CleaningConfig.nothing()


@pytest.mark.parametrize(
    "text",
    [
        "1 < 2 и 3 > 2",
        "<3 и a<b и c>d",
        "a < b",
        "[в скобках] (и в таких) {и тут}",
        "[докапываюсь] ((= ] хвост",
        "[id не упоминание|да]",
        "и/или, т.д./т.п., привет.как дела, AT&T; x&y",
        "почта a@b.ru",
        "<ник> сказал",
        "<nick> да",
        "п**дец, 6*5, :-*, бл* и п**ц, ***",
        "snake_case_name и ____",
        "п#здец, #уй, #1, вы#бала",
        "Я… НЕТ» Ё° «ёлка»",
        "",
    ],
)
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert clean(text, ALL).text == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("&lt;b&gt; &amp; &quot;x&quot; &#1078;&#x436;", ' & "x" жж'),
        ('<a href="http://a.ru">тут</a> <b>да</b>', "тут да"),
        ("раз<br>два<BR/>три", "раз два три"),
        ("<!-- нет -->да", "да"),
        ("см. https://vk.com/id1?a=b, и www.a.ru!", "см. , и !"),
        ("(см. http://a.ru/x_(y))", "(см. )"),
        ("vk.com/wall-1_2 вот", " вот"),
        ("[id123|Имя Фамилия], привет", "Имя Фамилия, привет"),
        ("да, [club1|Клуб] и [id5:bp-1_2|Он] тут", "да, Клуб и Он тут"),
        ("\ufeffтекст \ufeff", "текст "),
        ("ï»¿текст", "текст"),
        ("<<b>b>жи<wbr>р</b>", "жир"),
        ("**т&amp;#1091;п[b]ой[/b]**", "тупой"),
    ],
)
def test_text_has_the_form_in_which_it_is_shown(text: str, cleaned: str) -> None:
    assert clean(text, ALL).text == cleaned


SWITCHES = {
    "encoding": "дурак".encode().decode("cp1252"),
    "html": "<b>&amp;",
    "bbcode": "[b]да[/b]",
    "markdown": "**жирно**",
    "urls": "http://a.ru",
    "mentions": "[id1|А]",
    "hashtags": "#слово",
    "direction": "\u202eад\u202c",
    "bom": "\ufeff",
}


@pytest.mark.parametrize("switch", [field.name for field in fields(CleaningConfig)])
def test_each_switch_works_alone(switch: str) -> None:
    text = SWITCHES[switch]
    assert clean(text, NONE).text == text
    only = compose_config(
        [f"dataset.cleaning.{name}={str(name == switch).lower()}" for name in SWITCHES]
    ).dataset.cleaning
    assert len(clean(text, only).text) < len(text)
    assert all(
        clean(SWITCHES[other], only).text == SWITCHES[other] for other in {*SWITCHES} - {switch}
    )


def test_surrogates_are_decoded_or_replaced() -> None:
    assert clean("а\ud83dб\ud83d\ude00\udc00", NONE).text == "а\ufffdб😀\ufffd"


PIECES = """
<b> <br> <x> < b> <!-- --> <script> </script> & &amp; amp; &lt; &#38; wWw. ftp://a/ http://a.ru/x,
https://да.рф/ %D0%B4 xn--d1a а@b.ru [id1|Аб] [b] [/b] [ ] ]( * ** **да** _да_ ~~ || ` # #слово
Ï»¿ ï»¿ Ð´Ð° РґР° слово ( ) : .
"""
CONTROLS = ["\ufeff", "\ud800", "\u202e", "\u202d", "\u202b", "\u202c", "\u200f", "\n", " ", "😀"]
pieces = st.sampled_from([*PIECES.split(), *CONTROLS])
texts = st.lists(st.one_of(pieces, st.text(max_size=4)), max_size=8).map("".join)


def check_offsets(text: str, cleaned: Cleaned) -> None:
    assert len(cleaned.offsets) == len(cleaned.text)
    assert cleaned.offsets.length == len(text)
    cleaned.text.encode("utf-8")
    last = 0, 0
    for position, character in enumerate(cleaned.text):
        start, end = cleaned.offsets.to_original(position, position + 1)
        assert last[0] <= start < end <= len(text)
        assert last[1] <= end
        last = start, end
        kept = end - start == 1 and character not in "\ufffd "
        if kept and not "\x80" <= text[start] <= "\x9f":  # a wrong encoding of one character
            assert text[start] == character


@given(texts)
def test_offsets_map_kept_characters_to_themselves(text: str) -> None:
    check_offsets(text, clean(text, ALL))


@given(texts)
def test_cleaning_a_cleaned_text_changes_nothing(text: str) -> None:
    """Eight pieces cannot be nested more deeply than the passes reach."""
    once = clean(text, ALL).text
    assert clean(once, ALL).text == once


@given(texts)
def test_shortcut_gives_the_same_result(text: str) -> None:
    if cleaning._REQUIRED.search(text):
        return
    assert all(not step(text) for step in cleaning._steps(ALL))


@pytest.mark.parametrize("debris", [*SWITCHES.values(), "WWW.a", "a.ru/", "[a](/b)", "а@b.ru"])
def test_all_debris_contains_a_required_character(debris: str) -> None:
    assert clean(debris, ALL).text != debris
    assert cleaning._REQUIRED.search(debris)


@settings(max_examples=30)
@given(texts, texts, st.integers(1, 60))
def test_a_limit_gives_the_start_of_the_cleaned_text(head: str, part: str, limit: int) -> None:
    text = f"{head} {part} \n" * (20_000 // (len(head + part) + 3))
    cut, whole = clean(text, ALL, limit), clean(text, ALL)
    assert cut.text == whole.text[:limit]
    check_offsets(text, cut)
    assert cut.offsets.starts.tolist() == whole.offsets.starts[:limit].tolist()


def test_a_limit_bounds_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    whole = cleaning._clean
    monkeypatch.setattr(
        cleaning, "_clean", lambda text, config: read.append(len(text)) or whole(text, config)
    )
    assert clean("слово " * 100_000, ALL, 10).text == "слово слов"
    assert sum(read) < 10_000
    read.clear()
    assert clean("<b>" * 5_000 + "слово " * 100_000, ALL, 10).text == "слово слов"
    assert sum(read) < 50_000
    read.clear()
    assert clean("<b>" * 1_000_000, ALL, 10).text == ""
    assert sum(read) < 200_000


HOSTILE = """
<!-- <script> <style <a~x=" <a~ < </ <<b>b> [id1| [id1 [b] [/b] [quote= [ ]( ![ [a](http:// * **
*аб *~аб _ __а ~~ ~~а | || ||аб ` `а ~`а # #а #абв #1 @ а@ а@a. a.a@ & &amp; &# &#38; &#0 http://
www. a. a.b/ http://a/%d0%b0 http://xn--a http://ж ) ( Р° Ð° ÃÂ \u202e \u202eа \u202b \u202d\u202e
\u202c \ufeff ï»¿
"""


@pytest.mark.parametrize("part", [each.replace("~", " ") for each in HOSTILE.split()])
def test_time_is_linear(part: str) -> None:
    """Eight times the text takes at most 30 times the time; quadratic growth takes 64 times."""

    def seconds(size: int) -> float:
        text = (part * size)[:size]
        taken = []
        for _ in range(3):
            start = process_time()
            clean(text, ALL)
            taken.append(process_time() - start)
        return min(taken)

    assert seconds(65_536) < 30 * seconds(8_192) + 0.1
