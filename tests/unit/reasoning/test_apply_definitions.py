"""What actions point to: requests, nested plans, updates and removals of what the EHR sent."""

from __future__ import annotations

import pytest

from cds.content.artifact import Artifact
from cds.content.validation import validate
from cds.expressions.outcome import Outcome
from tests.unit.reasoning.fake_session import BASE, activity, definition, failure, identifier, plan, when

LENALIDOMIDE = {"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AX04"}]}
DOSAGE = [
    {
        "text": "25 mg once daily on days 1-21 of a 28-day cycle",
        "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
        "doseAndRate": [
            {"doseQuantity": {"value": 25, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}}
        ],
    }
]
MEDICATION = {"productCodeableConcept": LENALIDOMIDE, "dosage": DOSAGE, "intent": "order"}
TEN_MG = {"value": 10, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
DRAFT = {
    "resourceType": "MedicationRequest",
    "id": "draft-1",
    "status": "draft",
    "intent": "order",
    "subject": {"reference": "Patient/p1"},
    "medicationReference": {"reference": "Medication/len"},
    "dosageInstruction": DOSAGE,
    "note": [{"text": "as discussed"}],
}
TARGET = "https://fhir-cds.example.org/fhir/StructureDefinition/action-target"


def doing(code: str, target: str | None = None, **others) -> dict:
    extension = [{"url": TARGET, "valueExpression": identifier(target)}] if target else []
    kind = {"type": {"coding": [{"code": code}]}}
    return {"id": "a", "title": "A", **kind, **({"extension": extension} if extension else {}), **others}


def only(applied):
    (made,) = applied.made.values()
    return made


def errors(applied) -> list[str]:
    return [issue.message for issue in applied.trace.issues if issue.severity == "error"]


@pytest.mark.pd("PD-066", "PD-067", "PD-068", "PD-069", "PD-131", "PD-142", "PD-156", "PD-162")
def test_an_activity_becomes_a_valid_request_that_the_action_refers_to(apply):
    applied = apply(
        plan({"id": "a", "title": "A", "definitionCanonical": definition()}),
        activity("MedicationRequest", **MEDICATION),
        practitioner="Practitioner/7",
        encounter="Encounter/e",
    )
    made = only(applied)
    assert applied.request_group["action"][0]["resource"] == {"reference": f"#{made.id}"}
    assert made.resource == {
        "resourceType": "MedicationRequest",
        "id": made.id,
        "subject": {"reference": "Patient/p1"},
        "status": "draft",
        "intent": "option",
        "instantiatesCanonical": [f"{BASE}/ActivityDefinition/act|1"],
        "authoredOn": "2026-03-02T10:00:00+00:00",
        "requester": {"reference": "Practitioner/7"},
        "recorder": {"reference": "Practitioner/7"},
        "encounter": {"reference": "Encounter/e"},
        "medicationCodeableConcept": LENALIDOMIDE,
        "dosageInstruction": DOSAGE,
    }
    assert made.intent == "order"


KINDS = {
    "ServiceRequest": ({"code": {"text": "eGFR"}}, "code", {"text": "eGFR"}),
    "Task": ({"code": {"text": "call"}, "description": "Call the patient"}, "description", "Call the patient"),
    "CommunicationRequest": ({"code": {"text": "why"}}, "reasonCode", [{"text": "why"}]),
    "CarePlan": ({"title": "Plan"}, "title", "Plan"),
    "DeviceRequest": ({"code": {"text": "pump"}}, "codeCodeableConcept", {"text": "pump"}),
    "SupplyRequest": (
        {"productCodeableConcept": {"text": "swab"}, "quantity": {"value": 2}},
        "itemCodeableConcept",
        {"text": "swab"},
    ),
    "NutritionOrder": ({}, "dateTime", "2026-03-02T10:00:00+00:00"),
    "Appointment": ({"description": "visit"}, "description", "visit"),
}


@pytest.mark.pd("PD-075", "PD-143", "PD-144", "PD-146", "PD-147", "PD-165")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_in_use_becomes_a_valid_resource_of_the_patient(apply, kind):
    elements, member, expected = KINDS[kind]
    applied = apply(plan({"id": "a", "title": "A", "definitionCanonical": definition()}), activity(kind, **elements))
    assert errors(applied) == []
    resource = only(applied).resource
    assert resource["resourceType"] == kind
    assert resource[member] == expected
    assert list(validate(Artifact(resource, "", ""))) == []
    assert kind == "SupplyRequest" or "Patient/p1" in str(resource)


@pytest.mark.pd("PD-143", "PD-145", "PD-160")
@pytest.mark.parametrize("kind", ["Claim", "Contract", "VisionPrescription", None])
def test_a_kind_that_is_not_supported_keeps_the_action_and_is_told(apply, kind):
    act = activity("Task")
    act = {name: value for name, value in act.items() if name != "kind"} | ({"kind": kind} if kind else {})
    applied = apply(plan({"id": "a", "title": "A", "definitionCanonical": definition()}), act)
    assert "resource" not in applied.request_group["action"][0]
    assert errors(applied)


@pytest.mark.pd("PD-154", "PD-248")
@pytest.mark.parametrize("kind", ["MedicationRequest", "ServiceRequest", "CommunicationRequest"])
def test_a_do_not_stays_a_do_not(apply, kind):
    act = activity(kind, doNotPerform=True, **(MEDICATION if kind == "MedicationRequest" else {}))
    applied = apply(plan({"id": "a", "title": "A", "definitionCanonical": definition()}), act)
    assert only(applied).resource["doNotPerform"] is True


@pytest.mark.pd("PD-154", "PD-248")
def test_a_task_says_do_not_by_a_modifier_and_other_kinds_refuse(apply):
    url = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
    action = {"id": "a", "title": "A", "definitionCanonical": definition()}
    applied = apply(plan(action), activity("Task", doNotPerform=True))
    assert only(applied).resource["modifierExtension"] == [{"url": url, "valueBoolean": True}]
    refused = apply(plan(action), activity("NutritionOrder", doNotPerform=True))
    assert refused.made == {}
    assert "doNotPerform" in errors(refused)[0]


@pytest.mark.pd("PD-102", "PD-104")
def test_the_plans_priority_and_reason_win(apply):
    action = {
        "id": "a",
        "title": "A",
        "priority": "stat",
        "reason": [{"text": "renal"}],
        "definitionCanonical": definition(),
    }
    applied = apply(plan(action), activity("ServiceRequest", priority="routine", code={"text": "eGFR"}))
    assert only(applied).resource["priority"] == "stat"
    assert only(applied).resource["reasonCode"] == [{"text": "renal"}]


@pytest.mark.pd("PD-124", "PD-150")
def test_the_plans_timing_wins_over_the_activitys(apply):
    action = {"id": "a", "title": "A", "timingDateTime": "2026-04-01", "definitionCanonical": definition()}
    applied = apply(plan(action), activity("ServiceRequest", timingTiming={"repeat": {"count": 1}}))
    assert only(applied).resource["occurrenceDateTime"] == "2026-04-01"
    assert "occurrenceTiming" not in only(applied).resource


@pytest.mark.pd("PD-170")
def test_the_activitys_values_come_first_and_the_plans_last(apply):
    act = activity("ServiceRequest", dynamicValue=[{"path": "code.text", "expression": identifier("First")}])
    action = {"id": "a", "title": "A", "definitionCanonical": definition()}
    action["dynamicValue"] = [{"path": "code.text", "expression": identifier("Last")}]
    values = {"First": "first", "Last": "last"}
    assert only(apply(plan(action), act, values=values)).resource["code"] == {"text": "last"}
    assert only(apply(plan(action), act, values=values | {"Last": None})).resource["code"] == {"text": "first"}


@pytest.mark.pd("PD-172", "PD-175")
def test_a_path_addresses_the_resource_or_the_action(apply):
    paths = {"code.text": "code", "action.title": "title", "%action.description": "text", "prefix": "1"}
    values = [{"path": path, "expression": identifier(value)} for path, value in paths.items()]
    action = {"id": "a", "title": "A", "definitionCanonical": definition(), "dynamicValue": values}
    applied = apply(plan(action), activity("ServiceRequest"), values={one: one for one in paths.values()})
    output = applied.request_group["action"][0]
    assert (output["title"], output["description"], output["prefix"]) == ("title", "text", "1")
    assert only(applied).resource["code"] == {"text": "code"}


@pytest.mark.parametrize("failing", ["activity", "plan"])
def test_a_value_that_fails_takes_the_suggestion_away_and_never_leaves_the_static_dose(apply, failing):
    dose = {"path": "dosageInstruction[0].doseAndRate[0].doseQuantity", "expression": identifier("Dose")}
    act = activity("MedicationRequest", **MEDICATION)
    action = {"id": "a", "title": "A", "definitionCanonical": definition()}
    (act if failing == "activity" else action)["dynamicValue"] = [dose]
    applied = apply(plan(action), act, values={"Dose": failure()})
    assert applied.made == {}
    assert applied.request_group["action"][0]["title"] == "A"
    assert "cannot compare mg with mL" in errors(applied)[0]


@pytest.mark.pd("PD-177")
def test_a_value_of_the_wrong_type_is_told_and_no_invalid_resource_leaves(apply):
    act = activity("ServiceRequest", dynamicValue=[{"path": "authoredOn", "expression": identifier("Number")}])
    applied = apply(plan({"id": "a", "title": "A", "definitionCanonical": definition()}), act)
    assert applied.made == {}
    assert "ServiceRequest.authoredOn is a dateTime, but the value is integer" in errors(applied)[0]


@pytest.mark.pd("PD-148")
def test_a_medication_request_without_medication_is_told_and_not_made(apply):
    applied = apply(plan({"id": "a", "title": "A", "definitionCanonical": definition()}), activity("MedicationRequest"))
    assert applied.made == {}
    assert "would not be valid R4" in errors(applied)[0]


@pytest.mark.pd("PD-183")
def test_a_computed_indicator_becomes_the_priority(apply):
    value = [{"path": "action.extension", "expression": identifier("Indicator")}]
    applied = apply(plan({"id": "a", "title": "A", "dynamicValue": value}), values={"Indicator": "critical"})
    assert applied.request_group["action"][0]["priority"] == "stat"


@pytest.mark.pd("PD-138", "PD-174")
def test_an_expression_may_give_the_whole_resource(apply):
    resource = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
    }
    value = [{"path": "$this", "expression": identifier("Order")}]
    applied = apply(plan({"id": "a", "title": "A", "dynamicValue": value}), values={"Order": resource})
    assert only(applied).resource["intent"] == "option"
    broken = apply(plan({"id": "a", "title": "A", "dynamicValue": value}), values={"Order": {"resourceType": "Order"}})
    assert broken.made == {}


@pytest.mark.pd("PD-027", "PD-070", "PD-141")
def test_a_contained_activity_applies_and_twice_gives_two_resources(apply):
    inside = {name: value for name, value in activity("ServiceRequest", code={"text": "x"}).items() if name != "url"}
    actions = [{"id": one, "title": one, "definitionCanonical": "#act"} for one in ("a", "b")]
    applied = apply(plan(*actions, contained=[inside]))
    assert len(applied.made) == 2
    assert all("instantiatesCanonical" not in made.resource for made in applied.made.values())


@pytest.mark.pd("PD-140")
def test_a_definition_that_is_not_found_keeps_the_advice(apply):
    applied = apply(plan({"id": "a", "title": "A", "definitionCanonical": "urn:nowhere"}))
    assert applied.request_group["action"][0]["title"] == "A"
    assert errors(applied) == ["the definition urn:nowhere is not loaded"]


@pytest.mark.pd("PD-136")
def test_another_kind_of_definition_becomes_a_task_about_it(apply):
    measure = {"resourceType": "Measure", "id": "m", "url": "urn:measure", "status": "active"}
    applied = apply(plan({"id": "a", "title": "A", "definitionCanonical": "urn:measure"}), measure)
    task = only(applied).resource
    assert (task["resourceType"], task["intent"], task["focus"]) == ("Task", "option", {"reference": "Measure/m"})


@pytest.mark.pd("PD-137")
def test_a_definition_outside_fhir_stays_visible_as_a_task(apply):
    applied = apply(plan({"id": "a", "title": "A", "definitionUri": "https://example.org/protocol"}))
    assert only(applied).resource["instantiatesUri"] == "https://example.org/protocol"


@pytest.mark.pd("PD-094")
def test_an_action_with_a_definition_and_children_keeps_both(apply):
    action = {"id": "a", "title": "A", "definitionCanonical": definition(), "action": [{"id": "b", "title": "B"}]}
    output = apply(plan(action), activity("ServiceRequest")).request_group["action"][0]
    assert "resource" not in output
    assert [one["title"] for one in output["action"]] == ["A", "B"]
    assert "resource" in output["action"][0]


@pytest.mark.pd("PD-093")
def test_strict_mode_gives_a_text_only_action_a_task(apply):
    action = plan({"id": "a", "title": "A", "description": "Think"})
    assert "resource" not in apply(action).request_group["action"][0]
    strict = apply(action, strict=True)
    assert only(strict).resource["description"] == "A: Think"


@pytest.mark.pd("PD-168", "PD-169")
def test_a_transform_is_refused_clearly(apply):
    applied = apply(
        plan({"id": "a", "title": "A", "transform": "urn:map", "definitionCanonical": definition()}), activity("Task")
    )
    assert applied.made == {}
    assert "StructureMap" in errors(applied)[0]


def nested(*actions: dict, name: str = "inner") -> dict:
    return plan(*actions, id=name, url=f"{BASE}/PlanDefinition/{name}")


@pytest.mark.pd("PD-065", "PD-132")
def test_a_nested_plan_is_a_request_group_with_intent_option(apply):
    inner = nested({"id": "x", "title": "X", "condition": when("No")}, {"id": "y", "title": "Y"})
    applied = apply(plan({"id": "a", "title": "A", "definitionCanonical": inner["url"]}), inner)
    group = only(applied).resource
    assert (group["resourceType"], group["intent"]) == ("RequestGroup", "option")
    assert [one["id"] for one in group["action"]] == ["y"]
    assert [one.id for one in applied.trace.all_actions()] == ["a", "x", "y"]


@pytest.mark.pd("PD-139")
def test_plans_that_lead_back_to_themselves_end_with_an_issue(apply):
    outer_url = f"{BASE}/PlanDefinition/demo"
    inner = nested({"id": "x", "title": "X", "definitionCanonical": outer_url})
    applied = apply(plan({"id": "a", "title": "A", "definitionCanonical": inner["url"]}), inner)
    assert "leads back to itself" in errors(applied)[0]


@pytest.mark.pd("PD-077", "PD-079", "PD-080", "PD-081")
def test_goals_are_made_and_requests_pertain_to_them(apply):
    goal = {
        "id": "g",
        "description": {"text": "no thrombosis"},
        "addresses": [{"text": "risk"}],
        "target": [{"due": {"value": 3}}],
    }
    action = {"id": "a", "title": "A", "goalId": ["g"], "definitionCanonical": definition()}
    applied = apply(plan(action, goal=[goal]), activity("ServiceRequest"))
    (made_goal,) = applied.goals
    assert made_goal["lifecycleStatus"] == "proposed"
    assert made_goal["target"] == [{"dueDuration": {"value": 3}}]
    assert list(validate(Artifact(made_goal, "", ""))) == []
    (extension,) = only(applied).resource["extension"]
    assert extension["valueReference"] == {"reference": f"#{made_goal['id']}"}


def test_an_update_starts_from_the_order_as_received_and_changes_only_what_the_activity_sets(apply):
    act = activity("MedicationRequest", dosage=[{"text": "10 mg"}])
    action = doing("update", "Order", definitionCanonical=definition())
    action["dynamicValue"] = [{"path": "dosageInstruction[0].doseAndRate[0].dose", "expression": identifier("Dose")}]
    normalised = DRAFT | {"medicationCodeableConcept": LENALIDOMIDE}
    values = {"Order": normalised, "Dose": TEN_MG}
    made = only(apply(plan(action), act, values=values, received={"MedicationRequest/draft-1": DRAFT}))
    assert made.target is DRAFT
    changed = {"dosageInstruction": [{"text": "10 mg", "doseAndRate": [{"doseQuantity": TEN_MG}]}]}
    assert made.resource == DRAFT | changed | {"id": made.id, "intent": "option"}
    assert made.intent == "order"


def test_an_update_that_sets_another_medication_takes_the_old_reference_away(apply):
    act = activity("MedicationRequest", productCodeableConcept=LENALIDOMIDE)
    made = only(apply(plan(doing("update", "Order", definitionCanonical=definition())), act, values={"Order": DRAFT}))
    assert made.resource["medicationCodeableConcept"] == LENALIDOMIDE
    assert "medicationReference" not in made.resource
    assert made.resource["note"] == DRAFT["note"]


def test_what_was_wrong_in_an_order_before_does_not_prevent_its_update(apply):
    act = activity("MedicationRequest", dosage=DOSAGE)
    action = plan(doing("update", "Order", definitionCanonical=definition()))
    assert only(apply(action, act, values={"Order": DRAFT | {"colour": "red"}})).resource["colour"] == "red"


def test_a_removal_refers_to_the_order_itself(apply):
    applied = apply(plan(doing("remove", "Order")), values={"Order": DRAFT})
    assert applied.request_group["action"][0]["resource"] == {"reference": "MedicationRequest/draft-1"}
    assert only(applied).resource is None


def test_several_targets_become_one_action_each(apply):
    orders = [DRAFT, DRAFT | {"id": "draft-2"}]
    applied = apply(plan(doing("remove", "Orders")), values={"Orders": orders})
    output = applied.request_group["action"][0]
    assert [one["resource"]["reference"] for one in output["action"]] == [
        "MedicationRequest/draft-1",
        "MedicationRequest/draft-2",
    ]


@pytest.mark.parametrize("nothing", [None, []])
def test_a_suggestion_about_nothing_does_not_apply_and_the_advice_stays(apply, nothing):
    values = {"Orders": nothing}
    child = {"id": "b", "title": "B", "action": [doing("remove", "Orders")]}
    applied = apply(plan({"id": "top", "title": "Top", "action": [child]}), values=values)
    (top,) = applied.request_group["action"]
    assert "action" not in top["action"][0]
    assert [one.outcome for one in applied.trace.all_actions()] == [Outcome.TRUE, Outcome.TRUE, Outcome.FALSE]
    texts = [{"path": path, "expression": identifier("Text")} for path in ("title", "status")]
    update = doing("update", "Orders", definitionCanonical=definition(), dynamicValue=texts)
    (advice,) = apply(plan(update), activity("Task"), values=values | {"Text": "dynamic"}).request_group["action"]
    assert advice["title"] == "dynamic"
    assert "resource" not in advice
    assert "extension" not in advice or "data-absent-reason" not in str(advice["extension"])


@pytest.mark.parametrize("value", [failure(), "MedicationRequest/draft-1", {"resourceType": "MedicationRequest"}])
def test_a_target_that_cannot_be_found_out_keeps_the_advice_without_the_change(apply, value):
    applied = apply(plan(doing("remove", "Order")), values={"Order": value})
    assert applied.made == {}
    assert applied.request_group["action"][0]["title"] == "A"
    assert errors(applied)


def test_an_update_without_target_or_of_another_kind_is_refused(apply):
    applied = apply(plan(doing("update", definitionCanonical=definition())), activity("MedicationRequest"))
    assert "needs the extension action-target" in errors(applied)[0]
    action = doing("update", "Order", definitionCanonical=definition())
    other = apply(plan(action), activity("ServiceRequest"), values={"Order": DRAFT})
    assert "cannot be updated by an activity of kind ServiceRequest" in errors(other)[0]


def test_a_child_that_fails_marks_the_parent_as_incomplete(apply):
    child = {"id": "b", "title": "B", "condition": when("Fails"), "definitionCanonical": definition()}
    output = apply(plan({"id": "a", "title": "A", "action": [child]}), activity("Task")).request_group["action"][0]
    assert output["extension"][0]["valueCode"] == "error"


def test_an_activity_that_cannot_be_made_leaves_the_computed_texts_of_the_card(apply):
    texts = [{"path": path, "expression": identifier("Text")} for path in ("title", "description", "code.text")]
    action = {"id": "a", "title": "static", "definitionCanonical": definition(), "dynamicValue": texts}
    (output,) = apply(plan(action), activity("Claim"), values={"Text": "dynamic"}).request_group["action"]
    assert output["title"] == "dynamic"
