"""Servers to be timed, ours and others, each a process of its own on loopback, with the seconds it took to be ready."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tools.load.server import Running, running

READY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Started:
    """A server that is ready."""

    server: Running
    ready_seconds: float

    @property
    def url(self) -> str:
        """The base URL."""
        return self.server.url

    def services(self) -> list[dict[str, Any]]:
        """Ask what discovery lists."""
        services: list[dict[str, Any]] = httpx.get(f"{self.url}/cds-services", trust_env=False).json()["services"]
        return services


@contextlib.contextmanager
def ours(**settings: str) -> Iterator[Started]:
    """Run `cds serve`, one worker, with a database of its own, until the block ends.

    Calls may wait for their turn as long as a setting allows: none is refused for the load that is wanted here.
    """
    settings = {"CDS_MAX_WAIT_MS": "10000"} | settings
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "decisions.sqlite3", **settings) as server,
    ):
        yield Started(server, time.perf_counter() - began)


@contextlib.contextmanager
def other(command: Sequence[str], *, ready: str, environment: Mapping[str, str] | None = None) -> Iterator[Started]:
    """Run a command until the block ends; `PORT` in it stands for a free port, `ready` is a path that answers 200."""
    port = free_port()
    words = [str(port) if word == "PORT" else word for word in command]
    began = time.perf_counter()
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(words, stdout=said, stderr=said, env={**os.environ, **(environment or {})}) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(f"{url}{ready}", process, said)
            yield Started(Running(url, process), time.perf_counter() - began)
        finally:
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    """Find a port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], said: Any) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, trust_env=False, timeout=30).status_code == 200:
                return
        time.sleep(0.02)
    said.seek(0)
    msg = f"{url} did not become ready: {said.read()[-2000:].decode(errors='replace')}"
    raise TimeoutError(msg)
