"""Writes folders of runs with synthetic scores, for tests of tables and reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

FAMILIES = ("leet", "spaces")
STRENGTHS = [0.1, 0.5, 1.0]


def write_run(
    folder: Path,
    model: str,
    seed: int,
    f1: float | None,
    *,
    level: int = 1,
    full: bool = False,
    error: str = "",
    **more: Any,
) -> Path:
    """Write a run whose scores derive from `f1`; None: the run has not finished."""
    folder.mkdir(parents=True)
    config = {
        "seed": seed,
        "name": folder.parent.name,
        "noise": {"kind": "uniform", "level_toxic": level},
        "embedder": {"kind": "glyphs" if model == "vtr" else "wordpiece"},
        "task": {"kind": "classification", "positive": None},
        "dataset": {"kind": "jsonl", "label_field": "toxic", "text_field": "text"},
        **more,
    }
    (folder / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(config)), "utf-8")
    record = {
        "choices": {"model": model, "noise": "uniform", "dataset": "jsonl"},
        "overrides": [f"model={model}", f"noise.level_toxic={level}", f"seed={seed}"],
        "command": f"main.py -m model={model} seed={seed}",
        "started": f"2026-01-01T00:0{int(model != 'vtr')}:{seed:02d}+0000",
        "versions": {"vitrina": "0.1.0"},
        "git": {"commit": "0123abcd", "changed": False},
        "hashes": {"train": "00ff"},
        "notes": [],
    }
    (folder / "record.json").write_text(json.dumps(record), "utf-8")
    if f1 is not None:
        metrics = made_up_metrics(f1) | (full_metrics(f1) if full else {})
        (folder / "metrics.json").write_text(json.dumps(metrics), "utf-8")
    if error:
        (folder / "error.txt").write_text(f"{error}\n\nTraceback …", "utf-8")
    return folder


def made_up_metrics(f1: float) -> dict[str, Any]:
    suites = ["clean", *(f"level_{n}" for n in range(1, 5)), "diacritics"]
    test = {
        name: {
            "f1": f1 - 0.02 * place,
            "roc_auc": 0.9,
            "macro_f1": f1,
            "accuracy": f1,
            "average_precision": None,
            "count": 50,
            "labels": {"0": {"f1": f1}, "1": {"f1": f1}},
            "intervals": {"f1": [f1 - 0.05 - 0.02 * place, f1 + 0.05 - 0.02 * place]},
            "chance": {"f1": 0.4, "roc_auc": 0.5},
            "comments_per_second": 100.0,
        }
        for place, name in enumerate(suites)
    }
    return {"train": {"seconds": 12.5, "steps": 9, "num_parameters": 1000}, "test": test}


def full_metrics(f1: float) -> dict[str, Any]:
    """Return the sections that evaluation=full and evaluation=attack add."""
    families = {
        name: {
            "held_out": name == "spaces",
            "scores": {"f1": [[f1 - p / 3 - s / 50 for p in STRENGTHS] for s in range(3)]},
            "intervals": {"f1": [[f1 - p / 3 - 0.1, f1 - p / 3 + 0.1] for p in STRENGTHS]},
            "aunc": {"f1": f1 - 0.15},
            "p50": {"f1": None if name == "leet" else 0.45},
            "worst_of_k": {"f1": [f1 - p / 2 for p in STRENGTHS]},
        }
        for name in FAMILIES
    }
    curves = {
        "strengths": STRENGTHS,
        "noise_seeds": [1, 2, 3],
        "num_texts": 50,
        "families": families,
        "clean": {"f1": f1},
        "chance": {"f1": 0.4},
        "worst_family": {"f1": {"family": "leet", "strength": 1.0, "score": f1 - 0.4}},
    }
    search = {
        "success_rate": [0.0, 0.3, 0.5],
        "intervals": [[0.0, 0.0], [0.2, 0.4], [0.4, 0.6]],
        "mean_queries": [0.0, 10.0, 30.5],
        "f1": [f1, 0.6, 0.4],
        "recall": [0.8, 0.5, 0.3],
    }
    attack = {
        "budgets": [0, 1, 2],
        "num_texts": 20,
        "num_right": 15,
        "searches": {"greedy": search},
        "examples": "attack_greedy.jsonl",
    }
    return {"curves": curves, "attack": attack}
