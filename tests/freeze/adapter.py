"""The only file of the freeze that knows how the program is called today.

`freeze.py` and `frozen.json` speak in neutral names: those of the commit at which the freeze was
made. When something is renamed, moved or deleted, the tables and functions here are edited, and
nothing else. Neutral names stand on the left, today's on the right.
"""

from __future__ import annotations

import contextlib
import fnmatch
import gc
import io
import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

# --- tables: edit these when a name changes ------------------------------------------------------

SETTINGS: dict[str, str] = {
    "encoder.width": "encoder.dim",
    "encoder.hidden": "encoder.mlp_dim",
    "embedder.width": "embedder.dim",
    "embedder.hidden": "embedder.mlp_dim",
    "embedder.ngram_width": "embedder.ngram_dim",
    "ocr.width": "ocr.dim",
    "ocr.reads": "ocr.source",
    "ocr.steps": "ocr.frames_per_token",
    "evaluation.picture": "evaluation.plot",
    "noise.redraw": "noise.resample_each_epoch",
    "training.final_rate": "training.min_lr_ratio",
    "embedder.min_share": "deobfuscator.min_share",
    "embedder.merge_cosine": "deobfuscator.merge_cosine",
    "embedder.least_cosine": "deobfuscator.min_cosine",
    "embedder.code_shrinkage": "deobfuscator.shrinkage",
    "embedder.code_features": "deobfuscator.features",
    "embedder.context_order": "deobfuscator.order",
    "embedder.context_weight": "deobfuscator.cosine_weight",
    "embedder.context_candidates": "deobfuscator.num_candidates",
    "embedder.context_left_out": "deobfuscator.skip_score",
    "embedder.context_repeated": "deobfuscator.repeat_score",
    "embedder.context_beam": "deobfuscator.beam_size",
    "embedder.respelled": "deobfuscator.spelling",
    "embedder.respelled_missing": "deobfuscator.deletion_score",
    "embedder.respelled_hidden": "deobfuscator.mask_score",
    "embedder.respelled_exchanged": "deobfuscator.swap_score",
    "embedder.respelled_margin": "deobfuscator.spelling_margin",
    "embedder.fold_case": "deobfuscator.fold_case",
    "embedder.skip_signs": "deobfuscator.skip_signs",
    "embedder.join_spaced": "deobfuscator.join_spaced",
}
"""Settings that have another name today: of whole keys or of their beginnings; the longest counts.
Used for overrides (to today's name) and for composed values (back to the neutral one)."""

OVERRIDES: dict[str, list[str]] = {
    "normalizer=reader": ["normalizer=recognizer"],
    "experiment=rivals": ["experiment=baselines"],
    "embedder.context_order=0": ["deobfuscator=codes"],
}
"""Whole overrides that are said in other words today. They come before `SETTINGS`."""

VALUES: dict[tuple[str, Any], Any] = {
    ("normalizer.kind", "reader"): "recognizer",
    ("name", "rivals"): "baselines",
}
"""Composed values that are written in another way today: (neutral key, neutral value) → today's.
With `"*"` for the key, of any key."""

GONE_KEYS: dict[str, str] = {
    # "embedder.features": "the glyph encoder was deleted",
    "training.ema": "averaged weights gain nothing",
    "training.noise_full_at": "growing noise gains nothing",
    "training.noise_from": "growing noise gains nothing",
    "embedder.features": "tokens of the glyph encoder gain nothing",
    "training.schedule": "no preset used another one than one_cycle",
    "embedder.stem": "the strided stem learns less",
    "embedder.shapes": "tokens of the glyph encoder gain nothing",
}
"""Settings that there are no longer, with the reason; patterns. Their rows are passed over, and an
override of one is left out: a case that set it must stand in `DELETED`, unless it does not matter.
"""

NEW_KEYS: dict[str, str] = {
    "deobfuscator.*": "the deobfuscator has settings of its own",
    "deobfuscator": "a group of its own",
    "task.head": "a plugin may have one of its own",
    "task.metrics": "metrics of plugins",
}
"""Settings that came later, with the reason; patterns of neutral keys. No row may hold them."""

OPTION_NAMES: dict[str, str | None] = {
    "normalizer/reader": "normalizer/recognizer",
    "experiment/rivals": "experiment/baselines",
    "normalizer/unicode": None,
}
"""Files of options that have another name today. New options need no entry."""

METRICS: dict[str, str] = {
    # "test.clean.ece": "test.clean.calibration_error",
}
"""Keys of `metrics.json`, by their beginnings, as `SETTINGS`."""

PARTS: dict[str, str] = {
    # "embedder": "tokens.embedder",
    # "head": "decision",
}
"""Names of parameters by their beginnings, as `SETTINGS`. The parts of `weights` rows are the
first names in front of a dot."""

DELETED: dict[str, str] = {
    "options/normalizer/unicode:*": "a step of confusables: it restores nothing by itself",
    "normalizer/unicode:*": "a step of confusables: it restores nothing by itself",
    "run/normalizer/unicode:*": "a step of confusables: it restores nothing by itself",
    "run/embedder/glyphs_shapes:*": "tokens of the glyph encoder gain nothing: 0.936 to 0.937",
    "run/embedder/line_strided:*": "F1 0.759 to 0.849 of the stem of patches",
    "run/noise/growing:*": "growing noise gains nothing: F1 0.848 to 0.850",
    "run/optimizer/muon:*": "no preset used it",
    "run/optimizer/sgd:*": "no preset used it",
    "options/optimizer/muon:*": "no preset used it",
    "options/optimizer/sgd:*": "no preset used it",
    "run/training/cosine:*": "no preset used it",
    "run/training/linear:*": "no preset used it",
    "run/training/constant:*": "no preset used it",
    "run/training/averaged:*": "averaged weights gain nothing: F1 0.844 to 0.850",
    "options:optimizer": "sgd and muon are deleted",
    "options:normalizer": "a step of confusables",
    "options:dataset": "parquet came",
    "experiment/normalizers:sweep:normalizer": "a step of confusables",
    "data/jsonl:*": "splits are stratified by all labels of a component",
    "run/task/labeling_spans:*": "it ran behind normalizer=unicode",
}
"""Rows that there are no longer, with the reason: patterns of `case:key`. Where a pattern ends in
`:*` and matches a case, the case is not even run. Counted with `check --skip-deleted`; without it
they are differences."""

NOT_MEASURED = ("seconds", "fit_seconds", "comments_per_second", "peak_memory_mb", "device")
"""Last names of keys of `metrics.json` that differ from run to run."""


# --- names ---------------------------------------------------------------------------------------


def _renamed(key: str, table: Mapping[str, str]) -> str:
    """`key` with the longest beginning that the table holds replaced."""
    for old in sorted(table, key=len, reverse=True):
        if key == old or key.startswith(old + "."):
            return table[old] + key[len(old) :]
    return key


def _back(table: Mapping[str, str]) -> dict[str, str]:
    return {new: old for old, new in table.items()}


def gone(key: str) -> bool:
    """Whether a setting of that neutral name was deleted."""
    return any(fnmatch.fnmatchcase(key, pattern) for pattern in GONE_KEYS)


def _new(key: str) -> bool:
    return any(fnmatch.fnmatchcase(key, pattern) for pattern in NEW_KEYS)


def deleted(case: str, key: str) -> bool:
    """Whether a row was deleted with a reason."""
    return any(fnmatch.fnmatchcase(f"{case}:{key}", pattern) for pattern in DELETED)


def case_deleted(case: str) -> bool:
    """Whether a whole case was deleted with a reason."""
    wholes = (pattern[:-2] for pattern in DELETED if pattern.endswith(":*"))
    return any(fnmatch.fnmatchcase(case, pattern) for pattern in wholes)


def overrides(neutral: Sequence[str]) -> list[str]:
    """Today's overrides."""
    said: list[str] = []
    for each in neutral:
        if each in OVERRIDES:
            said += OVERRIDES[each]
            continue
        key, _, value = each.partition("=")
        if not gone(key):
            said.append(f"{_renamed(key, SETTINGS)}={value}")
    return said


# --- settings ------------------------------------------------------------------------------------


def composed(neutral: Sequence[str]) -> dict[str, Any]:
    """All values that a run with these overrides has, by neutral key with dots."""
    from vitrina.config import to_dict

    back = _back(SETTINGS)
    flat: dict[str, Any] = {}
    for key, value in _flat(to_dict(_config(neutral))):
        name = _renamed(key, back)
        if not _new(name) and not gone(name):
            flat[name] = _neutral_value(name, value)
    return flat


def option_names(group: str) -> list[str]:
    """The options of a group that were there when the freeze was made and still are."""
    back = {new: old for old, new in OPTION_NAMES.items() if new is not None}
    from vitrina.config import package_folder

    today = _renamed(group, SETTINGS)
    names = [f"{today}/{path.stem}" for path in (package_folder("conf") / today).glob("*.yaml")]
    return sorted(back.get(name, name).split("/")[-1] for name in names)


def sweep_of(experiment: str) -> dict[str, str]:
    """What an experiment sweeps over, as its file says it."""
    from omegaconf import OmegaConf

    from vitrina.config import package_folder

    option = OPTION_NAMES.get(f"experiment/{experiment}") or f"experiment/{experiment}"
    path = package_folder("conf") / f"{option}.yaml"
    swept = OmegaConf.select(OmegaConf.load(path), "hydra.sweeper.params") or {}
    return {_renamed(str(k), _back(SETTINGS)): str(v) for k, v in swept.items()}


def _neutral_value(key: str, value: Any) -> Any:
    for (named, old), new in VALUES.items():
        if named in (key, "*") and value == new and type(value) is type(new):
            return old
    return value


def _flat(values: Mapping[Any, Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        name = f"{before}{key}"
        found += _flat(value, f"{name}.") if isinstance(value, Mapping) and value else []
        if not isinstance(value, Mapping) or not value:
            found.append((name, value))
    return found


def _config(neutral: Sequence[str]) -> Any:
    return _composed_once(tuple(overrides(neutral)))


@cache
def _composed_once(said: tuple[str, ...]) -> Any:
    from vitrina.config import compose_config

    return compose_config(said)


# --- texts ---------------------------------------------------------------------------------------


def _columns(texts: Sequence[str]) -> Any:
    from vitrina.text.batch import TextBatch

    return TextBatch.from_strings(list(texts))


def _offsets(maps: Sequence[Any]) -> list[np.ndarray]:
    """Offset maps as two arrays, of all texts one after the other."""
    starts = [one.starts for one in maps]
    ends = [one.ends for one in maps]
    return [np.concatenate([*starts, [0]]), np.concatenate([*ends, [0]])]


def noisy(neutral: Sequence[str], texts: Sequence[str], seed: int, epoch: int) -> dict[str, Any]:
    """The noise of these overrides over the texts: texts, the way back, where the words are."""
    from vitrina.noise.perturbation import build_noise

    noise = build_noise(_config(neutral).noise, seed)
    clean = _columns(texts)
    words = noise.mark(clean)
    indices = np.arange(len(clean))
    drawn = noise(clean, words, indices, epoch)
    spans = drawn.word_spans()
    joined = noise.corrupted(clean, words, indices, epoch).to_strings()
    assert joined == drawn.texts.to_strings()
    return {
        "texts": joined,
        "words": [spans.starts, spans.ends, words.toxic],
        "offsets": _offsets([drawn.offset_map(index) for index in range(len(texts))]),
    }


def normalized(neutral: Sequence[str], texts: Sequence[str], few: int) -> dict[str, Any]:
    """The normaliser of these overrides over the texts, and the way back of the first `few`."""
    from vitrina.inference.load import recognizer_opener
    from vitrina.normalizers.build import build_normalizer

    normalizer = build_normalizer(_config(neutral).normalizer, recognizer_opener("cpu"))
    together = normalizer(_columns(texts)).to_strings()
    alone = [normalizer.with_offsets(text) for text in texts[:few]]
    return {
        "texts": together,
        "texts_alone": [text for text, _ in alone],
        "offsets": _offsets([back for _, back in alone]),
    }


def cleaned(neutral: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    """The texts without what transport left in them."""
    from vitrina.text.cleaning import clean

    settings = _config(neutral).dataset.cleaning
    done = [clean(text, settings) for text in texts]
    return {
        "texts": [each.text for each in done],
        "offsets": _offsets([each.offsets for each in done]),
    }


def found_words(texts: Sequence[str]) -> dict[str, Any]:
    """Words as noise sees them, toxic ones marked; and as models that label words see them."""
    from vitrina.noise.perturbation import build_noise
    from vitrina.text.words import written_words

    columns = _columns(texts)
    noise = build_noise(_config(["noise=uniform"]).noise, 1, mark_toxic=True)
    words, written = noise.mark(columns), written_words(columns)
    return {
        "words": [words.starts, words.ends, words.offsets, words.toxic],
        "written": [written.starts, written.ends, written.counts],
    }


def glyphs(texts: Sequence[str]) -> dict[str, Any]:
    """Texts as grapheme clusters."""
    from vitrina.glyphs.segmentation import segment

    tokens = segment(_columns(texts))
    return {"clusters": list(tokens.clusters), "tokens": [tokens.ids, tokens.lengths]}


def dataset(neutral: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Texts and labels of each split, and the names of the labels."""
    from vitrina.data.dataset import load_dataset

    config = _config(neutral)
    loaded = load_dataset(config.dataset, config.seed, config.task.label_rules())
    splits = {"train": loaded.train, "val": loaded.val, "test": loaded.test, **loaded.extra}
    told: dict[str, dict[str, Any]] = {}
    for name, split in splits.items():
        told[name] = {"texts": split.texts.to_strings(), "labels": [split.labels]}
        if split.words is not None:
            told[name]["words"] = [split.words.starts, split.words.ends, split.words.labels]
    told["names"] = {"labels": list(loaded.label_names)}
    return told


# --- runs ----------------------------------------------------------------------------------------


def train(neutral: Sequence[str], folder: Path) -> dict[str, Any]:
    """Run it; `metrics.json` by neutral key with dots, without seconds and bytes."""
    from vitrina.experiment import run

    config = _config(neutral)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run(config, folder)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    back = _back(METRICS)
    return {
        _renamed(key, back): value
        for key, value in _flat(metrics)
        if key.split(".")[-1] not in NOT_MEASURED
    }


def losses(folder: Path) -> dict[str, list[float]]:
    """The losses of each step."""
    lines = (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if "loss" in row]
    names = ("loss", "reading_loss", "learning_rate")
    return {name: [row[name] for row in rows] for name in names if name in rows[0]}


def scored_texts(folder: Path) -> dict[str, list[str]]:
    """The texts of each suite as the model was given them."""
    told = {}
    for path in sorted((folder / "predictions").glob("*.jsonl")):
        rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        told[path.stem] = [row["scored_text"] for row in rows]
    return told


def jsonl_texts(folder: Path, names: Sequence[str]) -> list[str]:
    """The field `text` of the rows of files of a run."""
    told = []
    for name in names:
        rows = map(json.loads, (folder / name).read_text(encoding="utf-8").splitlines())
        told += [row["text"] for row in rows]
    return told


class Loaded:
    """A finished run, for use."""

    def __init__(self, folder: Path) -> None:
        import vitrina

        self.model = vitrina.load(folder, "cpu")

    def says(self, texts: Sequence[str]) -> dict[str, Any]:
        """Probabilities and labels of the texts, and of their words where these are labelled."""
        told = self.model.predict(list(texts))
        # `score` is rounded; of two probabilities the second one tells all.
        scores = [list(each.probabilities.values()) for each in told]
        scores = [row[1:] if len(row) == 2 else row for row in scores]
        labels = [
            each.label if isinstance(each.label, str) else "+".join(each.label) for each in told
        ]
        said: dict[str, Any] = {
            "scores": [score for each in scores for score in each],
            "labels": " ".join(labels),
        }
        if told[0].words is not None:
            words = [word for each in told for word in each.words or ()]
            said["words"] = [f"{w.word} {w.start} {w.end} {w.label}" for w in words]
            said["word_scores"] = [w.score for w in words]
        return said

    def labels_texts(self) -> bool:
        """Whether it says labels at all."""
        return bool(self.model.label_names)

    def read(self, texts: Sequence[str]) -> dict[str, Any] | None:
        """What it reads; None of a model that does not."""
        if self.model.model.reader is None:
            return None
        alone = [self.model.reader.with_offsets(text) for text in texts if text]
        return {
            "texts": self.model.read(list(texts)),
            "offsets": _offsets([back for _, back in alone]),
        }

    def tokens(self, texts: Sequence[str]) -> dict[str, Any]:
        """What the embedder makes of the texts on the host, behind cleaning and normaliser."""
        inputs = self.model.pipeline.prepare(self.model.cleaned(texts))
        tables = {name: table.numpy() for name, table in sorted(inputs.tables.items())}
        told: dict[str, Any] = {
            "ids": [inputs.ids.numpy(), inputs.lengths, inputs.num_tokens],
            **{f"table_{name}": [table] for name, table in tables.items()},
        }
        if inputs.line_px is not None:
            told["line_px"] = [inputs.line_px]
        covering = getattr(inputs, "ngram_spans", None)
        if covering is not None:
            told["ngrams_of_tokens"] = [covering]
        return told

    def codes(self, texts: Sequence[str]) -> dict[str, Any] | None:
        """The visual codes that words are read as; None of a model without them."""
        pipeline = self.model.pipeline
        if pipeline.deobfuscator is None or not pipeline.tokenizer.reads_codes:
            return None
        from vitrina.text.ngrams import MarkedWords

        shown = pipeline(self.model.cleaned(texts))
        read = pipeline.deobfuscator(shown)
        words = MarkedWords.of(
            read.codes_L, read.word_L, read.text_of_word_W[read.word_L], len(shown)
        )
        return {
            "line": [words.line, words.offsets, words.text_offsets, words.places],
            "token_of": [read.anchor_L],
        }

    def weights(self) -> dict[str, list[float]]:
        """Of the parameters of each part: how many tensors and numbers, their sum and norm. The
        sums do not depend on the order of the tensors."""
        parts: dict[str, list[Any]] = {}
        back = _back(PARTS)
        for name, values in self.model.model.named_parameters():
            part = _renamed(name, back).split(".")[0]
            parts.setdefault(part, []).append(values.detach().double().numpy())
        return {
            part: [
                len(tensors),
                sum(tensor.size for tensor in tensors),
                math.fsum(float(tensor.sum()) for tensor in tensors),
                math.fsum(float(np.square(tensor).sum()) for tensor in tensors),
            ]
            for part, tensors in parts.items()
        }


def make_checkpoint(folder: Path, kind: str) -> Path:
    """A tiny checkpoint of Hugging Face's form."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    try:
        from checkpoints import make_checkpoint as make
    finally:
        sys.path.pop(0)
    with contextlib.redirect_stderr(io.StringIO()):
        return make(folder, kind)


def prepare() -> None:
    """Once, before anything is computed."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch

    import vitrina.experiment
    import vitrina.inference.load  # noqa: F401

    torch.set_num_threads(1)
    # Of what is imported nothing becomes garbage, and composing makes many small things.
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
