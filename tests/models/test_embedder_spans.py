"""Code points that each token covers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiny import TEXTS, build
from vitrina.glyphs.segmentation import glyph_spans, segment
from vitrina.text.batch import TextBatch

strings = st.lists(st.text(st.sampled_from("аiш \u0301\u200b\U00013000"), max_size=9), min_size=1)


@settings(max_examples=30)
@given(strings)
def test_glyph_spans_segment_to_their_glyph(strings: list[str]) -> None:
    texts = TextBatch.from_strings(strings)
    tokens, (starts, ends) = segment(texts), glyph_spans(texts)
    assert len(starts) == len(ends) == len(tokens.ids)
    owners = np.repeat(np.arange(len(strings)), tokens.lengths)
    for owner, start, end, glyph in zip(owners, starts, ends, tokens.ids, strict=True):
        alone = segment(TextBatch.from_strings([strings[owner][start:end]]))
        assert [alone.clusters[k] for k in alone.ids] == [tokens.clusters[glyph]]
    for k in range(len(strings)):
        here = owners == k
        assert (starts[here][1:] >= ends[here][:-1]).all()


@pytest.mark.parametrize("kind", ["slices", "line"])
def test_window_spans_cover_the_glyphs_shown(kind: str) -> None:
    embedder = build(kind, "cnn").embedder
    texts = TextBatch.from_strings(TEXTS)
    inputs, (starts, ends) = embedder.tokenizer(texts), embedder.tokenizer.spans(texts)
    assert len(starts) == len(ends) == inputs.num_tokens.sum()
    config = embedder.config  # type: ignore[attr-defined]
    first = 0
    for text, count in zip(TEXTS, inputs.num_tokens.tolist(), strict=True):
        one = TextBatch.from_strings([text])
        tokens, (glyph_starts, glyph_ends) = segment(one), glyph_spans(one)
        renderer = embedder.tokenizer.renderer  # type: ignore[attr-defined]
        widths = [renderer.draw(tokens.clusters[k]).shape[1] for k in tokens.ids]
        edges = np.concatenate([[0], np.cumsum(widths)])
        for window in range(count):
            left, right = window * config.stride_px, window * config.stride_px + config.window_px
            shown = [k for k in range(len(widths)) if edges[k] < right and edges[k + 1] > left]
            span = (starts[first + window], ends[first + window])
            assert span == (glyph_starts[shown[0]], glyph_ends[shown[-1]]), (text, window)
        first += count
