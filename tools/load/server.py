"""A server as its users run it, as a process of its own on loopback, and whole requests for it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from cds.commands.demo import demo_request
from cds.fhir.json import dumps
from cds.sandbox.server import SandboxServer
from cds.sandbox.store import FHIRStore
from cds.sandbox.synthetic_patients import STORIES, sandbox_resources


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs: where, and its process."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def megabytes(self) -> float:
        """The resident memory of the process."""
        return megabytes_of(self.process.pid)

    @property
    def workers(self) -> list[int]:
        """The ids of the worker processes, where it runs several."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text(encoding="ascii").split()]

    @property
    def processor_seconds(self) -> float:
        """The processor time of the process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes_of(pid: int) -> float:
    """The resident memory of a process; 0 of one that ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except FileNotFoundError:
        return 0.0
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024 if "VmRSS:" in status else 0.0


@contextlib.contextmanager
def running(database: Path, *, workers: int = 1, **settings: str) -> Iterator[Running]:
    """Run `cds serve` until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    environment |= {"CDS_DATABASE": f"sqlite:///{database}", **settings}
    command = [sys.executable, "-m", "cds", "serve", "--port", str(port)]
    if workers > 1:
        command += ["--workers", str(workers)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(url, process)
            yield Running(url, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    """Wait for /readyz; raises `TimeoutError`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                return
        time.sleep(0.05)
    msg = f"{url} did not become ready"
    raise TimeoutError(msg)


def bodies(url: str, service_id: str, *, fhir_server: str | None = None, most: int | None = None) -> list[bytes]:
    """Write the request of every synthetic patient, or of the first ones, for a service, with the whole prefetch."""
    services = httpx.get(f"{url}/cds-services", trust_env=False).json()["services"]
    service: dict[str, Any] = next(one for one in services if one["id"] == service_id)
    sandbox = SandboxServer(FHIRStore(sandbox_resources(datetime.now(UTC).date())))
    found: list[bytes] = []
    for story in STORIES:
        if len(found) == most:
            break
        body = demo_request(story, service["hook"], fhir_server or "")
        if service["hook"].startswith("order-") and not body["context"]["draftOrders"]["entry"]:
            continue
        if fhir_server is None:
            del body["fhirServer"]
            body["prefetch"] = {
                key: _answer(sandbox, template.replace("{{context.patientId}}", story.id))
                for key, template in service.get("prefetch", {}).items()
            }
        found.append(dumps(body))
    return found


def _answer(sandbox: SandboxServer, query: str) -> Any:
    path, _, parameters = query.partition("?")
    return sandbox.handle("GET", path, parameters).body
