import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.data.splits import assign, components, near_duplicate_hashes, stratified_sample
from vitrina.text import batch
from vitrina.text.batch import TextBatch

anything = st.text(st.one_of(st.characters(), st.sampled_from("аАбБ 1!._\ud800İΣςⅣ²")), max_size=8)
keys = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=25)
some_labels = st.lists(st.integers(0, 3), min_size=1, max_size=80)
fractions = st.sampled_from([[0.8, 0.1, 0.1], [0.9, 0.1], [0.5, 0.25, 0.25], [0.34, 0.33, 0.33]])
seeds = st.integers(0, 2**63 - 1)


def slow_letters(text: str) -> str:
    return "".join(re.findall(r"[^\W\d_]", text.lower())) or text


@given(st.lists(anything, max_size=8), st.sampled_from([5, batch.PIECE]))
def test_near_duplicates_have_equal_lower_case_letters(strings: list[str], piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "PIECE", piece)
        hashes = near_duplicate_hashes(TextBatch.from_strings(strings))
    for i, one in enumerate(strings):
        for j, other in enumerate(strings):
            assert (hashes[i] == hashes[j]) == (slow_letters(one) == slow_letters(other))


def test_near_duplicates_as_documented() -> None:
    strings = ["Ну, привет!", "ну привет 123", "ну приветы", "...", "..", "..."]
    hashes = near_duplicate_hashes(TextBatch.from_strings(strings)).tolist()
    assert hashes[0] == hashes[1] != hashes[2]
    assert hashes[3] == hashes[5] != hashes[4]


@given(keys)
def test_components_equal_a_graph_search(pairs: list[tuple[int, int]]) -> None:
    columns = [np.array(column) for column in zip(*pairs, strict=True)]
    found = components(columns).tolist()
    assert set(found) == set(range(len(set(found))))
    for i in range(len(pairs)):
        reached, front = {i}, {i}
        while front:
            front = {
                k
                for k, pair in enumerate(pairs)
                for j in front
                if pair[0] == pairs[j][0] or pair[1] == pairs[j][1]
            } - reached
            reached |= front
        assert {k for k, other in enumerate(found) if other == found[i]} == reached


@given(some_labels, fractions, seeds)
def test_single_rows_are_split_exactly(labels: list[int], shares: list[float], seed: int) -> None:
    split = assign(np.array(labels), np.arange(len(labels)), shares, seed)
    counts = Counter(zip(labels, split.tolist(), strict=True))
    for label, total in Counter(labels).items():
        for number, share in enumerate(shares):
            assert abs(counts[label, number] - total * share) < 1


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20)), min_size=1), fractions, seeds)
def test_components_stay_whole_and_sizes_are_close_to_the_fractions(
    rows: list[tuple[int, int]], shares: list[float], seed: int
) -> None:
    labels = np.array([label for label, _ in rows])
    component = np.unique([number for _, number in rows], return_inverse=True)[1]
    split = assign(labels, component, shares, seed)
    members = [np.flatnonzero(component == number) for number in range(component.max() + 1)]
    assert all(len(set(split[member].tolist())) == 1 for member in members)
    largest = max(map(len, members))
    for label in set(labels.tolist()):
        for number, share in enumerate(shares):
            size = int((labels[split == number] == label).sum())
            assert abs(size - int((labels == label).sum()) * share) <= largest


def test_splits_are_stratified_if_groups_mix_labels() -> None:
    random = np.random.default_rng(1)
    labels, component = random.choice(3, 3000, p=[0.55, 0.43, 0.02]), np.arange(3000) // 3
    split = assign(labels, component, [0.8, 0.1, 0.1], 1)
    counts = np.array([np.bincount(labels[split == number]) for number in range(3)])
    assert np.abs(counts - np.outer([0.8, 0.1, 0.1], np.bincount(labels))).max() < 2


def test_splits_depend_on_the_seed() -> None:
    labels, component = np.arange(200) % 2, np.arange(200)
    first, again, other = (assign(labels, component, [0.8, 0.2], seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@given(some_labels, st.data())
def test_a_sample_contains_every_label_at_its_share(labels: list[int], data: st.DataObject) -> None:
    counts = Counter(labels)
    size = data.draw(st.integers(len(counts), len(labels)))
    chosen = stratified_sample(np.array(labels), size, data.draw(seeds)).tolist()
    assert len(chosen) == size
    assert chosen == sorted(set(chosen))
    taken = Counter(labels[i] for i in chosen)
    assert taken.keys() == counts.keys()
    ideal = {label: count * size / len(labels) for label, count in counts.items()}
    if min(ideal.values()) >= 1:
        assert all(abs(taken[label] - ideal[label]) < 1 for label in counts)


def test_a_sample_depends_on_the_seed() -> None:
    labels = np.arange(300) % 3
    first, again, other = (stratified_sample(labels, 30, seed).tolist() for seed in (1, 1, 2))
    assert first == again != other
    assert stratified_sample(labels, 300, 1).tolist() == list(range(300))
