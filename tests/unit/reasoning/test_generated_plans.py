"""Whatever a plan looks like, what leaves is valid R4 and refers to nothing absent (PD-074, PD-075, PD-234)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds.cards import cards_from_request_group
from cds.content.artifact import Artifact
from cds.content.dependencies import Dependencies
from cds.content.guideline import Guideline
from cds.content.validation import validate
from cds.hooks.response import CDSResponse
from cds.reasoning.results import bundle, care_plan
from tests.unit.reasoning.fake_session import BASE, FakeSession, activity, apply_plan, failure, identifier, plan, when

CODING = {"system": "http://loinc.org", "code": "2160-0"}
QUANTITY = {"value": Decimal("2.5"), "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
VALUES = {
    "A Text": "text with <b>words</b>",
    "A Moment": "2026-03-02T10:00:00Z",
    "A Coding": CODING,
    "A Quantity": QUANTITY,
    "Codings": [CODING, CODING],
    "Nothing": None,
    "Whole": {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
    },
    "Broken": failure(),
    "Order": {
        "resourceType": "MedicationRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": {"text": "x"},
    },
}
PATHS = (
    "title",
    "description",
    "priority",
    "action.title",
    "%action.prefix",
    "code",
    "code.text",
    "status",
    "authoredOn",
    "$this",
    "category",
    "dosageInstruction[0].doseAndRate[0].dose",
    "medication",
    "payload[0].content",
    "extension('urn:x').value",
    "timing",
    "nonsense",
    "activity.extension",
)
KINDS = (
    "MedicationRequest",
    "ServiceRequest",
    "Task",
    "CommunicationRequest",
    "CarePlan",
    "DeviceRequest",
    "Claim",
    "Appointment",
)
TARGET = "https://fhir-cds.example.org/fhir/StructureDefinition/action-target"

texts = st.sampled_from(("Short", "x" * 200, "Ünïcode 👩\u200d⚕️ " * 12, "a\nb"))
dynamic_values = st.lists(
    st.builds(
        lambda path, name: {"path": path, "expression": identifier(name)},
        st.sampled_from(PATHS),
        st.sampled_from(tuple(VALUES)),
    ),
    max_size=3,
)
conditions = st.lists(st.sampled_from(("Yes", "Yes", "Yes", "No", "Unknown", "Fails")), max_size=2)


@st.composite
def activities(draw: st.DrawFn, name: str) -> dict[str, Any]:
    optional = {
        "title": draw(texts),
        "description": "what it is",
        "code": {"coding": [CODING]},
        "productCodeableConcept": {"text": "drug"},
        "dosage": [{"text": "once"}],
        "quantity": QUANTITY,
        "priority": "urgent",
        "intent": draw(st.sampled_from(("proposal", "order", "plan", "directive"))),
        "timingPeriod": {"start": "2026"},
        "timingTiming": {"repeat": {"count": 1}},
        "participant": [{"type": "practitioner", "role": {"text": "nurse"}}],
        "doNotPerform": True,
        "dynamicValue": draw(dynamic_values),
    }
    chosen = draw(st.sets(st.sampled_from(tuple(optional)), max_size=8))
    if {"timingPeriod", "timingTiming"} <= chosen:
        chosen.discard("timingPeriod")
    return activity(draw(st.sampled_from(KINDS)), name, **{key: optional[key] for key in sorted(chosen)})


@st.composite
def actions(draw: st.DrawFn, ids: Iterator[int], depth: int = 0) -> dict[str, Any]:
    optional = {
        "title": draw(texts),
        "description": "# why",
        "prefix": "1",
        "textEquivalent": "t",
        "priority": draw(st.sampled_from(("routine", "urgent", "asap", "stat"))),
        "documentation": [{"type": "citation", "label": "4.2", "url": "https://example.org/x"}, {"type": "citation"}],
        "selectionBehavior": draw(st.sampled_from(("any", "all", "exactly-one", "at-most-one", "one-or-more"))),
        "precheckBehavior": "yes",
        "reason": [{"text": "r"}],
        "goalId": ["g", "nowhere"],
        "participant": [{"type": "patient"}, {"type": "practitioner"}],
        "timingDateTime": "2026",
        "relatedAction": [{"actionId": "a1", "relationship": "after"}],
        "definitionCanonical": f"{BASE}/ActivityDefinition/{draw(st.sampled_from(('one', 'two', 'none')))}",
        "dynamicValue": draw(dynamic_values),
    }
    chosen = draw(st.sets(st.sampled_from(tuple(optional)), max_size=9))
    action = {"id": f"a{next(ids)}"} | {key: optional[key] for key in sorted(chosen)}
    action["condition"] = [one for name in draw(conditions) for one in when(name)]
    if not action["condition"]:
        del action["condition"]
    kind = draw(st.sampled_from(("create", "update", "remove", None)))
    if kind:
        action["type"] = {"coding": [{"code": kind}]}
        action["extension"] = [
            {"url": TARGET, "valueExpression": identifier(draw(st.sampled_from(("Order", "Nothing", "Broken"))))}
        ]
    if depth < 3 and draw(st.booleans()):
        action["action"] = draw(st.lists(actions(ids, depth + 1), min_size=1, max_size=3))
    return action


@st.composite
def plans(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    ids = itertools.count()
    goal = [{"id": "g", "description": {"text": "goal"}}]
    made = plan(*draw(st.lists(actions(ids), max_size=4)), goal=goal, title="Generated")
    return made, [draw(activities("one")), draw(activities("two"))]


def references(element: Any) -> Iterator[str]:
    if isinstance(element, dict):
        if isinstance(element.get("reference"), str):
            yield element["reference"]
        for value in element.values():
            yield from references(value)
    elif isinstance(element, list):
        for item in element:
            yield from references(item)


def faults(resource: dict[str, Any]) -> list[str]:
    return [str(fault) for fault in validate(Artifact(resource, resource["resourceType"], ""))]


def rqg_1_faults(group: dict[str, Any]) -> list[str]:
    waiting = list(group.get("action", ()))
    bad = []
    while waiting:
        action = waiting.pop()
        if ("resource" in action) == ("action" in action):
            bad.append(action["id"])
        waiting += action.get("action", ())
    return bad


@pytest.mark.pd("PD-011", "PD-066", "PD-074", "PD-075", "PD-093", "PD-234")
@given(plans(), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_result_is_valid_and_closed_and_its_cards_can_be_sent(generated, strict):
    made_plan, resources = generated
    applied = apply_plan(FakeSession(VALUES), made_plan, *resources, strict=strict, practitioner="Practitioner/7")
    everything = [
        applied.request_group,
        *applied.goals,
        *(one.resource for one in applied.made.values() if one.resource),
    ]
    assert [fault for resource in everything for fault in faults(resource)] == []
    assert all(one.get("intent", "option") == "option" for one in everything[1 + len(applied.goals) :])
    local = {f"#{resource['id']}" for resource in everything}
    assert {one for resource in everything for one in references(resource) if one.startswith("#")} <= local
    if strict:
        assert rqg_1_faults(applied.request_group) == []

    artifact = Artifact(made_plan, "plan.json", "root")
    whole = care_plan(applied, artifact)
    assert faults(whole) == []
    assert not any("contained" in one for one in whole["contained"])
    assert local | {"#messages"} >= {one for one in references(whole) if one.startswith("#")}
    entries = bundle(applied)
    assert faults(entries) == []
    assert not any(one.startswith("#") for one in references(entries))

    guideline = Guideline("demo", artifact, Dependencies((artifact,), ()), "r")
    counter = itertools.count()
    cards = cards_from_request_group(applied, guideline=guideline, new_id=lambda: f"u{next(counter)}")
    wire = CDSResponse(cards=cards).to_wire()
    sent = [
        action["resource"]
        for one in wire["cards"]
        for offer in one.get("suggestions", ())
        for action in offer.get("actions", ())
        if "resource" in action
    ]
    assert [fault for resource in sent for fault in faults(resource)] == []
    assert not any(one.startswith("#") for one in references(sent))
    assert wire == CDSResponse(cards=cards).to_wire()
