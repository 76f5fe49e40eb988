"""The main flow over the shipped content: the time of a call, a hook of an organisation's own, who is answered."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace

import pytest

from cds.app import build_world, local_now
from cds.commands.demo import demo_request
from cds.content.shipped import shipped_path
from cds.decisions.memory import MemoryLog
from cds.errors import BadRequest, OutOfTime
from cds.hooks.caller import Caller
from cds.hooks.feedback import FeedbackRequest
from cds.hooks.request import CDSRequest
from cds.sandbox.in_memory_reader import InMemoryReader
from cds.sandbox.store import FHIRStore
from cds.sandbox.synthetic_patients import find_story, sandbox_resources
from cds.service import call_service, list_services, receive_feedback
from cds.settings import Settings

NOW = local_now()
SERVICE = "nl-lenalidomide-order-select"
RENAL = "nl-lenalidomide-renal-mm-severe"


class OneServer:
    def __init__(self):
        self.reader = InMemoryReader(FHIRStore(sandbox_resources(NOW.date()), clock=lambda: NOW))
        self.asked_for = []

    def reader_for(self, request, caller=None, *, seconds):
        self.asked_for.append(caller)
        return self.reader


def world_of(settings=None, log=None):
    settings = settings or Settings(guidelines=("nl-lenalidomide",))
    return build_world(settings, decision_log=log or MemoryLog(), fhir_servers=OneServer(), clock=lambda: NOW)


@pytest.fixture(scope="module")
def world():
    return world_of()


def request(hook="order-select", **changes):
    body = demo_request(find_story("renal-failure"), "order-select", "https://ehr.example/fhir")
    return CDSRequest.from_json({**body, "hook": hook, **changes})


def answer(world, service=SERVICE, hook="order-select", **options):
    return asyncio.run(call_service(world.find_service(service), request(hook), world, **options))


@pytest.mark.ch("CH-039", "CH-090")
def test_logic_that_does_not_finish_in_time_is_a_503_and_no_decision(world):
    late = replace(world, seconds=-1.0, decision_log=MemoryLog())
    with pytest.raises(OutOfTime) as refusal:
        answer(late)
    assert refusal.value.status == 503
    assert late.decision_log.decisions == []


def test_an_answer_that_is_whole_is_given(world):
    assert len(answer(world).cards) >= 3


@pytest.mark.ch("CH-028")
def test_a_call_for_another_hook_is_refused(world):
    with pytest.raises(BadRequest) as refusal:
        answer(world, hook="order-sign")
    assert refusal.value.expressions == ("hook",)


def test_the_decision_names_the_client_and_its_feedback_is_joined(world):
    log = MemoryLog()
    mine = replace(world, decision_log=log)
    card = answer(mine, caller=Caller(name="ehr-1")).cards[0]
    assert log.decisions[0].client == "ehr-1"
    assert log.decisions[0].to_json()["client"] == "ehr-1"
    item = {"card": card.uuid, "outcome": "overridden", "outcomeTimestamp": "2026-03-02T10:00:00Z"}
    outcomes = FeedbackRequest.from_json({"feedback": [item]})
    service = mine.find_service(SERVICE)
    assert asyncio.run(receive_feedback(service, outcomes, mine, caller=Caller(name="ehr-1"))) == 1
    assert asyncio.run(receive_feedback(service, outcomes, mine, caller=Caller(name="ehr-2"))) == 0


def triggered_by(folder, hook):
    """A world of the shipped guideline with another hook in place of order-select."""
    shutil.copytree(shipped_path("plan_definitions") / "nl-lenalidomide", folder / "nl-lenalidomide")
    plan_file = next((folder / "nl-lenalidomide" / "PlanDefinition").glob("*.json"))
    plan_file.write_text(plan_file.read_text().replace('"order-select"', f'"{hook}"'))
    return world_of(Settings(content=(folder,)))


def topics(response):
    return {card.source.topic.code for card in response.cards}


@pytest.mark.ch("CH-040", "CH-041", "CH-021", "CH-185")
def test_an_organisations_own_hook_is_published_and_answered(tmp_path):
    world = triggered_by(tmp_path, "org.example.tumour-board")
    listed = {service.id: service for service in list_services(world)}
    own = listed["nl-lenalidomide-org.example.tumour-board"]
    assert own.hook == "org.example.tumour-board"
    assert "hookVersion" not in own.to_wire()
    assert RENAL in topics(answer(world, own.id, hook=own.hook))


@pytest.mark.ch("CH-178", "CH-181")
@pytest.mark.parametrize(("hook", "field"), [("medication-refill", "medications"), ("medication-verify", "medication")])
def test_the_logic_sees_the_orders_of_a_hook_whatever_the_field_is_called(tmp_path, hook, field):
    world = triggered_by(tmp_path, hook)
    drafts = request().context["draftOrders"]
    context = {"userId": "Practitioner/1", "patientId": "renal-failure"}
    context[field] = drafts if hook == "medication-refill" else drafts["entry"][0]["resource"]
    service = world.find_service(f"nl-lenalidomide-{hook}")
    assert RENAL in topics(asyncio.run(call_service(service, request(hook, context=context), world)))
