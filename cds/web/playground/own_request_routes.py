"""Bring your own: paste a hook request, see the cards and their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from cds.errors import BadRequest, RefusedRequest
from cds.fhir.json import loads
from cds.knowledge import Service
from cds.web.playground.answer_view import card_views, curl
from cds.web.playground.desk import Desk
from cds.web.playground.explanation import why_not
from cds.web.playground.forms import read_form
from cds.web.playground.hook_calls import call, hook_request
from cds.web.playground.pages import page, pretty
from cds.web.playground.visits import DataMode, Visit

ALL = ""


def own_request_router(desk: Desk) -> APIRouter:
    """Return the address where a request can be pasted; nothing of it is kept but the decision without its values."""
    router = APIRouter(prefix="/playground/request", include_in_schema=False)

    def show(request: Request, text: str, chosen: str, **more: Any) -> Response:
        context: dict[str, Any] = {"fault": "", "answers": [], "cards": []} | more
        return page(
            request,
            "own_request.html",
            title="Your own request",
            text=text,
            chosen=chosen,
            services=list(desk.world.services),
            fhir_server=desk.store.base_url,
            **context,
        )

    @router.get("")
    async def form(request: Request) -> Response:
        """Show the form, with an example in it that works."""
        story = next(iter(desk.stories.values()))
        visit = Visit(story, story.chart(desk.today).drafts, story.hook, DataMode.FHIR_SERVER)
        service = next(each for each in desk.world.services.values() if each.hook == story.hook)
        example = hook_request(visit, service, desk.store, desk.today.isoformat())
        return show(request, pretty(example), ALL)

    @router.post("")
    async def send(request: Request) -> Response:
        """Send what was pasted to the chosen service, or to all that listen to its hook."""
        fields = await read_form(request)
        text, chosen = fields.get("request", ""), fields.get("service", ALL)
        try:
            body = loads(text.encode())
            services = _services(desk, body, chosen)
            exchanges = [await call(service, body, desk.world, desk.store, desk.reader) for service in services]
        except RefusedRequest as refusal:
            return show(request, text, chosen, fault=str(refusal))
        answers = [
            {
                "exchange": exchange,
                "request_json": pretty(exchange.request),
                "response_json": pretty(exchange.response),
                "command": curl(exchange, desk.public_url),
                "reasons": why_not(
                    exchange, desk.guideline_of(exchange.service), desk.logic_of(exchange.service), desk.store
                ),
            }
            for exchange in exchanges
        ]
        return show(request, text, chosen, answers=answers, cards=card_views(exchanges, desk.guideline_of, desk.store))

    return router


def _services(desk: Desk, body: Any, chosen: str) -> list[Service]:
    if not isinstance(body, Mapping):
        msg = "A hook request is a JSON object."
        raise BadRequest(msg)
    if chosen:
        return [desk.world.find_service(chosen)]
    services = [service for service in desk.world.services.values() if service.hook == body.get("hook")]
    if not services:
        hooks = ", ".join(sorted({service.hook for service in desk.world.services.values()}))
        msg = f"No service listens to the hook of this request. There are services for: {hooks}."
        raise BadRequest(msg, expression="hook")
    return services
