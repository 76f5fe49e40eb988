"""The main flow over the shipped content: the time of a call, a hook of an organisation's own, who is answered."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace

import pytest

from cds.app import build_world, local_now
from cds.commands.serve import demo_request
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
    assert refusal.value.expression == "hook"


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


@pytest.mark.ch("CH-040", "CH-041", "CH-021", "CH-185")
def test_an_organisations_own_hook_is_published_and_answered(tmp_path):
    folder = tmp_path / "nl-lenalidomide"
    shutil.copytree(shipped_path("plan_definitions") / "nl-lenalidomide", folder)
    plan_file = next((folder / "PlanDefinition").glob("*.json"))
    text = plan_file.read_text().replace('"order-select"', '"org.example.tumour-board"')
    plan_file.write_text(text)
    assert "org.example.tumour-board" in json.dumps(json.loads(text))
    world = world_of(Settings(content=(tmp_path,)))
    listed = {service.id: service for service in list_services(world)}
    own = listed["nl-lenalidomide-org.example.tumour-board"]
    assert own.hook == "org.example.tumour-board"
    assert "hookVersion" not in own.to_wire()
    answered = answer(world, own.id, hook="org.example.tumour-board")
    assert {card.indicator for card in answered.cards} >= {"critical"}
