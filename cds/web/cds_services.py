"""The CDS Hooks endpoints: discovery, service call, feedback (https://cds-hooks.hl7.org/2.0/)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256

from fastapi import APIRouter, Request, Response

from cds.fhir.json import dumps, loads
from cds.hooks.caller import Caller
from cds.hooks.feedback import FeedbackRequest
from cds.hooks.request import CDSRequest
from cds.service import Serving, call_service, list_services, receive_feedback
from cds.stages import stage
from cds.web.admission import Admission
from cds.web.departure import unless_gone
from cds.web.direct_route import DirectRoute
from cds.web.door import place_of
from cds.web.metrics import Metrics
from cds.web.openapi import refusals, takes
from cds.web.rates import CallRates
from cds.web.request_body import read_body, read_json
from cds.web.watched_call import watched_call

JSON = "application/json"
_REFUSED = refusals("400", "401", "404", "408", "413", "415", "503")
_REFUSED_CALL = refusals("400", "401", "404", "408", "412", "413", "415", "429", "503")
Authenticate = Callable[[Request], Awaitable[Caller]]


def cds_services_router(
    serving: Serving,
    metrics: Metrics,
    *,
    admission: Admission,
    rates: CallRates,
    max_body_bytes: int,
    authenticate: Authenticate,
) -> APIRouter:
    """Return the routes over the world of the moment; each of them asks `authenticate` first who calls (CH-146).

    A hook call waits for its turn; when the wait would be too long it is refused before its body is read.
    """
    router = APIRouter(tags=["CDS Hooks"], route_class=DirectRoute)

    @router.get("/cds-services", responses=refusals("401", "503"))
    async def discovery(request: Request) -> Response:
        """List the services; a client that has the list already gets 304 (CH-011, CH-026)."""
        await authenticate(request)
        body = dumps({"services": [service.to_wire() for service in list_services(serving.world)]})
        etag = f'"{sha256(body).hexdigest()[:32]}"'
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={"ETag": etag})
        return Response(body, media_type=JSON, headers={"ETag": etag})

    @router.post("/cds-services/{service_id}", openapi_extra=takes(CDSRequest), responses=_REFUSED_CALL)
    async def call(service_id: str, request: Request) -> Response:
        """Answer one hook call."""
        world = serving.world
        caller = await authenticate(request)
        service = world.find_service(service_id)
        with watched_call(service, metrics, request.headers) as watched:
            watched.client = caller.name
            rates.count(caller.name or (request.client.host if request.client else ""))
            place = place_of(request, admission)
            admission.refuse_if_greedy(caller.name)
            body = await read_body(request, max_bytes=max_body_bytes)
            async with admission.turn(place, caller.name):
                with stage("parse"):
                    hook_request = CDSRequest.from_json(loads(body))
                watched.response = await unless_gone(request, call_service(service, hook_request, world, caller=caller))
                with stage("serialise"):
                    answer = dumps(watched.response.to_wire())
        return Response(answer, media_type=JSON)

    @router.post("/cds-services/{service_id}/feedback", openapi_extra=takes(FeedbackRequest), responses=_REFUSED)
    async def feedback(service_id: str, request: Request) -> Response:
        """Store what became of cards; `unmatched` counts those that this service did not serve to this client."""
        caller = await authenticate(request)
        world = serving.world
        service = world.find_service(service_id)
        outcomes = FeedbackRequest.from_json(await read_json(request, max_bytes=max_body_bytes))
        matched = await receive_feedback(service, outcomes, world, caller=caller)
        for outcome in outcomes.feedback:
            metrics.feedback.labels(service.id, outcome.outcome).inc()
        received = len(outcomes.feedback)
        return Response(dumps({"received": received, "unmatched": received - matched}), media_type=JSON)

    return router
