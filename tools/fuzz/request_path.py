"""The path of a request as a target for fuzzing: bytes in, an answer or a refusal out, never anything else.

Every input goes the whole way that a POST to /cds-services goes inside the server: strict JSON, the request's model,
gathering, `$apply`, cards, the response model. Inputs that made it fail are kept in tests/corpus/request_path and
replayed by the ordinary tests.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from cds.app import build_world
from cds.commands.demo import demo_request
from cds.data.fhir_client import FHIRServers
from cds.data.fhir_servers import AllowedServers
from cds.decisions.decision import Decision
from cds.errors import RefusedRequest
from cds.fhir.json import dumps, loads
from cds.hooks.feedback import Feedback, FeedbackRequest
from cds.hooks.request import CDSRequest
from cds.sandbox.server import SandboxServer
from cds.sandbox.store import FHIRStore
from cds.sandbox.synthetic_patients import STORIES, sandbox_resources
from cds.service import World, call_service
from cds.settings import Settings

CORPUS = Path(__file__).parents[2] / "tests" / "corpus" / "request_path"
NOW = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
_GUIDELINE = Path(__file__).parents[2] / "plan_definitions" / "dk-denosumab"


class _Nowhere:
    """A decision log that forgets."""

    async def record(self, decision: Decision) -> None:
        decision.to_json()

    async def receive_feedback(self, service: str, outcomes: tuple[Feedback, ...], *, client: str | None) -> int:  # noqa: ARG002 - the port's signature
        return 0


@cache
def world() -> World:
    """Load one guideline; no FHIR server may be called."""
    settings = Settings(content=(_GUIDELINE,))
    servers = FHIRServers(AllowedServers(()))
    return build_world(settings, decision_log=_Nowhere(), fhir_servers=servers, clock=lambda: NOW)


def seeds() -> list[bytes]:
    """Make whole requests of the synthetic patients, as an EHR that prefetches sends them, and one feedback."""
    store = FHIRStore(sandbox_resources(NOW.date()))
    server = SandboxServer(store)
    found = []
    for service in world().services.values():
        for story in STORIES[:: max(1, len(STORIES) // 6)]:
            body: dict[str, Any] = demo_request(story, service.hook, "")
            del body["fhirServer"]
            if service.hook.startswith("encounter-"):
                body["context"]["encounterId"] = "e"
            body["prefetch"] = {
                key: server.handle("GET", *_split(template.replace("{{context.patientId}}", story.id))).body
                for key, template in (service.discovery.prefetch or {}).items()
            }
            found.append(dumps(body))
    feedback = {"card": "c", "outcome": "accepted", "acceptedSuggestions": [{"id": "s"}]}
    return [*found, dumps({"feedback": [{**feedback, "outcomeTimestamp": "2026-03-02T10:00:00Z"}]})]


def _split(query: str) -> tuple[str, str]:
    path, _, parameters = query.partition("?")
    return path, parameters


def answer(body: bytes) -> str:
    """Send one body the whole way; return "answered" or the name of the refusal. Anything else is raised: a finding."""
    try:
        document = loads(body)
        if isinstance(document, dict) and "feedback" in document:
            FeedbackRequest.from_json(document)
            return "answered"
        request = CDSRequest.from_json(document)
        services = [service for service in world().services.values() if service.hook == request.hook]
        for service in services[:1]:
            dumps(asyncio.run(call_service(service, request, world())).to_wire())
    except RefusedRequest as refusal:
        return type(refusal).__name__
    return "answered"
