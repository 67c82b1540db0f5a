"""Measure deobfuscators and normalizers: disguise that is undone, and clean words that are changed.

python tools/evaluate_deobfuscation.py RUN_FOLDER --clean=comments.jsonl --noise --honest-words
python tools/evaluate_deobfuscation.py --fit dataset=jsonl dataset.train=train.jsonl \\
    dictionary=ru deobfuscator.min_gain=4 --disguises=words.jsonl --texts=texts.jsonl
python tools/evaluate_deobfuscation.py RUN_FOLDER --compare --clean=comments.jsonl --json=found.json

Measured are the deobfuscators of runs, those that --fit fits in seconds without training a model,
and, with --compare, the normalizers `rules` and `confusables` and those of other projects that are
installed (pip install 'vitrina[compare]'). Files are jsonl:

--disguises     rows of `text`, a disguised word, and `plain`, its plain letters. Share that is
                restored exactly, alone and within neutral sentences (all words must be right).
--texts         rows of `text`, `plain` and optionally `kind`. By kind: share of the texts, and of
                the words that the disguise changed, that are restored exactly.
--clean         rows of `text`, comments. Share of their words that are changed; also of the words
                of Russian letters alone, which look like no disguise.
--noise         the texts of --clean under the noise levels 1 to 4 and each noise family: share of
                the changed words restored exactly, and of the other words changed.
--honest-words  words of lemmas that dictionary.hold_out=true leaves out, and names: share that
                become words of the lexicon, without and with a typing error each; and the share
                of mistyped words of the lexicon that are read. Only for deobfuscators.

Case, ё for е, and signs around words do not count. --json writes counts, shares and 95 % intervals
(Wilson), without any text. --examples prints what went wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from vitrina.cli.tool import command, new_parser
from vitrina.config import Config, compose_config
from vitrina.data.dataset import load_dataset
from vitrina.data.formats import read_jsonl
from vitrina.errors import require
from vitrina.evaluation.deobfuscation import (
    Measured,
    Restore,
    Share,
    by_kind,
    mean,
    measure_clean,
    measure_disguises,
    measure_noise,
    measure_texts,
    total,
)
from vitrina.evaluation.honest_words import NUM_WORDS, measure_honest_words
from vitrina.inference.load import load, recognizer_opener
from vitrina.noise.corpus import Corpus
from vitrina.noise.perturbation import build_noise
from vitrina.normalizers.base import Normalizer
from vitrina.normalizers.build import build_normalizer
from vitrina.normalizers.external import installed
from vitrina.runs.record import environment, write_json
from vitrina.tasks.build import build_dictionary, fit_deobfuscator, fit_dictionary
from vitrina.tasks.noisy_split import NoisyTexts

COMPARED = ("rules", "confusables")
KINDS = ("texts", "words", "others")
"""Shares of each kind, see `measure_texts`."""


@dataclass
class Subject:
    """What is measured, with its results by section."""

    name: str
    restore: Restore
    config: Config | None = None
    found: dict[str, Any] = field(default_factory=dict)


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("runs", type=Path, nargs="*", metavar="RUN_FOLDER", help="runs with a deobfuscator")
    add("--fit", nargs="+", action="append", metavar="KEY=VALUE", help="settings; repeatable")
    add("--compare", action="store_true", help="measure normalizers too")
    add("--disguises", type=Path, metavar="FILE", help="disguised words")
    add("--texts", type=Path, metavar="FILE", help="disguised texts")
    add("--clean", type=Path, metavar="FILE", help="comments")
    add("--noise", action="store_true", help="add noise to the texts of --clean")
    add("--honest-words", action="store_true", help="words that must not become rude")
    add("--per-kind", type=int, metavar="N", help="texts of each kind of --texts (default: all)")
    add("--words", type=int, default=NUM_WORDS, help="of each sort of --honest-words (%(default)s)")
    add("--examples", type=int, default=0, metavar="N", help="print up to N mistakes of each set")
    add("--json", type=Path, metavar="FILE", help="file for counts, shares and intervals")
    arguments = parser.parse_args(argv)
    require(
        not arguments.noise or arguments.clean is not None, "--clean", None, "given for --noise"
    )
    console = Console()
    subjects = list(_subjects(arguments, console))
    require(bool(subjects), "RUN_FOLDER", None, "a run, --fit or --compare")
    measures = _measures(arguments)
    require(bool(measures), "--disguises", None, "given, or another set to measure")
    for subject in subjects:
        started = time.perf_counter()
        for name, measure in measures.items():
            if name != "honest_words" or subject.config is not None:
                subject.found[name] = measure(subject.restore)
        seconds = time.perf_counter() - started
        console.print(f"{subject.name}: measured in {seconds:.1f} s", markup=False, highlight=False)
    for name in measures:
        _show(name, subjects, arguments.examples, console)
    if arguments.json is not None:
        rows = [{"name": each.name, **_to_json(each.found)} for each in subjects]
        write_json(arguments.json, {"environment": environment(), "rows": rows})


def _subjects(arguments: argparse.Namespace, console: Console) -> Iterable[Subject]:
    for folder in arguments.runs:
        model = load(folder, "cpu")
        model.deobfuscated(model.cleaned([""]))  # refuses a run without a deobfuscator
        _check(arguments, model.config)
        yield Subject(str(folder), model.deobfuscated, model.config)
    many = arguments.fit or []
    known: dict[str, tuple[Normalizer, Corpus]] = {}
    for settings in many:
        config = compose_config(settings)
        _check(arguments, config)
        own = [each for each in settings if not all(each in other for other in many)]
        started = time.perf_counter()
        restore = _fitted(config, known)
        seconds = time.perf_counter() - started
        name = " ".join(own) or f"deobfuscator={config.deobfuscator.kind}"
        console.print(f"{name}: fitted in {seconds:.1f} s", markup=False, highlight=False)
        yield Subject(name, restore, config)
    if arguments.compare:
        for name in COMPARED:
            yield Subject(name, build_normalizer(compose_config([f"normalizer={name}"]).normalizer))
        for name, normalizer in installed().items():
            yield Subject(name, normalizer)


def _check(arguments: argparse.Namespace, config: Config) -> None:
    """Require the held-out dictionary where it is measured."""
    if arguments.honest_words:
        dictionary = config.dictionary
        without = dictionary.kind == "none" or getattr(dictionary, "hold_out", True)
        require(without, "dictionary.hold_out", False, "true with --honest-words")


def _fitted(config: Config, known: dict[str, tuple[Normalizer, Corpus]]) -> Restore:
    """Fit a deobfuscator on the training texts of a configuration, as a run does.

    Args:
        known: keeps the training texts for further fits.
    """
    key = repr((config.dataset, config.seed, config.noise, config.normalizer, config.dictionary))
    if key not in known:
        normalizer = build_normalizer(config.normalizer, recognizer_opener(config.device))
        dataset = load_dataset(config.dataset, config.seed, config.task.label_rules())
        train = NoisyTexts.of(dataset.train, build_noise(config.noise, config.seed), normalizer)
        dictionary = build_dictionary(config, fit_dictionary(config, dataset))
        known[key] = normalizer, replace(train.corpus(), dictionary=dictionary)
    normalizer, corpus = known[key]
    deobfuscator = fit_deobfuscator(config, corpus)
    return lambda texts: deobfuscator(normalizer(texts)).text()


def _measures(arguments: argparse.Namespace) -> dict[str, Callable[[Restore], Any]]:
    found: dict[str, Callable[[Restore], Any]] = {}
    if arguments.disguises is not None:
        rows = _rows(arguments.disguises)
        texts, plain = [row["text"] for row in rows], [row["plain"] for row in rows]
        found["disguises"] = lambda restore: measure_disguises(restore, texts, plain)
    if arguments.texts is not None:
        some = by_kind(_rows(arguments.texts), arguments.per_kind)
        columns = [[str(row.get(key, "all")) for row in some] for key in ("text", "plain", "kind")]
        found["texts"] = lambda restore: measure_texts(restore, *columns)
    if arguments.clean is not None:
        comments = [row["text"] for row in read_jsonl(arguments.clean, "text")]
        found["clean"] = lambda restore: measure_clean(restore, comments)
        if arguments.noise:
            found["noise"] = lambda restore: measure_noise(restore, comments)
    if arguments.honest_words:
        found["honest_words"] = lambda restore: measure_honest_words(restore, arguments.words)
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = list(read_jsonl(path, "text"))
    for number, row in enumerate(rows, start=1):
        require(isinstance(row.get("plain"), str), f"{path}:{number}: plain", row.get("plain"),
                "a text")  # fmt: skip
    return rows


def _to_json(found: Mapping[str, Any]) -> dict[str, Any]:
    sections: dict[str, Any] = {}
    for name, section in found.items():
        if isinstance(section, Measured):
            sections[name] = section.to_json()
        else:
            sections[name] = {
                **{key: total(section, key).to_json() for key in KINDS},
                "mean": {key: mean(section, key) for key in KINDS},
                "kinds": {kind: each.to_json() for kind, each in section.items()},
            }
    return sections


def _show(name: str, subjects: Sequence[Subject], num_examples: int, console: Console) -> None:
    """Print the table of a section, a row per share or kind, and mistakes."""
    measured = [each for each in subjects if name in each.found]
    if not measured:
        return
    whole = isinstance(measured[0].found[name], Measured)
    table = Table()
    table.add_column(name.replace("_", " "), no_wrap=True)
    shown = KINDS if len(measured) == 1 else ("words",)
    for each in measured:
        for key in ("",) if whole else shown:
            heading = f"{each.name}\n{key}".rstrip()
            table.add_column(heading, justify="right", overflow="fold")
    if whole:
        for key in measured[0].found[name].shares:
            table.add_row(key, *(_shown(each.found[name].shares[key]) for each in measured))
    else:
        _add_kinds(table, [each.found[name] for each in measured], shown)
    console.print(table)
    for each in measured if num_examples else ():
        parts = {"": each.found[name]} if whole else each.found[name]
        for kind, part in parts.items():
            lines = [f"  {n} × {line}" for line, n in part.examples.most_common(num_examples)]
            title = f"{each.name}: mistakes in {name} {kind}".rstrip()
            if lines:
                console.print(
                    "\n".join([title, *lines]), markup=False, highlight=False, soft_wrap=True
                )


def _add_kinds(table: Table, found: Sequence[Mapping[str, Measured]], keys: Sequence[str]) -> None:
    """Add a row per kind, the worst first, then the mean over kinds and the share of all."""

    def restored(kind: str) -> float:
        share = found[0][kind].shares["words"]
        return share.share if share.count else 1.0

    for kind in sorted(found[0], key=restored):
        table.add_row(kind, *(_shown(each[kind].shares[key]) for each in found for key in keys))
    table.add_section()
    means = [mean(each, key) for each in found for key in keys]
    table.add_row("mean", *("–" if value is None else f"{value:.2%}" for value in means))
    table.add_row("all", *(_shown(total(each, key)) for each in found for key in keys))


def _shown(share: Share) -> str:
    return f"{share.share:.2%}" if share.count else "–"


if __name__ == "__main__":
    sys.exit(main())
