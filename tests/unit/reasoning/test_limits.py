"""What this processor does not do is found at load, with file, path and reason, and not at the bedside."""

from __future__ import annotations

import pytest

from cds.content.artifact import Artifact
from cds.content.dependencies import Dependencies
from cds.content.guideline import Guideline
from cds.reasoning.limits import limits
from tests.unit.reasoning.fake_session import FakeShelf, activity, definition, identifier, plan

TARGET = {"url": "https://x/StructureDefinition/action-target", "valueExpression": identifier("Yes")}


def found(action: dict, *resources: dict, **others) -> list[tuple[str, str, str]]:
    made = plan({"id": "a", "title": "A"} | action, **others)
    shelf = FakeShelf({"Yes": True}, made, *resources)
    artifacts = tuple(one for one in shelf.artifacts if one.type != "Library")
    guideline = Guideline("demo", artifacts[0], Dependencies(artifacts, ()), "r")
    return [(one.severity, one.problem.path, one.problem.message) for one in limits(guideline, shelf)]


def value(path: str, name: str = "Yes", language: str = "text/cql-identifier") -> dict:
    return {"dynamicValue": [{"path": path, "expression": identifier(name, language)}]}


def test_a_plan_that_is_done_in_full_has_no_findings():
    action = {
        "trigger": [{"type": "named-event", "name": "order-sign"}],
        "condition": [{"kind": "applicability", "expression": identifier("Yes")}],
        "definitionCanonical": definition(),
        **value("action.title"),
    }
    act = activity("MedicationRequest", dosage=[{"text": "x"}], **value("dosageInstruction[0].doseAndRate[0].dose"))
    assert found(action, act) == []


@pytest.mark.pd("PD-257")
@pytest.mark.parametrize(
    ("action", "path", "message"),
    [
        ({"modifierExtension": [{"url": "u"}]}, "action[0].modifierExtension", "not processed"),
        ({"transform": "urn:map"}, "action[0].transform", "StructureMap"),
        ({"subjectCodeableConcept": {"coding": [{"code": "Location"}]}}, "action[0].subject", "about a Patient"),
        ({"type": {"coding": [{"code": "remove"}]}}, "action[0]", "action-target"),
        ({"type": {"coding": [{"code": "update"}]}, "extension": [TARGET]}, "action[0]", "needs an ActivityDefinition"),
        (value("colour"), "action[0].dynamicValue[0].path", "has no element colour"),
        (value("code.where(x)"), "action[0].dynamicValue[0].path", "is not made of names"),
        (value("title", "No Such"), "action[0].dynamicValue[0].expression", "no definition"),
        (value("title", "x", "text/jinja"), "action[0].dynamicValue[0].expression", "not supported"),
        (
            {"condition": [{"kind": "applicability", "expression": identifier("1 + 1", "text/cql")}]},
            "action[0].condition[0].expression",
            "cds elm build",
        ),
    ],
)
def test_what_would_cost_a_card_is_an_error(action, path, message):
    (severity, where, said) = found(action)[0]
    assert severity == "error"
    assert where.startswith(f"PlanDefinition.{path}")
    assert message in said


@pytest.mark.parametrize(
    ("act", "path", "message"),
    [
        (activity("Claim"), "ActivityDefinition.kind", "not supported"),
        (activity("NutritionOrder", doNotPerform=True), "ActivityDefinition.kind", "doNotPerform"),
        (
            activity("ServiceRequest", **value("dosageInstruction")),
            "ActivityDefinition.dynamicValue[0].path",
            "has no element",
        ),
        (
            activity("ServiceRequest", **value("occurrence.start.year")),
            "ActivityDefinition.dynamicValue[0].path",
            "no element",
        ),
        (activity("ServiceRequest", **value("extension('u')")), "ActivityDefinition.dynamicValue[0].path", "Extension"),
        (
            activity("Task", **value("description", "Nope")),
            "ActivityDefinition.dynamicValue[0].expression",
            "no definition",
        ),
    ],
)
def test_an_activity_that_cannot_become_a_request_is_an_error(act, path, message):
    (severity, where, said) = found({"definitionCanonical": definition()}, act)[0]
    assert (severity, where) == ("error", path)
    assert message in said


@pytest.mark.pd("PD-028", "PD-119", "PD-203", "PD-257")
@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"relatedAction": [{"actionId": "z", "relationship": "after"}]}, "no action 'z'"),
        ({"goalId": ["g"]}, "no goal 'g'"),
        ({"definitionCanonical": "ActivityDefinition/act"}, "relative reference"),
        ({"trigger": [{"type": "named-event", "name": "ANC.B5"}]}, "no hook"),
        ({"condition": [{"kind": "applicability", "expression": {"description": "if ill"}}]}, "never fires"),
    ],
)
def test_what_is_left_out_or_read_leniently_is_a_warning(action, message):
    assert [one[0] for one in found(action)] == ["warning"]
    assert message in found(action)[0][2]


@pytest.mark.pd("PD-087")
def test_a_test_of_kind_start_alone_fires_for_everybody():
    start = [{"kind": "start", "expression": identifier("Yes")}]
    trigger = [{"type": "named-event", "name": "patient-view"}]
    assert "PD-087" in found({"trigger": trigger, "condition": start})[0][2]


def test_an_alternative_expression_that_can_be_run_is_no_finding():
    extension = [{"url": "cqf-alternativeExpression", "valueExpression": identifier("Yes")}]
    condition = {"kind": "applicability", "expression": identifier("x", "text/x-own"), "extension": extension}
    assert found({"condition": [condition]}) == []


def test_a_contained_activity_is_looked_at_too():
    inside = {"resourceType": "ActivityDefinition", "id": "in", "status": "active", "kind": "Claim"}
    assert found({"definitionCanonical": "#in"}, contained=[inside])[0][1] == "contained #in.kind"


def test_the_artifact_of_a_finding_is_named():
    made = plan({"id": "a", "title": "A", "definitionCanonical": definition()})
    shelf = FakeShelf({}, made, activity("Claim"))
    guideline = Guideline("demo", Artifact(made, "plan.json", "r"), Dependencies(shelf.artifacts, ()), "r")
    assert {one.problem.file for one in limits(guideline, shelf)} == {"file.json"}


@pytest.mark.pd("PD-121")
def test_related_actions_that_wait_for_each_other_are_a_circle():
    def after(other: str) -> list[dict]:
        return [{"actionId": other, "relationship": "after-end"}]

    others = [{"id": "b", "relatedAction": after("a")}, {"id": "c", "relatedAction": after("b")}]
    assert found({"action": others}) == []
    (limit,) = found({"action": others, "relatedAction": after("c")})
    assert limit[0] == "error"
    assert "wait for each other" in limit[2]
    before = [{"actionId": "c", "relationship": "before-start"}]
    assert found({"action": others, "relatedAction": before}) == []
    beside = [{"actionId": "c", "relationship": "concurrent"}]
    assert found({"action": others, "relatedAction": beside}) == []


@pytest.mark.pd("PD-257")
@pytest.mark.parametrize(
    ("text", "faulty"),
    [
        ("Patient.gender = 'female'", False),
        ("gender = 'female' and %subject.birthDate.exists() and %data.entry.exists()", False),
        ("gendre = 'female'", True),
        ("%subject.valueQuantity > 3", True),
    ],
)
def test_a_fhirpath_that_can_mean_nothing_on_a_patient_is_an_error(text, faulty):
    condition = {"kind": "applicability", "expression": identifier(text, "text/fhirpath")}
    assert [one[0] for one in found({"condition": [condition]})] == ["error"] * faulty


@pytest.mark.pd("PD-217", "PD-257")
@pytest.mark.parametrize(("length", "warned"), [(139, False), (140, True)])
def test_a_title_that_a_card_cuts_is_a_warning(length, warned):
    assert ["cut" in one[2] for one in found({"title": "x" * length})] == [True] * warned
