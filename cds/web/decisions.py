"""GET /decisions/{id}: the record behind an answer, for the client that got the answer."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from cds.decisions.log import DecisionLog
from cds.errors import NotFound
from cds.fhir.json import dumps
from cds.web.cds_services import JSON, Authenticate


def decisions_router(decision_log: DecisionLog, authenticate: Authenticate) -> APIRouter:
    """Return the route; where clients are verified, another client's decision is not there."""
    router = APIRouter(tags=["decisions"])

    @router.get("/decisions/{decision_id}")
    async def decision(decision_id: str, request: Request) -> Response:
        """Return a decision by its id, or by the uuid of one of its cards."""
        caller = await authenticate(request)
        record = await decision_log.find(decision_id)
        if record is None or (caller.name is not None and record.get("client") != caller.name):
            msg = "there is no decision with this id"
            raise NotFound(msg)
        return Response(dumps(record), media_type=JSON, headers={"Cache-Control": "no-store"})

    return router
