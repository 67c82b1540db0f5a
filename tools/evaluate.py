"""Evaluate a finished run again, or any classifier that is a command.

python tools/evaluate.py RUN_FOLDER evaluation=full
python tools/evaluate.py RUN_FOLDER evaluation=attack evaluation.max_edits=3 dataset.limit_test=200
python tools/evaluate.py --command "python my_model.py" --data=comments.jsonl evaluation=full
python tools/evaluate.py --command "python my_model.py" --data=a.jsonl --deobfuscate=RUN_FOLDER

KEY=VALUE sets a key of `evaluation` or `dataset`. Scores of a run are written to
RUN_FOLDER/evaluations/NAME; the run's own scores are not changed. A command is started once per
suite. It reads one text per line as a JSON string (with --plain as plain text, without line breaks)
and writes one line per text: the probability of the positive class. With --deobfuscate, texts first
pass the normalizer and the deobfuscator of that run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from vitrina import config as configuration
from vitrina.cli.tool import command, new_parser
from vitrina.config import Config
from vitrina.data.dataset import Split, load_dataset, load_test
from vitrina.errors import InputError, require
from vitrina.evaluation.evaluators import EvaluationTarget, check_evaluation, run_evaluation
from vitrina.evaluation.external import ExternalClassifier
from vitrina.evaluation.report import write_metrics, write_predictions
from vitrina.evaluation.suites import Suite, build_suites, check_names
from vitrina.inference.load import load
from vitrina.runs.folder import lock
from vitrina.runs.record import write_json
from vitrina.runs.results import show_tables
from vitrina.tasks.task_metrics import ClassMetrics
from vitrina.text.batch import TextBatch


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("settings", nargs="*", metavar="RUN_FOLDER or KEY=VALUE", help="run and settings")
    add("--command", help="classifier to evaluate instead of a run")
    add("--data", type=Path, help="file of texts and labels, only with --command")
    add("--deobfuscate", type=Path, metavar="RUN_FOLDER", help="run that deobfuscates the texts")
    add("--plain", action="store_true", help="write texts to the command as plain text")
    add("--timeout", type=float, default=600.0, help="seconds per suite (%(default)s)")
    add("--save-to", type=Path, metavar="FOLDER", help="folder of the scores")
    add("--overwrite", action="store_true", help="replace existing scores")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    arguments = parser.parse_args(argv)
    folders = [each for each in arguments.settings if "=" not in each or Path(each).is_dir()]
    settings = [each for each in arguments.settings if each not in folders]
    console = Console()
    if arguments.command is None:
        given = " ".join(folders)
        require(len(folders) == 1, "RUN_FOLDER", given, "the folder of one run")
        for key in ("data", "deobfuscate"):
            value = getattr(arguments, key)
            require(value is None, f"--{key}", str(value), "given with --command")
        _score_run(Path(folders[0]), settings, arguments, console)
    else:
        require(not folders, "RUN_FOLDER", " ".join(folders), "left out with --command")
        _score_command(settings, arguments, console)


def _score_run(
    run: Path, settings: Sequence[str], arguments: argparse.Namespace, console: Console
) -> None:
    model = load(run, arguments.device)
    config, name = _settings_of(model.config, settings)
    check_evaluation(config.evaluation, model.task.task_metrics)
    check_names(config.dataset.extra)
    folder = arguments.save_to or run / "evaluations" / name
    dataset = load_dataset(config.dataset, config.seed, config.task.label_rules())
    found, known = dataset.label_names, model.label_names
    allowed = f"a dataset with the labels of the run: {', '.join(known)}"
    require(found == known, "dataset", ", ".join(found), allowed)
    target = EvaluationTarget(
        model.predictor,
        model.task.task_metrics,
        dataset.test,
        model.task.truth(dataset.test),
        config.noise,
        config.dataset,
        model.review if model.review_thresholds is not None else None,
    )
    _score(
        config, target, dataset.extra, model.task.truth, folder, arguments, console,
        synthetic=dataset.synthetic, notes=dataset.notes,
    )  # fmt: skip


def _settings_of(trained: Config, settings: Sequence[str]) -> tuple[Config, str]:
    """Return the configuration of a run with another evaluation, and the name of the evaluation.

    Raises:
        InputError: if a setting is wrong, or belongs to neither evaluation nor dataset.
    """
    of_data = [each for each in settings if each.startswith("dataset.")]
    of_evaluation = [each for each in settings if each not in of_data]
    for each in of_evaluation:
        key, _, value = each.partition("=")
        belongs = key == "evaluation" or key.startswith("evaluation.")
        require(belongs, key, value, "a key of evaluation or dataset, such as dataset.limit_test")
    evaluation = configuration.compose_config(of_evaluation).evaluation
    values = OmegaConf.create(configuration.to_dict(replace(trained, evaluation=evaluation)))
    try:
        values.merge_with_dotlist(of_data)
    except OmegaConfBaseException as error:
        raise InputError(configuration.explain(error)) from None
    chosen = [each.partition("=")[2] for each in of_evaluation if each.startswith("evaluation=")]
    return configuration.to_config(values), chosen[-1] if chosen else "default"


def _score_command(
    settings: Sequence[str], arguments: argparse.Namespace, console: Console
) -> None:
    require(arguments.data is not None, "--data", None, "a file of texts and labels")
    kind = "csv" if arguments.data.suffix in (".csv", ".tsv") else "jsonl"
    given = [f"dataset={kind}", f"dataset.train={arguments.data}", f"dataset.test={arguments.data}"]
    config = configuration.compose_config([*given, *settings])
    classifier = ExternalClassifier(
        arguments.command, plain=arguments.plain, timeout=arguments.timeout
    )
    check_names(config.dataset.extra)
    texts = load_test(config.dataset, config.seed)
    two = len(texts.label_names) == 2
    require(two, "dataset.label_field", ", ".join(texts.label_names), "a field with two labels")
    task_metrics = ClassMetrics(texts.label_names, None)
    check_evaluation(config.evaluation, task_metrics)
    run = None if arguments.deobfuscate is None else load(arguments.deobfuscate, "cpu")

    def predict(texts: TextBatch) -> np.ndarray:
        return classifier(texts if run is None else run.deobfuscated(texts))

    target = EvaluationTarget(
        predict, task_metrics, texts.test, texts.test.labels, dataset=config.dataset
    )
    _score(
        config, target, texts.extra, lambda split: split.labels, arguments.save_to, arguments,
        console, synthetic=False, notes=texts.notes,
    )  # fmt: skip


def _score(
    config: Config,
    target: EvaluationTarget,
    extra: dict[str, Split],
    truth: Callable[[Split], Any],
    folder: Path | None,
    arguments: argparse.Namespace,
    console: Console,
    *,
    synthetic: bool,
    notes: Sequence[str],
) -> None:
    """Evaluate, then write and show the scores; without a folder, no file is kept."""

    def show(line: str) -> None:
        console.print(line, markup=False, highlight=False)

    def observe(suite: Suite, predicted: Any) -> None:
        if config.evaluation.predictions and folder is not None:
            write_predictions(folder / "predictions", suite, predicted, target.task_metrics)

    for note in notes:
        show(note)
    with TemporaryDirectory() if folder is None else _locked(folder, arguments) as into:
        evaluation, more_metrics = run_evaluation(
            config.evaluation,
            target,
            build_suites(config.evaluation, target.test, extra, truth),
            Path(into),
            progress=show,
            on_suite=observe,
        )
        for note in evaluation.notes:
            show(note)
        if folder is not None:
            settings = {"evaluation": config.evaluation, "dataset": config.dataset}
            evaluated = {key: asdict(value) for key, value in settings.items()}
            write_json(folder / "evaluated.json", {"command": arguments.command, **evaluated})
            write_metrics(folder / "metrics.json", {"test": evaluation.metrics(), **more_metrics})
    show_tables(console, evaluation, more_metrics, synthetic=synthetic)
    if folder is not None:
        console.print(f"results: {folder}", highlight=False, soft_wrap=True)


@contextmanager
def _locked(folder: Path, arguments: argparse.Namespace) -> Iterator[Path]:
    """Lock the folder. Existing scores are replaced only with --overwrite."""
    with lock(folder):
        metrics = folder / "metrics.json"
        if metrics.exists():
            allowed = "a folder without scores; --overwrite replaces them"
            require(arguments.overwrite, "--save-to", str(folder), allowed)
            metrics.unlink()
        yield folder


if __name__ == "__main__":
    sys.exit(main())
