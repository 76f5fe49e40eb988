"""Fire a hook at the services of this server as an EHR does, and keep what an onlooker wants to see."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cds.data.fhir_reader import FhirReader
from cds.decisions.decision import Decision
from cds.errors import BadRequest, RefusedRequest
from cds.fhir.json import dumps, loads
from cds.fhir.operation_outcome import operation_outcome
from cds.hooks.caller import ANYBODY, Caller
from cds.hooks.feedback import Feedback
from cds.hooks.request import CDSRequest
from cds.knowledge import Service
from cds.service import DecisionLog, World, call_service
from cds.web.playground.ports import Store
from cds.web.playground.prefetching import prefetch
from cds.web.playground.visits import DataMode, Exchange, Visit

USER = "Practitioner/sandbox-doctor"


async def fire(visit: Visit, world: World, store: Store, reader: FhirReader) -> list[Exchange]:
    """Call every service that listens to the visit's hook; each call stands for itself, as in an EHR."""
    now = world.clock()
    services = [
        service for service in world.services.values() if service.hook == visit.hook and service.guideline.in_force(now)
    ]
    return [
        await call(service, hook_request(visit, service, store, now.date().isoformat()), world, store, reader)
        for service in services
    ]


async def call(service: Service, body: Mapping[str, Any], world: World, store: Store, reader: FhirReader) -> Exchange:
    """Send one request through the server's own door: the same JSON, the same checks, the same record."""
    witness = _Witness(world.decision_log)
    watched = replace(world, decision_log=witness, fhir_servers=_SandboxOnly(reader))
    stored = store.snapshot()
    started = time.perf_counter()
    try:
        request = CDSRequest.from_json(loads(dumps(dict(body))))
        response = (await call_service(service, request, watched)).to_wire()
        status = 200
    except RefusedRequest as refusal:
        response = operation_outcome(refusal.code, str(refusal), expressions=refusal.expressions)
        status = refusal.status
    return Exchange(
        service=service.id,
        title=service.guideline.title,
        request=dict(body),
        status=status,
        response=response,
        milliseconds=round(1000 * (time.perf_counter() - started)),
        decision=witness.decision,
        stored=stored,
    )


def hook_request(visit: Visit, service: Service, store: Store, today: str) -> dict[str, Any]:
    """Write the request that an EHR would send for this visit (https://cds-hooks.hl7.org/2.0/#http-request-1)."""
    context: dict[str, Any] = {"userId": USER, "patientId": visit.story.id}
    if visit.hook.startswith("order-"):
        entries = [{"resource": draft} for draft in visit.drafts]
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    if visit.hook == "order-select":
        context["selections"] = [f"{draft['resourceType']}/{draft['id']}" for draft in visit.drafts]
    if visit.hook.startswith("encounter-"):
        context["encounterId"] = "sandbox-encounter"
    request: dict[str, Any] = {"hook": visit.hook, "hookInstance": str(uuid.uuid4())}
    if visit.mode is not DataMode.PREFETCH:
        request["fhirServer"] = store.base_url
    request["context"] = context
    if visit.mode is not DataMode.FHIR_SERVER:
        templates = service.discovery.prefetch or {}
        tokens = {"context.patientId": visit.story.id, "context.userId": USER, "today()": today}
        wanted = templates if visit.mode is DataMode.PREFETCH else _every_other(templates)
        request["prefetch"] = prefetch(wanted, tokens, store)
    return request


def _every_other(templates: Mapping[str, str]) -> dict[str, str]:
    """Choose the keys that a half-equipped EHR sends: every other one, the patient among them."""
    return dict(list(templates.items())[::2])


class _Witness:
    """A decision log that keeps the decision as it was made, and passes it on to be recorded."""

    def __init__(self, log: DecisionLog) -> None:
        self._log = log
        self.decision: Decision | None = None

    async def record(self, decision: Decision) -> None:
        self.decision = decision
        await self._log.record(decision)

    async def receive_feedback(self, service: str, outcomes: tuple[Feedback, ...], *, client: str | None) -> int:
        return await self._log.receive_feedback(service, outcomes, client=client)


class _SandboxOnly:
    """The FHIR servers of a call from the page: the sandbox. A visitor must not reach any other through it."""

    def __init__(self, reader: FhirReader) -> None:
        self._reader = reader

    def reader_for(self, request: CDSRequest, caller: Caller = ANYBODY, *, seconds: float) -> FhirReader | None:  # noqa: ARG002 - the port's signature
        if request.fhir_server is None:
            return None
        if request.fhir_server.rstrip("/") != self._reader.base_url:
            msg = f"fhirServer: from this page only the sandbox is read, {self._reader.base_url}"
            raise BadRequest(msg, expression="fhirServer")
        return self._reader
