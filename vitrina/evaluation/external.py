"""A predictor that runs an external command."""

from __future__ import annotations

import json
import math
import shlex
import subprocess

import numpy as np

from vitrina.errors import InputError, require
from vitrina.files import json_line
from vitrina.text.batch import TextBatch


class ExternalClassifier:
    """Binary classifier that runs a command once per call.

    The command reads one text per line, as a JSON string (`plain`: raw, with line breaks replaced
    by spaces). It writes the probability of the positive class, one line per text. If it fails,
    the error message contains the last line of its standard error.

    Args:
        command: split like shell words; no shell runs it.
        plain: write raw texts instead of JSON.
        timeout: seconds after which the command is killed.

    Raises:
        InputError: if the command cannot be split, or `timeout` is not above 0.
    """

    def __init__(self, command: str, *, plain: bool = False, timeout: float = 600.0) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise InputError(f"--command = {command!r}: cannot be parsed ({error})") from None
        require(bool(self._words), "--command", command, "a program and its arguments")
        require(timeout > 0, "--timeout", timeout, "above 0, in seconds")
        self.command, self.plain, self.timeout = command, plain, timeout

    def __call__(self, texts: TextBatch) -> np.ndarray:
        """Return float64 [num_texts, 2], the probabilities of the negative and positive class.

        Raises:
            InputError: if the command cannot be started, fails, exceeds the timeout, or does not
                write a number between 0 and 1 for each text.
        """
        if not len(texts):
            return np.zeros((0, 2))
        lines = [self._line(text) for text in texts.to_strings()]
        written = self._run("".join(f"{line}\n" for line in lines)).splitlines()
        if len(written) != len(lines):
            raise InputError(
                f"--command {self.command}: wrote {len(written):,} lines for {len(lines):,} texts; "
                "must write one score per text"
            )
        positive = np.array([self._score(n, line) for n, line in enumerate(written, start=1)])
        return np.stack([1 - positive, positive], axis=1)

    def _line(self, text: str) -> str:
        if not self.plain:
            return json_line(text)
        return " ".join(text.splitlines()).encode("utf-8", "replace").decode("utf-8")

    def _run(self, given: str) -> str:
        try:
            done = subprocess.run(
                self._words,
                input=given.encode("utf-8"),
                capture_output=True,
                timeout=self.timeout,
                check=False,
            )
        except OSError as error:
            raise InputError(
                f"--command {self.command}: cannot be started ({error.strerror or error})"
            ) from None
        except subprocess.TimeoutExpired:
            raise InputError(
                f"--command {self.command}: still running after {self.timeout:g} s; it must exit "
                "at the end of its input (--timeout=SECONDS changes the limit)"
            ) from None
        if done.returncode != 0:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            last = f": {lines[-1]}" if lines else ""
            raise InputError(f"--command {self.command}: exit code {done.returncode}{last}")
        return done.stdout.decode("utf-8", "replace")

    def _score(self, number: int, line: str) -> float:
        try:
            value = float(json.loads(line))
        except (ValueError, TypeError):
            value = math.nan
        if not 0 <= value <= 1:
            raise InputError(
                f"--command {self.command}: output line {number} is {line[:60]!r}; "
                "must be a number between 0 and 1"
            )
        return value
