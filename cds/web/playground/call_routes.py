"""What lies behind the cards: raw request and response, why others stayed silent, the decision."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from cds.errors import NotFound
from cds.fhir.json import dumps
from cds.web.playground.answer_view import curl
from cds.web.playground.desk import Desk
from cds.web.playground.explanation import why_not
from cds.web.playground.pages import HEADERS, page, pretty


def call_router(desk: Desk) -> APIRouter:
    """Return the addresses of the last calls for a patient."""
    router = APIRouter(include_in_schema=False)

    @router.get("/playground/patients/{patient_id}/calls/{service_id}")
    async def last_call(patient_id: str, service_id: str, request: Request) -> Response:
        """Show the last request to a service and its response, raw."""
        exchange = desk.exchange(patient_id, service_id)
        return page(
            request,
            "exchange.html",
            title=f"Call of {service_id}",
            exchange=exchange,
            request_json=pretty(exchange.request),
            response_json=pretty(exchange.response),
            command=curl(exchange, desk.public_url),
        )

    @router.get("/playground/patients/{patient_id}/silent/{service_id}")
    async def silent(patient_id: str, service_id: str, request: Request) -> Response:
        """Show why the other recommendations of a service stayed silent."""
        exchange = desk.exchange(patient_id, service_id)
        reasons = why_not(exchange, desk.guideline_of(service_id), desk.logic_of(service_id), desk.store)
        return page(
            request,
            "silent.html",
            title=f"Silent in {service_id}",
            exchange=exchange,
            reasons=reasons,
            patient=patient_id,
        )

    @router.get("/playground/patients/{patient_id}/decisions/{service_id}.json")
    async def decision(patient_id: str, service_id: str) -> Response:
        """Give the decision behind the last answer of a service, with the values of the synthetic patient."""
        made = desk.exchange(patient_id, service_id).decision
        if made is None:
            msg = "the last call of this service was refused: there is no decision"
            raise NotFound(msg)
        return Response(dumps(made.recorded, indent=True), headers=HEADERS, media_type="application/json")

    return router
