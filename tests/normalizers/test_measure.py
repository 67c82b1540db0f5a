from vitrina.normalizers.measure import compare_words
from vitrina.text.batch import TextBatch


def texts(*strings: str) -> TextBatch:
    return TextBatch.from_strings(strings)


def test_restored_words_are_counted_in_order() -> None:
    clean = texts("один два три", "четыре пять", "")
    noisy = texts("0дин д ва три", "четырe пять", "")
    normal = texts("один д ва три", "четыре пять", "")
    counts = compare_words(clean, noisy, normal)
    assert (counts.words, counts.noisy, counts.normal) == (5, 3, 1)
    assert counts.restored == 1 - 1 / 3
    assert counts.intact == 1 - 1 / 5


def test_a_damaging_normalizer_has_a_negative_share() -> None:
    assert compare_words(texts("а б в"), texts("а б г"), texts("г")).restored == -2
    assert compare_words(texts("а"), texts("а"), texts("а")).restored == 0
