"""Bring your own: paste a hook request or a patient's Bundle, see the cards and their reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from cds.web.playground.own_bundle import hook_request_of, keep, read_record
from cds.web.playground.pages import page, pretty
from cds.web.playground.ports import Store
from cds.web.playground.visits import DataMode, Exchange, Visit

ALL = ""


def own_request_router(desk: Desk) -> APIRouter:
    """Return the address where a request can be pasted; nothing of it is kept but the decision without its values."""
    router = APIRouter(prefix="/playground/request", include_in_schema=False)

    def show(request: Request, text: str, chosen: str, **more: Any) -> Response:
        context: dict[str, Any] = {"fault": "", "answers": [], "cards": [], "notes": []} | more
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
            if not isinstance(body, Mapping):
                msg = "Paste a hook request or a Bundle, as a JSON object."
                raise BadRequest(msg)
            exchanges, store, notes = await _answer(desk, body, chosen)
        except RefusedRequest as refusal:
            return show(request, text, chosen, fault=str(refusal))
        answers = [
            {
                "exchange": exchange,
                "request_json": pretty(exchange.request),
                "response_json": pretty(exchange.response),
                "command": curl(exchange, desk.public_url),
                "reasons": why_not(
                    exchange, desk.guideline_of(exchange.service), desk.logic_of(exchange.service), store
                ),
            }
            for exchange in exchanges
        ]
        cards = card_views(exchanges, desk.guideline_of, store)
        return show(request, text, chosen, answers=answers, cards=cards, notes=notes)

    return router


async def _answer(desk: Desk, body: Mapping[str, Any], chosen: str) -> tuple[list[Exchange], Store, list[str]]:
    """Send the request, or the requests that an EHR would send with this record open; raises `RefusedRequest`."""
    if body.get("resourceType") != "Bundle":
        services = _services(desk, (str(body.get("hook")),), chosen)
        return [await call(each, body, desk.world, desk.store, desk.reader) for each in services], desk.store, []
    record = read_record(body)
    store, reader = desk.sandbox.open_record()
    notes = keep(record, store)
    exchanges = [
        await call(each, hook_request_of(record, each.hook, store.base_url), desk.world, store, reader)
        for each in _services(desk, record.hooks, chosen)
    ]
    return exchanges, store, notes


def _services(desk: Desk, hooks: Sequence[str], chosen: str) -> list[Service]:
    if chosen:
        return [desk.world.find_service(chosen)]
    services = [service for service in desk.world.services.values() if service.hook in hooks]
    if not services:
        known = ", ".join(sorted({service.hook for service in desk.world.services.values()}))
        msg = f"No service listens to the hook of this request. There are services for: {known}."
        raise BadRequest(msg, expression="hook")
    return services
