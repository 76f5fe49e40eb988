"""The main flow: list the services, answer a call, receive feedback.

What a call needs comes in a `World`, made once when the server starts; there is no global state.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cds.cards import cards_from_request_group, system_actions_from_request_group
from cds.data.fhir_reader import FhirReader
from cds.data.gather import gather_patient_data
from cds.data.patient_data import PatientData
from cds.decisions.decision import EXTENSION, CardServed, Decision
from cds.errors import BadRequest, NotFound, OutOfTime
from cds.hooks.caller import ANYBODY, Caller
from cds.hooks.contexts import hook_definition
from cds.hooks.discovery import CDSService
from cds.hooks.feedback import Feedback, FeedbackRequest
from cds.hooks.request import CDSRequest
from cds.hooks.response import Card, CDSResponse
from cds.knowledge import Knowledge, Service
from cds.reasoning.apply import apply_plan_definition
from cds.reasoning.call import Call
from cds.reasoning.hook_parameters import bind_hook_context
from cds.reasoning.trace import Trace
from cds.stages import stage


class FHIRServers(Protocol):
    """The FHIR servers that may be read."""

    def reader_for(self, request: CDSRequest, caller: Caller = ANYBODY, *, seconds: float) -> FhirReader | None:
        """Return a reader for the server that the request names; None when it names none that may be called."""
        ...


class DecisionLog(Protocol):
    """Where decisions and feedback go."""

    async def record(self, decision: Decision) -> None:
        """Keep one decision."""
        ...

    async def receive_feedback(self, service: str, outcomes: tuple[Feedback, ...], *, client: str | None) -> int:
        """Keep outcomes of cards; return how many are about cards that this client got from this service."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What calls are answered with. Immutable: new content is a new World, and a call keeps the one it began with."""

    knowledge: Knowledge
    fhir_servers: FHIRServers
    decision_log: DecisionLog
    clock: Callable[[], datetime]
    seconds: float = 5.0
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())

    @property
    def services(self) -> Mapping[str, Service]:
        """The services by id, in the order of the content."""
        return self.knowledge.services

    def find_service(self, service_id: str) -> Service:
        """Return the service with this id; raise `NotFound`, also when its guideline is not in force now (PD-020)."""
        service = self.services.get(service_id)
        if service is None or not service.guideline.in_force(self.clock()):
            msg = "there is no CDS service with this id: GET /cds-services lists those that are"
            raise NotFound(msg)
        return service


class Serving:
    """The world that calls are answered with now; it is replaced as a whole, so that no call sees two of them.

    `fault` says why newer content is not served, None while what is served is the newest.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.fault: str | None = None


def list_services(world: World) -> list[CDSService]:
    """Return what discovery tells, in the order of the content: the services whose guideline is in force now."""
    now = world.clock()
    return [service.discovery for service in world.services.values() if service.guideline.in_force(now)]


async def call_service(service: Service, request: CDSRequest, world: World, *, caller: Caller = ANYBODY) -> CDSResponse:
    """Answer one hook call (https://cds-hooks.hl7.org/2.0/#calling-a-cds-service).

    Raises `BadRequest` when the call is meant for another hook, `PreconditionFailed` when data cannot be had,
    `OutOfTime` when the logic could not finish within `world.seconds`.
    """
    deadline = time.monotonic() + world.seconds
    if request.hook != service.hook:
        msg = f"hook: this service answers {service.hook}"
        raise BadRequest(msg, expression="hook")
    now = world.clock()
    reader = world.fhir_servers.reader_for(request, caller, seconds=world.seconds)
    with stage("gather"):
        data = await gather_patient_data(
            service.requirements,
            request,
            reader,
            world.knowledge.mappings,
            now=now,
            known_systems=world.knowledge.value_sets.systems,
            retrieved=service.retrieved,
        )
    with stage("apply"):
        context = _hook_context(request, data)
        parameters = bind_hook_context(service.logic.parameters, context)
        evaluators = service.logic.evaluators(data.resources, parameters=parameters, now=now, deadline=deadline)
        applied = apply_plan_definition(service.guideline.artifact, evaluators, _call(request, data, context, now))
    if time.monotonic() > deadline and applied.trace.has_failures:
        msg = "the call could not be answered within its time (CDS_DEADLINE_MS); nothing was decided"
        raise OutOfTime(msg)
    agreed = caller.system_actions
    with stage("cards"):
        cards = cards_from_request_group(
            applied, guideline=service.guideline, new_id=world.new_id, system_actions_agreed=agreed
        )
        system_actions = system_actions_from_request_group(applied, new_id=world.new_id) if agreed else []
    with stage("record"):
        identity = world.new_id()
        decision = _decision(service, request, data, applied.trace, cards, now=now, caller=caller, identity=identity)
        await world.decision_log.record(decision)
    return CDSResponse(cards=cards, system_actions=system_actions or None, extension={EXTENSION: decision.id})


async def receive_feedback(
    service: Service, outcomes: FeedbackRequest, world: World, *, caller: Caller = ANYBODY
) -> int:
    """Keep what became of cards (https://cds-hooks.hl7.org/2.0/#feedback); return how many are about known cards."""
    return await world.decision_log.receive_feedback(service.id, outcomes.feedback, client=caller.name)


def _hook_context(request: CDSRequest, data: PatientData) -> dict[str, Any]:
    """Return the context as the logic sees it: the resources it carries normalised like all other data."""
    carried = hook_definition(request.hook).carried
    return {
        **request.context,
        "hook": request.hook,
        "patientId": request.patient_id,
        "encounterId": request.encounter_id,
        "selections": request.selections,
        **({carried: list(data.draft_orders)} if carried else {}),
    }


def _call(request: CDSRequest, data: PatientData, context: Mapping[str, Any], now: datetime) -> Call:
    user = request.user_id or ""
    encounter = request.encounter_id
    return Call(
        patient=data.patient,
        now=now,
        hook=request.hook,
        identifier=request.hook_instance,
        encounter=f"Encounter/{encounter}" if encounter else None,
        practitioner=user if user.startswith(("Practitioner/", "PractitionerRole/")) else None,
        variables={name: [] if value is None else value for name, value in context.items()},
        received=data.as_received,
    )


def _decision(
    service: Service,
    request: CDSRequest,
    data: PatientData,
    trace: Trace,
    cards: list[Card],
    *,
    now: datetime,
    caller: Caller,
    identity: str,
) -> Decision:
    origins: dict[str, int] = {}
    for origin, count in Counter(data.origins.values()).items():  # a few, of many resources each
        kind = origin.partition(":")[0]
        origins[kind] = origins.get(kind, 0) + count
    return Decision(
        id=identity,
        time=now,
        service=service.id,
        hook=request.hook,
        hook_instance=request.hook_instance,
        client=caller.name,
        guideline=service.guideline.id,
        version=service.guideline.version or "",
        revision=service.guideline.revision,
        cards=tuple(_served(card) for card in cards),
        trace=trace,
        origins=data.origins,
        data={
            "resources": origins,
            "droppedOtherPatient": data.dropped_other_patient,
            "notAsked": list(service.not_asked),
            "problems": [
                {"kind": problem.kind.value, "origin": problem.origin, "resource": problem.resource}
                for problem in data.problems
            ],
        },
    )


def _served(card: Card) -> CardServed:
    return CardServed(
        uuid=card.uuid,
        recommendation=card.source.topic.code if card.source.topic else "",
        indicator=card.indicator,
        suggestions=tuple(suggestion.uuid for suggestion in card.suggestions or ()),
    )
