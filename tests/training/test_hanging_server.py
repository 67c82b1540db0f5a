"""A wandb server that hangs blocks neither the training nor its end."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.training.trackers.test_base import without_login

PROGRAM = """
import time
from pathlib import Path
from vitrina.training.trackers.base import TrackedRun, open_tracker
from vitrina.training.trackers.config import WandbConfig

config = WandbConfig(mode="online", artifact=False, timeout=3.0)
Path("run").mkdir()
started = time.monotonic()
tracker = open_tracker(config, TrackedRun(Path("run"), {}))
for step in range(50):
    tracker.log({"loss": 1.0}, step)
print(time.monotonic() - started)
tracker.finish(0)
print(time.monotonic() - started)
"""

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def silent(connection: socket.socket) -> None:
    """Accept the connection and never answer."""


def greets_then_silent(connection: socket.socket) -> None:
    """Answer only a request for the root page."""
    connection.settimeout(30)
    try:
        if connection.recv(65536).startswith(b"GET / "):
            connection.sendall(ANSWER)
            connection.close()
    except OSError:
        return


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    listening = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def start(answer: Callable[[socket.socket], None]) -> str:
        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                held.append(connection)
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    listening.close()
    for each in held:
        each.close()


@pytest.mark.parametrize("answer", [silent, greets_then_silent])
def test_a_hanging_server_does_not_block(
    answer: Callable[[socket.socket], None],
    serve: Callable[[Callable[[socket.socket], None]], str],
    tmp_path: Path,
) -> None:
    server = serve(answer)
    started = time.monotonic()
    done = without_login(PROGRAM, tmp_path, server=server)
    total = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    logged, finished = map(float, done.stdout.split())
    assert logged < 1  # logging did not wait
    assert finished < 2 * 3 + 1  # tracking.timeout, twice
    assert total < 45  # imports and the end of the process, on a busy machine
    assert "recorded offline; to send it later" in done.stderr or (
        "not finished after 6 s" in done.stderr
    ), done.stderr
