"""A dynamicValue is made ready with its action or activity: which definition it runs, and what is recorded of it."""

from __future__ import annotations

import pytest

from cds.expressions.evaluation import Evaluated
from cds.expressions.outcome import Outcome
from cds.reasoning.blueprint import ActivityValues
from cds.reasoning.dynamic_values import dynamic_values
from tests.unit.reasoning.fake_session import FakeSession, activity, apply_plan, definition, identifier, library, plan

TITLE = {"path": "title", "expression": identifier("Text")}


def test_values_know_their_place_and_their_definition():
    by_path = {"path": "title", "expression": identifier("Text")}
    by_extension = {"url": "http://hl7.org/fhir/StructureDefinition/cqf-expression", "valueExpression": {}}
    holder = {"_title": {"extension": [by_extension]}, "dynamicValue": [by_path]}
    values = dynamic_values(holder, "PlanDefinition.action[0]", (library("Logic", "Text"),))
    assert [one.place for one in values] == [
        "PlanDefinition.action[0].title.extension[0]",
        "PlanDefinition.action[0].dynamicValue[0]",
    ]
    assert [one.definition for one in values] == [None, ("Logic", "Text")]


@pytest.mark.parametrize(("value", "outcome"), [("new", Outcome.TRUE), (None, Outcome.UNKNOWN), ([], Outcome.UNKNOWN)])
def test_patients_of_whom_a_value_can_be_set_or_not_share_the_recording(value, outcome):
    (ready,) = dynamic_values({"dynamicValue": [TITLE]}, "PlanDefinition.action[0]", (library("Logic", "Text"),))
    first, second = (ready.trace(Evaluated("Text", "text/cql-identifier", value=value), None) for _ in range(2))
    assert first is second
    assert (first.outcome, first.definition) == (outcome, ("Logic", "Text"))


def test_a_value_that_cannot_be_set_says_why_for_this_patient_alone():
    made = plan({"id": "a", "title": "A", "dynamicValue": [TITLE]})
    failed, fine = (apply_plan(FakeSession({"Text": value}), made).trace.actions[0].values[0] for value in (5, "new"))
    assert (failed.outcome, fine.outcome) == (Outcome.ERROR, Outcome.TRUE)
    assert "integer" in failed.reason
    assert fine.reason is None


def test_a_definition_that_fails_is_an_error_with_its_place():
    made = plan({"id": "a", "title": "A", "dynamicValue": [{"path": "title", "expression": identifier("Fails")}]})
    applied = apply_plan(FakeSession({}), made)
    (value,) = applied.trace.actions[0].values
    assert value.outcome is Outcome.ERROR
    assert "cannot compare mg with mL" in value.reason
    assert [one.path for one in applied.trace.issues] == ["PlanDefinition.action[0].dynamicValue[0]"]


def test_the_values_of_an_activity_follow_the_libraries_in_scope():
    values = ActivityValues(activity("Task", dynamicValue=[{"path": "description", "expression": identifier("Text")}]))
    one, other = (library("One", "Text"),), (library("Other", "Text"),)
    names = [values.resolved_in(libraries)[0].definition for libraries in (one, other, one)]
    assert names == [("One", "Text"), ("Other", "Text"), ("One", "Text")]
    assert values.resolved_in(one) is values.resolved_in((one[0],))


def test_the_requests_of_a_call_share_what_the_call_gives():
    actions = [{"id": name, "title": name, "definitionCanonical": definition()} for name in ("a", "b")]
    applied = apply_plan(
        FakeSession({}),
        plan(*actions),
        activity("MedicationRequest", productCodeableConcept={"text": "a drug"}),
        practitioner="Practitioner/d1",
        encounter="Encounter/e1",
    )
    first, second = (made.resource for made in applied.made.values())
    for member in ("subject", "authoredOn", "requester", "encounter", "recorder"):
        assert first[member] is second[member]
    assert list(first)[:10] == [
        "resourceType",
        "id",
        "subject",
        "status",
        "intent",
        "instantiatesCanonical",
        "authoredOn",
        "requester",
        "encounter",
        "recorder",
    ]
    assert first["id"] != second["id"]
