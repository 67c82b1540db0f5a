"""Train and evaluate the n-gram baseline: character n-grams, TF-IDF, logistic regression.

python tools/ngram_rival.py dataset=jsonl dataset.train=train.jsonl noise=published

Takes the settings of main.py for data, task, noise, normalizer and evaluation, and prints the same
tables. It trains on each text once, with one draw of the noise; with task=multilabel it trains one
regression per label. --save-to keeps the scores (metrics.json), the record and the files that the
evaluation writes, such as the examples of evaluation=attack.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console

from vitrina.cli.tool import command, new_parser
from vitrina.config import Config, compose_config
from vitrina.data.dataset import Dataset, load_dataset
from vitrina.errors import require
from vitrina.evaluation.evaluate import Evaluation
from vitrina.evaluation.evaluators import EvaluationTarget, check_evaluation, run_evaluation
from vitrina.evaluation.ngram_baseline import fit_ngrams
from vitrina.evaluation.report import write_metrics
from vitrina.evaluation.suites import build_suites
from vitrina.files import make_folder
from vitrina.inference.load import recognizer_opener
from vitrina.noise.perturbation import build_noise
from vitrina.normalizers.build import build_normalizer
from vitrina.runs.record import make_record, write_json
from vitrina.runs.results import show_tables
from vitrina.state import FittedState
from vitrina.tasks.base import Task
from vitrina.tasks.build import build_task, fit_task
from vitrina.tasks.config import VALIDATION
from vitrina.tasks.noisy_split import NoisyTexts
from vitrina.text.batch import TextBatch


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="as for main.py")
    parser.add_argument("--save-to", type=Path, metavar="FOLDER", help="folder of the scores")
    arguments = parser.parse_args(argv)
    config = compose_config(arguments.settings)
    _check(config.task)
    dataset = load_dataset(config.dataset, config.seed, config.task.label_rules())
    task = build_task(config, FittedState.join({"task": fit_task(config, dataset)}))
    check_evaluation(config.evaluation, task.task_metrics)
    normalizer = build_normalizer(config.normalizer, recognizer_opener(config.device))
    noise = build_noise(config.noise, config.seed)
    train = NoisyTexts.of(dataset.train, noise, normalizer)
    started = time.perf_counter()
    model = fit_ngrams(train.draw(0), task.truth(dataset.train))
    seconds = time.perf_counter() - started

    def predict(texts: TextBatch) -> np.ndarray:
        return model(normalizer(texts))

    evaluation, more_metrics = _evaluate(config, task, dataset, predict, arguments.save_to)
    if arguments.save_to is not None:
        record = make_record(
            config,
            choices={},
            overrides=[*arguments.settings, f"seed={config.seed}"],
            hashes={},
            notes=dataset.notes,
            synthetic=dataset.synthetic,
        )
        write_json(arguments.save_to / "record.json", record)
        metrics = {"train": {"seconds": seconds}, "test": evaluation.metrics(), **more_metrics}
        write_metrics(arguments.save_to / "metrics.json", metrics)
    console = Console()
    show_tables(console, evaluation, more_metrics, synthetic=dataset.synthetic)
    console.print(f"trained in {seconds:.0f} s", highlight=False)


def _evaluate(
    config: Config,
    task: Task,
    dataset: Dataset,
    predict: Callable[[TextBatch], np.ndarray],
    save_to: Path | None,
) -> tuple[Evaluation, dict[str, Any]]:
    """Call `run_evaluation`; without a folder, the files that it writes are not kept."""
    test = dataset.test
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) if save_to is None else save_to
        make_folder(folder)
        return run_evaluation(
            config.evaluation,
            EvaluationTarget(
                predict, task.task_metrics, test, task.truth(test), config.noise, config.dataset
            ),
            build_suites(config.evaluation, test, dataset.extra, task.truth),
            folder,
            progress=lambda line: print(line, file=sys.stderr),
        )


def _check(task: Any) -> None:
    """Check that the baseline supports the settings of the task."""
    allowed = "classification or multilabel for this baseline"
    require(task.labels_texts, "task.kind", task.kind, allowed)
    fixed = {"loss": "cross_entropy", "class_weights": "none", "label_smoothing": 0.0}
    for name, only in fixed.items():
        value = getattr(task, name)
        require(value == only, f"task.{name}", value, f"{only} for this baseline")
    allowed = "a number for this baseline, which does not validate"
    require(task.threshold != VALIDATION, "task.threshold", task.threshold, allowed)


if __name__ == "__main__":
    sys.exit(main())
