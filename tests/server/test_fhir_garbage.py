"""Whatever is sent to the FHIR operations, the answer is valid R4, and never the server's failure."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from tests.server.conftest import running
from tests.server.test_fhir_content_changes import write
from tests.server.test_fhir_operations import (
    ACTIVITY,
    APPLY,
    CONTENT,
    DATA,
    EGFR,
    MAP,
    PATIENT,
    PATTERN,
    PLAN,
    VALUE_SET,
    answered,
    bundle,
    parameters,
    prefetched,
)

ROUNDS = 60
JUNK: list[Any] = [
    *(None, 0, 1, -1, 1.5, True, False, "", "x", "Patient/p1", "\u0000", "ä" * 300),
    *([], {}, [[]], [None], {"a": 1}, {"resourceType": 5}, {"resourceType": "Patient"}, {"coding": 5}, {"coding": [5]}),
    {"resourceType": "Bundle", "entry": [{"resource": None}, 5, {"resource": {"resourceType": "Observation"}}]},
]
DRAFTS = parameters(draftOrders={"resourceType": "MedicationRequest", "id": "d", "status": "draft"}, setting="x")
OFFER = {
    "resourceType": "RequestGroup",
    "id": "rg",
    "status": "draft",
    "intent": "proposal",
    "contained": [{"resourceType": "Task", "id": "t", "status": "draft", "intent": "option"}],
    "action": [
        {
            "id": "g",
            "selectionBehavior": "exactly-one",
            "action": [{"id": "a", "resource": {"reference": "#t"}}, {"id": "b", "resource": {"reference": "#none"}}],
        }
    ],
}
WARD = {"resourceType": "Location", "id": "w"}
CALLS = {
    APPLY: parameters(subject="Patient/p1", data=DATA, setting={"coding": [{"code": "IMP"}]}, parameters=DRAFTS),
    "/fhir/PlanDefinition/$apply": parameters(
        subject=["Patient/p1", "Location/w"], data=bundle(PATIENT, EGFR, WARD), planDefinition=PLAN, resultForm="bundle"
    ),
    "/fhir/Library/logic/$evaluate": parameters(
        subject="Patient/p1",
        expression=["Yes", "Has Observation"],
        prefetchData=[prefetched("patient", PATIENT), prefetched("observations", bundle(EGFR))],
    ),
    "/fhir/ActivityDefinition/$apply": parameters(subject="Patient/p1", data=DATA, activityDefinition=ACTIVITY),
    "/fhir/ValueSet/$expand": parameters(valueSet=VALUE_SET),
    "/fhir/ValueSet/$validate-code": parameters(
        valueSet=PATTERN, codeableConcept={"coding": [{"system": "urn:icd", "code": "C90"}]}
    ),
    "/fhir/RequestGroup/$choose": parameters(requestGroup=OFFER, chosen=["a"], documented=["b"], intent="order"),
    "/fhir/ConceptMap/$translate": parameters(conceptMap=MAP, system="urn:local", code="x"),
}


@pytest.fixture(scope="module")
def fhir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("content")
    write(folder, *CONTENT)
    with running(content=(folder,), sandbox=False) as started:
        yield started


def damaged(value: Any, chance: random.Random) -> Any:
    """A copy in which something here and there is missing or something else."""
    if chance.random() < 0.02:
        return copy.deepcopy(chance.choice(JUNK))
    if isinstance(value, dict):
        kept = {name: damaged(member, chance) for name, member in value.items()}
        if kept and chance.random() < 0.02:
            del kept[chance.choice(list(kept))]
        return kept
    return [damaged(item, chance) for item in value] if isinstance(value, list) else value


@pytest.mark.pd("PD-075", "PD-241")
@pytest.mark.parametrize("path", CALLS)
def test_a_damaged_call_is_answered_or_refused_and_never_fails(fhir, path):
    chance = random.Random(path)
    statuses = set()
    for _ in range(ROUNDS):
        body = json.dumps(damaged(CALLS[path], chance)).encode()
        response = fhir.http.post(path, content=body, headers={"Content-Type": "application/fhir+json"})
        assert response.status_code in (200, 400, 404, 422), body
        answered(response, response.status_code)
        statuses.add(response.status_code)
    assert 200 in statuses
    assert len(statuses) > 1
