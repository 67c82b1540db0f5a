"""Search in the word list of pymorphy3: three million Russian forms (OpenCorpora) in half a second.

The forms are a DAWG, a minimal automaton over UTF-8 bytes in a double array (Daciuk et al. 2000;
Yata et al. 2007). pymorphy3 iterates over it in Python, which takes a minute. Here all paths of
one length advance together, in NumPy, each with its state in an automaton of the parts that are
searched (Aho and Corasick 1975).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

_SEPARATOR = 1
"""Label between a word and its grammar."""


def words_with(parts: Sequence[str], words: Any) -> list[str]:
    """Return the words that contain one of `parts`, sorted.

    Args:
        parts: at least one string, none of them empty.
        words: the DAWG of the words, `MorphAnalyzer().dictionary.words`.
    """
    table, accepts = _automaton([part.encode("utf-8") for part in parts])
    units = np.frombuffer(words.dct._units, dtype=np.uint32)
    guide = np.frombuffer(words.guide._units, dtype=np.uint8)
    nodes, states = np.zeros(1, dtype=np.uint32), np.zeros(1, dtype=np.int32)
    levels: list[tuple[np.ndarray, np.ndarray]] = []
    found: list[str] = []
    while len(nodes):
        steps = [np.zeros((3, 0), dtype=np.uint32)]
        for parents, labels, children in _children(nodes, units, guide):
            inside = labels != _SEPARATOR
            steps.append(np.stack([parents[inside], labels[inside], children[inside]]))
            ends = parents[~inside]
            found += _spelled(ends[accepts[states[ends]]], levels)
        parents, labels, nodes = np.concatenate(steps, axis=1)
        states = table[states[parents], labels]
        levels.append((parents, labels.astype(np.uint8)))
    return sorted(found)


def _children(
    nodes: np.ndarray, units: np.ndarray, guide: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield index of the parent, label and node of the first, second, … child of each node.

    Args:
        nodes: uint32 [num_nodes]. units: uint32, the double array.
        guide: uint8, labels of the first child and the next sibling of each node.
    """
    parents = np.arange(len(nodes), dtype=np.uint32)
    labels = guide[2 * nodes]
    while True:
        some = labels > 0
        parents, labels = parents[some], labels[some].astype(np.uint32)
        if not len(parents):
            return
        unit = units[nodes[parents]]
        offset = (unit >> 10) << ((unit & (1 << 9)) >> 6)
        children = nodes[parents] ^ offset ^ labels
        yield parents, labels, children
        labels = guide[2 * children + 1]


def _spelled(ends: np.ndarray, levels: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[str]:
    """Return the words of the paths that end at indices `ends` of the last level."""
    columns = []
    for parents, labels in reversed(levels):
        columns.append(labels[ends])
        ends = parents[ends]
    if not columns or not len(ends):
        return []
    return [row.tobytes().decode("utf-8") for row in np.stack(columns[::-1], axis=1)]


def _automaton(parts: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Return transitions, int32 [num_states, 256], and whether each state accepts.

    State 0 is the start. Once a part is found, the state does not change.
    """
    children: list[dict[int, int]] = [{}]
    accepts = [False]
    for part in parts:
        state = 0
        for byte in part:
            if byte not in children[state]:
                children[state][byte] = len(children)
                children.append({})
                accepts.append(False)
            state = children[state][byte]
        accepts[state] = True
    table = np.zeros((len(children), 256), dtype=np.int32)
    suffix = [0] * len(children)
    queue = [0]
    for state in queue:
        accepts[state] = accepts[state] or accepts[suffix[state]]
        table[state] = table[suffix[state]]
        for byte, child in children[state].items():
            suffix[child] = int(table[state, byte]) if state else 0
            table[state, byte] = child
            queue.append(child)
    final = np.flatnonzero(accepts)
    table[final] = final[:, None]
    return table, np.array(accepts)
