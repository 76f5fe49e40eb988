"""What a server does under load: calls a second, latencies, processor time and memory.

The load comes from wrk where it is installed (Debian has it), else from a client of ours, which is slower than a fast
server; the report says which one it was. Client and server have a core each, where there are two.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.load.client import one_after_another, percentile
from tools.load.server import Running

WRK = shutil.which("wrk")
_SCRIPT = Path(__file__).with_name("post.lua")
_SERVER_CORE, _CLIENT_CORE = 0, 1
_LONGEST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load; times in milliseconds, `cpu_ms` is the server's processor time for one call."""

    clients: int
    calls: int
    failed: int
    per_second: float
    median: float
    p95: float
    p99: float
    cpu_ms: float
    megabytes: float

    def figures(self) -> dict[str, Any]:
        """Give the figures for JSON, rounded to four digits."""
        return {
            name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in asdict(self).items()
        }


def four_digits(value: float) -> float:
    """Round to four digits; whole numbers stay as they are."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


class CallFailed(Exception):
    """A server did not answer a call that is to be timed, or answered something else than its peers."""


def load(server: Running, url: str, body: bytes, *, clients: int, seconds: float, pinned: bool = True) -> Load:
    """Let `clients` send the same call one after the other for `seconds`; longer where none is answered by then.

    A server that is `pinned` has one core from now on.
    """
    if pinned:
        _pin(server.process.pid, _SERVER_CORE)
    before = server.processor_seconds
    found = _by_wrk(url, body, clients, seconds) if WRK else _by_our_client(url, body, clients, seconds)
    used = server.processor_seconds - before
    answered = found["calls"] - found["failed"]
    if not found["calls"] and seconds < _LONGEST_SECONDS:
        return load(server, url, body, clients=clients, seconds=4 * seconds, pinned=pinned)
    if not answered:
        msg = f"{url} answered none of {found['calls']} calls"
        raise CallFailed(msg)
    return Load(
        clients=clients,
        calls=found["calls"],
        failed=found["failed"],
        per_second=answered / found["microseconds"] * 1e6,
        median=found["median"] / 1000,
        p95=found["p95"] / 1000,
        p99=found["p99"] / 1000,
        cpu_ms=1000 * used / found["calls"],
        megabytes=server.megabytes,
    )


def middle(loads: list[Load]) -> Load:
    """Give the load of several rounds that is the median by calls a second."""
    wanted = statistics.median_low(one.per_second for one in loads)
    return next(one for one in loads if one.per_second == wanted)


def _by_wrk(url: str, body: bytes, clients: int, seconds: float) -> dict[str, int]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        command = [
            *(["taskset", "-c", str(_CLIENT_CORE)] if _cores() > 1 else []),
            *(
                "wrk",
                "-t1",
                f"-c{clients}",
                f"-d{max(1, round(seconds))}s",
                "--timeout",
                "60s",
                "-s",
                str(_SCRIPT),
                url,
            ),
        ]
        environment = {**os.environ, "BODY": file.name}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or not done.stderr.strip():
        msg = f"wrk: {(done.stderr or done.stdout).strip()[-500:]}"
        raise CallFailed(msg)
    figures: dict[str, int] = json.loads(done.stderr.strip().splitlines()[-1])
    return figures


def _by_our_client(url: str, body: bytes, clients: int, seconds: float) -> dict[str, int]:
    answers = asyncio.run(one_after_another(url, [body], seconds, clients=clients))
    shares = {"median": 0.5, "p95": 0.95, "p99": 0.99}
    good = len(answers.of(200))
    return {
        "calls": len(answers.all),
        "failed": len(answers.all) - good,
        "microseconds": int(1e6 * answers.seconds),
        **{name: int(1e6 * percentile(answers.all, share)) for name, share in shares.items()},
    }


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _pin(process: int, core: int) -> None:
    """Keep every thread of a server on one core; one that ends meanwhile is no matter."""
    if _cores() > 1:
        for thread in Path(f"/proc/{process}/task").iterdir():
            with contextlib.suppress(OSError):
                os.sched_setaffinity(int(thread.name), {core})
