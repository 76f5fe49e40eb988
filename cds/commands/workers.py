"""`cds serve --workers N`: several processes on one port, each a whole server; who dies is replaced."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from types import FrameType

import structlog

_RESTART_SECONDS = 1.0  # between the deaths of workers, so that a server that cannot start does not spin

_log = structlog.get_logger()


class Workers:
    """The processes that share a listening socket; one metrics folder brings their numbers together."""

    def __init__(self, listening: socket.socket, count: int) -> None:
        self._listening = listening
        self._count = count
        self._ending = False
        self._processes: list[subprocess.Popen[bytes]] = []
        self._first: tuple[subprocess.Popen[bytes], ...] = ()

    def run(self) -> int:
        """Run until a signal ends it, or until one of the first workers cannot start; return the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        os.set_inheritable(self._listening.fileno(), True)
        with tempfile.TemporaryDirectory(prefix="cds-metrics-") as metrics:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
            self._processes = [self._start() for _ in range(self._count)]
            self._first = tuple(self._processes)
            while not self._ending:
                time.sleep(0.1)
                self._replace_the_dead()
            # A worker that was still loading ends by the signal itself.
            return max(0 if process.wait() == -signal.SIGTERM else abs(process.wait()) for process in self._processes)

    def _start(self) -> subprocess.Popen[bytes]:
        number = self._listening.fileno()
        command = [sys.executable, "-m", "cds", "serve", "--fd", str(number)]
        return subprocess.Popen(command, pass_fds=[number])  # noqa: S603 - our own command

    def _replace_the_dead(self) -> None:
        for place, process in enumerate(self._processes):
            status = process.poll()
            if status is None or self._ending:
                continue
            # Broken settings or content: a new worker would say the same. One that takes another's place tries until it
            # can: the database may come back, and the other workers go on meanwhile.
            if status == 2 and process in self._first:
                self._end(signal.SIGTERM, None)
                return
            _log.error("a worker died and is replaced", status=status)
            time.sleep(_RESTART_SECONDS)
            self._processes[place] = self._start()

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._ending = True
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
