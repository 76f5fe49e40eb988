"""Which actions apply, and what of them is carried into the RequestGroup."""

from __future__ import annotations

import pytest

from cds.expressions.outcome import Outcome
from cds.fhir.json import loads
from cds.reasoning.recording import record
from tests.unit.reasoning.fake_session import identifier, plan, when

T, F, U, E = "Yes", "No", "Unknown", "Fails"


def conditions(*names: str) -> list[dict]:
    return [one for name in names for one in when(name)]


@pytest.mark.pd("PD-085")
@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        ((), Outcome.TRUE),
        ((T,), Outcome.TRUE),
        ((T, T), Outcome.TRUE),
        ((F,), Outcome.FALSE),
        ((U,), Outcome.UNKNOWN),
        ((E,), Outcome.ERROR),
        (("Number",), Outcome.ERROR),
        ((T, F), Outcome.FALSE),
        ((U, F), Outcome.FALSE),
        ((E, F), Outcome.FALSE),
        ((T, U), Outcome.UNKNOWN),
        ((U, T), Outcome.UNKNOWN),
        ((E, U), Outcome.ERROR),
        ((U, E), Outcome.ERROR),
        ((T, E), Outcome.ERROR),
    ],
)
def test_conditions_are_anded_and_only_true_fires(apply, names, outcome):
    applied = apply(plan({"id": "a", "title": "A", "condition": conditions(*names)}))
    assert applied.trace.actions[0].outcome is outcome
    assert ("action" in applied.request_group) == (outcome is Outcome.TRUE)


def test_a_false_condition_leaves_the_rest_unasked(apply):
    applied = apply(plan({"id": "a", "title": "A", "condition": conditions(F, T)}))
    assert [one.outcome for one in applied.trace.actions[0].conditions] == [Outcome.FALSE, Outcome.SKIPPED]
    assert apply.asked == [F]


@pytest.mark.pd("PD-237", "PD-238")
def test_a_failing_action_does_not_stop_its_siblings_and_is_told(apply):
    applied = apply(plan({"id": "a", "title": "A", "condition": when(E)}, {"id": "b", "title": "B"}))
    assert [one["id"] for one in applied.request_group["action"]] == ["b"]
    issue = applied.trace.issues[0]
    assert issue.severity == "error"
    assert "cannot compare mg with mL" in issue.message
    assert issue.path == "PlanDefinition.action[0].condition[0]"


@pytest.mark.pd("PD-237", "PD-239")
def test_an_unknown_condition_is_told_with_its_reason(apply):
    applied = apply(plan({"id": "a", "title": "A", "condition": when(U)}))
    assert [(one.severity, one.code) for one in applied.trace.issues] == [("information", "incomplete")]


@pytest.mark.pd("PD-084")
def test_nothing_below_an_action_that_does_not_apply_is_looked_at(apply):
    child = {"id": "b", "condition": when(E), "definitionCanonical": "urn:nowhere"}
    applied = apply(plan({"id": "a", "title": "A", "condition": when(F), "action": [child]}))
    assert [one.severity for one in applied.trace.issues] == ["information"]
    assert apply.asked == [F]


@pytest.mark.pd("PD-046", "PD-182")
def test_a_condition_in_prose_does_not_fire_and_does_not_crash(apply):
    prose = {"kind": "applicability", "expression": {"language": "text/cql", "description": "if the patient is ill"}}
    applied = apply(plan({"id": "a", "title": "A", "condition": [prose]}))
    assert applied.trace.actions[0].outcome is Outcome.UNKNOWN
    assert "if the patient is ill" in applied.trace.actions[0].conditions[0].note


@pytest.mark.pd("PD-086", "PD-088")
def test_start_and_stop_conditions_travel_and_are_not_evaluated(apply):
    carried = [{"kind": kind, "expression": identifier(F)} for kind in ("start", "stop")]
    applied = apply(plan({"id": "a", "title": "A", "condition": [*when(T), *carried]}))
    assert applied.request_group["action"][0]["condition"] == carried
    assert apply.asked == [T]


ELEMENTS = {
    "prefix": "1",
    "title": "A",
    "description": "d",
    "textEquivalent": "t",
    "priority": "stat",
    "code": [{"text": "c"}],
    "documentation": [{"type": "citation", "label": "4.2"}],
    "timingPeriod": {"start": "2026"},
    "type": {"coding": [{"code": "create"}]},
    "groupingBehavior": "visual-group",
    "selectionBehavior": "at-most-one",
    "requiredBehavior": "must-unless-documented",
    "precheckBehavior": "yes",
    "cardinalityBehavior": "single",
}


@pytest.mark.pd(
    "PD-092",
    "PD-099",
    "PD-100",
    "PD-101",
    "PD-102",
    "PD-103",
    "PD-105",
    "PD-106",
    "PD-110",
    "PD-116",
    "PD-118",
    "PD-123",
)
def test_the_elements_of_an_action_are_carried_unchanged(apply):
    applied = apply(plan({"id": "a", "trigger": [{"type": "named-event", "name": "patient-view"}], **ELEMENTS}))
    assert applied.request_group["action"] == [{"id": "a", **ELEMENTS}]


@pytest.mark.pd("PD-029", "PD-107", "PD-250")
def test_extensions_for_the_reader_travel_and_those_for_the_processor_do_not(apply):
    strength = {"url": "http://hl7.org/fhir/StructureDefinition/cqf-strengthOfRecommendation", "valueCode": "strong"}
    target = {"url": "https://x/StructureDefinition/action-target", "valueExpression": identifier(T)}
    applied = apply(plan({"id": "a", "title": "A", "extension": [strength, target]}))
    assert applied.request_group["action"][0]["extension"] == [strength]


@pytest.mark.pd("PD-128")
def test_the_patient_and_the_calling_practitioner_take_part(apply):
    people = [{"type": "patient"}, {"type": "practitioner"}, {"type": "practitioner", "role": {"text": "nurse"}}]
    applied = apply(plan({"id": "a", "title": "A", "participant": people}), practitioner="Practitioner/7")
    references = [one["reference"] for one in applied.request_group["action"][0]["participant"]]
    assert references == ["Patient/p1", "Practitioner/7"]


@pytest.mark.pd("PD-119")
def test_a_relation_to_an_action_that_did_not_apply_is_taken_away_and_told(apply):
    related = [{"actionId": one, "relationship": "after"} for one in ("b", "c")]
    actions = [{"id": "a", "title": "A", "relatedAction": related}, {"id": "b", "title": "B"}]
    applied = apply(plan(*actions, {"id": "c", "title": "C", "condition": when(F)}))
    assert [one["actionId"] for one in applied.request_group["action"][0]["relatedAction"]] == ["b"]
    assert "'c'" in applied.trace.issues[-1].message


@pytest.mark.pd("PD-083", "PD-090", "PD-091")
@pytest.mark.parametrize(("behaviour", "ids"), [("any", ["y"]), ("all", ["y", "z"])])
def test_only_the_first_applicable_child_counts_where_the_group_says_so(apply, behaviour, ids):
    extension = [{"url": "http://hl7.org/fhir/StructureDefinition/cqf-applicabilityBehavior", "valueCode": behaviour}]
    children = [{"id": "x", "title": "X", "condition": when(F)}, {"id": "y", "title": "Y"}, {"id": "z", "title": "Z"}]
    applied = apply(plan({"id": "a", "title": "A", "extension": extension, "action": children}))
    assert [one["id"] for one in applied.request_group["action"][0]["action"]] == ids


@pytest.mark.pd("PD-095")
@pytest.mark.parametrize(("title", "kept"), [({"title": "A"}, True), ({}, False)])
def test_a_group_that_lost_its_children_stays_only_if_it_says_something(apply, title, kept):
    applied = apply(plan({"id": "a", "action": [{"id": "b", "title": "B", "condition": when(F)}], **title}))
    assert ("action" in applied.request_group) is kept


def trigger(*names: str) -> dict:
    return {"trigger": [{"type": "named-event", "name": name} for name in names]}


@pytest.mark.pd("PD-204")
@pytest.mark.parametrize(
    ("hook", "ids"),
    [
        (None, ["a", "b", "c", "d"]),
        ("patient-view", ["a", "b"]),
        ("order-sign", ["b"]),
        ("order-select", ["d"]),
        ("encounter-start", []),
    ],
)
def test_a_hook_call_evaluates_only_actions_with_its_trigger(apply, hook, ids):
    nested = {"id": "d", "title": "D", "action": [{"id": "d1", "title": "D1", **trigger("order-select")}]}
    actions = [
        {"id": "a", "title": "A", **trigger("patient-view")},
        {"id": "b", "title": "B", **trigger("patient-view", "order-sign")},
        {"id": "c", "title": "C"},
        nested,
    ]
    applied = apply(plan(*actions), hook=hook)
    assert [one["id"] for one in applied.request_group.get("action", ())] == ids


@pytest.mark.pd("PD-204")
def test_a_nested_trigger_narrows_further(apply):
    children = [{"id": "b", "title": "B", **trigger("order-sign")}, {"id": "c", "title": "C"}]
    top = {"id": "a", "title": "A", "action": children, **trigger("patient-view", "order-sign")}
    applied = apply(plan(top), hook="patient-view")
    assert [one["id"] for one in applied.request_group["action"][0]["action"]] == ["c"]


@pytest.mark.pd("PD-097", "PD-204")
def test_a_plan_without_triggers_takes_part_in_every_call(apply):
    assert "action" in apply(plan({"id": "a", "title": "A"}), hook="order-sign").request_group


@pytest.mark.pd("PD-030")
def test_an_action_with_a_modifier_that_is_not_understood_is_not_applied(apply):
    action = {"id": "a", "title": "A", "modifierExtension": [{"url": "urn:not", "valueBoolean": True}]}
    applied = apply(plan(action, {"id": "b", "title": "B"}))
    assert [one["id"] for one in applied.request_group["action"]] == ["b"]
    assert applied.trace.with_outcome(Outcome.ERROR)[0].id == "a"


@pytest.mark.pd("PD-096")
def test_a_plan_that_is_nested_too_deep_ends_with_an_issue(apply):
    action: dict = {"id": "leaf", "title": "leaf"}
    for level in range(33):
        action = {"id": f"level{level}", "title": "x", "action": [action]}
    applied = apply(plan(action))
    assert any("nested deeper" in issue.message for issue in applied.trace.issues)


@pytest.mark.pd("PD-032")
def test_an_action_about_another_kind_of_subject_is_refused(apply):
    subject = {"subjectCodeableConcept": {"coding": [{"code": "Location"}]}}
    applied = apply(plan({"id": "a", "title": "A", **subject}))
    assert "action" not in applied.request_group
    assert "about a Location" in applied.trace.issues[0].message


@pytest.mark.pd("PD-052")
def test_variables_are_seen_below_the_element_that_defines_them(apply):
    variable = {"language": "text/cql-identifier", "expression": T, "name": "due"}
    extension = [{"url": "http://hl7.org/fhir/StructureDefinition/variable", "valueExpression": variable}]
    child = {
        "id": "b",
        "title": "B",
        "condition": [{"kind": "applicability", "expression": identifier("%due", "text/fhirpath")}],
    }
    applied = apply(plan({"id": "a", "title": "A", "action": [child]}, extension=extension))
    assert "action" in applied.request_group["action"][0]


@pytest.mark.pd("PD-037", "PD-038", "PD-063", "PD-064", "PD-065", "PD-072", "PD-073")
def test_the_request_group_says_what_plan_for_whom_when_and_in_which_call(apply):
    group = apply(plan(), identifier="hook-1", encounter="Encounter/e", practitioner="Practitioner/7").request_group
    assert group["resourceType"] == "RequestGroup"
    assert group["instantiatesCanonical"] == ["https://example.org/fhir/PlanDefinition/demo|1"]
    assert (group["status"], group["intent"]) == ("draft", "proposal")
    assert group["subject"] == {"reference": "Patient/p1"}
    assert group["authoredOn"] == "2026-03-02T10:00:00+00:00"
    assert group["identifier"] == [{"value": "hook-1"}]
    assert group["encounter"] == {"reference": "Encounter/e"}
    assert group["author"] == {"reference": "Practitioner/7"}


@pytest.mark.pd("PD-242")
def test_equal_input_gives_equal_output(apply):
    both = [apply(plan({"id": "a", "title": "A", "condition": when(T)})) for _ in range(2)]
    assert both[0].request_group == both[1].request_group


@pytest.mark.pd("PD-235")
def test_the_trace_tells_the_facts_behind_an_action_once(apply):
    applied = apply(plan({"id": "a", "title": "A", "condition": conditions(T, T)}))
    [action] = applied.trace.actions
    assert action.outcome is Outcome.TRUE
    assert applied.trace.evidence_of(action) == ((T, "Observation/o1", "value", 25),)


@pytest.mark.pd("PD-235")
def test_the_record_holds_what_a_definition_rests_on_once_for_all_conditions(apply):
    actions = [{"id": name, "title": name, "condition": conditions(T)} for name in ("a", "b")]
    recorded = record(apply(plan(*actions)).trace, {"Observation/o1": "prefetch:egfr"}, values=True)
    assert [action["conditions"][0]["definition"] for action in loads(recorded.actions)] == [f"Logic.{T}"] * 2
    reads = {"origin": "prefetch:egfr", "paths": ["value"], "resources": ["Observation/o1"], "values": [[25]]}
    assert loads(recorded.evidence) == {f"Logic.{T}": {"reads": [reads]}}
