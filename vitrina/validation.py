"""How a model does while it trains: scores on the validation texts, clean and noisy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vitrina.data.dataset import Split
from vitrina.evaluation.reading import ReadingEvaluation
from vitrina.models.inference import Predictor
from vitrina.pipeline import VALIDATION_EPOCH, NoisyTexts
from vitrina.tasks.base import Task


def validation_views(val: NoisyTexts) -> dict[str, Split]:
    """The validation texts clean and, where there is noise, noisy."""
    views = {"clean": val.split}
    if val.noise.changes:
        views["noisy"] = val.noisy(VALIDATION_EPOCH)
    return views


def validation(
    views: Mapping[str, Split],
    task: Task,
    predictor: Predictor,
    metric: str,
    read: ReadingEvaluation | None,
) -> Callable[[], dict[str, float]]:
    """Gives scores on each view of the validation texts, and as `score` the mean of `metric`.

    Args:
        views: the validation texts by name, one of which is `clean`.
        task: knows what is true of them, and how it is scored.
        predictor: of the model as it stands when the scores are asked for.
        metric: the score by which the best weights are chosen.
        read: what the model reads is measured too; None for one that does not read.
    """
    truths = {name: task.truth(view) for name, view in views.items()}

    def validate() -> dict[str, float]:
        scores: dict[str, float] = {}
        for name, view in views.items():
            found = task.scoring.score(truths[name], predictor(view.texts))
            scores |= {f"{name}_{key}": value for key, value in found.items()}
            if read is not None:
                wanted = view if read.config.target == "drawn" else views["clean"]
                scores[f"{name}_cer"] = read.measure(view.texts, wanted.texts).cer
        scores["score"] = sum(scores[f"{name}_{metric}"] for name in views) / len(views)
        return scores

    return validate
