from hypothesis import given
from hypothesis import strategies as st

from vitrina.config import compose_config
from vitrina.normalizers.alignment import align_spans
from vitrina.normalizers.base import NoNormalizer
from vitrina.normalizers.build import build_normalizer
from vitrina.registry import components
from vitrina.text.batch import TextBatch
from vitrina.text.words import written_words

NORMALIZERS = {
    kind: build_normalizer(compose_config([f"normalizer={kind}"]).normalizer)
    for kind in components("normalizer")
    if kind != "recognizer"  # needs a run
}
odd = st.text(
    st.one_of(st.sampled_from("аи жoпaeж0}|{.*\u0306\u200b\ufb01\ufdfa½Ａ!"), st.characters()),
    max_size=10,
)


@given(st.sampled_from(list(NORMALIZERS)), st.lists(odd, max_size=4))
def test_aligned_spans_equal_the_offset_maps(kind: str, strings: list[str]) -> None:
    source, normalizer = TextBatch.from_strings(strings), NORMALIZERS[kind]
    normalized = normalizer(source)
    words = written_words(normalized)
    aligned = align_spans(words, normalized, source, normalizer)
    expected = []
    for index, text in enumerate(strings):
        _, offsets = normalizer.with_offsets(text)
        part = words.part(index, index + 1)
        spans = zip(part.starts.tolist(), part.ends.tolist(), strict=True)
        expected += [offsets.to_original(start, end) for start, end in spans]
    assert list(zip(aligned.starts.tolist(), aligned.ends.tolist(), strict=True)) == expected


def test_spans_of_unchanged_texts_are_returned_as_is() -> None:
    texts = TextBatch.from_strings(["ничего не изменилось"])
    words = written_words(texts)
    assert align_spans(words, texts, texts, NoNormalizer()) is words
