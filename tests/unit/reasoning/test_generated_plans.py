"""Whatever a plan looks like, what leaves is valid R4 and refers to nothing absent (PD-074, PD-075, PD-234)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.cards import cards_from_request_group
from cds.content.artifact import Artifact
from cds.content.dependencies import Dependencies
from cds.content.guideline import Guideline
from cds.content.validation import validate
from cds.engine import fhirpath
from cds.fhir.json import copied
from cds.hooks.response import CDSResponse
from cds.reasoning.invariants import broken_invariants
from cds.reasoning.results import bundle, care_plan
from tests.unit.reasoning.fake_session import (
    BASE,
    NOW,
    FakeSession,
    activity,
    apply_plan,
    failure,
    identifier,
    plan,
    when,
)

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
    "orderDetail",
    "start",
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
    target = draw(st.sampled_from(({"detailString": "x"}, {"measure": {"text": "m"}, "detailString": "x"}, {})))
    goal = [{"id": "g", "description": {"text": "goal"}, "target": [target | {"due": {"value": 3, "unit": "d"}}]}]
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


# What R4 states of every resource, and of Bundles (dom-2 … dom-5, bdl-1 … bdl-7), beside the invariants of each kind.
COMMON = {
    "dom-2": "contained.contained.empty()",
    "dom-3": "contained.where(('#' + id in %resource.descendants().reference).not()).empty()",
    "dom-4": "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()",
    "dom-5": "contained.meta.security.empty()",
}
BUNDLE = {
    "bdl-1": "total.empty() or (type = 'searchset') or (type = 'history')",
    "bdl-2": "entry.search.empty() or (type = 'searchset')",
    "bdl-5": "entry.all(resource.exists() or request.exists() or response.exists())",
}


def broken(resource: dict[str, Any], *, strict: bool = True) -> list[str]:
    """The invariants of R4 that a resource breaks, by our FHIRPath; rqg-1 can only hold in strict mode."""
    common = BUNDLE if resource["resourceType"] == "Bundle" else COMMON
    found = [name for name, text in common.items() if fhirpath(text).evaluate_boolean(resource, now=NOW) is False]
    own = [one for one in broken_invariants(resource, NOW) if strict or not one.startswith("rqg-1")]
    inner = (entry["resource"] for entry in resource.get("entry", ()))
    return [
        *found,
        *own,
        *(one for each in (*resource.get("contained", ()), *inner) for one in broken(each, strict=strict)),
    ]


@pytest.mark.pd("PD-011", "PD-066", "PD-074", "PD-075", "PD-093", "PD-234")
@given(plans(), st.booleans())
@settings(max_examples=40)
def test_every_result_is_valid_and_closed_and_its_cards_can_be_sent(generated, strict):
    made_plan, resources = generated
    given_before = copied([made_plan, resources, VALUES])
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
    assert [fault for resource in everything for fault in broken(resource, strict=strict)] == []

    artifact = Artifact(made_plan, "plan.json", "root")
    whole = care_plan(applied, artifact)
    assert faults(whole) == []
    assert broken(whole, strict=strict) == []
    assert not any("contained" in one for one in whole["contained"])
    assert local | {"#messages"} >= {one for one in references(whole) if one.startswith("#")}
    entries = bundle(applied)
    assert faults(entries) == []
    assert broken(entries, strict=strict) == []
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
    assert [fault for resource in sent for fault in (*faults(resource), *broken(resource))] == []
    assert not any(one.startswith("#") for one in references(sent))
    assert wire == CDSResponse(cards=cards).to_wire()
    assert [made_plan, resources, VALUES] == given_before, "what is shared was changed"
