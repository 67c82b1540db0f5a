"""Train and measure the rival: character n-grams, TF-IDF, logistic regression.

python tools/ngram_rival.py dataset=jsonl dataset.train=train.jsonl noise=published

takes the settings of main.py for data, noise, normaliser and evaluation, and prints the same table.
The training texts are seen once, with one draw of the noise.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from vitrina.cli import explain
from vitrina.config import compose_config
from vitrina.data.dataset import load_dataset
from vitrina.errors import InputError
from vitrina.evaluation.evaluate import evaluate
from vitrina.evaluation.ngrams import fit_ngrams
from vitrina.evaluation.report import results_table
from vitrina.evaluation.scoring import ClassScoring
from vitrina.evaluation.suites import build_suites
from vitrina.noise.corruption import build_noise
from vitrina.normalizers.build import build_normalizer
from vitrina.pipeline import NoisyTexts


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="as for main.py")
    arguments = parser.parse_args(argv)
    try:
        config = compose_config(arguments.settings)
        dataset = load_dataset(config.dataset, config.seed)
        normalizer = build_normalizer(config.normalizer)
        noise = build_noise(config.noise, config.seed)
        train = NoisyTexts.of(dataset.train, noise, normalizer)
        started = time.perf_counter()
        predict = fit_ngrams(train.draw(0), dataset.train.labels)
        seconds = time.perf_counter() - started
        names = dataset.label_names
        suites = build_suites(
            config.evaluation, dataset.test, dataset.extra, lambda split: split.labels
        )
        evaluation = evaluate(
            lambda texts: predict(normalizer(texts)),
            suites,
            ClassScoring(names, _positive(config.task.positive, names)),
            config.evaluation,
        )
    except (InputError, HydraException, OmegaConfBaseException) as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return 2
    console = Console()
    console.print(results_table(evaluation, synthetic=dataset.synthetic))
    console.print(f"trained in {seconds:.0f} s", highlight=False)
    return 0


def _positive(name: str | None, label_names: list[str]) -> int | None:
    return label_names.index(name) if name in label_names else None


if __name__ == "__main__":
    sys.exit(main())
