import pytest

from vitrina.text import markdown, markup
from vitrina.text.edits import edited


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("&amp;lt;3 &amp;amp;amp;quot;", '<3 "'),
        ("&#1076;&#1091&#x440;", "дур"),
        ("&amp; &amp;x; AT&T &nosuch;", "& &x; AT&T &nosuch;"),
    ],
)
def test_entities_are_decoded_at_any_depth(text: str, shown: str) -> None:
    assert edited(text, markup.entities(text))[0] == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ду<wbr>рак <mark>да</mark>", "дурак да"),
        ("б<b>л</b>я ду<x>рак", "бля дурак"),
        ("<my-tag data-x='1'>да</my-tag>", "да"),
        ("<input disabled><a href=x download>да</a>", "да"),
        ("раз<p>два</p>три<img src=x>", "раз два три"),
        ("a<b и c>d, <ник>, <nick>, x < y > z, <3", "a<b и c>d, <ник>, <nick>, x < y > z, <3"),
        ("<!doctype html>да", "да"),
    ],
)
def test_tags_vanish(text: str, shown: str) -> None:
    assert edited(text, markup.tags(text))[0] == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("а<!-- б -->в<!-->г--><!-- конца нет", "авг--><!-- конца нет"),
        ("<script>x = '<b>'</script>да<STYLE type=a>b {}</style >нет", "данет"),
        ("<![CDATA[нет]]>да", "да"),
    ],
)
def test_hidden_content_vanishes(text: str, shown: str) -> None:
    assert edited(text, markup.hidden(text))[0] == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ду[b]ра[/B]к [url=http://a.ru]тут[/url]", "дурак тут"),
        ("[quote=Имя]да[/quote]нет", " да нет"),
        ("[b] один, два [/i], [user], [нет][/нет]", "[b] один, два [/i], [user], [нет][/нет]"),
    ],
)
def test_pairs_of_bbcode_vanish(text: str, shown: str) -> None:
    assert edited(text, markup.bbcode(text))[0] == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**ты тупой** *вздыхает* __слово__ _да нет_!", "ты тупой вздыхает слово да нет!"),
        ("~~об||озвать||~~, ~~да~~, это~~~~т", "обозвать, да, этот"),
        ("||ты тупой|| `код` ду`ра`к", "ты тупой код дурак"),
        ("п**дец и х**, *уй и бл*, б**л**я", "п**дец и х**, *уй и бл*, б**л**я"),
        ("2 * 3 * 4, 6*5*4, :-* и :*, *О*, ***", "2 * 3 * 4, 6*5*4, :-* и :*, *О*, ***"),
        ("х||й п||ц a || b || c", "х||й п||ц a || b || c"),
        (
            "об`єкт, суб`єкт :`( бла :`( тт__тт ~~ да ~~",
            "об`єкт, суб`єкт :`( бла :`( тт__тт ~~ да ~~",
        ),
    ],
)
def test_pairs_of_marks_vanish_and_masks_stay(text: str, shown: str) -> None:
    assert edited(text, markdown.marks(text))[0] == shown


def test_links_show_their_text() -> None:
    text = "[тут](http://a.ru/(x)) ![вид](www.b) [а](б) [](/c)"
    assert edited(text, markdown.links(text))[0] == "тут вид [а](б) "
