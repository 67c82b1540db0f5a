"""Parts of a page: escaping, tables, charts."""

from __future__ import annotations

import base64
from html.parser import HTMLParser

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.reports.charts import Chart, Curve, line_chart, value_range
from vitrina.reports.page import PageTable, displayable, markup, render
from vitrina.reports.pictures import drawn_words, line_pictures, salient_text, scaled
from vitrina.reports.saliency import Salient

RENDERER = GlyphRenderer([], 12, 24)


class Words(HTMLParser):
    """Parses HTML into its text and its tags."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.tags = "", []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(max_examples=60)
@given(st.text(alphabet=st.characters(), max_size=30))
def test_markup_escapes_any_text(text: str) -> None:
    found = Words(markup("<p>{}</p>", text))
    assert found.tags == ["p"]
    assert found.text.replace("\r", "\n") == displayable(text).replace("\r", "\n")
    found.text.encode("utf-8")
    if text.isprintable() and text.isascii():
        assert found.text == text


@settings(max_examples=25)
@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_is_split_into_drawn_words(text: str) -> None:
    line, words, edges = drawn_words(RENDERER, text)
    assert [word.left for word in words[1:]] == [word.right for word in words[:-1]]
    assert words[0].left == 0 and words[-1].right == line.shape[1] == edges[-1]
    assert Words(str(line_pictures(RENDERER, text))).tags == ["div", *["img"] * len(words)]


@settings(max_examples=25)
@given(st.text("аб<&> ", max_size=20), st.integers(0, 100))
def test_salient_text_keeps_text_with_any_spans(text: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    ends = random.integers(0, len(text) + 1, size=(2, 5))
    starts, ends = ends.min(axis=0), ends.max(axis=0)
    salient = Salient(text, starts, ends, random.normal(size=5), 0.0)
    assert Words(str(salient_text(salient))).text == text


def test_weights_are_scaled_to_largest() -> None:
    assert scaled(np.array([1.0, -4.0, 0.0])).tolist() == [0.25, -1.0, 0.0]
    assert scaled(np.zeros(2)).tolist() == [0.0, 0.0] and len(scaled(np.zeros(0))) == 0


def page_of(table: PageTable, *charts: Chart) -> str:
    """Render a page with a table and charts."""
    attacks = {"table": table, "chart": charts[0]} if charts else None
    report = {"differences": table, "attacks": attacks}
    sections = {"differences": "<D>", "attacks": "A"} if charts else {"differences": "<D>"}
    return render("sweep", title="<t>", subtitle="", sections=sections, report=report)


def test_tables_have_row_and_column_headings() -> None:
    page = page_of(PageTable("about <it>", ["a", "b"], [["x", "<y>"]], words=[1]))
    assert '<th scope="row">x</th>' in page and '<th scope="col">a</th>' in page
    assert '<td class="words">&lt;y&gt;</td>' in page and 'tabindex="0"' in page
    assert "about &lt;it&gt;" in page and "<title>&lt;t&gt;</title>" in page
    assert '<h2 id="differences">&lt;D&gt;</h2>' in page


def test_chart_has_alternative_text() -> None:
    curve = Curve("a<b", [(0, 0.9), (1, float("nan")), (2, 0.7)], [(0, 0.8, 1.0), (2, 0.6, 0.8)])
    chart = line_chart([curve, Curve("$c_", [(0, 0.5)])], title="F1", x_title="level")
    assert chart.description == "F1. a<b: 0.900 at 0, 0.700 at 2; $c_: 0.500 at 0"
    page = page_of(PageTable("", [], []), chart)
    assert 'alt="F1. a&lt;b: 0.900 at 0, 0.700 at 2; $c_: 0.500 at 0"' in page
    assert "</span> a&lt;b</li>" in page  # the legend
    svg = base64.b64decode(chart.image.partition("base64,")[2]).decode("utf-8")
    assert ">level</text>" in svg and "<script" not in svg
    assert line_chart([curve, Curve("$c_", [(0, 0.5)])], title="F1", x_title="level") == chart
    empty = line_chart([Curve("c", [(0, None)])], title="F1", x_title="")  # type: ignore[list-item]
    assert "F1: undefined" in (page := page_of(PageTable("", [], []), empty)) and "<img" not in page


def test_value_range_is_clipped_for_scores() -> None:
    low, high = value_range([Curve("", [(0, 0.63), (1, 0.71)], [(0, -0.4, 1.6)])])
    assert (low, high) == (-0.05, 1.05)
    low, high = value_range([Curve("", [(0, 0.63), (1, 0.71)])], 0.5)
    assert 0.45 < low < 0.5 and 0.71 < high < 0.75
    low, high = value_range([Curve("", [(0, 0.5)])])
    assert low < 0.5 < high
