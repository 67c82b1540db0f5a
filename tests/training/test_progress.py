from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from vitrina.training.progress import Progress, duration


class Clock:
    """A clock that the test advances."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def plain() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=60, force_terminal=False), file


def run(progress: Progress, clock: Clock, steps: int, seconds: float, first: int = 0) -> int:
    """Take `steps` steps of `seconds` each; return how often the loss was evaluated."""
    reads = 0

    def loss() -> float:
        nonlocal reads
        reads += 1
        return 2.0

    for step in range(first + 1, first + steps + 1):
        clock.now += seconds
        progress.update(step, loss, 1e-3, 64)
    return reads


def test_plain_lines_are_periodic_without_control_characters() -> None:
    console, file = plain()
    clock = Clock()
    with Progress(1000, steps_per_epoch=250, console=console, clock=clock) as progress:
        reads = run(progress, clock, steps=1000, seconds=0.1)
    text = file.getvalue()
    lines = text.splitlines()
    assert 9 <= len(lines) <= 13
    assert reads == len(lines)  # the loss is evaluated only when shown
    assert "\x1b" not in text and "\r" not in text
    for part in ("/1000", "epoch", "loss 2.0000", "learning rate 1.00e-03", "640 comments/s"):
        assert all(part in line for line in lines), part
    assert lines[-1].startswith("step 1000/1000  epoch 4.0") and lines[-1].endswith("0 s left")
    middle = next(line for line in lines if "epoch 2." in line)
    step = int(middle.split()[1].split("/")[0])
    assert middle.endswith(f"{duration((1000 - step) * 0.1)} left")


def test_steps_before_a_resume_do_not_count_for_the_speed() -> None:
    console, file = plain()
    clock = Clock()
    with Progress(2000, first_step=1500, console=console, clock=clock) as progress:
        run(progress, clock, steps=200, seconds=0.1, first=1500)
    assert all("640 comments/s" in line for line in file.getvalue().splitlines())


def test_a_pause_can_be_excluded_from_the_speed() -> None:
    console, file = plain()
    clock = Clock()
    with Progress(None, console=console, clock=clock) as progress:
        run(progress, clock, steps=105, seconds=0.1)
        clock.now += 1000
        progress.restart_clock()
        run(progress, clock, steps=105, seconds=0.1, first=105)
    lines = file.getvalue().splitlines()
    assert all("640 comments/s" in line for line in lines)
    assert all("left" not in line for line in lines)  # the number of steps is not known


def test_a_terminal_gets_a_live_line_and_messages_above_it() -> None:
    file = io.StringIO()
    console = Console(file=file, width=120, force_terminal=True, color_system=None)
    clock = Clock()
    with Progress(50, console=console, clock=clock) as progress:
        run(progress, clock, steps=50, seconds=0.1)
        progress.message("val [clean]: 0.812")
    text = file.getvalue()
    assert "\x1b[" in text
    assert "step 50/50" in text and "loss 2.0000" in text
    assert "val [clean]: 0.812" in text


def test_messages_are_printed_verbatim() -> None:
    console, file = plain()
    message = "a long message [bold] with a path " + "x" * 100
    Progress(None, console=console).message(message)
    assert file.getvalue() == message + "\n"


def test_an_error_restores_the_terminal() -> None:
    file = io.StringIO()
    console = Console(file=file, width=120, force_terminal=True, color_system=None)
    with pytest.raises(KeyboardInterrupt), Progress(5, console=console) as progress:
        progress.update(1, 0.5, 1e-3, 1)
        raise KeyboardInterrupt
    assert file.getvalue().rfind("\x1b[?25h") > file.getvalue().rfind("\x1b[?25l")  # cursor shown
    progress.update(2, 0.5, 1e-3, 1)
    assert "Traceback" not in file.getvalue()


def test_a_step_costs_microseconds() -> None:
    console, _ = plain()
    with Progress(None, console=console) as progress:
        start = time.perf_counter()
        for step in range(10_000):
            progress.update(step, lambda: 1.0, 1e-3, 64)
        seconds = time.perf_counter() - start
    assert seconds / 10_000 < 100e-6


def test_tensors_and_diverged_losses_can_be_shown() -> None:
    class Scalar:
        def item(self) -> float:
            return float("nan")

    console, file = plain()
    clock = Clock()
    with Progress(2, console=console, clock=clock) as progress:
        for step in (1, 2):
            clock.now += 20
            progress.update(step, Scalar(), 1e-3, 1)
    assert file.getvalue().count("loss nan") == 2


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
