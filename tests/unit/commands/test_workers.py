"""`cds serve --workers`: a server that cannot start says so; one that has served tries until it can again."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cds.commands import workers


@pytest.fixture(autouse=True)
def _at_once(monkeypatch) -> Iterator[None]:
    """No second between the workers; the signals and the environment stay as they were."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.setattr(workers, "_RESTART_SECONDS", 0)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class OneWorker(workers.Workers):
    """A worker that ends with one status after another; with the last one the whole is ended."""

    def __init__(self, listening: socket.socket, *statuses: int) -> None:
        super().__init__(listening, 1)
        self.left = list(statuses)

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({self.left.pop(0)})"])
        if not self.left:
            self._end(signal.SIGTERM, None)
        return process


def test_a_first_worker_that_cannot_start_ends_the_server_with_its_status():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = OneWorker(listening, 2, 0)
        assert server.run() == 2
    assert server.left == [0]


def test_who_takes_the_place_of_a_dead_worker_tries_until_it_can_start():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = OneWorker(listening, 1, 2, 2, 0)
        assert server.run() == 0
    assert server.left == []
