"""Kill a training at random moments, resume it, and compare it with an uninterrupted one.

python -m tests.soak.kills --kills 20
python -m tests.soak.kills --kills 20 --sweep -- noise=uniform training.epochs=2

The settings after `--` are added to a small run of `main.py` on the demo corpus. Each kill is a
SIGKILL after a random time, or within a function such as the one that writes a checkpoint. The exit
code is 1 if the final folder differs from that of an uninterrupted run, except in seconds, speeds
and memory. All processes are forked from one that has imported torch.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

SMALL = [
    *("dataset.num_comments=150", "dataset.limit_test=40", "dataset.limit_val=30"),
    *("model=ngrams", "embedder.num_buckets=2000", "embedder.dim=8"),
    *("training.epochs=2", "training.batch_size=16", "training.log_every=1"),
    *("training.validate_every=0.5", "training.checkpoint_seconds=0"),
    *("evaluation=quick", "evaluation.plot=false", "tracking=none", "threads=1"),
]
SWEEP = ["noise=uniform", "noise.p=0.1,0.3"]

OF_TIME = {"seconds", "fit_seconds", "comments_per_second", "peak_memory_mb"}
"""Metrics that differ between equal runs."""

PLACES = {
    "a step": "vitrina.training.loop.Training.step",
    "a validation": "vitrina.training.loop.Training._validate",
    "writing a checkpoint": "vitrina.files._save",
    "replacing a checkpoint": "vitrina.files._flush",
    "the history": "vitrina.training.history.History.write",
    "the test evaluation": "vitrina.experiment.write_predictions",
    "the report": "vitrina.experiment.report",
}
"""Functions that a kill can interrupt, by description."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20, help="minimum number of kills; default 20")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random moments")
    parser.add_argument("--sweep", action="store_true", help="run a sweep of two jobs")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="settings for main.py")
    arguments = parser.parse_args(argv)
    import vitrina.experiment  # noqa: F401  # once, before forking

    given = [*(SWEEP if arguments.sweep else []), *SMALL, *arguments.overrides]
    with tempfile.TemporaryDirectory() as name:
        return soak(Path(name), given, arguments.kills, arguments.seed, arguments.sweep)


def soak(folder: Path, given: list[str], kills: int, seed: int, sweep: bool) -> int:
    """Run the comparison in `folder`; return the exit code."""
    command = [*(["-m"] if sweep else []), *given]
    started = time.monotonic()
    code = attempt(folder / "uninterrupted", command, None)
    seconds = time.monotonic() - started
    if code != 0:
        print(f"the uninterrupted run ended with exit code {code}", file=sys.stderr)
        return 1
    wanted = outputs(folder / "uninterrupted")
    draw, done, rounds, wrong = random.Random(seed), 0, 0, 0
    while done < kills:
        rounds += 1
        place, died, code = folder / f"killed-{rounds}", 0, -signal.SIGKILL
        while code != 0:
            # The last attempt is not killed, so that it ends.
            moment = _moment(draw, seconds, died + rounds) if done + died < kills else None
            code = attempt(place, [*command, "resume=true"], moment)
            if code not in (0, -signal.SIGKILL):
                print((place / "output.txt").read_text("utf-8", "replace"), file=sys.stderr)
                print(f"a resumed run ended with exit code {code}", file=sys.stderr)
                return 1
            died += code != 0
        done += died
        differing = differences(wanted, outputs(place))
        wrong += bool(differing)
        print(f"round {rounds}: {died} kills, {'; '.join(differing) or 'equal'}", flush=True)
        if died == 0 and rounds > 100:
            print("the runs end before they can be killed", file=sys.stderr)
            return 1
    print(f"{done} kills in {rounds} rounds: {wrong} rounds differ")
    return 1 if wrong else 0


Moment = tuple[str, float]
"""A key of `PLACES` and the number of complete calls before the kill, or "" and seconds."""


def _moment(draw: random.Random, seconds: float, turn: int) -> Moment:
    if turn % 2:
        return "", draw.uniform(0, seconds)
    name = draw.choice(list(PLACES))
    return name, draw.randrange(3 if "evaluation" in name else 1 if "report" in name else 12)


def attempt(folder: Path, command: list[str], moment: Moment | None) -> int:
    """Run `main.py` with `command` in a forked process, in `folder`.

    Returns:
        Exit code; a negative one is the signal that ended the process.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    process = multiprocessing.get_context("fork").Process(
        target=_child, args=(folder, command, moment)
    )
    process.start()
    if moment is not None and not moment[0]:
        process.join(moment[1])
        if process.is_alive():
            process.kill()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _child(folder: Path, command: list[str], moment: Moment | None) -> None:
    from vitrina.cli import main as cli

    os.chdir(folder)
    with (folder / "output.txt").open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv = ["main.py", *command]
    if moment is not None and moment[0]:
        _kill_in(PLACES[moment[0]], int(moment[1]))
    cli.main()


def _kill_in(function: str, passed: int) -> None:
    """Kill this process within `function` after `passed` complete calls."""
    original, left = _find(function), passed

    def killed(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        if left == 0:
            with suppress(Exception):
                half_way(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return original(*arguments, **named)

    half_way = _half_a_file if function.endswith("._save") else lambda *_: None
    mock.patch(function, killed).start()


def _half_a_file(tensors: Any, path: Path, texts: Any) -> None:
    path.write_bytes(b"\x80" * 1000)


def _find(function: str) -> Callable[..., Any]:
    import pkgutil

    return pkgutil.resolve_name(function)


def outputs(folder: Path) -> dict[str, Any]:
    """Return metrics, histories, predictions and file names of the runs in `folder`."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("outputs/**/*")):
        name = str(path.relative_to(folder))
        if path.name == "metrics.json":
            found[name] = _without_time(json.loads(path.read_text("utf-8")))
        elif path.suffix == ".jsonl":
            found[name] = path.read_text("utf-8")
        elif path.is_file():
            found[name] = "exists"
    return found


def _without_time(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _without_time(each) for name, each in value.items() if name not in OF_TIME}


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return a line for each file that differs."""
    return [f"{k} differs" for k in sorted(wanted | found) if wanted.get(k) != found.get(k)]


if __name__ == "__main__":
    sys.exit(main())
