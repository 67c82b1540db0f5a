import pytest

from vitrina.text import addresses
from vitrina.text.cleaning import clean
from vitrina.text.config import CleaningConfig
from vitrina.text.edits import edited


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("https://ты-тупой-дурак.рф", "ты тупой дурак"),
        ("да https://ok.ru/video/123, youtube.com/watch?v=1", "да , "),
        ("www.пару.рф, за-www.лишь.рф тот", "пару, за-лишь тот"),
        ("https://a.ru/%D0%B4%D0%B0?q=%D0%BD%D0%B5%D1%82+он#и", "да нет он и"),
        ("https://a.ru/%D0%B4%D0", ""),  # not UTF-8
        ("http://xn--80ahcnkj9e.xn--p1ai/", b"xn--80ahcnkj9e".decode("idna")),
        ("http://xn--\u2603 http://xn--99999999999", " "),
        ("(https://дурак.рф) да", "(дурак) да"),
        ("сhttp://ж.рф", "с ж"),
        ("https://a.ru/cyкa-123", "cyкa"),
    ],
)
def test_links_are_read_as_their_words(text: str, read: str) -> None:
    assert edited(text, addresses.links(text))[0] == read


def test_words_of_links_map_to_themselves() -> None:
    text = "см. https://ты-дурак.рф/%D0%B4"
    _, offsets = edited(text, addresses.links(text))
    spans = [offsets.to_original(a, b) for a, b in ((4, 6), (7, 12), (13, 14))]
    assert [text[a:b] for a, b in spans] == ["ты", "дурак", "%D0%B4"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("класс@mail.ru, a@b.ru е@ётс@, да@х", "класс, a@b.ru е@ётс@, да@х"),
        ("cyкa@mail.ru а.б@x.y.org", "cyкa а.б"),
    ],
)
def test_a_host_behind_a_word_vanishes(text: str, read: str) -> None:
    assert edited(text, addresses.mail(text))[0] == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("#тытупойдурак (#да_нет) #раз#два", "тытупойдурак (да_нет) раз два"),
        ("п#дец #1 #уй C# ## #12а a#bcd #абв# &#38;", "п#дец #1 #уй C# ## 12а a#bcd #абв# &#38;"),
    ],
)
def test_hashtags_lose_their_sign(text: str, read: str) -> None:
    assert edited(text, addresses.hashtags(text))[0] == read


def test_mentions_show_the_name() -> None:
    assert clean("[id1|ты тупой дурак], [club2:a-1|]да", CleaningConfig()).text == (
        "ты тупой дурак, да"
    )
