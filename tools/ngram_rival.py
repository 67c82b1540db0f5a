"""Train and measure the rival: character n-grams, TF-IDF, logistic regression.

python tools/ngram_rival.py dataset=jsonl dataset.train=train.jsonl noise=published

takes the settings of main.py for data, task, noise, normaliser and evaluation, and prints the same
tables. The training texts are seen once, with one draw of the noise. With task=multilabel there is
a regression for each label.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from vitrina.cli import explain
from vitrina.config import compose_config
from vitrina.data.dataset import load_dataset
from vitrina.errors import InputError, require
from vitrina.evaluation.evaluate import evaluate
from vitrina.evaluation.ngrams import fit_ngrams
from vitrina.evaluation.report import labels_table, results_table
from vitrina.evaluation.suites import build_suites
from vitrina.models.artefacts import Artefacts
from vitrina.models.build import build_task, fit_task
from vitrina.noise.corruption import build_noise
from vitrina.normalizers.build import build_normalizer
from vitrina.pipeline import NoisyTexts
from vitrina.tasks.config import VALIDATION, TextTaskConfig, label_rules


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="as for main.py")
    arguments = parser.parse_args(argv)
    try:
        config = compose_config(arguments.settings)
        _check(config.task)
        dataset = load_dataset(config.dataset, config.seed, label_rules(config.task))
        task = build_task(config, Artefacts.join({"task": fit_task(config, dataset)}))
        normalizer = build_normalizer(config.normalizer, config.device)
        noise = build_noise(config.noise, config.seed)
        train = NoisyTexts.of(dataset.train, noise, normalizer)
        started = time.perf_counter()
        predict = fit_ngrams(train.draw(0), task.truth(dataset.train))
        seconds = time.perf_counter() - started
        suites = build_suites(config.evaluation, dataset.test, dataset.extra, task.truth)
        evaluation = evaluate(
            lambda texts: predict(normalizer(texts)), suites, task.scoring, config.evaluation
        )
    except (InputError, HydraException, OmegaConfBaseException) as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return 2
    console = Console()
    console.print(results_table(evaluation, synthetic=dataset.synthetic))
    by_label = labels_table(evaluation)
    if by_label is not None:
        console.print(by_label)
    console.print(f"trained in {seconds:.0f} s", highlight=False)
    return 0


def _check(task: Any) -> None:
    """
    Raises:
        InputError: if the task, or how it is to be learned, is not what the rival can do.
    """
    allowed = "classification or multilabel for this rival"
    require(isinstance(task, TextTaskConfig), "task.kind", task.kind, allowed)
    fixed = {"loss": "cross_entropy", "class_weights": "none", "label_smoothing": 0.0}
    for name, only in fixed.items():
        value = getattr(task, name)
        require(value == only, f"task.{name}", value, f"{only} for this rival")
    allowed = "a number for this rival, which does not validate"
    require(task.threshold != VALIDATION, "task.threshold", task.threshold, allowed)


if __name__ == "__main__":
    sys.exit(main())
