"""Runs an experiment from the data to the report: `run(config, folder)`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from vitrina import config as configuration
from vitrina.config import Config
from vitrina.data.dataset import Dataset, load_dataset
from vitrina.evaluation.evaluators import EvaluationTarget, check_evaluation, run_evaluation
from vitrina.evaluation.innocent_texts import changed_texts
from vitrina.evaluation.report import write_predictions
from vitrina.evaluation.suites import Suite, build_suites, check_names
from vitrina.glyphs.fonts import font_hashes
from vitrina.inference.load import recognizer_opener
from vitrina.models.compiling import compile_parts
from vitrina.models.model import Model
from vitrina.models.precision import autocast, choose_device
from vitrina.models.predictor import Predictor, for_inference
from vitrina.models.prepare import TextPipeline
from vitrina.models.pretrained import checkpoint_hashes
from vitrina.noise.perturbation import build_noise
from vitrina.normalizers.build import build_normalizer
from vitrina.registry import build
from vitrina.reports.formats import terminal
from vitrina.reports.table import run_table
from vitrina.runs.folder import enter, lock
from vitrina.runs.provenance import run_hashes
from vitrina.runs.record import make_record, write_json
from vitrina.runs.results import collect_metrics, report
from vitrina.runs.warm_start import WarmStart, WeightTransfer
from vitrina.state import FittedState
from vitrina.tasks.base import Task
from vitrina.tasks.build import (
    build_background,
    build_model,
    build_pipeline,
    build_recognition,
    build_task,
    fit,
)
from vitrina.tasks.noisy_split import NoisyTexts
from vitrina.tasks.ocr.error_rate import RecognitionEvaluation
from vitrina.tasks.review import choose_review, reviewer
from vitrina.tasks.thresholds import choose_thresholds
from vitrina.training.callbacks import ProgressCallback
from vitrina.training.checkpoints import TrainState, load_weights
from vitrina.training.consistency import training_loss
from vitrina.training.distributed import DistributedContext, process_group
from vitrina.training.interruption import Interrupted
from vitrina.training.loop import Training
from vitrina.training.progress import Heartbeat, Progress
from vitrina.training.trackers.base import TrackedRun, Tracker, open_tracker
from vitrina.training.validation import validation, validation_views


def run(
    config: Config,
    folder: Path,
    *,
    choices: Mapping[str, Any] | None = None,
    overrides: Sequence[str] = (),
    held: bool = False,
) -> dict[str, Any]:
    """Train a model, evaluate it and write all results to `folder`.

    Args:
        folder: of this run; a folder that contains another run is refused.
        choices: the option chosen in each group, for the record.
        overrides: overrides of the command line, for the record.
        held: whether the caller has acquired the folder (`vitrina.runs.folder.acquire`).

    Returns:
        The content of `metrics.json`.

    Raises:
        InputError: if the configuration or the data are wrong.
        Interrupted: after Ctrl-C, once the training is saved.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    with process_group(device) as processes:
        folder = processes.broadcast(folder)
        console = Console(quiet=not processes.is_first)
        with lock(folder, waits=held or not processes.is_first):
            finished = processes.broadcast(enter(folder, config))
            if finished is not None:
                console.print(f"{folder}: finished already")
                console.print(terminal(run_table([folder]), console.width))
                return finished
            return _run(config, folder, device, processes, console, choices or {}, overrides)


def _run(
    config: Config,
    folder: Path,
    device: torch.device,
    processes: DistributedContext,
    console: Console,
    choices: Mapping[str, Any],
    overrides: Sequence[str],
) -> dict[str, Any]:
    # Load the data.
    origin = WarmStart.of(config)
    normalizer = build_normalizer(config.normalizer, recognizer_opener(config.device))
    check_names(config.dataset.extra)
    dataset = load_dataset(config.dataset, config.seed, config.task.label_rules())
    for note in dataset.notes:
        console.print(note, markup=False, highlight=False)
    noise = build_noise(config.noise, config.seed)
    train = NoisyTexts.of(dataset.train, noise, normalizer)
    val = NoisyTexts.of(dataset.val, noise, normalizer)

    # Fit, then build.
    started = time.perf_counter()
    fitted = _fit(config, folder, dataset, train, processes, origin)
    fit_seconds = time.perf_counter() - started
    task, recognition = build_task(config, fitted), build_recognition(config, fitted)
    background = build_background(config, dataset, task)
    if background is not None:
        dataset.notes.append(background.note)
        console.print(background.note, markup=False, highlight=False)
    check_evaluation(config.evaluation, task.task_metrics)
    model = build_model(config, fitted, task).to(device)
    start = origin and origin.start(config, fitted, model)
    if start is not None:
        start.require_whole(config.model.frozen, model)
        model.freeze(config.model.frozen)
    if config.training.compile:
        compile_parts(model)
    pipeline = build_pipeline(config, fitted, model, normalizer)
    predictor = _predictor(config, model, task, pipeline)
    record = make_record(
        config,
        choices=choices,
        overrides=overrides,
        hashes={
            **dataset.hashes,
            **checkpoint_hashes(fitted),
            **run_hashes(config.runs_used()),
            **_fonts(config),
        },
        notes=dataset.notes,
        synthetic=dataset.synthetic,
    )
    if processes.is_first:
        configuration.save(config, folder / "config.yaml")
        write_json(folder / "record.json", record)
    parameters = f"{model.num_parameters():,} parameters"
    console.print(f"{folder.name}: {parameters}, on {device}", highlight=False)
    for note in task.notes(model):
        console.print(note, markup=False, highlight=False)

    # Train, then load the weights of the best validation.
    with _tracked(config, folder, record, processes) as tracker:
        views = validation_views(val)
        recognized = RecognitionEvaluation.of(
            model, pipeline, recognition, **_limits(config, model)
        )
        validate = validation(views, task, predictor, config.training.metric, recognized)
        training: Training = build(
            "training",
            config.training,
            config.optimizer,
            model,
            training_loss(config.training, task),
            train.for_training(
                pipeline,
                task,
                recognition,
                config.training.second_view,
                background,
                predictor,
            ),
            validate,
            folder=folder,
            seed=config.seed,
            processes=processes,
            reading=recognition,
        )
        state = _train(config, folder, training, start, tracker, console)
        if not processes.is_first:
            return {}
        load_weights(folder / "checkpoints" / "best.safetensors", model)
        folded = for_inference(model, config.training.precision)
        predictor = _predictor(config, folded, task, pipeline)
        changed = partial(changed_texts, seed=config.seed)
        thresholds = choose_thresholds(task, folder, views.values(), predictor, changed)
        review = choose_review(task, folder, views["clean"], pipeline)

        # Evaluate, then report.
        def show(line: str) -> None:
            console.print(line, markup=False, highlight=False)

        recognized = RecognitionEvaluation.of(
            folded, pipeline, recognition, **_limits(config, folded)
        )
        test = dataset.test
        evaluation, more_metrics = run_evaluation(
            config.evaluation,
            EvaluationTarget(
                predictor,
                task.task_metrics,
                test,
                task.truth(test),
                config.noise,
                config.dataset,
                None if review is None else reviewer(pipeline, review),
            ),
            build_suites(config.evaluation, test, dataset.extra, task.truth),
            folder,
            progress=show,
            on_suite=_suite_observer(config, folder, task, recognized),
        )
        metrics = collect_metrics(state, fit_seconds, model, device, evaluation, recognized)
        metrics |= more_metrics
        metrics |= {"thresholds": thresholds} if thresholds else {}
        metrics |= {"review_thresholds": asdict(review)} if review is not None else {}
        with autocast(config.training.precision, device):  # folded weights may be bf16
            images = task.draw(folded, pipeline, pipeline(list(views.values())[-1].texts), folder)
        synthetic = dataset.synthetic
        report(config, folder, evaluation, recognized, metrics, tracker, console, synthetic, images)
    return metrics


def _fit(
    config: Config,
    folder: Path,
    dataset: Dataset,
    train: NoisyTexts,
    processes: DistributedContext,
    origin: WarmStart | None,
) -> FittedState:
    """Fit in the first process. All processes load its file, so that their states are equal."""
    path = folder / "state.safetensors"
    # Without a record, the state may be that of another run.
    known = config.resume and path.exists() and (folder / "record.json").exists()
    if processes.is_first and not known:
        fitted = fit(config, dataset, train.corpus(), origin and origin.fitted(config))
        fitted.save(path)
    processes.broadcast(None)  # other processes wait for the file
    return FittedState.load(path)


def _fonts(config: Config) -> dict[str, str]:
    """Return the hashes of the fonts that the components draw with, by file name."""
    used = [part.fonts_used() for part in config.options().values()]
    drawn = [font_hashes(fonts) for fonts in used if fonts is not None]
    return {name: digest for hashes in drawn for name, digest in hashes.items()}


def _predictor(config: Config, model: Model, task: Task, pipeline: TextPipeline) -> Predictor:
    return task.predictor(model, pipeline, **_limits(config, model))


def _limits(config: Config, model: Model) -> dict[str, Any]:
    """Return batch size and precision of a model at inference."""
    training = config.training
    tokens = training.tokens_at_once(model.device.type)
    return {"max_tokens": tokens, "precision": training.precision}


def _suite_observer(
    config: Config, folder: Path, task: Task, recognized: RecognitionEvaluation | None
) -> Callable[[Suite, Any], None]:
    """Return a function that writes the predictions of a suite and recognizes its texts."""

    def observe(suite: Suite, predicted: Any) -> None:
        if config.evaluation.predictions:
            write_predictions(folder / "predictions", suite, predicted, task.task_metrics)
        if recognized is not None:
            recognized.add(suite.name, suite.texts, suite.clean)

    return observe


@contextmanager
def _tracked(
    config: Config, folder: Path, record: dict[str, Any], processes: DistributedContext
) -> Iterator[Tracker]:
    if not processes.is_first:
        yield Tracker()
        return
    choices = record["choices"]
    tags = [f"{group}={choices[group]}" for group in ("model", "noise") if choices.get(group)]
    run = TrackedRun(folder, configuration.to_dict(config), config.name, tags)
    tracker = open_tracker(config.tracking, run)
    try:
        yield tracker
    except BaseException:
        tracker.finish(1)
        raise
    tracker.finish(0)


def _train(
    config: Config,
    folder: Path,
    training: Training,
    start: WeightTransfer | None,
    tracker: Tracker,
    console: Console,
) -> TrainState:
    resumed = config.resume and training.resume()
    for note in training.notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    if resumed:
        console.print(f"resuming from step {training.state.step}", highlight=False)
    else:
        training.model.load_pretrained()
        if start is not None:
            start.load(training.model)
            console.print("\n".join(start.lines), markup=False, highlight=False, soft_wrap=True)
    state = training.state
    progress = Progress(
        training.num_steps,
        first_step=state.step,
        steps_per_epoch=training.steps_per_epoch,
        console=console,
    )
    beats = None
    if training.processes.is_first:
        beats = Heartbeat(folder, training.num_steps, first_step=state.step)
    try:
        with progress:
            return training.run(ProgressCallback(progress, tracker, state.num_texts, beats))
    except Interrupted:
        console.print(
            f"interrupted at step {state.step}, everything is saved; "
            "the same command with resume=true resumes it",
            highlight=False,
        )
        raise
