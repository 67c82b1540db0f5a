"""What tiny runs give at a fixed seed, recorded, and checked after every change of the code.

    python tests/freeze/freeze.py check               # bit by bit; 1 on a difference
    python tests/freeze/freeze.py check --only 'noise/*'
    python tests/freeze/freeze.py check --tolerance 1e-4   # on another processor
    python tests/freeze/freeze.py record              # writes frozen.json again

The names of today stand in `adapter.py`, the cases in `cases.py`. Cases do not depend on each
other; what only works on texts comes first. Texts and integers are recorded as hashes, with an
example; `--keep FOLDER` writes what was hashed, so that two checkouts can be compared by `diff`.

The instructions of the processor are held to AVX2 below, so that others should give the same bits.
Where they do not, even four steps of training make more of the last bit than any tolerance should
allow (with AVX-512 seven rows of a hundred differ by more than 1e-4, most of them of rankings and
readings of runs with a high learning rate): check out the commit that `made` names, `record` there,
copy frozen.json here, and check bit by bit.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

# One thread, and the instructions that all processors have on which this is checked: a wider
# vector adds numbers up in another order. Before numpy and torch are imported.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"
os.environ["MKL_CBWR"] = "COMPATIBLE"
os.environ["OPENBLAS_CORETYPE"] = "Haswell"
os.environ["NPY_DISABLE_CPU_FEATURES"] = "AVX512F,AVX512CD,AVX512_SKX,AVX512_CLX,AVX512_CNL," + (
    "AVX512_ICL,AVX512_SPR"
)
warnings.filterwarnings("ignore", message=".*NPY_DISABLE_CPU_FEATURES.*")
warnings.filterwarnings("ignore", category=ImportWarning)

import numpy as np  # noqa: E402

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import adapter  # noqa: E402
import cases  # noqa: E402

FROZEN = HERE / "frozen.json"
NOT_THERE = "(not there)"

Rows = dict[str, Any]

MAIN = cases.words_of(
    "accuracy f1 macro_f1 roc_auc average_precision ece brier cer masked_loss span_f1 infeasible "
    "steps best_step stopped_early num_parameters count score"
)
"""Metrics that are recorded of every run."""


# --- rows ----------------------------------------------------------------------------------------


class Recorder:
    """Turns what was computed into rows: scalars, lists of numbers, hashes.

    Args:
        keep: a folder for what is hashed; None keeps nothing.
    """

    def __init__(self, keep: Path | None = None) -> None:
        self.keep = keep
        self.case = ""

    def hashed(self, key: str, values: Any) -> Rows:
        """Rows of texts (a list of strings) or arrays (a list of arrays)."""
        if len(values) and isinstance(values[0], np.ndarray):
            values = list(map(np.asarray, values))
            if any(array.dtype.kind == "f" for array in values):
                sums = [float(f(a, dtype=np.float64)) for a in values for f in (np.sum, np.mean)]
                return {key: sums}
            shown: Any = [array.astype(np.int64).tolist() for array in values]
        else:
            shown = [str(value) for value in values]
        said = json.dumps(shown, ensure_ascii=True, separators=(",", ":"))
        if self.keep is not None:
            path = self.keep / f"{self.case.replace('/', '__')}--{key}.json"
            lines = json.dumps(shown, ensure_ascii=True, indent=0)
            path.write_text(lines + "\n", encoding="utf-8")
        return {key: f"{hashlib.sha256(said.encode()).hexdigest()[:20]} of {len(shown)}"}

    def all_hashed(self, values: Mapping[str, Any], before: str = "") -> Rows:
        rows: Rows = {}
        for name, each in values.items():
            rows |= self.hashed(f"{before}{name}", each)
        return rows


class Work:
    """Folders and runs that cases share; each is made when it is first asked for."""

    def __init__(self, folder: Path, recorder: Recorder) -> None:
        self.folder, self.recorder = folder, recorder
        self._runs: dict[str, tuple[Path, dict[str, Any]]] = {}

    def filled(self, given: list[str]) -> list[str]:
        """Overrides with the folders that they stand for."""
        return [self._filled(each) for each in given]

    def _filled(self, text: str) -> str:
        if "{data}" in text:
            if not (self.folder / "data").exists():
                cases.write_data(self.folder / "data")
            text = text.replace("{data}", str(self.folder / "data"))
        for kind in ("bert", "roberta"):
            if f"{{checkpoint:{kind}}}" in text:
                path = self.folder / f"checkpoint_{kind}"
                if not path.exists():
                    adapter.make_checkpoint(path, kind)
                text = text.replace(f"{{checkpoint:{kind}}}", str(path))
        if "{run:" in text:
            name = text.split("{run:")[1].split("}")[0]
            text = text.replace(f"{{run:{name}}}", str(self.run(name)[0]))
        return text

    def run(self, name: str) -> tuple[Path, dict[str, Any]]:
        """A run's folder, and its metrics."""
        if name not in self._runs:
            folder = self.folder / name.replace("/", "_")
            metrics = adapter.train(self.filled(cases.RUNS[name].overrides), folder)
            self._runs[name] = folder, metrics
        return self._runs[name]


def options_rows(group: str, name: str, work: Work) -> Rows:
    """Values of an option. As composing takes a while, options of groups that know nothing of
    each other are composed together, if that works."""
    chosen = [f"{group}={name}", *cases.NEEDED.get(f"{group}/{name}", [])]
    together = []
    if group in cases.APART:
        place = cases.OPTIONS[group].split().index(name)
        for other in cases.APART:
            names = cases.OPTIONS[other].split()
            named = names[place % len(names)]
            together += [f"{other}={named}", *cases.NEEDED.get(f"{other}/{named}", [])]
    try:
        values = adapter.composed(together or chosen)
    except Exception:
        values = adapter.composed(chosen)
    return {key: value for key, value in values.items() if key.startswith(f"{group}.")}


def names_rows(work: Work) -> Rows:
    """Names of all options, presets and experiments."""
    groups = {**dict.fromkeys(cases.OPTIONS), "model": None, "experiment": None}
    return {group: " ".join(adapter.option_names(group)) for group in groups}


def preset_rows(name: str, work: Work) -> Rows:
    """Values of a whole configuration; of all presets but the default, of what they choose."""
    values = adapter.composed([f"model={name}", *cases.NEEDED.get(f"model/{name}", [])])
    if name == cases.PRESETS[0]:
        return values
    groups = ("embedder.", "encoder.", "training.", "optimizer.")
    rest = {key: value for key, value in values.items() if not key.startswith(groups)}
    told = json.dumps(rest, ensure_ascii=True, sort_keys=True)
    rest_row = {"everything_else": hashlib.sha256(told.encode()).hexdigest()[:20]}
    # As the options' own rows hold all values, here those that tell which option was taken do.
    marks = ("kind", "width", "epochs", "learning_rate", "max_tokens", "stride", "kernels")
    return {k: v for k, v in values.items() if k.endswith(marks) and k not in rest} | rest_row


def experiment_rows(name: str, work: Work) -> Rows:
    """What an experiment changes, and what it sweeps over."""
    usual = adapter.composed([])
    values = adapter.composed([f"experiment={name}"])
    changed = {key: value for key, value in values.items() if usual.get(key) != value}
    missing = {key: NOT_THERE for key in usual if key not in values}
    swept = {f"sweep:{key}": value for key, value in adapter.sweep_of(name).items()}
    return changed | missing | swept


def cleaning_rows(work: Work) -> Rows:
    rows = work.recorder.all_hashed(adapter.cleaned([], cases.TEXTS))
    bare = [f"dataset.cleaning.{name}=false" for name in ("html", "urls", "mentions", "bom")]
    return rows | work.recorder.all_hashed(adapter.cleaned(bare, cases.TEXTS), "bare.")


def words_rows(work: Work) -> Rows:
    return work.recorder.all_hashed(adapter.found_words(cases.TEXTS))


def glyphs_rows(work: Work) -> Rows:
    return work.recorder.all_hashed(adapter.glyphs(cases.TEXTS))


def dataset_rows(name: str, work: Work) -> Rows:
    rows: Rows = {}
    for split, values in adapter.dataset(work.filled(cases.DATASETS[name])).items():
        rows |= work.recorder.all_hashed(values, f"{split}.")
    return rows


def noise_rows(name: str, work: Work) -> Rows:
    given = cases.NOISES[name]
    first = adapter.noisy(given, cases.TEXTS, seed=1, epoch=0)
    later = adapter.noisy(given, cases.TEXTS, seed=2, epoch=3)
    rows = work.recorder.all_hashed(first)
    rows |= work.recorder.hashed("texts_later", later["texts"])
    return rows | {"example": first["texts"][len(cases.HARD) + 2][:60]}


def normalizer_rows(name: str, work: Work) -> Rows:
    given = work.filled(cases.NORMALIZERS[name])
    rows: Rows = {}
    for noise in ("none", "published/level_4", "uniform/level_4", "families/all"):
        texts = adapter.noisy(cases.NOISES[noise], cases.TEXTS, seed=3, epoch=1)["texts"]
        told = adapter.normalized(given, texts, len(cases.HARD))
        before = f"{noise.split('/')[0]}."
        rows |= work.recorder.all_hashed(told, before)
        rows[before + "example"] = told["texts"][len(cases.HARD) + 2][:60]
    return rows


def run_rows(name: str, work: Work) -> Rows:
    """Losses, metrics, and what the loaded run says."""
    chosen = cases.RUNS[name]
    folder, metrics = work.run(name)
    rows: Rows = dict(adapter.losses(folder))
    rows |= {key: value for key, value in metrics.items() if wanted(key, chosen.full)}
    rows |= work.recorder.all_hashed(adapter.scored_texts(folder), "scored.")
    loaded = adapter.Loaded(folder)
    few = cases.HARD[: cases.FEW]
    if loaded.labels_texts():
        said = loaded.says(few)
        words = said.pop("words", None)
        rows |= {f"said.{key}": value for key, value in said.items()}
        rows |= {} if words is None else work.recorder.hashed("said.words", words)
    read = loaded.read(few)
    if read is not None:
        rows |= work.recorder.all_hashed(read, "read.")
        rows["read.example"] = read["texts"][4][:60]
    if chosen.tokens:
        rows |= work.recorder.all_hashed(loaded.tokens(cases.TEXTS), "tokens.")
        codes = loaded.codes(cases.TEXTS)
        rows |= {} if codes is None else work.recorder.all_hashed(codes, "codes.")
        weights = loaded.weights()
        rows |= {f"weights.{part}": told for part, told in weights.items()}
    if name in cases.CODES_OF:
        for noise in cases.code_noises():
            texts = adapter.noisy(cases.NOISES[noise], cases.TEXTS, seed=5, epoch=2)["texts"]
            codes = loaded.codes(texts)
            assert codes is not None
            rows |= work.recorder.all_hashed(codes, f"codes.{noise}.")
    if chosen.files:
        rows |= work.recorder.hashed("files", adapter.jsonl_texts(folder, chosen.files))
    return rows


def wanted(key: str, full: bool) -> bool:
    """Whether a metric is recorded."""
    path = key.split(".")
    if "noise" in path or "threads" in path:
        return False
    if path[0] == "val":
        return path[-1] == "score"
    if full:
        # Single families and what guessing would give would be most of the file.
        of_family = "families" in path and path[-1] not in MAIN
        return not of_family and ("chance" not in path or "clean" in path)
    beside = {"labels", "chance", "relative", "above_chance", "intervals"}
    return path[-1] in MAIN and not beside & set(path)


def all_cases() -> Iterator[tuple[str, Callable[[Work], Rows]]]:
    """Every case in the order in which they are computed, cheap ones first."""
    yield "options", names_rows
    for group, names in cases.OPTIONS.items():
        for name in names.split():
            yield f"options/{group}/{name}", partial(options_rows, group, name)
    for name in cases.PRESETS:
        yield f"preset/{name}", partial(preset_rows, name)
    for name in cases.EXPERIMENTS:
        yield f"experiment/{name}", partial(experiment_rows, name)
    yield "text/cleaning", cleaning_rows
    yield "text/words", words_rows
    yield "text/glyphs", glyphs_rows
    for name in cases.NOISES:
        yield f"noise/{name}", partial(noise_rows, name)
    for name in cases.DATASETS:
        yield f"data/{name}", partial(dataset_rows, name)
    for name in cases.NORMALIZERS:
        yield f"normalizer/{name}", partial(normalizer_rows, name)
    for name in cases.RUNS:
        yield f"run/{name}", partial(run_rows, name)


# --- comparison ----------------------------------------------------------------------------------


def same(old: Any, new: Any, tolerance: float) -> bool:
    """Whether two values are equal: floats to within the tolerance, all else exactly."""
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        alike = len(old) == len(new)
        return alike and all(same(a, b, tolerance) for a, b in zip(old, new, strict=True))
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    if tolerance and isinstance(old, float) and isinstance(new, int | float):
        return abs(old - new) <= tolerance * max(1.0, abs(old))
    if isinstance(old, float) and isinstance(new, float):
        return old.hex() == new.hex()
    return type(old) is type(new) and old == new


def explained(old: Any, new: Any, tolerance: float) -> tuple[str, Any, Any]:
    """Of two unlike lists: the first unlike item, and how many there are."""
    if not (isinstance(old, list) and isinstance(new, list) and len(old) == len(new)):
        return "", old, new
    unlike = [n for n in range(len(old)) if not same(old[n], new[n], tolerance)]
    return f"[{unlike[0]}] ({len(unlike)} of {len(old)})", old[unlike[0]], new[unlike[0]]


def shown(value: Any) -> str:
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return said if len(said) <= 90 else f"{said[:87]}…"


def differences(old: Rows, new: Rows, tolerance: float) -> Iterator[tuple[str, str, str]]:
    """Key, old and new of each row that is not the same."""
    for key in [*old, *(key for key in new if key not in old)]:
        if key not in new or key not in old:
            yield key, shown(old.get(key, NOT_THERE)), shown(new.get(key, NOT_THERE))
        elif not same(old[key], new[key], tolerance):
            where, before, now = explained(old[key], new[key], tolerance)
            yield key + where, shown(before), shown(now)


# --- commands ------------------------------------------------------------------------------------


def computed(
    chosen: list[tuple[str, Callable[[Work], Rows]]], keep: Path | None, verbose: bool
) -> Iterator[tuple[str, Rows]]:
    """Rows of each case; one that raises has a row `error`."""
    recorder = Recorder(keep)
    with tempfile.TemporaryDirectory(prefix="freeze_") as folder:
        work = Work(Path(folder), recorder)
        for name, rows_of in chosen:
            recorder.case = name
            started = time.perf_counter()
            try:
                rows = json.loads(json.dumps(rows_of(work)))  # as they will come from the file
            except (Exception, SystemExit) as error:
                lines = str(error).splitlines() or [""]
                rows = {"error": f"{type(error).__name__}: {lines[0]}"}
                if verbose:
                    traceback.print_exc()
            if verbose:
                print(f"{name}  {time.perf_counter() - started:.2f} s", file=sys.stderr, flush=True)
            yield name, rows


def selected(patterns: list[str]) -> list[tuple[str, Callable[[Work], Rows]]]:
    every = list(all_cases())
    if not patterns:
        return every
    return [
        (name, rows_of)
        for name, rows_of in every
        if any(fnmatch.fnmatchcase(name, each) or name == each for each in patterns)
    ]


def read_frozen() -> dict[str, Any]:
    return json.loads(FROZEN.read_text(encoding="utf-8"))


def write_frozen(frozen: Mapping[str, Any]) -> None:
    """A line for each row, so that version control shows which ones changed."""

    def line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    parts = []
    for name, rows in frozen["cases"].items():
        body = ",\n".join(f"{line(key)}:{line(value)}" for key, value in rows.items())
        parts.append(f"{line(name)}:{{\n{body}\n}}")
    text = f'{{"made":{line(frozen["made"])},\n"cases":{{\n' + ",\n".join(parts) + "\n}}\n"
    assert json.loads(text) == dict(frozen)
    FROZEN.write_text(text, encoding="utf-8")


def surroundings() -> dict[str, str]:
    """What numbers may depend on."""
    import torch

    processor = platform.processor()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next(each.split(":")[1].strip() for each in lines if "model name" in each)
    git = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    return {"processor": processor, "commit": commit, **versions, "numpy": np.__version__}


def record(arguments: argparse.Namespace) -> int:
    kept: dict[str, Any] = {}
    if arguments.only and FROZEN.exists():
        kept = read_frozen()["cases"]
    found = dict(computed(selected(arguments.only), arguments.keep, arguments.verbose))
    raised = [name for name, rows in found.items() if "error" in rows]
    for name in raised:
        print(f"{name}: {found[name]['error']}")
    if raised:
        print("nothing recorded: every case must work")
        return 1
    # In the order of the cases; what there is no case for any more stays recorded.
    merged = kept | found
    order = [name for name, _ in all_cases() if name in merged]
    merged = {name: merged[name] for name in [*order, *(n for n in merged if n not in order)]}
    write_frozen({"made": surroundings(), "cases": merged})
    print(f"{sum(map(len, merged.values()))} rows of {len(merged)} cases in {FROZEN}")
    return 0


def check(arguments: argparse.Namespace) -> int:
    frozen = read_frozen()
    old = frozen["cases"]
    chosen = selected(arguments.only)
    without_case = [] if arguments.only else [n for n in old if n not in {n for n, _ in chosen}]
    skips = arguments.skip_deleted
    count = passed_over = rows_checked = 0

    def tell(case: str, key: str, before: str, now: str) -> None:
        nonlocal count
        count += 1
        print(f"{case}\t{key}\t{before}\t{now}", flush=True)

    for name in without_case:
        if skips and adapter.case_deleted(name):
            passed_over += len(old[name])
        else:
            tell(name, "(all)", "recorded", "there is no such case")
    if skips:
        passed_over += sum(len(old.get(n, ())) for n, _ in chosen if adapter.case_deleted(n))
        chosen = [each for each in chosen if not adapter.case_deleted(each[0])]
    for name, rows in computed(chosen, arguments.keep, arguments.verbose):
        if name not in old:
            tell(name, "(all)", NOT_THERE, "computed")
            continue
        if "error" in rows:
            tell(name, "(all)", "recorded", shown(rows["error"]))
            continue
        before = old[name]
        if name.startswith(("options/", "preset/", "experiment/")):
            before = {key: value for key, value in before.items() if not adapter.gone(key)}
        if skips:
            without = {k: v for k, v in before.items() if not adapter.deleted(name, k)}
            passed_over += len(before) - len(without)
            before = without
            rows = {k: v for k, v in rows.items() if not adapter.deleted(name, k)}
        rows_checked += len(before)
        for key, was, now in differences(before, rows, arguments.tolerance):
            tell(name, key, was, now)
    print(f"{rows_checked} rows checked, {count} differ, {passed_over} deleted rows passed over")
    here = surroundings()
    if count and any(here[key] != frozen["made"].get(key) for key in here if key != "commit"):
        print(f"made with {frozen['made']}, checked with {here}: see the top of freeze.py")
    return 1 if count else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="See the top of this file.")
    parser.add_argument("mode", choices=["record", "check", "list"])
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN", help="cases")
    parser.add_argument("--tolerance", type=float, default=0.0, help="for floats; 0: bit by bit")
    parser.add_argument(
        "--skip-deleted", action="store_true", help="pass over the rows in adapter.DELETED"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="for what is hashed")
    parser.add_argument("--verbose", action="store_true", help="seconds and tracebacks")
    arguments = parser.parse_args()
    if arguments.mode == "list":
        print("\n".join(name for name, _ in selected(arguments.only)))
        return 0
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    adapter.prepare()
    started = time.perf_counter()
    code = record(arguments) if arguments.mode == "record" else check(arguments)
    print(f"{time.perf_counter() - started:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
