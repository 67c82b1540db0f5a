"""Validation scores during training, on clean and noisy texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vitrina.data.dataset import Split
from vitrina.models.predictor import Predictor
from vitrina.tasks.base import Task
from vitrina.tasks.noisy_split import VALIDATION_EPOCH, NoisyTexts
from vitrina.tasks.ocr.error_rate import RecognitionEvaluation


def validation_views(val: NoisyTexts) -> dict[str, Split]:
    """Return the validation texts clean and, if there is noise, noisy."""
    views = {"clean": val.split}
    if val.noise.changes:
        views["noisy"] = val.noisy(VALIDATION_EPOCH)
    return views


def validation(
    views: Mapping[str, Split],
    task: Task,
    predictor: Predictor,
    metric: str,
    read: RecognitionEvaluation | None,
) -> Callable[[], dict[str, float]]:
    """Return a function that scores each view; `score` is the mean of their validation scores.

    Args:
        views: validation texts by name, one of which is `clean`.
        task: task of the model.
        predictor: predictor of the model.
        metric: `training.metric`.
        read: evaluation of the CTC head; None without one.
    """
    truths = {name: task.truth(view) for name, view in views.items()}

    def validate() -> dict[str, float]:
        scores: dict[str, float] = {}
        decisive = []
        for name, view in views.items():
            found = task.task_metrics.score(truths[name], predictor(view.texts))
            if read is not None:
                wanted = view if read.config.recognizes_noise else views["clean"]
                found["cer"] = read.measure(view.texts, wanted.texts).cer
            scores |= {f"{name}_{key}": value for key, value in found.items()}
            decisive.append(task.validation_score(found, metric))
        scores["score"] = sum(decisive) / len(decisive)
        return scores

    return validate
