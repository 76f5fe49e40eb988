"""An EHR's FHIR server with faults, as a process of its own on loopback: python -m tools.load.fhir PORT."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import uvicorn

from tests.server.faulty_fhir import FaultyFHIR
from tests.server.fhir_faults import FAULTS

HEALTHY = ("up", "pages-of-one", "without-total", "in-any-order", "compressed")
FAULTY = (
    "slow",
    "drips",
    "cuts-the-bundle",
    "500",
    "503",
    "429",
    "401",
    "html",
    "nothing-at-all",
    "outcome-only",
    "next-is-here",
    "next-leads-elsewhere",
    "pages-without-end",
    "token-expires",
    "adds-foreign-rows",
    "ignores-the-patient",
)


class LongLived(FaultyFHIR):
    """The server of the tests, which remembers the last requests only."""

    def __init__(self, port: int, day: Any) -> None:
        super().__init__(port, day, {mood: FAULTS[mood] for mood in (*HEALTHY, *FAULTY)})
        self.seen: Any = deque(maxlen=100)


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Run it until the block ends; gives its address, below which each mood has its base URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-m", "tools.load.fhir", str(port)]) as process:
        try:
            _wait(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(port: int, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    msg = "the FHIR server with faults did not start"
    raise TimeoutError(msg)


def main() -> None:
    """Serve until terminated."""
    port = int(sys.argv[1])
    app = LongLived(port, datetime.now(UTC).date()).app
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main()
