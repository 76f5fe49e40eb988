"""What a request has of its activity is prepared once, shared by all requests, and changed by none."""

import pytest

from cds.content.artifact import Artifact
from cds.fhir.json import copied
from cds.reasoning import request_elements
from cds.reasoning.blueprint import blueprint
from tests.unit.reasoning.fake_session import activity, definition, identifier, plan

DOSAGE = [{"text": "one tablet", "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}]
DRUG = {"text": "a drug"}


def medication(**others):
    return activity("MedicationRequest", productCodeableConcept=DRUG, dosage=copied(DOSAGE), **others)


def artifact(resource) -> Artifact:
    return Artifact(resource, file="a.json", root="root")


def test_an_activity_is_made_ready_once(monkeypatch):
    one = artifact(medication())
    ready = blueprint(one)
    monkeypatch.setattr(request_elements, "set_element", lambda *_: pytest.fail("it is ready"))
    assert blueprint(one) is ready


def test_a_change_of_the_content_makes_another_blueprint():
    before, after = blueprint(artifact(medication())), blueprint(artifact(medication(description="new")))
    assert before.content == after.content
    other = medication()
    other["dosage"][0]["text"] = "two tablets"
    assert blueprint(artifact(other)).content["dosageInstruction"] == other["dosage"] != DOSAGE


def test_dynamic_values_change_one_request_and_not_what_the_others_share(apply):
    values = [
        {"path": "dosageInstruction[0].text", "expression": identifier("Text")},
        {"path": "dosageInstruction[0].timing.repeat.frequency", "expression": identifier("Number")},
        {"path": "medication.coding", "expression": identifier("Coding")},
    ]
    shared = medication()
    before = copied(shared)
    actions = [{"id": name, "title": name, "definitionCanonical": definition()} for name in ("a", "b")]
    actions[0]["dynamicValue"] = values
    applied = apply(plan(*actions), shared, values={"Text": "five tablets", "Coding": {"system": "urn:s", "code": "c"}})
    changed, unchanged = (one.resource for one in applied.made.values())
    assert changed["dosageInstruction"] == [
        {"text": "five tablets", "timing": {"repeat": {"frequency": 5, "period": 1, "periodUnit": "d"}}}
    ]
    assert changed["medicationCodeableConcept"] == DRUG | {"coding": [{"system": "urn:s", "code": "c"}]}
    assert unchanged["dosageInstruction"] == DOSAGE
    assert unchanged["medicationCodeableConcept"] == DRUG
    assert shared == before


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (activity("DeviceDispense"), "not supported"),
        (activity("Task", transform="http://example.org/StructureMap/m"), "StructureMap"),
        (activity("ServiceRequest", code="a text"), "ServiceRequest.code is a CodeableConcept"),
    ],
)
def test_a_blueprint_says_why_there_can_be_no_request(resource, message):
    ready = blueprint(artifact(resource))
    assert message in (ready.refusal or ready.misfit)
