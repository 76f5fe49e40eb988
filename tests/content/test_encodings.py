"""The same patient, written as five hospitals would write it, gets the same cards: every story, every service."""

import asyncio
import json
import re
from datetime import date, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.content.library import load_content
from cds.decisions.memory import MemoryLog
from cds.hooks.request import CDSRequest
from cds.knowledge import prepare_knowledge
from cds.sandbox.in_memory_reader import InMemoryReader
from cds.sandbox.store import FHIRStore
from cds.sandbox.synthetic_patients import STORIES
from cds.service import World, call_service
from cds.tester.cases import read_cases
from tests.content.encodings import ATC, HOSPITALS, ICD_10, LOCAL, LOINC, NPU, OWN, RXNORM, SNOMED, Encoder, Encoding
from tests.server.conftest import OF_HOOK

ROOT = Path(__file__).parents[2]
SHIPPED = [ROOT / "fhir_mappings", ROOT / "plan_definitions"]
GUIDELINES = sorted(path.parent.parent.name for path in (ROOT / "plan_definitions").glob("*/PlanDefinition/*.json"))
TODAY = date(2026, 3, 2)
NOW = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
# What a card says of the way a value came in.
AS_RECEIVED = re.compile(r", received as [^)]*(?=\))")


class OneReader:
    """The FHIR server of one patient."""

    def __init__(self, resources):
        self.reader = InMemoryReader(FHIRStore(resources))

    def reader_for(self, _request, _caller=None, *, seconds):
        return self.reader


class Hospital:
    """The shipped content with one more folder: a ConceptMap from local codes to the concepts."""

    def __init__(self, folder):
        shipped = prepare_knowledge(load_content(SHIPPED))
        artifacts = [one.resource for one in shipped.content.shelf.artifacts]
        self.encoder = Encoder(artifacts, shipped.value_sets, shipped.mappings)
        (folder / "local.json").write_text(json.dumps(self.encoder.local_map()))
        self.knowledge = prepare_knowledge(load_content([*SHIPPED, folder]))
        self.as_written = cache(lambda service, story: self.answer(service, story, None))

    def answer(self, service_id, story, way):
        """The cards of a story, written in a way (None: as the chart writes it)."""
        chart = story.chart(TODAY)
        resources, drafts = chart.resources, chart.drafts
        if way is not None:
            resources, drafts = self.encoder.encode(resources, drafts, way)
        hook = self.knowledge.services[service_id].hook
        if hook == "order-dispatch" and not drafts:
            return []  # there is nothing to dispatch
        on_record = [*resources, *drafts] if hook == "order-dispatch" else resources
        return self.cards(service_id, on_record, hook_call(hook, story.id, drafts), NOW)

    def answer_case(self, case, way):
        """The cards of a case that the authors of a guideline wrote."""
        resources, drafts = case.resources, case.draft_orders
        if way is not None:
            resources, drafts = self.encoder.encode(resources, drafts, way)
        call = hook_call(case.hook, case.patient_id, drafts)
        call["context"] |= case.context
        if case.selections is not None:
            call["context"]["selections"] = list(case.selections)
        return self.cards(f"{case.guideline}-{case.hook}", resources, call, case.now)

    def cards(self, service_id, resources, call, now):
        world = World(
            knowledge=self.knowledge,
            fhir_servers=OneReader(resources),
            decision_log=MemoryLog(),
            clock=lambda: now,
            seconds=60,
        )
        response = call_service(self.knowledge.services[service_id], CDSRequest.from_json(call), world)
        return [comparable(card) for card in asyncio.run(response).cards]


def hook_call(hook, patient_id, drafts):
    context = {"userId": "Practitioner/doctor", "patientId": patient_id, **OF_HOOK.get(hook, {})}
    if hook in ("order-select", "order-sign"):
        entries = [{"resource": draft} for draft in drafts]
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    if hook == "order-select":
        context["selections"] = [f"{draft['resourceType']}/{draft['id']}" for draft in drafts]
    if hook == "order-dispatch":
        context["dispatchedOrders"] = [f"{draft['resourceType']}/{draft['id']}" for draft in drafts]
        context["performer"] = "Organization/pharmacy"
    return {"hook": hook, "hookInstance": "00000000-0000-4000-8000-000000000001", "context": context}


def comparable(card):
    """A card without its ids, and without the words for how its values came in."""
    return {
        "recommendation": card.source.topic.code,
        "indicator": card.indicator,
        "summary": card.summary,
        "detail": AS_RECEIVED.sub("", card.detail or ""),
        "suggestions": [
            (suggestion.label, [comparable_action(action) for action in suggestion.actions or ()])
            for suggestion in card.suggestions or ()
        ],
    }


def comparable_action(action):
    """What is created must be the same; what is updated is the sender's own resource, in the sender's codes."""
    if action.type == "create":
        return action.type, action.description, action.resource
    resource = action.resource or {}
    return action.type, action.description, resource.get("id"), resource.get("status"), action.resource_id


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    return Hospital(tmp_path_factory.mktemp("hospital"))


def services_of(hospital, guideline):
    return [service for service in hospital.knowledge.services if service.startswith(f"{guideline}-")]


@pytest.mark.parametrize("guideline", GUIDELINES)
@pytest.mark.parametrize("name", HOSPITALS)
def test_every_story_gets_the_same_cards_however_a_hospital_writes_it(hospital, name, guideline):
    for service in services_of(hospital, guideline):
        for story in STORIES:
            assert hospital.answer(service, story, HOSPITALS[name]) == hospital.as_written(service, story), story.id


@pytest.mark.parametrize("guideline", GUIDELINES)
def test_every_fifth_case_of_a_guideline_gets_the_same_cards_in_another_hospital(hospital, guideline):
    """The cases lie at the limits of the rules, where a value that is read a little wrong shows."""
    ways = list(HOSPITALS.values())
    cases = list(read_cases(ROOT / "plan_definitions" / guideline))[::5]
    different = [
        (case.file, case.name, number % len(ways))
        for number, case in enumerate(cases)
        if hospital.answer_case(case, ways[number % len(ways)]) != hospital.answer_case(case, None)
    ]
    assert different == []
    assert len(cases) > 30


@pytest.mark.parametrize("guideline", GUIDELINES)
def test_there_are_cards_to_compare(hospital, guideline):
    cards = [
        card for name in services_of(hospital, guideline) for one in STORIES for card in hospital.as_written(name, one)
    ]
    assert len(cards) >= 5
    assert any(card["suggestions"] for card in cards)


SYSTEMS = st.permutations([LOINC, NPU, SNOMED, ATC, RXNORM, ICD_10, LOCAL, *OWN]).map(tuple)
WAYS = st.builds(
    Encoding,
    systems=SYSTEMS,
    not_mapped_first=st.booleans(),
    other_address=st.booleans(),
    unit=st.sampled_from(["as is", "canonical", "converted", "spelling"]),
    date=st.sampled_from(["dateTime", "Period", "instant"]),
    medication=st.sampled_from(["concept", "contained", "reference"]),
    dose=st.sampled_from(["mg", "g", "capsules"]),
)


@given(st.data())
@settings(max_examples=80, derandomize=True)
def test_any_mixture_of_the_ways_of_writing_gives_the_same_cards(hospital, data):
    service = data.draw(st.sampled_from(sorted(hospital.knowledge.services)))
    story = data.draw(st.sampled_from(STORIES))
    way = data.draw(WAYS)
    assert hospital.answer(service, story, way) == hospital.as_written(service, story)


def written(hospital, name):
    """All that the hospital writes of all stories, as one list."""
    found = []
    for story in STORIES:
        chart = story.chart(TODAY)
        resources, drafts = hospital.encoder.encode(chart.resources, chart.drafts, HOSPITALS[name])
        found += [*resources, *drafts]
    return found


def test_the_hospitals_really_write_in_different_ways(hospital):
    """Shares of what is rewritten: a test of sameness proves nothing if nothing changed."""
    first, second, third, fourth, fifth = HOSPITALS

    def observations(name):
        return [one for one in written(hospital, name) if one["resourceType"] == "Observation"]

    def share(items, test):
        return sum(map(test, items)) / len(items)

    def system(resource):
        return resource["code"]["coding"][0]["system"]

    def unit(resource):
        return resource.get("valueQuantity", {}).get("unit")

    assert share(observations(first), lambda one: system(one) == LOINC) > 0.9
    assert share(observations(second), lambda one: system(one) == NPU) > 0.8
    assert share(observations(third), lambda one: system(one) == LOCAL) > 0.9
    assert share(observations(fourth), lambda one: system(one).endswith("not-mapped")) > 0.9
    assert share(observations(fifth), lambda one: system(one) in OWN) > 0.9
    assert share(observations(second), lambda one: "effectivePeriod" in one) == 1
    assert share(observations(third), lambda one: "effectiveInstant" in one) == 1
    measured = zip(observations(first), observations(second), strict=True)
    changed = [unit(one) != unit(two) for one, two in measured if unit(one)]
    assert sum(changed) / len(changed) > 0.6
    orders = [one for one in written(hospital, second) if one["resourceType"] == "MedicationRequest"]
    assert all("medicationReference" in order for order in orders)
    assert sum("capsule" in json.dumps(order["dosageInstruction"], default=str) for order in orders) > len(orders) / 2
