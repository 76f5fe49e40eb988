"""Rows of the PlanDefinition/$apply checklist that no other test is about: one test for each thing they ask."""

from __future__ import annotations

import itertools
import json
import time

import pytest

from cds.cards import cards_from_request_group
from cds.content.artifact import Artifact
from cds.content.dependencies import Dependencies
from cds.content.elm import UnreadableLogic, compiled_library
from cds.content.guideline import Guideline, guideline_id, in_force
from cds.content.library import load_content
from cds.content.validation import validate
from cds.data.data_requirements import DataRequirement, requirement_of_element
from cds.data.prefetch_templates import prefetch_templates
from cds.engine import Engine, UnsupportedError
from cds.expressions.evaluators import Evaluators
from cds.expressions.logic import Compiler
from cds.expressions.outcome import Outcome
from cds.hooks.discovery import CDSService
from cds.hooks.response import CDSResponse
from cds.reasoning.apply import apply_plan_definition
from cds.reasoning.call import Call
from cds.reasoning.goals import make_goals
from cds.reasoning.merge import merge_nested_plans
from cds.reasoning.module_definition import module_definition
from cds.reasoning.results import bundle, care_plan
from cds.reasoning.workshop import Workshop
from cds.terminology.value_sets import ValueSets
from cds.tester.runner import run_cases
from tests.unit.expressions import small_elm
from tests.unit.expressions.test_logic import NOW as LATER
from tests.unit.expressions.test_logic import content
from tests.unit.reasoning.fake_session import (
    BASE,
    NOW,
    PATIENT,
    FakePath,
    FakeSession,
    FakeShelf,
    activity,
    apply_plan,
    definition,
    failure,
    identifier,
    plan,
    when,
)
from tests.unit.reasoning.test_apply_more import evaluators as fake_evaluators

WARD = {"resourceType": "Location", "id": "w7", "name": "Ward 7"}
PUMP = {"resourceType": "Device", "id": "d1"}


def about(kind: str) -> dict:
    return {"subjectCodeableConcept": {"coding": [{"code": kind}]}}


def doing(**others) -> dict:
    return {"id": "a", "title": "A", "definitionCanonical": definition()} | others


def applied(*actions: dict, resources: tuple = (), values: dict | None = None, others: dict | None = None, **call):
    return apply_plan(FakeSession(values or {}), plan(*actions, **(others or {})), *resources, **call)


def only(result) -> dict:
    (made,) = result.made.values()
    return made.resource


def guideline(made: dict, *more: dict) -> Guideline:
    artifacts = tuple(Artifact(one, "f", "r") for one in (made, *more))
    return Guideline(guideline_id(artifacts[0]), artifacts[0], Dependencies(artifacts, ()), "rev")


def cards(result, made: dict):
    counter = itertools.count()
    return cards_from_request_group(result, guideline=guideline(made), new_id=lambda: f"u{next(counter)}")


def messages(result) -> list[str]:
    return [issue.message for issue in result.trace.issues if issue.severity == "error"]


# The plan and its subjects


@pytest.mark.pd("PD-021", "PD-022", "PD-243", "PD-245")
@pytest.mark.parametrize(
    "others",
    [
        {"type": {"coding": [{"code": code}]}}
        for code in ("order-set", "clinical-protocol", "eca-rule", "workflow-definition", "own")
    ]
    + [{"useContext": [{"code": {"code": "venue"}, "valueCodeableConcept": {"text": "elsewhere"}}]}],
)
def test_type_and_use_context_of_a_plan_change_nothing(others):
    assert applied(doing(), resources=(activity("Task"),), others=others).request_group["action"]


@pytest.mark.pd("PD-020")
@pytest.mark.parametrize(
    ("period", "now_in_force"),
    [
        ({"start": "2026-03-02"}, True),
        ({"start": "2026-03-03"}, False),
        ({"end": "2026-03-02"}, True),
        ({"end": "2026-03-01"}, False),
        ({"start": "2026", "end": "2026"}, True),
        ({}, True),
    ],
)
def test_a_plan_is_in_force_during_its_effective_period_both_ends_included(period, now_in_force):
    assert in_force({"effectivePeriod": period}, NOW) is now_in_force


@pytest.mark.pd("PD-028")
def test_a_relative_reference_is_accepted():
    result = applied(doing(definitionCanonical="ActivityDefinition/act"), resources=(activity("Task"),))
    assert only(result)["resourceType"] == "Task"


@pytest.mark.pd("PD-031")
def test_without_a_declaration_a_plan_is_about_the_patient_and_another_subject_is_refused():
    assert applied(doing(), resources=(activity("Task"),)).request_group["subject"] == {"reference": "Patient/p1"}
    result = apply_plan_definition_of(plan(doing()), patient=None, others={"Device": PUMP})
    assert messages(result) == ["the action is about a Patient, but the call is about a Device"]
    assert result.trace.actions[0].outcome is Outcome.ERROR


def apply_plan_definition_of(made: dict, *resources: dict, **call):
    session = FakeSession({})
    shelf = FakeShelf(session.values, made, *resources)
    evaluators = Evaluators(session, shelf=shelf, compile_path=FakePath, to_json=lambda value: value, now=NOW)
    artifact = next(one for one in shelf.artifacts if one.resource is made)
    return apply_plan_definition(artifact, evaluators, Call(now=NOW, **call))


@pytest.mark.pd("PD-033", "PD-036")
def test_an_activity_may_be_about_another_subject_than_its_plan():
    act = activity("ServiceRequest", code={"text": "clean"}, **about("Location"))
    result = applied(doing(), resources=(act,), others=None)
    assert "cannot be about" in messages(result)[0]
    result = apply_plan_definition_of(plan(doing()), act, patient=PATIENT, others={"Location": WARD})
    assert only(result)["subject"] == {"reference": "Location/w7"}
    assert result.request_group["subject"] == {"reference": "Patient/p1"}


@pytest.mark.pd("PD-034")
def test_a_request_group_about_a_device_has_no_subject_and_is_valid():
    made = plan(doing(), **about("Device"))
    result = apply_plan_definition_of(
        made, activity("DeviceRequest", code={"text": "x"}), patient=None, others={"Device": PUMP}
    )
    assert "subject" not in result.request_group
    assert only(result)["subject"] == {"reference": "Device/d1"}
    assert [*validate(Artifact(bundle(result), "", ""))] == []
    both = apply_plan_definition_of(made, patient=PATIENT, others={"Device": PUMP})
    assert care_plan(both, Artifact(made, "", ""))["subject"] == {"reference": "Patient/p1"}


@pytest.mark.pd("PD-033")
@pytest.mark.parametrize("kind", ["MedicationRequest", "NutritionOrder", "CommunicationRequest"])
def test_a_request_that_cannot_be_about_a_place_is_refused(kind):
    act = activity(kind, productCodeableConcept={"text": "x"}, **about("Location"))
    result = apply_plan_definition_of(plan(doing()), act, patient=PATIENT, others={"Location": WARD})
    assert result.made == {}
    assert f"a {kind} cannot be about a Location" in messages(result)[0]


@pytest.mark.pd("PD-035")
def test_a_cql_context_other_than_the_patient_is_refused_when_the_library_is_loaded():
    library = small_elm.library(small_elm.boolean("Yes", True))
    held = compiled_library(Artifact(library, "f", "r"))
    document = json.loads(json.dumps(held.document))
    document["library"]["statements"]["def"][0]["context"] = "Practitioner"
    with pytest.raises(UnsupportedError, match="context Practitioner"):
        Engine([document])


# Expressions


@pytest.mark.pd("PD-029")
def test_unknown_extensions_are_carried_and_unknown_modifiers_stop_the_action():
    extension = [{"url": "urn:unknown", "valueString": "x"}]
    assert (
        applied({"id": "a", "title": "A", "extension": extension}).request_group["action"][0]["extension"] == extension
    )
    result = applied({"id": "a", "title": "A", "modifierExtension": extension}, {"id": "b", "title": "B"})
    assert [one["id"] for one in result.request_group["action"]] == ["b"]


@pytest.mark.pd("PD-047")
def test_the_expression_decides_and_its_description_is_in_the_trace():
    condition = {"kind": "applicability", "expression": identifier("Yes") | {"description": "never"}}
    (trace,) = applied({"id": "a", "title": "A", "condition": [condition]}).trace.actions
    assert trace.outcome is Outcome.TRUE
    assert trace.conditions[0].description == "never"


@pytest.mark.pd("PD-055")
def test_compiled_json_is_read_and_cql_or_elm_xml_alone_is_not_compiled_logic():
    both = small_elm.library(small_elm.boolean("Yes", True), cql="define X: 1")
    assert compiled_library(Artifact(both, "f", "r")).definitions == {"Yes"}
    for kind in ("text/cql", "application/elm+xml"):
        alone = both | {"content": [{"contentType": kind, "data": "ZGVmaW5l"}]}
        assert compiled_library(Artifact(alone, "f", "r")) is None
    with pytest.raises(UnreadableLogic):
        compiled_library(
            Artifact(both | {"content": [{"contentType": "application/elm+json", "data": "e30="}]}, "", "")
        )


@pytest.mark.pd("PD-054", "PD-055")
def test_a_plan_whose_expressions_all_have_alternatives_loads_without_compiled_logic(tmp_path):
    alternative = {
        "url": "http://hl7.org/fhir/StructureDefinition/cqf-alternativeExpression",
        "valueExpression": {"language": "text/fhirpath", "expression": "Patient.gender = 'female'"},
    }
    when_female = {"kind": "applicability", "expression": identifier("Is Female") | {"extension": [alternative]}}
    library = small_elm.library() | {"content": [{"contentType": "text/cql", "data": "ZGVmaW5l"}]}
    action = small_elm.action("a", "x", condition=[when_female])
    loaded = content(tmp_path, library, small_elm.plan(action))
    logic = Compiler(loaded).compile_guidelines()["demo"]
    result = apply_plan_definition(
        loaded.guidelines[0].artifact,
        logic.evaluators([PATIENT], parameters={}, now=LATER),
        Call(patient=PATIENT, now=LATER),
    )
    assert result.trace.actions[0].outcome is Outcome.TRUE
    assert "alternative" in result.trace.actions[0].conditions[0].note


@pytest.mark.pd("PD-049")
@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("name.given.join(' ') = 'Ada Maria'", Outcome.TRUE),
        ("name.given.first().startsWith('A') and name.count() = 1", Outcome.TRUE),
        ("birthDate < today()", Outcome.TRUE),
        ("name.where(use = 'nickname').exists()", Outcome.FALSE),
        ("deceased", Outcome.UNKNOWN),
        ("name.given", Outcome.ERROR),
    ],
)
def test_fhirpath_is_run_as_fhirpath(tmp_path, text, outcome):
    patient = PATIENT | {"name": [{"given": ["Ada", "Maria"]}], "birthDate": "1980-01-01"}
    loaded = content(
        tmp_path, small_elm.library(), small_elm.plan(small_elm.action("a", text, language="text/fhirpath"))
    )
    logic = Compiler(loaded).compile_guidelines()["demo"]
    evaluators = logic.evaluators([patient], parameters={}, now=LATER)
    result = apply_plan_definition(loaded.guidelines[0].artifact, evaluators, Call(patient=patient, now=LATER))
    assert result.trace.actions[0].outcome is outcome


@pytest.mark.pd("PD-060")
def test_a_definition_is_computed_once_in_a_call(tmp_path):
    actions = [small_elm.action(name, "Yes") for name in ("a", "b", "c")]
    loaded = content(tmp_path, small_elm.library(small_elm.exists("Yes", "Observation")), small_elm.plan(*actions))
    evaluators = Compiler(loaded).compile_guidelines()["demo"].evaluators([PATIENT], parameters={}, now=LATER)
    first, second = (evaluators._session.evaluate("Logic", "Yes") for _ in range(2))
    assert first is second
    assert evaluators._session.evidence("Logic", "Yes") is not None


@pytest.mark.pd("PD-061")
def test_an_expression_that_does_not_end_ends_with_an_issue(tmp_path):
    text = "(1 | 2).repeat($this + 1).exists()"
    loaded = content(
        tmp_path, small_elm.library(), small_elm.plan(small_elm.action("a", text, language="text/fhirpath"))
    )
    logic = Compiler(loaded).compile_guidelines()["demo"]
    evaluators = logic.evaluators([PATIENT], parameters={}, now=LATER, deadline=time.monotonic() + 1)
    began = time.monotonic()
    result = apply_plan_definition(loaded.guidelines[0].artifact, evaluators, Call(patient=PATIENT, now=LATER))
    assert time.monotonic() - began < 20
    assert result.trace.actions[0].outcome is Outcome.ERROR
    assert "list" not in messages(result)[0]


@pytest.mark.pd("PD-180")
def test_dynamic_values_see_the_subject_and_the_resource_that_holds_them(tmp_path):
    act = activity("ServiceRequest", url=f"{small_elm.BASE}/ActivityDefinition/act")
    act["dynamicValue"] = [
        path_value("code.text", "%context.kind"),
        path_value("patientInstruction", "%subject.gender"),
    ]
    action = small_elm.action("a", "Yes", definitionCanonical=act["url"])
    action["dynamicValue"] = [path_value("action.title", "%context.version")]
    loaded = content(tmp_path, small_elm.library(small_elm.boolean("Yes", True)), act, small_elm.plan(action))
    evaluators = Compiler(loaded).compile_guidelines()["demo"].evaluators([PATIENT], parameters={}, now=LATER)
    result = apply_plan_definition(loaded.guidelines[0].artifact, evaluators, Call(patient=PATIENT, now=LATER))
    assert only(result)["code"] == {"text": "ServiceRequest"}
    assert only(result)["patientInstruction"] == "female"
    assert result.request_group["action"][0]["title"] == "1"


def path_value(path: str, text: str) -> dict:
    return {"path": path, "expression": {"language": "text/fhirpath", "expression": text}}


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


# Data, prefetch, services


@pytest.mark.pd("PD-186")
def test_requirements_that_differ_in_must_support_alone_are_one(tmp_path):
    inputs = [
        {"type": "Encounter", "mustSupport": ["status"]},
        {"type": "Encounter", "mustSupport": ["class", "status"]},
    ]
    loaded = content(
        tmp_path,
        small_elm.library(small_elm.boolean("Yes", True)),
        small_elm.plan(small_elm.action("a", "Yes", input=inputs)),
    )
    library = module_definition(Compiler(loaded).compile_guidelines()["demo"], loaded.guidelines[0])
    assert library["dataRequirement"] == [
        {"type": "Patient"},
        {"type": "Encounter", "mustSupport": ["status", "class"]},
    ]


@pytest.mark.pd("PD-184")
def test_what_a_library_and_a_trigger_declare_is_required_too(tmp_path):
    declared = {"dataRequirement": [{"type": "Goal"}]}
    action = small_elm.action("a", "Yes")
    action["trigger"].append({"type": "data-added", "data": [{"type": "Procedure"}]})
    loaded = content(tmp_path, small_elm.library(small_elm.boolean("Yes", True)) | declared, small_elm.plan(action))
    library = module_definition(Compiler(loaded).compile_guidelines()["demo"], loaded.guidelines[0])
    assert [one["type"] for one in library["dataRequirement"]] == ["Patient", "Goal", "Procedure"]


CODES = frozenset({("urn:x", f"c{number}") for number in range(3)})


@pytest.mark.pd("PD-188", "PD-189", "PD-191", "PD-192", "PD-193", "PD-195")
def test_prefetch_asks_for_observations_by_code_for_other_types_whole_and_for_the_patient_by_id():
    asked = (
        DataRequirement(type="Observation", code_path="code", codes=CODES, name="hba1c"),
        DataRequirement(type="Condition", code_path="category", codes=CODES, name="category"),
        DataRequirement(type="Practitioner"),
    )
    templates = prefetch_templates(asked)
    assert templates["patient"] == "Patient/{{context.patientId}}"
    assert templates["hba1c"] == "Observation?patient={{context.patientId}}&code=urn:x|c0,urn:x|c1,urn:x|c2"
    assert templates["conditions"] == "Condition?patient={{context.patientId}}"
    assert templates.keys() == {"patient", "hba1c", "conditions"}
    more = prefetch_templates((*asked, DataRequirement(type="Procedure")))
    assert {key: more[key] for key in templates} == templates


@pytest.mark.pd("PD-187", "PD-190", "PD-197", "PD-198")
def test_a_date_a_profile_and_further_filters_widen_what_is_asked_and_never_narrow_it():
    element = {
        "type": "Observation",
        "profile": ["urn:profile"],
        "codeFilter": [{"path": "code", "code": [{"system": "urn:x", "code": "a"}]}, {"path": "status"}],
        "dateFilter": [{"path": "effective", "valueDuration": {"value": 90, "unit": "d"}}],
    }
    narrow = {"type": "Observation", "codeFilter": element["codeFilter"][:1]}
    assert requirement_of_element(element, ValueSets([])) == requirement_of_element(narrow, ValueSets([]))


@pytest.mark.pd("PD-203")
@pytest.mark.parametrize(
    ("name", "offered"),
    [("patient-view", True), ("org.example.tumour-board", True), ("ANC.B5 Quick check", False), ("Admission", False)],
)
def test_only_hooks_are_published(name, offered):
    made = plan({"id": "a", "title": "A", "trigger": [{"type": "named-event", "name": name}]})
    assert guideline(made).hooks == ((name,) if offered else ())


@pytest.mark.pd("PD-207", "PD-208")
@pytest.mark.parametrize(
    ("others", "described"),
    [
        ({"description": "D", "purpose": "P", "title": "T"}, "D"),
        ({"purpose": "P", "title": "T"}, "P"),
        ({"title": "T", "name": "N"}, "T"),
        ({"name": "N"}, "N"),
        ({}, "demo"),
    ],
)
def test_a_service_is_always_described_and_named_by_the_plan(others, described):
    held = guideline({name: value for name, value in plan(**others).items() if name != "id"})
    assert (held.id, held.description) == ("demo", described)
    CDSService(id=f"{held.id}-patient-view", hook="patient-view", title=held.title, description=held.description)


@pytest.mark.pd("PD-031", "PD-209")
def test_a_plan_of_another_service_or_about_no_patient_is_not_published():
    endpoint = {"url": "http://hl7.org/fhir/StructureDefinition/cqf-cdsHooksEndpoint", "valueUri": "https://x.example"}
    assert guideline(plan()).published
    assert not guideline(plan(extension=[endpoint])).published
    assert not guideline(plan(**about("Practitioner"))).published
    assert guideline(plan(**about("Patient"))).published


@pytest.mark.pd("PD-051", "PD-213")
def test_draft_orders_are_seen_by_their_name_and_are_not_among_the_facts(tmp_path):
    draft = {"resourceType": "MedicationRequest", "id": "d", "status": "draft"}
    text = "%draftOrders.status = 'draft' and %data.entry.resource.ofType(MedicationRequest).empty()"
    action = small_elm.action("a", text, language="text/fhirpath")
    loaded = content(tmp_path, small_elm.library(), small_elm.plan(action))
    evaluators = Compiler(loaded).compile_guidelines()["demo"].evaluators([PATIENT], parameters={}, now=LATER)
    call = Call(patient=PATIENT, now=LATER, variables={"draftOrders": [draft]})
    result = apply_plan_definition(loaded.guidelines[0].artifact, evaluators, call)
    assert result.trace.actions[0].outcome is Outcome.TRUE


@pytest.mark.pd("PD-104", "PD-218")
def test_the_reason_of_an_action_stands_on_the_card_and_in_the_request():
    action = doing(reason=[{"text": "renal failure"}], description="Less is enough.")
    result = applied(action, resources=(activity("ServiceRequest"),))
    assert only(result)["reasonCode"] == [{"text": "renal failure"}]
    (card,) = cards(result, plan(action))
    assert card.detail.startswith("Less is enough.")
    assert "Reason: renal failure" in card.detail


@pytest.mark.pd("PD-224", "PD-225")
@pytest.mark.parametrize(
    ("texts", "label"),
    [
        ({"title": "T", "prefix": "P", "description": "D"}, "T"),
        ({"prefix": "P", "description": "D"}, "P"),
        ({"description": "D"}, "D"),
        ({}, "x"),
    ],
)
def test_a_text_only_child_is_a_suggestion_without_actions_with_the_first_text_it_has(texts, label):
    action = {"id": "a", "title": "A", "action": [{"id": "x", **texts}]}
    (card,) = cards(applied(action), plan(action))
    (suggestion,) = card.suggestions
    assert (suggestion.label, suggestion.actions) == (label, None)


@pytest.mark.pd("PD-231")
def test_no_action_is_done_without_the_user():
    action = doing(requiredBehavior="must")
    result = applied(action, resources=(activity("ServiceRequest"),))
    wire = CDSResponse(cards=cards(result, plan(action))).to_wire()
    assert wire.keys() == {"cards"}
    assert wire["cards"][0]["suggestions"][0]["actions"][0]["type"] == "create"


@pytest.mark.pd("PD-235")
def test_a_card_leads_to_plan_version_action_conditions_and_facts():
    result = applied({"id": "a", "title": "A", "condition": when("Yes")})
    assert result.trace.plan == f"{BASE}/PlanDefinition/demo|1"
    (action,) = result.trace.to_json({"Observation/o1": "prefetch:egfr"})
    assert action["action"] == "a"
    assert action["conditions"][0]["outcome"] == "true"
    assert action["evidence"][0]["origin"] == "prefetch:egfr"


@pytest.mark.pd("PD-237")
def test_every_severity_says_what_it_means():
    actions = [
        {"id": "no", "title": "No", "condition": when("No")},
        {"id": "broken", "title": "Broken", "condition": when("Broken")},
    ]
    result = applied(*actions, values={"Broken": failure()}, others={"status": "draft"})
    found = {issue.severity: issue.path for issue in result.trace.issues}
    assert found == {
        "warning": "PlanDefinition.status",
        "information": "PlanDefinition.action[0].condition[0]",
        "error": "PlanDefinition.action[1].condition[0]",
    }


@pytest.mark.pd("PD-253")
@pytest.mark.parametrize(
    "layout", ["input/resources/plandefinition", "fsh-generated/resources", "bundles", "PlanDefinition"]
)
def test_every_layout_of_an_implementation_guide_is_read(tmp_path, layout):
    folder = tmp_path / layout
    folder.mkdir(parents=True)
    made = plan({"id": "a", "title": "A", "trigger": [{"type": "named-event", "name": "patient-view"}]})
    del made["library"]
    document = (
        {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": made}]}
        if layout == "bundles"
        else made
    )
    (folder / "PlanDefinition-demo.json").write_text(json.dumps(document))
    assert [service.id for service in load_content([tmp_path]).services] == ["demo-patient-view"]


@pytest.mark.pd("PD-071", "PD-109")
def test_the_activitys_profile_is_claimed_and_no_narrative_written():
    act = activity("ServiceRequest", profile="urn:profile", code={"text": "x"})
    result = applied(doing(), resources=(act,))
    assert only(result)["meta"] == {"profile": ["urn:profile"]}
    assert "text" not in only(result)
    assert "text" not in care_plan(result, Artifact(plan(), "", ""))


@pytest.mark.pd("PD-258")
@pytest.mark.parametrize(("expected", "passed"), [("a", True), ("b", False)])
def test_cases_beside_the_plan_are_run(tmp_path, expected, passed):
    code = [{"coding": [{"system": f"{small_elm.BASE}/CodeSystem/recommendation", "code": "a"}]}]
    action = small_elm.action("a", "Yes", code=code)
    folder = tmp_path / "demo"
    content(folder, small_elm.library(small_elm.boolean("Yes", True)), small_elm.plan(action))
    case = {"name": "it fires", "hook": "patient-view", "now": "2026-03-02T10:00:00+01:00", "resources": [PATIENT]}
    (folder / "tests").mkdir()
    document = {"recommendation": "a", "cases": [case | {"expect": {"fires": [expected]}}]}
    (folder / "tests" / "a.json").write_text(json.dumps(document))
    (result,) = run_cases([tmp_path]).results
    assert result.passed is passed, (result.error, result.differences)
