"""A real server on loopback, with the sandbox, once for all tests of this folder.

Every exchange of every test is checked against the specification's own invariants on the way.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest
import uvicorn

from cds.app import create_app, local_now, sandbox_url
from cds.commands.demo import demo_request
from cds.conformance import rules
from cds.conformance.invariants import broken_by_feedback, broken_by_request, broken_by_response
from cds.sandbox.synthetic_patients import find_story
from cds.settings import Settings
from cds.web.connection import TimedConnection

NOW = local_now()


# What a hook's context has beyond patient, user and draft orders.
OF_HOOK: dict[str, dict[str, Any]] = {
    "encounter-start": {"encounterId": "sandbox-encounter"},
    "encounter-discharge": {"encounterId": "sandbox-encounter"},
    "order-dispatch": {
        "dispatchedOrders": ["MedicationRequest/of-this-call"],
        "performer": "Organization/sandbox-pharmacy",
    },
    "appointment-book": {
        "appointments": {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": {"resourceType": "Appointment", "id": "proposed", "status": "proposed"}}],
        }
    },
}


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
        body = demo_request(find_story(patient), fire, self.fhir)
        body["context"] |= OF_HOOK.get(fire, {})
        body |= changes
        return {name: value for name, value in body.items() if value is not ...}

    def services(self) -> dict[str, dict[str, Any]]:
        """What discovery lists, by id."""
        return {entry["id"]: entry for entry in self.http.get("/cds-services").json()["services"]}

    def prefetch(self, service: str, patient: str) -> dict[str, Any]:
        """What an EHR would prefetch for this service: every template, sent to the sandbox's FHIR server."""
        return {
            key: self.http.get(f"{self.fhir}/{template.replace('{{context.patientId}}', patient)}").json()
            for key, template in self.services()[service]["prefetch"].items()
        }

    def call(self, service: str, body: Any, **options: Any) -> httpx.Response:
        return self.http.post(f"/cds-services/{service}", json=body, **options)

    def feedback(self, service: str, *items: dict[str, Any], **options: Any) -> httpx.Response:
        return self.http.post(f"/cds-services/{service}/feedback", json={"feedback": list(items)}, **options)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def serving(app: Any, port: int, protocol: type[TimedConnection] = TimedConnection) -> Iterator[None]:
    """Serve an ASGI application on loopback until the block ends."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", http=protocol, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def running(*, sandbox: bool = True, clock: Callable[[], datetime] = lambda: NOW, **options: Any) -> Iterator[Server]:
    """Start a server on a free port, and end it; its clock stands still, so that equal data give equal answers."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    defaults = {"database": "sqlite://", "public_url": address, "cors_origins": ("*",), "deadline_ms": 30_000}
    settings = Settings(**{**defaults, **options})
    app = create_app(settings, sandbox=sandbox, clock=clock)
    hooks = {"response": [_keeps_the_rules]}
    with (
        serving(app, port),
        httpx.Client(base_url=address, trust_env=False, timeout=120, event_hooks=hooks) as http,
    ):
        yield Server(settings, http)


def _keeps_the_rules(response: httpx.Response) -> None:
    """Check one exchange: the twelve invariants, no null and nothing empty, an OperationOutcome on every refusal."""
    path = response.request.url.path
    if not path.startswith("/cds-services") or response.request.method == "OPTIONS":
        return
    response.read()
    if response.status_code == 304:
        return
    document = response.json()
    if not response.is_success:
        assert document["resourceType"] == "OperationOutcome"
        return
    assert [*rules.nulls_and_empties(document)] == []
    if path == "/cds-services":
        return
    sent = json.loads(response.request.content)
    if path.endswith("/feedback"):
        assert [*broken_by_feedback(sent)] == []
    else:
        assert [*broken_by_request(sent), *broken_by_response(document)] == []


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as started:
        yield started
