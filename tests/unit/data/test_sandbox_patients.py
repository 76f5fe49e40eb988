"""Every synthetic patient, asked for through the prefetch, the FHIR server or both: the same data."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.data.data_requirements import DataRequirement
from cds.data.gather import gather_patient_data
from cds.data.patient_data import DataProblemKind
from cds.data.prefetch_templates import prefetch_templates
from cds.fhir.json import dumps, loads
from cds.fhir.systems import LOINC, NPU
from cds.hooks.request import CDSRequest
from cds.sandbox.chart_codes import LABS, LOCAL_LAB_SYSTEM
from cds.sandbox.in_memory_reader import InMemoryReader
from cds.sandbox.store import FHIRStore
from cds.sandbox.synthetic_patients import STORIES, Story, find_story, sandbox_resources

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def lab_codes(name: str) -> frozenset[tuple[str, str]]:
    lab = LABS[name]
    local = (LOCAL_LAB_SYSTEM, name.upper().replace("-", "_"))
    return frozenset({(LOINC, lab.loinc), local} | ({(NPU, lab.npu)} if lab.npu else set()))


WHOLE_TYPES = ("Condition", "MedicationRequest", "MedicationStatement", "MedicationAdministration", "Procedure")
REQUIREMENTS = tuple(
    [DataRequirement(type=resource_type) for resource_type in WHOLE_TYPES]
    + [DataRequirement(type="Observation", name=name, codes=lab_codes(name)) for name in LABS]
)
STORE = FHIRStore(sandbox_resources(TODAY), clock=lambda: NOW)
KEYS = tuple(prefetch_templates(REQUIREMENTS))


def prefetch_of(patient_id: str, keys: set[str] | None = None) -> dict[str, Any]:
    """Answer the templates as an EHR does, through JSON."""
    answers: dict[str, Any] = {}
    for key, template in prefetch_templates(REQUIREMENTS).items():
        query = template.replace("{{context.patientId}}", patient_id)
        resource_type, mark, parameters = query.partition("?")
        if keys is None or key in keys:
            answers[key] = STORE.search(resource_type, parameters) if mark else STORE.read(*query.split("/"))
    return loads(dumps(answers))


def gather(story: Story, prefetch: dict[str, Any], *, server: bool):
    drafts = [{"resource": draft} for draft in story.chart(TODAY).drafts]
    context: dict[str, Any] = {"userId": "Practitioner/sandbox-doctor", "patientId": story.id}
    if story.hook != "patient-view":
        context["draftOrders"] = {"resourceType": "Bundle", "entry": drafts}
    request = CDSRequest.from_json({"hook": story.hook, "hookInstance": "i", "context": context, "prefetch": prefetch})
    reader = InMemoryReader(STORE) if server else None
    return asyncio.run(gather_patient_data(REQUIREMENTS, request, reader, None, now=NOW))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.id)
def test_the_whole_chart_arrives_and_nothing_of_others(story):
    data = gather(story, {}, server=True)
    chart = {f"{each['resourceType']}/{each['id']}" for each in story.chart(TODAY).resources}
    arrived = {f"{each['resourceType']}/{each['id']}" for each in data.resources}
    assert arrived == {literal for literal in chart if not literal.startswith("Medication/")}
    assert data.dropped_other_patient == 0
    future = [problem.resource for problem in data.problems if problem.kind is DataProblemKind.IN_THE_FUTURE]
    assert len(data.problems) == len(future)
    assert future == (["Observation/unreadable-results-creatinine-3"] if story.id == "unreadable-results" else [])


@settings(max_examples=30)
@given(story=st.sampled_from(STORIES), keys=st.sets(st.sampled_from(KEYS)))
def test_prefetch_server_or_both_give_the_same_data(story, keys):
    from_server = gather(story, {}, server=True)
    mixed = gather(story, prefetch_of(story.id, keys), server=True)
    from_prefetch = gather(story, prefetch_of(story.id), server=False)
    assert mixed.resources == from_server.resources == from_prefetch.resources
    assert mixed.draft_orders == from_server.draft_orders == from_prefetch.draft_orders


def test_a_drug_given_three_ways_reads_the_same():
    def first_code(data, identifier: str) -> str:
        order = next(each for each in data.resources if each["id"] == identifier)
        return order["medicationCodeableConcept"]["coding"][0]["code"]

    renal = gather(find_story("renal-failure"), {}, server=True)
    normal = gather(find_story("normal-kidneys"), {}, server=True)
    assert first_code(renal, "renal-failure-dexamethasone") == "H02AB02"
    assert first_code(renal, "renal-failure-simvastatin") == "C10AA01"
    assert first_code(normal, "normal-kidneys-lenalidomide") == "L04AX04"
