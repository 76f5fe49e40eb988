"""Rows of the PlanDefinition/$apply checklist about goals, actions and the kinds of request."""

from __future__ import annotations

import pytest

from cds.content.artifact import Artifact
from cds.content.validation import validate
from cds.expressions.outcome import Outcome
from cds.reasoning.call import Call
from cds.reasoning.goals import make_goals
from cds.reasoning.merge import merge_nested_plans
from cds.reasoning.results import care_plan
from cds.reasoning.workshop import Workshop
from tests.conformance.plan_definition_calls import applied, doing, guideline, only
from tests.unit.reasoning.fake_session import (
    BASE,
    NOW,
    PATIENT,
    activity,
    definition,
    identifier,
    plan,
)
from tests.unit.reasoning.test_apply_more import evaluators as fake_evaluators

# Goals and actions


@pytest.mark.pd("PD-078", "PD-082")
def test_a_goal_addresses_the_patients_condition_with_that_code_else_says_it_in_a_note():
    code = {"coding": [{"system": "urn:icd", "code": "C90.0"}], "text": "myeloma"}
    condition = {"resourceType": "Condition", "id": "c", "code": code, "subject": {"reference": "Patient/p1"}}
    goal = {
        "description": {"text": "remission"},
        "category": {"text": "treatment"},
        "priority": {"text": "high"},
        "start": {"text": "now"},
        "addresses": [code],
        "documentation": [{"type": "citation", "display": "the book"}],
        "target": [
            {"measure": {"text": "M protein"}, "detailQuantity": {"value": 0}, "due": {"value": 6, "unit": "mo"}}
        ],
    }
    for facts, refers, notes in (
        ((condition,), [{"reference": "Condition/c"}], ["the book"]),
        ((), None, ["Addresses: myeloma", "the book"]),
    ):
        workshop = Workshop(Call(patient=PATIENT, now=NOW), fake_evaluators(facts=facts))
        make_goals({"goal": [goal]}, "x", PATIENT, workshop)
        (made,) = workshop.goals
        assert made.get("addresses") == refers
        assert [note["text"] for note in made["note"]] == notes
        assert (made["category"], made["priority"], made["startCodeableConcept"]) == (
            [{"text": "treatment"}],
            {"text": "high"},
            {"text": "now"},
        )
        assert [*validate(Artifact(made, "", ""))] == []


@pytest.mark.pd("PD-083", "PD-089")
def test_actions_keep_the_order_of_the_plan():
    names = [f"a{number}" for number in range(7)]
    group = applied(*({"id": name, "title": name} for name in names)).request_group
    assert [one["id"] for one in group["action"]] == names


@pytest.mark.pd("PD-091", "PD-092")
def test_a_group_has_actions_and_no_resource_and_only_the_behaviours_that_its_author_wrote():
    group = {"id": "g", "title": "G", "action": [{"id": "x", "title": "X"}]}
    (output,) = applied(group).request_group["action"]
    assert output == {"id": "g", "title": "G", "action": [{"id": "x", "title": "X"}]}


@pytest.mark.pd("PD-097", "PD-202", "PD-204", "PD-205", "PD-206")
def test_a_direct_call_takes_the_actions_of_all_triggers_and_a_hook_its_own():
    data = {"type": "data-added", "data": [{"type": "Observation"}]}
    actions = [
        {"id": name, "title": name, "trigger": [trigger]}
        for name, trigger in (
            ("view", {"type": "named-event", "name": "patient-view"}),
            ("sign", {"type": "named-event", "name": "order-sign"}),
            ("data", data),
        )
    ]
    assert [one["id"] for one in applied(*actions).request_group["action"]] == ["view", "sign", "data"]
    assert [one["id"] for one in applied(*actions, hook="order-sign").request_group["action"]] == ["sign"]
    assert guideline(plan(*actions)).hooks == ("patient-view", "order-sign")


@pytest.mark.pd("PD-111", "PD-113", "PD-114", "PD-115", "PD-116", "PD-122", "PD-126")
def test_behaviours_relations_and_timing_are_instructions_to_the_client_and_travel():
    behaviours = {
        "groupingBehavior": "sentence-group",
        "selectionBehavior": "one-or-more",
        "requiredBehavior": "must-unless-documented",
        "precheckBehavior": "yes",
        "cardinalityBehavior": "multiple",
        "timingDuration": {"value": 6, "unit": "weeks"},
    }
    relations = [
        "before-start",
        "before",
        "before-end",
        "concurrent-with-start",
        "concurrent",
        "concurrent-with-end",
        "after-start",
        "after",
        "after-end",
    ]
    related = [{"actionId": "b", "relationship": one, "offsetDuration": {"value": 1, "unit": "d"}} for one in relations]
    first, _ = applied(
        {"id": "a", "title": "A", "relatedAction": related, **behaviours}, {"id": "b", "title": "B"}
    ).request_group["action"]
    assert first["relatedAction"] == related
    assert {name: first[name] for name in behaviours} == behaviours


@pytest.mark.pd("PD-120", "PD-134")
def test_merged_plans_are_one_group_with_prefixed_ids_and_relations():
    inner = plan(
        {"id": "x", "title": "X", "definitionCanonical": definition()},
        {"id": "y", "title": "Y", "relatedAction": [{"actionId": "x", "relationship": "after"}]},
        id="inner",
        url=f"{BASE}/PlanDefinition/inner",
    )
    twice = [{"id": name, "title": name, "definitionCanonical": inner["url"]} for name in ("one", "two")]
    apart = applied(*twice, resources=(inner, activity("Task")))
    assert len([one for one in apart.made.values() if one.resource["resourceType"] == "RequestGroup"]) == 2
    together = merge_nested_plans(apart)
    first, second = together.request_group["action"]
    assert [one["id"] for one in first["action"]] == ["one.x", "one.y"]
    assert [one["id"] for one in second["action"]] == ["two.x", "two.y"]
    assert first["action"][1]["relatedAction"][0]["actionId"] == "one.x"
    assert {one.resource["resourceType"] for one in together.made.values()} == {"Task"}
    assert together.request_group["instantiatesCanonical"] == [f"{BASE}/PlanDefinition/demo|1", f"{inner['url']}|1"]
    for result in (apart, together):
        whole = care_plan(result, Artifact(plan(), "", ""))
        assert [*validate(Artifact(whole, "", ""))] == []
        assert whole["instantiatesCanonical"] == together.request_group["instantiatesCanonical"]


@pytest.mark.pd("PD-125", "PD-150")
@pytest.mark.parametrize(
    ("timing", "placed"),
    [
        ({"timingDateTime": "2026-05-01"}, "occurrenceDateTime"),
        ({"timingPeriod": {"start": "2026"}}, "occurrencePeriod"),
        ({"timingTiming": {"repeat": {"count": 1}}}, "occurrenceTiming"),
        ({"timingAge": {"value": 6, "unit": "wk"}}, None),
        ({"timingRange": {"low": {"value": 1, "unit": "d"}}}, None),
        ({"timingDuration": {"value": 1, "unit": "d"}}, None),
    ],
)
def test_a_timing_that_the_request_cannot_hold_stays_in_the_action_and_is_told(timing, placed):
    result = applied(doing(**timing), resources=(activity("ServiceRequest"),))
    (name,) = timing
    assert result.request_group["action"][0][name] == timing[name]
    occurrence = [member for member in only(result) if member.startswith("occurrence")]
    assert occurrence == ([placed] if placed else [])
    told = [issue for issue in result.trace.issues if "has no place" in issue.message]
    assert bool(told) is (placed is None)


@pytest.mark.pd("PD-129", "PD-130")
def test_a_role_nobody_is_known_for_is_the_performer_type_and_the_plans_wins():
    nurse, doctor = ({"type": "practitioner", "role": {"text": role}} for role in ("nurse", "doctor"))
    act = activity("ServiceRequest", participant=[doctor])
    assert only(applied(doing(), resources=(act,)))["performerType"] == {"text": "doctor"}
    result = applied(doing(participant=[nurse]), resources=(act,))
    assert only(result)["performerType"] == {"text": "nurse"}
    assert "participant" not in result.request_group["action"][0]


@pytest.mark.pd("PD-135", "PD-136")
@pytest.mark.parametrize("kind", ["Questionnaire", "Measure"])
def test_a_definition_that_is_no_activity_becomes_a_task_with_it_in_focus(kind):
    resource = {"resourceType": kind, "id": "q", "url": "urn:q", "status": "active"}
    task = only(applied(doing(definitionCanonical="urn:q"), resources=(resource,)))
    assert (task["resourceType"], task["intent"], task["focus"]) == ("Task", "option", {"reference": f"{kind}/q"})


# Kinds of request


QUANTITY = {"value": 2, "unit": "tablets"}
PLACE = {"reference": "Location/w7"}
GOLDEN = {
    "ServiceRequest": (
        {
            "code": {"text": "x-ray"},
            "quantity": QUANTITY,
            "location": PLACE,
            "bodySite": [{"text": "spine"}],
            "priority": "urgent",
        },
        {
            "code": {"text": "x-ray"},
            "quantityQuantity": QUANTITY,
            "locationReference": [PLACE],
            "bodySite": [{"text": "spine"}],
            "priority": "urgent",
            "requester": {"reference": "Practitioner/7"},
            "instantiatesCanonical": [f"{BASE}/ActivityDefinition/act|1"],
        },
    ),
    "MedicationRequest": (
        {"productCodeableConcept": {"text": "drug"}, "quantity": QUANTITY, "code": {"text": "why"}, "priority": "stat"},
        {
            "medicationCodeableConcept": {"text": "drug"},
            "dispenseRequest": {"quantity": QUANTITY},
            "reasonCode": [{"text": "why"}],
            "priority": "stat",
            "recorder": {"reference": "Practitioner/7"},
        },
    ),
    "Task": (
        {
            "code": {"text": "call"},
            "location": PLACE,
            "timingPeriod": {"end": "2026-04"},
            "priority": "asap",
            "extension": [
                {"url": "http://hl7.org/fhir/uv/cpg/StructureDefinition/cpg-collectWith", "valueCanonical": "urn:q"}
            ],
        },
        {
            "code": {"text": "call"},
            "location": PLACE,
            "restriction": {"period": {"end": "2026-04"}},
            "priority": "asap",
            "for": {"reference": "Patient/p1"},
            "instantiatesCanonical": f"{BASE}/ActivityDefinition/act|1",
        },
    ),
    "CommunicationRequest": (
        {"code": {"text": "why"}, "timingDateTime": "2026-04-01", "priority": "routine"},
        {"reasonCode": [{"text": "why"}], "occurrenceDateTime": "2026-04-01", "priority": "routine", "status": "draft"},
    ),
    "CarePlan": (
        {"title": "T", "description": "D", "timingPeriod": {"start": "2026"}},
        {"title": "T", "description": "D", "period": {"start": "2026"}, "author": {"reference": "Practitioner/7"}},
    ),
    "DeviceRequest": ({"code": {"text": "pump"}}, {"codeCodeableConcept": {"text": "pump"}}),
    "SupplyRequest": (
        {"productCodeableConcept": {"text": "swab"}, "quantity": QUANTITY, "location": PLACE},
        {"itemCodeableConcept": {"text": "swab"}, "quantity": QUANTITY, "deliverTo": PLACE},
    ),
    "NutritionOrder": ({}, {"patient": {"reference": "Patient/p1"}, "orderer": {"reference": "Practitioner/7"}}),
    "Appointment": (
        {"code": {"text": "visit"}},
        {"serviceType": [{"text": "visit"}], "status": "proposed"},
    ),
}


@pytest.mark.pd(
    "PD-144",
    "PD-147",
    "PD-149",
    "PD-151",
    "PD-152",
    "PD-153",
    "PD-156",
    "PD-161",
    "PD-162",
    "PD-163",
    "PD-164",
    "PD-165",
)
@pytest.mark.parametrize("kind", GOLDEN)
def test_every_element_of_an_activity_has_its_place_in_the_request(kind):
    given, expected = GOLDEN[kind]
    if kind == "NutritionOrder":
        given = {"dynamicValue": [{"path": "oralDiet.type", "expression": identifier("Diet")}]}
    result = applied(
        doing(), resources=(activity(kind, **given),), values={"Diet": {"text": "soft"}}, practitioner="Practitioner/7"
    )
    made = only(result)
    assert {name: made.get(name) for name in expected} == expected
    assert [*validate(Artifact(made, "", ""))] == []


@pytest.mark.pd("PD-167")
def test_an_activity_that_collects_information_names_its_questionnaire():
    given, _ = GOLDEN["Task"]
    (collected,) = only(applied(doing(), resources=(activity("Task", **given),)))["input"]
    assert collected["valueCanonical"] == "urn:q"
    assert collected["type"]["coding"][0]["code"] == "collect-information"


@pytest.mark.pd("PD-166")
def test_an_immunization_recommendation_gets_its_status_by_a_dynamic_value():
    value = {"path": "recommendation[0].forecastStatus", "expression": identifier("Due")}
    act = activity("ImmunizationRecommendation", productCodeableConcept={"text": "tetanus"}, dynamicValue=[value])
    made = only(applied(doing(), resources=(act,), values={"Due": {"text": "due"}}))
    assert made["recommendation"] == [{"vaccineCode": [{"text": "tetanus"}], "forecastStatus": {"text": "due"}}]
    assert applied(doing(), resources=(act,), values={"Due": None}).made == {}


@pytest.mark.pd("PD-178")
def test_an_empty_result_leaves_what_is_there():
    act = activity("ServiceRequest", code={"text": "static"})
    act["dynamicValue"] = [{"path": "code.text", "expression": identifier("Unknown")}]
    result = applied(doing(), resources=(act,))
    assert only(result)["code"] == {"text": "static"}
    assert result.trace.actions[0].values[0].outcome is Outcome.UNKNOWN
