"""Collects, writes and shows the results of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from vitrina.config import Config
from vitrina.evaluation.evaluate import Evaluation
from vitrina.evaluation.plot import draw_innocent, draw_levels
from vitrina.evaluation.report import write_metrics
from vitrina.evaluation.tables import (
    attack_table,
    curves_table,
    innocent_table,
    labels_table,
    pairs_line,
    recognition_table,
    results_table,
    review_table,
)
from vitrina.models.model import Model
from vitrina.runs.memory import peak_memory_mb
from vitrina.tasks.ocr.error_rate import RecognitionEvaluation
from vitrina.training.checkpoints import TrainState
from vitrina.training.trackers.base import Tracker


def collect_metrics(
    state: TrainState,
    fit_seconds: float,
    model: Model,
    device: torch.device,
    evaluation: Evaluation,
    read: RecognitionEvaluation | None = None,
) -> dict[str, Any]:
    """Return the content of `metrics.json`; its seconds exclude validation."""
    seconds = max(state.seconds, 1e-9)
    best = next(each for each in state.validations if each["step"] == state.best_step)
    train = {
        "steps": state.step,
        "best_step": state.best_step,
        "stopped_early": state.stopped_early,
        "seconds": state.seconds,
        "fit_seconds": fit_seconds,
        "comments_per_second": state.num_texts / seconds,
        "num_parameters": model.num_parameters(),
        "peak_memory_mb": peak_memory_mb(device),
        "device": str(device),
        "threads": torch.get_num_threads(),
    }
    test = evaluation.metrics()
    if read is not None:
        train["infeasible"] = state.infeasible_sum / max(state.step, 1)
        for name, scores in read.metrics().items():
            test[name] |= scores
    return {"train": train, "val": best, "test": test}


def show_tables(
    console: Console, evaluation: Evaluation, metrics: dict[str, Any], *, synthetic: bool
) -> None:
    """Print tables of the scores of the suites and of all other `metrics`."""
    if evaluation.task_metrics.shown:
        console.print(results_table(evaluation, synthetic=synthetic))
    by_label = labels_table(evaluation)
    if by_label is not None:
        console.print(by_label)
    if by_label is not None and "thresholds" in metrics:
        values = ", ".join(f"{name} {value:.3f}" for name, value in metrics["thresholds"].items())
        console.print(f"decision thresholds: {values}", markup=False, highlight=False)
    if "pairs" in metrics:
        console.print(pairs_line(metrics["pairs"]), markup=False, highlight=False)
    if "review" in metrics:
        console.print(review_table(metrics["review"], synthetic=synthetic))
    if "innocent" in metrics:
        console.print(innocent_table(metrics["innocent"], synthetic=synthetic))
    if "curves" in metrics:
        console.print(curves_table(metrics["curves"], synthetic=synthetic))
    if "attack" in metrics:
        console.print(attack_table(metrics["attack"], synthetic=synthetic))


def report(
    config: Config,
    folder: Path,
    evaluation: Evaluation,
    read: RecognitionEvaluation | None,
    metrics: dict[str, Any],
    tracker: Tracker,
    console: Console,
    synthetic: bool,
    pictures: Sequence[Path] = (),
) -> None:
    """Write and show the results. `metrics.json`, which marks a finished run, is written last.

    Args:
        pictures: image files that the task wrote.
    """
    for note in [*evaluation.notes, *(read.notes() if read else [])]:
        console.print(note, markup=False, highlight=False)
    picture = folder / "levels.png"
    if config.evaluation.plot:
        drawn = draw_levels(evaluation, picture, title=folder.name, synthetic=synthetic)
        if drawn:
            tracker.log_image(picture)
    if config.evaluation.plot and "innocent" in metrics:
        picture = folder / "innocent.png"
        draw_innocent(metrics["innocent"], picture, title=folder.name, synthetic=synthetic)
        tracker.log_image(picture)
    for each in pictures:
        tracker.log_image(each)
    rows = [
        [name, *(suite.scores[key] for key in evaluation.task_metrics.metrics)]
        for name, suite in evaluation.suites.items()
    ]
    tracker.log_table("scores", ["suite", *evaluation.task_metrics.metrics], rows)
    if read is not None:
        rows = [[name, each.cer, each.infeasible] for name, each in read.scores.items()]
        tracker.log_table("reading", ["suite", "cer", "infeasible"], rows)
    tracker.log_summary(metrics)
    tracker.log_artifact(folder / "checkpoints" / "best.safetensors")
    write_metrics(folder / "metrics.json", metrics)
    (folder / "error.txt").unlink(missing_ok=True)
    show_tables(console, evaluation, metrics, synthetic=synthetic)
    if read is not None and read.scores:
        console.print(recognition_table(read.scores, read.config.target, synthetic=synthetic))
    train = metrics["train"]
    console.print(
        f"trained in {train['seconds']:.0f} s ({train['comments_per_second']:.0f} comments/s), "
        f"best step {train['best_step']} of {train['steps']}",
        highlight=False,
    )
    console.print(f"results: {folder}", highlight=False, soft_wrap=True)
