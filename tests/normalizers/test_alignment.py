from hypothesis import given, settings
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


@settings(deadline=None)
@given(st.sampled_from(list(NORMALIZERS)), st.lists(odd, max_size=4))
def test_words_of_normalised_texts_are_traced_back_as_one_by_one(
    kind: str, strings: list[str]
) -> None:
    given_, normalizer = TextBatch.from_strings(strings), NORMALIZERS[kind]
    shown = normalizer(given_)
    words = written_words(shown)
    traced = align_spans(words, shown, given_, normalizer)
    wanted = []
    for index, text in enumerate(strings):
        _, back = normalizer.with_offsets(text)
        some = words.part(index, index + 1)
        spans = zip(some.starts.tolist(), some.ends.tolist(), strict=True)
        wanted += [back.to_original(start, end) for start, end in spans]
    assert list(zip(traced.starts.tolist(), traced.ends.tolist(), strict=True)) == wanted


def test_nothing_is_traced_where_nothing_changed() -> None:
    texts = TextBatch.from_strings(["ничего не изменилось"])
    words = written_words(texts)
    assert align_spans(words, texts, texts, NoNormalizer()) is words
