"""Cards carry everything that was computed: summary, detail, source, suggestions, and what could not be worked out."""

from __future__ import annotations

import itertools

import pytest

from cds.cards import cards_from_request_group
from cds.content.artifact import Artifact
from cds.content.dependencies import Dependencies
from cds.content.guideline import Guideline
from cds.hooks.response import CDSResponse
from tests.unit.reasoning.fake_session import (
    BASE,
    FakeSession,
    activity,
    apply_plan,
    definition,
    failure,
    identifier,
    plan,
    when,
)

TOPICS = "https://fhir-cds.example.org/fhir/CodeSystem/recommendation"
REASONS = "https://fhir-cds.example.org/fhir/StructureDefinition/override-reasons"
TARGET = "https://fhir-cds.example.org/fhir/StructureDefinition/action-target"
LENALIDOMIDE = {"text": "lenalidomide"}
DRAFT = {
    "resourceType": "MedicationRequest",
    "id": "draft-1",
    "status": "draft",
    "intent": "original-order",
    "subject": {"reference": "Patient/p1"},
    "medicationCodeableConcept": LENALIDOMIDE,
    "note": [{"text": "n"}],
}


def cards(plan: dict, *resources: dict, values: dict | None = None, **call) -> list[dict]:
    applied = apply_plan(FakeSession(values or {}), plan, *resources, **call)
    artifact = Artifact(plan, "plan.json", "root")
    closure = Dependencies((artifact, *(Artifact(one, "x.json", "root") for one in resources)), ())
    guideline = Guideline("demo", artifact, closure, "r1")
    counter = itertools.count(1)
    made = cards_from_request_group(applied, guideline=guideline, new_id=lambda: f"uuid-{next(counter)}")
    return CDSResponse(cards=made).to_wire()["cards"]


def card(action: dict, *resources: dict, **others) -> dict:
    (only,) = cards(plan({"id": "a", "title": "A", **action}, title="Demo guideline"), *resources, **others)
    return only


def child(name: str, **others) -> dict:
    return {"id": name, "title": name.upper(), **others}


def coded(code: str) -> list[dict]:
    return [{"coding": [{"system": TOPICS, "code": code}]}]


def create(name: str = "b", **others) -> dict:
    return child(name, definitionCanonical=definition(), **others)


@pytest.mark.pd("PD-215", "PD-218")
def test_a_card_has_the_texts_the_source_and_the_recommendation():
    made = card(
        {
            "id": "renal.moderate",
            "code": coded("renal"),
            "description": "Creatinine clearance **24 mL/min**",
            "priority": "stat",
        }
    )
    assert made == {
        "uuid": "uuid-1",
        "summary": "A",
        "detail": "Creatinine clearance **24 mL/min**",
        "indicator": "critical",
        "source": {"label": "Demo guideline, version 1", "topic": {"system": TOPICS, "code": "renal"}},
        "extension": {"org.example.fhir-cds.branch": "moderate"},
    }


@pytest.mark.pd("PD-219")
@pytest.mark.parametrize(
    ("priority", "indicator"),
    [("routine", "info"), ("urgent", "warning"), ("asap", "warning"), ("stat", "critical"), (None, "info")],
)
def test_the_priority_is_the_indicator(priority, indicator):
    assert card({"priority": priority} if priority else {})["indicator"] == indicator


@pytest.mark.pd("PD-233")
def test_cards_are_sorted_critical_warning_info_then_in_the_plans_order():
    priorities = {"a": "routine", "b": "stat", "c": "urgent", "d": "stat"}
    actions = [child(name, priority=priority) for name, priority in priorities.items()]
    assert [one["summary"] for one in cards(plan(*actions))] == ["B", "D", "C", "A"]


@pytest.mark.pd("PD-217")
def test_a_long_title_is_cut_and_stands_whole_in_the_detail():
    title = "word " * 40
    made = card({"title": title.strip()})
    assert len(made["summary"]) <= 139
    assert made["summary"].endswith("word…")
    assert made["detail"] == title.strip()


@pytest.mark.pd("PD-220", "PD-221")
def test_the_first_document_is_the_source_and_the_others_are_links():
    documents = [
        {"type": "citation", "label": "4.2", "url": "https://example.org/spc"},
        {"type": "documentation", "display": "Table", "url": "https://example.org/table"},
        {"type": "citation", "label": "5.1"},
    ]
    made = card({"documentation": documents, "description": "See 5.1."})
    assert made["source"]["url"] == "https://example.org/spc"
    assert made["links"] == [{"label": "Table", "url": "https://example.org/table", "type": "absolute"}]
    assert made["detail"] == "See 5.1.\n\nSource: 4.2"


def test_the_guidelines_page_is_the_source_where_the_action_has_none():
    related = [{"type": "documentation", "url": "https://example.org/guideline"}]
    (made,) = cards(plan(child("a"), relatedArtifact=related))
    assert made["source"]["url"] == "https://example.org/guideline"


@pytest.mark.pd("PD-218")
def test_the_grades_stand_in_the_detail():
    strength = {
        "url": "http://hl7.org/fhir/StructureDefinition/cqf-strengthOfRecommendation",
        "valueCodeableConcept": {"coding": [{"display": "Strong"}]},
    }
    assert card({"extension": [strength]})["detail"] == "Strength of recommendation: Strong"


@pytest.mark.pd("PD-223")
def test_each_child_is_a_suggestion_and_its_children_are_the_actions():
    children = [create("b"), child("c", action=[create("d"), create("e", description="eGFR")]), child("f")]
    made = card({"action": children}, activity("ServiceRequest", code={"text": "x"}))
    assert made["selectionBehavior"] == "any"
    assert [one["label"] for one in made["suggestions"]] == ["B", "C", "F"]
    assert [len(one.get("actions", ())) for one in made["suggestions"]] == [1, 2, 0]
    assert [one["description"] for one in made["suggestions"][1]["actions"]] == ["D", "eGFR"]
    assert len({one["uuid"] for one in (made, *made["suggestions"])}) == 4


@pytest.mark.pd("PD-226")
def test_an_action_with_a_resource_and_no_children_is_its_own_suggestion():
    made = card({"definitionCanonical": definition()}, activity("ServiceRequest"))
    assert [one["label"] for one in made["suggestions"]] == ["A"]


@pytest.mark.pd("PD-222")
@pytest.mark.parametrize(
    ("behaviour", "selection", "count"),
    [
        (None, "any", 2),
        ("any", "any", 2),
        ("one-or-more", "any", 2),
        ("at-most-one", "at-most-one", 2),
        ("exactly-one", "at-most-one", 2),
        ("all", "any", 1),
        ("all-or-none", "any", 1),
    ],
)
def test_the_selection_behaviours_are_mapped(behaviour, selection, count):
    action = {"action": [create("b"), create("c")]} | ({"selectionBehavior": behaviour} if behaviour else {})
    made = card(action, activity("ServiceRequest"))
    assert made["selectionBehavior"] == selection
    assert len(made["suggestions"]) == count
    assert sum(len(one["actions"]) for one in made["suggestions"]) == 2


@pytest.mark.pd("PD-229")
@pytest.mark.parametrize(("behaviour", "recommended"), [("any", 2), ("at-most-one", 1)])
def test_only_one_suggestion_is_recommended_where_only_one_may_be_taken(behaviour, recommended):
    children = [child("b", precheckBehavior="yes"), child("c", precheckBehavior="yes"), child("d")]
    made = card({"selectionBehavior": behaviour, "action": children})
    assert sum(one.get("isRecommended", False) for one in made["suggestions"]) == recommended


@pytest.mark.pd("PD-067", "PD-228")
@pytest.mark.parametrize(
    ("intent", "hook", "expected"),
    [
        ("plan", "order-sign", "plan"),
        (None, "order-sign", "order"),
        ("order", "patient-view", "order"),
        (None, "patient-view", "proposal"),
    ],
)
def test_a_suggested_request_has_the_intent_the_activity_defines(intent, hook, expected):
    act = activity("ServiceRequest", **({"intent": intent} if intent else {}))
    made = card({"definitionCanonical": definition()}, act, hook=hook)
    assert made["suggestions"][0]["actions"][0]["resource"]["intent"] == expected
    assert made["suggestions"][0]["actions"][0]["type"] == "create"


def changing(code: str, **others) -> dict:
    return child(
        "b",
        type={"coding": [{"code": code}]},
        extension=[{"url": TARGET, "valueExpression": identifier("Order")}],
        **others,
    )


def test_an_update_carries_the_whole_order_under_its_own_id_and_intent():
    act = activity("MedicationRequest", dosage=[{"text": "10 mg"}])
    made = card({"action": [changing("update", definitionCanonical=definition())]}, act, values={"Order": DRAFT})
    (action,) = made["suggestions"][0]["actions"]
    assert action["type"] == "update"
    assert action["resource"] == DRAFT | {"dosageInstruction": [{"text": "10 mg"}]}


@pytest.mark.pd("PD-227")
def test_a_removal_is_a_delete_by_reference():
    made = card({"action": [changing("remove", description="Stop it")]}, values={"Order": DRAFT})
    assert made["suggestions"][0]["actions"] == [
        {"type": "delete", "description": "Stop it", "resourceId": "MedicationRequest/draft-1"}
    ]


@pytest.mark.pd("PD-216", "PD-232")
def test_wrappers_and_nested_plans_are_opened():
    inner = plan(child("x"), child("y"), id="inner", url=f"{BASE}/PlanDefinition/inner")
    wrapper = {"id": "w", "action": [child("b"), {"id": "v", "action": [child("c")]}]}
    nested = {"id": "n", "title": "N", "definitionCanonical": inner["url"]}
    assert [one["summary"] for one in cards(plan(wrapper, nested), inner)] == ["B", "C", "X", "Y"]


def reason_codes(kind: str) -> list[dict]:
    concepts = [{"code": "no", "display": "Not now"}, {"code": "silent"}]
    system = {"resourceType": "CodeSystem", "url": "urn:reasons", "concept": concepts}
    included = {"system": "urn:reasons"} | ({"concept": concepts} if kind == "listed" else {})
    return [system, {"resourceType": "ValueSet", "url": "urn:set", "compose": {"include": [included]}}]


@pytest.mark.pd("PD-230")
@pytest.mark.parametrize(("canonical", "kind"), [("urn:reasons", ""), ("urn:set", "listed"), ("urn:set", "whole")])
def test_override_reasons_come_from_the_action_else_the_guideline(canonical, kind):
    extension = [{"url": REASONS, "valueCanonical": canonical}]
    expected = [{"system": "urn:reasons", "code": "no", "display": "Not now"}]
    assert card({"extension": extension}, *reason_codes(kind))["overrideReasons"] == expected
    (made,) = cards(plan(child("a"), extension=extension), *reason_codes(kind))
    assert made["overrideReasons"] == expected


@pytest.mark.pd("PD-140")
def test_a_suggestion_that_could_not_be_worked_out_is_not_offered_and_the_card_says_so():
    dose = [{"path": "code.text", "expression": identifier("Dose")}]
    children = [
        create("b", dynamicValue=dose),
        child("c", action=[create("d"), create("e", dynamicValue=dose)]),
        create("f"),
    ]
    made = card({"action": children}, activity("ServiceRequest"), values={"Dose": failure()})
    assert [one["label"] for one in made["suggestions"]] == ["F"]
    assert "could not be worked out" in made["detail"]


@pytest.mark.pd("PD-238")
def test_recommendations_that_failed_are_told_in_one_card_and_hide_no_other():
    code = [{"coding": [{"system": TOPICS, "code": "renal"}]}]
    failing = [child(name, code=code, condition=when("Fails")) for name in ("x", "y")]
    unknown, false = child("u", condition=when("Unknown")), child("v", condition=when("No"))
    told, good = cards(plan(*failing, unknown, false, child("g", priority="routine"), title="Demo"))
    assert good["summary"] == "G"
    assert told["summary"] == "1 recommendation could not be evaluated: Demo"
    assert told["indicator"] == "warning"
    assert "cannot compare mg with mL" in told["detail"]
    assert told["source"]["topic"]["code"] == "could-not-be-evaluated"


def test_two_failures_are_counted_as_two():
    (told,) = cards(plan(*(child(name, condition=when("Fails")) for name in ("x", "y"))))
    assert told["summary"].startswith("2 recommendations could not be evaluated")


def test_nothing_applicable_is_no_card():
    assert cards(plan(child("a", condition=when("No")))) == []


@pytest.mark.pd("PD-233")
def test_a_recommendation_that_two_strategies_lead_to_is_one_card():
    inner = plan(child("x"), id="inner", url=f"{BASE}/PlanDefinition/inner")
    twice = [{"id": name, "definitionCanonical": inner["url"]} for name in ("a", "b")]
    assert [one["summary"] for one in cards(plan(*twice), inner)] == ["X"]


@pytest.mark.pd("PD-233")
def test_two_recommendations_in_the_same_words_are_two_cards_in_the_plans_order():
    codes = ("x", "y", "x", "z")
    actions = [{"id": f"a{at}", "title": "A", "code": coded(code)} for at, code in enumerate(codes)]
    actions.insert(1, {"id": "b", "title": "B"})
    topics = [made["source"]["topic"]["code"] for made in cards(plan(*actions))]
    assert topics == ["x", "b", "y", "z"]


@pytest.mark.pd("PD-219")
def test_without_a_priority_the_requests_priority_is_the_indicator():
    made = card({"definitionCanonical": definition()}, activity("ServiceRequest", priority="urgent"))
    assert made["indicator"] == "warning"


@pytest.mark.pd("PD-230")
def test_the_override_reasons_of_a_guideline_are_looked_up_once(monkeypatch):
    looked_up = []
    find = Guideline.codes_of
    monkeypatch.setattr(Guideline, "codes_of", lambda one, name: looked_up.append(name) or find(one, name))
    resources = reason_codes("ValueSet")
    extension = [{"url": REASONS, "valueCanonical": resources[0]["url"]}]
    actions = [{"id": name, "title": name} for name in "abc"]
    made = cards(plan(*actions, extension=extension), *resources)
    assert [len(one["overrideReasons"]) for one in made] == [1, 1, 1]
    assert looked_up == [resources[0]["url"]]


@pytest.mark.pd("PD-230")
def test_what_must_be_done_has_no_override_reasons():
    extension = [{"url": REASONS, "valueCanonical": "urn:reasons"}]
    made = card({"extension": extension, "requiredBehavior": "must"}, *reason_codes(""))
    assert "overrideReasons" not in made


def test_a_recommendation_that_fails_in_a_nested_plan_is_told_and_a_suggestion_with_one_is_not_offered():
    inner = plan(child("x", condition=when("Fails")), child("y"), id="inner", url=f"{BASE}/PlanDefinition/inner")
    told, good = cards(plan({"id": "n", "title": "Strategy", "definitionCanonical": inner["url"]}), inner)
    assert (told["source"]["topic"]["code"], good["summary"]) == ("could-not-be-evaluated", "Y")
    made = card({"action": [child("n", definitionCanonical=inner["url"]), child("z")]}, inner)
    assert [one["label"] for one in made["suggestions"]] == ["Z"]
    assert "could not be worked out" in made["detail"]
