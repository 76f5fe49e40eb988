"""A real server on loopback, with the sandbox, once for all tests of this folder."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn

from cds.app import create_app, local_now, sandbox_url
from cds.commands.serve import demo_request
from cds.sandbox.synthetic_patients import find_story
from cds.settings import Settings


@dataclass(frozen=True)
class Server:
    """A running server: its settings, a client, and requests about the synthetic patients."""

    settings: Settings
    http: httpx.Client

    @property
    def fhir(self) -> str:
        return sandbox_url(self.settings)

    def request(self, patient: str, fire: str, **changes: Any) -> dict[str, Any]:
        """A hook call about a synthetic patient, with the sandbox as its FHIR server; `...` removes a member."""
        body = {**demo_request(find_story(patient), fire, self.fhir), **changes}
        return {name: value for name, value in body.items() if value is not ...}

    def prefetch(self, service: str, patient: str) -> dict[str, Any]:
        """What an EHR would prefetch for this service: every template, sent to the sandbox's FHIR server."""
        services = {entry["id"]: entry for entry in self.http.get("/cds-services").json()["services"]}
        return {
            key: self.http.get(f"{self.fhir}/{template.replace('{{context.patientId}}', patient)}").json()
            for key, template in services[service]["prefetch"].items()
        }

    def call(self, service: str, body: Any, **options: Any) -> httpx.Response:
        return self.http.post(f"/cds-services/{service}", json=body, **options)


@contextlib.contextmanager
def running(**options: Any) -> Iterator[Server]:
    """Start a server on a free port, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(
        **{"database": "sqlite://", "public_url": f"http://127.0.0.1:{port}", "cors_origins": ("*",), **options}
    )
    now = local_now()  # one moment for all calls, so that answers can be compared to the letter
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings, sandbox=True, clock=lambda: now),
            port=port,
            log_level="warning",
            http="httptools",
            ws="none",
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    with httpx.Client(base_url=settings.public_url, trust_env=False, timeout=30) as http:
        yield Server(settings, http)
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as started:
        yield started
