"""Numbers that refactoring must not change: noise, normalized text, tokens, codes, tiny runs.

`numbers.json` stores them. To update it after an intended change, run
`REWRITE_NUMBERS=1 python -m pytest tests/regression` and give the reason in CHANGELOG.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import small_run
from vitrina.config import compose_config
from vitrina.inference.load import load
from vitrina.noise.perturbation import build_noise
from vitrina.normalizers.build import build_normalizer
from vitrina.text.batch import TextBatch

FILE = Path(__file__).parent / "numbers.json"
TEXTS = [
    "Не слушай этого дурака, жопа он!",
    "}|{0па x_у_й 6лядь",
    "о\u0301чень \u200bх\u00adорошо",
    "",
    "п р и в е т, М И Р",
    "👍🏽 中文 γειά \U00013000",
    "Это совершенно обычный комментарий о погоде и природе.",
]
TINY = ("dataset.num_comments=120", "training.epochs=1", "encoder.dim=32", "training.batch_size=16")
RUNS = {
    "vtr_glyphs": ("model=vtr_glyphs", "embedder.num_buckets=500", "embedder.ngram_dim=8"),
    "vtr_line": ("model=vtr_line",),
    "ttr_deobfuscated": ("model=ttr", "encoder=cnn", "deobfuscator=words"),
}


def digest(*values: Any) -> str:
    """Hash texts and integer arrays."""
    found = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            found.update(np.ascontiguousarray(value.astype(np.int64)).tobytes())
        else:
            found.update(json.dumps(value, ensure_ascii=True).encode("ascii"))
    return found.hexdigest()[:16]


def noise_digest(options: Sequence[str]) -> str:
    noise = build_noise(compose_config(options).noise, 7)
    texts = TextBatch.from_strings(TEXTS * 5)
    return digest(noise(texts, noise.mark(texts), np.arange(len(texts)), 2).texts.to_strings())


def run_numbers(folder: Path, options: Sequence[str]) -> dict[str, Any]:
    small_run(folder, *options, *TINY)
    model = load(folder, "cpu")
    pipeline = model.pipeline
    shown = pipeline(model.cleaned(TEXTS))
    tokens = pipeline.tokenize(shown)
    tables = [tokens.tables[name].numpy() for name in sorted(tokens.tables) if name == "rows"]
    scores = [list(each.probabilities.values())[-1] for each in model.predict(TEXTS)]
    return {
        "texts": digest(shown.to_strings()),
        "tokens": digest(tokens.ids.numpy(), tokens.lengths, *tables),
        "scores": scores,
    }


NOISES = [
    *(f"noise={name}" for name in ("published", "uniform", "mixed", "diacritics", "unseen")),
    *(f"noise.level_toxic={level}" for level in (1, 2, 3)),
    "noise=families",
]
NORMALIZERS = ("confusables", "rules")


def stored() -> dict[str, Any]:
    return json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}


def compare(key: str, found: Any) -> None:
    """Compare with the stored numbers: texts and integers exactly, scores to 1e-4."""
    if os.environ.get("REWRITE_NUMBERS"):
        FILE.write_text(json.dumps(stored() | {key: found}, indent=1, sort_keys=True) + "\n")
        return
    wanted = stored()[key]
    if isinstance(found, dict):
        assert found.pop("scores") == pytest.approx(wanted.pop("scores"), abs=1e-4), key
    assert found == wanted, key


@pytest.mark.parametrize("option", NOISES)
def test_noise(option: str) -> None:
    compare(option, noise_digest([option]))


@pytest.mark.parametrize("name", NORMALIZERS)
def test_normalized_texts(name: str) -> None:
    normalizer = build_normalizer(compose_config([f"normalizer={name}"]).normalizer)
    compare(name, digest(normalizer(TextBatch.from_strings(TEXTS)).to_strings()))


@pytest.mark.parametrize("name", RUNS)
def test_runs(name: str, tmp_path: Path) -> None:
    compare(name, run_numbers(tmp_path / "run", RUNS[name]))
