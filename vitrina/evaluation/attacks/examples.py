"""Files of adversarial examples, in a form that a model can be trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vitrina.data.rows import Rows
from vitrina.evaluation.attacks.attempts import Attempt
from vitrina.evaluation.report import json_line, with_prediction
from vitrina.files import replacing


def example(attempt: Attempt, search: str, label_names: Sequence[str]) -> dict[str, Any]:
    """What a file of examples says of one text.

    `text` is the edited text and `clean` what it was made of, `label` the true class. `edits` are
    [start, end, written, kind]: `clean[start:end]` became `written`. `distance` is that of the
    edited word that differs most from its drawn original; `score_before` and `score_after` are
    probabilities of the true class, `said` is the class that the model says.
    """
    found_at = len(attempt.queries) - 1 if attempt.found_at is None else attempt.found_at
    distances = attempt.space.word_distances(attempt.chosen)
    return {
        "text": attempt.text,
        "clean": attempt.space.text,
        "label": label_names[attempt.label],
        "search": search,
        "edits": [list(edit) for edit in attempt.edits],
        "queries": attempt.queries[found_at],
        "score_before": round(attempt.clean_score, 6),
        "score_after": round(attempt.score, 6),
        "said": label_names[attempt.said],
        "distance": round(max(distances.values(), default=0.0), 6),
    }


def write_examples(
    path: Path, search: str, attempts: Iterable[Attempt], rows: Rows, label_names: Sequence[str]
) -> None:
    """A line for each attempt: all fields of its row, and those of `example`, as jsonl.

    `dataset=jsonl` reads it: the label stands in the field of the dataset and in `label`. A field
    of the row that has the name of another one is called `original_…`.

    Args:
        rows: by index of the text.
    """
    with replacing(path) as file:
        for attempt in attempts:
            added = example(attempt, search, label_names)
            file.write(json_line(with_prediction(rows[attempt.index], added)) + "\n")
