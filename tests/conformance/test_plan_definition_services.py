"""Rows of the PlanDefinition/$apply checklist about data, prefetch, services and cards."""

from __future__ import annotations

import json

import pytest

from cds.cards import cards_from_request_group, system_actions_from_request_group
from cds.content.artifact import Artifact
from cds.content.library import load_content
from cds.data.data_requirements import DataRequirement, requirement_of_element
from cds.data.prefetch_templates import prefetch_templates
from cds.decisions.evidence import facts_of
from cds.expressions.logic import Compiler
from cds.expressions.outcome import Outcome
from cds.fhir.json import loads
from cds.hooks.discovery import CDSService
from cds.hooks.response import CDSResponse
from cds.reasoning.apply import apply_plan_definition
from cds.reasoning.call import Call
from cds.reasoning.module_definition import module_definition
from cds.reasoning.recording import record
from cds.reasoning.results import care_plan
from cds.terminology.value_sets import ValueSets
from cds.tester.runner import run_cases
from tests.conformance.plan_definition_calls import about, applied, cards, doing, guideline, only
from tests.unit.expressions import small_elm
from tests.unit.expressions.test_logic import NOW as LATER
from tests.unit.expressions.test_logic import content
from tests.unit.reasoning.fake_session import (
    BASE,
    PATIENT,
    activity,
    failure,
    plan,
    when,
)

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
    assert "another service" in guideline(plan(extension=[endpoint])).withheld
    assert "not about patients" in guideline(plan(**about("Practitioner"))).withheld
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


SYSTEM_ACTION = {"url": f"{BASE}/StructureDefinition/system-action", "valueBoolean": True}


@pytest.mark.pd("PD-231")
@pytest.mark.ch("CH-085", "CH-130")
def test_a_marked_action_is_a_system_action_for_a_client_that_agreed_and_a_card_for_any_other():
    action = doing(extension=[SYSTEM_ACTION])
    result = applied(action, resources=(activity("ServiceRequest"),))
    assert [card.suggestions[0].actions[0].type for card in cards(result, plan(action))] == ["create"]
    agreed = cards_from_request_group(
        result, guideline=guideline(plan(action)), new_id=lambda: "u", system_actions_agreed=True
    )
    done = system_actions_from_request_group(result, new_id=lambda: "u")
    wire = CDSResponse(cards=agreed, system_actions=done).to_wire()
    assert wire["cards"] == []
    assert [one["type"] for one in wire["systemActions"]] == ["create"]
    assert wire["systemActions"][0]["description"]


@pytest.mark.pd("PD-235")
def test_a_card_leads_to_plan_version_action_conditions_and_facts():
    result = applied({"id": "a", "title": "A", "condition": when("Yes")})
    assert result.trace.plan == f"{BASE}/PlanDefinition/demo|1"
    recorded = record(result.trace, {"Observation/o1": "prefetch:egfr"}, values=True)
    (action,) = loads(recorded.actions)
    assert action["action"] == "a"
    assert action["conditions"][0]["outcome"] == "true"
    facts = facts_of(action, loads(recorded.evidence))
    assert [(fact["definition"], fact["value"], fact["origin"]) for fact in facts] == [("Yes", 25, "prefetch:egfr")]


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
