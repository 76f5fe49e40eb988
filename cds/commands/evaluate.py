"""`cds evaluate`: one hook request in, the response or why it is so out, no server and no record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cds.app import build_world, open_fhir_servers
from cds.commands.explain import explanation
from cds.decisions.memory import MemoryLog
from cds.errors import BadRequest
from cds.fhir.json import loads
from cds.hooks.request import CDSRequest
from cds.hooks.response import Card, CDSResponse
from cds.service import World, call_service
from cds.settings import Settings

_RANK = {"critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Answer:
    """The response as it would go out, and the text of `cds explain` for each service that was asked."""

    response: dict[str, Any]
    explanations: tuple[str, ...]


async def evaluate(settings: Settings, body: bytes, service_id: str | None) -> Answer:
    """Answer a request: by the service named, else by every service of its hook, cards together.

    Raises `RefusedRequest` when the request cannot be answered, `CDSError` when the content is broken.
    """
    fhir_servers = open_fhir_servers(settings.fhir_servers)
    try:
        log = MemoryLog()
        world = build_world(settings, decision_log=log, fhir_servers=fhir_servers)
        request = CDSRequest.from_json(loads(body))
        if service_id is not None:
            response = await call_service(world.find_service(service_id), request, world)
        else:
            response = await _by_hook(request, world)
        return Answer(response.to_wire(), tuple(explanation(decision.recorded) for decision in log.decisions))
    finally:
        await fhir_servers.aclose()


async def _by_hook(request: CDSRequest, world: World) -> CDSResponse:
    services = [service for service in world.services.values() if service.hook == request.hook]
    if not services:
        msg = "hook: no service answers this hook; `cds services` lists them"
        raise BadRequest(msg, expression="hook")
    cards: list[Card] = []
    for service in services:
        cards += (await call_service(service, request, world)).cards
    return CDSResponse(cards=sorted(cards, key=lambda card: _RANK[card.indicator]))
